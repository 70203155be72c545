"""Translations that hold and are guesses all the same: nothing ran, or too little to show anything."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.data.standalone import stand_alone
from hpcraft.eval.translate_evidence import Choice, Evidence, judged

HELD = Choice(number=0, code="", holds=True, level="run")


def test_code_that_was_only_compiled_is_a_guess() -> None:
    """Where CUDA can't be run, nothing was shown of what it does."""
    assert Evidence(choices=(replace(HELD, level="compile"),), verified=True).is_guess
    assert not Evidence(choices=(replace(HELD, level="emulate"),), verified=True).is_guess


def test_what_holds_on_too_little_is_a_guess() -> None:
    """Where one test alone is valid, or most lines never run, a wrong translation holds easily; where nothing holds there is no guess."""
    little = Evidence(choices=(HELD,), verified=True, too_little="1 of its tests is valid, fewer than 3")
    assert little.is_guess
    assert "a guess all the same: 1 of its tests is valid" in "\n".join(little.lines())
    assert not replace(little, choices=(replace(HELD, holds=False),)).is_guess


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
