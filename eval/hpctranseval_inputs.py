"""Inputs for functions that are known by their code alone: from several distributions, as the published one can't tell right from wrong.

The published inputs are uniform in [0, 1) with one seed: ``acosh`` gives NaN there, and a function that hands its input on passes for ``relu``,
``abs`` and ``round``. Which distributions suit a function is measured with the checkout's own C (`hpcraft.eval.hpctranseval_trial`). What indices point
at must exist, and ``isnan`` must see a NaN: those are in a table.

Not covered: inputs that must be sorted, or that depend on each other in other ways.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hpcraft.eval.hpctranseval import Operator
from hpcraft.sandbox.abi import Argument, Array

Floats = NDArray[np.float32]
_PERTURBATION = 2.0**-20
"""Relative: eight units in the last place of a float."""
_NAN_SHARE = 0.2
_ROUND_SHARE = 0.05


def _signed(rng: np.random.Generator, length: int) -> Floats:
    values = rng.uniform(-2, 2, length)
    exact = rng.random(length) < _ROUND_SHARE
    return np.where(exact, rng.integers(-4, 5, length) / 2, values).astype(np.float32)


def _between(low: float, high: float) -> Callable[[np.random.Generator, int], Floats]:
    return lambda rng, length: rng.uniform(low, high, length).astype(np.float32)


DOMAINS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "signed": _signed,
    "unit": _between(0, 1),
    "above one": _between(1.01, 4),
    "within one": _between(-0.99, 0.99),
    "wide": _between(-12, 12),
    "small": _between(-0.03, 0.03),
}
"""Distributions by name, the most telling one first. ``above one`` is for acosh and logarithms, ``within one`` for acos, asin and
atanh, ``small`` for long sums under an exponential."""
LARGE_DOMAINS = ("signed", "small")
"""Those that are tried where every call takes long."""
_INDICES = {"gather_nd": ("indices",), "scatter_nd": ("indices",)}
"""Operator to the inputs that point into the first other input."""
_WITH_NAN = ("isnan",)


def draw(operator: Operator, domain: str, rng: np.random.Generator) -> tuple[Argument, ...]:
    """The arguments of one call: inputs from a distribution, outputs poisoned."""
    pointers = _pointers(operator)
    pointed = next((min(b.shape, default=1) for b in operator.buffers if b.is_input and b.name not in pointers), 1)
    arguments: list[Argument] = []
    for parameter, buffer in zip(operator.signature.parameters, operator.buffers, strict=True):
        if not buffer.is_input:
            arguments.append(poison(parameter.dtype, buffer.length, rng))
        elif buffer.name in pointers:
            arguments.append(rng.integers(0, pointed, buffer.length).astype(parameter.dtype))
        elif parameter.dtype.kind == "f":
            values = DOMAINS[domain](rng, buffer.length)
            if _kind(operator) in _WITH_NAN:
                values = np.where(rng.random(buffer.length) < _NAN_SHARE, np.float32(np.nan), values)
            arguments.append(values.astype(parameter.dtype))
        else:
            arguments.append(rng.integers(0, 2, buffer.length).astype(parameter.dtype))
    return tuple(arguments)


def _kind(operator: Operator) -> str:
    return operator.name.partition("-")[2]


def _pointers(operator: Operator) -> tuple[str, ...]:
    return _INDICES.get(_kind(operator), ())


def poison(dtype: np.dtype[np.generic], length: int, rng: np.random.Generator) -> Array:
    """What outputs hold before a call: NaN, or numbers that no two calls share."""
    if dtype.kind == "f":
        return np.full(length, np.nan, dtype)
    limits = np.iinfo(dtype.str)
    return rng.integers(limits.min, limits.max, length, dtype=dtype.str, endpoint=True)


def other_poison(operator: Operator, arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """The same call with something else in the outputs: a function that reads them, or doesn't write them, is found out."""
    changed: list[Argument] = []
    for parameter, buffer, argument in zip(operator.signature.parameters, operator.buffers, arguments, strict=True):
        if buffer.is_input:
            changed.append(argument)
        elif parameter.dtype.kind == "f":
            changed.append(np.full(buffer.length, 12345.678, parameter.dtype))
        else:
            changed.append(~np.asarray(argument))
    return tuple(changed)


def perturbed(operator: Operator, arguments: tuple[Argument, ...], signs: int, rng: np.random.Generator) -> tuple[Argument, ...]:
    """The same call with each float of the inputs a little larger or smaller; ``signs`` 1 and -1 give opposite ones from equal generators."""
    changed: list[Argument] = []
    for buffer, argument in zip(operator.buffers, arguments, strict=True):
        values = np.asarray(argument)
        if buffer.is_input and values.dtype.kind == "f" and buffer.name not in _pointers(operator):
            step = np.float32(_PERTURBATION * signs) * rng.choice(np.array([-1, 1], np.float32), values.size)
            changed.append((values * (1 + step)).astype(values.dtype))
        else:
            changed.append(argument)
    return tuple(changed)


def published_inputs(operator: Operator) -> tuple[Argument, ...] | None:
    """The inputs that the published harness makes, to the last bit: seed 42, uniform in [0, 1); None where it has no such thing."""
    legacy = np.random.RandomState(42)
    made = {name: legacy.random_sample(length).astype(np.float32) for name, length in operator.inputs}
    arguments: list[Argument] = []
    for parameter, buffer in zip(operator.signature.parameters, operator.buffers, strict=True):
        if parameter.ctype != "float" or (buffer.is_input and buffer.name not in made):
            return None
        arguments.append(made[buffer.name] if buffer.is_input else np.zeros(buffer.length, np.float32))
    return tuple(arguments)
