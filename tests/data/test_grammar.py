"""The grammar of kernels: every template is right in all three versions, draws repeat, and families never straddle splits."""

from __future__ import annotations

import shutil

import pytest

from hpcraft.data.grammar import TEMPLATES, draw, family_split
from hpcraft.data.trees import normalised, parse, uses_model
from hpcraft.data.verify import verify
from hpcraft.records import Candidate
from hpcraft.sandbox.abi import Signature, parse_test

needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.mark.parametrize("template", TEMPLATES)
def test_template_writes_code_that_parses(template: str) -> None:
    """Each template gives C, OpenMP and CUDA that parse, with a prototype and tests that can be read."""
    for number in range(20):
        pair = draw(1, number, template=template)
        signature = Signature.parse(pair.signature)
        assert pair.family.startswith(template)
        assert len({parse_test(signature, test).text() for test in pair.tests}) >= 3
        assert not parse(pair.source).has_error
        assert not parse(pair.targets["cuda"], "cuda").has_error
        assert all(uses_model(code, model) for model, code in pair.targets.items())
        assert not uses_model(pair.source, "openmp")


@needs_bwrap
def test_every_template_agrees_with_its_openmp() -> None:
    """A draw of every template passes the verifier: same results, no race, tests that kill mutants."""
    candidates = [_candidate(template, 0, "openmp") for template in TEMPLATES]
    findings = list(verify(candidates, seed=3))
    assert [f"{f.candidate_id}: {f.reason} {f.log}" for f in findings if not f.accepted] == []
    assert all(f.level == "run" and f.mutants_killed for f in findings)


@needs_bwrap
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_every_template_compiles_as_cuda() -> None:
    """A draw of every template is CUDA that nvcc takes, and says that it was only compiled."""
    candidates = [_candidate(template, 1, "cuda") for template in TEMPLATES]
    findings = list(verify(candidates, seed=3, batch_size=len(candidates)))
    assert [f"{f.candidate_id}: {f.reason} {f.log}" for f in findings if not f.accepted] == []
    assert {f.level for f in findings} == {"compile"}


def test_draws_repeat() -> None:
    """The same seed and number give the same pair, another seed another one."""
    assert draw(4, 2) == draw(4, 2)
    assert draw(4, 2) != draw(5, 2)


def test_split_follows_the_family() -> None:
    """Every split gets families, most of them go to training, and a family has one split only."""
    families = [draw(0, number).family for number in range(400)]
    splits = [family_split(f) for f in families]
    assert set(splits) == {"train", "valid", "test"}
    assert splits.count("train") > 0.6 * len(splits)
    assert splits == [family_split(f) for f in families]


def test_renaming_does_not_change_the_normalised_text() -> None:
    """Layout, names, numbers, braces and the width of types don't make a function a new one; an operator does."""
    one = "void f(int n, float *x)\n{\n  for (int i = 0; i < n; i++) { x[i] = 2.0f * x[i]; }\n}\n"
    other = "/* scale */ void scale_all(long count, double *data) { for (long k = 0; k < count; k++) data[k] = 3.5 * data[k]; }"
    assert normalised(one) == normalised(other)
    assert normalised(one) != normalised(one.replace("*  x", "+ x").replace("2.0f *", "2.0f +"))


def _candidate(template: str, number: int, model: str) -> Candidate:
    pair = draw(2, number, template=template)
    return Candidate(
        candidate_id=template,
        signature=pair.signature,
        source=pair.source,
        target=pair.targets[model],
        target_model=model,
        tests=pair.tests,
    )
