"""A corpus of a few files as the stage ``prepare`` leaves it: their documents, functions and kernels."""

from __future__ import annotations

from pathlib import Path

from hpcraft.data.units import cut_units
from hpcraft.records import CodeUnit, Document, Language, ParallelModel
from hpcraft.shards import ShardWriter
from hpcraft.store import sha256_bytes


def write_corpus(folder: Path, *files: tuple[str, Language, ParallelModel, str]) -> Path:
    """Write files, each a path, a language, a parallel model and a text, as those of a package "toy" in the split train."""
    with (
        ShardWriter(folder, "corpus", Document) as documents,
        ShardWriter(folder, "functions", CodeUnit) as functions,
        ShardWriter(folder, "kernels", CodeUnit) as kernels,
    ):
        for path, language, model, text in files:
            document = Document(
                document_id=sha256_bytes(text.encode()),
                source="path:x",
                package="toy",
                version="1",
                path=path,
                sha256="0",
                language=language,
                form="free" if language == "fortran" else "",
                models=(model,),
                licence="MIT",
                licence_evidence="spdx-header",
                split="train",
                text=text,
            )
            documents.write(document)
            for unit in cut_units(document):
                if unit.kind in ("function", "kernel"):
                    (functions if unit.kind == "function" else kernels).write(unit)
    return folder
