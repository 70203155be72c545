"""Programs of one file, out of a mined folder, a prepared corpus or a folder of source files, with their licence and provenance.

A mined file and a plain one are cleaned as `hpcraft.data.prepare` does it: without a known licence that the policy allows there is no
program. Of a prepared corpus the splits that are asked for are read. Whether a program compiles alone is found out elsewhere; here it
holds a main program and includes nothing of its own.

Not covered: programs of several files, CUDA, HIP, OpenACC, OpenCL, SYCL and Kokkos.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from hpcraft.data.clean import Clean, Contaminated, Task, clean
from hpcraft.data.evidence import PackageLicences
from hpcraft.data.prepare import PrepareConfig
from hpcraft.data.sources.path import read_tree
from hpcraft.data.sources.wanted import is_licence_material
from hpcraft.data.workers import Lost, ordered_map
from hpcraft.errors import InputError
from hpcraft.eval.hole_trial import model_of
from hpcraft.records import Document, SourceFile
from hpcraft.shards import read_rows
from hpcraft.store import sha256_bytes

MOST_BYTES = 60_000
"""Longer programs take a model's whole window."""
_OWN_FILE = re.compile(
    rb"^[ \t]*#[ \t]*include[ \t]*\"(?!mpi\.h|omp\.h|mpif\.h)|^[ \t]*include[ \t]*['\"](?!mpif\.h)", re.MULTILINE | re.IGNORECASE
)
_MAIN = re.compile(rb"\bmain\s*\(|^[ \t]*program[ \t]+\w+[ \t]*(?:!.*)?\r?$", re.MULTILINE | re.IGNORECASE)
_HEADER = re.compile(r"\.(?:h|hh|hpp|hxx|cuh|inc|fh|fi)$", re.IGNORECASE)


@dataclass(kw_only=True, slots=True)
class Programs:
    """What was found in a folder."""

    documents: list[Document] = field(default_factory=list)
    rejections: Counter[str] = field(default_factory=Counter)


def find_programs(folder: Path, *, splits: Iterable[str], languages: Iterable[str], settings: PrepareConfig, seed: int) -> Programs:
    """The programs of a folder, each once, the packages taking turns.

    Raises:
        InputError: there is no code in it, or the splits that are asked for are empty.
    """
    found = Programs()
    documents = {d.document_id: d for d in _documents(folder, frozenset(splits), settings, found.rejections)}
    wanted = frozenset(languages)
    of_package: dict[str, list[Document]] = defaultdict(list)
    for document in documents.values():
        if document.language not in wanted:
            found.rejections["another language"] += 1
        elif not model_of(document):
            found.rejections["another parallel model"] += 1
        else:
            of_package[document.package].append(document)
    for group in of_package.values():
        Random(f"{seed}/{group[0].package}").shuffle(group)
    longest = max(map(len, of_package.values()), default=0)
    found.documents = [group[turn] for turn in range(longest) for group in of_package.values() if turn < len(group)]
    return found


def _documents(folder: Path, splits: frozenset[str], settings: PrepareConfig, rejections: Counter[str]) -> Iterator[Document]:
    if any(folder.glob("corpus-*.parquet")):
        yield from _prepared(folder, splits, rejections)
        return
    if any(folder.glob("files-*.parquet")):
        materials: Mapping[str, dict[str, bytes]] = defaultdict(dict)
        for file in read_rows(folder, "licences", SourceFile):
            materials[file.package][file.path] = file.content
        yield from _cleaned(read_rows(folder, "files", SourceFile), materials, settings, rejections)
        return
    files, materials = _plain(folder)
    if not files:
        raise InputError(
            f"{folder}: holds no files-*.parquet, no corpus-*.parquet and no source files; give a folder that holds one of these"
        )
    yield from _cleaned(files, materials, settings, rejections)


def _prepared(folder: Path, splits: frozenset[str], rejections: Counter[str]) -> Iterator[Document]:
    there: set[str] = set()
    for document in read_rows(folder, "corpus", Document):
        there.add(document.split)
        if document.split in splits:
            if reason := _not_a_program(document.path, document.text.encode()):
                rejections[reason] += 1
            else:
                yield document
    if not there & splits:
        raise InputError(
            f"{folder}: no document of split {' or '.join(sorted(splits))}; it has {', '.join(sorted(there)) or 'none at all'}"
        )


def _plain(folder: Path) -> tuple[list[SourceFile], Mapping[str, dict[str, bytes]]]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give one with mined, prepared or source files")
    tree = read_tree(folder, MOST_BYTES)
    name = folder.resolve().name or "root"
    files, materials = [], {name: {path: (folder / path).read_bytes() for path in tree.files if is_licence_material(path)}}
    for path in tree.files:
        if path not in materials[name]:
            content = (folder / path).read_bytes()
            files.append(
                SourceFile(
                    source=f"path:{name}", package=name, version=tree.version, path=path, sha256=sha256_bytes(content), content=content
                )
            )
    return files, materials


def _cleaned(
    files: Iterable[SourceFile], materials: Mapping[str, dict[str, bytes]], config: PrepareConfig, rejections: Counter[str]
) -> Iterator[Document]:
    licences: dict[str, PackageLicences] = {}

    def tasks() -> Iterator[Task]:
        for file in files:
            if reason := _not_a_program(file.path, file.content):
                rejections[reason] += 1
                continue
            if file.package not in licences:
                licences[file.package] = PackageLicences(materials.get(file.package, {}))
            evidence = licences[file.package].of(file.path, file.declared)
            yield Task(file=file, package=evidence, split="", settings=config.settings)

    for found in ordered_map(clean, tasks(), num_workers=1):
        if isinstance(found, Clean):
            yield found.document
        elif isinstance(found, Lost):
            rejections[f"parser-{found.why}"] += 1
        else:
            rejections[(found.rejected if isinstance(found, Contaminated) else found).reason] += 1


def _not_a_program(path: str, content: bytes) -> str:
    """Why a file isn't tried."""
    if _HEADER.search(path) or not _MAIN.search(content):
        return "no main program"
    if len(content) > MOST_BYTES:
        return "too long"
    return "includes files of its own" if _OWN_FILE.search(content) else ""
