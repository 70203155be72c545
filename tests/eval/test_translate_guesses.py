"""Translations that hold and are guesses all the same: nothing ran, or too little to show anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpcraft.data.standalone import stand_alone
from hpcraft.eval.translate_evidence import Choice, Evidence, _too_little, judged
from hpcraft.verification import Finding

HELD = Choice(number=0, code="", holds=True, level="run")


def test_code_that_was_only_compiled_is_a_guess() -> None:
    """Where CUDA can't be run, nothing was shown of what it does."""
    assert Evidence(choices=(replace(HELD, level="compile"),), verified=True).is_guess
    assert not Evidence(choices=(replace(HELD, level="emulate"),), verified=True).is_guess


def test_what_holds_on_too_little_is_a_guess() -> None:
    """Where one test alone is valid, or most lines never run, a wrong translation holds easily; where nothing holds there is no guess."""
    weak = Evidence(choices=(replace(HELD, mutants_killed=1, mutants_total=6),), verified=True)
    assert weak.doubt == "the tests tell it from 1 of 6 faulty versions of it, fewer than 50%"
    assert not Evidence(choices=(replace(HELD, mutants_killed=3, mutants_total=6),), verified=True).is_guess
    little = Evidence(choices=(HELD,), verified=True, too_little="1 of its tests is valid, fewer than 3")
    assert little.is_guess
    assert "a guess all the same: 1 of its tests is valid" in "\n".join(little.lines())
    assert not replace(little, choices=(replace(HELD, holds=False),)).is_guess


@pytest.mark.ci
def test_a_function_most_of_which_never_runs_gives_guesses() -> None:
    """What holds on tests by rule holds on the few lines that they reach."""
    rare = "\n".join(f"        x[0] += {number};" for number in range(8))
    head = "void f(int n, double *x)\n{\n    for (int i = 0; i < n; i++)\n        x[i] = 2;\n"
    alone = stand_alone(f"{head}    if (n > 1000000) {{\n{rare}\n    }}\n}}\n")
    parallel = alone.code.replace("    for", "    #pragma omp parallel for\n    for")
    evidence = judged(alone, "openmp", [Choice(number=0, code=parallel)], (), seed=0)
    assert [c.holds for c in evidence.choices] == [True]
    assert "of its lines, less than 80%" in evidence.too_little
    assert evidence.is_guess


def only(source: str, old: str, new: str) -> Evidence:
    """What is known of one candidate: the function itself with something put otherwise."""
    alone = stand_alone(source)
    return judged(alone, "openmp", [Choice(number=0, code=alone.code.replace(old, new))], (), seed=0)


@pytest.mark.ci
def test_what_is_printed_is_not_compared() -> None:
    """A candidate that prints nothing holds, as a guess."""
    source = '#include <stdio.h>\nvoid f(int n, double *a)\n{\n    for (int i = 0; i < n; i++) {\n        a[i] = 2 * a[i];\n        printf("%g", a[i]);\n    }\n}\n'
    printing = '        printf("%g", a[i]);\n'
    evidence = only(source.replace(printing, ""), "    for", "    #pragma omp parallel for\n    for")
    assert not evidence.is_guess
    alone = stand_alone(source)
    silent = alone.code.replace(printing, "").replace("    for", "    #pragma omp parallel for\n    for")
    found = judged(alone, "openmp", [Choice(number=0, code=silent)], (), seed=0)
    assert found.chosen is not None
    assert found.is_guess
    assert "it prints (printf)" in found.too_little


def test_tests_that_tell_few_faults_show_little() -> None:
    """Fewer than half, as for pairs."""
    finding = Finding(
        candidate_id="0",
        accepted=True,
        reason="",
        level="run",
        valid_tests=("1", "2", "3"),
        killing_tests=(),
        coverage=1.0,
        mutants_killed=2,
        mutants_total=5,
        log="",
    )
    alone = stand_alone("void f(int n, double *x) { for (int i = 0; i < n; i++) x[i] = 2; }\n")
    assert _too_little(finding, alone) == "the tests tell the function from 2 of 5 faulty versions of it, fewer than 50%"
    assert _too_little(replace(finding, mutants_killed=3), alone) == ""


@pytest.mark.ci
def test_what_no_test_tries_is_named() -> None:
    """Scalars that are compared with 0 and never are 0, and arrays that may overlap."""
    strided = "void f(int n, int inc, const double *x, double *y)\n{\n    int at = inc < 0 ? (1 - n) * inc : 0;\n    for (int i = 0; i < n; i++) y[i] = x[at + i * inc];\n}\n"
    unknown = only(strided, "    for", "    #pragma omp parallel for\n    for").unknown
    assert "inc of 0 and below, for which no test ran clean" in unknown
    assert any("overlap" in words for words in unknown)
    apart = strided.replace("double *x", "double *restrict x").replace("inc < 0 ? (1 - n) * inc : 0", "0")
    unknown = only(apart, "    for", "    #pragma omp parallel for\n    for").unknown
    assert not any("overlap" in words or "below" in words for words in unknown)
