"""Stage ``mutual``: a translator and a tester teach each other on real functions that nobody has translated.

Theory of operation. Both start from the fine-tuned model. In a round the translator translates functions without a known translation, and
the tester writes tests for them. Everything is run: accepted translations are new pairs for the translator, tests that
kill a mutant are new targets for the tester, and each trains on its harvest mixed with pairs that were proved before, so that it doesn't
forget. The verifier is an argument; the default runs both sides in the sandbox.

Writes ``translator/``, ``tester/``, ``pairs-*.parquet`` and ``rounds.jsonl``. A round in which nothing is accepted teaches nothing, and says so.
Not covered: translating back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import Generator, ModelFacts, load, read_facts, require_torch
from hpcraft.records import Function, Pair, Verifier
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import write_jsonl
from hpcraft.tokenizer.corpus import share_of
from hpcraft.tokenizer.prompt import DIRECTIONS
from hpcraft.train.export import model_folder
from hpcraft.train.finetune import FinetuneConfig, batches_of
from hpcraft.train.folder import save_model
from hpcraft.train.loop import fit, forget
from hpcraft.train.rounds import Harvest, Round, answers, findings, harvest
from hpcraft.train.tasks import TESTS, Example, examples, own_maker
from hpcraft.train.watch import Budget


@dataclass(frozen=True, kw_only=True, slots=True)
class MutualConfig:
    """How long the two teach each other."""

    rounds: int = option(1, help="rounds")
    max_functions: int = option(64, help="functions in a round, at most")
    targets: tuple[str, ...] = option(("openmp",), help="target models; CUDA can only be compiled where there is no device")
    samples: int = option(1, help="translations of each function; more than one are drawn at the temperature")
    temperature: float = option(0.6, help="of the draws when there is more than one sample")
    max_new_tokens: int = option(320, help="longest answer")
    train_steps: int = option(60, help="most steps of training for each of the two in a round")
    train_seconds: float = option(15.0, help="most seconds of training for each of the two in a round")
    learning_rate: float = option(2e-4, help="highest learning rate")
    replay: int = option(3, help="proved examples beside each new one")

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("rounds", "max_functions", "samples", "train_steps", "train_seconds", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is not above zero")
        for target in self.targets:
            if target not in DIRECTIONS:
                raise ConfigError(f"targets: {target!r} is not one of {', '.join(DIRECTIONS)}")


@dataclass(slots=True)
class _Learner:
    """One of the two, and what it learnt before."""

    name: str
    generator: Generator
    proved: list[Example]


def run(config: MutualConfig, work: Work, verifier: Verifier | None = None) -> Report:
    """Run the rounds."""
    require_torch()
    if verifier is None:
        from hpcraft.data.verify import verify

        verifier = verify
    folder = model_folder(work.inputs["model"])
    functions = _functions(config, work)
    proved = [p for p in read_rows(work.inputs["pairs"], "pairs", Pair) if p.split == "train"]
    old = examples(proved)
    translator = _Learner("translator", load(folder), [e for e in old if e.task in config.targets])
    tester = _Learner("tester", load(folder), [e for e in old if e.task == TESTS])
    rounds: list[Round] = []
    pairs: dict[str, Pair] = {}
    for number in range(config.rounds):
        got = _play(config, work, number, functions, (translator, tester), verifier)
        known = {(p.source, p.target_model) for p in pairs.values()}
        fresh = [p for p in got.pairs if (p.source, p.target_model) not in known]
        pairs |= {p.pair_id: p for p in fresh}
        translator_loss = _teach(config, work, number, translator, examples(got.pairs, {TESTS: 0}))
        tester_loss = _teach(config, work, number, tester, got.tests)
        rounds.append(Round(number=number, reasons=got.reasons, translator_loss=translator_loss, tester_loss=tester_loss, **got.counts))
    return _finish(work, (translator, tester), rounds, list(pairs.values()))


def _functions(config: MutualConfig, work: Work) -> list[Function]:
    found = [f for f in read_rows(work.inputs["pairs"], "monolingual", Function) if f.split == "train"]
    if not found:
        raise InputError(f"{work.inputs['pairs']}: no function without a translation in the train split; mine more, or leave mutual out")
    return sorted(found, key=lambda f: (share_of(f.function_id, work.seed), f.function_id))[: config.max_functions]


def _play(
    config: MutualConfig, work: Work, number: int, functions: Sequence[Function], players: tuple[_Learner, _Learner], verifier: Verifier
) -> Harvest:
    """Both answer, everything is run."""
    translator, tester = players
    candidates, own = answers(
        translator.generator,
        tester.generator,
        functions,
        config.targets,
        max_new_tokens=config.max_new_tokens,
        samples=config.samples,
        temperature=config.temperature,
        seed=work.seed + number,
    )
    found = findings(candidates, verifier, work.out / f".findings-{number}.json")
    return harvest(functions, candidates, found, own)


def _teach(config: MutualConfig, work: Work, number: int, learner: _Learner, new: list[Example]) -> float | None:
    """Train one of the two on its harvest and on what it knew; the loss, or None when there was no harvest."""
    if not new:
        return None
    rng = Random(f"{work.seed}/{number}/{learner.name}")
    replay = rng.sample(learner.proved, min(len(learner.proved), config.replay * len(new)))
    settings = FinetuneConfig(learning_rate=config.learning_rate, max_steps=config.train_steps, max_seconds=config.train_seconds)
    generator = learner.generator
    longest = min(settings.max_length, generator.facts.context)
    fitted = fit(
        generator.model,
        lambda epoch: batches_of([*new, *replay], own_maker(generator.tokenizer, longest), settings, work.seed + number, epoch, longest),
        Budget(max_steps=config.train_steps, max_seconds=config.train_seconds, learning_rate=config.learning_rate, warmup_steps=5),
        work.out / "training" / f"{learner.name}-{number}",
        seed=work.seed,
        label=f"mutual: {learner.name}",
    )
    learner.proved = [*learner.proved, *new]
    return fitted.train_loss


def _finish(work: Work, players: tuple[_Learner, _Learner], rounds: list[Round], pairs: list[Pair]) -> Report:
    folder = model_folder(work.inputs["model"])
    for learner in players:
        facts = read_facts(folder)
        tasks = (TESTS,) if learner.name == "tester" else tuple(t for t in facts.tasks if t != TESTS)
        save_model(learner.generator.model, folder, work.out / learner.name, ModelFacts(tasks=tasks, context=facts.context))
    for trained in (work.out / "training").glob("*"):
        forget(trained)
    with ShardWriter(work.out, "pairs", Pair) as shards:
        for pair in pairs:
            shards.write(pair)
    write_jsonl(work.out / "rounds.jsonl", rounds)
    empty = [r.number for r in rounds if not r.accepted]
    reasons: dict[str, int] = {}
    for one in rounds:
        for reason, count in one.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    return Report(
        rows={"rounds": len(rounds), "candidates": sum(r.candidates for r in rounds), "pairs": len(pairs)},
        rejections=reasons,
        metrics={
            "accepted": sum(r.accepted for r in rounds),
            "tests_written": sum(r.tests_written for r in rounds),
            "tests_valid": sum(r.tests_valid for r in rounds),
            "tests_killing": sum(r.tests_killing for r in rounds),
        },
        notes=[f"mutual: no translation was accepted in round {number}; the translator learnt nothing from it" for number in empty],
    )


STAGE = Stage(
    name="mutual",
    summary="let a translator and a tester teach each other",
    example="hpcraft mutual --model runs/quickstart/finetune --pairs runs/quickstart/pairs -o mutual",
    config=MutualConfig,
    inputs={
        "model": Input(stage="finetune", help="folder that `hpcraft finetune` made"),
        "pairs": Input(stage="pairs", help="folder that `hpcraft pairs` made, with functions that have no translation"),
    },
    run=lambda config, work: run(config, work),
)
COMMAND = STAGE.command
