"""The discrete Fourier transform of complex numbers whose parts lie in two arrays."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Kernel, Outputs, rounded
from hpcraft.sandbox.abi import Argument

_OPERATIONS_PER_STAGE = 8
"""Roundings of a butterfly and of its twiddle factor, which many compute from the one before."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Random complex numbers, as many as the greatest power of two that isn't above ``size``."""
    n = 1 << (size.bit_length() - 1)
    return [n, rng.standard_normal(n), rng.standard_normal(n)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Numpy's transform; errors are bounded by the number of stages times the sum of all magnitudes."""
    n, re, im = cast("tuple[int, Doubles, Doubles]", tuple[Any, ...](arguments))
    values = np.fft.fft(re + 1j * im)
    scale = float(np.abs(re).sum() + np.abs(im).sum())
    operations = _OPERATIONS_PER_STAGE * (n.bit_length() - 1)
    return tuple(rounded(part, scale, operations) for part in (np.ascontiguousarray(values.real), np.ascontiguousarray(values.imag)))


FFT = Kernel(
    name="fft",
    domain="FFT",
    prototype="void fft(int n, double *re, double *im)",
    summary=(
        "the forward discrete Fourier transform in place of n complex numbers, whose real parts lie in re and whose imaginary parts lie in "
        "im; n is a power of two, 1 included: X[k] is the sum over j of x[j] exp(-2 pi i j k / n), in natural order and without any "
        "scaling, in O(n log n) operations"
    ),
    fortran="""integer(c_int), value :: n
real(c_double), intent(inout) :: re(n), im(n)""",
    sizes=(1, 2, 4, 8, 32, 64, 256, 2048),
    random_sizes=(512, 16384),
    timed_size=65536,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 3 * cast("int", arguments[0]) * (cast("int", arguments[0]).bit_length() - 1),
    num_bytes=lambda arguments: 32 * cast("int", arguments[0]),
)
