"""Mutants differ from their source, parse, and are few enough."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.grammar import draw
from hpcraft.data.mutants import mutants
from hpcraft.data.trees import parse
from hpcraft.sandbox.abi import Signature


@settings(max_examples=60, deadline=None)
@given(number=st.integers(0, 10_000), count=st.integers(1, 12), seed=st.integers(0, 5))
def test_mutants_differ_and_parse(number: int, count: int, seed: int) -> None:
    """Every mutant of a drawn kernel is another text than the source and the other mutants, parses, and comes again for the same seed."""
    pair = draw(0, number)
    name = Signature.parse(pair.signature).name
    found = mutants(pair.source, name, count=count, seed=seed)
    assert 1 <= len(found) <= count
    assert len({pair.source, *found}) == len(found) + 1
    assert not any(parse(mutant).has_error for mutant in found)
    assert found == mutants(pair.source, name, count=count, seed=seed)


def test_loop_steps_and_while_loops_are_left_alone() -> None:
    """Faults that would mostly run for ever are not made."""
    source = "void f(int n, int *x) {\n    for (int i = 0; i < n; i += 2) {\n        while (x[i] > 1) x[i] = x[i] / 2;\n    }\n}\n"
    found = mutants(source, "f", count=50)
    assert found
    assert all("i += 2" in m and "while (x[i] > 1) x[i] = x[i] / 2;" in m for m in found)
