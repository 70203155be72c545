"""Functions of real code that are called from outside: a stronger test of a hole than what a program prints.

``pairs`` cuts such functions out of a corpus, with tests that are valid on them (`hpcraft.records.Function`), and puts OpenMP into some
(`hpcraft.records.Pair`, origin ``mined``). A test gives scalars and lengths; the contents of arrays come from a seed that nobody knows
before the judgement, results leave as raw buffers, and what they must be is computed by the original in another box.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, cast

from hpcraft.data.programs import Call, Piece, Program, build
from hpcraft.data.verify import has_tools
from hpcraft.errors import InputError, MachineError
from hpcraft.records import REAL_ORIGINS, Function, Pair
from hpcraft.sandbox.abi import CallResult, Signature, compare_results, parse_test
from hpcraft.sandbox.outcome import Model, Verdict
from hpcraft.sandbox.races import with_static_schedules
from hpcraft.shards import read_rows

_POISON = ("-ftrivial-auto-var-init=pattern",)
"""A function that reads what it never wrote gives other results with it."""
_THREADS = {"serial": (1,), "openmp": (1, 3)}
"""Three and not two: an uneven share shows more."""
_RACE_THREADS = 4
_DRAWS = 4
"""Contents that each test is called with: what one draw doesn't tell from the original, all together do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Driven:
    """A function with the tests that it is called with."""

    SCHEMA: ClassVar[str] = "hpcraft.driven/1"

    signature: str
    tests: tuple[str, ...]
    model: str
    """``serial`` or ``openmp``."""
    code: str
    """One function in C and what it needs."""
    source: str
    package: str
    version: str
    path: str
    licence: str
    split: str


def find_functions(folder: Path, splits: Sequence[str]) -> Iterator[Driven]:
    """The functions of real code in a folder of ``pairs``, each once in a model."""
    for row in read_rows(folder, "monolingual", Function):
        if row.split in splits and row.model != "cuda":
            yield _driven(row, row.model, row.source)
    for pair in read_rows(folder, "pairs", Pair):
        if pair.split in splits and pair.origin in REAL_ORIGINS and pair.target_model == "openmp":
            yield _driven(pair, "openmp", pair.target)


def _driven(row: Function | Pair, model: str, code: str) -> Driven:
    return Driven(
        signature=row.signature,
        tests=row.tests,
        model=model,
        code=code,
        source=f"pairs:{row.package}",
        package=row.package,
        version=row.version,
        path=row.path,
        licence=row.licence,
        split=row.split,
    )


def try_all(driven: Driven, texts: Sequence[str], *, seed: int) -> dict[str, str] | None:
    """What the tests say of each version of a function.

    ``built`` when it isn't even built, ``ran`` when every draw of contents tells it from the original, ``sometimes`` when some do, empty when
    it passes. None when the original, built again, doesn't pass, or isn't clean with all contents.

    Raises:
        MachineError: the sandbox failed.
    """
    expected = results_of(driven.signature, driven.tests, driven.code, seed)
    if len(expected) < _DRAWS * len(driven.tests):
        return None
    signature = Signature.parse(driven.signature)
    pieces = [Piece(signature=signature, code=text) for text in (driven.code, *texts)]
    found: dict[str, str] = {}
    with build(pieces, model=cast("Model", driven.model), flags=_POISON) as program:
        wrong = _first_wrong(program, len(pieces), driven.signature, driven.tests, driven.model, expected, seed)
        found = {text: "built" if n in program.refused else wrong[n].how if n in wrong else "" for n, text in enumerate(texts, 1)}
        return None if 0 in program.refused or 0 in wrong else found


def races(driven: Driven, *, seed: int) -> bool:
    """Whether the original isn't clean under the race detector: real code has races at times.

    Raises:
        MachineError: the sandbox failed.
    """
    expected = results_of(driven.signature, driven.tests, driven.code, seed)
    piece = Piece(signature=Signature.parse(driven.signature), code=driven.code)
    return _race(piece, driven.tests, driven.model, seed, expected).startswith("fail")


@lru_cache(maxsize=64)
def results_of(signature: str, tests: tuple[str, ...], code: str, seed: int) -> dict[int, CallResult]:
    """What the original leaves for each call that it does cleanly, by its number among `_calls`.

    Raises:
        MachineError: the sandbox failed.
    """
    entry = Signature.parse(signature)
    # Directives are comments to a compiler without OpenMP, so a parallel original runs with one thread.
    with build([Piece(signature=entry, code=code)], model="openmp") as program:
        found = program.call(_calls(entry, tests, 0, seed))
    return {number: r for number, r in found.items() if not r.fault}


def _calls(signature: Signature, tests: Sequence[str], piece: int, seed: int) -> list[Call]:
    """Every test with each draw, the draws one after the other."""
    return [
        Call(piece=piece, arguments=parse_test(signature, text).arguments([seed, draw, number]))
        for draw in range(_DRAWS)
        for number, text in enumerate(tests)
    ]


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A piece that doesn't do what the original does."""

    why: str
    """Of the first call."""
    draws: frozenset[int]

    @property
    def how(self) -> str:
        """As `try_all` says it."""
        return "ran" if len(self.draws) == _DRAWS else "sometimes"


def _first_wrong(
    program: Program, num_pieces: int, signature: str, tests: Sequence[str], model: str, expected: dict[int, CallResult], seed: int
) -> dict[int, _Wrong]:
    """Of each piece that is built and doesn't pass all calls the first that it doesn't pass, and the draws of those."""
    entry = Signature.parse(signature)
    wrong: dict[int, _Wrong] = {}
    size = _DRAWS * len(tests)
    for threads in _THREADS[model]:
        pieces = [n for n in range(num_pieces) if n not in program.refused and n not in wrong]
        found = program.call([call for n in pieces for call in _calls(entry, tests, n, seed)], threads=threads, seconds=1)
        for at, piece in enumerate(pieces):
            whys = {number: _difference(entry, wanted, found.get(at * size + number)) for number, wanted in expected.items()}
            if failed := sorted(number for number, why in whys.items() if why):
                text = tests[failed[0] % len(tests)]
                why = f"called with {text} and {threads} thread{'s' * (threads > 1)}: {whys[failed[0]]}"
                wrong[piece] = _Wrong(why, frozenset(number // len(tests) for number in failed))
    return wrong


def _difference(signature: Signature, wanted: CallResult, got: CallResult | None) -> str:
    return "ended without a result" if got is None else compare_results(signature, wanted, got) or ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """What became of an answer; words are empty where nothing is wrong."""

    unbuilt: str = ""
    wrong: str = ""
    race: str = ""
    """``pass``, ``fail: why`` or ``skip: why``."""


def try_answer(signature: str, tests: tuple[str, ...], model: str, original: str, filled: str, seed: int) -> Called:
    """Build a function with an answer in it, and call it.

    Raises:
        InputError: the original itself doesn't do its tests here.
        MachineError: the sandbox failed.
    """
    expected = results_of(signature, tests, original, seed)
    if 2 * len(expected) < _DRAWS * len(tests):
        raise InputError("the original doesn't do its own tests on this machine")
    piece = Piece(signature=Signature.parse(signature), code=filled)
    with build([piece], model=cast("Model", model), flags=_POISON) as program:
        if program.refused:
            return Called(unbuilt=program.refused[0] or "not built")
        found = _first_wrong(program, 1, signature, tests, model, expected, seed)
        wrong = found[0].why if found else ""
    return Called(wrong=wrong, race="" if wrong else _race(piece, tests, model, seed, expected))


def _race(piece: Piece, tests: Sequence[str], model: str, seed: int, clean: Collection[int]) -> str:
    if model != "openmp":
        return "skip: not offered for serial"
    if lacking := has_tools("openmp", race=True):
        return f"skip: {lacking}"
    shared = replace(piece, code=with_static_schedules(piece.code))
    with build([shared], model="openmp", check="race", fork=False) as program:
        if program.refused:
            raise MachineError("a function that was built isn't built with the race check")
        calls = [call for number, call in enumerate(_calls(piece.signature, tests, 0, seed)) if number in clean]
        reports = program.races(calls[: len(tests)], threads=_RACE_THREADS)
    outcome = reports[0]
    return "pass" if outcome is None else f"fail: {'data race' if outcome.verdict is Verdict.RACE else outcome.verdict}"
