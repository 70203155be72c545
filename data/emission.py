"""The third phase of ``prepare``: the documents and units that stay, with split and cluster, as the shards of the corpus.

A shard holds rows of one split and is called ``NAME-NUMBER-SPLIT.parquet``; units of each kind have a name of their own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.cleaning import CleanFolder
from hpcraft.data.selection import SPLITS
from hpcraft.records import CodeUnit, Document
from hpcraft.shards import arrow_schema, open_shard, write_table
from hpcraft.store import JSON, Record, atomic_file, read_json, write_json

if TYPE_CHECKING:
    import pyarrow as pa

UNIT_FAMILIES = {"function": "functions", "loop": "loops", "program": "programs", "kernel": "kernels"}
"""Kind of unit to the name of its shards."""
FAMILIES: dict[str, type[Record]] = {"corpus": Document, **dict.fromkeys(UNIT_FAMILIES.values(), CodeUnit)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """What stays of a clean folder."""

    documents: NDArray[np.bool_]
    clusters: list[str]
    """For each document the one that stands for it."""
    cluster_files: NDArray[np.int64]
    units: NDArray[np.bool_]

    def write(self, path: Path) -> None:
        """Write them as ``.npz``."""
        with atomic_file(path) as file:
            np.savez(
                file, documents=self.documents, clusters=np.array(self.clusters, "S64"), cluster_files=self.cluster_files, units=self.units
            )

    @staticmethod
    def read(path: Path) -> Decisions:
        """Read what `write` wrote."""
        found = np.load(path)
        return Decisions(
            documents=found["documents"],
            clusters=[str(c, "ascii") for c in found["clusters"]],
            cluster_files=found["cluster_files"],
            units=found["units"],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class EmitTask:
    """A clean folder to write out."""

    number: int
    clean: Path
    decisions: Path
    out: Path
    counts: Path
    """Where the counts of what was written go, last."""
    compiles: Path | None = None
    """What `hpcraft.data.compiling` wrote of the folder."""

    @property
    def name(self) -> str:
        """For messages."""
        return self.clean.name


def emit(task: EmitTask) -> None:
    """Write the shards of a clean folder, and what they hold."""
    import pyarrow.compute as pc

    if task.counts.is_file():
        return
    folder, decisions = CleanFolder(task.clean), Decisions.read(task.decisions)
    counts = Counts()
    tables: dict[tuple[str, str], list[pa.Table]] = {}
    owners = folder.owners()
    compiles = read_json(task.compiles) if task.compiles else {}
    for start, table in _tables(folder.documents(), Document):
        part = slice(start, start + table.num_rows)
        answers = [compiles.get(str(number), "") for number in range(part.start, part.stop)]
        table = _replaced(table, cluster=decisions.clusters[part], cluster_files=decisions.cluster_files[part], compiles=answers)
        _sort_in(tables, table.filter(decisions.documents[part]), "corpus", counts)
    for start, table in _tables(folder.units(), CodeUnit):
        part = slice(start, start + table.num_rows)
        table = _replaced(table, cluster=[decisions.clusters[owner] for owner in owners[part]])
        table = table.filter(decisions.units[part])
        for kind, family in UNIT_FAMILIES.items():
            _sort_in(tables, table.filter(pc.field("kind") == kind), family, counts)
    for (family, split), parts in sorted(tables.items()):
        _write(task.out / f"{family}-{task.number:05d}-{split}.parquet", parts)
    write_json(task.counts, counts.as_json())


def write_missing(out: Path) -> None:
    """An empty shard for each family that has none, so that a corpus without kernels still has all its parts."""
    for family, kind in FAMILIES.items():
        if not any(out.glob(f"{family}-*.parquet")):
            _write(out / f"{family}-00000-train.parquet", [arrow_schema(kind).empty_table()])


class Counts:
    """What stays, by everything one asks for."""

    def __init__(self) -> None:
        self.sized: dict[str, dict[str, dict[str, int]]] = {
            f"by_{name}": {} for name in ("package", "language", "licence", "model", "split", "year")
        }
        self.rows: Counter[str] = Counter()
        self.counted: dict[str, Counter[str]] = {"by_construct": Counter(), "by_clause": Counter()}
        self.sizes: dict[str, Counter[int]] = {}
        self.units: dict[str, Counter[str]] = {family: Counter() for family in (*UNIT_FAMILIES.values(), "plain_loops")}
        self.compiles: dict[str, Counter[str]] = {}

    def add_document(self, row: JSON) -> None:
        """Count a document, given without its text but with ``size`` in bytes."""
        keys = {
            "package": [row["package"]],
            "language": [row["language"]],
            "licence": [row["licence"]],
            "model": row["models"] or ["serial"],
            "split": [row["split"]],
            "year": [str(row["year"])] if row["year"] else ["unknown"],
        }
        for kind, names in keys.items():
            for name in names:
                count = self.sized[f"by_{kind}"].setdefault(name, {"files": 0, "bytes": 0})
                count["files"] += 1
                count["bytes"] += row["size"]
        self.sizes.setdefault(row["language"], Counter())[row["size"].bit_length()] += 1
        if row["compiles"]:
            tried = "no: not tried" if row["compiles"].startswith("no: not tried") else row["compiles"].partition(":")[0]
            self.compiles.setdefault(row["language"], Counter())[tried] += 1
        for name, words, numbers in (("by_construct", "constructs", "construct_counts"), ("by_clause", "clauses", "clause_counts")):
            for word, number in zip(row[words], row[numbers], strict=True):
                self.counted[name][word] += number

    def add_units(self, family: str, languages: list[str], directives: list[str]) -> None:
        """Count units of one family; loops without a directive are told apart."""
        for language, directive in zip(languages, directives, strict=True):
            self.units["plain_loops" if family == "loops" and not directive else family][language] += 1

    def as_json(self) -> JSON:
        """Plain values."""
        value = {
            "rows": self.rows,
            **self.sized,
            **self.counted,
            "sizes": {language: {str(k): v for k, v in sizes.items()} for language, sizes in self.sizes.items()},
            "units": self.units,
            **({"compiles": self.compiles} if self.compiles else {}),
        }
        plain: JSON = json.loads(json.dumps(value))
        return plain


def merge(parts: list[JSON]) -> JSON:
    """The sum of several counts, keys in order."""
    total: Any = {}
    for part in parts:
        _add(total, part)
    ordered: JSON = _ordered(total)
    return ordered


def _add(total: JSON, part: JSON) -> None:
    for key, value in part.items():
        if isinstance(value, dict):
            _add(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value


def _ordered(value: Any) -> Any:
    return {key: _ordered(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def _tables(shards: list[Path], kind: type[Record]) -> Iterator[tuple[int, pa.Table]]:
    """Row groups as tables, each with the number of its first row among all shards."""
    start = 0
    for shard in shards:
        with open_shard(shard, kind) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                yield start, table
                start += table.num_rows


def _replaced(table: pa.Table, **columns: Sequence[str] | NDArray[np.int64]) -> pa.Table:
    """A table with other values in some columns."""
    import pyarrow as pa

    for name, values in columns.items():
        kind = table.schema.field(name)
        table = table.set_column(table.schema.get_field_index(name), kind, pa.array(values, kind.type))
    return table


def _sort_in(tables: dict[tuple[str, str], list[pa.Table]], table: pa.Table, family: str, counts: Counts) -> None:
    """Add rows to the tables of their split, and count them."""
    import pyarrow.compute as pc

    counts.rows[family] += table.num_rows
    if family == "corpus":
        sizes = pc.call_function("binary_length", [table["text"]]).to_pylist()
        for row, size in zip(table.drop_columns(["text"]).to_pylist(), sizes, strict=True):
            counts.add_document({**row, "size": size})
    else:
        counts.add_units(family, table["language"].to_pylist(), table["directive"].to_pylist())
    for split in SPLITS:
        rows = table.filter(pc.field("split") == split)
        if rows.num_rows:
            tables.setdefault((family, split), []).append(rows)


def _write(path: Path, parts: list[pa.Table]) -> None:
    import pyarrow as pa

    write_table(path, pa.concat_tables(parts))
