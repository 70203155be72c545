"""The search for one thread that is enough by itself: it is found wherever it is, and nothing is found where several are needed."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from hpcraft.eval.lone_threads import Interval, in_words, lone_thread


@given(thread=st.integers(0, (1 << 20) - 1), beside=st.sets(st.integers(0, (1 << 20) - 1), max_size=3))
def test_a_lone_thread_is_found(thread: int, beside: set[int]) -> None:
    """Or another one that is enough, too."""
    found = lone_thread(lambda tried: [any(low <= t < high for t in {thread, *beside}) for low, high in tried], 20)
    assert found in {thread, *beside}


@given(needed=st.sets(st.integers(0, (1 << 20) - 1), min_size=2, max_size=5))
def test_where_several_are_needed_none_is_found(needed: set[int]) -> None:
    """Any two threads, wherever they are."""
    assert lone_thread(lambda tried: [all(low <= t < high for t in needed) for low, high in tried], 20) is None


def test_a_search_without_end_ends() -> None:
    """Any two neighbours are enough, no thread is."""
    count = 0

    def enough(tried: Sequence[Interval]) -> list[bool]:
        nonlocal count
        count += len(tried)
        return [high - low > 1 for low, high in tried]

    assert lone_thread(enough, 20) is None
    assert count < 300


def test_words_name_the_thread_where_it_is_the_same() -> None:
    """Of several calls."""
    assert in_words([3, 3]).startswith("thread 3 of the launch does")
    assert in_words([3, 4]).startswith("one thread of the launch does")
