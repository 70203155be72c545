"""Answers as edits of the source: what a model writes instead of a whole function, and the code that this stands for.

A marker, and the lines that are put before the marked one; ``<|cut|>`` behind a marker takes its line out; and where a rule says what else a line can become
(a `Form`), tokens behind the marker choose it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

CUT = "<|cut|>"
NUM_MARKERS = 64
MARKERS = tuple(f"<|{number}|>" for number in range(NUM_MARKERS))
Form: TypeAlias = Callable[[str], Mapping[str, tuple[str, ...]]]
"""Says of a line what it can become: tokens to lines."""

_MARKER = re.compile(r"<\|(\d{1,3})\|>")
_CONTROL = re.compile(r"<\|\w+\|>")
_TOKENS = ("<|x|>", "<|y|>", "<|z|>")
_AXES = re.compile("|".join(map(re.escape, _TOKENS)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """A source whose edits an answer says."""

    lines: Sequence[str | None]
    """All lines, as they stand where no edit says otherwise; None where a rule takes a line out, several where it makes them of one."""
    first: int
    """Number of the first marker."""
    num_marked: int
    """How many lines have markers."""
    form: Form | None = None


def spelled(text: str, lines: Mapping[int, str]) -> str:
    """A text with the lines that its markers point at."""
    return _MARKER.sub(lambda marker: lines.get(int(marker[1]), "") + "\n", text)


def num_lexemes(answer: str) -> int:
    """Roughly how long an answer is for a model: a control token counts as one character."""
    return len(_CONTROL.sub("#", answer))


def write_edits(source: Edited, target: Sequence[str]) -> str | None:
    """The edits that make ``target`` of a source, without an end; None where one would stand behind the last marker."""
    kept = [_Kept(number, part) for number, line in enumerate(source.lines) if line is not None for part in line.split("\n")]
    if source.form:
        kept = [new for old in kept for new in _formed(old, source.form, target)]
    parts: list[str] = []

    def marker(number: int, what: str) -> str | None:
        # Lines can be put behind the last one that is marked; what changes a line needs its own marker.
        behind = source.num_marked + (not what.startswith((CUT, *_TOKENS)))
        return MARKERS[source.first + number] if number < behind and source.first + number < NUM_MARKERS else None

    for kind, begin, end, new_begin, new_end in SequenceMatcher(None, [k.line for k in kept], target, autojunk=False).get_opcodes():
        if kind == "equal":
            chosen = [(k.number, k.tokens) for k in kept[begin:end] if k.tokens]
        else:
            text = "".join(line + "\n" for line in target[new_begin:new_end])
            ended = kept[begin].number if begin < len(kept) else kept[-1].number + 1 if kept else 0
            numbers = dict.fromkeys(k.number for k in kept[begin:end])
            chosen = [(ended, (CUT if numbers else "") + text), *((number, CUT) for number in [*numbers][1:])]
        for number, what in chosen:
            if (where := marker(number, what)) is None:
                return None
            parts.append(where + what)
    return "".join(parts)


def apply_edits(source: Edited, answer: str) -> str:
    """The source with an answer's edits; an edit at a line that isn't there is dropped."""
    before, *pieces = _MARKER.split(answer)
    edits: dict[int, str] = {}
    for number, text in zip(pieces[::2], pieces[1::2], strict=True):
        edits[int(number)] = edits.get(int(number), "") + text
    lines = [before]
    for place, line in enumerate([*source.lines[: source.num_marked], ""]):
        edit = edits.get(source.first + place, "")
        tokens = "".join(_AXES.findall(edit))
        lines.append(_AXES.sub("", edit).replace(CUT, ""))
        if line is not None and not edit.startswith(CUT):
            formed = source.form(line).get(tokens) if source.form and tokens else None
            lines += formed or (line,)
    return "\n".join([*lines, *(line for line in source.lines[source.num_marked :] if line is not None)])


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    line: str
    tokens: str = ""


def _formed(old: _Kept, form: Form, target: Sequence[str]) -> list[_Kept]:
    """A line, or what it becomes, if that stands in the target."""
    for tokens, lines in form(old.line).items():
        if any(tuple(target[i : i + len(lines)]) == lines for i in range(len(target))):
            return [_Kept(old.number, line, tokens if i == 0 else "") for i, line in enumerate(lines)]
    return [old]
