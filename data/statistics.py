"""What lies beside the rows of a corpus: the card, ``statistics.json``, and plots under ``statistics/``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hpcraft.data.card import card
from hpcraft.data.facts import Facts, count_shards
from hpcraft.data.plots import draw
from hpcraft.store import JSON, write_bytes, write_json, write_text

SCHEMA = "hpcraft.statistics/1"
STATISTICS, CARD = "statistics.json", "README.md"


def statistics(facts: Facts) -> JSON:
    """All counts as one object."""
    return {
        "schema": SCHEMA,
        "rows": dict(facts.rows),
        "rows_by_split": {name: dict(splits) for name, splits in facts.shards.items()},
        "rejections": dict(facts.rejections),
        **facts.metrics,
    }


def write_out(folder: Path, facts: Facts) -> None:
    """Write card, statistics and plots into the folder of the shards; equal facts give equal bytes."""
    facts = replace(facts, shards=count_shards(folder))
    write_json(folder / STATISTICS, statistics(facts))
    plots = draw(facts)
    (folder / "statistics").mkdir(exist_ok=True)
    for name, picture in plots.items():
        write_bytes(folder / "statistics" / f"{name}.png", picture)
    write_text(folder / CARD, card(facts, plots))
