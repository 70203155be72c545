"""A picture filtered by a small mask, in single precision."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, rounded
from hpcraft.sandbox.abi import Argument, Array


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Other widths than heights, and a mask without symmetry, so that swapped or reversed indices show; out holds NaN.

    Pixels of both signs: where the shares of several ranks, zero outside, are put together, a maximum isn't a sum then.
    """
    height, width = size, max(1, size + int(rng.integers(-size // 3, size // 3 + 2)))
    radius = size % 4
    mask = rng.uniform(0.1, 1.0, (2 * radius + 1) ** 2)
    image = rng.uniform(-255.0, 255.0, height * width).astype(np.float32)
    return [height, width, image, radius, (mask / mask.sum()).astype(np.float32), np.full(height * width, np.nan, dtype=np.float32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """One multiplication and one addition per element of the mask."""
    height, width, image, radius, mask, _out = cast("tuple[int, int, Array, int, Array, Array]", tuple[Any, ...](arguments))
    side = 2 * radius + 1
    framed = np.pad(np.asarray(image, dtype=np.float64).reshape(height, width), radius)
    weights = np.asarray(mask, dtype=np.float64).reshape(side, side)
    total, magnitude = np.zeros((height, width)), np.zeros((height, width))
    for p in range(side):
        for q in range(side):
            term = weights[p, q] * framed[p : p + height, q : q + width]
            total += term
            magnitude += np.abs(term)
    return (rounded(total.ravel().astype(np.float32), magnitude.ravel(), side * side),)


def _pixels(arguments: list[Argument]) -> int:
    return cast("int", arguments[0]) * cast("int", arguments[1])


BLUR = Kernel(
    name="blur",
    domain="stencil",
    prototype="void blur(int height, int width, const float *image, int radius, const float *mask, float *out)",
    summary=(
        "filter the row-major height x width image by the row-major (2 radius + 1) x (2 radius + 1) mask: out[i][j] = the sum of "
        "mask[p][q] * image[i + p - radius][j + q - radius] over p and q from 0 to 2 radius (the mask isn't mirrored), where pixels "
        "outside of the image count as 0; radius may be 0, and the image may be smaller than the mask or empty; "
        "out holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: height, width, radius
real(c_float), intent(in) :: image(width, height), mask(2 * radius + 1, 2 * radius + 1)
real(c_float), intent(inout) :: out(width, height)""",
    sizes=(0, 1, 2, 3, 5, 16, 17, 31, 64, 65, 101),
    random_sizes=(30, 130),
    timed_size=701,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: _pixels(arguments) * cast("Array", arguments[4]).size,
    num_bytes=lambda arguments: 8 * _pixels(arguments),
)
