"""Kernels that stand alone in a translation unit, and what another unit must know to launch them: their heads, their linkage, and that there is one.

Not covered: kernels that are templates or in a namespace, which no other unit can launch.
"""

from __future__ import annotations

import re

from hpcraft.data.parallel.c_text import strip
from hpcraft.data.trees import function_name, functions, has_specifier, parse, prototype, walk
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature

_HIDDEN = re.compile(
    r"\b(?:static|inline|__inline__|__forceinline__)(\s+)(?=(?:\w+\s+)?__global__)|(?<=__global__)(\s+)(?:static|inline|__forceinline__)\b"
)
"""What keeps a kernel to its own translation unit."""
_CONDITION = re.compile(r"^[ \t]*(?:#|%:)[ \t]*(?:if|ifdef|ifndef|elif|elifdef|elifndef)\b([^\n]*)", re.MULTILINE)
_DEFINE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_PASTED = re.compile(r"##|%:%:")
_TOLD_APART = frozenset({"defined", "__CUDA_ARCH__", "__CUDACC__", "__HIPCC__", "__HIP_DEVICE_COMPILE__", "__cplusplus"})
"""What conditions may ask that isn't the answer's own: these are the same in every build for a device."""


def head_of(code: str, name: str, where: str = "") -> str:
    """The prototype of a function in a piece of code, without ``__global__``.

    Raises:
        InputError: there is none.
    """
    for node in functions(parse(code, "cuda")):
        if function_name(node) == name:
            head = re.sub(r"\b__global__\s*|__launch_bounds__\s*\([^()]*\)\s*", "", prototype(node)).strip()
            return re.sub(r"\bu(char|short|int|long)\b", r"unsigned \1", head)
    raise InputError(f"{where}: no function {name} in its code; mend or remove the line")


def exposed(code: str) -> str:
    """An answer whose kernels other units can launch."""
    return _HIDDEN.sub(lambda match: match[1] or match[2], code)


def declaration(code: str, kernel: str, head: str) -> str:
    """A kernel as another unit sees it: with the answer's own types where they are plain, which C++ converts to at the launch.

    Args:
        code: the answer.
        kernel: its kernel's name.
        head: the prototype where its own can't be read.
    """
    linkage = 'extern "C" ' if _has_c_linkage(code, kernel) else ""
    try:
        own = Signature.parse(head_of(code, kernel))
    except InputError:
        return f"{linkage}__global__ {head}"
    return f"{linkage}__global__ {own.prototype()}"


def _has_c_linkage(code: str, kernel: str) -> bool:
    for node in functions(parse(code, "cuda")):
        if function_name(node) == kernel and has_specifier(node, "__global__"):
            above = node.parent
            while above is not None and above.type != "linkage_specification":
                above = above.parent
            return above is not None
    return False


def more_than_one(code: str, kernel: str) -> str:
    """Why it isn't clear what is launched by a kernel's name; empty where one kernel has it alone."""
    found = [node for node in walk(parse(code, "cuda")) if node.type == "function_definition" and function_name(node) == kernel]
    if len(found) > 1:
        return f"defines {kernel} {len(found)} times"
    return "" if not found or has_specifier(found[0], "__global__") else f"{kernel} isn't a kernel"


def tells_builds_apart(code: str) -> str:
    """What of a kernel's code can differ between the builds that it is judged by; empty for nothing.

    Emulated code is translated before its preprocessor sees it, so what is left of it can't be compared; conditions may ask for its own macros alone.
    """
    plain = strip(code)
    own = set(_DEFINE.findall(plain))
    for condition in _CONDITION.findall(plain):
        strange = [name for name in re.findall(r"[A-Za-z_]\w*", condition) if name not in own | _TOLD_APART]
        if strange:
            return f"code depends on {strange[0]}, which it doesn't define"
        if _PASTED.search(plain):
            return "code depends on names that are put together by ##"
    return ""
