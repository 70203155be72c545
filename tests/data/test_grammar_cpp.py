"""Kernels as C++: which loops become algorithms of the standard library, and what of C is written in C++'s own words."""

from __future__ import annotations

import shutil
from random import Random

import pytest

from hpcraft.data.grammar_code import For, Helper, Kernel, Let, Line, Node, Parallel, Param, Range
from hpcraft.data.grammar_cpp import write_cpp
from hpcraft.data.grammar_words import draw_style
from hpcraft.data.target_text import objection
from hpcraft.data.trees import parse
from hpcraft.data.verify import verify
from hpcraft.sandbox.abi import Signature
from hpcraft.verification import Candidate, Finding

PARAMS = (
    Param(name="n", ctype="int", values=("1", "7", "40")),
    Param(name="k", ctype="float", values=("0.5", "3")),
    Param(name="x", ctype="float", length="n"),
    Param(name="z", ctype="float", length="n"),
    Param(name="y", ctype="float", length="n", access="inout"),
)


def kernel(*body: Node, name: str = "f", helpers: tuple[Helper, ...] = ()) -> Kernel:
    """A function of two arrays into a third."""
    return Kernel(name=name, params=PARAMS, body=body, helpers=helpers)


def loop(*body: Node, low: str = "0", form: str = "up", step: str = "1") -> Parallel:
    """A loop over all elements."""
    return Parallel(heads=(Range(var="i", low=low, high="n", step=step, form=form),), body=body)  # type: ignore[arg-type]


def written(some: Kernel) -> set[str]:
    """What many authors write of a kernel, without the blanks between lexemes."""
    found = set()
    for seed in range(60):
        rng = Random(seed)
        found.add(" ".join(write_cpp(some, draw_style(rng), rng).split()))
    return found


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (loop(Line("y[i] = 0;")), "std::fill(y, y + n, 0);"),
        (loop(Line("y[i] = x[i];"), low="1"), "std::copy(x + 1, x + n, y + 1);"),
        (loop(Line("y[i] = k * x[i];")), "std::transform(x, x + n, y, [=](float value) { return k * value; });"),
        (loop(Line("y[i] = x[i] - z[i];")), "std::transform(x, x + n, z, y, [](float a, float b) { return a - b; });"),
        (loop(Line("y[i] += x[i] - k;")), "std::transform(y, y + n, x, y, [=](auto a, auto b) { return a + (b - k); });"),
        (
            loop(Let("float", "t", "x[i] * k"), Line("y[i] = t * t;")),
            "std::transform(x, x + n, y, [=](float value) { const float t = value * k; return t * t; });",
        ),
        (For(Range(var="i", high="n"), (Line("y[0] += x[i];"),)), ""),
    ],
)
def test_a_loop_of_one_assignment_is_an_algorithm(body: Node, wanted: str) -> None:
    """By hand; what isn't one stays a loop, and every author can write the loop."""
    texts = written(kernel(body))
    assert any(wanted in text for text in texts)
    assert any("for (int i = " in text.replace("=", " = ").replace("  ", " ") for text in texts)
    if not wanted:
        assert not any("std::" in text for text in texts)


def test_sums_are_accumulated() -> None:
    """From the value that the variable has, with a function of two values where the summand isn't an element."""
    for summand, wanted in (
        ("x[i]", "s = std::accumulate(x, x + n, s);"),
        ("x[i] * z[i]", "s = std::inner_product(x, x + n, z, s);"),
        ("x[i] * x[i]", "s = std::inner_product(x, x + n, x, s);"),
        ("x[i] - k", "s = std::accumulate(x, x + n, s, [=](auto total, float value) { return total + (value - k); });"),
    ):
        body = (Let("float", "s", "0"), For(Range(var="i", high="n"), (Line(f"s += {summand};"),)), Line("y[0] = s;"))
        assert any(wanted in text for text in written(kernel(*body))), summand


@pytest.mark.parametrize(
    "body",
    [
        loop(Line("y[i] = y[i - 1] + x[i];"), low="1"),
        loop(Line("y[i] = x[i] * y[0];")),
        loop(Line("y[i] = x[i] * i;")),
        loop(Line("y[i] = x[n - i];")),
        loop(Line("y[i] = x[i];"), form="down"),
        loop(Line("y[i] = x[i];"), step="2"),
        loop(Let("float", "t", "x[i]"), Line("t = t * k;"), Line("y[i] = t;")),
    ],
)
def test_what_an_algorithm_would_change_stays_a_loop(body: Node) -> None:
    """Elements that others read, the variable's own value, other orders, and locals that change."""
    assert not any("std::" in text for text in written(kernel(body)))


def test_words_of_c_become_those_of_cpp() -> None:
    """Casts, functions and constants; a function that is called as an algorithm leaves that name to itself."""
    helper = Helper(result="float", name="max", params="float a, float b", body="return a > b ? a : b;", builtin=True)
    body = loop(Let("float", "t", "(float)(int)(x[i] + 1)"), Line("y[i] = max(sqrtf(fabsf(t)), k);"), low="1", form="inclusive")
    texts = written(kernel(body, helpers=(helper,)))
    assert any("std::max<float>(std::sqrt(std::fabs(t)), k)" in text for text in texts)
    assert any("static_cast<float>(static_cast<int>(x[i] + 1))" in text for text in texts)
    assert any("const float t" in text for text in texts)
    assert all(("static inline float max" in text) == ("std::max" not in text) for text in texts)
    assert not any(parse(text.replace("#include", "\n#include").replace("> ", ">\n"), "cpp").has_error for text in texts)
    assert not any("std::fill" in text for text in written(kernel(loop(Line("y[i] = 0;")), name="fill")))


CPP_SCALE = """#include <algorithm>
extern "C" void scale(int n, double a, double *x) {
    std::transform(x, x + n, x, [=](double v) { return a * v; });
}
"""
LOOP = "void scale(int n, double a, double *x) {\n    for (int i = 0; i < n; i++)\n        x[i] = a * x[i];\n}\n"
WRONG = {
    "short": (CPP_SCALE.replace("x + n,", "x + n - 1,"), "differs"),
    "beyond": (CPP_SCALE.replace("x + n,", "x + n + 1,"), "target:runtime_error"),
    "threads": (CPP_SCALE.replace("#include <algorithm>", "#include <algorithm>\n#include <execution>"), "not-serial"),
    "directive": (CPP_SCALE.replace("    std", "#pragma omp parallel\n    std"), "not-serial"),
    "no-linkage": (CPP_SCALE.replace('extern "C" ', ""), "target:compile_error"),
    "types": (CPP_SCALE.replace("double a", "float a"), "target:signature"),
}


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    """C++ of a loop in C, right and wrong, verified together."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    codes = {"right": CPP_SCALE, "loop": f'extern "C" {LOOP}', **{name: code for name, (code, _) in WRONG.items()}}
    candidates = [
        Candidate(
            candidate_id=name, signature="void scale(int n, double a, double *x)", source=LOOP, target=code, target_model="cpp",
            tests=("3 2.5 [3]", "17 -1 [17]", "64 0.5 [64]"),
        )
        for name, code in codes.items()
    ]  # fmt: skip
    return {f.candidate_id: f for f in verify(candidates, seed=5)}


@pytest.mark.parametrize("name", ["right", "loop"])
def test_right_cpp_is_accepted(findings: dict[str, Finding], name: str) -> None:
    """With what its faults show."""
    finding = findings[name]
    assert finding.accepted, finding.reason + finding.log
    assert finding.target_mutants_killed


@pytest.mark.parametrize("name", WRONG)
def test_wrong_cpp_is_refused(findings: dict[str, Finding], name: str) -> None:
    """For what is wrong with it."""
    assert findings[name].reason == WRONG[name][1], findings[name].log


def test_headers_of_threads_are_told() -> None:
    """C++ has its own ways to be parallel; sequential code includes none of their headers."""
    entry = Signature.parse("void scale(int n, double a, double *x)")
    assert objection(CPP_SCALE, "cpp", entry) is None
    found = objection(CPP_SCALE.replace("<algorithm>", "<thread>"), "cpp", entry)
    assert found is not None
    assert found.log == "<thread> is of a parallel model"
