"""Pieces of C, C++ and CUDA in one program: the file that includes them gives every name that a piece defines at top level a suffix, by macros."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from hpcraft.data.pieces import Layout, Piece
from hpcraft.data.trees import parse, tops
from hpcraft.sandbox.outcome import Model

_HEADERS = ["math.h", "stdlib.h", "stdio.h", "string.h", "stdint.h", "stddef.h", "stdbool.h", "float.h", "limits.h"]
_CPP_HEADERS = ["algorithm", "cmath", "cstddef", "cstdint", "cstdlib", "cstring", "functional", "limits", "numeric"]
_SAFE_LINE = re.compile(
    r"^[ \t]*#[ \t]*(?:pragma\b.*|include[ \t]*<(?:"
    rf"(?:omp|mpi|{'|'.join(h.removesuffix('.h') for h in _HEADERS)})\.h|{'|'.join(_CPP_HEADERS)})>[ \t]*)$"
)
_RISKY = re.compile(r"\b(?:asm|__asm__|__asm|__attribute__|_Pragma|__builtin_\w+|namespace|template|using|class|operator)\b|\?\?=")
_OF_MODEL: dict[str, tuple[str, ...]] = {
    "openmp": ("#include <omp.h>",),
    # The communicator of each call: what one piece leaves unreceived must not reach another.
    "mpi": ("#include <mpi.h>", "extern MPI_Comm hpcraft_world;", "#undef MPI_COMM_WORLD", "#define MPI_COMM_WORLD hpcraft_world"),
}
"""What the including file begins with."""
_SUFFIXES = {"c": "c", "cpp": "cpp", "cuda": "cu"}


def _entry(piece: Piece, number: int) -> str:
    return f"{piece.signature.name}_p{number}"


def _files(pieces: Mapping[int, Piece], model: Model, *, grammar: str = "c") -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    headers = [*_HEADERS, *(_CPP_HEADERS if grammar == "cpp" else ())]
    lines = [*_OF_MODEL.get(model, ()), *(f"#include <{h}>" for h in headers)]
    for number, piece in pieces.items():
        names = sorted(tops(parse(piece.code, grammar)) | {piece.signature.name})
        lines += [f"#define {name} {name}_p{number}" for name in names]
        lines.append(f'#include "piece{number}.inc"')
        lines += [f"#undef {name}" for name in names]
        files[f"piece{number}.inc"] = piece.code.encode() + b"\n"
    files[f"batch.{_SUFFIXES[grammar]}"] = "\n".join([*lines, ""]).encode()
    return files


def _is_tame(code: str, grammar: str) -> bool:
    if _RISKY.search(code) or any(line.lstrip().startswith("#") and not _SAFE_LINE.match(line) for line in _joined(code)):
        return False
    return not parse(code, grammar).has_error


def _joined(code: str) -> Iterable[str]:
    return code.replace("\\\n", " ").splitlines()


C = Layout(
    language="c",
    is_tame=lambda code: _is_tame(code, "c"),
    entry=_entry,
    files=_files,
    culprit=re.compile(r"\bpiece(\d+)\.inc[:(](?:\d+)[:)]:?(?:\d+:)?\s*(?:fatal )?error[^\n]*"),
    probe="probe.c",
)
CPP = replace(C, language="cpp", is_tame=lambda code: _is_tame(code, "cpp"), files=partial(_files, grammar="cpp"), probe="probe.cpp")
CUDA = replace(C, language="cpp", is_tame=lambda code: _is_tame(code, "cuda"), files=partial(_files, grammar="cuda"), probe="probe.cu")
