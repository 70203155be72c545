"""Directives of OpenMP and OpenACC, taken apart: construct and clauses, and back to one line.

`find_directives` reads a text as found, before comments are stripped. Nothing is lost: a word that no table knows stays as a
construct or clause that isn't `known`, so that macros and vendors' extensions survive. Arguments keep their case and content;
blanks outside strings count as one.

The law: ``parse_directive(render(d)) == d`` for every directive found, where lines and text as found don't count.

Not covered: what macros in a directive stand for; directives within the arguments of ``metadirective``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from hpcraft.data.directive_scan import Place, scan
from hpcraft.errors import InputError
from hpcraft.tokenizer.constructs import ATOMIC_KINDS, CLAUSES, CONSTRUCTS, LIST_CLAUSES, by_spelling, most_words, spelling

_C_PIECE = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\s+')
_FORTRAN_PIECE = re.compile(r"\"[^\"]*\"|'[^']*'|\s+")
_WORDS = re.compile(r"[A-Za-z_]\w*(?:(?: ?, ?| )[A-Za-z_]\w*)*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_GARBAGE = re.compile(r"[^\s,(]+")
_FENCES = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[()]")
_FORTRAN_FENCES = re.compile(r"\"[^\"]*\"|'[^']*'|[()]")
_TOP_LEVEL = re.compile(r"\"[^\"]*\"|'[^']*'|::|[()\[\]{},:]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause as written."""

    name: str
    """In its own case; empty where brackets stand alone."""
    argument: str | None = None
    """What stands between the brackets, or None without brackets."""
    known: bool = True
    """Whether the language has a clause of that name."""


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive, taken apart."""

    model: str
    """``omp`` or ``acc``."""
    construct: str
    """The canonical name, such as ``parallel for simd``; an unknown one is its first word as written."""
    clauses: tuple[Clause, ...] = ()
    argument: str | None = None
    """What stands in brackets right behind the construct, as in ``critical(name)`` or ``flush(a, b)``."""
    fortran: bool = False
    line: int = field(default=0, compare=False)
    end_line: int = field(default=0, compare=False)
    text: str = field(default="", compare=False)
    """As found, continuation lines included."""

    @property
    def known(self) -> bool:
        """Whether the construct is in the tables."""
        return self.construct in CONSTRUCTS[self.model]


def find_directives(language: str, text: str, form: str = "") -> list[Directive]:
    """All directives of a text, in order.

    Args:
        language: a `hpcraft.records.Language`.
        text: as found, comments included; Fortran as found or converted to free form.
        form: of Fortran text: ``fixed``, ``free``, or empty to decide by the sentinels.
    """
    fortran = language == "fortran"
    return [_taken_apart(place, fortran) for place in scan(text, fortran=fortran, form=form)]


def parse_directive(line: str) -> Directive:
    """One directive, as `render` writes it or as it stands in a text.

    Raises:
        InputError: the text doesn't hold exactly one directive.
    """
    fortran = not line.lstrip().startswith(("#", "_Pragma", "[["))
    places = scan(line, fortran=fortran)
    if len(places) != 1:
        raise InputError(f"{line[:60]!r}: holds {len(places)} directives; give one, such as `#pragma omp parallel for` or `!$acc loop`")
    return _taken_apart(places[0], fortran)


def render(directive: Directive) -> str:
    """A directive as one line: canonical construct, all clauses in their order and own case."""
    words = [f"!${directive.model}" if directive.fortran else f"#pragma {directive.model}"]
    words.append(directive.construct + _bracketed(directive.argument))
    words.extend(clause.name + _bracketed(clause.argument) for clause in directive.clauses)
    return " ".join(word for word in words if word)


def same_clauses(a: Directive, b: Directive) -> bool:
    """Whether two directives say the same but for the order of clauses and of lists, blanks, and Fortran's case."""
    return comparison_key(a) == comparison_key(b)


def comparison_key(directive: Directive) -> tuple[str, str, str, frozenset[tuple[str, int]]]:
    """What `same_clauses` compares: hashable, equal for directives that say the same.

    ``private(a, b)``, ``private(b,a)`` and ``private(a) private(b)`` are the same; ``do`` and ``for`` are not.
    """
    items: Counter[str] = Counter()
    for clause in directive.clauses:
        name = clause.name.lower() if directive.fortran or clause.known else clause.name
        argument = None if clause.argument is None else _squeezed(clause.argument, directive.fortran)
        if argument is not None and name in LIST_CLAUSES:
            modifier, listed = _modifier(argument)
            items.update(f"{name}({modifier}{item})" for item in _listed(listed))
        else:
            items[name + _bracketed(argument)] += 1
    argument = "" if directive.argument is None else ",".join(sorted(_listed(_squeezed(directive.argument, directive.fortran))))
    return directive.model, directive.construct, argument, frozenset(items.items())


def _taken_apart(place: Place, fortran: bool) -> Directive:
    body = _collapsed(place.body, fortran)
    construct, at = _construct(place.model, body, fortran)
    argument, at = _argument(body, at, fortran)
    clauses = list(_clauses(place.model, body, at, fortran))
    construct = _with_atomic_kinds(construct, clauses)
    return Directive(place.model, construct, tuple(clauses), argument, fortran, place.line, place.end_line, place.text)


def _construct(model: str, body: str, fortran: bool) -> tuple[str, int]:
    """The canonical name that a body begins with, and where it ends: the longest that the tables know."""
    found = _WORDS.match(body)
    words = list(_WORD.finditer(body, 0, found.end()))[: most_words(model)] if found else []
    names = by_spelling(model, fortran=fortran)
    for count in range(len(words), 0, -1):
        name = names.get(spelling(" ".join(word[0] for word in words[:count]), fortran=fortran))
        if name:
            return name, words[count - 1].end()
    return (words[0][0], words[0].end()) if words else ("", 0)


def _clauses(model: str, body: str, at: int, fortran: bool) -> Iterator[Clause]:
    while at < len(body):
        if body[at] in " ,":
            at += 1
            continue
        word = _WORD.match(body, at)
        found = word or _GARBAGE.match(body, at)
        name = found[0] if found else ""
        argument, at = _argument(body, at + len(name), fortran)
        spelled = name.lower() if fortran else name
        yield Clause(name, argument, bool(word) and spelled in CLAUSES[model])


def _argument(body: str, at: int, fortran: bool) -> tuple[str | None, int]:
    """What brackets at a place hold, and where they end; brackets that never close are closed at the end."""
    start = at
    while body[start : start + 1] in (" ", ","):
        start += 1
    if body[start : start + 1] != "(":
        return None, at
    depth = 0
    for found in (_FORTRAN_FENCES if fortran else _FENCES).finditer(body, start):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return body[start + 1 : found.start()].strip(), found.end()
    return body[start + 1 :].strip() + ")" * (depth - 1), len(body)


def _with_atomic_kinds(construct: str, clauses: list[Clause]) -> str:
    """The name with the kinds that stand among the clauses, which then go from there."""
    if construct.split(" ")[0] != "atomic":
        return construct
    kinds = [clause for clause in clauses if clause.argument is None and clause.name.lower() in ATOMIC_KINDS]
    words = {*construct.split(" ")[1:], *(clause.name.lower() for clause in kinds)}
    name = " ".join(["atomic", *(kind for kind in ATOMIC_KINDS if kind in words)])
    if not kinds or name not in CONSTRUCTS["omp"] | CONSTRUCTS["acc"]:
        return construct
    clauses[:] = [clause for clause in clauses if clause not in kinds]
    return name


def _bracketed(argument: str | None) -> str:
    return "" if argument is None else f"({argument})"


def _collapsed(body: str, fortran: bool) -> str:
    """The text with every run of blanks outside strings as one."""
    pieces = _FORTRAN_PIECE if fortran else _C_PIECE
    return pieces.sub(lambda found: " " if found[0].isspace() else found[0], body).strip()


def _squeezed(argument: str, fortran: bool) -> str:
    """An argument without blanks where they say nothing, and in Fortran without case."""

    def piece(found: re.Match[str]) -> str:
        if not found[0].isspace():
            return found[0]
        around = argument[found.start() - 1 : found.start()] + argument[found.end() : found.end() + 1]
        return " " if len(around) == 2 and all(letter.isalnum() or letter == "_" for letter in around) else ""

    squeezed = (_FORTRAN_PIECE if fortran else _C_PIECE).sub(piece, argument)
    return squeezed.lower() if fortran else squeezed


def _modifier(argument: str) -> tuple[str, str]:
    """What stands before the first colon outside brackets, the colon included, and the rest."""
    depth = 0
    for found in _TOP_LEVEL.finditer(argument):
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth -= 1
        elif found[0] == ":" and not depth:
            return argument[: found.end()], argument[found.end() :]
    return "", argument


def _listed(argument: str) -> Iterator[str]:
    """The parts between commas outside brackets."""
    depth = start = 0
    for found in _TOP_LEVEL.finditer(argument):
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth -= 1
        elif found[0] == "," and not depth:
            yield argument[start : found.start()].strip()
            start = found.end()
    yield argument[start:].strip()
