"""The target of a verification: it must do what its source does, a parallel one in parallel and without a race, and the tests must notice its faults.

OpenMP is run with 1, 3 and 4 threads, then under the race detector with loops shared by turns. CUDA is run by the emulation under its check ``race``,
which also watches the memory of the device, on every test; guard zones watch the host's arrays. Where CUDA can't be emulated it is
compiled, and the level says so. Sequential C is run as sources are: under the sanitizers, and again with local variables that begin with a pattern;
nothing in it may be of a parallel model. Faults of a target are judged by results alone, in a program of all faulty versions (`hpcraft.data.schemata`).

Not covered: whether all threads get work; reads beyond the host's arrays by CUDA's host code.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

from hpcraft.data.programs import Piece, Program, build
from hpcraft.data.schemata import Schema, schema
from hpcraft.data.trees import function_name, functions, parallel_word, parse, prototype, uses_model
from hpcraft.data.verify_sources import MODEL_OF, POISON, SANITIZE, Settings, Source, with_fault, without_marks
from hpcraft.errors import InputError
from hpcraft.records import Level
from hpcraft.sandbox.abi import CallResult, Signature
from hpcraft.sandbox.outcome import Model, Outcome, Verdict
from hpcraft.sandbox.races import with_static_schedules
from hpcraft.verification import Candidate

SOURCE_ONLY = ""
"""As the target model of a candidate: only the source and its tests are checked."""
SERIAL = "serial"
"""Target model of sequential C."""
_MODELS = ("openmp", "cuda", SERIAL, SOURCE_ONLY)
_THREADS = (1, 3, 4)
"""Three and not two: an uneven share shows more, and more threads than cores don't spin."""
_RACE_TESTS = 2
_QUICK = ("-O1",)
_FAULTY = ("-O0", "-w")
"""Compiling is most of what a short kernel costs."""
_FAULTY_SECONDS = 1
_EMULATED_SECONDS = 5
"""For a call under the emulation's check, which looks at every access."""
_KIND = re.compile(r"kind=(\w+)")
_MEMORY = (
    *("out_of_bounds", "use_after_free", "host_access", "device_access", "uninitialised", "misaligned", "bad_free", "bad_copy"),
    "stack_overflow",
)
_LOG_CHARACTERS = 2000


@dataclass(kw_only=True, slots=True)
class Case:
    """A candidate on its way."""

    candidate: Candidate
    source: Source
    reason: str = ""
    log: str = ""
    level: Level = "run"
    tried: set[int] = field(default_factory=set)
    """Test numbers that it was run on."""
    failed: set[int] = field(default_factory=set)
    mutants_killed: int = 0
    mutants_total: int = 0

    @property
    def alive(self) -> bool:
        """Whether nothing has spoken against it yet."""
        return not self.reason and not self.source.reason

    @property
    def piece(self) -> Piece:
        """The target as it was given."""
        return Piece(signature=self.source.signature, code=self.candidate.target)

    def refuse(self, reason: str, log: str = "") -> None:
        """Refuse it for the first reason found."""
        if not self.reason:
            self.reason, self.log = reason, log


def check_text(case: Case) -> None:
    """What the text of a target alone says: entry point, signature, and whether it is parallel at all."""
    candidate = case.candidate
    if candidate.target_model not in _MODELS:
        case.refuse("unsupported", f"target model {candidate.target_model!r}; allowed: openmp, cuda, serial")
    if not case.alive or candidate.target_model == SOURCE_ONLY:
        return
    entry = case.source.signature
    tree = parse(candidate.target, _language(case))
    found = next((f for f in functions(tree) if function_name(f) == entry.name), None)
    if found is None:
        case.refuse("no-entry", f"no function {entry.name}")
        return
    try:
        given = Signature.parse(prototype(found).replace('extern "C"', ""))
    except InputError as error:
        case.refuse("target:signature", str(error))
        return
    if _types(given) != _types(entry):
        case.refuse("target:signature", f"{given.prototype()} instead of {entry.prototype()}")
    elif candidate.target_model == SERIAL:
        if word := parallel_word(candidate.target):
            case.refuse("not-serial", f"{word} is of a parallel model")
    elif not uses_model(candidate.target, candidate.target_model):
        case.refuse("not-parallel")


def _types(signature: Signature) -> tuple[str, list[tuple[str, bool]]]:
    return signature.returns, [(p.ctype, p.pointer) for p in signature.parameters]


def _language(case: Case) -> str:
    return "cuda" if case.candidate.target_model == "cuda" else "c"


# ---------------------------------------------------------------- openmp


def run_openmp(cases: Sequence[Case]) -> None:
    """First one heavy test each, so that hopeless candidates cost little; then every test with every number of threads."""
    if not cases:
        return
    with build([c.piece for c in cases], model="openmp", flags=_QUICK) as program:
        _refuse_unbuilt(program, cases)
        _try_tests(program, cases, threads=_THREADS[-1], limit=1)
        for threads in _THREADS:
            _try_tests(program, cases, threads=threads, limit=None)


def _refuse_unbuilt(program: Program, cases: Sequence[Case]) -> None:
    for number, words in program.refused.items():
        cases[number].refuse("target:unsupported" if number in program.unsupported else "target:compile_error", words)


def _try_tests(program: Program, cases: Sequence[Case], *, threads: int, limit: int | None, seconds: int = 2) -> None:
    index = [(number, test) for number, case in enumerate(cases) if case.alive for test in case.source.heaviest()[:limit]]
    results = program.call([cases[n].source.call(n, t) for n, t in index], threads=threads, seconds=seconds)
    for at, (number, test) in enumerate(index):
        case, result = cases[number], results.get(at)
        case.tried.add(test)
        if difference := case.source.difference(test, result):
            told = program.faults.get(at, "")
            with_threads = f" with {threads} threads" if case.candidate.target_model == "openmp" else ""
            where = f"test {case.source.tests[test].text()!r}{with_threads}: {difference}{f' ({told})' if told else ''}"
            case.failed.add(test)
            case.refuse(_why(result, program.verdicts.get(number), told), where[:_LOG_CHARACTERS])


def _why(result: CallResult | None, verdict: Verdict | None, told: str) -> str:
    kind = found[1] if (found := _KIND.search(told)) else ""
    if kind == "race" or kind in _MEMORY:
        return "race" if kind == "race" else "target:memory"
    if result is None:
        return "target:time_limit" if verdict is Verdict.TIME_LIMIT else "target:runtime_error"
    if result.crashed:
        return "target:time_limit" if result.signal == signal.SIGALRM else "target:runtime_error"
    return "differs"


def find_races(cases: Sequence[Case]) -> None:
    """Run OpenMP targets under the race detector on their heaviest tests."""
    if not cases:
        return
    pieces = [Piece(signature=c.source.signature, code=with_static_schedules(c.candidate.target)) for c in cases]
    with build(pieces, model="openmp", check="race", flags=("-g0",), fork=False) as program:
        _refuse_unbuilt(program, cases)
        calls = [c.source.call(n, t) for n, c in enumerate(cases) if c.alive for t in c.source.heaviest()[:_RACE_TESTS]]
        for number, outcome in program.races(calls, threads=4).items():
            if outcome is not None:
                cases[number].refuse(_why_not_clean(outcome), f"{outcome.verdict}: {outcome.stderr[:_LOG_CHARACTERS]}")


def _why_not_clean(outcome: Outcome) -> str:
    """The reason that a run under the race detector gives; nothing but a report of a race is called one."""
    if outcome.verdict is Verdict.RACE:
        return "race"
    late = outcome.verdict is Verdict.TIME_LIMIT or outcome.signal == signal.SIGALRM
    return "target:time_limit" if late else "target:runtime_error"


# ---------------------------------------------------------------- sequential


def run_serial(cases: Sequence[Case]) -> None:
    """Run sequential targets under the sanitizers, and again where local variables begin with a pattern.

    The level is the source's: what an emulated kernel left behind is known by its emulation alone.
    """
    if not cases:
        return
    for case in cases:
        case.level = "emulate" if case.source.model == "cuda" else "run"
    pieces = [c.piece for c in cases]
    with build(pieces, check="address", flags=SANITIZE) as program:
        _refuse_unbuilt(program, cases)
        _try_tests(program, cases, threads=1, limit=1)
        _try_tests(program, cases, threads=1, limit=None)
    left = [c for c in cases if c.alive]
    if left:
        with build([c.piece for c in left], flags=POISON) as program:
            _refuse_unbuilt(program, left)
            _try_tests(program, left, threads=1, limit=None)


# ---------------------------------------------------------------- cuda


def run_cuda(cases: Sequence[Case], settings: Settings) -> None:
    """Run CUDA targets by the emulation and its checks, or compile them where it isn't there."""
    if not cases:
        return
    for case in cases:
        case.level = "emulate" if settings.emulate else "compile"
    pieces = [c.piece for c in cases]
    if not settings.emulate:
        with build(pieces, model="cuda", cuda="compile") as program:
            _refuse_unbuilt(program, cases)
        return
    with build(pieces, model="cuda", cuda="emulate", check="race", flags=_QUICK) as program:
        _refuse_unbuilt(program, cases)
        _try_tests(program, cases, threads=1, limit=1, seconds=_EMULATED_SECONDS)
        _try_tests(program, cases, threads=1, limit=None, seconds=_EMULATED_SECONDS)


# ---------------------------------------------------------------- faults


def try_targets(cases: Sequence[Case], settings: Settings) -> None:
    """Try the tests on faulty versions of targets that run, all of one model."""
    if not settings.num_mutants or not cases or cases[0].level == "compile":
        return
    model = MODEL_OF[cases[0].candidate.target_model]
    made: list[Schema] = []
    for case in cases:
        found = schema(
            case.candidate.target, case.source.signature, language=_language(case), count=settings.num_mutants, seed=settings.seed
        )
        assert found is not None, "its entry point was found before"
        made.append(found)
    with _faulty([Piece(signature=m.signature, code=m.code) for m in made], model) as program:
        trials = [(n, cases[n], m, fault) for n, m in enumerate(made) if n not in program.refused for fault in range(1, len(m.kinds) + 1)]
        _notice(program, trials)
    alone = [(cases[n], code) for n in program.refused for code in made[n].mutants]
    if alone:
        _try_alone(alone, model)
    for case in cases:
        if not settings.enough(case.mutants_killed, case.mutants_total):
            why = f"{case.mutants_killed} of {case.mutants_total} faults of the target noticed"
            case.refuse("target:few-mutants-killed" if case.mutants_killed else "target:no-mutant-killed", why)


def _faulty(pieces: Sequence[Piece], model: Model) -> Program:
    return build(pieces, model=model, flags=_FAULTY, cuda="emulate" if model == "cuda" else "auto")


def _try_alone(alone: Sequence[tuple[Case, str]], model: Model) -> None:
    """Each faulty version by itself, where they can't stand side by side; one that doesn't build is none."""
    made = [schema(code, case.source.signature, language=_language(case), count=0) for case, code in alone]
    found = [(case, m) for (case, _), m in zip(alone, made, strict=True) if m is not None]
    with _faulty([Piece(signature=m.signature, code=m.code) for _, m in found], model) as program:
        _notice(program, [(n, case, m, 1) for n, (case, m) in enumerate(found) if n not in program.refused])


def _notice(program: Program, trials: Sequence[tuple[int, Case, Schema, int]]) -> None:
    """Count the faults that tests notice, the heaviest test first; what it notices is not called again."""
    left = list(trials)
    for part in (slice(1), slice(1, None)):
        index = [
            (at, t)
            for at, (_, case, _, _) in enumerate(left)
            for t in [t for t in case.source.heaviest() if t in case.source.staying][part]
        ]
        calls = [with_fault(left[at][1].source, left[at][0], left[at][2], left[at][3], test) for at, test in index]
        results = program.call(calls, threads=_THREADS[1], seconds=_FAULTY_SECONDS)
        noticed = {
            at
            for number, (at, test) in enumerate(index)
            if (result := results.get(number)) is not None  # else it was not called
            and left[at][1].source.difference(test, without_marks(result))
        }
        for at in noticed:
            left[at][1].mutants_killed += 1
        left = [trial for at, trial in enumerate(left) if at not in noticed]
    for _, case, _, _ in trials:
        case.mutants_total += 1
