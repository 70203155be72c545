"""C, C++ and CUDA before they are parsed: comments out of the way, and directives as attributes of what they stand before.

The grammars of C see a pragma as a line between statements; as an attribute it belongs to its statement, wherever that stands.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from hpcraft.data.parallel.outline import words

STAND_ALONE = words(
    "barrier taskwait taskyield flush cancel cancellation threadprivate declare end requires scan depobj allocate error nothing assumes begin"
    " interop update enter exit wait routine init shutdown set cache"
)
"""Directives that stand before nothing."""

_TOKENS = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|\b(?:u8|[uUL])?R(?P<raw>")(?P<mark>[^()\\\s]{0,16})\("""
    r"""|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'""",
    re.DOTALL,
)
_BEHIND = re.compile(r"[^()\\\s]{0,17}")
"""What may stand between the bracket that ends a raw string and its quote, which is among it."""
_PRAGMA = re.compile(r"^[ \t]*(?:#|%:)[ \t]*pragma[ \t]+(?:omp|acc)\b([^\n]*)$", re.MULTILINE)
_OPERATOR = re.compile(r'\b_Pragma\s*\(\s*L?"((?:\\.|[^"\\\n])*)"\s*\)')
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+([^\n]*\b_Pragma\b[^\n]*)$", re.MULTILINE)
_SPELT = (
    (r"\bKOKKOS_(?:CLASS_)?LAMBDA\b", "[=]"),
    (r"\bKOKKOS_(?:FORCE)?INLINE_FUNCTION\b|\bKOKKOS_FUNCTION\b", "inline"),
    (r"__attribute__\s*\(\((global|device|host|shared|constant|managed)\)\)", r"__\1__"),
    (r"__attribute__\s*\(\(launch_bounds\([^()]*\)\)\)", ""),
    (r"\b__(?:extension|restrict)__\b", ""),
)
"""What Kokkos' macros stand for, and nvcc's keywords as its preprocessor leaves them, spelt as the grammar knows it."""
_MOST = 1 << 20
"""Macros that make more text than this are left to the preprocessor."""
_DEFINITION = re.compile(r"^[ \t]*#[ \t]*define[ \t][^\n]*\b_Pragma\b[^\n]*$", re.MULTILINE)
_MARK = "hpcraft_directive_"


def strip(code: str) -> str:
    """Code without comments and raw strings; continued lines are joined."""
    text = "".join(_stripped(code.replace("\\\r\n", "").replace("\\\n", "")))
    for pattern, spelt in _SPELT:
        text = re.sub(pattern, spelt, text)
    return text


def _stripped(code: str) -> Iterator[str]:
    """The parts of a code without comments and raw strings; a raw string that nothing closes is read as another one."""
    closers: dict[str, list[int]] | None = None
    done = at = 0
    while match := _TOKENS.search(code, at):
        at = match.end()
        if match["raw"]:
            closers = _closers(code) if closers is None else closers
            found = closers.get(f'){match["mark"]}"', [])
            place = bisect_left(found, match.end())
            if place == len(found):
                at = match.start("raw")
                continue
            at = found[place] + len(match["mark"]) + 2
            yield code[done : match.start()] + '""'
            done = at
        elif match["comment"]:
            yield code[done : match.start()] + " "
            done = at
    yield code[done:]


def _closers(code: str) -> dict[str, list[int]]:
    """Where what may close a raw string stands, by its text: so that many that nothing closes cost one look through the code."""
    found: dict[str, list[int]] = {}
    for bracket in re.finditer(r"\)", code):
        behind = _BEHIND.match(code, bracket.end())
        assert behind, "it may be empty"
        for quote in re.finditer('"', behind[0]):
            found.setdefault(code[bracket.start() : bracket.end() + quote.end()], []).append(bracket.start())
    return found


def mark(stripped: str) -> tuple[str, list[str]]:
    """Stripped code whose directives are attributes ``[[hpcraft_directive_N]]``, and the texts of the directives."""
    directives: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        text = match[1].strip()
        if stands_alone(text):
            return ""
        directives.append(text)
        return f"[[{_MARK}{len(directives) - 1}]]"

    return _PRAGMA.sub(replaced, with_operators(stripped)), directives


def stands_alone(directive: str) -> bool:
    """Whether a directive stands before nothing."""
    first = re.findall(r"\w+", directive.partition("(")[0])[:3]
    if not first or first[0] in STAND_ALONE:
        return True
    if first[0] == "target":
        return bool(set(first) & {"update", "enter", "exit"})
    return first[0] == "ordered" and re.search(r"\b(?:depend|doacross)\s*\(", directive) is not None


def directive_number(attribute: str) -> int | None:
    """The number of the directive that an attribute stands for."""
    return int(attribute.removeprefix(_MARK)) if attribute.startswith(_MARK) else None


def with_operators(text: str) -> str:
    """``_Pragma("...")`` as a line of its own, also behind a macro's name: in text that no preprocessor has seen."""
    for name, body in _MACRO.findall(text)[:100]:
        text = _defined_away(text, name)
        text = re.sub(rf"\b{re.escape(name)}\b", body.replace("\\", "\\\\"), text)
        if len(text) > _MOST:
            break
    text = _DEFINITION.sub("", text)  # what is left of them takes arguments
    return _OPERATOR.sub(lambda m: "\n#pragma " + re.sub(r"\\(.)", r"\1", m[1]) + "\n", text)


def _defined_away(text: str, name: str) -> str:
    """Text without the definition of a macro."""
    return re.sub(rf"^[ \t]*#[ \t]*define[ \t]+{re.escape(name)}[ \t][^\n]*$", "", text, flags=re.MULTILINE)
