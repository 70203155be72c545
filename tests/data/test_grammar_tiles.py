"""CUDA kernels with tiles in shared memory: what is written so, that it does what its source does without a race, and what is left as it was."""

from __future__ import annotations

import shutil
from random import Random

import pytest

from hpcraft.data.grammar_c import CWriter
from hpcraft.data.grammar_code import For, If, Kernel, Let, Line, Node, Parallel, Param, Range
from hpcraft.data.grammar_cuda import write_cuda
from hpcraft.data.grammar_words import draw_style
from hpcraft.data.verify import cuda_level, verify
from hpcraft.verification import Candidate

SIZE = Param(name="n", ctype="int", values=("1", "7", "130"))
SIZES = tuple(Param(name=name, ctype="int", values=("3", "17", "40")) for name in ("rows", "inner", "cols"))
X, Y = Param(name="x", ctype="float", length="n"), Param(name="y", ctype="float", length="n", access="out")
FACTORS = (
    Param(name="a", ctype="double", length="rows * inner"),
    Param(name="b", ctype="double", length="inner * cols"),
    Param(name="c", ctype="double", length="rows * cols", access="inout"),
)


def line(*body: Node, low: str = "0", high: str = "n") -> Kernel:
    """One loop over an array."""
    nest = Parallel(heads=(Range(var="i", low=low, high=high),), body=body)
    return Kernel(name="smooth", params=(SIZE, X, Y), body=(nest,))


def product(*inner: Node, total: str = "0", first: str = "inner") -> Kernel:
    """A product of matrices."""
    loop = For(Range(var="k", high=first), inner)
    nest = Parallel(
        heads=(Range(var="i", high="rows"), Range(var="j", high="cols")),
        body=(Let("double", "s", total), loop, Line("c[i * cols + j] = s;")),
    )
    return Kernel(name="multiply", params=(*SIZES, *FACTORS), body=(nest,))


LINES = {
    "three": line(Line("y[i] = (x[i - 1] + x[i] + x[i + 1]) / 3;"), low="1", high="n - 1"),
    "guarded": line(If("i >= 2", (Line("y[i] = x[i] - x[i - 2];"),), (Line("y[i] = 0;"),))),
    "named": line(Let("float", "left", "i > 0 ? x[i - 1] : 0"), Line("y[i] = left + (i + 3 < n ? x[i + 3] : 0);")),
}
PRODUCTS = {
    "direct": product(Line("s += a[i * inner + k] * b[k * cols + j];")),
    "named": product(Let("double", "u", "a[i * inner + k]"), Let("int", "at", "k * cols + j"), Line("s = s + u * b[at];")),
    "turned": product(Line("s += b[j + k * cols] * a[i * inner + k];")),
}
OTHERS = {
    "far": line(Line("y[i] = x[i - 9] + x[i];"), low="9"),
    "alone": line(Line("y[i] = x[i] * x[i];")),
    "elsewhere": line(Line("y[i] = x[i - 1] + x[0];"), low="1"),
    "turned-about": line(Line("y[i] = x[n - 1 - i] + x[i];")),
    "one-row": product(Line("s += a[i * inner + k] * a[i * inner + k];")),
    "more": product(Line("s += a[i * inner + k] * b[k * cols + j] + 1;")),
    "read-first": product(Line("s += a[i * inner + k] * b[k * cols + j];"), total="c[i * cols + j]"),
}


def tiled(kernel: Kernel, count: int) -> list[tuple[str, str]]:
    """What some authors write of a kernel with tiles, each with its C."""
    found: list[tuple[str, str]] = []
    for seed in range(60):
        rng = Random(seed)
        style = draw_style(rng)
        code = write_cuda(kernel, style, rng)
        if "__shared__" in code and len(found) < count:
            found.append((CWriter(style).function(kernel), code))
    return found


@pytest.mark.ci
@pytest.mark.skipif(shutil.which("bwrap") is None or cuda_level() == "compile", reason="CUDA isn't emulated here")
def test_tiles_do_what_their_sources_do() -> None:
    """Neighbours on both sides and products in several forms, at sizes that fill no block: the same results, and no race or stray access."""
    candidates = []
    for name, kernel in {**LINES, **{f"product-{n}": k for n, k in PRODUCTS.items()}}.items():
        written = tiled(kernel, 2)
        assert len(written) == 2, name
        tests = ("3 2 5 [6] [10] [15]", "17 40 3 [680] [120] [51]", "40 17 33 [680] [561] [1320]")
        for number, (source, code) in enumerate(written):
            assert "__syncthreads" in code
            candidates.append(
                Candidate(
                    candidate_id=f"{name}/{number}", signature=source.partition("{")[0].strip(), source=source, target=code, target_model="cuda",
                    tests=tests if name.startswith("product") else ("9 [9] [9]", "64 [64] [64]", "530 [530] [530]"),
                )
            )  # fmt: skip
    assert {f.candidate_id: f"{f.reason} {f.log}" for f in verify(candidates, seed=3, min_killed=0.0) if not f.accepted} == {}


@pytest.mark.parametrize("name", OTHERS)
def test_what_has_nothing_to_share_has_no_tile(name: str) -> None:
    """Elements far away or alone, other places of the same array, sums that an empty place would change."""
    assert tiled(OTHERS[name], 1) == []


def test_kernels_for_any_launch_have_no_tiles() -> None:
    """A tile is as large as the block that its own launch asks for."""
    kernel = LINES["three"]
    assert not any("__shared__" in write_cuda(kernel, draw_style(Random(s)), Random(s), any_launch=True) for s in range(40))
