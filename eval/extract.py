"""The code in what a model answered: out of Markdown and prose, or joined to the code that the prompt ended with.

Not covered: code in several files, and prose between two halves of the same code without a fence around either.
"""

from __future__ import annotations

import re

from hpcraft.eval.task import Task
from hpcraft.sandbox.abi import Signature

_FENCE = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_FIRST_C = re.compile(
    r"^\s*(?:#|//|/\*|extern\b|static\b|inline\b|template\b|using\b|namespace\b|typedef\b|struct\b|__global__|__device__|(?:void|int|double|float|long|const|unsigned|size_t|bool|char)\b.*[({;])"
)
_FIRST_FORTRAN = re.compile(
    r"^\s*(?:!|(?:pure\s+|recursive\s+|elemental\s+)*subroutine\b|module\b|(?:integer|real|logical)\b.*function\b)", re.IGNORECASE
)
_LAST_C = re.compile(r"[};]\s*(?://.*|/\*.*\*/\s*)?$|^\s*#|\*/\s*$")
_LAST_FORTRAN = re.compile(r"^\s*end\b|^\s*!", re.IGNORECASE)


def extract(task: Task, completion: str) -> str:
    """The whole translation unit of an answer; empty when the answer holds no code.

    Among several fenced blocks the last one that defines the entry point is taken (models correct themselves downwards),
    else all of them in order. An answer that doesn't define the entry point continues the code that the prompt ended with.
    """
    name = Signature.parse(task.prototype).name
    text = completion.replace("\r\n", "\n").replace("\0", "")
    blocks = [match[2] for match in _FENCE.finditer(text)]
    defining = [block for block in blocks if _defines(block, name, task.language)]
    if defining:
        return defining[-1]
    if blocks and not _defines(text, name, task.language):
        body = "\n".join(blocks)
        return _continue(task, body) if body.strip() else ""
    if _defines(text, name, task.language):
        return _trim(text, task.language)
    return _continue(task, text) if text.strip() else ""


def _defines(text: str, name: str, language: str) -> bool:
    if language == "fortran":
        return bool(re.search(rf"^\s*(?!end\b)[\w ()]*\b(?:subroutine|function)\s+{name}\b", text, re.MULTILINE | re.IGNORECASE))
    bare = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
    return bool(re.search(rf"\b{name}\s*\([^;{{}}]*\)\s*\{{", bare))


def _trim(text: str, language: str) -> str:
    """Cut prose before and after code that has no fence."""
    first, last = (_FIRST_FORTRAN, _LAST_FORTRAN) if language == "fortran" else (_FIRST_C, _LAST_C)
    lines = text.split("\n")
    begin = next((i for i, line in enumerate(lines) if first.search(line)), 0)
    end = next((i for i in range(len(lines) - 1, -1, -1) if last.search(lines[i])), len(lines) - 1)
    return "\n".join(lines[begin : end + 1]) + "\n"


def _continue(task: Task, body: str) -> str:
    """The prompt's last code and the answer after it, up to the end of that function."""
    if task.language == "fortran":
        name = Signature.parse(task.prototype).name  # procedures that it contains end before it does
        named = rf"^\s*end\s*(?:subroutine|function)\s+{name}\b[^\n]*$"
        bare = r"^\s*end\s*(?:(?:subroutine|function)\b[^\n]*)?$"
        end = next((m for e in (named, bare) if (m := re.search(e, body, re.MULTILINE | re.IGNORECASE))), None)
        return task.stem + (body[: end.end()] + "\n" if end else body)
    depth = task.stem.count("{") - task.stem.count("}")
    for match in re.finditer(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[{}]", body, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0 and match[0] == "}":
            return task.stem + body[: match.end()] + "\n"
    return task.stem + body
