"""The wells in the order in which they are drawn from: real code first, so that what it shares with another well stands under its own name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from hpcraft.data.material import Material
from hpcraft.data.wells import directives, mined, serialised, transcribed
from hpcraft.data.wells.ground import Ground
from hpcraft.records import PairOrigin

Well: TypeAlias = Callable[[Ground, int], Iterator[Material]]
"""Draws at most so many sources of a corpus."""

WELLS: dict[PairOrigin, Well] = {
    "directives": directives.draw,
    "serialised": serialised.draw,
    "mined": mined.draw,
    "transcribed": transcribed.draw,
}
"""Those that draw from a corpus; kernels of the grammar need none."""


def drawn(ground: Ground, limits: Mapping[PairOrigin, int]) -> Iterator[Material]:
    """What the wells give, each at most its limit; one without a limit isn't asked."""
    for origin, draw in WELLS.items():
        if limit := limits.get(origin, 0):
            yield from draw(ground, limit)
