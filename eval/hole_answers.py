"""From what a model answered to what is put into the hole.

An answer may begin with code that stands before the hole, go on with what stands behind it, or never stop. The first of these that the
grammar reads as something in the hole's place is taken: the answer without what it repeats of the code before; without what it repeats of
the code behind; cut where the hole's kind of thing ends. Where none fits, the answer stays as it is, and won't be built or refused.

Not covered: answers that write the whole program anew in other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hpcraft.data.holes import FEWEST_REPEATED, stays_inside, without_repeated
from hpcraft.eval.code_scan import blank
from hpcraft.eval.completion import Infill

_MOST_LINES = 400
_DO = re.compile(r"(?:\w+[ \t]*:[ \t]*)?do\b(?![ \t]*=)", re.IGNORECASE)
_END_DO = re.compile(r"end[ \t]*do\b", re.IGNORECASE)
_BLOCK = re.compile(r"(?:\w+[ \t]*:[ \t]*)?if\b.*\bthen$|(?:\w+[ \t]*:[ \t]*)?select\b", re.IGNORECASE)
_END_BLOCK = re.compile(r"end[ \t]*(?:if|select)\b", re.IGNORECASE)
_END_UNIT = re.compile(r"end[ \t]*(?:(?:function|subroutine|program|module)\b.*)?$|contains$", re.IGNORECASE)
_END_DIRECTIVE = re.compile(r"!\$(?:omp|acc)[ \t]*end\b", re.IGNORECASE)


def fitted(case: Infill, answer: str) -> str:
    """What is put into the hole."""
    body = answer.strip("\n")
    return next((text for text in _variants(case, body) if text.strip() and fits(case, text)), body)


def fits(case: Infill, filling: str) -> bool:
    """Whether a filling stays in the hole."""
    return stays_inside(case.language, case.prefix, case.middle, case.suffix, filling)


def _variants(case: Infill, body: str) -> Iterator[str]:
    # The grammar would read a repeated head as a function in a function.
    for text in dict.fromkeys((without_repeated(case.prefix, body), body)):
        yield text
        yield from _without_suffix(case.suffix, text)
        if (end := end_of_filling(case, text + "\n")) is not None:
            yield text[:end]


def _without_suffix(suffix: str, body: str) -> Iterator[str]:
    """An answer without the code behind the hole that it goes on with, the longest repetition first."""
    text = body.rstrip()
    ends = [match.start() for match in re.finditer("\n", suffix)][:_MOST_LINES]
    for end in reversed(ends):
        rest = suffix[:end].strip()
        if rest and text.endswith(rest):
            yield text[: len(text) - len(rest)]
    lines = [line.strip() for line in suffix.split("\n", 4)[:4]]
    following = next((line for line in lines if len(line) >= FEWEST_REPEATED), "")
    if following and (at := text.find(following)) > 0:
        yield text[:at]


def end_of_filling(case: Infill, text: str) -> int | None:
    """Where what fills the hole ends in an answer that goes on; none while it isn't whole."""
    code = blank(text, case.language)
    if case.language == "fortran":
        return _fortran_end(case.boundary, code, text)
    return _c_end(case.boundary, code)


def _c_end(boundary: str, code: str) -> int | None:
    depth = 0
    for at, sign in enumerate(code):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth < 0:
                return at
        if depth or boundary == "function":
            continue
        if boundary == "expression":
            if sign in ";," or (sign == "\n" and code[:at].strip()):
                return at
        elif sign == ";" or (sign == "}" and not re.match(r"\s*(?:else|while)\b", code[at + 1 :])):
            # A body may be a lone statement behind its head, and a `do` goes on with its `while`.
            return None if not code[at + 1 :].strip() and sign == "}" else at + 1
    return None


def _fortran_end(boundary: str, code: str, text: str) -> int | None:
    depth, at, begun, goes_on = 0, 0, False, False
    for line in code.splitlines(keepends=True):
        words = line.strip()
        end = at + len(line)
        continued, goes_on = goes_on, words.endswith("&") or (goes_on and not words)
        at = end
        if goes_on or not words:
            continue
        if not continued:
            opens = bool(_DO.match(words) or _BLOCK.match(words))
            closes = bool(_END_DO.match(words) or _END_BLOCK.match(words))
            if boundary == "function" and depth == 0 and _END_UNIT.match(words):
                return end - len(line)
            begun = begun or opens
            depth += opens - closes
        if boundary in ("expression", "statement") or (boundary == "loop" and begun and depth <= 0):
            return end - 1 + _directive_behind(text[end:]) if boundary == "loop" else end - 1
    return None


def _directive_behind(rest: str) -> int:
    """Length of the directive that ends a loop's construct."""
    line = rest.partition("\n")[0]
    return len(line) + 1 if _END_DIRECTIVE.match(line.strip()) else 0
