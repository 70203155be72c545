"""A small corpus folder as the stage prepare leaves it, made in code."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from hpcraft.records import CodeUnit, Document
from hpcraft.shards import ShardWriter
from hpcraft.store import Manifest, hash_outputs, list_outputs, write_manifest

_C = """/* {word} {number} */
#include <stdio.h>
void {word}_{number}(int n, double *{word}, const double *b)
{{
    for (int i = 0; i < n; i++) {{
        {word}[i] = b[i] * {number}.0 + {word}[i];
    }}
}}
"""
_LOOP = "for (int i = 0; i < n; i++) {{\n    {word}[i] = {number} * b[i];\n}}"
_FORTRAN = """! {word}
subroutine {word}_{number}(n, a, b)
  integer, intent(in) :: n
  real(8) :: a(n), b(n)
  integer :: i
  do i = 1, n
    a(i) = a(i) + {number} * b(i)
  end do
end subroutine
"""
_WORDS = ["flux", "pressure", "density", "energy", "update", "smooth", "relax", "advect", "gather", "residual"]


def finish(folder: Path, stage: str) -> Path:
    """Write the manifest of a folder whose files are there."""
    outputs = list_outputs(folder)
    manifest = Manifest(
        stage=stage,
        fingerprint="f",
        config={},
        seed=0,
        inputs={},
        outputs=outputs,
        outputs_sha256=hash_outputs(outputs),
        rows={"rows": 1},
        rejections={},
        metrics={},
        versions={"hpcraft": "0"},
        host={},
        seconds=0.0,
        created="2026-01-01T00:00:00+00:00",
    )
    write_manifest(folder, manifest)
    return folder


def corpus_folder(folder: Path, repeats: int = 80) -> Path:
    """Documents in C and Fortran, functions and annotated loops, in two splits."""
    folder.mkdir(parents=True)
    rng = Random(0)
    common: dict[str, Any] = {"source": "path:demo", "package": "demo", "version": "1", "licence": "MIT", "licence_evidence": "spdx-header"}
    with (
        ShardWriter(folder, "corpus", Document) as documents,
        ShardWriter(folder, "functions", CodeUnit) as functions,
        ShardWriter(folder, "loops", CodeUnit) as loops,
    ):
        for number in range(repeats):
            word, split = rng.choice(_WORDS), "valid" if number % 8 == 7 else "train"
            for language, pattern in (("c", _C), ("fortran", _FORTRAN)):
                text = pattern.format(word=word, number=number)
                identity = sha256(text.encode()).hexdigest()
                documents.write(
                    Document(
                        document_id=identity,
                        path=f"{number}.{language}",
                        sha256=identity,
                        language=language,
                        form="",
                        models=(),
                        split=split,
                        text=text,
                        **common,
                    )
                )
            loop = _LOOP.format(word=word, number=number)
            for shards, kind, directive, text in (
                (functions, "function", "", _C.format(word=word, number=number).partition("stdio.h>\n")[2]),
                (loops, "loop", "#pragma omp parallel for", loop),
            ):
                shards.write(
                    CodeUnit(
                        unit_id=f"{kind}{number}",
                        kind=kind,
                        document_id="d",
                        name=word,
                        language="c",
                        models=(),
                        directive=directive,
                        path=f"{number}.c",
                        sha256="0",
                        split=split,
                        start_line=1,
                        text=text,
                        **common,
                    )
                )
    return finish(folder, "prepare")


def source_texts() -> list[str]:
    """Real sources to learn from: C, C++, CUDA and Fortran of this repository, and the patterns above."""
    root = Path(__file__).resolve().parents[2]
    files = [path for pattern in ("*.c", "*.cpp", "*.cu", "*.h", "*.f90") for path in sorted(root.glob(f"[a-z]*/**/{pattern}"))]
    texts = [path.read_text(errors="replace") for path in files if path.is_relative_to(root) and ".venv" not in path.parts]
    assert sum(map(len, texts)) > 100_000
    return texts
