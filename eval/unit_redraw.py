"""Other contents for the arrays of unit tests, so that an answer can't know its inputs: from a secret seed, like those of the file.

A floating-point array gets values that its own parameter has in the file's calls, or values from between the smallest and the largest of them; an
integer one, which may hold positions, keeps to the range of its own call. What is sorted stays sorted between its own ends, and what nobody has
written stays as it is. Whether the gold function is defined on such inputs its run under the sanitizers says (`hpcraft.eval.unit_tests`).

Not covered: scalars and lengths, which stay; arrays of one value in all calls.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

from hpcraft.sandbox.abi import Array, Signature

ROUNDS = 2
"""For each call of the file: one of its own values in another order, one of others."""
_MOST_BYTES = 4 << 20
_LARGEST = 2.0**31
_STEPS = 256
"""Between the least and the largest value: few enough that sums and thresholds don't depend on the last bit."""


def redrawn(signature: Signature, seen: Mapping[int, Sequence[Array]], again: Mapping[int, Sequence[Array]], seed: Sequence[int]) -> bytes:
    """What a program reads that makes the calls again: for each its snippet, and for every array its bytes, none for one that stays.

    Args:
        signature: of the function.
        seen: arguments before each call, by snippet.
        again: the same from a run in which fresh memory held something else.
        seed: of all contents.
    """
    known = {i: [_known(a, b) for a, b in zip(seen[i], again[i], strict=True)] for i in seen if i in again}
    parts: list[bytes] = []
    for turn in range(ROUNDS):
        for snippet, arguments in seen.items():
            if snippet not in known or sum(a.nbytes for a in arguments) > _MOST_BYTES:
                continue
            rng = np.random.default_rng([*seed, snippet, turn])
            blocks = [
                _block(arguments[i], [seen[s][i] for s in known if known[s][i]] if known[snippet][i] else [], turn, rng)
                for i, p in enumerate(signature.parameters)
                if p.pointer
            ]
            if any(blocks):
                body = b"".join(struct.pack("<Q", len(b)) + b for b in blocks)
                parts.append(struct.pack("<II", snippet, len(body)) + body)
    return b"".join(parts)


def _known(one: Array, other: Array) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def _block(own: Array, known: Sequence[Array], turn: int, rng: np.random.Generator) -> bytes:
    """The bytes of one array, none where it stays."""
    if not known or not own.size:
        return b""
    values = np.concatenate(known) if own.dtype.kind == "f" else own
    values = values[np.isfinite(values)] if own.dtype.kind == "f" else values
    if not values.size or values.min() == values.max():
        return b""
    drawn = rng.choice(values, own.size) if turn == 0 else _between(values, own.size, rng)
    if own.size > 2 and own[0] != own[-1] and bool((np.sort(own) == own).all()):
        drawn = np.sort(np.clip(drawn, own[0], own[-1]))
        drawn[0], drawn[-1] = own[0], own[-1]
    return drawn.astype(own.dtype).tobytes()


def _between(values: Array, size: int, rng: np.random.Generator) -> Array:
    if values.dtype.kind != "f":
        return rng.integers(values.min(), values.max(), size, dtype=values.dtype.str, endpoint=True)
    low, high = float(values.min()), float(values.max())
    if max(-low, high) > _LARGEST:
        return rng.choice(values, size)
    if np.array_equal(values, np.floor(values.astype(np.float64))):
        return rng.integers(int(low), int(high), size, endpoint=True).astype(values.dtype)
    step = 2.0 ** np.floor(np.log2((high - low) / _STEPS))
    drawn = np.clip(np.round(rng.uniform(low, high, size) / step) * step, low, high)
    return np.asarray(drawn.astype(values.dtype))
