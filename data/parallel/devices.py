"""CUDA and Kokkos: whether a kernel or pattern with work in it is launched over more than one thread.

Not covered: how much of the work the device does.
"""

from __future__ import annotations

import re

from hpcraft.data.parallel.c_text import strip
from hpcraft.data.parallel.flow import outputs
from hpcraft.data.parallel.outline import Kind, Step, words
from hpcraft.data.parallel.values import bounds
from hpcraft.data.parallel.work import Answer, Share, divided, writes

_LAUNCHES = frozenset({"cudaLaunchKernel", "cudaLaunchCooperativeKernel", "cudaLaunchKernelEx", "cudaLaunchKernelExC", "cuLaunchKernel"})
_THREAD_NUMBERS = frozenset(
    {
        "threadIdx",
        "blockIdx",
        "gridDim",
        "blockDim",
        "thread_rank",
        "block_rank",
        "group_index",
        "thread_index",
        "this_grid",
        "this_thread_block",
    }
)
_PATTERNS = frozenset({"parallel_for", "parallel_reduce", "parallel_scan"})
_THRUST = words(
    "transform for_each for_each_n reduce reduce_by_key transform_reduce inner_product inclusive_scan exclusive_scan sort sort_by_key stable_sort"
    " copy_if unique transform_inclusive_scan transform_exclusive_scan tabulate generate count_if min_element max_element minmax_element"
    " adjacent_difference gather scatter partition stable_partition lower_bound upper_bound set_intersection"
)
_ON_DEVICE = re.compile(r"\bdevice_vector\b|\bthrust\s*::\s*device\b|\bdevice_ptr\b|\bdevice_pointer_cast\b|\bcuda\s*::\s*par\b")


def cuda(answer: Answer, code: str) -> str:
    """Why no kernel works on the device; empty when one does."""
    kernels = {name: f for name, f in answer.program.functions.items() if "__global__" in f.qualifiers}
    calls = [step for step in answer.program.parts() if step.kind is Kind.CALL]
    if not kernels:
        by_thrust = any(step.name in _THRUST for step in calls) and "thrust" in code and _ON_DEVICE.search(code)
        return "" if by_thrust else "no kernel of it is launched" if "__global__" in strip(code) else "no __global__ kernel"
    launched = {step.name: step for step in calls if step.launch and step.name in kernels}
    for step in calls:
        if step.name in _LAUNCHES:  # the kernel is one of its arguments, or in a structure before it
            named = frozenset[str]().union(*(a.reads for a in step.arguments)) & kernels.keys() or kernels.keys()
            launched |= {name: step for name in named if name not in launched}
    if not launched:
        return "no kernel of it is launched"
    whys = [_kernel(answer, kernels[name], step, calls) for name, step in launched.items()]
    return "" if "" in whys else whys[0]


def _kernel(answer: Answer, kernel: Step, launch: Step, calls: list[Step]) -> str:
    launches = [s for s in calls if s.name == kernel.name and s.launch] or [launch]
    if all(len(s.launch) > 1 and all(bounds(_size(text), answer.known).high <= 1 for text in s.launch[:2]) for s in launches):
        return "the kernel is launched with one thread"
    if not writes(answer, kernel.below):
        return "the kernel holds no work"
    share = Share.of(answer, _THREAD_NUMBERS)
    written = divided(answer, kernel.below, share)
    if not written and any(share.takes(s.reads) for s in kernel.parts()):  # one thread writes what all of its block found
        written = writes(answer, kernel.below)
    if not written:
        return "the kernel's threads all do the same"
    return "" if _reaches(answer, written, launches) else "what the kernel computes is never used"


def _size(text: str) -> str:
    """The number in ``dim3(1, 1)``."""
    match = re.match(r"^\s*dim3\s*[({](.*)[)}]\s*$", text)
    return " * ".join(f"({part})" for part in match[1].split(",")) if match else text


def _reaches(answer: Answer, written: set[str], launches: list[Step]) -> bool:
    if any(s.name in _LAUNCHES for s in launches):  # arguments go through an array of pointers
        return True
    return answer.matters(written)


def kokkos(answer: Answer) -> str:
    """Why no pattern of Kokkos works in parallel; empty when one does."""
    found = [step for step in answer.program.parts() if step.kind is Kind.CALL and step.name in _PATTERNS]
    if not found:
        return "no parallel_for, parallel_reduce or parallel_scan of Kokkos"
    whys = [_pattern(answer, step) for step in found]
    return "" if "" in whys else whys[0]


def _pattern(answer: Answer, step: Step) -> str:
    given = [a.text for a in step.arguments if not a.text.startswith('"')]
    if re.search(r"<\s*(?:Kokkos\s*::\s*)?Serial\b", " ".join(given[:1])):
        return f"{step.name} is told to run on Kokkos' serial space"
    extent = re.search(r"Policy\s*(?:<.*>)?\s*[({]\s*(?:[\w:]+\(\)\s*,)?\s*([^,]+),\s*([^,{}()]+)", given[0]) if given else None
    count = f"({extent[2]}) - ({extent[1]})" if extent else given[0] if given else ""
    if (extent is None or "Range" in given[0]) and bounds(count, answer.known).high <= 1:
        return f"{step.name} has one iteration to share"
    functors = [f for name, f in answer.program.functions.items() if name == "operator()"]
    bodies = [*step.below, *(s for f in functors for s in f.below)]
    named = {a.base for a in step.arguments} & answer.program.functions.keys()
    bodies += [s for name in sorted(named) for s in answer.program.functions[name].below]
    written = writes(answer, bodies)
    if not written:
        return f"{step.name} holds no work"
    written = written.union(*(a.reads for a in step.arguments if a.base or a.text.endswith(")")))
    # A functor's members get their values from constructors, which are not followed.
    matters = answer.matters(written) or (bool(functors) and bool(outputs(answer.program, answer.entry)))
    return "" if matters else f"what {step.name} computes is never used"
