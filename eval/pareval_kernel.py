"""Kernels of ParEval in CUDA and HIP, called from outside: the device's memory, the launch and the copies that the checkout's driver makes around an answer.

Theory of operation. The calls are those of the checkout's driver for processors, as for the sequential task (`hpcraft.eval.pareval_inputs`); the shim puts
their containers into the device's memory, launches the kernel and copies back. A kernel's parameters are told by their names: those of the sequential
function, lengths of its containers, and a pointer to what it returns. How many blocks and threads there are, and what lies in the place of the
returned value before, are the driver's for devices. Its calls themselves aren't taken: one compares memory that no kernel has written, another copies
a sixteenth of its inputs.

Not covered: kernels that need a cooperative launch; shared memory whose size is given at the launch, which no driver of the checkout gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hpcraft.errors import InputError
from hpcraft.eval.lone_answers import declaration
from hpcraft.eval.pareval import Problem
from hpcraft.eval.pareval_calls import HEADERS, Slot, signatures, slots

HOST = "hpcraft_host"
"""The function of `launch_text`."""
SUFFIX = {"cuda": ".cu", "hip": ".hip"}
_HEADER = {
    "cuda": "#include <cuda_runtime.h>\n#include <cuComplex.h>\n",
    "hip": "#include <hip/hip_runtime.h>\n#include <hip/hip_complex.h>\n",
}
_PARAMETER = re.compile(r"^(?P<const>const\s+)?(?P<type>[\w ]+?)\s*(?P<star>\*?)\s*(?P<name>\w+)\s*(?P<array>\[\d+\])?$")
_BLOCK = re.compile(r"\bctx->blockSize\s*=\s*dim3\(([\d,\s]+)\)")
_GRID = re.compile(r"\bctx->gridSize\s*=\s*dim3\((.*?)\);", re.DOTALL)
_EXTENT = re.compile(r"\(\s*(?:ctx->)?(\w+)\s*\+")
_PLACED = re.compile(r"\bCOPY_H2D\(\s*\w+\s*,\s*&(\w+)\s*,")


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """How a kernel is launched, in C++ over the shim's variables."""

    arguments: tuple[str, ...]
    grid: tuple[str, ...]
    block: tuple[int, ...]
    first_value: str
    """What lies in the place of the returned value before."""


def headers(model: str) -> str:
    """What answers may take for granted."""
    return HEADERS + _HEADER[model]


def launch(problem: Problem) -> Launch:
    """The launch of a kernel.

    Raises:
        InputError: a parameter, or the driver's grid, that no rule knows.
    """
    sequential = _sequential(problem)
    found = slots(sequential)
    containers = [slot for slot in found if slot.container]
    if not containers:
        raise InputError(f"{problem.name}: the sequential function is given no array, so nothing says how many threads there are")
    by_name = {slot.name: slot for slot in found}
    values: dict[str, str] = {}
    results: list[str] = []
    parameters = [_PARAMETER.match(text.strip()) for text in problem.parameters.split(",")]
    names = [p["name"] for p in parameters if p]
    for parameter in parameters:
        if parameter is None:
            raise InputError(f"{problem.name}: the kernel has a parameter of a form that is not known")
        name, slot = parameter["name"], by_name.get(parameter["name"])
        if parameter["star"] or parameter["array"]:
            if slot and slot.container:
                values[name] = f"({parameter['type']} *)hpcraft_d_{name}"
            elif slot is None and not parameter["const"] and sequential.returns != "void" and not results:
                values[name] = f"({parameter['type']} *)hpcraft_d_result"
                results.append(name)
            else:
                raise InputError(f"{problem.name}: the sequential function has no {name}")
        elif slot and not slot.container:
            values[name] = f"hpcraft_v_{name}"
        else:
            values[name] = _length(problem, name, names, containers)
    if sequential.returns != "void" and not results:
        raise InputError(f"{problem.name}: the kernel has no place for what the function returns")
    driver = _driver(problem)
    block, grid = _BLOCK.search(driver), _GRID.search(driver)
    extents = _EXTENT.findall(grid[1]) if grid else []
    sizes = tuple(int(n) for n in block[1].split(",")) if block else ()
    if not sizes or len(sizes) != len(extents):
        raise InputError(f"{problem.name}: the driver's blockSize and gridSize are of a form that is not known")
    first = containers[0]
    counts = [values.get(name) or (_count(first) if name in ("N", "nVals") else "") for name in extents]
    if not all(counts):
        raise InputError(f"{problem.name}: the driver's gridSize depends on what the kernel isn't given")
    return Launch(
        arguments=tuple(values[name] for name in names),
        grid=tuple(f"({count} + {size} - 1) / {size}" for count, size in zip(counts, sizes, strict=True)),
        block=sizes,
        first_value=_first_value(driver).replace("TEST_SIZE", _count(first)),
    )


def _sequential(problem: Problem) -> Problem:
    if problem.sequential is None:
        raise InputError(f"{problem.name}: the checkout has no serial prompt beside it")
    return problem.sequential


def _driver(problem: Problem) -> str:
    path = problem.folder / "gpu.cu"
    if not path.is_file():
        raise InputError(f"{path}: missing in the checkout")
    return path.read_text(encoding="utf-8", errors="replace")


def _first_value(driver: str) -> str:
    """What the driver copies into the place of a single value before its first launch to be checked; 0 where it copies nothing."""
    text = driver.partition("bool validate")[2]
    placed = _PLACED.search(text)
    values = re.findall(rf"\b{placed[1]}\s*=\s*([^;,]+)[;,]", text[: placed.start()]) if placed else []
    return values[-1].strip() if values else "0"


def _length(problem: Problem, name: str, names: list[str], containers: list[Slot]) -> str:
    """The length that a parameter names: ``sizeA`` and ``NA`` that of ``A``; any other that of the first container, or of the last where the first's is named."""
    own = {f"{word}{slot.name}": slot for slot in containers for word in ("size", "N")}
    if name in own:
        return _count(own[name])
    if not name.startswith(("N", "num")) or not containers:
        raise InputError(f"{problem.name}: {name} is no length that a rule knows")
    return _count(containers[-1 if own.keys() & set(names) else 0])


def _count(slot: Slot) -> str:
    return f"(hpcraft_n_{slot.name} * sizeof({slot.raw}) / sizeof({slot.item}))"


# ---------------------------------------------------------------- text


def launch_text(problem: Problem) -> str:
    """A host function that launches the kernel with what it is given, for whoever reads the answer."""
    names = [match[1] for text in problem.parameters.split(",") if (match := re.search(r"(\w+)\s*(?:\[\d+\])?$", text.strip()))]
    return f"\nvoid {HOST}({problem.parameters}, int hpcraft_blocks) {{\n    {problem.function}<<<hpcraft_blocks, 256>>>({', '.join(names)});\n}}\n"


def kernel_shim(problem: Problem, model: str, code: str) -> str:
    """The translation unit between the driver and the kernel of an answer.

    Raises:
        InputError: a parameter, or the driver's grid, that no rule knows.
    """
    sequential, how = _sequential(problem), launch(problem)
    found = slots(sequential)
    containers = [slot for slot in found if slot.container]
    give, run, take = (f'extern "C" {signature.prototype()} {{' for signature in signatures(sequential))
    returned, head = sequential.returns != "void", f"void {problem.function}({problem.parameters})"
    lines = [headers(model), problem.structs, f"{declaration(code, problem.function, head)};", _UPLOAD.replace("cuda", model)]
    lines += [f"static void *hpcraft_d_{s.name};\nstatic size_t hpcraft_n_{s.name};" for s in containers]
    lines += [f"static {s.item} hpcraft_v_{s.name};" for s in found if not s.container]
    lines += [give, *(f"    hpcraft_v_{s.name} = {s.name};" for s in found if not s.container)]
    lines += [
        f"    hpcraft_n_{s.name} = n_{s.name};\n    hpcraft_upload(&hpcraft_d_{s.name}, {s.name}, n_{s.name} * sizeof({s.raw}));"
        for s in containers
    ]
    if returned:
        # Atomic operations on a bool take the word that it lies in.
        place = f"static void *hpcraft_d_result;\nstatic union {{ {sequential.returns} value; unsigned word; }} hpcraft_result;"
        lines.insert(lines.index(give), place)
        lines.append(f"    hpcraft_result.word = 0;\n    hpcraft_result.value = {how.first_value};")
        lines.append("    hpcraft_upload(&hpcraft_d_result, &hpcraft_result, sizeof hpcraft_result);")
    launched = f"{problem.function}<<<dim3({', '.join(how.grid)}), dim3({', '.join(map(str, how.block))})>>>({', '.join(how.arguments)})"
    lines += ["}", run, f"    {launched};", f"    if ({model}DeviceSynchronize() != {model}Success) abort();"]
    if returned:
        lines.append(
            _download(model, "&hpcraft_result", "hpcraft_d_result", "sizeof hpcraft_result") + "\n    return hpcraft_result.value;"
        )
    lines += ["}", take]
    lines += [
        f"    if (n_{s.name})\n    {_download(model, s.name, f'hpcraft_d_{s.name}', f'n_{s.name} * sizeof({s.raw})')}" for s in containers
    ]
    return "\n".join([*lines, "}", ""])


_UPLOAD = """static void hpcraft_upload(void **to, const void *from, size_t bytes) {
    if (*to) (void)cudaFree(*to);
    if (cudaMalloc(to, bytes ? bytes : 1) != cudaSuccess) abort();
    if (bytes && cudaMemcpy(*to, from, bytes, cudaMemcpyHostToDevice) != cudaSuccess) abort();
}"""


def _download(model: str, to: str, place: str, size: str) -> str:
    return f"    if ({model}Memcpy({to}, {place}, {size}, {model}MemcpyDeviceToHost) != {model}Success) abort();"
