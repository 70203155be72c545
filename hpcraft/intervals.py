"""Intervals of shares."""

from __future__ import annotations

import math
from typing import NamedTuple

_Z95 = 1.959964


class Interval(NamedTuple):
    """From where to where."""

    low: float
    high: float


def wilson(hits: int, n: int, z: float = _Z95) -> Interval:
    """Wilson's interval of a share, 95 % unless another quantile is given; all of 0 to 1 where nothing was tried."""
    if not n:
        return Interval(0.0, 1.0)
    share, width = hits / n, z * z / n
    middle, half = share + width / 2, z * math.sqrt(share * (1 - share) / n + width / (4 * n))
    return Interval(max(0.0, (middle - half) / (1 + width)), min(1.0, (middle + half) / (1 + width)))
