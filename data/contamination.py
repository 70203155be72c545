"""Keeping benchmarks out of a corpus: one index for all workers, and what stays of each document.

`write_index` is called once, by the driver; `check` once for each clean document, in a worker that has the index by `load_index`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcraft.data.benchmark_files import read_benchmarks
from hpcraft.data.decontaminate import Benchmarks, Hit, Rules
from hpcraft.records import BenchmarkText, CodeUnit, Contamination, Document
from hpcraft.shards import read_rows

REASON = "benchmark"
"""Under which left out documents are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What stays of a document."""

    whole: bool
    """Whether the document itself is left out."""
    units: list[CodeUnit]
    """The units that stay."""
    rows: list[Contamination]
    """What was found; empty for a clean document."""


def write_index(path: Path, *, folder: Path | None, paths: Sequence[str], rules: Rules) -> Benchmarks | None:
    """Index the texts of a ``benchmarks`` stage and of the user's own files, and write the index to ``path``; None for neither.

    Raises:
        InputError: a benchmark is missing, empty or can't be read.
    """
    texts = list(read_rows(folder, "benchmarks", BenchmarkText)) if folder is not None else []
    texts += read_benchmarks(paths)
    if not texts:
        return None
    built = Benchmarks.build(texts, rules)
    built.save(path)
    return built


def check(index: Benchmarks, document: Document, units: Sequence[CodeUnit]) -> Checked:
    """Compare a document and its units with all benchmarks."""
    hit = index.hits(document.language, document.text)
    if hit is not None:
        return Checked(whole=True, units=[], rows=[_row(document, hit)])
    hits = [(unit, found) for unit in units if unit.kind != "program" and (found := index.tree_hit(unit.tree_sha256)) is not None]
    for unit, found in hits:
        if found.whole:
            return Checked(whole=True, units=[], rows=[_row(document, found, unit)])
    functions = [unit for unit, _ in hits]
    kept = [unit for unit in units if unit.kind == "program" or not any(_inside(unit, function) for function in functions)]
    return Checked(whole=False, units=kept, rows=[_row(document, found, unit) for unit, found in hits])


def _inside(unit: CodeUnit, function: CodeUnit) -> bool:
    """Whether a unit is a function or stands in its lines, as its loops do."""
    return function.start_line <= unit.start_line < function.start_line + max(function.text.count("\n"), 1)


def _row(document: Document, hit: Hit, unit: CodeUnit | None = None) -> Contamination:
    """What was left out and why."""
    return Contamination(
        document_id=document.document_id,
        unit_id=unit.unit_id if unit is not None and not hit.whole else "",
        source=document.source,
        package=document.package,
        version=document.version,
        path=document.path,
        sha256=document.sha256,
        licence=document.licence,
        licence_evidence=document.licence_evidence,
        suite=hit.suite,
        task_id=hit.task_id,
        kind=hit.kind,
        how=hit.how,
        share=hit.share,
    )
