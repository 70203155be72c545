"""Checks translations by running them: does the target do what its source does, in parallel, without a race, and would the tests notice a fault?

Theory of operation. Candidates are taken in batches, and a batch goes through these steps, each one program in the sandbox (`hpcraft.data.programs`):
sources under the address and undefined-behaviour sanitizers (a test counts only when it runs clean there, and its results are what is expected);
mutants of the sources (a test that no mutant fails shows little); targets with 1, 3 and 4 threads; targets under the race detector, with loops
shared by turns. Source and target never share a process, and expected values never enter one. CUDA targets are compiled, because nothing here can
run them: level ``compile``.

Reasons of a refusal: ``signature``, ``tests``, ``source:compile_error``, ``no-valid-tests``, ``no-mutant-killed``, ``not-parallel``, ``no-entry``,
``target:signature``, ``target:compile_error``, ``target:runtime_error``, ``target:time_limit``, ``differs``, ``race``, ``unsupported``.

Not covered: reads of uninitialised memory that gives the same result twice; whether all threads get work.
"""

from __future__ import annotations

import os
import signal
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from threading import Event

import numpy as np

from hpcraft.data.mutants import mutants
from hpcraft.data.programs import Call, Piece, Program, build
from hpcraft.data.trees import function_name, functions, parse, prototype, uses_model
from hpcraft.errors import InputError
from hpcraft.records import Candidate, Finding
from hpcraft.sandbox import toolchains
from hpcraft.sandbox.abi import Argument, ArrayWord, CallResult, Signature, Test, compare_results, parse_test
from hpcraft.sandbox.outcome import Job, Outcome, Verdict
from hpcraft.sandbox.races import with_static_schedules

SOURCE_ONLY = ""
"""As the target model of a candidate: only the source and its tests are checked."""
_MODELS = ("openmp", "cuda", SOURCE_ONLY)
_SANITIZE = ("-g0", "-fsanitize=undefined", "-fno-sanitize-recover=all", "-lubsan")
_POISON = ("-O0", "-w", "-ftrivial-auto-var-init=pattern")
_THREADS = (1, 3, 4)
"""Three and not two: an uneven share shows more, and more threads than cores don't spin."""
_RACE_TESTS = 2
_LOG_CHARACTERS = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settings:
    seed: int
    race: bool
    num_mutants: int
    min_killed: float
    stop: Event


@dataclass(kw_only=True, slots=True)
class _Source:
    """A sequential function and what is known of it; candidates with the same one share it."""

    code: str
    signature: Signature
    tests: list[Test]
    seed: int
    reason: str = ""
    log: str = ""
    expected: dict[int, CallResult] = field(default_factory=dict)
    """Test number to results, valid tests only."""
    arguments: dict[int, list[Argument]] = field(default_factory=dict)
    killing: set[int] = field(default_factory=set)
    mutants_total: int = 0
    mutants_killed: int = 0

    def call(self, piece: int, test: int) -> Call:
        """The call of a piece with the arguments of a test."""
        if test not in self.arguments:
            self.arguments[test] = self.tests[test].arguments([self.seed, zlib.crc32(self.code.encode()), test])
        return Call(piece=piece, arguments=self.arguments[test])

    def heaviest(self) -> list[int]:
        """Valid tests, those with the most data first."""
        return sorted(self.expected, key=lambda t: (-_weight(self.tests[t]), t))


@dataclass(kw_only=True, slots=True)
class _Case:
    """A candidate on its way."""

    candidate: Candidate
    source: _Source
    reason: str = ""
    log: str = ""
    level: str = "run"

    @property
    def alive(self) -> bool:
        """Whether nothing has spoken against it yet."""
        return not self.reason and not self.source.reason

    def refuse(self, reason: str, log: str = "") -> None:
        """Refuse it for the first reason found."""
        if not self.reason:
            self.reason, self.log = reason, log


def verify(
    candidates: Iterable[Candidate],
    *,
    seed: int = 0,
    workers: int | None = None,
    race: bool = True,
    num_mutants: int = 6,
    min_killed: float = 0.0,
    batch_size: int = 24,
) -> Iterator[Finding]:
    """Verify candidates; findings come in their order.

    Args:
        candidates: translations, of which most may be wrong.
        seed: of array contents; keep it from whoever writes candidates.
        workers: batches at a time; all cores when None.
        race: run OpenMP targets under the race detector.
        num_mutants: faulty versions of each source that tests are tried on; 0 leaves that step out.
        min_killed: share of the mutants that tests must kill; at least one in any case.
        batch_size: candidates in one program.

    Raises:
        MachineError: the sandbox failed or the machine lacks a tool.
    """
    stop = Event()
    settings = _Settings(seed=seed, race=race, num_mutants=num_mutants, min_killed=min_killed, stop=stop)
    stream, pending = iter(candidates), deque[Future[list[Finding]]]()
    width = workers or len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(width) as pool:
        try:
            while True:
                while len(pending) < 2 * width and (batch := list(islice(stream, batch_size))):
                    pending.append(pool.submit(_verify_batch, batch, settings))
                if not pending:
                    return
                yield from pending.popleft().result()
        finally:
            stop.set()  # the caller lost interest or was interrupted: end what runs now
            for future in pending:
                future.cancel()


def has_tools(model: str, *, race: bool = False) -> str:
    """Why this machine can't verify a model's candidates, or can't look for races; empty when it can.

    Raises:
        MachineError: the sandbox itself is missing or failed.
    """
    if why := lacks_tool(model, race=race):
        return why
    code = {"openmp": "void probe(int n) {}", "cuda": '__global__ void k() {}\nextern "C" void probe(int n) { k<<<1, 1>>>(); }'}[model]
    piece = Piece(signature=Signature.parse("void probe(int n)"), code=code)
    with build([piece], model="cuda" if model == "cuda" else "openmp", check="race" if race else "none") as program:
        return next(iter(program.refused.values()), "")


def lacks_tool(model: str, *, race: bool = False) -> str:
    """Which tool `has_tools` would miss, without building anything; empty for none."""
    if model == "cuda":
        job = Job(files={"probe.cu": b""}, language="cpp", model="cuda", cuda="compile")
    else:
        job = Job(files={"probe.c": b""}, language="c", model="openmp", check="race" if race else "none")
    plan = toolchains.plan(job)
    return plan.message if isinstance(plan, toolchains.Unsupported) else ""


# ---------------------------------------------------------------- one batch


def _verify_batch(batch: Sequence[Candidate], settings: _Settings) -> list[Finding]:
    sources: dict[tuple[str, str, tuple[str, ...]], _Source] = {}
    cases = []
    for candidate in batch:
        key = (candidate.signature, candidate.source, candidate.tests)
        if key not in sources:
            sources[key] = _read_source(candidate, settings.seed)
        cases.append(_Case(candidate=candidate, source=sources[key]))
    for case in cases:
        _check_text(case)
    wanted = [s for s in sources.values() if any(c.alive and c.source is s for c in cases)]
    _run_sources(wanted, settings)
    _run_mutants([s for s in wanted if not s.reason], settings)
    _run_openmp([c for c in cases if c.alive and c.candidate.target_model == "openmp"], settings)
    if settings.race:
        _find_races([c for c in cases if c.alive and c.candidate.target_model == "openmp"], settings)
    _compile_cuda([c for c in cases if c.alive and c.candidate.target_model == "cuda"], settings)
    return [_finding(case) for case in cases]


def _read_source(candidate: Candidate, seed: int) -> _Source:
    try:
        signature = Signature.parse(candidate.signature)
    except InputError as error:
        return _Source(code="", signature=Signature.parse("void none()"), tests=[], seed=seed, reason="signature", log=str(error))
    tests, log = [], ""
    for text in candidate.tests:
        try:
            tests.append(parse_test(signature, text))
        except InputError as error:
            log = log or str(error)
    return _Source(code=candidate.source, signature=signature, tests=tests, seed=seed, reason="" if tests else "tests", log=log)


def _check_text(case: _Case) -> None:
    """What the text of a target alone says: entry point, signature, and whether it is parallel at all."""
    candidate = case.candidate
    if candidate.target_model not in _MODELS:
        case.refuse("unsupported", f"target model {candidate.target_model!r}; allowed: openmp, cuda")
    if not case.alive or candidate.target_model == SOURCE_ONLY:
        return
    entry = case.source.signature
    tree = parse(candidate.target, "cuda" if candidate.target_model == "cuda" else "c")
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
    elif not uses_model(candidate.target, candidate.target_model):
        case.refuse("not-parallel")


def _types(signature: Signature) -> tuple[str, list[tuple[str, bool]]]:
    return signature.returns, [(p.ctype, p.pointer) for p in signature.parameters]


# ---------------------------------------------------------------- sources and mutants


def _run_sources(sources: list[_Source], settings: _Settings) -> None:
    """Find the valid tests; of tests with the same scalars the one with the shortest arrays that runs clean is taken."""
    if not sources:
        return
    ladders = [_ladders(s) for s in sources]
    with build(
        [Piece(signature=s.signature, code=s.code) for s in sources], check="address", flags=_SANITIZE, stop=settings.stop
    ) as program:
        for number, words in program.refused.items():
            sources[number].reason, sources[number].log = "source:compile_error", words
        while any(ladder for rungs in ladders for ladder in rungs):
            index = [(n, ladder.pop(0), ladder) for n, rungs in enumerate(ladders) for ladder in rungs if ladder]
            results = program.call([sources[n].call(n, t) for n, t, _ in index])
            for at, (number, test, longer) in enumerate(index):
                result = results.get(at)
                if result and not result.fault and _finite(result):
                    sources[number].expected[test] = result
                    longer.clear()
    for source in sources:
        if not source.expected and not source.reason:
            source.reason = "no-valid-tests"


def _ladders(source: _Source) -> list[list[int]]:
    """Tests by their scalars, each list from short arrays to long ones; without scalars every test stands alone."""
    ladders: dict[object, list[int]] = {}
    for test in sorted(range(len(source.tests)), key=lambda t: (_weight(source.tests[t]), t)):
        scalars = tuple(w for w in source.tests[test].words if not isinstance(w, ArrayWord))
        ladders.setdefault(scalars or test, []).append(test)
    return list(ladders.values())


def _run_mutants(sources: list[_Source], settings: _Settings) -> None:
    """Try the tests on faulty versions; the original runs along with poisoned variables and must repeat its results."""
    if not settings.num_mutants or not sources:
        return
    pieces, owner = [], []
    for source in sources:
        faulty = mutants(source.code, source.signature.name, count=settings.num_mutants, seed=settings.seed)
        pieces += [Piece(signature=source.signature, code=code) for code in (source.code, *faulty)]
        owner += [(source, number) for number in range(len(faulty) + 1)]
    with build(pieces, flags=_POISON, stop=settings.stop) as program:
        index = [(piece, test) for piece, (source, _) in enumerate(owner) for test in source.expected]
        results = program.call([owner[p][0].call(p, t) for p, t in index], seconds=1)
        differs = {(p, t): _compare(owner[p][0], t, results.get(at)) for at, (p, t) in enumerate(index)}
        for piece, (source, number) in enumerate(owner):
            if number == 0:
                for test in [t for t in source.expected if differs[piece, t]]:
                    del source.expected[test]
            elif piece not in program.refused:
                killing = {t for t in source.expected if differs[piece, t]}
                source.mutants_total += 1
                source.mutants_killed += bool(killing)
                source.killing |= killing
    for source in sources:
        if not source.expected:
            source.reason = "no-valid-tests"
        elif source.mutants_killed < max(1, settings.min_killed * source.mutants_total):
            source.reason = "no-mutant-killed"


def _finite(result: CallResult) -> bool:
    values = [*result.arrays, np.array([result.value or 0])]
    return all(np.isfinite(v).all() for v in values if v.dtype.kind == "f")


def _compare(source: _Source, test: int, result: CallResult | None) -> str:
    """How a call differs from what is expected; empty when it doesn't."""
    if result is None:
        return "ended without a result"
    return compare_results(source.signature, source.expected[test], result) or ""


def _weight(test: Test) -> int:
    return sum(w.length for w in test.words if isinstance(w, ArrayWord))


# ---------------------------------------------------------------- targets


def _run_openmp(cases: list[_Case], settings: _Settings) -> None:
    """First one heavy test each, so that hopeless candidates cost little; then every test with every number of threads."""
    if not cases:
        return
    pieces = [Piece(signature=c.source.signature, code=c.candidate.target) for c in cases]
    with build(pieces, model="openmp", stop=settings.stop) as program:
        for number, words in program.refused.items():
            cases[number].refuse("target:compile_error", words)
        _try_tests(program, cases, threads=_THREADS[-1], limit=1)
        for threads in _THREADS:
            _try_tests(program, cases, threads=threads, limit=None)


def _try_tests(program: Program, cases: list[_Case], *, threads: int, limit: int | None) -> None:
    index = [(number, test) for number, case in enumerate(cases) if case.alive for test in case.source.heaviest()[:limit]]
    results = program.call([cases[n].source.call(n, t) for n, t in index], threads=threads)
    for at, (number, test) in enumerate(index):
        case, result = cases[number], results.get(at)
        difference = _compare(case.source, test, result)
        if difference:
            where = f"test {case.source.tests[test].text()!r} with {threads} threads: {difference}"
            case.refuse(_why(result, program.verdicts.get(number)), where)


def _why(result: CallResult | None, verdict: Verdict | None) -> str:
    if result is None:
        return "target:time_limit" if verdict is Verdict.TIME_LIMIT else "target:runtime_error"
    if result.crashed:
        return "target:time_limit" if result.signal == signal.SIGALRM else "target:runtime_error"
    return "differs"


def _find_races(cases: list[_Case], settings: _Settings) -> None:
    if not cases:
        return
    pieces = [Piece(signature=c.source.signature, code=with_static_schedules(c.candidate.target)) for c in cases]
    with build(pieces, model="openmp", check="race", fork=False, stop=settings.stop) as program:
        for number, words in program.refused.items():
            cases[number].refuse("target:compile_error", words)
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


def _compile_cuda(cases: list[_Case], settings: _Settings) -> None:
    if not cases:
        return
    with build([Piece(signature=c.source.signature, code=c.candidate.target) for c in cases], model="cuda", stop=settings.stop) as program:
        for number, case in enumerate(cases):
            case.level = "compile"
            if number in program.refused:
                case.refuse("target:compile_error", program.refused[number])


def _finding(case: _Case) -> Finding:
    source = case.source
    return Finding(
        candidate_id=case.candidate.candidate_id,
        accepted=case.alive,
        reason=source.reason or case.reason,
        level=case.level,
        valid_tests=tuple(source.tests[t].text() for t in sorted(source.expected)),
        killing_tests=tuple(source.tests[t].text() for t in sorted(source.killing & source.expected.keys())),
        mutants_killed=source.mutants_killed,
        mutants_total=source.mutants_total,
        log=source.log or case.log,
    )
