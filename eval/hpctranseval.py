"""Suite ``hpctranseval``: CUDA kernels of a user's checkout of HPCTransCompile, to be written in C with OpenMP.

``--data DIR`` is the checkout, its folder ``HPCTransEval``, or a folder that holds the checkout by its name. ``IndependentOperator.json``,
``ComputationGraph.json`` and ``ModelBuildingBlock.json`` are lists of records; each has the CUDA text, the C text that a tensor compiler made of the
same expression (the reference), its intermediate form, which tells inputs from outputs, and the shapes. Nothing of it is kept.

Not covered: ``KernelBench_c``, whose records are extensions of PyTorch with PyTorch programs as references.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.task import Task
from hpcraft.sandbox.abi import Signature
from hpcraft.store import sha256_json
from hpcraft.tokenizer.requests import block

LEVELS = {"IndependentOperator": "operator", "ComputationGraph": "graph", "ModelBuildingBlock": "block"}
"""Files of the checkout, and what their tasks are called."""
_FOLDER = "HPCTransEval"
_TEXTS = ("op_name", "c_code", "cuda_code", "ir_code")
_SHAPES = ("input_shape", "output_shape")
_HEAD = re.compile(r"^[ \t]*void\s+(\w+)\s*\(([^()]*)\)\s*\{", re.MULTILINE)
_MAIN = re.compile(r"\bdef main\((.*?)\)\s*:\s*\n", re.DOTALL)
_WRITTEN = r"\b{0}\[[^;]*?\]\s*=[^=]"
_BUFFER = re.compile(r"(\w+): T\.(?:Buffer\(\(([\d, ]*)\)|handle)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Buffer:
    """One parameter of the function."""

    name: str
    is_input: bool
    shape: tuple[int, ...]

    @property
    def length(self) -> int:
        """In elements."""
        length = 1
        for side in self.shape:
            length *= side
        return length


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """What judges the answers to one record."""

    name: str
    prototype: str
    code: str
    """The checkout's own C."""
    buffers: tuple[Buffer, ...]
    """In the order of the prototype; empty where there is a problem."""
    inputs: tuple[tuple[str, int], ...]
    """Names and lengths of all inputs in the checkout's order, also those that the function never gets."""
    problem: str
    """Why there is nothing to judge with; empty where there is."""

    @property
    def digest(self) -> str:
        """A hash of all that decides the figures."""
        return sha256_json(asdict(self))

    @property
    def signature(self) -> Signature:
        """Of the function."""
        return Signature.parse(self.prototype)


def hpctranseval_tasks(folder: Path | None) -> list[Task]:
    """A task for each record of each file.

    Raises:
        ConfigError: no folder was given.
        InputError: it is no checkout, or a file of it can't be read.
    """
    if folder is None:
        raise ConfigError("suite hpctranseval reads your checkout of HPCTransCompile; give it as --data DIR")
    places = (folder / _FOLDER, folder, folder / "HPCTransCompile" / _FOLDER)
    root = next((p for p in places if any((p / f"{name}.json").is_file() for name in LEVELS)), None)
    if root is None:
        raise InputError(f"{folder}: holds no {_FOLDER}/{next(iter(LEVELS))}.json; give your checkout of HPCTransCompile as --data DIR")
    missing = next((name for name in LEVELS if not (root / f"{name}.json").is_file()), "")
    if missing:
        raise InputError(f"{root / missing}.json: missing in the checkout; restore it")
    return [task for name, level in LEVELS.items() for task in _level(root / f"{name}.json", level)]


def _level(path: Path, level: str) -> list[Task]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); check the checkout") from None
    if not isinstance(rows, list):
        raise InputError(f"{path}: expected a list of records; check the checkout")
    tasks = []
    for number, row in enumerate(rows):
        fault = _fault(row)
        if fault:
            raise InputError(f"{path}: record {number}: {fault}; check the checkout")
        tasks.append(_task(f"hpctranseval/{level}/{number:03d}-{re.sub(r'[^A-Za-z0-9_]+', '-', row['op_name'])}", level, row))
    return tasks


def _fault(row: object) -> str:
    """What is wrong with the form of a record."""
    if not isinstance(row, dict):
        return "no object"
    if field := next((f for f in _TEXTS if not isinstance(row.get(f), str) or not row[f].strip()), ""):
        return f"no {field}"
    for field in _SHAPES:
        shapes = row.get(field)
        whole = isinstance(shapes, list) and all(isinstance(s, list) and all(type(n) is int and n > 0 for n in s) for s in shapes)
        if not whole:
            return f"{field} is no list of shapes"
    return "" if _HEAD.search(row["c_code"]) else "c_code holds no void function"


def _task(name: str, level: str, row: dict[str, object]) -> Task:
    code, cuda = str(row["c_code"]), str(row["cuda_code"])
    function, parameters = _HEAD.findall(code)[-1]
    prototype = f"void {function}({' '.join(parameters.split())})"
    buffers, problem = _buffers(prototype, row)
    operator = Operator(
        name=name.rpartition("/")[2],
        prototype=prototype,
        code=code,
        buffers=buffers,
        inputs=_inputs(row),
        problem=problem,
    )
    return Task(
        task_id=name,
        prompt=_prompt(operator, cuda),
        stem="",
        language="c",
        model="openmp",
        level="run",
        group=level,
        prototype=prototype,
        reference=code,
        case=operator,
        # The published records write int32_t without a header.
        empty=f"#include <stdint.h>\n\n{prototype} {{}}\n",
    )


def _prompt(operator: Operator, cuda: str) -> str:
    kinds = {p.name: p.ctype for p in operator.signature.parameters} if not operator.problem else {}
    roles = "; ".join(
        f"{b.name} is an {'input' if b.is_input else 'output'}, {kinds[b.name]}[{']['.join(map(str, b.shape))}]" for b in operator.buffers
    )
    what = (
        f"Translate the CUDA kernels below to one C function, {operator.prototype}, that does the work of all of them in the order of "
        f"their numbers, and share the work between threads with OpenMP where that pays. {roles}{'. ' if roles else ''}"
        "Arrays are in row-major order and don't overlap; what the kernels keep between them is local to the function. "
        "The headers math.h, stdint.h, stdlib.h, string.h and omp.h are included, and max and min are defined for numbers."
    )
    return f"{block(what)}\n{cuda.strip()}\n\n/* The same in C with OpenMP: */\n"


# ---------------------------------------------------------------- which parameters are what


def _listed(row: dict[str, object]) -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the buffers of the intermediate form: inputs first, then outputs."""
    main = _MAIN.search(str(row["ir_code"]))
    found = _BUFFER.findall(main[1]) if main else []
    return [(name, tuple(int(side) for side in shape.split(",") if side.strip())) for name, shape in found]


def _shapes(row: dict[str, object], field: str) -> list[tuple[int, ...]]:
    given = row[field]
    assert isinstance(given, list)
    return [tuple(shape) for shape in given]


def _roles(row: dict[str, object]) -> dict[str, tuple[bool, tuple[int, ...]]]:
    """Whether each buffer of the intermediate form is an input, and its shape; nothing where that can't be told.

    A record may count an output among its inputs: the code then only writes it. It may also list inputs that nothing is computed from, as
    outputs, too. They are no parameters, and which of the others are outputs the code tells.
    """
    inputs, outputs, listed = _shapes(row, "input_shape"), _shapes(row, "output_shape"), _listed(row)
    shapes, code = [shape for _, shape in listed], str(row["c_code"])
    if shapes == [*inputs, *outputs]:
        return {name: (i < len(inputs) and not _only_written(code, name), shape) for i, (name, shape) in enumerate(listed)}
    unused = Counter([*inputs, *outputs]) - Counter(shapes)
    if not listed or Counter(shapes) - Counter([*inputs, *outputs]) or any(shape not in inputs or shape not in outputs for shape in unused):
        return {}
    return {name: (not re.search(_WRITTEN.format(name), code), shape) for name, shape in listed}


def _only_written(code: str, name: str) -> bool:
    writes = len(re.findall(_WRITTEN.format(name), code))
    return 0 < writes == len(re.findall(rf"\b{name}\[", code))


def _inputs(row: dict[str, object]) -> tuple[tuple[str, int], ...]:
    shapes, listed = _shapes(row, "input_shape"), _listed(row)
    if [shape for _, shape in listed][: len(shapes)] != shapes:
        return ()
    return tuple((name, Buffer(name=name, is_input=True, shape=shape).length) for name, shape in listed[: len(shapes)])


def _buffers(prototype: str, row: dict[str, object]) -> tuple[tuple[Buffer, ...], str]:
    """The parameters with their roles, or why they can't be told."""
    try:
        signature = Signature.parse(prototype)
    except InputError as error:
        return (), str(error)
    known = _roles(row)
    if not known:
        return (), "the intermediate form and the shapes of the record don't agree, so that inputs can't be told from outputs"
    buffers = []
    for parameter in signature.parameters:
        # Names that are words of C have got a number.
        role = known.get(parameter.name) or known.get(re.sub(r"_\d+$", "", parameter.name))
        if role is None or not parameter.pointer:
            return (), f"parameter {parameter.name} is no buffer of the intermediate form"
        buffers.append(Buffer(name=parameter.name, is_input=role[0], shape=role[1]))
    if not any(not b.is_input for b in buffers):
        return (), "the function has no output"
    return tuple(buffers), ""
