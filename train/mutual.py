"""Stage ``mutual``: a translator and a tester teach each other on real functions that nobody has translated.

Theory of operation. Both start from the fine-tuned model. In a round the translator translates functions without a known translation, sequential
ones to the targets and, if it was taught the way back (``cuda2c``, ``omp2c``), CUDA and OpenMP to sequential C; and
the tester writes tests for the sequential ones, part by part; a part is run while the next one is written. Accepted translations are new pairs for the translator,
tests that kill a mutant are new targets for the tester, and each trains on what all rounds gave mixed with pairs that were proved before, so that it
doesn't forget. Before the first round and after each both are measured on validation pairs (`hpcraft.train.measure`). The verifier is an argument;
the default runs both sides in the sandbox.

While it runs, ``.rounds/`` in the work folder holds for each round the answers, the findings and the weights that came of it, and the lines of the rounds
that are over: those aren't played again after a crash, and what was written in an unfinished one isn't written again.

Writes ``translator/``, ``tester/``, ``pairs-*.parquet``, ``decisions-*.parquet``, ``tests-*.parquet`` and ``rounds.jsonl``. A round in which nothing is
accepted teaches nothing, and says so; after one that gave nothing new the loop ends, unless other samples are drawn in the next.

A translator that was taught both ways learns both from each accepted translation: from what it wrote to the real function too.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from threading import Event
from typing import Literal

from hpcraft.data.honest import Honesty
from hpcraft.data.target_models import SERIAL
from hpcraft.errors import ConfigError
from hpcraft.inference import read_facts, require_torch
from hpcraft.records import Function, Pair
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import append_jsonl, drop_torn_tail, read_jsonl, write_jsonl
from hpcraft.tokenizer.prompt import DIRECTIONS
from hpcraft.tokenizer.requests import teachable
from hpcraft.train.decisions import SOURCE_ONLY, Answer, Decision, WrittenTest
from hpcraft.train.export import model_folder
from hpcraft.train.finetune import FinetuneConfig
from hpcraft.train.learners import TESTER, TRANSLATOR, Learner
from hpcraft.train.loop import forget
from hpcraft.train.measure import Exam, Judges, Sampling, examine_tester, examine_translator, set_exam
from hpcraft.train.rounds import Harvest, Known, Round, candidates, findings, harvest, own_tests, translations, usable
from hpcraft.train.tasks import TESTS, as_answered, examples, way_back
from hpcraft.train.ways import Way, ways
from hpcraft.verification import Candidate, Finding, LikenessMeasure, Verifier

_STATE, _OVER = ".rounds", ".rounds.over"
_LINES = "rounds.jsonl"
_PART = 32
"""Functions that are judged while the next ones are answered."""
_PART_SEEDS = 7919
"""From one part's seed to the next's; more than there are rounds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MutualConfig:
    """How long the two teach each other."""

    rounds: int = option(1, help="rounds")
    max_functions: int = option(64, help="functions in a round, at most")
    targets: tuple[str, ...] = option(
        ("openmp",),
        help="target models, and those from which a translator that knows the way translates back to C; CUDA is run by the emulation where there is a "
        "compiler for it",
    )
    tester: Literal["model", "rule", "none"] = option(
        "model",
        help="who writes tests: model (what is trained here, beside the known tests of a function), rule (the tester by rule alone), none (only known ones)",
    )
    mutants: bool = option(True, help="accept only what was tried on faulty versions too; false is for comparison")
    samples: int = option(1, help="translations of each function; more than one are drawn at the temperature")
    temperature: float = option(0.6, help="of the draws when there is more than one sample")
    max_new_tokens: int = option(320, help="longest answer")
    train_steps: int = option(60, help="most steps of training for each of the two in a round")
    train_seconds: float = option(15.0, help="most seconds of training for each of the two in a round")
    learning_rate: float = option(2e-4, help="highest learning rate")
    replay: int = option(3, help="proved examples beside each new one")
    valid_functions: int = option(
        40, help="validation pairs of each target that both are measured on before the first round and after each; 0 measures nothing"
    )

    def __post_init__(self) -> None:
        """Check the values."""
        for name in (
            "rounds",
            "max_functions",
            "samples",
            "temperature",
            "max_new_tokens",
            "train_steps",
            "train_seconds",
            "learning_rate",
        ):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is not above zero")
        for name in ("replay", "valid_functions"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is below zero")
        for target in self.targets:
            if target not in DIRECTIONS:
                raise ConfigError(f"targets: {target!r} is not one of {', '.join(DIRECTIONS)}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loop:
    """What all rounds share."""

    config: MutualConfig
    work: Work
    functions: list[Function]
    ways: list[Way]
    translator: Learner
    tester: Learner | None
    judges: Judges
    exam: Exam
    likeness: LikenessMeasure | None
    known: Known

    @property
    def learners(self) -> list[Learner]:
        """Those of the two that there are."""
        return [self.translator, *([self.tester] if self.tester else [])]

    def state(self, number: int) -> Path:
        """Where a round keeps what it need not do again."""
        return self.work.out / _STATE / str(number)


def run(
    config: MutualConfig,
    work: Work,
    verifier: Verifier | None = None,
    honesty: Honesty | None = None,
    likeness: LikenessMeasure | None = None,
) -> Report:
    """Run the rounds.

    Args:
        config: how long, and what is left out.
        work: the stage's.
        verifier: in place of the one that runs both sides in the sandbox.
        honesty: looks at code before it is run; None leaves that to the verifier.
        likeness: how like the proved targets answers are; no such figures without it.
    """
    require_torch()
    shutil.rmtree(work.out / _OVER, ignore_errors=True)
    lines = work.out / _STATE / _LINES
    drop_torn_tail(lines)
    rounds = list(read_jsonl(lines, Round)) if lines.exists() else []
    asked = ways(config.targets, read_facts(model_folder(work.inputs["model"])).tasks)
    functions, useless = usable(work.inputs["pairs"], asked, config.max_functions, work.seed)
    judges = Judges.seeded(verifier, functions[0].seed, mutants=config.mutants, honesty=honesty)
    loop = _begin(config, work, functions, asked, len(rounds) - 1, judges, likeness)
    if not rounds:
        rounds.append(_measured(loop, Round(number=0)))
        append_jsonl(lines, rounds[0])
    harvests: list[Harvest] = []
    for number in range(1, config.rounds + 1):
        harvests.append(_play(loop, number))
        if number == len(rounds):
            rounds.append(_learn(loop, number, harvests[-1]))
            append_jsonl(lines, rounds[-1])
            _tidy(loop, number)
        if config.samples == 1 and not (rounds[-1].new_pairs or rounds[-1].new_tests):
            break
    return _finish(loop, rounds, harvests, useless)


# ---------------------------------------------------------------- before the rounds


def _begin(
    config: MutualConfig,
    work: Work,
    functions: list[Function],
    asked: list[Way],
    played: int,
    judges: Judges,
    likeness: LikenessMeasure | None,
) -> _Loop:
    """Both as they came out of the last round that is over, or as they were tuned."""
    pairs = list(teachable(read_rows(work.inputs["pairs"], "pairs", Pair)))
    tuned = model_folder(work.inputs["model"])
    facts = read_facts(tuned)
    known = [p for p in pairs if p.split == "train"]
    proved = [*examples(as_answered(known, facts.cuda_answer)), *way_back(known, facts.cuda_answer, _back(asked))]
    state = work.out / _STATE
    weights = state / str(played) if played > 0 else None

    def learner(name: str, tasks: Sequence[str]) -> Learner:
        return Learner.begin(name, tuned, weights / name if weights else None, [e for e in proved if e.task in tasks])

    state.mkdir(exist_ok=True)
    exam = set_exam(
        pairs,
        config.targets,
        config.valid_functions,
        judges,
        tester=config.tester,
        mutants=config.mutants,
        seed=work.seed,
        cache=state / "exam.json",
    )
    return _Loop(
        config=config,
        work=work,
        functions=functions,
        ways=asked,
        translator=learner(TRANSLATOR, [way.task for way in asked]),
        tester=learner(TESTER, (TESTS,)) if config.tester == "model" else None,
        judges=judges,
        exam=exam,
        likeness=likeness,
        known=Known(),
    )


def _back(asked: Sequence[Way]) -> dict[str, float]:
    """The tasks of the ways back, with how often an epoch shows them."""
    return {way.task: 1.0 for way in asked if way.back}


# ---------------------------------------------------------------- a round


def _play(loop: _Loop, number: int) -> Harvest:
    """Both answer, part by part, and what is written is judged while the next part is; what an interrupted run did of that is read."""
    config, state, stop = loop.config, loop.state(number), Event()
    state.mkdir(exist_ok=True)
    answers: list[Answer] = []
    parts: list[Future[list[Finding]]] = []

    def judge(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        return takewhile(lambda _: not stop.is_set(), loop.judges.loop(candidates))

    with ThreadPoolExecutor(1) as judges:
        try:
            for part, first in enumerate(range(0, len(loop.functions), _PART)):
                for over in (p for p in parts if p.done()):
                    over.result()  # no more is written once judging has failed
                functions = loop.functions[first : first + _PART]
                path = state / f"answers-{part}.jsonl"
                if not path.exists():
                    write_jsonl(path, _answers(loop, functions, loop.work.seed + number - 1 + part * _PART_SEEDS))
                answers += (own := list(read_jsonl(path, Answer)))
                parts.append(judges.submit(findings, candidates(functions, own, config.tester), judge, state / f"findings-{part}.json"))
            found = [finding for part in parts for finding in part.result()]
        finally:
            stop.set()  # after an error or a signal what waits isn't begun, and what runs ends with its batch
            judges.shutdown(wait=False, cancel_futures=True)
    return harvest(number, loop.functions, answers, found, loop.known, mutants=config.mutants)


def _answers(loop: _Loop, functions: Sequence[Function], seed: int) -> Iterator[Answer]:
    config = loop.config
    asked = {f.function_id: (f.signature, f.source) for f in functions if f.model == SERIAL}
    tester = loop.tester.generator if loop.tester else None
    for function_id, tests in own_tests(config.tester, tester, asked, max_new_tokens=config.max_new_tokens, seed=seed).items():
        for place, text in enumerate(tests):
            yield Answer(function_id=function_id, target_model=SOURCE_ONLY, sample=place, text=text)
    yield from translations(
        loop.translator.generator,
        functions,
        loop.ways,
        max_new_tokens=config.max_new_tokens,
        samples=config.samples,
        temperature=config.temperature,
        seed=seed,
    )


def _learn(loop: _Loop, number: int, got: Harvest) -> Round:
    """Teach both what the rounds gave so far, where this one added to it; keep the weights, and measure."""
    facts, accepted = loop.translator.generator.facts, list(loop.known.pairs.values()) if got.summary.new_pairs else []
    pairs = examples(as_answered(accepted, facts.cuda_answer), {TESTS: 0})
    pairs += way_back(accepted, facts.cuda_answer, _back(loop.ways))
    tests = list(loop.known.tests.values()) if got.summary.new_tests else []
    config = loop.config
    settings = FinetuneConfig(learning_rate=config.learning_rate, max_steps=config.train_steps, max_seconds=config.train_seconds)
    losses: dict[str, float | None] = {}
    for learner in loop.learners:
        losses[learner.name] = learner.teach(
            pairs if learner is loop.translator else tests,
            settings,
            _training(loop, number, learner),
            replay=config.replay,
            seed=loop.work.seed,
            number=number,
        )
        learner.save(loop.state(number) / learner.name)
    return _measured(loop, replace(got.summary, translator_loss=losses[TRANSLATOR], tester_loss=losses.get(TESTER)))


def _measured(loop: _Loop, one: Round) -> Round:
    """A round with what both do on validation pairs now."""
    config = loop.config
    sampling = Sampling(max_new_tokens=config.max_new_tokens, samples=config.samples, temperature=config.temperature, seed=loop.work.seed)
    tester = loop.tester.generator if loop.tester else None
    return replace(
        one,
        translator=examine_translator(loop.exam, loop.ways, loop.translator.generator, sampling, loop.likeness),
        tester=examine_tester(loop.exam, config.tester, tester, sampling),
    )


def _training(loop: _Loop, number: int, learner: Learner) -> Path:
    return loop.work.out / "training" / f"{learner.name}-{number}"


def _tidy(loop: _Loop, number: int) -> None:
    """Remove what only an unfinished round needs: checkpoints, and the weights of the round before."""
    for learner in loop.learners:
        forget(_training(loop, number, learner))
        shutil.rmtree(loop.state(number - 1) / learner.name, ignore_errors=True)


# ---------------------------------------------------------------- after the rounds


def _finish(loop: _Loop, rounds: list[Round], harvests: list[Harvest], useless: Counter[str]) -> Report:
    out, config = loop.work.out, loop.config
    for learner in loop.learners:
        learner.save(out / learner.name)
    with ShardWriter(out, "pairs", Pair) as shards:
        for pair in loop.known.pairs.values():
            shards.write(pair)
    with ShardWriter(out, "decisions", Decision) as decided:
        for decision in (d for h in harvests for d in h.decisions):
            decided.write(decision)
    with ShardWriter(out, "tests", WrittenTest) as tried:
        for written in (w for h in harvests for w in h.written):
            tried.write(written)
    write_jsonl(out / _LINES, rounds)
    played = rounds[1:]
    reasons = useless.copy()
    for one in played:
        reasons.update(one.reasons)
    # At once, so that a crash in here leaves either all of it or nothing.
    (out / _STATE).rename(out / _OVER)
    shutil.rmtree(out / _OVER)
    counted = ("accepted", "tests_written", "tests_valid", "tests_killing")
    ends = {"before": rounds[0], "after": rounds[-1]}
    return Report(
        rows={
            "rounds": len(played),
            "candidates": sum(r.candidates for r in played),
            "pairs": len(loop.known.pairs),
            "decisions": decided.rows,
            "tests": tried.rows,
        },
        rejections=dict(reasons),
        metrics={
            **{name: sum(getattr(r, name) for r in played) for name in counted},
            "translator": {when: r.translator for when, r in ends.items()},
            "tester": {when: r.tester for when, r in ends.items()},
        },
        notes=list(_notes(config, loop.exam, rounds)),
    )


def _notes(config: MutualConfig, exam: Exam, rounds: Sequence[Round]) -> Iterator[str]:
    """What a person should know of the rounds."""
    for one in rounds[1:]:
        if not one.accepted:
            yield f"mutual: no translation was accepted in round {one.number}; the translator learnt nothing from it"
        if config.tester == "model" and not one.tests_valid:
            yield f"mutual: none of the {one.tests_written} tests that the tester wrote in round {one.number} is valid"
    last = rounds[-1]
    if last.number < config.rounds:
        yield (
            f"mutual: ended after round {last.number} of {config.rounds}, which gave neither new pairs nor new tests: the same weights would "
            "answer the same; give more samples, or more functions"
        )
    if config.valid_functions:
        for target in (t for t in config.targets if t not in exam.pairs):
            yield f"mutual: no proved pair of target {target} in the valid split; nothing was measured on it"


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
    version=5,
)
"""Without figures of texts, which `hpcraft.mutual` puts in; the command is there too."""
