"""What a test's call gets and leaves behind is told again from a pair's row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.recorded import arguments, outputs, record
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import CallResult, Signature, parse_test

SIGNATURE = Signature.parse("float mix(int n, const int *k, double *y, short *z)")


def _result(y: np.ndarray, z: np.ndarray, value: float) -> CallResult:
    k = np.arange(3, dtype=np.int32)
    return CallResult(index=0, crashed=False, signal=0, guards_intact=True, const_intact=True, value=value, arrays=(k, y, z))


@given(
    st.lists(st.floats(allow_nan=False), max_size=20),
    st.lists(st.integers(-(2**15), 2**15 - 1), max_size=20),
    st.floats(width=32, allow_nan=False),
)
def test_small_outputs_are_kept_bit_for_bit(y: list[float], z: list[int], value: float) -> None:
    """Value and written arrays come back as they were; const arrays aren't kept."""
    test = parse_test(SIGNATURE, f"1 [3] [{len(y)}] [{len(z)}]")
    first, second = np.array(y, np.float64), np.array(z, np.int16)
    found = outputs(SIGNATURE, test, record(SIGNATURE, _result(first, second, value)))
    assert found is not None
    assert found.value == value
    assert [a.tobytes() for a in found.arrays] == [first.tobytes(), second.tobytes()]


def test_large_outputs_are_known_by_their_digest() -> None:
    """A row stays small, and another output has another digest."""
    y, z = np.random.default_rng(1).random(5000), np.zeros(2, np.int16)
    text = record(SIGNATURE, _result(y, z, 0.0))
    assert text.startswith("sha256:")
    assert len(text) < 100
    assert outputs(SIGNATURE, parse_test(SIGNATURE, "1 [3] [5000] [2]"), text) is None
    y[17] += 1
    assert record(SIGNATURE, _result(y, z, 0.0)) != text


@pytest.mark.parametrize("text", ["", "zlib:", "zlib:AAAA", "zlib:?", "gzip:AAAA"])
def test_another_text_is_no_record(text: str) -> None:
    """What isn't the record of such a test is refused in one line."""
    with pytest.raises(InputError, match="expected zlib"):
        outputs(SIGNATURE, parse_test(SIGNATURE, "1 [3] [2] [2]"), text)


def test_inputs_follow_from_seed_source_and_words() -> None:
    """The same three give the same contents wherever the test stands in a list; another one gives others."""
    test = parse_test(SIGNATURE, "1 [30] [30] [30]")
    same = [np.concatenate([np.ravel(a) for a in arguments(test, "code", 4)]).tolist() for _ in range(2)]
    assert same[0] == same[1]
    for other in (arguments(test, "code", 5), arguments(test, "Code", 4), arguments(parse_test(SIGNATURE, "2 [30] [30] [30]"), "code", 4)):
        assert np.concatenate([np.ravel(a) for a in other]).tolist()[1:] != same[0][1:]
