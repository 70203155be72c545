"""What a compiler really sees of an answer: its own lines as the preprocessor leaves them, and which of its conditional parts it takes.

Macros and conditionals can hide code from whoever reads the source, or show the race detector other code than the judge. Only the
compiler's own preprocessor knows; where an answer has neither, its text is what is compiled, and nobody needs to be asked.
Not covered: answers that look at the compiler by other means than the preprocessor, such as the size of a type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hpcraft import sandbox
from hpcraft.data.parallel.c_text import strip
from hpcraft.errors import UnreadableError
from hpcraft.sandbox.outcome import Job

_DIRECTIVE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*(\w+)", re.MULTILINE)
_MOST_CHARACTERS = 4_000_000
_PLAIN = frozenset({"include", "pragma"})
_MARKER = re.compile(r'^# (\d+) "((?:\\.|[^"\\])*)"')
_HARMLESS = re.compile(
    r"^\s*+(?:#\s*+pragma\s+(?!omp\b|acc\b|GCC\s+optimize|clang\s+(?:optimize|attribute))[^\n]*"
    r"|#\s*+define\s++\w++(?:\s++(?:__restrict(?:__)?|restrict|inline|__inline(?:__)?|static|const|_Pragma\(\"(?!omp|acc)[^\"]*\")*)?\)?\s*"
    r"|#\s*+define\s++__has_\w++\(\w++\)\s++0\s*+"
    r"|#\s*+undef\s++\w++\s*+|#\s*+include\s*+<[^\n]*)?$"
)
"""Lines that may differ between compilers without changing what is computed: hints, qualifiers, headers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An answer after its preprocessor."""

    text: str
    """The lines of the answer's own files, macros expanded."""
    lines: frozenset[int]
    """The numbers of the answer's lines that left something."""


def needs_preprocessor(code: str) -> bool:
    """Whether an answer in C, C++ or CUDA is something else to the compiler than to a reader: it has macros or conditionals."""
    stripped = strip(code)
    return any(name not in _PLAIN for name in _DIRECTIVE.findall(stripped)) or "_Pragma" in stripped


def seen(preprocessed: str, name: str = "") -> Seen:
    """What is the answer's own in a preprocessor's output: what comes from files with relative names, or from the one that is named alone.

    Raises:
        UnreadableError: it is more than can be looked at.
    """
    kept: list[str] = []
    lines: set[int] = set()
    own, number = False, 0
    for line in preprocessed.split("\n"):
        if marker := _MARKER.match(line):
            own = marker[2].removeprefix("./") == name if name else not marker[2].startswith(("/", "<"))
            number = int(marker[1])
            continue
        if own:
            kept.append(line)
            if line.strip():
                lines.add(number)
        number += 1
    text = "\n".join(kept) + "\n"
    if len(text) > _MOST_CHARACTERS:
        raise UnreadableError(f"its macros make {len(text):,} characters of it, at most {_MOST_CHARACTERS:,} are looked at")
    return Seen(text=text, lines=frozenset(lines))


def by_own_macros(code: str) -> Seen:
    """What the own macros of an answer in CUDA leave of it: the emulation translates it before the compiler's preprocessor sees it.

    Raises:
        MachineError: its conditionals need what stands in headers.
        UnreadableError: its macros make too much of it.
    """
    own = Job(files={"candidate.cpp": without_includes(code).encode(errors="replace")}, language="cpp", flags=("-D__CUDACC__",))
    return seen(sandbox.preprocess(own, "candidate.cpp"))


def without_includes(code: str) -> str:
    """An answer whose headers nobody looks for, with as many lines."""
    return re.sub(r"^([ \t]*(?:#|%:)[ \t]*include\b)[^\n]*", "", code, flags=re.MULTILINE)


def differs(code: str, one: Seen, other: Seen) -> str:
    """Where two compilers take other conditional parts of an answer, in words; empty where both see the same."""
    lines = code.replace("\r\n", "\n").split("\n")
    for first, last in _parts(lines):
        inside = [n for n in range(first, last + 1) if not _HARMLESS.match(strip(lines[n - 1]))]
        if {n for n in inside if n in one.lines} and not any(n in other.lines for n in inside):
            return f"lines {first} to {last}"
        if {n for n in inside if n in other.lines} and not any(n in one.lines for n in inside):
            return f"lines {first} to {last}"
    return ""


def _parts(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The parts between conditional directives: numbers of first and last line."""
    first = None
    for number, line in enumerate(lines, 1):
        match = re.match(r"^[ \t]*(?:#|%:)[ \t]*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b", line)
        if match:
            if first is not None and first < number:
                yield first, number - 1
            first = number + 1
