"""The length of the longest common subsequence of two sequences: dynamic programming whose cells depend on three others."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_BEYOND = -91
"""The end of one sequence is full of this letter. It follows the other one in memory (guard zones hold the byte 0xA5), so that reading past
its end makes the length greater."""


_SAME = (250, 256)
"""Sizes of two equal sequences: each cell of the diagonal decides the length there, the corners of tiles of many widths among them."""
_LONGER = {7: 150}
"""Sizes to the least length of the second sequence, where it is much longer."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Two sequences of different length over few letters, the second one partly a copy of the first."""
    m, n = size, max(0, _LONGER.get(size, size) + int(rng.integers(-size // 3, size // 3 + 2)))
    letters = np.append((rng.choice(255, int(rng.integers(2, 7)), replace=False) - 128), _BEYOND).astype(np.int8)
    a, b = rng.choice(letters, m), rng.choice(letters, n)
    kept = a[rng.random(m) < 0.5][: n // 2]
    at = int(rng.integers(0, n - kept.size + 1))
    b[at : at + kept.size] = kept
    b[n - n // 8 :] = _BEYOND
    if size in _SAME:
        n, b = m, a.copy()
    return [m, n, a, b]


def oracle(arguments: list[Argument]) -> Outputs:
    """A row of the table at a time: as rows never decrease, the left neighbour's part is a running maximum."""
    _m, n, a, b = cast("tuple[int, int, Array, Array]", tuple[Any, ...](arguments))
    row = np.zeros(n + 1, dtype=np.int32)
    for letter in a:
        row[1:] = np.maximum.accumulate(np.maximum(row[1:], row[:-1] + (b == letter)))
    return (exact(row[-1:].copy()),)


LCS_LENGTH = Kernel(
    name="lcs_length",
    domain="dynamic programming",
    prototype="int lcs_length(int m, int n, const char *a, const char *b)",
    summary=(
        "the length of the longest common subsequence of the sequences a of m and b of n characters, which is returned. A subsequence "
        "leaves characters out and keeps the order of the rest. Characters have any value and no terminator; m or n may be 0, the length "
        "is 0 then; it takes O(m n) operations"
    ),
    fortran="""integer(c_int), value :: m, n
character(c_char), intent(in) :: a(m), b(n)""",
    sizes=(0, 1, 2, 7, 31, 64, 65, 250, 256, 257),
    random_sizes=(70, 300),
    timed_size=1511,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[0]) * cast("int", arguments[1]) // 16,  # bits of many cells fit a word
    num_bytes=lambda arguments: cast("int", arguments[0]) + cast("int", arguments[1]),
)
