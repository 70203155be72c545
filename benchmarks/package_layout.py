"""A mined package laid out in a folder, with what its files need to be compiled one by one; shared by two benchmarks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hpcraft.records import SourceFile
from hpcraft.shards import read_rows

_HEADER_SUFFIXES = frozenset((".h", ".hh", ".hpp", ".hxx", ".inc", ".fh", ".inl", ".ipp", ".tpp", ".txx", ".tcc", ".H", ".cuh"))
_MOST_FOLDERS = 600
_SECONDS = 60
_MOST_STUBS = 25
_MISSING = re.compile(r"[Ff]atal [Ee]rror: (?:Cannot open included file )?['‘]?([^:'’\n]+?)['’]?(?:: No such file|$)", re.MULTILINE)
_SWITCH = re.compile(rb"^[ \t]*#[ \t]*(?:el)?if(?:def)?\b[^\n]*?\b(\w*(?:OPENMP|(?<![A-Z0-9])OMP(?![A-Z0-9]))\w*)\b", re.MULTILINE)
_NO_SWITCH = re.compile(r"^_OPENMP$|_OMP_H|_H(?:_|PP)?_*$|VERSION|DEVICE|OFFLOAD|TARGET|KOKKOS|COMPILER")
_SETTINGS = {"hypre": ["-DHYPRE_USING_HOST_MEMORY=1", "-DHYPRE_MAXDIM=3", "-DHYPRE_FMANGLE=0", '-DHYPRE_RELEASE_VERSION="2"']}
"""What the configuration of a package would define, where nothing compiles without."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a compiler said."""

    ok: bool
    out: str
    err: str


def packages(mined: Path, wanted: frozenset[str]) -> Iterator[tuple[str, list[SourceFile]]]:
    """The packages of a mined folder, one at a time."""
    name, rows = "", list[SourceFile]()
    for row in read_rows(mined, "files", SourceFile):
        if wanted and row.package not in wanted:
            continue
        if row.package != name and rows:
            yield name, rows
            rows = []
        name = row.package
        rows.append(row)
    if rows:
        yield name, rows


def lay_out(rows: list[SourceFile], folder: Path) -> list[str]:
    """Write the files of a package; returns the options that make its headers found."""
    folders: dict[str, None] = {}
    for row in rows:
        target = folder / row.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(row.content)
        pure = PurePosixPath(row.path)
        if pure.suffix in _HEADER_SUFFIXES:
            # A header may be included by its name, or from the folders above it.
            for parent in list(pure.parents)[:4]:
                folders.setdefault(str(parent), None)
    return [f"-I{folder / name}" for name in sorted(folders, key=lambda name: (name.count("/"), name))[:_MOST_FOLDERS]]


def mpi_options() -> list[str]:
    """Options for MPI's headers, where its compiler wrapper is installed."""
    try:
        done = subprocess.run(["mpicc", "--showme:compile"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return done.stdout.split() if done.returncode == 0 else []


def compile_only(command: list[str], cwd: Path) -> Ran:
    """Run a compiler, which must not link or run anything; one that takes too long has failed."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Ran(ok=False, out="", err="timeout")
    return Ran(done.returncode == 0, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def switches(rows: list[SourceFile]) -> list[str]:
    """Options that switch on what a package guards by macros named after OpenMP; the compiler sets its own."""
    names = {name.decode() for row in rows for name in _SWITCH.findall(row.content)}
    chosen = [f"-D{name}=1" for name in sorted(names) if not _NO_SWITCH.search(name)]
    return chosen + _SETTINGS.get(rows[0].package, [])


def with_stubs(command: list[str], root: Path) -> Ran:
    """Likewise, with headers that lie nowhere made as empty ones in a folder of their own."""
    stubs = root / ".stubs"
    done = compile_only([*command, f"-I{stubs}"], root)
    for _ in range(_MOST_STUBS):
        missing = None if done.ok else _MISSING.search(done.err)
        name = missing[1].strip() if missing else ""
        if not name or ".." in name or name.startswith("/") or name.endswith(".mod"):
            break
        (stubs / name).parent.mkdir(parents=True, exist_ok=True)
        (stubs / name).touch()
        done = compile_only([*command, f"-I{stubs}"], root)
    return done
