"""Preparing: what becomes of a file, and why one is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcraft.data.clean import Clean, Rejected, Task, clean, decode
from hpcraft.data.evidence import Evidence, PackageLicences, of_file, recognise
from hpcraft.data.licences import allows, spdx
from hpcraft.data.mine import STAGE as MINE
from hpcraft.data.mine import MineConfig
from hpcraft.data.prepare import STAGE, PrepareConfig
from hpcraft.data.splits import split_packages
from hpcraft.errors import ConfigError, InputError
from hpcraft.records import CodeUnit, Document, SourceFile
from hpcraft.stages import Execution, execute
from hpcraft.store import read_rows, sha256_bytes

MIT = Evidence("MIT", "file:LICENSE")
SCALE = "void scale(int n, double a, double *x)\n{\n    for (int i = 0; i < n; ++i)\n        x[i] *= a;\n}\n"
MIT_TEXT = """MIT License
Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to deal in the Software without restriction.
The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.
THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.
"""


def cleaned(path: str, content: str | bytes, package: Evidence = MIT, **config: object) -> Clean | Rejected:
    """One file through `clean`."""
    data = content.encode() if isinstance(content, str) else content
    file = SourceFile(source="path:x", package="x", version="1", path=path, sha256=sha256_bytes(data), content=data)
    settings = PrepareConfig(**config)  # type: ignore[arg-type]
    return clean(Task(file=file, package=package, split="train", policy=settings.licence_policy, limits=settings.limits))


def document(path: str, content: str | bytes, package: Evidence = MIT) -> Document:
    """The document of a file that is kept."""
    found = cleaned(path, content, package)
    assert isinstance(found, Clean), found
    return found.document


def units(path: str, content: str) -> list[CodeUnit]:
    """The units of a file that is kept."""
    found = cleaned(path, content, min_tokens=1)
    assert isinstance(found, Clean), found
    return found.units


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
    assert not decode(SCALE.encode()).latin1


def test_latin1_is_read_and_noted() -> None:
    """A file that isn't UTF-8 is read as Latin-1, and the document is UTF-8."""
    found = cleaned("a.c", b"/* J\xe9r\xf4me */\n" + SCALE.encode())
    assert isinstance(found, Clean)
    assert found.latin1
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
        ("a.c", "/* This file was automatically generated by SWIG. */\n" + SCALE, "generated"),
        ("a.c", "/* dasum.f -- translated by f2c (version 20000121) */\n" + SCALE, "generated"),
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


def test_numerical_prose_is_not_taken_for_generated_code() -> None:
    """A comment on how matrices are generated doesn't make a file generated."""
    text = SCALE + "/* the test matrices are generated by DLATMS */\n"
    assert document("a.c", "/* Purpose: scales a matrix\n   that was generated by the caller */\n" + text).language == "c"


# ---------------------------------------------------------------- licences


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("Expat", "MIT"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("Apache-2.0-OR-MIT", "Apache-2.0 OR MIT"),
        ("(Apache-2.0 OR MIT)", "Apache-2.0 OR MIT"),
        ("GPL-2+ or BSD-2-clause", "GPL-2.0-or-later OR BSD-2-Clause"),
        ("BSD-3-clause and Expat", "BSD-3-Clause AND MIT"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("CeCILL-C-V1", "CECILL-C"),
        ("BSD", None),
        ("free for academic use", None),
        ("MIT and something-odd", None),
        ("", None),
    ],
)
def test_names_become_spdx_or_nothing(name: str, expression: str | None) -> None:
    """Known names are normalised; an unknown part spoils the whole."""
    assert spdx(name) == expression


def test_a_policy_needs_one_arm_of_or_and_every_arm_of_and() -> None:
    """Expressions are judged by their structure."""
    assert allows("permissive", "GPL-2.0-only OR MIT")
    assert not allows("permissive", "GPL-2.0-only AND MIT")
    assert allows("copyleft", "GPL-2.0-only AND MIT")
    assert allows("copyleft", "CECILL-C")
    assert not allows("copyleft", "CC-BY-NC-4.0")
    assert allows("all", "CC-BY-NC-4.0")


DEP5 = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: someone
License: BSD-3-clause

Files: src/gpl/*
Copyright: someone
License: GPL-2+

Files: src/gpl/free.c
Copyright: someone
License: odd-name

Files: src/odd.c
Copyright: someone
License: odder-name

License: odd-name
 Permission is hereby granted, free of charge, to any person obtaining a copy of this software.
 The above copyright notice and this permission notice shall be included in all copies of it.
 THE SOFTWARE IS PROVIDED "AS IS".
"""


def test_the_last_matching_paragraph_of_dep5_wins() -> None:
    """Names are looked up, else the licence text itself, else the file has no known licence."""
    licences = PackageLicences({"debian/copyright": DEP5.encode(), "LICENSE": MIT_TEXT.encode()})
    assert licences.of("src/a.c") == Evidence("BSD-3-Clause", "dep5:debian/copyright")
    assert licences.of("src/gpl/a.c").licence == "GPL-2.0-or-later"
    assert licences.of("src/gpl/free.c").licence == "MIT"
    assert licences.of("src/odd.c") == Evidence("", "licence-unknown")


def test_a_licence_file_counts_for_what_lies_below_it_when_it_is_clear() -> None:
    """The nearest recognised text decides; an odd one gives no licence; none at all gives no licence."""
    licences = PackageLicences({"LICENSE": MIT_TEXT.encode(), "sub/COPYING": b"Ask me first.\n"})
    assert licences.of("src/a.c") == MIT
    assert licences.of("sub/a.c") == Evidence("", "licence-unknown")
    assert PackageLicences({}).of("a.c") == Evidence("", "no-licence")
    assert PackageLicences({"debian/copyright": b"It is free, they say.\n"}).of("a.c") == Evidence("", "no-licence")


def test_a_licence_text_with_a_sting_is_not_recognised() -> None:
    """An added restriction makes a known text unknown."""
    assert recognise(MIT_TEXT) == "MIT"
    assert recognise(MIT_TEXT + "For non-commercial use only.\n") is None


@pytest.mark.parametrize(
    ("head", "package", "licence", "origin"),
    [
        ("// SPDX-License-Identifier: BSD-2-Clause\n", MIT, "BSD-2-Clause", "spdx-header"),
        ("/* SPDX-License-Identifier: (Apache-2.0 OR MIT) */\n", MIT, "Apache-2.0 OR MIT", "spdx-header"),
        ("// SPDX-License-Identifier: LicenseRef-mine\n", MIT, "", "licence-unknown"),
        ("/* under the terms of the GNU General Public License */\n", MIT, "", "licence-conflict"),
        ("/* GNU Lesser\n * General Public License */\n", Evidence("LGPL-2.1-only", "x"), "LGPL-2.1-only", "x"),
        ("/* NOTICE TO LICENSEE: confidential */\n", MIT, "", "licence-conflict"),
        ("", MIT, "MIT", "file:LICENSE"),
        ("", Evidence("", "no-licence"), "", "no-licence"),
    ],
)
def test_a_header_speaks_before_its_package(head: str, package: Evidence, licence: str, origin: str) -> None:
    """An SPDX tag decides; a header that contradicts the package leaves nothing to rely on."""
    assert of_file(head + SCALE, package) == Evidence(licence, origin)


# ---------------------------------------------------------------- units


def test_functions_and_annotated_loops_are_cut_out() -> None:
    """The loop's directive is kept apart, an #ifdef around it is looked through, plain loops are no units."""
    text = (
        "static int add(int a,\n    int b)\n{\n    return a + b;\n}\n"
        "void f(int n, double *x)\n{\n    for (int i = 0; i < n; ++i)\n        x[i] = 0;\n"
        "#ifdef _OPENMP\n#pragma omp parallel for \\\n    schedule(static)\n#endif\n    /* here */\n    for (int i = 0; i < n; ++i) {\n        x[i] += 1;\n    }\n}\n"
    )
    found = units("a.c", text)
    assert [(u.kind, u.name, u.start_line) for u in found] == [("function", "add", 1), ("function", "f", 6), ("loop", "f", 15)]
    assert found[2].directive == "#pragma omp parallel for schedule(static)"
    assert found[2].text == "for (int i = 0; i < n; ++i) {\n    x[i] += 1;\n}\n"
    assert found[2].models == ("openmp",)
    assert found[0].models == ()


def test_cpp_and_cuda_functions_keep_template_and_qualifiers() -> None:
    """A template head belongs to its function; a kernel is found by the CUDA grammar."""
    found = units(
        "a.cu",
        "template <class T>\n__global__ void k(int n, T *x)\n{\n    x[threadIdx.x] = n;\n}\nvoid S::run()\n{\n    k<<<1, 2>>>(1, p);\n}\n",
    )
    assert [(u.name, u.models) for u in found] == [("k", ("cuda",)), ("S::run", ("cuda",))]
    assert found[0].text.startswith("template <class T>\n__global__ void k")


def test_fortran_units_of_both_forms() -> None:
    """Fixed form is converted first; continued directives are one line; an END directive annotates nothing."""
    fixed = (
        "      SUBROUTINE F(X, N)\n      INTEGER N, I\n      REAL X(N)\nC$OMP PARALLEL DO\nC$OMP+ PRIVATE(I)\n"
        "      DO 10 I = 1, N\n        X(I) = X(I) +\n     &    1.0\n   10 CONTINUE\nC$OMP END PARALLEL DO\n      DO I = 1, N\n        X(I) = 0\n      END DO\n      END\n"
    )
    found = cleaned("a.f", fixed)
    assert isinstance(found, Clean)
    assert found.document.form == "fixed"
    assert [(u.kind, u.name) for u in found.units] == [("function", "F"), ("loop", "F")]
    assert found.units[1].directive.lower() == "!$omp parallel do private(i)"
    free = units(
        "a.f90",
        "module m\ncontains\npure function g(x) result(y)\n  real, intent(in) :: x\n  real :: y\n  y = x\nend function\nend module\n",
    )
    assert [(u.name, u.language) for u in free] == [("g", "fortran")]


def test_long_short_and_broken_functions_are_left_out() -> None:
    """Only functions of 3 to 200 lines that parse are units."""
    long = "int f(void)\n{\n" + "    g();\n" * 200 + "}\n"
    assert units("a.c", f"int one(void) {{ return 1; }}\n{long}int broken(void)\n{{\n    int = ;\n    return (;\n}}\n") == []


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
    for package in ("alpha", "beta", "gamma"):
        root = tmp_path / package
        (root / "src").mkdir(parents=True)
        (root / "LICENSE").write_text(MIT_TEXT)
        (root / "src" / "scale.c").write_text(SCALE.replace("scale", f"scale_{package}"))
        (root / "src" / "same.c").write_text(SCALE.replace("a", "b"))
        (root / "src" / "copyleft.c").write_text("// SPDX-License-Identifier: GPL-3.0-or-later\n" + SCALE)
        (root / "src" / "loop.f").write_text(
            "      SUBROUTINE " + package + "(X)\n      REAL X(9)\n      DO I = 1, 9\n      X(I) = 0\n      END DO\n      END\n"
        )
        (root / "src" / "binary.c").write_bytes(bytes(100))
    sources = tuple(f"path:{tmp_path / package}" for package in ("alpha", "beta", "gamma"))
    execute(MINE, MineConfig(sources=sources, cache=str(tmp_path / "cache")), {}, tmp_path / "files")
    return tmp_path / "files"


def prepare(files: Path, name: str, **config: object) -> Execution:
    """The stage with two workers."""
    return execute(STAGE, PrepareConfig(**{"num_workers": 2, **config}), {"files": files}, files.parent / name)  # type: ignore[arg-type]


def test_the_stage_counts_what_it_keeps_and_rejects(files: Path) -> None:
    """Rows, rejections and metrics agree, each package has one split, and every row has a licence."""
    manifest = prepare(files, "out", keep_rejected=True).manifest
    documents = list(read_rows(files.parent / "out", "corpus", Document))
    assert manifest.rows == {"corpus": 7, "functions": 7, "loops": 0}
    assert manifest.rejections == {"binary": 3, "duplicate": 2, "licence-policy": 3}
    assert manifest.metrics["by_language"]["fortran"]["files"] == 3
    assert manifest.metrics["by_split"].keys() == {"train", "valid", "test"}
    assert sum(count["bytes"] for count in manifest.metrics["by_package"].values()) == sum(len(d.text.encode()) for d in documents)
    assert {d.licence for d in documents} == {"MIT"}
    assert all(len({d.split for d in documents if d.package == name}) == 1 for name in ("alpha", "beta", "gamma"))
    assert len(list(read_rows(files.parent / "out", "rejected", Rejected))) == 8


def test_the_output_does_not_depend_on_the_workers(files: Path) -> None:
    """One worker or two, the bytes are the same."""
    one = prepare(files, "one", num_workers=1).manifest
    two = prepare(files, "two", num_workers=2).manifest
    assert one.outputs_sha256 == two.outputs_sha256


def test_copyleft_is_kept_when_asked_for(files: Path) -> None:
    """The policy decides, and the licence stays with the row."""
    manifest = prepare(files, "out", licence_policy="copyleft").manifest
    assert manifest.metrics["by_licence"]["GPL-3.0-or-later"]["files"] == 1
    assert manifest.rejections["duplicate"] == 4


def test_an_empty_corpus_is_an_error_that_says_why(files: Path) -> None:
    """Nothing left is bad input, with the reasons counted."""
    with pytest.raises(InputError, match=r"nothing is left of 15 files \(too-small"):
        prepare(files, "out", min_tokens=10_000)


def test_a_wrong_limit_is_refused() -> None:
    """Values that can't be meant are errors of use."""
    with pytest.raises(ConfigError, match="valid_share"):
        PrepareConfig(valid_share=1.5)
