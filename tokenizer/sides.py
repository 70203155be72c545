"""Both sides of a translation between a function and a kernel, as far as a rule says them: heads, and what stands around them.

All lines are in canonical layout. What becomes of loops is in `hpcraft.tokenizer.strides` and `hpcraft.tokenizer.counted`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hpcraft.tokenizer.counted import carried, is_exact, sequential

LITERAL = re.compile(r"""\"(?:\\.|[^"\\\n])*\"|'(?:\\.|[^'\\\n])*'""")

_ON_DEVICE = re.compile(r"(?:\b(?:static|inline|__device__|__host__|__forceinline__) )+")
_DEVICE_HEADER = re.compile(
    r"#include\s*[<\"](?:cuda|cu|cub|curand|thrust|cooperative_groups|device_\w+|helper_\w+|hip|math_constants)(?:[/_.]|[A-Z])"
)
_MATHS = re.compile(
    r"\b(?:(?:a?(?:sin|cos|tan)h?|atan2|exp2?|expm1|log(?:2|10|1p)?|pow|sqrt|cbrt|fabs|floor|ceil|round|trunc|fmod|fmax|fmin|hypot|erfc?|fma|copysign)f?)\("
)
_NAME = re.compile(r"[A-Za-z_]\w*")
_STEP = re.compile(r";(?:\+\+(\w+)|(\w+)\+=1)\)(\{?)$")
"""Steps that C spells in several ways."""
_HEAD = re.compile(r"(?:\}?else )?(?:for|if|while|switch)\(")


def entry_of(lines: Sequence[str]) -> int | None:
    """The number of the line with the head of the last function that is defined."""
    return max((i for i, line in enumerate(lines) if line.endswith("){") and not _HEAD.match(line)), default=None)


def as_kernel(lines: Sequence[str]) -> list[str]:
    """The lines of a function whose head is that of a kernel."""
    entry = entry_of(lines)
    return [f"__global__ {line}" if i == entry else line for i, line in enumerate(lines)]


def as_function(lines: Sequence[str]) -> list[str | None] | None:
    """The lines of a kernel under another head.

    Args:
        lines: the wanted head, and the lines of CUDA code: device functions, a kernel, and perhaps its host function.

    Returns:
        as many lines; None for those that have no place in C. None if there is no kernel.
    """
    wanted, *code = lines
    begin = next((i for i, line in enumerate(code) if "__global__ " in line and line.endswith("{")), None)
    if begin is None:
        return None
    end = _closing(code, begin)
    names = _renamed(code[begin], wanted)
    plain = (_NAME.sub(lambda name: names.get(name[0], name[0]), line) for line in code[begin + 1 : end + 1])
    body = sequential([_stepped(line) for line in plain])
    before = [None if line == 'extern "C"' or _DEVICE_HEADER.match(line) else _ON_DEVICE.sub("static ", line) for line in code[:begin]]
    needs = _MATHS.search("\n".join(code[: end + 1])) and "#include <math.h>" not in before
    return ["#include <math.h>" if needs else None, *before, wanted, *body, *[None] * (len(code) - end - 1)]


def _stepped(line: str) -> str:
    """A line whose loop steps as the rules spell it."""
    return _STEP.sub(r";\1\2++)\3", line)


def is_lone_kernel(lines: Sequence[str]) -> bool:
    """Whether code behind a wanted head of type ``void`` is one kernel, behind device functions at most, whose strides a rule knows."""
    wanted, *code = lines
    kernels = [i for i, line in enumerate(code) if "__global__ " in line]
    if not wanted.startswith("void ") or len(kernels) != 1 or not code[kernels[0]].endswith("{"):
        return False
    end = _closing(code, kernels[0])
    return end == len(code) - 1 and is_exact([_stepped(line) for line in code[kernels[0] + 1 : end]])


def carries(lines: Sequence[str | None]) -> bool:
    """Whether what has a value in front of a function's loops is changed in them: of a kernel each thread has its own, iterations would share it."""
    flat = "\n".join(filter(None, lines)).split("\n")
    begin = (entry_of(flat) or 0) + 1
    first = next((i for i in range(begin, len(flat)) if flat[i].startswith("for(")), len(flat))
    return bool(carried(flat[begin:first], flat[first:]))


def foreign_names(lines: Sequence[str]) -> set[str]:
    """The kernel's names of parameters that `as_function` leaves as they are though the wanted head has none of that name; none where there is no kernel."""
    wanted, *code = lines
    kernel = next((line for line in code if "__global__ " in line and line.endswith("{")), "")
    renamed = _renamed(kernel, wanted)
    return {renamed.get(name, name) for _, name in _parameters(kernel)} - {name for _, name in _parameters(wanted)}


def _renamed(kernel: str, wanted: str) -> dict[str, str]:
    """The kernel's names of parameters to those of the wanted head, where the two heads have the same types one by one."""
    own, other = (_parameters(head) for head in (kernel, wanted))
    if [kind for kind, _ in own] != [kind for kind, _ in other]:
        return {}
    return {name: new for (_, name), (_, new) in zip(own, other, strict=True) if name != new}


def _parameters(head: str) -> list[tuple[str, str]]:
    """The types, without ``const`` and ``restrict``, and the names."""
    found = []
    for text in head.partition("(")[2].rpartition(")")[0].split(","):
        words = _NAME.findall(text)
        kind = re.sub(r"\b(?:const|__restrict__|__restrict|restrict)\b", "", text)
        found.append(("".join(kind.rsplit(words[-1], 1)).replace(" ", "") if words else text, words[-1] if words else ""))
    return found


def _closing(lines: Sequence[str], begin: int) -> int:
    """The number of the line on which the block ends that begins on a line."""
    depth = 0
    for number in range(begin, len(lines)):
        plain = LITERAL.sub("", lines[number])
        depth += plain.count("{") - plain.count("}")
        if depth <= 0:
            return number
    return len(lines) - 1
