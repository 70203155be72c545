"""C, C++ and CUDA before they are parsed: comments out of the way, and directives as attributes of what they stand before.

The grammars of C see a pragma as a line between statements; as an attribute it belongs to its statement, wherever that stands.
"""

from __future__ import annotations

import re

STAND_ALONE = frozenset(
    "barrier taskwait taskyield flush cancel cancellation threadprivate declare end requires scan depobj allocate error nothing assumes begin"
    " interop update enter exit wait routine init shutdown set cache".split()
)
"""Directives that stand before nothing."""

_TOKENS = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<raw>\b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")"""
    r"""|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'""",
    re.DOTALL,
)
_PRAGMA = re.compile(r"^[ \t]*(?:#|%:)[ \t]*pragma[ \t]+(?:omp|acc)\b([^\n]*)$", re.MULTILINE)
_OPERATOR = re.compile(r'\b_Pragma\s*\(\s*L?"((?:\\.|[^"\\\n])*)"\s*\)')
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+([^\n]*\b_Pragma\b[^\n]*)$", re.MULTILINE)
_MOST = 1 << 20
"""Macros that make more text than this are left to the preprocessor."""
_MARK = "hpcraft_directive_"


def strip(code: str) -> str:
    """Code without comments and raw strings; continued lines are joined."""

    def replaced(match: re.Match[str]) -> str:
        if match["comment"]:
            return " "
        return '""' if match["raw"] else match[0]

    return _TOKENS.sub(replaced, code.replace("\\\r\n", "").replace("\\\n", ""))


def mark(stripped: str) -> tuple[str, list[str]]:
    """Stripped code whose directives are attributes ``[[hpcraft_directive_N]]``, and the texts of the directives."""
    directives: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        text = match[1].strip()
        words = re.findall(r"\w+", text.partition("(")[0])
        stands_alone = not words or words[0] in STAND_ALONE or (words[0] == "target" and set(words[:3]) & {"update", "enter", "exit"})
        if stands_alone or (words[0] == "ordered" and re.search(r"\b(?:depend|doacross)\s*\(", text)):
            return ""
        directives.append(text)
        return f"[[{_MARK}{len(directives) - 1}]]"

    return _PRAGMA.sub(replaced, _with_operators(stripped)), directives


def directive_number(attribute: str) -> int | None:
    """The number of the directive that an attribute stands for."""
    return int(attribute.removeprefix(_MARK)) if attribute.startswith(_MARK) else None


def _with_operators(text: str) -> str:
    """``_Pragma("...")`` as a line of its own, also behind a macro's name: in text that no preprocessor has seen."""
    for name, body in _MACRO.findall(text)[:100]:
        text = _MACRO.sub(lambda m, name=name: "" if m[1] == name else m[0], text)
        text = re.sub(rf"\b{re.escape(name)}\b", lambda _, body=body: body, text)
        if len(text) > _MOST:
            break
    return _OPERATOR.sub(lambda m: "\n#pragma " + re.sub(r"\\(.)", r"\1", m[1]) + "\n", text)
