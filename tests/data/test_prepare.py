"""Preparing: what becomes of a file, and why one is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcraft.data.clean import Clean, Contaminated, Rejected, Task, clean
from hpcraft.data.encoding import decode
from hpcraft.data.evidence import Evidence
from hpcraft.data.mine import STAGE as MINE
from hpcraft.data.mine import MineConfig
from hpcraft.data.prepare import STAGE, PrepareConfig
from hpcraft.data.splits import split_packages
from hpcraft.errors import ConfigError, InputError
from hpcraft.local import LocalExecutor
from hpcraft.records import Document, Duplicate, SourceFile
from hpcraft.shards import read_rows
from hpcraft.stages import Execution, execute
from hpcraft.store import sha256_bytes

MIT = Evidence("MIT", "file:LICENSE")
SCALE = "void scale(int n, double a, double *x)\n{\n    for (int i = 0; i < n; ++i)\n        x[i] *= a;\n}\n"
MIT_TEXT = """MIT License

Copyright (c) 2024 Someone

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def cleaned(path: str, content: str | bytes, package: Evidence = MIT, **config: object) -> Clean | Rejected:
    """One file through `clean`."""
    data = content.encode() if isinstance(content, str) else content
    file = SourceFile(source="path:x", package="x", version="1", path=path, sha256=sha256_bytes(data), content=data)
    settings = PrepareConfig(**config)  # type: ignore[arg-type]
    found = clean(Task(file=file, package=package, split="train", settings=settings.settings))
    assert not isinstance(found, Contaminated)
    return found


def document(path: str, content: str | bytes, package: Evidence = MIT) -> Document:
    """The document of a file that is kept."""
    found = cleaned(path, content, package)
    assert isinstance(found, Clean), found
    return found.document


# ---------------------------------------------------------------- decoding, language, models


def test_bytes_become_one_normal_text() -> None:
    """BOM, CRLF, trailing blanks and missing last line break leave the same document."""
    variants = [
        SCALE.encode(),
        b"\xef\xbb\xbf" + SCALE.encode(),
        SCALE.replace("\n", "\r\n").encode(),
        SCALE.replace("\n", "  \n").rstrip().encode(),
    ]
    assert {decode(v).text for v in variants} == {SCALE}
    assert decode(SCALE.encode()).encoding == "utf-8"


def test_legacy_encodings_are_read_and_noted() -> None:
    """A file that isn't UTF-8 is read as Latin-1 is, and the document is UTF-8."""
    found = cleaned("a.c", b"/* J\xe9r\xf4me */\n" + SCALE.encode())
    assert isinstance(found, Clean)
    assert found.encoding == "latin-1"
    assert "Jérôme" in found.document.text


@pytest.mark.parametrize(
    ("path", "extra", "language"),
    [
        ("a.c", "", "c"),
        ("a.h", "", "c"),
        ("a.h", "namespace linear {\n}\n", "cpp"),
        ("a.h", "#ifdef __cplusplus\nnamespace x {\n#endif\n", "c"),
        ("a.C", "", "cpp"),
        ("a.cu", "", "cuda"),
        ("a.c", "__global__ void k(double *x) { x[threadIdx.x] = 0; }\n", "cuda"),
        ("a.c", "/* __global__ void k(); k<<<1, 2>>>(x); */\n", "c"),
        ("a.hip", "__global__ void k(double *x) { }\nvoid f(void) { hipMalloc(&p, 1); }\n", "cpp"),
    ],
)
def test_the_language_follows_suffix_and_content(path: str, extra: str, language: str) -> None:
    """Headers and device code are told by what they hold, comments by nothing."""
    assert document(path, extra + SCALE).language == language


@pytest.mark.parametrize(
    ("path", "code", "models"),
    [
        ("a.c", "#pragma omp parallel for\n", ("openmp",)),
        ("a.c", "// #pragma omp parallel for\n", ()),
        ("a.c", '/*\n#pragma omp parallel for\n*/\nconst char *s = "MPI_Send(";\n', ()),
        ("a.c", "#pragma acc loop\nint r = MPI_Comm_rank(c, &k);\n", ("mpi", "openacc")),
        ("a.cpp", "void f() { Kokkos::parallel_for(1, g); }\n", ("kokkos",)),
        ("a.cpp", "void f() { cudaMalloc(&p, 8); hipFree(p); }\n", ("cuda", "hip")),
        ("a.c", "void f(void) { clEnqueueNDRangeKernel(q); }\n", ("opencl",)),
    ],
)
def test_parallel_models_are_found_in_code_alone(path: str, code: str, models: tuple[str, ...]) -> None:
    """Directives and calls count, comments and strings don't."""
    assert document(path, code + SCALE).models == models


def test_fortran_directives_are_no_comments() -> None:
    """Sentinels count in both forms, a plain comment that mentions one doesn't."""
    body = "      subroutine f(x, n)\n      integer n, i\n      real x(n)\n{}      do i = 1, n\n      x(i) = 0\n      end do\n      end\n"
    assert document("a.f", body.format("c$omp parallel do\n")).models == ("openmp",)
    assert document("a.f90", body.format("!$acc loop\n")).models == ("openacc",)
    assert document("a.f90", body.format("! use !$omp here\n")).models == ()
    assert document("a.f90", body.format("call mpi_barrier(c, i)\n")).models == ("mpi",)


# ---------------------------------------------------------------- rejections


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("a.c", b"", "empty"),
        ("a.c", b"\x7fELF\0\0" + SCALE.encode(), "binary"),
        ("a.c", SCALE + "\x01", "binary"),
        ("a.c", SCALE * 10_000, "too-large"),
        ("a.c", "int x;\n", "too-small"),
        ("a.c", "/* " + "much ado about nothing " * 3 + "*/\nint x;\n", "too-small"),
        ("a.c", SCALE * 40 + "char *s = " + "x" * 1200 + ";\n", "long-lines"),
        ("a.c", SCALE.replace("\n", " ") * 3, "minified"),
        ("a.c", "/* This file was automatically generated by SWIG. */\n" + SCALE, "generated:swig"),
        ("a.c", "/* dasum.f -- translated by f2c (version 20000121) */\n" + SCALE, "generated:f2c"),
        ("a.c", "double t[] = {\n" + "0.12345678, 1.2345e-10,\n" * 400 + "};\n", "data-as-code"),
        ("a.c", "int /*" + "-=#*+" * 20 + "*/ x;\n" * 3 + "/*" + "\n*****".join([""] * 300) + "*/ int a, b, c, d, e, f, g;\n", "low-alnum"),
        ("third_party/a.c", SCALE, "vendored"),
        ("a.inc", "some words that are no program in any language at all\n" * 4, "language"),
    ],
)
def test_a_rejection_has_its_reason(path: str, content: str | bytes, reason: str) -> None:
    """Each filter rejects what it is for, under its own name."""
    found = cleaned(path, content)
    assert isinstance(found, Rejected)
    assert found.reason == reason


def test_an_excerpt_holds_no_address() -> None:
    """What is shown of a rejected file is redacted in every encoding, also where the text is cut, on a long line or no text at all."""
    line = "/* jane.doe" + "@" + "lab.example.edu wrote \u00e4 */\n"
    for content in (
        (line + SCALE).encode("utf-16"),
        (line + SCALE).encode("utf-8"),
        (line + SCALE).encode("latin-1"),
        (line + "\u00e4" * 9000).encode("utf-8"),
        b" " + (line + "\u00e4" * 9000).encode("utf-8"),
        line.encode("utf-16-le") + b"\x01\x02\xff",
        (line.strip() + " " + "x" * 9000).encode(),
    ):
        found = cleaned("a.c", content, Evidence("", "no-licence"))
        assert isinstance(found, Rejected)
        assert "jane.doe" not in found.excerpt, content[:20]
        assert "<email>" in found.excerpt, content[:20]
        assert len(found.excerpt) <= 2000
    kept = cleaned("a.c", SCALE, Evidence("GPL-3.0-only", "file:COPYING"))
    assert isinstance(kept, Rejected)
    assert (kept.source, kept.licence, kept.licence_evidence) == ("path:x", "GPL-3.0-only", "file:COPYING")


def test_numerical_prose_is_not_taken_for_generated_code() -> None:
    """A comment on how matrices are generated doesn't make a file generated."""
    text = SCALE + "/* the test matrices are generated by DLATMS */\n"
    assert document("a.c", "/* Purpose: scales a matrix\n   that was generated by the caller */\n" + text).language == "c"


# ---------------------------------------------------------------- splits


def test_a_package_keeps_its_split_when_others_come() -> None:
    """The hash of the name decides, and with three packages none of the splits is empty."""
    shares = {"valid": (), "test": (), "valid_share": 0.1, "test_share": 0.1}
    few = split_packages(["a", "b", "c"], **shares)  # type: ignore[arg-type]
    assert sorted(few.values()) == ["test", "train", "valid"]
    names = [f"p{n}" for n in range(200)]
    many = split_packages(names, **shares)  # type: ignore[arg-type]
    more = split_packages([*names, "q1", "q2"], **shares)  # type: ignore[arg-type]
    assert {name: more[name] for name in names} == many
    assert 8 <= list(many.values()).count("test") <= 35
    assert set(split_packages(["a", "b"], **shares).values()) == {"train"}  # type: ignore[arg-type]


def test_named_packages_are_the_whole_split() -> None:
    """A list given in the recipe leaves nothing to the hash, and a name that isn't there is an error."""
    assert split_packages(["a", "b", "c", "d"], valid=["b"], test=["c"], valid_share=0.9, test_share=0.9) == {
        "a": "train",
        "b": "valid",
        "c": "test",
        "d": "train",
    }
    with pytest.raises(InputError, match="did you mean 'lapack'"):
        split_packages(["lapack"], valid=["lapak"], test=[], valid_share=0, test_share=0)
    with pytest.raises(InputError, match="both"):
        split_packages(["a"], valid=["a"], test=["a"], valid_share=0, test_share=0)


# ---------------------------------------------------------------- the stage


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Three mined packages."""
    bodies = {"alpha": "x[i] *= a;", "beta": "if (x[i] > a) x[i] -= a / n;", "gamma": "x[i] = x[i] + (a - x[n - 1 - i]) * (double)i;"}
    loops = {"alpha": "X(I) = 0", "beta": "IF (X(I) .GT. 1) X(I) = X(I) / 2", "gamma": "X(I) = SQRT(X(I) + X(10 - I)) * I"}
    for package, body in bodies.items():
        root = tmp_path / package
        (root / "src").mkdir(parents=True)
        (root / "LICENSE").write_text(MIT_TEXT)
        (root / "src" / "scale.c").write_text(SCALE.replace("x[i] *= a;", body))
        (root / "src" / "same.c").write_text(SCALE.replace("x[i] *= a;", "x[n - 1 - i] = a / x[i];"))
        (root / "src" / "copyleft.c").write_text("// SPDX-License-Identifier: GPL-3.0-or-later\n" + SCALE)
        (root / "src" / "loop.f").write_text(
            "      SUBROUTINE "
            + package
            + "(X)\n      REAL X(9)\n      DO I = 1, 9\n      "
            + loops[package]
            + "\n      END DO\n      END\n"
        )
        (root / "src" / "binary.c").write_bytes(bytes(100))
    sources = tuple(f"path:{tmp_path / package}" for package in ("alpha", "beta", "gamma"))
    execute(MINE, MineConfig(sources=sources, cache=str(tmp_path / "cache")), {}, tmp_path / "files")
    return tmp_path / "files"


def prepare(files: Path, name: str, num_workers: int = 2, **config: object) -> Execution:
    """The stage in worker processes, near duplicates kept unless asked for otherwise."""
    settings = PrepareConfig(**{"near_similarity": 1.0, "leak_similarity": 1.0, **config})  # type: ignore[arg-type]
    return execute(STAGE, settings, {"files": files}, files.parent / name, executor=LocalExecutor(num_workers))


@pytest.mark.ci
def test_the_stage_counts_what_it_keeps_and_rejects(files: Path) -> None:
    """Rows, rejections and metrics agree, each package has one split, and every row has a licence."""
    manifest = prepare(files, "out", keep_rejected=True).manifest
    documents = list(read_rows(files.parent / "out", "corpus", Document))
    assert manifest.rows == {"corpus": 7, "functions": 7, "loops": 0, "programs": 0, "kernels": 0}
    assert manifest.rejections == {"binary": 3, "duplicate": 2, "licence-policy": 3}
    assert manifest.metrics["by_language"]["fortran"]["files"] == 3
    assert manifest.metrics["by_split"].keys() == {"train", "valid", "test"}
    assert sum(count["bytes"] for count in manifest.metrics["by_package"].values()) == sum(len(d.text.encode()) for d in documents)
    assert {d.licence for d in documents} == {"MIT"}
    assert all(len({d.split for d in documents if d.package == name}) == 1 for name in ("alpha", "beta", "gamma"))
    assert len(list(read_rows(files.parent / "out", "rejected", Rejected))) == 6
    assert [(d.kind, d.similarity) for d in read_rows(files.parent / "out", "duplicates", Duplicate)] == [("exact", 1.0)] * 2


@pytest.mark.ci
def test_the_output_does_not_depend_on_the_workers(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker or two, and the later phases in this process or in theirs: the bytes are the same."""
    one = prepare(files, "one", num_workers=1, near_similarity=0.55).manifest
    monkeypatch.setattr("hpcraft.data.dispatch.FEW_DOCUMENTS", 0)
    two = prepare(files, "two", num_workers=2, near_similarity=0.55).manifest
    assert one.outputs_sha256 == two.outputs_sha256


@pytest.mark.ci
def test_copyleft_is_kept_when_asked_for(files: Path) -> None:
    """The policy decides, and the licence stays with the row."""
    manifest = prepare(files, "out", licence_policy="copyleft").manifest
    assert manifest.metrics["by_licence"]["GPL-3.0-or-later"]["files"] == 1
    assert manifest.rejections["duplicate"] == 4


@pytest.mark.ci
def test_an_empty_corpus_is_an_error_that_says_why(files: Path) -> None:
    """Nothing left is bad input, with the reasons counted."""
    with pytest.raises(InputError, match=r"nothing is left of 15 files \(too-small"):
        prepare(files, "out", min_tokens=10_000)


def test_a_wrong_limit_is_refused() -> None:
    """Values that can't be meant are errors of use."""
    with pytest.raises(ConfigError, match="valid_share"):
        PrepareConfig(valid_share=1.5)
    with pytest.raises(ConfigError, match="leave no package for training"):
        PrepareConfig(valid_share=0.5, test_share=0.5)
    with pytest.raises(ConfigError, match="'x' is in both"):
        PrepareConfig(valid_packages=("x",), test_packages=("y", "x"))
