"""Suite ``pareval``: the generation prompts of a user's checkout of ParEval, with its drivers' inputs and baselines and judging of ours.

``--data DIR`` is the checkout, or a folder that holds it as ``pareval`` or ``ParEval``. ``prompts/generation-prompts.json`` gives the prompts;
``drivers/cpp/benchmarks/TYPE/NAME/`` the baseline and the driver whose ``validate`` makes inputs. All is read when it is needed,
nothing of it is kept. Translation prompts are never opened. Kernels in CUDA and HIP are launched as ``gpu.cu`` does (`hpcraft.eval.pareval_kernel`), what is in
Kokkos is called as by ``kokkos.cc`` (`hpcraft.eval.pareval_kokkos`), both with the inputs of the serial task.

The serial tasks have the baseline as their reference; the checkout has no reference for the parallel ones.

Not covered: signatures with strings, pointers in structs, vectors of structs that are written, or vectors that grow, and problems whose driver's inputs
tell nothing: they are asked, and told as unsupported by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.kernel_trial import Shape
from hpcraft.eval.task import Task
from hpcraft.store import sha256_file, sha256_json

MODELS = {
    "serial": "serial",
    "omp": "openmp",
    "mpi": "mpi",
    "mpi+omp": "mpi+openmp",
    "cuda": "cuda",
    "hip": "hip",
    "kokkos": "kokkos",
}
"""The checkout's names of models, and ours."""
THEIR_NAMES = {ours: theirs for theirs, ours in MODELS.items()}
SHAPES: dict[str, tuple[Shape, ...]] = {
    "serial": (Shape(),),
    "openmp": tuple(Shape(threads=n) for n in (1, 2, 4)),
    "mpi": tuple(Shape(ranks=n) for n in (1, 2, 3)),
    "mpi+openmp": tuple(Shape(ranks=n, threads=2) for n in (1, 2, 3)),
    "cuda": tuple(Shape(schedule=n) for n in (0, 1, 2)),
    "hip": tuple(Shape(schedule=n) for n in (0, 1, 2)),
    "kokkos": tuple(Shape(threads=n) for n in (1, 2, 4)),
}
"""The starts of a judgement by model: numbers of threads and ranks, or orders of blocks."""
DEVICE_MODELS = ("cuda", "hip")
"""Models whose answers are kernels."""
_BESIDE = {"cuda": "gpu.cu", "hip": "gpu.cu", "kokkos": "kokkos.cc"}
"""Drivers of models that are called with the inputs of the serial task."""
_PROMPTS = "prompts/generation-prompts.json"
SIZES = "problem-sizes.json"
"""In the folder of the drivers: at which sizes the problems are timed."""
_FIELDS = ("problem_type", "name", "parallelism_model", "prompt")
_HEAD = re.compile(r"^[ \t]*([\w:<>,\s*&]+?)[\s&*]+?(\w+)\s*\((.*)\)\s*\{\s*$", re.MULTILINE)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*$", re.MULTILINE)
_STRUCT = re.compile(r"^struct\s+\w+\s*\{.*?^\};?[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Where the driver and the baseline of a task lie, and what the prompt declares."""

    name: str
    folder: Path
    """Of the problem's drivers."""
    drivers: Path
    """``drivers/cpp`` of the checkout."""
    function: str
    returns: str
    parameters: str
    """As the prompt writes them."""
    preamble: str
    """What the prompt defines ahead of its signature, without includes."""
    structs: str
    digests: tuple[str, ...]
    """Of the files that decide the figures."""
    sequential: Problem | None = None
    """The serial task, whose calls those in CUDA, HIP and Kokkos are; None for the other models."""

    @property
    def called(self) -> Problem:
        """The task whose calls are made: its own, or the serial one's."""
        return self.sequential or self

    @property
    def digest(self) -> str:
        """A hash of all that decides the figures, wherever the checkout lies."""
        fields = {k: v for k, v in asdict(self).items() if k not in ("folder", "drivers", "sequential")}
        beside = {"sequential": self.sequential.digest} if self.sequential else {}
        return sha256_json({**fields, **beside})


def pareval_tasks(folder: Path | None) -> list[Task]:
    """A task for each generation prompt.

    Raises:
        ConfigError: no folder was given.
        InputError: it isn't a checkout of ParEval, or its prompts can't be read.
    """
    if folder is None:
        raise ConfigError("suite pareval reads your checkout of ParEval; give it as --data DIR")
    places = (folder, folder / "pareval", folder / "ParEval")
    root = next((p for p in places if (p / _PROMPTS).is_file()), None)
    if root is None:
        raise InputError(f"{folder}: holds no {_PROMPTS}; give your checkout of ParEval, or the folder that it lies in, as --data DIR")
    path = root / _PROMPTS
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); check the checkout") from None
    if not isinstance(rows, list) or not all(isinstance(r, dict) and all(isinstance(r.get(f), str) for f in _FIELDS) for r in rows):
        raise InputError(f"{path}: expected a list of objects with {', '.join(_FIELDS)}; check the checkout")
    serial = {row["name"]: _problem(root, row, path) for row in rows if row["parallelism_model"] == "serial"}
    return [_task(root, row, path, serial) for row in rows]


def _task(root: Path, row: dict[str, str], path: Path, serial: Mapping[str, Problem]) -> Task:
    name, model, prompt = row["name"], MODELS.get(row["parallelism_model"], ""), row["prompt"]
    problem = _problem(root, row, path)
    if model in _BESIDE:
        files = [p for p in (problem.folder / _BESIDE[model],) if p.is_file()]
        problem = replace(problem, sequential=serial.get(name), digests=(*problem.digests, *map(sha256_file, files)))
    return Task(
        task_id=f"pareval/{name}/{row['parallelism_model']}",
        prompt=prompt,
        stem=prompt.rstrip("\n") + "\n",
        language="cpp",
        model=model,
        level="emulate" if model in DEVICE_MODELS else "run",
        group=row["problem_type"],
        prototype=f"void {problem.function}(void)",
        reference=baseline_code(problem) if model == "serial" and (problem.folder / "baseline.hpp").is_file() else "",
        case=problem,
        empty=f"{prompt.rstrip()}\n{'' if problem.returns.split()[-1] == 'void' else '    return {};'}\n}}\n",
    )


def _problem(root: Path, row: dict[str, str], path: Path) -> Problem:
    name, model, prompt = row["name"], MODELS.get(row["parallelism_model"], ""), row["prompt"]
    heads = list(_HEAD.finditer(prompt))
    if not model or not heads:
        raise InputError(f"{path}: {name}: no open signature at the end of its prompt, or an unknown model {row['parallelism_model']!r}")
    returns, function, parameters = heads[-1].groups()
    preamble = _INCLUDE.sub("", prompt[: heads[-1].start()])
    drivers = root / "drivers/cpp"
    folder = drivers / "benchmarks" / row["problem_type"] / name
    baseline = folder / "baseline.hpp"
    files = [p for p in (baseline, folder / "cpu.cc", drivers / "utilities.hpp", drivers.parent / SIZES) if p.is_file()]
    return Problem(
        name=name,
        folder=folder,
        drivers=drivers,
        function=function,
        returns=" ".join(returns.split()),
        parameters=parameters,
        preamble=preamble,
        structs="\n".join(_STRUCT.findall(prompt)),
        digests=tuple(sha256_file(p) for p in files),
    )


def correct_name(problem: Problem) -> str:
    """What the baseline calls its own function."""
    plain = f"correct{problem.function[:1].upper()}{problem.function[1:]}"
    baseline = problem.folder / "baseline.hpp"
    found = re.findall(r"\bcorrect\w+(?=\s*\()", baseline.read_text(encoding="utf-8", errors="replace")) if baseline.is_file() else []
    return next((name for name in found if name.lower() == plain.lower()), found[-1] if found else plain)


def baseline_code(problem: Problem) -> str:
    """The baseline under the name that the prompt asks for."""
    correct = correct_name(problem)
    code = (problem.folder / "baseline.hpp").read_text(encoding="utf-8", errors="replace")
    code = re.sub(rf"\b{correct}\b", problem.function, code)
    code = re.sub(r"^[ \t]*#[ \t]*pragma once[^\n]*\n|\bNO_INLINE\b", "", code, flags=re.MULTILINE)
    return f"{problem.preamble}\n{code}\n"
