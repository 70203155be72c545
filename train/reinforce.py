"""Stage ``reinforce``: a fine-tuned translator answers functions many times over, and what the verifier thinks of the answers is its reward.

Asked are the sources of proved pairs of the train split and functions without a translation, whose tests must tell faulty versions of them; what is known of
the validation split is only measured, before the first step and after the last, as ``mutual`` measures it. The training is trl's (`hpcraft.train.grpo`), the reward
that of `hpcraft.train.reward`; the verifier is an argument, and so is what looks at code before it is run.

While it runs, hidden files in the work folder hold what was measured, what was judged, and checkpoints: a run that was killed goes on from the newest one, and judges nothing twice.

Writes ``model/``, ``steps.jsonl`` (reward, answers accepted, refusals by reason, loss, entropy), ``answers.jsonl`` (each answer with its reward) and ``rounds.jsonl`` (the
measurements, as ``mutual`` writes them). Not covered: models that aren't hpcraft's own, several devices, rewards for tests or for speed.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.data.honest import Honesty
from hpcraft.errors import ConfigError, InputError, MachineError
from hpcraft.inference import MODEL_FILE, Generator, load, require_torch
from hpcraft.records import Function, Pair
from hpcraft.shards import read_rows
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import read_json, write_json, write_jsonl
from hpcraft.tokenizer.corpus import share_of
from hpcraft.tokenizer.prompt import DIRECTIONS, build_translation
from hpcraft.tokenizer.requests import teachable
from hpcraft.train.decisions import SOURCE_ONLY
from hpcraft.train.export import base_folder
from hpcraft.train.folder import save_model
from hpcraft.train.judges import Judges, Machine, machine, tools_here
from hpcraft.train.loop import SCRATCH
from hpcraft.train.measure import Exam, Sampling, examine_translator, set_exam
from hpcraft.train.reward import Question, Rewarder
from hpcraft.train.rounds import Numbers, Round, verified, why_useless
from hpcraft.train.tasks import as_answered
from hpcraft.train.ways import ways
from hpcraft.verification import Candidate, LikenessMeasure, Verifier

if TYPE_CHECKING:
    from hpcraft.train.grpo import Reinforced

_BEFORE, _AFTER, _JUDGED, _SOURCES, _EXAM = ".before.json", ".after.json", ".judged.jsonl", ".sources.json", ".exam.json"
_SHOWN_STEPS = 10
"""Of which the mean reward is told, at either end, or half of them where there are fewer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReinforceConfig:
    """How long, how hard, and on what."""

    targets: tuple[str, ...] = option(("openmp",), help="target models; CUDA is run by the emulation where there is a compiler for it")
    max_functions: int = option(256, help="functions and targets that are asked, at most")
    samples: int = option(8, help="answers to each function in a step, which are compared with each other")
    functions_per_step: int = option(4, help="functions that a step asks")
    temperature: float = option(1.0, help="of the draws")
    max_new_tokens: int = option(320, help="longest answer; one that is cut off has no reward")
    max_steps: int = option(100, help="most steps")
    max_seconds: float = option(900.0, help="most seconds")
    learning_rate: float = option(5e-5, help="learning rate, the same throughout; for a model of a billion weights 1e-6")
    kl_weight: float = option(
        0.0, help="weight of the divergence from the model that it began as; 0 leaves that out, and the second model with it"
    )
    checkpoint_seconds: float = option(30.0, help="seconds between checkpoints; a killed run goes on from the newest")
    valid_functions: int = option(40, help="validation pairs of each target that are measured before and after; 0 measures nothing")

    def __post_init__(self) -> None:
        """Check the values."""
        for name in (
            *("max_functions", "functions_per_step", "temperature", "max_new_tokens", "max_steps", "max_seconds", "learning_rate"),
            *("checkpoint_seconds", "samples"),
        ):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is not above zero")
        if self.samples < 2:
            raise ConfigError("samples: 1 answer has nothing to be compared with; give at least 2")
        for name in ("kl_weight", "valid_functions"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is below zero")
        if not self.targets:
            raise ConfigError(f"targets: none given; give some of {', '.join(DIRECTIONS)}")
        for target in self.targets:
            if target not in DIRECTIONS:
                raise ConfigError(f"targets: {target!r} is not one of {', '.join(DIRECTIONS)}")


def require_trl() -> None:
    """Check that trl is there.

    Raises:
        MachineError: it isn't.
    """
    require_torch()
    missing = [name for name in ("trl", "datasets") if find_spec(name) is None]
    if missing:
        raise MachineError(f"{', '.join(missing)} not installed; run: pip install 'hpcraft[train,rl]'")


def run(
    config: ReinforceConfig,
    work: Work,
    verifier: Verifier | None = None,
    honesty: Honesty | None = None,
    likeness: LikenessMeasure | None = None,
) -> Report:
    """Train, and measure before and after.

    Args:
        config: how long, how hard, and on what.
        work: the stage's.
        verifier: in place of the one that runs both sides in the sandbox.
        honesty: looks at code before it is run; None leaves that to the verifier.
        likeness: how like the proved targets answers are; no such figures without it.
    """
    require_trl()
    from hpcraft.train import grpo

    here = Machine(config.targets, True, []) if verifier else machine(config.targets, "reinforce")
    config = replace(config, targets=here.targets)
    folder = base_folder(work.inputs["model"])
    generator = _load(folder, config.targets)
    pairs = list(teachable(read_rows(work.inputs["pairs"], "pairs", Pair)))
    functions = [f for f in read_rows(work.inputs["pairs"], "monolingual", Function) if f.split == "train"]
    seed = next((seed for seed in (*(p.seed for p in pairs), *(f.seed for f in functions))), 0)
    judges = Judges.seeded(verifier, seed, honesty=honesty, race=here.race)
    questions, rejections = _questions(config, work, generator, pairs, functions, judges)
    exam = set_exam(
        pairs, config.targets, config.valid_functions, judges, num_tested=0, mutants=True, seed=work.seed, cache=work.out / _EXAM
    )
    before = _examined(config, work, exam, generator, likeness, _BEFORE)
    course = grpo.Course(
        **{name: getattr(config, name) for name in grpo.Course.__dataclass_fields__ if name != "seed"},
        seed=work.seed,
    )
    rewarder = Rewarder(judges.loop, work.out / _JUDGED)
    came = grpo.reinforce(generator, folder, questions, rewarder, course, work.out)
    shutil.rmtree(work.out / "model", ignore_errors=True)
    save_model(generator.model, folder, work.out / "model", generator.facts)
    after = _examined(config, work, exam, load(work.out / "model"), likeness, _AFTER)
    return _finish(config, work, exam, came, rejections, before, after, here.notes)


def _load(folder: Path, targets: Sequence[str]) -> Generator:
    """The model, when it can be asked.

    Raises:
        InputError: it isn't hpcraft's own or no decoder, or wasn't taught a target.
    """
    if not (folder / MODEL_FILE).is_file():
        raise InputError(
            f"{folder}: not one of hpcraft's own models, whose answers alone are read here; give the folder of `hpcraft finetune --task translate`"
        )
    generator = load(folder)
    if generator.model.config.is_encoder_decoder:
        raise InputError(f"{folder}: an encoder-decoder, and only decoders are reinforced here; give one of architecture decoder")
    for target in targets:
        if target not in generator.facts.tasks:
            known = ", ".join(generator.facts.tasks) or "no task, it is only pre-trained"
            raise InputError(f"{folder}: the model was not taught {target!r}; it knows {known}; fine-tune it first, or give other targets")
    return generator


# ---------------------------------------------------------------- what is asked


def _questions(
    config: ReinforceConfig, work: Work, generator: Generator, pairs: Sequence[Pair], functions: Sequence[Function], judges: Judges
) -> tuple[list[Question], Counter[str]]:
    """What is asked, in a random order, and why the rest isn't.

    Raises:
        InputError: nothing is left.
    """
    taught = as_answered((p for p in pairs if p.split == "train" and p.target_model in config.targets), generator.facts.cuda_answer)
    asked = {(p.source, p.target_model): _question(p.pair_id, p, p.target_model) for p in taught}
    unfit = {f.function_id: why_useless(f, ways(config.targets, ())) for f in functions}
    rejections = Counter(filter(None, unfit.values()))
    fitting = [f for f in functions if not unfit[f.function_id]]
    for function in sorted(fitting, key=lambda f: (share_of(f.function_id, work.seed), f.function_id))[: config.max_functions]:
        for target in config.targets:
            asked.setdefault((function.source, target), _question(function.function_id, function, target))
    if not asked:
        why = f" ({', '.join(f'{reason} {count}' for reason, count in sorted(rejections.items()))})" if rejections else ""
        raise InputError(
            f"{work.inputs['pairs']}: nothing in the train split can be asked for {', '.join(config.targets)}{why}; make or mine more pairs"
        )
    kept = []
    for question in sorted(asked.values(), key=lambda q: (share_of(f"{q.function_id}/{q.target_model}", work.seed), q.function_id)):
        room = generator.facts.context - config.max_new_tokens
        if len(generator.codec.encode(question.prompt.text)) > room:
            rejections["too long"] += 1
        else:
            kept.append(question)
    proved = {p.pair_id for p in taught}
    useless = _useless([q for q in kept[: config.max_functions] if q.function_id not in proved], judges, work.out / _SOURCES)
    rejections.update(useless.values())
    left = [q for q in kept[: config.max_functions] if q.function_id not in useless]
    if not left:
        raise InputError(
            f"{work.inputs['pairs']}: none of {len(asked)} functions can be asked ({', '.join(sorted(rejections))}); give fewer max_new_tokens, or more pairs"
        )
    return left, rejections


def _question(function_id: str, row: Pair | Function, target: str) -> Question:
    return Question(
        function_id=function_id,
        signature=row.signature,
        source=row.source,
        tests=row.tests,
        target_model=target,
        prompt=build_translation(row.source, target),
    )


def _useless(questions: Sequence[Question], judges: Judges, cache: Path) -> dict[str, str]:
    """Functions whose tests tell nothing, to the reason: no answer to them would ever be accepted. Pairs were proved before."""
    if not cache.exists():
        made = [
            Candidate(
                candidate_id=q.function_id, signature=q.signature, source=q.source, target="", target_model=SOURCE_ONLY, tests=q.tests
            )
            for q in {q.function_id: q for q in questions}.values()
        ]
        write_json(cache, {f.candidate_id: f.reason or "refused" for f in verified(made, judges.loop) if not f.accepted})
    return dict(read_json(cache))


# ---------------------------------------------------------------- what came of it


def _examined(
    config: ReinforceConfig, work: Work, exam: Exam, generator: Generator, likeness: LikenessMeasure | None, name: str
) -> dict[str, Numbers]:
    """What the translator does on validation pairs, or what an interrupted run found of that."""
    cache = work.out / name
    if not cache.exists():
        sampling = Sampling(max_new_tokens=config.max_new_tokens, samples=config.samples, temperature=config.temperature, seed=work.seed)
        write_json(cache, examine_translator(exam, ways(config.targets, ()), generator, sampling, likeness))
    return dict(read_json(cache))


def _finish(
    config: ReinforceConfig,
    work: Work,
    exam: Exam,
    came: Reinforced,
    rejections: Counter[str],
    before: dict[str, Numbers],
    after: dict[str, Numbers],
    notes: Sequence[str],
) -> Report:
    last = Round(
        number=1, functions=came.groups, candidates=came.answers, accepted=came.accepted, reasons=dict(sorted(came.reasons.items()))
    )
    write_jsonl(work.out / "rounds.jsonl", [Round(number=0, translator=before), replace(last, translator=after)])
    shown = min(_SHOWN_STEPS, max(1, came.steps // 2))
    first, end = came.rewards[:shown], came.rewards[-shown:]
    return Report(
        rows={"steps": came.steps, "answers": came.answers},
        rejections=dict(rejections),
        metrics={
            **{name: value for name, value in asdict(came).items() if name in ("accepted", "groups", "equal_groups")},
            "reward": {"first_steps": sum(first) / len(first), "last_steps": sum(end) / len(end)},
            "translator": {"before": before, "after": after},
        },
        notes=[*notes, *_notes(config, exam, came)],
    )


def _notes(config: ReinforceConfig, exam: Exam, came: Reinforced) -> Iterator[str]:
    """What a person should know of the run."""
    if came.by_time:
        yield f"reinforce stopped by its budget of seconds after {came.steps} of {config.max_steps} steps; a quicker machine trains longer"
    if came.equal_groups == came.groups:
        yield (
            f"reinforce: in all {came.groups} groups every answer had the same reward, so nothing was learnt; "
            "give more samples, a higher temperature, or functions that the model solves now and then"
        )
    elif not came.accepted:
        yield (
            f"reinforce: none of {came.answers} answers was accepted, so the model learnt at most to build and to pass some tests; "
            "fine-tune it further first, or give easier functions"
        )
    if config.valid_functions:
        for target in (t for t in config.targets if t not in exam.pairs):
            yield f"reinforce: no proved pair of target {target} in the valid split; nothing was measured on it"


STAGE = Stage(
    name="reinforce",
    summary="train a translator on what the verifier thinks of its answers (GRPO)",
    example="hpcraft reinforce --model runs/quickstart/finetune --pairs runs/quickstart/pairs -o reinforced",
    config=ReinforceConfig,
    inputs={
        "model": Input(
            stage="finetune", help="folder that `hpcraft finetune` made, or a model folder of hpcraft's own, such as a release", model=True
        ),
        "pairs": Input(stage="pairs", help="folder that `hpcraft pairs` made"),
    },
    run=lambda config, work: run(config, work),
    outside=lambda config: tools_here(config.targets),
    pace=frozenset(("checkpoint_seconds",)),
    scratch=(_BEFORE, _AFTER, _JUDGED, _SOURCES, _EXAM, *SCRATCH),
    version=3,
)
"""Without what `hpcraft.reinforce` puts in from ``eval``; the command is there too."""
