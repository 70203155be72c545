"""What ParEval's drivers call the function with, and what the checkout's baseline leaves: by running the driver with a recorder in the answer's place.

Theory of operation. The checkout's driver is compiled, in a box of its own, with a function in the answer's place that writes its arguments down,
does the work by the checkout's baseline, and writes them down again. ``validate`` gives the calls that show whether an answer is right,
``init``, ``compute`` and ``reset`` those that are timed, and two at drawn sizes below that. So inputs and the meaning of the problem are the driver's; the
seed, further sizes, the comparison and the verdict are ours. Calls are timed at the checkout's own size, or at the largest half, quarter, ... whose arrays fit.

Not covered: sizes that a driver draws by itself; 0 and 1, for which not every driver is defined.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from hpcraft import sandbox
from hpcraft.errors import InputError, MachineError
from hpcraft.eval.kernel_trial import size_between
from hpcraft.eval.pareval import DEVICE_MODELS, SIZES, THEIR_NAMES, Problem, correct_name
from hpcraft.eval.pareval_calls import HEADERS, Recorded, Slot, num_elements, slots
from hpcraft.sandbox.abi import DTYPES, Argument, Array
from hpcraft.sandbox.outcome import Job, Limits, Outcome, Run, Verdict

MOST_BYTES = (16 << 20) + 4096
"""Of the arguments of a timed call, lengths included."""
DEFAULT_SIZE = 1 << 20
"""Of problems that the checkout's table of sizes doesn't have, as in its own program."""
_OUT, _MAGIC = "calls.bin", 0x31434550
_LIMITS = Limits(wall_seconds=60.0, memory_mb=4096, disk_mb=512)
_EMULATED_BYTES = 140_000 * 8
"""Of the arguments of a call of a kernel: two matrices whose sides are the larger of `_SIZES`."""
_QUICK_BYTES = 16_000 * 8
"""The same of the smaller of the two large calls: few enough for kernels whose work grows with the square."""
_EPSILON = re.compile(r"\bfequal\s*\([^;]*?,\s*([0-9.eE+-]+)\s*\)|\bf?abs\s*\([^;>]*\)\s*>\s*([0-9][0-9.eE+-]*)")
_TEST_SIZE = re.compile(r"\bconst size_t TEST_SIZE = [^;]+;")
_MOST_ATTEMPTS = 4
_SIZES = (64, 256)
"""Sizes beside the driver's own and drawn ones. Those of the emulated ones have a middle one, since the driver's own is too large for them where it is the side
of a matrix."""
_POWERS_OF_TWO = re.compile(r"_fft_(?!dft)")
"""In the name of problems that are defined for these alone: Fourier transforms, but for the one that follows the definition."""


def epsilon(problem: Problem) -> float:
    """The absolute difference that the driver allows."""
    found = _EPSILON.search((problem.folder / "cpu.cc").read_text(errors="replace"))
    return float(found[1] or found[2]) if found else 0.0


@lru_cache(maxsize=8)
def recorded(problem: Problem, seed: int, num_sizes: int = 1) -> tuple[Recorded, ...]:
    """The calls of ``validate`` with inputs from a seed, at its own size, at a drawn one, and at so many fixed ones.

    Raises:
        InputError: the driver can't be built with a recording function in the answer's place.
        MachineError: the sandbox failed.
    """
    drawn = _draw(problem, [seed, 0], *_SIZES)
    return _defined(problem, _recorded(problem, seed, ("validate", *map(str, (*_SIZES[:num_sizes], drawn)))))


@lru_cache(maxsize=8)
def large(problem: Problem, seed: int, most_size: int, most_bytes: tuple[int, int] = (MOST_BYTES, MOST_BYTES)) -> tuple[Recorded, ...]:
    """Two calls of ``compute`` at drawn sizes up to one, or at the largest half, quarter, ... of these whose arguments fit into so many bytes each.

    Raises:
        InputError: the driver makes no such call.
        MachineError: the sandbox failed.
    """
    most_size = max(most_size, *_SIZES)
    drawn = (_draw(problem, [seed, number], least, most_size) for number, least in enumerate((max(_SIZES), most_size // 2), 1))
    words = (word for size, most in zip(drawn, most_bytes, strict=True) for word in (str(size), "1", str(most)))
    return _defined(problem, _recorded(problem, seed, ("compute", *words)))


def _defined(problem: Problem, calls: tuple[Recorded, ...]) -> tuple[Recorded, ...]:
    """Those calls for which one result is right."""
    is_defined = _IS_DEFINED.get(problem.name)
    return tuple(call for call in calls if is_defined is None or is_defined(call))


def _has_no_equal_elements(call: Recorded) -> bool:
    values = np.asarray(call.arguments[1])
    return np.unique(values).size == values.size


def _has_room(call: Recorded) -> bool:
    return np.size(call.arguments[-1]) > 0


def _is_far_from_limits(call: Recorded) -> bool:
    return bool(1e-100 < abs(call.value[0]) < 1e100)


_IS_DEFINED: Mapping[str, Callable[[Recorded], bool]] = {
    "26_reduce_product_of_inverses": _is_far_from_limits,
    "42_sort_sorted_ranks": _has_no_equal_elements,
    "48_sparse_la_sparse_axpy": _has_room,
}
"""For which calls one result is right, where that isn't each: equal elements have any order, products of many numbers run over or under in some orders, and one driver's
``validate`` empties the vector that is to be written."""


def _draw(problem: Problem, seed: Sequence[int], least: int, most: int) -> int:
    """A size between two, each order of magnitude as likely, which nobody knows before."""
    size = size_between(np.random.default_rng([*seed, *problem.name.encode()]), least, most)
    return 1 << size.bit_length() - 1 if _POWERS_OF_TWO.search(problem.name) else size


def calls_of(problem: Problem, model: str, seed: int) -> tuple[Recorded, ...]:
    """The calls that an answer in a model is judged by, the large ones last; of kernels, which run emulated, larger ones are left out.

    Raises:
        InputError: the driver can't be built with a recording function in the answer's place.
        MachineError: the sandbox failed.
    """
    most = timed_size(problem.called, THEIR_NAMES[model])
    if model not in DEVICE_MODELS:
        return (*recorded(problem.called, seed), *large(problem.called, seed, most))
    calls = recorded(problem.called, seed, len(_SIZES))
    small = tuple(call for call in calls if num_elements(call) * 8 <= _EMULATED_BYTES) or calls
    return (*small, *large(problem.called, seed, most, (_QUICK_BYTES, _EMULATED_BYTES)))


@lru_cache(maxsize=1)
def timed(problem: Problem, model: str, seed: int, count: int) -> tuple[Recorded, ...]:
    """So many calls of ``compute``, each with inputs of its own.

    Args:
        problem: whose driver.
        model: what the checkout's table of sizes calls the parallel model.
        seed: of the inputs.
        count: number of calls.

    Raises:
        InputError: the driver makes no such calls, or several results are right for them.
        MachineError: the sandbox failed.
    """
    calls = _recorded(problem, seed, ("compute", str(timed_size(problem, model)), str(count), str(MOST_BYTES)))
    if len(_defined(problem, calls)) < len(calls):
        raise InputError(f"{problem.name}: several results are right at the size that is timed")
    return calls


def timed_size(problem: Problem, model: str) -> int:
    """The size of the checkout's table, which is written as ``(1<<10)``.

    Raises:
        InputError: the table can't be read.
    """
    path = problem.drivers.parent / SIZES
    if not path.is_file():
        return DEFAULT_SIZE
    try:
        word = json.loads(path.read_text(encoding="utf-8"))[problem.name][model]
    except KeyError:
        return DEFAULT_SIZE
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: no table of sizes by problem and model ({error}); check the checkout") from None
    match = re.fullmatch(r"\(?\s*(\d+)\s*(?:<<\s*(\d+)\s*)?\)?", str(word))
    if not match or int(match[2] or 0) > 40:
        raise InputError(f"{path}: size {word!r} of {problem.name}; expected a number such as (1<<10)")
    return int(match[1]) << int(match[2] or 0)


def _recorded(problem: Problem, seed: int, words: tuple[str, ...]) -> tuple[Recorded, ...]:
    flags = ("-O1", "-DUSE_SERIAL", "-DDRIVER_PROBLEM_SIZE=hpcraft_problem_size", f"-DMAX_VALIDATION_ATTEMPTS={_MOST_ATTEMPTS}", "-w")
    with sandbox.build(Job(files=_files(problem), language="cpp", flags=flags)) as build:
        _require(build.outcome)
        if not build.ok:
            compiler = build.outcome.compile.stderr if build.outcome.compile else ""
            error = next((line for line in compiler.splitlines() if "error" in line), "no reason given")
            raise InputError(f"{problem.name}: the checkout's driver doesn't build with a recording function: {error.strip():.160}")
        outcome = build.run(Run(args=(str(seed % (1 << 31)), *words), collect=(_OUT,), limits=_LIMITS))
    _require(outcome)
    found = tuple(_read(problem, outcome.outputs.get(_OUT, b"")))
    if not found:
        raise InputError(f"{problem.name}: the checkout's driver made no call that could be recorded")
    return found


def _require(outcome: Outcome) -> None:
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        raise MachineError(outcome.message or f"sandbox: {outcome.verdict}")


# ---------------------------------------------------------------- the driver with its recorder


def _files(problem: Problem) -> dict[str, bytes]:
    names = {
        "cpu.cc": problem.folder / "cpu.cc",
        "baseline.hpp": problem.folder / "baseline.hpp",
        "utilities.hpp": problem.drivers / "utilities.hpp",
    }
    if missing := next((p for p in names.values() if not p.is_file()), None):
        raise InputError(f"{missing}: missing in the checkout")
    files = {n: p.read_bytes() for n, p in names.items()}
    driver = _TEST_SIZE.sub(lambda m: m[0].replace("= ", "= hpcraft_size ? hpcraft_size : "), files.pop("cpu.cc").decode(errors="replace"))
    main = Path(__file__).with_name("pareval_recorder.h").read_text(encoding="utf-8")
    settings = f'#define HPCRAFT_OUT "{_OUT}"\n#define HPCRAFT_MAGIC {_MAGIC}u\n'
    return {
        **files,
        "cpu.inc": driver.encode(),
        "generated-code.hpp": _recorder(problem).encode(),
        "main.cpp": f"{HEADERS}{settings}{main.replace('HPCRAFT_DRIVER', 'cpu.inc', 1)}".encode(),
    }


def _recorder(problem: Problem) -> str:
    """The function in the answer's place."""
    correct = correct_name(problem)
    found = slots(problem)
    before = "".join(f"    hpcraft_put({s.name});\n" for s in found)
    after = "".join(f"    hpcraft_put({s.name});\n" for s in found if s.container and not s.const)
    call = f"{correct}({', '.join(s.name for s in found)});"
    # The baseline may stand behind this, as it uses what the prompt declares.
    head = f"{problem.preamble}\n{problem.returns} {correct}({problem.parameters});\n"
    head += f"{problem.returns} {problem.function}({problem.parameters}) {{\n    hpcraft_begin();\n{before}    hpcraft_limit();\n"
    if problem.returns == "void":
        return f"{head}    {call}\n    hpcraft_word(0);\n{after}    hpcraft_end();\n}}\n"
    value = (
        f"    {problem.returns} value = {call}\n    uint64_t raw = 0;\n    memcpy(&raw, &value, sizeof value);\n    hpcraft_word(raw);\n"
    )
    return f"{head}{value}{after}    hpcraft_end();\n    return value;\n}}\n"


# ---------------------------------------------------------------- what it wrote down


def _read(problem: Problem, data: bytes) -> list[Recorded]:
    found: list[Recorded] = []
    every, at = slots(problem), 0
    written = tuple(s for s in every if s.container and not s.const)
    while at + 12 <= len(data):
        magic, size = struct.unpack_from("<IQ", data, at)
        at += 12
        if magic != _MAGIC or at + size > len(data):
            break
        before, middle = _items(every, data, at)
        after, end = _items(written, data, middle + 8)
        assert end == at + size
        at = end
        left = dict(zip((s.name for s in written), after, strict=True))
        arguments: list[Argument] = []
        arrays: list[Array] = []
        for slot, item in zip(every, before, strict=True):
            arguments += [len(item), item] if slot.container else [item[0].item()]
            if slot.container:
                arrays.append(left.get(slot.name, item))
                if len(arrays[-1]) != len(item):
                    raise InputError(f"{problem.name}: the function changes the length of a vector")
        value = np.array([]) if problem.returns == "void" else np.frombuffer(data, DTYPES[problem.returns], 1, middle)
        found.append(Recorded(arguments=tuple(arguments), arrays=tuple(arrays), value=value))
    return found


def _items(wanted: tuple[Slot, ...], data: bytes, at: int) -> tuple[list[Array], int]:
    items: list[Array] = []
    for slot in wanted:
        dtype = np.dtype(DTYPES[slot.raw])
        if slot.container:
            (size,) = struct.unpack_from("<Q", data, at)
            items.append(np.frombuffer(data, dtype, size // dtype.itemsize, at + 8))
            at += 8 + size
        else:
            items.append(np.frombuffer(data, dtype, 1, at))
            at += 8
    return items, at
