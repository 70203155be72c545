"""Macros of a package that stand for expressions, written out where they are used.

Not covered: macros that stringify, paste or take any number of arguments, and those that hold statements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(\([\w, \t]*\))?[ \t]+((?:[^\n\\]|\\.|\\\n)*)", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_LONELY = re.compile(r"(?<![\w)\]])\(([a-z_]\w*)\)(?=->|\[|\.)|(?<=\()\(([a-z_]\w*(?:(?:->|\.)\w+)*)\)(?=\))")
_MOST_ROUNDS = 4


@dataclass(slots=True)
class Macros:
    """Texts by name."""

    by_name: dict[str, tuple[tuple[str, ...] | None, str]] = field(default_factory=dict)
    """Name to parameters (None without brackets) and text; an empty text where there are several."""

    def learn(self, text: str, wanted: re.Pattern[str]) -> None:
        """Take in the macros of a file whose text has a pattern in it."""
        for name, parameters, body in _DEFINE.findall(text):
            body = " ".join(_COMMENT.sub(" ", body.replace("\\\n", " ")).split())
            if wanted.search(body) and "##" not in body:
                self.add(name, tuple(p.strip() for p in parameters[1:-1].split(",") if p.strip()) if parameters else None, body)

    def add(self, name: str, parameters: tuple[str, ...] | None, body: str) -> None:
        """Take in one; a second of another text makes it unknown."""
        known = self.by_name.setdefault(name, (parameters, body))
        if known != (parameters, body):
            self.by_name[name] = parameters, ""

    def written_out(self, code: str) -> str:
        """Code with them replaced by their texts."""
        if not self.by_name:
            return code
        for _ in range(_MOST_ROUNDS):
            before = code
            for name in sorted(self.by_name.keys() & set(_WORD.findall(code))):
                parameters, body = self.by_name[name]
                if body:
                    code = _replaced(code, name, parameters, body)
            if code == before:
                break
            code = _LONELY.sub(lambda found: found[1] or found[2], code)
        return code


def _replaced(code: str, name: str, parameters: tuple[str, ...] | None, body: str) -> str:
    if parameters is None:
        return re.sub(rf"\b{name}\b", lambda _: body, code)
    done = ""
    while found := re.search(rf"\b{name}\s*\(", code):
        given, end = _arguments(code, found.end())
        fits = len(given) == len(parameters)
        done += code[: found.start()] + (_filled(body, dict(zip(parameters, given, strict=True))) if fits else found[0])
        code = code[end if fits else found.end() :]
    return done + code


def _filled(body: str, values: dict[str, str]) -> str:
    return _WORD.sub(lambda word: values.get(word[0], word[0]), body)


def _arguments(code: str, at: int) -> tuple[list[str], int]:
    """What stands between brackets that open right before a place, and where they end."""
    depth, start, found = 1, at, list[str]()
    while at < len(code) and depth:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(code[at], 0)
        if (code[at] == "," and depth == 1) or not depth:
            found.append(code[start:at].strip())
            start = at + 1
        at += 1
    return [f for f in found if f], at
