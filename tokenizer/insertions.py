"""Lines to be put back into code: the question with numbered lines, and the answer that names places, for models that aren't hpcraft's own.

    1: void scale(int n, double *x) {                  (1 1, #pragma omp parallel for)
    2:     for (int i = 0; i < n; i++) x[i] *= 2;
    3: }

Behind which line of the question, 0 for before the first; which one of several there it is, from 1; what. One to a line, in their order, or
the word none. It is the notation of MPIrigen's labels, but that nothing is lost: what is put back is always a line of its own.
Not covered: changes within a line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from hpcraft.tokenizer.requests import LANGUAGE_NAMES, block, line_comment

NONE = "none"
"""The answer where nothing is to be put back."""
_LABEL = re.compile(r"^[ \t]*\((\d{1,6})(?:[ \t]+(\d{1,6}))?,[ \t]*(.*)\)[ \t]*$", re.MULTILINE)
_BLANKS = re.compile(r"[ \t]*")
_WHAT = {
    "openmp": ("OpenMP directives", "Put in the OpenMP directives that share its work between threads, with all of their clauses."),
    "mpi": ("MPI calls", "Put in the statements with MPI calls that it lacks."),
}
_HOW = (
    "Answer with one line for each, (LINE PLACE, TEXT): behind which line it stands, 0 for before the first, and which one of several there it "
    f"is; or with the word {NONE} where nothing is needed."
)


@dataclass(frozen=True, slots=True)
class Insertion:
    """A line to be put back."""

    line: int
    """Behind which line of the code it stands; 0 for before the first."""
    place: int
    """Which of the lines at that place it is, from 1."""
    text: str
    """Without blanks around."""


def take_off(lines: Sequence[str], taken: Collection[int]) -> tuple[str, list[Insertion]]:
    """The code without some of its lines, and what puts them back."""
    left: list[str] = []
    found: list[Insertion] = []
    place = 0
    for number, line in enumerate(lines):
        place = place + 1 if number in taken else 0
        if number in taken:
            found.append(Insertion(len(left), place, line.strip()))
        else:
            left.append(line)
    return "".join(f"{line}\n" for line in left), found


def put_back(code: str, insertions: Iterable[Insertion]) -> str:
    """The code with lines put in, each indented as what follows it; places that aren't there are the nearest ones that are."""
    lines = lines_of(code)
    at: dict[int, list[Insertion]] = {}
    for one in insertions:
        at.setdefault(min(one.line, len(lines)), []).append(one)
    result: list[str] = []
    for number in range(len(lines) + 1):
        beside = lines[number : number + 1] or lines[-1:] or [""]
        indent = _BLANKS.match(beside[0])
        result += [(indent[0] if indent else "") + one.text for one in sorted(at.get(number, ()), key=lambda one: one.place)]
        result += lines[number : number + 1]
    return "".join(f"{line}\n" for line in result)


def write_insertions(insertions: Sequence[Insertion]) -> str:
    """The answer that names them."""
    return "\n".join(f"({one.line} {one.place}, {one.text})" for one in insertions) or NONE


def parse_insertions(answer: str) -> list[Insertion]:
    """What an answer puts in; lines that name no place say nothing."""
    return [Insertion(int(found[1]), int(found[2] or 1), found[3].strip()) for found in _LABEL.finditer(answer)]


def insertion_prompt(code: str, what: str, language: str) -> str:
    """The question for a model that continues texts.

    Args:
        code: without what is to be put in.
        what: ``openmp`` or ``mpi``.
        language: a `hpcraft.records.Language`.
    """
    head, tail = _words(what, language), f"{_WHAT[what][0]}:"
    comments = (line_comment(head, "! "), f"! {tail}\n") if language == "fortran" else (block(head), f"/* {tail} */\n")
    return f"{comments[0]}\n{numbered(code)}\n{comments[1]}"


def insertion_request(code: str, what: str, language: str) -> str:
    """The same for a model that converses."""
    return f"{_words(what, language)}\n\n```{language}\n{numbered(code)}```\n"


def _words(what: str, language: str) -> str:
    return f"The lines of the {LANGUAGE_NAMES[language]} code below are numbered. {_WHAT[what][1]} {_HOW}"


def numbered(code: str) -> str:
    """Code with the number of each line in front."""
    return "".join(f"{number}: {line}\n" for number, line in enumerate(lines_of(code), 1))


def lines_of(text: str) -> list[str]:
    """Its lines as `take_off` takes them: only line breaks end one, and the last may lack its own."""
    return text.removesuffix("\n").split("\n") if text else []
