"""Whether suite ``pareval`` hands kernels and functions of Kokkos what ParEval's serial functions are given, and takes back what they leave.

    python benchmarks/pareval_launches.py CHECKOUT [MODEL ...]

For each problem of a checkout the baseline itself is made the answer: in one thread of a kernel, or of a function with views, it makes the serial function's
vectors of what it is given, calls the baseline and writes them back. That is right only if every parameter, length, side and result stands in
its place. It isn't parallel, and what looks for that isn't asked. Lengths are read from the shim, which answers can't.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hpcraft import sandbox
from hpcraft.errors import InputError
from hpcraft.eval.judging import Judgement, settle_build
from hpcraft.eval.pareval import DEVICE_MODELS, Problem, baseline_code, pareval_tasks
from hpcraft.eval.pareval_calls import HEADERS, Slot, blind, slots
from hpcraft.eval.pareval_inputs import calls_of, epsilon
from hpcraft.eval.pareval_job import file_names, job
from hpcraft.eval.pareval_judge import run_all
from hpcraft.eval.task import Task

SEED = 5


def main(checkout: Path, models: tuple[str, ...]) -> None:
    """Print a line for each problem that isn't right, and how many are."""
    count: Counter[tuple[str, str]] = Counter()
    for task in pareval_tasks(checkout):
        if task.model in models:
            said = tried(task)
            count[task.model, said.partition(":")[0]] += 1
            if said != "pass":
                print(f"{task.task_id}: {said}", flush=True)
    for (model, said), number in sorted(count.items()):
        print(f"{model}: {number} {said}")


def tried(task: Task) -> str:
    """``pass``, ``unsupported: why`` or ``fail: why``."""
    problem = task.case
    assert isinstance(problem, Problem)
    try:
        code, beside = kernel(problem) if task.model in DEVICE_MODELS else (views(problem), "")
        made = job(problem, task.model, code)
        calls = calls_of(problem, task.model, SEED)
    except InputError as error:
        return f"unsupported: {error}"
    if why := blind(problem.called, calls, epsilon(problem.called)):
        return f"unsupported: {why}"
    shim = file_names(task.model)[1]
    # The lengths that the shim keeps are there for the answer.
    files = {**made.files, shim: re.sub(rb"static (size_t hpcraft_n_)", rb"\1", made.files[shim])}
    judgement = Judgement()
    with sandbox.build(replace(made, files={**files, **({"baseline.cpp": beside.encode()} if beside else {})})) as build:
        if not settle_build(judgement, build.outcome):
            return judgement.checks["build"]
        run_all(judgement, task, problem, build, calls)
    return judgement.checks["correct"]


def kernel(problem: Problem) -> tuple[str, str]:
    """A kernel whose first thread calls the baseline, and the baseline in C++ for processors, which device code may not hold."""
    sequential = problem.called
    found = slots(sequential)
    given = [f"void *{slot.name}" if slot.container else f"{slot.item} {slot.name}" for slot in found]
    passed = [f"(void *){slot.name}" if slot.container else slot.name for slot in found]
    returned = sequential.returns != "void"
    if returned:
        names = {slot.name for slot in found}
        pointers = re.findall(r"\*\s*(\w+)|(\w+)\s*\[", problem.parameters)
        given.append("void *hpcraft_result")
        passed.append(f"(void *){next(name for pair in pointers for name in pair if name and name not in names)}")
    head = f"void hpcraft_baseline({', '.join(given)})"
    first = "    if (blockIdx.x + blockIdx.y + threadIdx.x + threadIdx.y) return;"
    code = f'extern "C" __device__ {head};\n__global__ void {problem.function}({problem.parameters}) {{\n{first}\n    hpcraft_baseline({", ".join(passed)});\n}}\n'
    lines = [HEADERS, baseline_code(sequential)]
    lines += [f"extern size_t hpcraft_n_{slot.name};" for slot in found if slot.container]
    lines += [
        f'extern "C" {head} {{',
        *_called(sequential, lambda slot: (slot.name, f"hpcraft_n_{slot.name} * sizeof({slot.raw}) / sizeof({slot.item})")),
    ]
    lines += [f"*({sequential.returns} *)hpcraft_result = value;"] if returned else []
    return f"{problem.structs}\n{code}", "\n".join([*lines, "}", ""])


def views(problem: Problem) -> str:
    """A function of views that calls the baseline, which has the same name and other parameters."""
    lines = [baseline_code(problem.called), f"{problem.returns} {problem.function}({problem.parameters}) {{"]
    lines += _called(problem.called, lambda slot: (f"{slot.name}.data()", f"{slot.name}.size()"))
    return "\n".join([*lines, *(["return value;"] if problem.returns != "void" else []), "}", ""])


def _called(sequential: Problem, where: Callable[[Slot], tuple[str, str]]) -> list[str]:
    """Containers made of what is given, the call of the baseline, and what it leaves."""
    found, made, left = slots(sequential), list[str](), list[str]()
    for slot in found:
        if slot.container:
            place, length = where(slot)
            data = f"({slot.item} *){place}"
            made.append(f"{slot.container} v_{slot.name}{{}};")
            made += [f"v_{slot.name}.resize({length});"] if "array<" not in slot.container else []
            made.append(f"std::copy({data}, {data} + {length}, v_{slot.name}.begin());")
            left += [] if slot.const else [f"std::copy(v_{slot.name}.begin(), v_{slot.name}.end(), {data});"]
    arguments = ", ".join(f"v_{slot.name}" if slot.container else slot.name for slot in found)
    return [*made, f"{'auto value = ' if sequential.returns != 'void' else ''}::{sequential.function}({arguments});", *left]


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]) or (*DEVICE_MODELS, "kokkos"))
