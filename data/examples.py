"""Examples of what was left out of a corpus, and its largest clusters, read from the tables beside its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hpcraft.records import Contamination, Duplicate
from hpcraft.shards import read_rows
from hpcraft.store import JSON

_EXCERPT_CHARACTERS = 600
_MEMBERS = 4
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that move a terminal's cursor, colour it or turn the direction of writing."""
DUPLICATE_REASONS = {"exact": "duplicate", "near": "near-duplicate", "leak": "leak"}
"""Kind of a `Duplicate` to the reason under which it is counted."""


def rejected_examples(folder: Path, reason: str | None, num_examples: int) -> dict[str, list[JSON]]:
    """For each reason, or the one given, the first rejected files, of as many packages as there are."""
    from hpcraft.data.clean import Rejected

    chosen = _Examples(num_examples)
    for row in read_rows(folder, "rejected", Rejected):
        if reason is None or of_reason(row.reason, reason):
            chosen.add(row.reason, _example(row, "", row.excerpt))
    return chosen.found()


def of_reason(name: str, wanted: str) -> bool:
    """Whether a reason is the one wanted, or of its family, as ``generated:f2c`` is of ``generated``."""
    return name == wanted or name.startswith(f"{wanted}:")


def near_examples(folder: Path, reason: str | None, num_examples: int) -> dict[str, list[JSON]]:
    """The first duplicates of each kind, each with the document that stands for it."""
    wanted = {kind for kind, name in DUPLICATE_REASONS.items() if reason in (None, name)}
    chosen = _Examples(num_examples)
    for row in read_rows(folder, "duplicates", Duplicate):
        if row.kind in wanted:
            chosen.add(DUPLICATE_REASONS[row.kind], {**_example(row, "", ""), "kept_id": row.kept_id, "similarity": row.similarity})
    found = chosen.found()
    places = document_places(folder, {example["kept_id"] for rows in found.values() for example in rows})
    for rows in found.values():
        for example in rows:
            kept_id = example.pop("kept_id")
            example["detail"] = f"like {places.get(kept_id, kept_id)}, similarity {example.pop('similarity'):.2f}"
    return found


def contaminated(folder: Path, num_examples: int) -> list[JSON]:
    """The first documents and units that hold a text of a benchmark, of as many tasks as there are."""
    chosen = _Examples(num_examples)
    for row in read_rows(folder, "contamination", Contamination):
        detail = f"{row.task_id} by {row.how}, {row.share:.0%}{', one unit' if row.unit_id else ''}"
        chosen.add(
            "benchmark", {"package": shown(row.package), "path": shown(row.path), "licence": "", "detail": shown(detail), "excerpt": ""}
        )
    return chosen.found().get("benchmark", [])


def largest_clusters(folder: Path, num_clusters: int) -> list[JSON]:
    """The clusters of the most near duplicates: what stands for them, how many files they are, and some of them."""
    sizes = Counter(row.kept_id for row in _near(folder))
    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:num_clusters]
    members: dict[str, list[JSON]] = {kept_id: [] for kept_id, _ in largest}
    for row in _near(folder) if members else ():
        into = members.get(row.kept_id)
        if into is not None and len(into) < _MEMBERS:
            into.append({"package": shown(row.package), "path": shown(row.path), "similarity": row.similarity})
    places = document_places(folder, set(members))
    return [
        {"kept": places.get(kept_id, kept_id), "kept_id": kept_id, "files": count + 1, "members": members[kept_id]}
        for kept_id, count in largest
    ]


def document_places(folder: Path, identities: Iterable[str]) -> dict[str, str]:
    """``document_id`` to package and path, for documents of the corpus."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = sorted(set(identities))
    places: dict[str, str] = {}
    for shard in sorted(folder.glob("corpus-*.parquet")) if wanted else ():
        table = pq.read_table(shard, columns=["document_id", "package", "path"])
        for row in table.filter(pc.field("document_id").isin(wanted)).to_pylist():
            places[row["document_id"]] = shown(f"{row['package']}/{row['path']}")
    return places


def shown(text: str, *, lines: bool = False) -> str:
    """Text from a mined file, or a name in it, without what would act on a terminal; ``lines`` says whether it may have several."""
    text = text.replace("\t", "    ").replace("\r\n", "\n")
    return _CONTROL.sub("?", text if lines else text.replace("\n", "?"))


class _Examples:
    """The first few of each reason: one of each package, then the others, in order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._first: dict[str, dict[str, JSON]] = {}
        self._others: dict[str, list[JSON]] = {}

    def add(self, reason: str, example: JSON) -> None:
        """Take an example, if there is room for it."""
        first = self._first.setdefault(reason, {})
        others = self._others.setdefault(reason, [])
        if example["package"] not in first:
            if len(first) < self._most:
                first[example["package"]] = example
        elif len(others) < self._most:
            others.append(example)

    def found(self) -> dict[str, list[JSON]]:
        """Reason to its examples."""
        return {reason: [*first.values(), *self._others[reason]][: self._most] for reason, first in sorted(self._first.items())}


def _near(folder: Path) -> Iterator[Duplicate]:
    return (row for row in read_rows(folder, "duplicates", Duplicate) if row.kind == "near")


def _example(row: Any, detail: str, excerpt: str) -> JSON:
    return {
        "package": shown(row.package),
        "path": shown(row.path),
        "licence": shown(row.licence),
        "detail": shown(detail),
        "excerpt": shown(excerpt[:_EXCERPT_CHARACTERS], lines=True),
    }
