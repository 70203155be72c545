"""Whether the documents that stay compile (`hpcraft.data.compiles`), as tasks over clean folders between the choice and the writing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcraft.data.cleaning import CleanFolder
from hpcraft.data.compiles import Headers, compile_documents
from hpcraft.data.emission import Decisions
from hpcraft.records import Document, SourceFile
from hpcraft.shards import read_shard
from hpcraft.store import write_json


@dataclass(frozen=True, kw_only=True, slots=True)
class CompileTask:
    """A clean folder whose documents are compiled."""

    clean: Path
    decisions: Path
    mined: tuple[Path, ...]
    """Shards of mined files with the headers of the folder's packages."""
    out: Path

    @property
    def name(self) -> str:
        """For messages."""
        return self.clean.name


def compile_folder(task: CompileTask) -> None:
    """Write ``{number of document: answer}`` for the documents of a clean folder that stay.

    Raises:
        MachineError: the machine isolates too weakly, or the sandbox doesn't work here.
    """
    kept = Decisions.read(task.decisions).documents
    numbers = [number for number, stays in enumerate(kept) if stays]
    answers = compile_documents(_documents(task, set(numbers)), _headers(task), workers=1)
    write_json(task.out, {str(number): answer for number, answer in zip(numbers, answers, strict=True)})


def _documents(task: CompileTask, wanted: set[int]) -> Iterator[Document]:
    number = 0
    for shard in CleanFolder(task.clean).documents():
        for document in read_shard(shard, Document):
            if number in wanted:
                yield document
            number += 1


def _headers(task: CompileTask) -> dict[str, Headers]:
    packages = {document.package for shard in CleanFolder(task.clean).documents() for document in read_shard(shard, Document)}
    files: dict[str, dict[str, bytes]] = {package: {} for package in packages}
    for shard in task.mined:
        for file in read_shard(shard, SourceFile):
            if file.package in files:
                files[file.package][file.path] = file.content
    return {package: Headers(found) for package, found in files.items()}
