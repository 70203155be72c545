"""Where a run's training data comes from: packages, licences and row counts, read from its own folders."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.store import JSON, MANIFEST, read_manifest
from hpcraft.tokenizer.corpus import documents


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """What a run learnt from."""

    packages: dict[str, dict[str, int]]
    """Package and version to documents by licence expression."""
    rows: dict[str, dict[str, int]]
    """Stage to its row counts."""
    rejections: dict[str, dict[str, int]]

    def as_json(self) -> JSON:
        """For ``provenance.json``."""
        return {"schema": "hpcraft.provenance/1", "packages": self.packages, "rows": self.rows, "rejections": self.rejections}

    def lines(self) -> list[str]:
        """For the model card, in Markdown."""
        if not self.packages:
            return ["The run's corpus isn't beside it, so packages and licences can't be listed."]
        table = ["| package | documents | licences |", "|---|---|---|"]
        for package, licences in self.packages.items():
            names = ", ".join(f"{licence} ({count})" for licence, count in licences.items())
            table.append(f"| {package} | {sum(licences.values())} | {names} |")
        counts = [f"- {stage}: " + ", ".join(f"{n:,} {what}" for what, n in rows.items()) for stage, rows in self.rows.items() if rows]
        return [*table, "", "Rows of each stage:", *counts]


def read_provenance(run: Path) -> Provenance:
    """The provenance of a run, from the manifests of its stages and the documents of its corpus."""
    rows: dict[str, dict[str, int]] = {}
    rejections: dict[str, dict[str, int]] = {}
    for folder in sorted(p.parent for p in run.glob(f"*/{MANIFEST}")):
        manifest = read_manifest(folder)
        rows[folder.name] = manifest.rows
        rejections[folder.name] = manifest.rejections
    packages: dict[str, Counter[str]] = {}
    try:
        for document in documents(run / "prepare", "train"):
            packages.setdefault(f"{document.package} {document.version}", Counter())[document.licence] += 1
    except InputError:
        # A run may take its corpus from elsewhere; the card says that it isn't there.
        packages = {}
    return Provenance(
        packages={name: dict(sorted(found.items())) for name, found in sorted(packages.items())},
        rows=rows,
        rejections={stage: found for stage, found in rejections.items() if found},
    )
