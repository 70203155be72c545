"""Renames a program's own identifiers to canonical ones and back, so that a small model learns code rather than names.

Each symbol (a name in its scope) gets a letter for what it is and a number by first use, or one drawn from a seed: ``v0`` variables,
``f0`` functions, ``t0`` types and namespaces, ``m0`` members, ``l0`` labels, ``d0`` macros. What is new in a translation takes
``w g u n k e`` in their stead. What a language, a library or a directive gives a meaning stays, and so do names of headers that
are not at hand. Restoring is exact for every text.
The native half finds the symbols and writes the text; what stays and how the others are numbered is decided here.
Not covered: words inside comments and strings; names in the assembler's and the linker's options.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from hpcraft.errors import InputError
from hpcraft.tokenizer import _native
from hpcraft.tokenizer.fortran_form import form_of
from hpcraft.tokenizer.lexer import encoded, language_number, lex
from hpcraft.tokenizer.rename_fortran import restore_fortran, substitute_fortran
from hpcraft.tokenizer.vocabulary import is_kept, is_platform_header

LETTERS: Mapping[str, str] = {"v": "w", "f": "g", "t": "u", "m": "n", "l": "k", "d": "e", "i": "j", "s": "r"}
"""Letter of a kind of symbol to the one for what is new in a translation."""

ALL_LETTERS = "".join([*LETTERS, *LETTERS.values()])
CANONICAL = re.compile(rf"[{ALL_LETTERS}](?:0|[1-9]\d*)")
"""What a canonical name looks like."""

_POOL: Mapping[str, int] = {"v": 32, "f": 8, "t": 8, "m": 16, "l": 4, "d": 8, "i": 16, "s": 8}
"""Random numbers are drawn from this many at least, so that a short text shows large ones too."""
_USED_AS: Mapping[str, str] = {"i": "vf", "s": "d"}
"""Letters that Fortran needs for kinds that have another: an implicit integer, and a macro (one called `d0` would change `1.d0`)."""
_DECLARED, _LOCAL, _FIXED, _MEMBER = 1, 2, 16, 32
"""Flags of a symbol, as in ``native/analysis.h``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Renamed:
    """A text in canonical names, and what each of them was."""

    text: str
    names: Mapping[str, str]
    """Canonical name to original."""
    language: str
    form: str = ""
    """Of Fortran."""
    spellings: tuple[tuple[int, str], ...] = ()
    """Fortran: places whose name was spelled in another case than at its first place."""
    patches: tuple[tuple[int, int, str], ...] = ()
    """Fortran: stretches that keep columns in bounds (begin and length in bytes of UTF-8), and what stood there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Symbols:
    """What the native half found in a text."""

    source: bytes
    numbers: tuple[int, int]
    spellings: list[str]
    kinds: str
    flags: bytes
    places: bytes
    stays: list[bool]


def rename(source: str, language: str, *, form: str = "", seed: int | None = None, keep: Collection[str] = ()) -> Renamed:
    """Put canonical names for the program's own.

    Args:
        source: any text.
        language: ``c``, ``cpp``, ``cuda`` or ``fortran``.
        form: of Fortran: ``free``, ``fixed``, or ``wide`` for statements up to column 132; found by `form_of` when not given.
        seed: number names at random instead of by first use (an augmentation).
        keep: names that stay.

    Returns:
        The renamed text; `restore` gives ``source`` back byte for byte.
    """
    form = form or (form_of(source) if language == "fortran" else "")
    symbols = _resolve(source, language, form, keep)
    taken = _occurring(symbols)
    canonical: list[str | None] = [None] * len(symbols.spellings)
    for letter in LETTERS:
        mine = [i for i, kind in enumerate(symbols.kinds) if kind == letter and not symbols.stays[i]]
        for i, number in zip(mine, _numbers(letter, len(mine), taken, seed), strict=True):
            canonical[i] = f"{letter}{number}"
    return _written(source, language, form, symbols, canonical)


def rename_like(text: str, language: str, renamed: Renamed) -> Renamed:
    """Rename a translation with the names of its source; names that are new in it become ``w0, ..`` and ``g0, ..``.

    Of several symbols of one spelling and kind, the k-th of the translation is taken for the k-th of the source.
    """
    form = form_of(text) if language == "fortran" else ""
    symbols = _resolve(text, language, form, ())
    canonical = _shared(symbols, language, renamed)
    taken = _occurring(symbols)
    for kind, letter in LETTERS.items():
        new = [i for i, name in enumerate(canonical) if name is None and symbols.kinds[i] == kind and not symbols.stays[i]]
        for i, number in zip(new, _numbers(letter, len(new), taken, None), strict=True):
            canonical[i] = f"{letter}{number}"
    return _written(text, language, form, symbols, canonical)


def _shared(symbols: _Symbols, language: str, renamed: Renamed) -> list[str | None]:
    """For each symbol of a translation the name that its source has for it, or None; one name is never two spellings."""
    # Fortran takes N for n, so that a translation from it or to it may spell a name in another case.
    fold = str.lower if "fortran" in (language, renamed.language) else str
    exact, folded = _by_spelling(renamed.names, str), _by_spelling(renamed.names, fold)
    shared: list[str | None] = [None] * len(symbols.spellings)
    owner: dict[str, str] = {}
    ranks: dict[tuple[str, str], int] = {}
    # In C the one of `n` and `N` that is spelled as in the source comes first.
    for tables in ((exact, folded),) if language == "fortran" else ((exact,), (folded,)):
        for i, (spelling, kind, flags) in enumerate(zip(symbols.spellings, symbols.kinds, symbols.flags, strict=True)):
            if symbols.stays[i] or shared[i]:
                continue
            found = (table.get((spelling if table is exact else fold(spelling), use), ()) for use in (kind, "") for table in tables)
            same = [name for name in next(filter(None, found), ()) if language != "fortran" or _fits(name, kind, flags)]
            rank = ranks.get((fold(spelling), kind), 0)
            first = min(rank, max(len(same) - 1, 0))
            chosen = next((name for name in [*same[first:], *same[:first][::-1]] if owner.get(name, spelling) == spelling), None)
            if chosen:
                ranks[fold(spelling), kind] = rank + 1
                owner[chosen] = spelling
                shared[i] = chosen
    return shared


def _by_spelling(names: Mapping[str, str], fold: Callable[[str], str]) -> dict[tuple[str, str], list[str]]:
    """Canonical names by what they were and by their letter, or any letter (an empty one)."""
    known: dict[tuple[str, str], list[str]] = {}
    for name, original in names.items():
        known.setdefault((fold(original), name[0]), []).append(name)
        known.setdefault((fold(original), ""), []).append(name)
    return known


def _fits(name: str, kind: str, flags: int) -> bool:
    """Whether a symbol of Fortran may be called so: what is implicitly typed has the type of its letter, and `1.d0` no macro in it."""
    if kind in "is":
        return name[0] in (kind, LETTERS[kind])
    return bool(flags & _DECLARED) or name[0] not in "ij"


def restore(renamed: Renamed) -> str:
    """The original text, byte for byte.

    Raises:
        InputError: ``patches`` or ``spellings`` of Fortran aren't this text's.
    """
    if renamed.language == "fortran":
        return restore_fortran(renamed.text, renamed.form, renamed.names, renamed.patches, renamed.spellings)
    return _substitute(renamed.text, renamed.language, renamed.names)


def restore_text(text: str, names: Mapping[str, str], language: str = "c") -> str:
    """Put the original names into a text that a model wrote in canonical ones.

    A canonical name without an original keeps its spelling, unless a name of the program has it already.
    """
    fold = str.lower if language == "fortran" else str
    taken = {fold(name) for name in names.values()}
    full = dict(names)
    for token in lex(text, language):
        if token.kind == "word" and CANONICAL.fullmatch(token.text) and token.text not in full:
            fresh = token.text
            while fresh in taken:
                fresh += "_"
            taken.add(fresh)
            full[token.text] = fresh
    return _substitute(text, language, full)


def _resolve(text: str, language: str, form: str, keep: Collection[str]) -> _Symbols:
    numbers = language_number(language, form)
    source = encoded(text)
    spellings, kinds, flags, places, includes = _native.resolve(source, *numbers)
    stays = _policy(language, includes, keep)
    return _Symbols(
        source=source,
        numbers=numbers,
        spellings=spellings,
        kinds=kinds,
        flags=flags,
        places=places,
        stays=[stays(*symbol) for symbol in zip(spellings, kinds, flags, strict=True)],
    )


def _policy(language: str, includes: Collection[str], keep: Collection[str]) -> Callable[[str, str, int], bool]:
    """Whether a symbol of a spelling, a kind and flags stays."""
    headers = frozenset(includes)
    # What a header declares that isn't at hand, and is no platform's, can't be told from what the text leaves undeclared.
    foreign = any(not is_platform_header(header, language) for header in headers)
    kept = frozenset(keep) | {"main"}

    def stays(spelling: str, kind: str, flags: int) -> bool:
        if flags & _FIXED or spelling in kept:
            return True
        if flags & _LOCAL:
            return False
        uses = _USED_AS.get(kind, kind)
        uses += "m" if flags & _MEMBER and kind != "m" else ""
        if flags & _DECLARED:
            return any(is_kept(spelling, language, kind=use, declared=True, headers=headers) for use in uses)
        # In a whole text only a platform can have declared it; a fragment may leave out what declares it. A field or method that no
        # class of a whole text has belongs to a class of its headers, listed or not. What isn't called must be declared in C, or else is a
        # macro of the command line.
        return (
            foreign
            or (bool(headers) and ("m" in uses or (language != "fortran" and uses != "f")))
            or any(is_kept(spelling, language, kind=use, headers=headers) for use in uses)
            or (bool(headers) and is_kept(spelling, language))
        )

    return stays


def _occurring(symbols: _Symbols) -> frozenset[str]:
    """Canonical names that the text has of itself, where they stay."""
    replaced = bytes(not stays for stays in symbols.stays)
    letters = (ALL_LETTERS + ALL_LETTERS.upper()).encode()
    # Fortran takes V0 for v0; elsewhere skipping one more number does no harm.
    return frozenset(name.lower() for name in _native.occurring(symbols.source, symbols.places, replaced, letters))


def _numbers(letter: str, count: int, taken: frozenset[str], seed: int | None) -> list[int]:
    """Numbers for ``count`` names, none of which the text has already."""
    if not count:
        return []
    size = count if seed is None else max(count, _POOL[letter])
    used = {int(name[1:]) for name in taken if name[0] == letter}
    free = [number for number in range(size + len(used)) if number not in used][:size]
    return free if seed is None else random.Random(f"{seed}{letter}").sample(free, count)


def _written(text: str, language: str, form: str, symbols: _Symbols, canonical: list[str | None]) -> Renamed:
    names = {name: spelling for name, spelling in zip(canonical, symbols.spellings, strict=True) if name}
    if language == "fortran":
        result, patches, spellings = substitute_fortran(symbols.source, form, symbols.places, canonical)
        renamed = Renamed(text=result, names=names, language=language, form=form, spellings=spellings, patches=patches)
        return renamed if _restores(renamed, text) else Renamed(text=text, names={}, language=language, form=form)
    written = _native.substitute(symbols.source, symbols.places, [name.encode() if name else None for name in canonical])
    if not _native.restores(written, *symbols.numbers, *_encoded(names), symbols.source):
        # Never met; the promise is that restoring is exact.
        return Renamed(text=text, names={}, language=language, form=form)
    return Renamed(text=written.decode("utf-8", "surrogatepass"), names=names, language=language, form=form)


def _restores(renamed: Renamed, text: str) -> bool:
    try:
        return restore(renamed) == text
    except InputError:  # two symbols that share a name, in a translation, and are spelled otherwise
        return False


def _substitute(text: str, language: str, names: Mapping[str, str]) -> str:
    if not names:
        return text
    source = encoded(text)
    return _native.replace_words(source, *language_number(language), *_encoded(names)).decode("utf-8", "surrogatepass")


def _encoded(names: Mapping[str, str]) -> tuple[list[bytes], list[bytes]]:
    return [name.encode("utf-8", "surrogatepass") for name in names], [name.encode("utf-8", "surrogatepass") for name in names.values()]
