"""Edits: what is written makes the target of its source, and what a model writes instead can't do harm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcraft.tokenizer.edits import NUM_MARKERS, Edited, apply_edits, num_lexemes, spelled, write_edits

LINES = st.lists(st.sampled_from(["a;", "b;", "c;", "if(d){", "}", "e;"]), max_size=12)


@given(source=LINES, target=LINES, first=st.integers(0, NUM_MARKERS - 14))
def test_edits_make_the_target(source: list[str], target: list[str], first: int) -> None:
    """For any two texts, wherever the numbers begin."""
    edited = Edited(lines=source, first=first, num_marked=len(source))
    edits = write_edits(edited, target)
    assert edits is not None
    assert apply_edits(edited, edits).split() == target


@given(source=LINES, target=LINES, marked=st.integers(0, 12), cut=st.sets(st.integers(0, 11)))
def test_edits_of_what_is_partly_gone_and_partly_unmarked(source: list[str], target: list[str], marked: int, cut: set[int]) -> None:
    """Lines that a rule took out don't come back; where an edit would stand behind the last marker, there is no answer."""
    lines = [None if number in cut else line for number, line in enumerate(source)]
    edited = Edited(lines=lines, first=0, num_marked=min(marked, len(lines)))
    edits = write_edits(edited, target)
    if edits is not None:
        assert apply_edits(edited, edits).split() == target


@given(st.text(alphabet="<|x123cut>;\n ", max_size=60))
def test_any_answer_can_be_read(answer: str) -> None:
    """Markers of no line, of numbers without end, and halves of tokens: a line that no marker names stands where it stood."""
    edited = Edited(lines=["a;", None, "b;"], first=1, num_marked=3)
    code = apply_edits(edited, answer)
    assert "<|3|>" in answer or code.rstrip().endswith("b;")
    assert spelled(answer, {1: "a;"}).count("a;") == answer.count("<|1|>")


def test_numbers_without_end_are_text() -> None:
    """Longer ones than a marker's are not read as numbers."""
    assert "9" * 5000 in apply_edits(Edited(lines=["a;"], first=0, num_marked=1), f"<|{'9' * 5000}|>")


def test_a_control_token_counts_once() -> None:
    """Whatever its spelling."""
    assert num_lexemes("<|12|><|cut|>a;<|x|>") == 5
