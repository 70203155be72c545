"""Stage ``mutual``: a translator and a tester teach each other on real functions that nobody has translated.

Theory of operation. Both start from the fine-tuned model. In a round the translator translates functions without a known translation, sequential
ones to the targets and, if it was taught the way back (``cuda2c``, ``omp2c``), CUDA and OpenMP to sequential C; and the tester writes tests for the
sequential ones, part by part; a part is run while the next one is written. Accepted translations are new pairs, of which the translator learns to write the
real side (`hpcraft.train.lessons`); tests that told something apart are new targets for the tester (`hpcraft.train.harvest`). Each trains on what all rounds gave
mixed with pairs that were proved before, so that it doesn't forget. Before the first round and after each both are measured on validation pairs
(`hpcraft.train.measure`). The verifier is an argument; the default runs both sides in the sandbox, and asks what pairs must show (`hpcraft.train.judges`).

While it runs, ``.rounds/`` in the work folder holds for each round the answers, the findings and the weights that came of it, and the lines of the rounds
that are over: those aren't played again after a crash, and what was written in an unfinished one isn't written again.

Writes ``translator/``, ``tester/``, ``pairs-*.parquet``, ``decisions-*.parquet``, ``tests-*.parquet`` and ``rounds.jsonl``. A round in which nothing is
accepted teaches nothing, and says so; when all functions were asked and gave nothing new the loop ends, unless other samples are drawn in the next round.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from threading import Event

from hpcraft.data.honest import Honesty
from hpcraft.data.target_models import SERIAL
from hpcraft.inference import read_facts, require_torch
from hpcraft.records import Function, Pair
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import Input, Report, Stage, Work
from hpcraft.store import append_jsonl, drop_torn_tail, read_json, read_jsonl, write_json, write_jsonl
from hpcraft.tokenizer.requests import teachable
from hpcraft.train.decisions import SOURCE_ONLY, Answer, Decision, WrittenTest
from hpcraft.train.export import model_folder
from hpcraft.train.finetune import FinetuneConfig
from hpcraft.train.fresh import Fresh
from hpcraft.train.harvest import Asking, Harvest, Known, harvest
from hpcraft.train.judges import Gate, Judges, Machine, machine, tools_here
from hpcraft.train.learners import TESTER, TRANSLATOR, Learner
from hpcraft.train.lessons import check_pupil, lessons, untaught, ways_back
from hpcraft.train.loop import SCRATCH, forget
from hpcraft.train.measure import Exam, Sampling, examine_tester, examine_translator, set_exam
from hpcraft.train.mutual_config import MutualConfig
from hpcraft.train.proofs import proved, to_prove
from hpcraft.train.rounds import Round, candidates, findings, own_tests, translations, turn, usable
from hpcraft.train.tasks import TESTS, as_answered, examples, way_back
from hpcraft.train.ways import Way, ways
from hpcraft.verification import MIN_COVERAGE, MIN_TESTS, Candidate, Finding, LikenessMeasure, Verifier

_STATE = ".rounds"
_LINES = "rounds.jsonl"
_LOSSES = "losses.json"
_PART = 32
"""Functions that are judged while the next ones are answered."""
_PART_SEEDS = 7919
"""From one part's seed to the next's; more than there are rounds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loop:
    """What all rounds share."""

    config: MutualConfig
    work: Work
    functions: list[Function]
    """All that rounds can use."""
    ways: list[Way]
    translator: Learner
    tester: Learner | None
    judges: Judges
    exam: Exam
    likeness: LikenessMeasure | None
    known: Known
    fresh: Fresh
    notes: list[str]
    """What a person should know before the rounds."""

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
    facts = read_facts(model_folder(work.inputs["model"]))
    here = Machine(config.targets, True, []) if verifier else machine(config.targets, "mutual")
    config = replace(config, targets=here.targets)
    check_pupil(work.inputs["model"], facts, config)
    lines = work.out / _STATE / _LINES
    drop_torn_tail(lines)
    rounds = list(read_jsonl(lines, Round)) if lines.exists() else []
    asked = ways(config.targets, facts.tasks)
    functions, useless = usable(work.inputs["pairs"], asked, work.seed)
    gate = Gate(mutants=config.mutants, run=config.is_run, min_tests=MIN_TESTS, min_coverage=MIN_COVERAGE)
    judges = Judges.seeded(verifier, functions[0].seed, gate=gate, honesty=honesty, race=here.race)
    notes = [*here.notes, *untaught(facts, config)]
    loop = _begin(config, work, functions, asked, len(rounds) - 1, judges, likeness, notes)
    if not rounds:
        rounds.append(_measured(loop, Round(number=0)))
        append_jsonl(lines, rounds[0])
    with ShardWriter(work.out, "decisions", Decision) as decisions, ShardWriter(work.out, "tests", WrittenTest) as tests:
        for number in range(1, config.rounds + 1):
            got = _play(loop, number)
            for decision in got.decisions:
                decisions.write(decision)
            for written in got.written:
                tests.write(written)
            if number == len(rounds):
                rounds.append(_learn(loop, number, got))
                _keep(loop, number)
                append_jsonl(lines, rounds[-1])
                _tidy(loop, number)
            if _is_idle(loop, rounds[: number + 1]):
                break
    return _finish(loop, rounds, {"decisions": decisions.rows, "tests": tests.rows}, useless)


def _is_idle(loop: _Loop, rounds: Sequence[Round]) -> bool:
    """Whether the same weights have been asked about all functions by now, and would answer the same."""
    config = loop.config
    needed = -(-len(loop.functions) // config.max_functions)
    last = rounds[1:][-needed:]
    learnt = any(r.translator_loss is not None or r.tester_loss is not None for r in last)
    return config.samples == 1 and len(last) == needed and not learnt


# ---------------------------------------------------------------- before the rounds


def _begin(
    config: MutualConfig,
    work: Work,
    functions: list[Function],
    asked: list[Way],
    played: int,
    judges: Judges,
    likeness: LikenessMeasure | None,
    notes: list[str],
) -> _Loop:
    """Both as they came out of the last round that is over, or as they were tuned."""
    pairs = list(teachable(read_rows(work.inputs["pairs"], "pairs", Pair)))
    tuned = model_folder(work.inputs["model"])
    facts = read_facts(tuned)
    known = [p for p in pairs if p.split == "train"]
    proved = [*examples(as_answered(known, facts.cuda_answer)), *way_back(known, facts.cuda_answer, ways_back(asked, config.back_repeats))]
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
        num_tested=0 if config.tester == "none" else config.valid_tests,
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
        fresh=Fresh(work.inputs["pairs"], work.inputs.get("benchmarks")),
        notes=notes,
    )


# ---------------------------------------------------------------- a round


def _play(loop: _Loop, number: int) -> Harvest:
    """Both answer, part by part, and what is written is judged while the next part is; what an interrupted run did of that is read."""
    config, state, stop = loop.config, loop.state(number), Event()
    state.mkdir(exist_ok=True)
    chosen = turn(loop.functions, number, config.max_functions)
    answers: list[Answer] = []
    parts: list[Future[list[Finding]]] = []

    def judge(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        return takewhile(lambda _: not stop.is_set(), loop.judges.loop(candidates))

    with ThreadPoolExecutor(1) as judges:
        try:
            for part, first in enumerate(range(0, len(chosen), _PART)):
                for over in (p for p in parts if p.done()):
                    over.result()  # no more is written once judging has failed
                functions = chosen[first : first + _PART]
                path = state / f"answers-{part}.jsonl"
                if not path.exists():
                    write_jsonl(path, _answers(loop, functions, loop.work.seed + number - 1 + part * _PART_SEEDS))
                answers += (own := list(read_jsonl(path, Answer)))
                parts.append(judges.submit(findings, candidates(functions, own, config.tester), judge, state / f"findings-{part}.json"))
            found = [finding for part in parts for finding in part.result()]
        finally:
            stop.set()  # after an error or a signal what waits isn't begun, and what runs ends with its batch
            judges.shutdown(wait=False, cancel_futures=True)
    asking = Asking.of(config, loop.fresh)
    unproved = to_prove(chosen, answers, found, loop.known.pairs.keys(), kills=config.needs_kills) if config.is_run else {}
    tester = loop.tester.generator if loop.tester else None
    write = partial(own_tests, config.tester, tester, max_new_tokens=config.max_new_tokens, seed=loop.work.seed + number - 1)
    return harvest(number, chosen, answers, found, loop.known, asking, proofs=proved(unproved, write, loop.judges.loop, state))


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
    """Teach both what the rounds gave so far, where this one added to it, unless an interrupted run did; keep the weights, and measure."""
    state, losses = loop.state(number), _taught(loop, number)
    if not losses:
        losses = _teach(loop, number, got)
        write_json(state / _LOSSES, losses)
    return _measured(loop, replace(got.summary, translator_loss=losses[TRANSLATOR], tester_loss=losses.get(TESTER)))


def _taught(loop: _Loop, number: int) -> dict[str, float | None]:
    """The losses of a round's training that is over, whose weights are taken; nothing where it isn't."""
    state = loop.state(number)
    if not (state / _LOSSES).exists():
        return {}
    for learner in loop.learners:
        learner.take(state / learner.name)
    return dict(read_json(state / _LOSSES))


def _teach(loop: _Loop, number: int, got: Harvest) -> dict[str, float | None]:
    config, cuda_answer = loop.config, loop.translator.generator.facts.cuda_answer
    accepted = loop.known.pairs if got.summary.new_pairs else {}
    pairs = lessons(accepted, loop.ways, cuda_answer, self_training=config.self_training, back_repeats=config.back_repeats)
    tests = list(loop.known.tests.values()) if got.summary.new_tests else []
    settings = FinetuneConfig(
        learning_rate=config.learning_rate,
        max_steps=config.train_steps,
        max_seconds=config.train_seconds,
        batch_tokens=config.batch_tokens,
    )
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
    return losses


def _measured(loop: _Loop, one: Round) -> Round:
    """A round with what both do on validation pairs now."""
    config = loop.config
    sampling = Sampling(
        max_new_tokens=config.max_new_tokens, samples=config.valid_samples, temperature=config.temperature, seed=loop.work.seed
    )
    tester = loop.tester.generator if loop.tester else None
    return replace(
        one,
        translator=examine_translator(loop.exam, loop.ways, loop.translator.generator, sampling, loop.likeness),
        tester=examine_tester(loop.exam, config.tester, tester, sampling),
    )


def _training(loop: _Loop, number: int, learner: Learner) -> Path:
    return loop.work.out / "training" / f"{learner.name}-{number}"


def _keep(loop: _Loop, number: int) -> None:
    """Keep the weights of a round on request; before its line stands, since a round that has one isn't looked at again."""
    if loop.config.keep_rounds:
        loop.translator.save(loop.work.out / f"round-{number}" / TRANSLATOR)


def _tidy(loop: _Loop, number: int) -> None:
    """Remove what only an unfinished round needs: checkpoints, and the weights of the round before."""
    for learner in loop.learners:
        forget(_training(loop, number, learner))
        shutil.rmtree(loop.state(number - 1) / learner.name, ignore_errors=True)


# ---------------------------------------------------------------- after the rounds


def _finish(loop: _Loop, rounds: list[Round], rows: Mapping[str, int], useless: Counter[str]) -> Report:
    out, config = loop.work.out, loop.config
    for learner in loop.learners:
        learner.save(out / learner.name)
    with ShardWriter(out, "pairs", Pair) as shards:
        for pair in loop.known.pairs.values():
            shards.write(pair)
    write_jsonl(out / _LINES, rounds)
    played = rounds[1:]
    reasons = useless.copy()
    for one in played:
        reasons.update(one.reasons)
    counted = ("accepted", "tests_written", "tests_valid", "tests_killing", "tests_telling")
    ends = {"before": rounds[0], "after": rounds[-1]}
    return Report(
        rows={
            "rounds": len(played),
            "candidates": sum(r.candidates for r in played),
            "pairs": len(loop.known.pairs),
            **rows,
        },
        rejections=dict(reasons),
        metrics={
            **{name: sum(getattr(r, name) for r in played) for name in counted},
            "translator": {when: r.translator for when, r in ends.items()},
            "tester": {when: r.tester for when, r in ends.items()},
        },
        notes=[*loop.notes, *_notes(config, loop.exam, rounds)],
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
            f"mutual: ended after round {last.number} of {config.rounds}, because all functions were asked and taught neither anything new: the same "
            "weights would answer the same; give more samples, or more functions"
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
        "benchmarks": Input(stage="benchmarks", help="folder of benchmarks' texts whose functions new pairs must not hold", optional=True),
    },
    run=lambda config, work: run(config, work),
    outside=lambda config: tools_here(config.targets),
    scratch=(_STATE, *(f"training/*/{name}" for name in SCRATCH)),
    alike=lambda config: replace(config, learning_rate=1.0),
    version=11,  # what tells builds apart by sizes and addresses is refused
)
"""Without figures of texts, which `hpcraft.mutual` puts in; the command is there too."""
