"""Tests that say the same but for the lengths of their arrays, of which the verifier counts one: that with the shortest arrays on which the function runs clean."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ARRAY = re.compile(r"\[(\d+)(.*)\]")


def setting(test: str) -> str:
    """What tells tests apart that aren't the same with longer arrays: all but the lengths, or all of it where there is no scalar."""
    words = test.split()
    lengthless = ["[]" if word.startswith("[") else word for word in words]
    return " ".join(lengthless if lengthless.count("[]") < len(words) else words)


def as_counted(test: str, counted: Iterable[str]) -> str:
    """The one of ``counted`` that a test is, or is with longer arrays, on which the function does the same; empty for none.

    A test with shorter arrays than one that counts was run before it, and wasn't clean.
    """
    return next((other for other in counted if setting(other) == setting(test) and _is_as_long(test, other)), "")


def _is_as_long(test: str, other: str) -> bool:
    pairs = [(_ARRAY.fullmatch(a), _ARRAY.fullmatch(b)) for a, b in zip(test.split(), other.split(), strict=True)]
    return all(int(a[1]) >= int(b[1]) and a[2] == b[2] for a, b in pairs if a and b)
