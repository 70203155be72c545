"""Prototypes, test cases, raw buffers and comparison; the driver itself is run through the sandbox."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.errors import InputError
from hpcraft.sandbox.abi import DTYPES, ArrayWord, Signature, Test, compare_arrays, decode_results, encode_calls, parse_test
from hpcraft.sandbox.drivers import driver_source

AXPY = Signature.parse("void axpy(int n, double a, const double *x, double *y)")


@pytest.mark.parametrize(
    ("prototype", "normal"),
    [
        ("void axpy(int n, double a, const double *x, double *y);", "void axpy(int n, double a, const double *x, double *y)"),
        ("static inline unsigned f(void)", "unsigned int f(void)"),
        ('extern "C" float dot ( const size_t n , float const * restrict x, float y[] )', "float dot(size_t n, const float *x, float *y)"),
        ("long long int g(unsigned long int *p)", "long long g(unsigned long *p)"),
    ],
)
def test_prototypes_are_normalised(prototype, normal):
    """Spellings of one prototype give one signature, which reads itself back."""
    signature = Signature.parse(prototype)
    assert signature.prototype() == normal
    assert Signature.parse(signature.prototype()) == signature


@pytest.mark.parametrize(
    "prototype", ["int", "void f(struct s *p)", "void f(double **a)", "void f(int (*g)(int))", "double *f(int n)", "void f(FILE *p)"]
)
def test_prototypes_outside_the_abi_are_refused(prototype):
    """What the driver can't call is an input error that quotes the prototype."""
    with pytest.raises(InputError, match="prototype"):
        Signature.parse(prototype)


words = st.sampled_from(sorted(DTYPES)).flatmap(
    lambda c: st.tuples(
        st.just(c),
        st.one_of(
            st.builds(ArrayWord, length=st.integers(0, 99), bound=st.none() if DTYPES[c][0] == "f" else st.none() | st.integers(1, 99)),
            st.floats(-1e6, 1e6) if DTYPES[c][0] == "f" else st.integers(int(np.iinfo(DTYPES[c]).min), int(np.iinfo(DTYPES[c]).max)),
        ),
    )
)


@given(st.lists(words, min_size=1, max_size=6))
def test_tests_round_trip_and_repeat(parameters):
    """A test reads back from its text, and the same seed gives the same arguments, of the stated lengths and bounds."""
    declared = ", ".join(f"{c} {'*' if isinstance(w, ArrayWord) else ''}p{i}" for i, (c, w) in enumerate(parameters))
    signature = Signature.parse(f"void f({declared})")
    test = Test(signature=signature, words=tuple(w for _, w in parameters))
    assert parse_test(signature, test.text()) == test
    for word, first, second in zip(test.words, test.arguments(7), test.arguments([7]), strict=True):
        np.testing.assert_array_equal(first, second)
        if isinstance(word, ArrayWord):
            assert isinstance(first, np.ndarray)
            assert first.size == word.length
            if word.bound is not None:
                assert all(0 <= v < word.bound for v in first.tolist())


@pytest.mark.parametrize(
    "text", ["1 2 [3]", "1 2 [3] [4] 5", "x 2 [3] [4]", "1 2 3 [4]", "1 2 [3<2] [4]", "99999999999 2 [3] [4]", "1 2 [-1] [4]"]
)
def test_bad_tests_are_refused(text):
    """A test that doesn't fit the signature is an input error, never an exception of another kind."""
    with pytest.raises(InputError, match="test"):
        parse_test(AXPY, text)


def test_damaged_outputs_are_cut_not_trusted():
    """Whatever a hostile program writes into outputs.bin, decoding ends quietly at the damage."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        assert decode_results([AXPY], [0], rng.bytes(int(rng.integers(0, 200)))) == {}


def test_nan_and_infinity_are_compared_exactly():
    """A NaN passes only where one is expected, an infinity only with its sign."""
    e = np.array([1.0, np.nan, np.inf])
    assert compare_arrays(e, e) is None
    for wrong in ([np.nan, np.nan, np.inf], [1.0, 1.0, np.inf], [1.0, np.nan, -np.inf], [1.0, np.nan, 1e300]):
        assert compare_arrays(e, np.array(wrong)) is not None
    signalling = np.array([0x7F800001], dtype=np.uint32).view(np.float32)
    with warnings.catch_warnings(action="error"):
        assert compare_arrays(np.ones(1, np.float32), signalling) is not None


def test_tolerance_forgives_order_not_errors():
    """Rounding noise passes, a wrong digit doesn't, and integers must be equal."""
    e = np.array([1.0, 1e-12, 1e6])
    assert compare_arrays(e, e * (1 + 1e-12)) is None
    assert compare_arrays(e, e * (1 + 1e-6)) is not None
    terms = np.array([1e3, 0.1, -1e3, -0.1])
    one, other = (np.array([1e3, sum(order)]) for order in (terms, terms[[0, 2, 1, 3]]))
    assert one[1] != other[1]
    assert compare_arrays(one, other) is None
    largest = np.array([1.7e308, 1.0])
    assert compare_arrays(largest, -largest) is not None
    assert compare_arrays(largest, largest * (1 - 1e-6)) is not None
    assert compare_arrays(np.array([1]), np.array([2])) == "1 of 1 elements differ, first at 0: 2 instead of 1"


def test_driver_holds_no_values():
    """The driver's text depends on prototypes alone; arguments are in the bytes that it reads when it runs."""
    assert driver_source([AXPY]) == driver_source([AXPY])
    data = encode_calls([AXPY], [(0, [2, 1.5, np.ones(2), np.zeros(2)])])
    assert np.float64(1.5).tobytes() in data
