"""What a test of a pair gives its function and what came back: inputs by their seed, outputs as text that is small beside the code.

A test says scalars and the lengths of arrays; the contents follow from `arguments`. Outputs are the returned value and every array that the function may
write, compressed where they are small, and otherwise their SHA-256: who needs more calls the source again.

Not covered: comparing a digest with results that may differ in the last places; call the source for that.
"""

from __future__ import annotations

import base64
import zlib
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from hpcraft.errors import InputError
from hpcraft.sandbox.abi import DTYPES, Argument, Array, ArrayWord, CallResult, Signature, Test

_MOST_BYTES = 512
"""Of compressed outputs that are kept themselves."""
_VALUE_BYTES = 8


class Outputs(NamedTuple):
    """What a call left behind."""

    value: int | float | None
    arrays: tuple[Array, ...]
    """The arrays that the function may write, in the order of its parameters."""


def arguments(test: Test, source: str, seed: int) -> list[Argument]:
    """The arguments of a test of ``source``; array contents depend on the seed, the source and the words of the test."""
    return test.arguments([seed, zlib.crc32(source.encode()), zlib.crc32(test.text().encode())])


def record(signature: Signature, result: CallResult) -> str:
    """The outputs of a call: ``zlib:`` and base64, or ``sha256:`` and the digest of the same bytes."""
    content = _content(signature, result)
    packed = zlib.compress(content, 9)
    if len(packed) <= _MOST_BYTES:
        return f"zlib:{base64.b64encode(packed).decode()}"
    return f"sha256:{sha256(content).hexdigest()}"


def outputs(signature: Signature, test: Test, text: str) -> Outputs | None:
    """The outputs that `record` kept; None where only their digest was.

    Raises:
        InputError: not the record of such a test.
    """
    kind, _, rest = text.partition(":")
    if kind == "sha256":
        return None
    sizes = [
        word.length * parameter.dtype.itemsize
        for parameter, word in zip(signature.parameters, test.words, strict=True)
        if isinstance(word, ArrayWord) and not parameter.const
    ]
    try:
        content = zlib.decompress(base64.b64decode(rest, validate=True)) if kind == "zlib" else b""
    except (ValueError, zlib.error):
        content = b""
    at = 0 if signature.returns == "void" else _VALUE_BYTES
    if kind != "zlib" or len(content) != at + sum(sizes):
        raise InputError(f"outputs {text[:40]!r} of test {test.text()!r}: expected zlib: and {at + sum(sizes)} bytes, or sha256:")
    value = np.frombuffer(content, DTYPES[signature.returns], 1)[0].item() if at else None
    arrays: list[Array] = []
    for parameter in (p for p in signature.arrays if not p.const):
        size = sizes[len(arrays)]
        arrays.append(np.frombuffer(content[at : at + size], parameter.dtype))
        at += size
    return Outputs(value, tuple(arrays))


def _content(signature: Signature, result: CallResult) -> bytes:
    value = b"" if signature.returns == "void" else np.array([result.value], DTYPES[signature.returns]).tobytes().ljust(_VALUE_BYTES, b"\0")
    written = (array.tobytes() for parameter, array in zip(signature.arrays, result.arrays, strict=True) if not parameter.const)
    return value + b"".join(written)
