"""The worker pool: order, and a crash or hang that costs one item."""

from __future__ import annotations

import ctypes
import time

import pytest

from hpcraft.data.workers import Lost, ordered_map
from hpcraft.errors import MachineError


def test_results_keep_the_order_of_the_items() -> None:
    """Results come in order whatever the chunks."""
    assert list(ordered_map(abs, range(-50, 0), num_workers=2, chunk_items=3)) == list(range(50, 0, -1))


def test_a_crash_costs_one_item() -> None:
    """A null pointer kills its worker; the others in the same chunk, and all that come later, are done."""
    items: list[bytes | int] = [b"a", b"b", 0, b"c", b"d", b"e"]
    assert list(ordered_map(ctypes.string_at, items, num_workers=2, chunk_items=4)) == [b"a", b"b", Lost(0, "crash"), b"c", b"d", b"e"]


def test_a_hang_costs_one_item() -> None:
    """An item that never ends is given up and its process ended."""
    begin = time.monotonic()
    found = list(ordered_map(time.sleep, [0, 1000, 0], num_workers=1, chunk_items=2, item_seconds=2))
    assert found == [None, Lost(1000, "hang"), None]
    assert time.monotonic() - begin < 60


def test_an_exception_of_the_function_is_raised() -> None:
    """A bug isn't taken for a crash of the parser."""
    with pytest.raises(ValueError, match="three"):
        list(ordered_map(int, ["1", "three"], num_workers=1))


def test_workers_that_die_on_everything_are_the_machines_fault() -> None:
    """A whole chunk lost isn't a matter of its files."""
    with pytest.raises(MachineError, match="die on every file"):
        list(ordered_map(ctypes.string_at, [0, 0, 0, 0], num_workers=1, chunk_items=4))
