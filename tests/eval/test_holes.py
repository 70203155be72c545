"""Holes are whole parts of the grammar, output is compared as it is meant, and prompts with both sides fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.holes import BOUNDARIES, find_holes, mutants, stays_inside
from hpcraft.eval.printed import difference
from hpcraft.tokenizer.fim import FAMILIES, find_tokens
from hpcraft.tokenizer.infilling import infill, shortened
from tests.eval.hole_programs import FORTRAN, PROGRAM


def test_holes_are_whole_parts_of_the_grammar():
    """The original stays in each of its holes, a mutant too, and there are holes of every kind."""
    for language, text in (("c", PROGRAM), ("cpp", PROGRAM), ("fortran", FORTRAN)):
        found = find_holes(language, text)
        assert {hole.boundary for hole in found} == set(BOUNDARIES)
        for hole in found:
            prefix, middle, suffix = text[: hole.begin], text[hole.begin : hole.end], text[hole.end :]
            assert stays_inside(language, prefix, middle, suffix, middle)
            assert '"' not in middle
            for mutant in mutants(language, text, hole):
                assert mutant != middle
                assert stays_inside(language, prefix, middle, suffix, mutant)


@given(st.sampled_from(["1 + 2", "x[n - 1]", "dot(n, x, y)", "(n > 2 ? 3 : 4)"]))
def test_any_expression_stays_in_the_hole_of_one(filling):
    """Whatever its operators bind."""
    at = PROGRAM.index("x[i] * y[i]")
    assert stays_inside("c", PROGRAM[:at], "x[i] * y[i]", PROGRAM[at + 11 :], filling)


@pytest.mark.parametrize("filling", ["1; x = 2", "1; } } int g(void) { { return 2", "1 /*", "1; /*", "1 //"])
def test_what_reaches_out_is_told(filling):
    """More than one thing, brackets that close what they didn't open, comments that swallow the rest."""
    at = PROGRAM.index("x[i] * y[i]")
    behind = PROGRAM[at + 11 :].replace("    return sum", "    /* the sum */\n    return sum")
    assert not stays_inside("c", PROGRAM[:at], "x[i] * y[i]", behind, filling)


@pytest.mark.parametrize(
    ("expected", "got", "alike"),
    [
        ("x 1.0000001\n", "x 1.0000002\n", True),
        ("x 1.0\n", "x 1.1\n", False),
        ("n 10\n", "n 11\n", False),
        ("a  b\n\n", "a b", True),
        ("nan\n", "nan\n", True),
        ("1.0\n", "nan\n", False),
        ("1.5e-3 2.D0\n", "1.500000001E-03 2.D0\n", True),
        ("v1.2.3\n", "v1.2.4\n", False),
        ("a\nb\n", "a\n", False),
    ],
)
def test_output_is_compared_by_numbers_and_words(expected, got, alike):
    """Fractions within a tolerance, the rest exactly."""
    assert (difference(expected, got) == "") is alike


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), st.randoms())
def test_the_order_of_ranks_does_not_count(values, rng):
    """Lines in another order, each with a rounding error, are the same where order doesn't count."""
    lines = [f"rank {i} of {len(values)}: {value:.6f}" for i, value in enumerate(values)]
    others = [f"rank {i} of {len(values)}: {value * (1 + 1e-9):.6f}" for i, value in enumerate(values)]
    rng.shuffle(others)
    assert difference("\n".join(lines), "\n".join(others), ordered=False) == ""
    others[0] = others[0].replace("rank", "task")
    assert difference("\n".join(lines), "\n".join(others), ordered=False)


def test_the_tokens_of_a_family_are_taken_whole():
    """A vocabulary with two of three has none; the prompt has prefix, suffix and middle in this order."""
    assert find_tokens({"a": 1, **dict.fromkeys(FAMILIES[1], 0)}) == FAMILIES[1]
    assert find_tokens(dict.fromkeys(FAMILIES[0][:2], 0)) is None
    assert infill(FAMILIES[1], "A", "B") == "<fim_prefix>A<fim_suffix>B<fim_middle>"


@given(st.integers(40, 400))
def test_what_is_shortened_fits_and_is_next_to_the_hole(room):
    """Whole lines nearest to the hole are kept, as many as there is room for."""
    prefix = "".join(f"line {i} before\n" for i in range(60))
    suffix = "".join(f"line {i} behind\n" for i in range(60))
    before, behind = shortened(prefix, suffix, room, lambda text: (len(text) + 2) // 3)
    assert (len(before) + 2) // 3 + (len(behind) + 2) // 3 <= room
    assert prefix.endswith(before)
    assert suffix.startswith(behind)
    assert not before or before.startswith("line")
    short = shortened("a\n", "b\n", room, len)
    assert short == ("a\n", "b\n")
