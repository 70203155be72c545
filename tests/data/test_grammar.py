"""The grammar of kernels: every template is right in all versions, draws repeat, and families never straddle splits."""

from __future__ import annotations

import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.grammar import TARGETS, TEMPLATES, draw, family_split
from hpcraft.data.grammar_expressions import evaluate
from hpcraft.data.target_models import SEQUENTIAL
from hpcraft.data.target_text import not_parallel
from hpcraft.data.trees import normalised, parse, text_of, walk
from hpcraft.data.verify import verify
from hpcraft.sandbox.abi import Signature, parse_test
from hpcraft.verification import Candidate
from tests.data.grammar_runs import Kernels

_EVERY = {"openmp": 0, "cuda": 3, "cpp": 5, "fortran": 6, "fortran+openmp": 9, "mpi": 12}
"""Where the sample of each model begins."""
needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.mark.parametrize("template", TEMPLATES)
def test_template_writes_code_that_parses(template: str) -> None:
    """Each template gives C, OpenMP and CUDA that parse, with a prototype and tests that can be read."""
    for number in range(5):
        pair = draw(1, number, template=template)
        signature = Signature.parse(pair.signature)
        assert pair.family.startswith(template)
        assert len({parse_test(signature, test).text() for test in pair.tests}) >= 3
        assert not parse(pair.source).has_error
        assert not re.search(r"\?[(|)]|@\w|#[.\d]", pair.source), "a hole or a choice was left"
        assert not parse(pair.targets["cuda"], "cuda").has_error
        assert not parse(pair.targets["cpp"], "cpp").has_error
        entry = Signature.parse(pair.signature).name
        assert not any(not_parallel(code, model, entry) for model, code in pair.targets.items() if model not in SEQUENTIAL)
        assert not_parallel(pair.source, "openmp", entry)


@needs_bwrap
@pytest.mark.parametrize("target", TARGETS)
def test_targets_do_what_the_source_does(target: str) -> None:
    """A sample of templates in one model: clean under the sanitizers, and the same results on every test, CUDA and ranks included."""
    if target == "mpi" and shutil.which("mpicc") is None:
        pytest.skip("MPI is not installed")
    kernels = Kernels(sorted(TEMPLATES)[_EVERY[target] :: 16], [3], seed=11, targets=[target])
    expected, wrong = kernels.sources()
    assert wrong == {}
    assert kernels.differing(target, expected) == {}


@needs_bwrap
@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("part", range(8))
def test_every_template_in_every_model(target: str, part: int) -> None:
    """Three draws of every template: clean under the sanitizers, and the same results in the model, if the template can be written in it."""
    kernels = Kernels(sorted(TEMPLATES)[part::8], range(3), seed=2, targets=[target])
    expected, wrong = kernels.sources()
    assert wrong == {}
    assert kernels.differing(target, expected) == {}


@pytest.mark.ci
@needs_bwrap
def test_drawn_pairs_pass_the_verifier() -> None:
    """A sample of templates passes the verifier: same results, no race, tests that kill mutants."""
    candidates = [_candidate(template, 0, "openmp") for template in sorted(TEMPLATES)[::14]]
    findings = list(verify(candidates, seed=3))
    assert [f"{f.candidate_id}: {f.reason} {f.log}" for f in findings if not f.accepted] == []
    assert all(f.mutants_killed for f in findings)


@needs_bwrap
@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_every_template_is_without_races(part: int) -> None:
    """A draw of every template passes the verifier, whose race detector watches; how many faults one draw's tests notice isn't asked."""
    candidates = [_candidate(template, 0, "openmp") for template in sorted(TEMPLATES)[part::4]]
    findings = list(verify(candidates, seed=3, min_killed=0.0))
    assert [f"{f.candidate_id}: {f.reason} {f.log}" for f in findings if not f.accepted] == []


def test_draws_repeat() -> None:
    """The same seed and number give the same pair, another seed another one."""
    assert draw(4, 2) == draw(4, 2)
    assert draw(4, 2) != draw(5, 2)


def test_targets_are_written_on_demand() -> None:
    """Only what is asked for is written, the same as when all is asked for; every model is offered for some kernel."""
    every = [draw(7, number) for number in range(40)]
    assert {model for pair in every for model in pair.targets} == set(TARGETS)
    for number, pair in enumerate(every):
        some = draw(7, number, targets=("cuda",))
        assert some.targets == {"cuda": pair.targets["cuda"]}
        assert (some.source, some.tests) == (pair.source, pair.tests)


def test_every_name_is_declared() -> None:
    """No kernel uses a name that is neither its own nor the C library's; a local is never put into the end of a longer name."""
    own = re.compile(
        r"f?(?:abs|max|min)f?|(?:sqrt|exp|cos|sin|tanh|log|pow|floor|ceil|round)f?|(?:INT|FLT|DBL|LONG|UINT)_MAX|true|false|NULL"
    )
    for number in range(250):
        root = parse(draw(20261128, number, targets=()).source)
        declarators = [n for node in walk(root) for n in node.children_by_field_name("declarator")]
        declared = {text_of(n) for d in declarators for n in walk(d) if n.type == "identifier"}
        used = {text_of(n) for n in walk(root) if n.type == "identifier"}
        assert {name for name in used - declared if not own.fullmatch(name)} == set()


def test_draws_are_distinct() -> None:
    """Among draws few have the same normalised text."""
    texts = {normalised(draw(3, number, targets=()).source) for number in range(600)}
    assert len(texts) > 500


def test_kernel_parameters_follow_the_function() -> None:
    """The one kernel of a function without reduction takes the function's parameters, of the same types and in its order."""
    for number in range(60):
        pair = draw(5, number, template="map_any", targets=("cuda",))
        head = pair.targets["cuda"].split(")")[0].split("(", 1)[1]
        assert [p.strip() for p in head.split(",")] == [p.strip() for p in pair.signature.split(")")[0].split("(", 1)[1].split(",")]


@given(
    st.recursive(
        st.integers(0, 9).map(str) | st.sampled_from(["n", "m"]),
        lambda s: st.tuples(s, st.sampled_from("+-*"), s).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    )
)
def test_lengths_are_evaluated_as_arithmetic(text: str) -> None:
    """A length has the value that ordinary arithmetic gives."""
    assert evaluate(text, {"n": "4", "m": "7"}) == eval(text, {"n": 4, "m": 7})


def test_split_follows_the_family() -> None:
    """Every split gets families, most of them go to training, and a family has one split only."""
    families = [draw(0, number, targets=()).family for number in range(400)]
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
