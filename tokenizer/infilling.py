"""Filling in the middle with the tokens that a model was taught it with (`hpcraft.tokenizer.fim`), and texts that leave room for the answer.

Not covered: models whose tokens aren't known there, which get what stands before the hole. hpcraft's own vocabulary has such tokens, but its models aren't taught them unless their ``hpcraft.json`` says ``fim``.
"""

from __future__ import annotations

from collections.abc import Callable

from hpcraft.tokenizer.fim import Tokens

TASK = "fim"
"""In the facts of a model of ours that was taught to fill in."""
_LEAST = 64
"""Characters of either side that are always kept."""
_SUFFIX_SHARE = 0.25


def infill(tokens: Tokens, prefix: str, suffix: str) -> str:
    """The prompt that asks for what is between."""
    return f"{tokens.begin}{prefix}{tokens.hole}{suffix}{tokens.end}"


def shortened(prefix: str, suffix: str, room: int, count: Callable[[str], int]) -> tuple[str, str]:
    """The end of a prefix and the beginning of a suffix that fit into ``room`` tokens together, in whole lines.

    A suffix gets a quarter of the room, and what the other side leaves free.
    """
    behind = _kept(suffix, max(int(room * _SUFFIX_SHARE), room - count(prefix)), count, from_end=False)
    return _kept(prefix, room - count(behind), count, from_end=True), behind


def _kept(text: str, room: int, count: Callable[[str], int], *, from_end: bool) -> str:
    length = len(text)
    while length > _LEAST and (need := count(_part(text, length, from_end=from_end))) > room:
        length = max(_LEAST, min(length - 1, int(length * max(room, 1) / need * 0.95)))
    part = _part(text, length, from_end=from_end)
    if length == len(text) or "\n" not in part:
        return part
    return part[part.index("\n") + 1 :] if from_end else part[: part.rindex("\n") + 1]


def _part(text: str, length: int, *, from_end: bool) -> str:
    return text[len(text) - length :] if from_end else text[:length]
