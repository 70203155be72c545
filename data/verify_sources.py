"""The source of a verification, mostly the sequential side: which tests are valid, what they cover, and which faults they notice.

A test counts when the source runs clean on it under the address and undefined-behaviour sanitizers, and gives the same results again in a build
whose local variables begin with a pattern. In that build the source is a schema (`hpcraft.data.schemata`): the same program holds its faulty
versions and the marks of statements that ran. A source in OpenMP is run with 4 threads under the sanitizers and with 3 in the second build; one in CUDA
by the emulation, the first time under its check ``race``, and its statements aren't marked.

Not covered: reads of uninitialised memory that gives the same result twice; races of a source in OpenMP that change no result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hpcraft.data import recorded
from hpcraft.data.programs import Call, Piece, Program, build
from hpcraft.data.schemata import Schema, covered, schema
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Argument, ArrayWord, CallResult, Signature, Test, compare_results, parse_test
from hpcraft.sandbox.outcome import Model
from hpcraft.verification import Candidate

SANITIZE = ("-g0", "-O0", "-fsanitize=undefined", "-fno-sanitize-recover=all", "-lubsan")
POISON = ("-O0", "-w", "-ftrivial-auto-var-init=pattern")
_CUDA_CLEAN, _CUDA_AGAIN = ("-O1",), ("-O0", "-w")
_SECONDS = 1
"""For a call of a faulty version, which may never end."""
_CLEAN_SECONDS = {"serial": 2, "openmp": 2, "cuda": 5}
_CLEAN_THREADS, _AGAIN_THREADS = 4, 3
_MOST_ELEMENTS = 400_000
"""Of all arrays of a test: a batch holds those of all tests, once for each faulty version."""
MODELS: tuple[Model, ...] = ("serial", "openmp", "cuda")
"""What sources are written in."""
MODEL_OF: dict[str, Model] = {model: model for model in MODELS}
"""The same by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What is asked of every candidate, as `hpcraft.data.verify.verify` explains."""

    seed: int
    race: bool
    num_mutants: int
    min_killed: float
    min_coverage: float
    max_tests: int | None
    emulate: bool
    """Whether CUDA is run by the emulation; else it is compiled."""
    run_targets: bool = True
    """Whether targets are run; else they are only built."""
    proved: bool = False
    """Whether sources are known to be clean on their tests."""
    every_test: bool = False
    """Whether a target whose results differ on one test is tried on the others, too."""

    def enough(self, killed: int, total: int) -> bool:
        """Whether the tests noticed enough faults."""
        return killed >= max(1, self.min_killed * total)


@dataclass(kw_only=True, slots=True)
class Source:
    """The function that is translated and what is known of it; candidates with the same one share it."""

    code: str
    signature: Signature
    model: Model = "serial"
    tests: list[Test]
    seed: int
    reason: str = ""
    log: str = ""
    expected: dict[int, CallResult] = field(default_factory=dict)
    """Test number to results, valid tests only."""
    kept: set[int] | None = None
    """The valid tests that stay with a pair; None for all. The others judge targets, but what a pair says of its tests doesn't rest on them."""
    kept_arguments: dict[int, list[Argument]] = field(default_factory=dict)
    kills: dict[int, set[int]] = field(default_factory=dict)
    """Test number to the faults that it notices."""
    marks: dict[int, set[int]] = field(default_factory=dict)
    """Test number to the statements that it runs."""
    lines: tuple[int, ...] = ()
    """The line of each statement."""
    mutants_total: int = 0

    @property
    def language(self) -> str:
        """``cuda`` or ``c``."""
        return "cuda" if self.model == "cuda" else "c"

    @property
    def staying(self) -> list[int]:
        """The tests that stay with a pair, in order."""
        return sorted(self.expected if self.kept is None else self.kept & self.expected.keys())

    @property
    def mutants_killed(self) -> int:
        """The faults that some kept test notices."""
        return len(set[int]().union(*(self.kills.get(t, ()) for t in self.staying)))

    @property
    def coverage(self) -> float:
        """The share of lines that kept tests run."""
        seen = set[int]().union(*(self.marks.get(t, ()) for t in self.staying))
        return covered(self.lines, [mark in seen for mark in range(len(self.lines))])

    def arguments(self, test: int) -> list[Argument]:
        """What a test gives the function."""
        if test not in self.kept_arguments:
            self.kept_arguments[test] = recorded.arguments(self.tests[test], self.code, self.seed)
        return self.kept_arguments[test]

    def call(self, piece: int, test: int) -> Call:
        """The call of a piece with the arguments of a test."""
        return Call(piece=piece, arguments=self.arguments(test))

    def heaviest(self) -> list[int]:
        """Valid tests, those with the most data first."""
        return sorted(self.expected, key=lambda t: (-weight(self.tests[t]), t))

    def difference(self, test: int, result: CallResult | None) -> str:
        """How a call differs from what is expected; empty when it doesn't."""
        if result is None:
            return "ended without a result"
        return compare_results(self.signature, self.expected[test], result) or ""


def read_source(candidate: Candidate, seed: int) -> Source:
    """The source of a candidate with those of its tests that can be read."""
    try:
        signature = Signature.parse(candidate.signature)
    except InputError as error:
        return Source(code="", signature=Signature.parse("void none()"), tests=[], seed=seed, reason="signature", log=str(error))
    tests, log = [], ""
    for text in candidate.tests:
        try:
            test = parse_test(signature, text)
        except InputError as error:
            log = log or str(error)
            continue
        if weight(test) > _MOST_ELEMENTS:
            log = log or f"test {text[:80]!r}: {weight(test):,} array elements, more than {_MOST_ELEMENTS:,}; give shorter arrays"
        else:
            tests.append(test)
    source = Source(code=candidate.source, signature=signature, tests=tests, seed=seed, reason="" if tests else "tests", log=log)
    if (found := MODEL_OF.get(candidate.source_model)) is None:
        source.reason, source.log = "unsupported", f"source model {candidate.source_model!r}; allowed: {', '.join(MODELS)}"
    else:
        source.model = found
    return source


def weight(test: Test) -> int:
    """How much data a test has."""
    return sum(w.length for w in test.words if isinstance(w, ArrayWord))


# ---------------------------------------------------------------- valid tests


def run_sources(sources: Sequence[Source], settings: Settings) -> None:
    """Find the valid tests; of tests with the same scalars the one with the shortest arrays that runs clean is taken."""
    for model in MODELS:
        mine = [s for s in sources if s.model == model]
        if mine and model == "cuda" and not settings.emulate:
            for source in mine:
                source.reason, source.log = "unsupported", "nothing here emulates CUDA, so the source can't be run"
        elif mine:
            _run(model, mine)


def _run(model: Model, sources: Sequence[Source]) -> None:
    ladders = [_ladders(s) for s in sources]
    pieces = [Piece(signature=s.signature, code=s.code) for s in sources]
    with _clean(pieces, model) as program:
        for number, words in program.refused.items():
            sources[number].reason = "unsupported" if number in program.unsupported else "source:compile_error"
            sources[number].log = words
        while any(ladder for rungs in ladders for ladder in rungs):
            index = [(n, ladder.pop(0), ladder) for n, rungs in enumerate(ladders) for ladder in rungs if ladder]
            calls = [sources[n].call(n, t) for n, t, _ in index]
            results = program.call(calls, threads=_CLEAN_THREADS if model == "openmp" else 1, seconds=_CLEAN_SECONDS[model])
            for at, (number, test, longer) in enumerate(index):
                result = results.get(at)
                if result and not result.fault and finite(result):
                    sources[number].expected[test] = result
                    longer.clear()
    for source in sources:
        if not source.expected and not source.reason:
            source.reason = "no-valid-tests"


def _clean(pieces: Sequence[Piece], model: Model) -> Program:
    if model == "cuda":
        return build(pieces, model=model, cuda="emulate", check="race", flags=_CUDA_CLEAN)
    return build(pieces, model=model, check="address", flags=SANITIZE)


def _again(pieces: Sequence[Piece], model: Model) -> Program:
    if model == "cuda":
        return build(pieces, model=model, cuda="emulate", flags=_CUDA_AGAIN)
    return build(pieces, model=model, flags=POISON)


def _ladders(source: Source) -> list[list[int]]:
    """Tests by their scalars, each list from short arrays to long ones; without scalars every test stands alone."""
    ladders: dict[object, list[int]] = {}
    for test in sorted(range(len(source.tests)), key=lambda t: (weight(source.tests[t]), t)):
        scalars = tuple(w for w in source.tests[test].words if not isinstance(w, ArrayWord))
        ladders.setdefault(scalars or test, []).append(test)
    return list(ladders.values())


def finite(result: CallResult) -> bool:
    """Whether a call left neither a NaN nor an infinity behind."""
    values = [*result.arrays, np.array([result.value or 0])]
    return all(np.isfinite(v).all() for v in values if v.dtype.kind == "f")


# ---------------------------------------------------------------- faults and lines


def try_sources(sources: Sequence[Source], settings: Settings) -> None:
    """Drop the tests whose results the original doesn't repeat, see what the others run, and try them on faulty versions where some are asked for."""
    if settings.proved and not settings.num_mutants:
        return
    for model in MODELS:
        if mine := [s for s in sources if s.model == model]:
            _try(model, mine, settings)
    for source in sources:
        _settle(source, settings)


def _schema(source: Source, count: int, seed: int) -> Schema | None:
    marks = source.model != "cuda"  # what runs on the device doesn't see the array of marks
    return schema(source.code, source.signature, language=source.language, count=count, seed=seed, marks=marks)


def _try(model: Model, sources: Sequence[Source], settings: Settings) -> None:
    made = [_schema(s, settings.num_mutants, settings.seed) for s in sources]
    found = [s for s in made if s is not None]
    owners = [s for s, m in zip(sources, made, strict=True) if m is not None]
    with _again([Piece(signature=m.signature, code=m.code) for m in found], model) as program:
        whole = [n for n in range(len(found)) if n not in program.refused]
        _read_trial(program, [(n, owners[n], found[n], range(len(found[n].kinds) + 1)) for n in whole])
    _try_alone(model, [(owners[n], found[n]) for n in program.refused], settings)


def _settle(source: Source, settings: Settings) -> None:
    if settings.max_tests is not None:
        _keep_telling(source, settings.max_tests)
    if not source.expected:
        source.reason = "no-valid-tests"
    elif source.coverage < settings.min_coverage:
        source.reason, source.log = "not-covered", f"{source.coverage:.0%} of the lines run"
    elif settings.num_mutants and not settings.enough(source.mutants_killed, source.mutants_total):
        source.reason = "few-mutants-killed" if source.mutants_killed else "no-mutant-killed"
        source.log = f"{source.mutants_killed} of {source.mutants_total} faults of the source noticed"


def _read_trial(program: Program, trials: Sequence[tuple[int, Source, Schema, Sequence[int]]]) -> None:
    """Call pieces (each with its source, its schema and the numbers of its faults) on every valid test, the heaviest first.

    A version that crashes on that one, or doesn't end, is not called on the others.
    """
    order = {piece: source.heaviest() for piece, source, _, _ in trials}
    ended: set[tuple[int, int]] = set()
    for part in (slice(1), slice(1, None)):
        index = [
            (piece, source, made, fault, test)
            for piece, source, made, faults in trials
            for fault in faults
            for test in order[piece][part]
            if (piece, fault) not in ended
        ]
        calls = [with_fault(s, p, m, fault, test) for p, s, m, fault, test in index]
        results = program.call(calls, threads=_AGAIN_THREADS if _is_threaded(trials) else 1, seconds=_SECONDS)
        for at, (piece, source, _, fault, test) in enumerate(index):
            result = results.get(at)
            if test not in source.expected:
                continue
            differs = source.difference(test, without_marks(result))
            if not fault and differs:
                source.expected.pop(test)
            elif not fault and result is not None:
                source.marks[test] = set(np.flatnonzero(result.arrays[-1]).tolist())
            elif differs and result is not None:  # one without a result was not called
                source.kills.setdefault(test, set()).add(fault)
                if result.crashed:
                    ended.add((piece, fault))
    for _, source, made, _ in trials:
        source.lines, source.mutants_total = made.lines, len(made.kinds)


def _is_threaded(trials: Sequence[tuple[int, Source, Schema, Sequence[int]]]) -> bool:
    return bool(trials) and trials[0][1].model == "openmp"


def _try_alone(model: Model, refused: Sequence[tuple[Source, Schema]], settings: Settings) -> None:
    """Where faults can't stand side by side, the original alone with its marks, and each faulty version by itself."""
    pieces: list[Piece] = []
    trials: list[tuple[int, Source, Schema, Sequence[int]]] = []
    for source, made in refused:
        alone = _schema(source, 0, settings.seed)
        assert alone is not None
        trials.append((len(pieces), source, alone, (0,)))
        pieces.append(Piece(signature=alone.signature, code=alone.code))
        for number, code in enumerate(made.mutants, 1):
            plain = schema(code, source.signature, language=source.language, count=0)
            if plain is not None:
                trials.append((len(pieces), source, replace(alone, signature=plain.signature), (number,)))
                pieces.append(Piece(signature=plain.signature, code=plain.code))
    if not pieces:
        return
    with _again(pieces, model) as program:
        for source, _ in refused:
            # A version that doesn't build is none; an original that doesn't is no longer clean.
            mine = [t for t in trials if t[1] is source]
            if mine[0][0] in program.refused:
                source.expected.clear()
        _read_trial(program, [t for t in trials if t[0] not in program.refused and t[1].expected])
    for source, _ in refused:
        source.mutants_total = sum(1 for t in trials if t[1] is source and t[3] != (0,) and t[0] not in program.refused)


def with_fault(source: Source, piece: int, made: Schema, fault: int, test: int) -> Call:
    """The call of a schema with the arguments of a test and a fault."""
    return Call(piece=piece, arguments=[*source.arguments(test), fault, np.zeros(made.num_marks, np.uint8)], fault=fault)


def without_marks(result: CallResult | None) -> CallResult | None:
    """The result of the function that a schema holds."""
    return result if result is None or result.crashed else replace(result, arrays=result.arrays[:-1])


def _keep_telling(source: Source, count: int) -> None:
    """Keep those valid tests that together notice the most faults and run the most lines."""
    left, kept = list(source.expected), list[int]()
    told: set[tuple[str, int]] = set()
    while left and len(kept) < count:
        best = max(left, key=lambda t: (len(_tells(source, t) - told), weight(source.tests[t]) > 0, -t))
        told |= _tells(source, best)
        kept.append(best)
        left.remove(best)
    source.kept = set(kept)


def _tells(source: Source, test: int) -> set[tuple[str, int]]:
    return {("fault", f) for f in source.kills.get(test, ())} | {("mark", m) for m in source.marks.get(test, ())}
