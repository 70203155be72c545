"""A kernel that forgets a local of its source gets the declaration; nothing else of it changes."""

from __future__ import annotations

import pytest

from hpcraft.data.grammar import draw
from hpcraft.data.missing_locals import with_missing_locals

_HEAD = "__global__ void rows(float *out, const float *x, int r, int c) {\n"
_STRIDE = "    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < r; i += blockDim.x * gridDim.x) {\n"


def kernel(body: str, before: str = "") -> str:
    """A kernel that shares rows by strides."""
    return f"{_HEAD}{before}{_STRIDE}{body}    }}\n}}\n"


def source(body: str, before: str) -> str:
    """The sequential function."""
    return f"void rows(float *out, const float *x, int r, int c) {{\n{before}    for (i = 0; i < r; i++) {{\n{body}    }}\n}}\n"


@pytest.mark.parametrize(
    ("before", "body", "declared"),
    [
        ("    int i, j;\n    float sum;\n", "        sum = 0;\n        for (j = 0; j < c; j++) sum += x[i * c + j];\n        out[i] = sum;\n", "int j;float sum;"),
        ("    int i; int width = c; const int twice = 2 * width;\n", "        out[i] = x[i * twice + width];\n", "int width = c;const int twice = 2 * width;"),
        ("    int i;\n", "        float t;\n        t = x[i];\n        out[i] = t;\n", "float t;"),
    ],
    ids=["counters and accumulators", "other names of parameters, in order", "declared in the loop"],
)  # fmt: skip
def test_what_was_forgotten_is_declared(before: str, body: str, declared: str) -> None:
    """At the head of the kernel, in the order of the source, with values that are known there."""
    forgets = kernel(body.replace("        float t;\n", ""))
    new = with_missing_locals(forgets, source(body, before))
    assert new.replace("\n    ", "\n").split("{\n", 1)[1].startswith(declared.replace(";", ";\n"))
    assert new.endswith(forgets.split("{\n", 1)[1])


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (kernel("        out[i] = x[i];\n"), source("        out[i] = x[i];\n", "    int i;\n")),
        (kernel("        out[i] = x[i * ld];\n"), source("        int ld = c + i;\n        out[i] = x[i * ld];\n", "    int i;\n")),
        (kernel("        buf[0] = x[i];\n"), source("        buf[0] = x[i];\n", "    int i; float buf[4];\n")),
        (kernel("        out[i] = x[i] * a;\n"), source("        out[i] = x[i] * a;\n", "    int i; float a = first(x);\n")),
        (kernel("        out[i] = t;\n"), source("        { int t; t = 1; }\n        { float t; t = x[i]; out[i] = t; }\n", "    int i;\n")),
        ("nothing that is a kernel", source("", "    int i, j;\n")),
        (kernel("        out[j] = 0;\n"), "no function"),
    ],
    ids=["nothing missing", "a value of the loop", "an array", "a call", "two types", "no kernel", "no source"],
)  # fmt: skip
def test_what_a_rule_cannot_know_stays(code: str, text: str) -> None:
    """Such kernels are as they were."""
    assert with_missing_locals(code, text) == code


def test_an_inner_declaration_does_not_reach_outside() -> None:
    """A counter of one loop isn't declared for the next, nor is one that its own block declares."""
    body = "        for (int j = 0; j < c; j++) out[i] += x[j];\n        for (j = 0; j < c; j++) out[i] += x[j];\n"
    new = with_missing_locals(kernel(body), source(body.replace("int j", "j"), "    int i; long j;\n"))
    assert new == kernel(body).replace(_HEAD, f"{_HEAD.rstrip()}\n    long j;\n")


def test_whole_kernels_of_the_grammar_stay() -> None:
    """A right kernel forgets nothing."""
    for number in range(150):
        pair = draw(3, number, targets=("cuda",), any_launch=True)
        assert with_missing_locals(pair.targets["cuda"], pair.source) == pair.targets["cuda"]
