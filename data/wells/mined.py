"""The well ``mined``: real sequential loops of C, made parallel by our rules (`hpcraft.data.material.mined`)."""

from __future__ import annotations

from collections.abc import Iterator

from hpcraft.data.material import Material, mined
from hpcraft.data.wells.ground import Ground


def draw(ground: Ground, limit: int) -> Iterator[Material]:
    """At most ``limit`` loops of the corpus."""
    ground.learn()
    return mined(
        ground.corpus,
        ground.seed,
        limit,
        ground.targets,
        ground.known,
        dialects=ground.names.dialects,
        monolingual_share=ground.monolingual_share,
        launches=ground.launches,
    )
