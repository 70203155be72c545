"""The target of a verification: it must do what its source does, a parallel one in parallel and without a race.

OpenMP, in C or Fortran, is run with 1, 3 and 4 threads; in C again under the address sanitizer, with local variables that begin with a pattern; then under
the race detector with loops shared by turns. CUDA is run by the emulation under its check ``race``, which also watches the memory of the device, on every test;
guard zones watch the host's arrays. Where CUDA can't be emulated it is compiled, and the level says so. MPI is run with 1, 2 and 3 ranks, each with its own
copies: rank 0 must have the results, and none may write beside its arrays. Sequential C, C++ and Fortran are run as sources are: under the sanitizers, and again
with local variables that begin with a pattern.

Not covered: whether all threads and ranks get work; reads beyond the host's arrays by CUDA's host code, and beside arrays by MPI's and by Fortran's;
uninitialised memory that isn't a variable's.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

from hpcraft.data.programs import Piece, Program, build
from hpcraft.data.target_models import SOURCE_ONLY, TARGET_MODELS, TargetModel
from hpcraft.data.target_text import objection
from hpcraft.data.verify_sources import POISON, SANITIZE, Settings, Source
from hpcraft.records import Level
from hpcraft.sandbox.abi import CallResult
from hpcraft.sandbox.outcome import CudaLevel, Outcome, Verdict
from hpcraft.sandbox.races import with_static_schedules, without_simd
from hpcraft.verification import Candidate

THREADS = (1, 3, 4)
"""Three and not two: an uneven share shows more, and more threads than cores don't spin."""
RANKS = (1, 2, 3)
_RACE_TESTS = 2
_MEMORY_TESTS = 2
_HEAVIEST, _ALL = slice(1), slice(None)
"""Of a source's tests, those with the most data first."""
_QUICK = ("-O1",)
_QUICK_OF = {"c": _QUICK, "fortran": (*_QUICK, "-w")}
_WATCHED = ("-g0", *POISON)
_SANITIZE_OF = {"c": SANITIZE, "cpp": SANITIZE, "fortran": (*SANITIZE, "-w")}
_UNSET = ("-finit-real=snan", "-finit-integer=-1717986919", "-finit-logical=true")
"""What gfortran has for a pattern in local variables."""
_POISON_OF = {"c": POISON, "cpp": POISON, "fortran": ("-O0", "-w", *_UNSET)}
_EMULATED_SECONDS = 5
"""For a call under the emulation's check, which looks at every access."""
_WATCHED_SECONDS = 10
"""For a call under the address sanitizer, unoptimised and on a busy machine."""
_RANKS_SECONDS = 5
"""For a call that may wait for ranks that have no core."""
_REPORT = re.compile(r"AddressSanitizer: [\w-]+")
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
    def kind(self) -> TargetModel:
        """How the target is built."""
        return TARGET_MODELS[self.candidate.target_model]

    @property
    def piece(self) -> Piece:
        """The target as it was given."""
        return Piece(signature=self.source.signature, code=self.candidate.target)

    def refuse(self, reason: str, log: str = "") -> None:
        """Refuse it for the first reason found."""
        if not self.reason:
            self.reason, self.log = reason, log


def check_text(case: Case) -> None:
    """Refuse what the text of a target alone shows to be wrong."""
    candidate = case.candidate
    if not case.source.reason and candidate.target_model != SOURCE_ONLY:
        found = objection(candidate.target, candidate.target_model, case.source.signature)
        if found:
            case.refuse(*found)


def build_targets(cases: Sequence[Case], settings: Settings) -> None:
    """Build targets, all of one model, and run none of them."""
    if not cases:
        return
    kind = cases[0].kind
    level: CudaLevel = "emulate" if settings.emulate else "compile"
    with build(
        [c.piece for c in cases], language=kind.language, model=kind.model, flags=_QUICK_OF.get(kind.language, ()), cuda=level
    ) as program:
        _refuse_unbuilt(program, cases)
    for case in cases:
        case.level = "compile"


# ---------------------------------------------------------------- openmp


def run_openmp(cases: Sequence[Case], settings: Settings) -> None:
    """First one heavy test each, so that hopeless candidates cost little; then every test with every number of threads. All in one language."""
    if not cases:
        return
    language = cases[0].kind.language
    with build([c.piece for c in cases], language=language, model="openmp", flags=_QUICK_OF[language]) as program:
        _refuse_unbuilt(program, cases)
        _try_tests(program, cases, threads=THREADS[-1], part=_HEAVIEST)
        for threads in THREADS:
            _try_tests(program, cases, threads=threads, part=_ALL, every=settings.every_test and threads == THREADS[-1])
    if language == "c":
        _watch_memory([c for c in cases if c.alive])


def _watch_memory(cases: Sequence[Case]) -> None:
    """Run OpenMP targets in C under the address sanitizer, with local variables that begin with a pattern.

    Reads beside an array may change no result, and optimisation drops them, or takes for a variable that was never set what suits it.
    """
    if not cases:
        return
    with build([c.piece for c in cases], model="openmp", check="address", flags=_WATCHED, fork=False) as program:
        _refuse_unbuilt(program, cases)
        for at in range(
            _MEMORY_TESTS
        ):  # a start for each: without children of their own, calls would find what the one before left in statics
            _try_tests(program, cases, threads=THREADS[-1], part=slice(at, at + 1), seconds=_WATCHED_SECONDS)


def _refuse_unbuilt(program: Program, cases: Sequence[Case]) -> None:
    for number, words in program.refused.items():
        cases[number].refuse("target:unsupported" if number in program.unsupported else "target:compile_error", words)


def _try_tests(
    program: Program, cases: Sequence[Case], *, threads: int = 1, ranks: int = 1, part: slice, seconds: int = 2, every: bool = False
) -> None:
    """Run targets on a part of their tests, the heaviest first; with ``every`` also those whose results differed on another test."""
    trying = [(number, case) for number, case in enumerate(cases) if case.alive or (every and case.reason == "differs")]
    index = [(number, test) for number, case in trying for test in case.source.heaviest()[part] if test not in case.failed]
    results = program.call([cases[n].source.call(n, t) for n, t in index], threads=threads, ranks=ranks, seconds=seconds)
    for at, (number, test) in enumerate(index):
        case, result = cases[number], results.get(at)
        case.tried.add(test)
        if difference := case.source.difference(test, result):
            ended = program.ended.get(number) if result is None else None
            told = program.faults.get(at, "") or _sanitizer(ended)
            many = {"openmp": f" with {threads} threads", "mpi": f" with {ranks} ranks"}.get(case.kind.model, "")
            where = f"test {case.source.tests[test].text()!r}{many}: {difference}{f' ({told})' if told else ''}"
            case.failed.add(test)
            case.refuse(_why(result, ended, told), where[:_LOG_CHARACTERS])


def _sanitizer(ended: Outcome | None) -> str:
    """What the address sanitizer says of a program that it ended; empty for nothing."""
    found = _REPORT.search(ended.stderr) if ended else None
    return found[0] if found else ""


def _why(result: CallResult | None, ended: Outcome | None, told: str) -> str:
    kind = found[1] if (found := _KIND.search(told)) else ""
    if kind == "race" or kind in _MEMORY:
        return "race" if kind == "race" else "target:memory"
    if result is None and _sanitizer(ended):
        return "target:memory"
    if result is None:
        return "target:time_limit" if ended and ended.verdict is Verdict.TIME_LIMIT else "target:runtime_error"
    if result.crashed:
        return "target:time_limit" if result.signal == signal.SIGALRM else "target:runtime_error"
    return "differs"


def find_races(cases: Sequence[Case]) -> None:
    """Run OpenMP targets, all in one language, under the race detector on their heaviest tests."""
    if not cases:
        return
    language = cases[0].kind.language
    plain = without_simd if language == "fortran" else str
    pieces = [Piece(signature=c.source.signature, code=with_static_schedules(plain(c.candidate.target))) for c in cases]
    with build(pieces, language=language, model="openmp", check="race", flags=("-g0",), fork=False) as program:
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


def run_serial(cases: Sequence[Case], settings: Settings) -> None:
    """Run sequential targets, all in one language, under the sanitizers, and again where local variables begin with a pattern.

    The level is the source's: what an emulated kernel left behind is known by its emulation alone.
    """
    if not cases:
        return
    for case in cases:
        case.level = "emulate" if case.source.model == "cuda" else "run"
    language = cases[0].kind.language
    pieces = [c.piece for c in cases]
    with build(pieces, language=language, check="address", flags=_SANITIZE_OF[language]) as program:
        _refuse_unbuilt(program, cases)
        _try_tests(program, cases, part=_HEAVIEST)
        _try_tests(program, cases, part=_ALL, every=settings.every_test)
    left = [c for c in cases if c.alive]
    if left:
        with build([c.piece for c in left], language=language, flags=_POISON_OF[language]) as program:
            _refuse_unbuilt(program, left)
            _try_tests(program, left, part=_ALL)


# ---------------------------------------------------------------- mpi


def run_mpi(cases: Sequence[Case]) -> None:
    """Run MPI targets with each number of ranks; the most ranks first, on one heavy test each."""
    if not cases:
        return
    with build([c.piece for c in cases], model="mpi", flags=_QUICK) as program:
        _refuse_unbuilt(program, cases)
        _try_tests(program, cases, ranks=RANKS[-1], part=_HEAVIEST, seconds=_RANKS_SECONDS)
        for ranks in RANKS:
            _try_tests(program, cases, ranks=ranks, part=_ALL, seconds=_RANKS_SECONDS)


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
        _try_tests(program, cases, part=_HEAVIEST, seconds=_EMULATED_SECONDS)
        _try_tests(program, cases, part=_ALL, seconds=_EMULATED_SECONDS, every=settings.every_test)
