"""Shifts in device code by as many bits as there are, or more: on a device nothing is left; on a processor anything may be.

``x << n + 1`` becomes ``x << ::hpcraft_cuda::shift(n + 1)``, whose type has the device's operators. Not covered: shifts in macros, and
``>>`` after a ``<`` in one expression, which may close the arguments of a template.
"""

from __future__ import annotations

from hpcraft.sandbox.cuda.lexer import Kind
from hpcraft.sandbox.cuda.scopes import Body, Structure
from hpcraft.sandbox.cuda.stream import Stream

_SHIFTS = ("<<", ">>", "<<=", ">>=")
_ARITHMETIC = ("+", "-", "*", "/", "%", "~", "!", ".", "->", "::", "++", "--")
_OPERATORS = ("and", "or", "xor", "bitand", "bitor", "not_eq", "and_eq", "or_eq", "xor_eq")
_STREAMS = ("cout", "cerr", "clog", "endl", "ostream", "operator")
_BEFORE = (";", "{", "}", "(", "[", ",", "=", "?", ":", "return")


def rewrite(stream: Stream, found: Structure) -> None:
    """Give shifts by what is no literal the device's meaning."""
    done: set[int] = set()
    for body in found.bodies:
        if body.host and any(stream[at] in _STREAMS for at in range(body.head, body.end)):
            continue
        for at in range(body.begin + 1, body.end):
            if stream[at] in _SHIFTS and at not in done and not _of_member(stream, at) and not _closes_template(stream, body, at):
                done.add(at)
                end = _operand_ends(stream, at + 1, body.end)
                if end is not None and not (end == at + 2 and stream.kind(at + 1) is Kind.NUMBER):
                    stream.before(at + 1, "::hpcraft_cuda::shift(")
                    stream.after(end - 1, ")")


def _of_member(stream: Stream, at: int) -> bool:
    """Whether it changes a member: nothing refers to a field of bits."""
    return stream[at] in ("<<=", ">>=") and stream[at - 2] in (".", "->")


def _closes_template(stream: Stream, body: Body, at: int) -> bool:
    if stream[at] == "<<" and stream[at - 1] == "operator":
        return True
    if stream[at] != ">>":
        return False
    place = at - 1
    while place > body.begin and stream[place] not in _BEFORE:
        if stream[place] == "<":
            return True
        partner = stream.partner(place) if stream[place] in (")", "]", "}") else None
        place = (place if partner is None else partner) - 1
    return stream[place] == "," and _within_angles(stream, body, place)


def _within_angles(stream: Stream, body: Body, at: int) -> bool:
    """Whether a comma may part the arguments of a template."""
    place = at
    while place > body.begin and stream[place] not in (";", "{", "}", "(", "["):
        if stream[place] == "<":
            return True
        partner = stream.partner(place) if stream[place] in (")", "]", "}") else None
        place = (place if partner is None else partner) - 1
    return False


def _operand_ends(stream: Stream, begin: int, limit: int) -> int | None:
    """The position after an operand of a shift; None where it isn't plain arithmetic."""
    at = begin
    while at < limit:
        word = stream[at]
        if word in _OPERATORS:
            break
        if word in ("(", "["):
            at = stream.skip(at)
        elif word == "<":
            return None
        elif stream.is_name(at) or stream.kind(at) is Kind.NUMBER or word in _ARITHMETIC:
            at += 1
        else:
            break
    return at if at > begin else None
