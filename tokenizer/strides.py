"""Loops that stride over all threads of a launch: the rule by which the head of a sequential loop becomes that of a CUDA kernel's.

    for(int v2=1;v2<v0;v2++)   along x:   for(int v2=blockIdx.x*blockDim.x+threadIdx.x+1;v2<v0;v2+=blockDim.x*gridDim.x)

Whatever a kernel is launched with, each iteration is one thread's. Loops that count down stay so. Not covered: heads without a first value, a test that doesn't
begin with the variable, and steps that multiply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

AXES: Mapping[str, str] = {"<|x|>": "x", "<|y|>": "y", "<|z|>": "z"}
"""Control token to the axis along which the marked loop strides."""

_HEAD = re.compile(
    r"for\s*\(\s*(?P<kind>(?:\w+\s+)*?)(?P<var>\w+)\s*=(?!=)(?P<low>[^;,]+);\s*(?P<test>(?P=var)\b[^;,]+);(?P<step>[^;,]+)\)(?P<rest>\s*\{?)"
)
_ONE = re.compile(r"(?P<var>\w+)\s*(?P<up>\+\+)|\+\+\s*(?P<var2>\w+)|(?P<var3>\w+)\s*--|--\s*(?P<var4>\w+)")
_MORE = re.compile(r"(?P<var>\w+)\s*(?P<sign>[+-])=\s*(?P<by>.+)")
_SIMPLE = re.compile(r"[\w.]+")
_SUM = re.compile(r"[-+\s\w*.]+")


def strided(head: str, axis: str, blank: str = "") -> str | None:
    """The head of a loop that strides along ``axis``; None where the rule doesn't say how.

    Args:
        head: ``for(...)``, with or without the brace behind it.
        axis: ``x``, ``y`` or ``z``.
        blank: what stands around operators.
    """
    found = _HEAD.fullmatch(head)
    stepped = _stepped(found["step"].strip()) if found else None
    if found is None or stepped is None or stepped[0] != found["var"] or not _balanced(found):
        return None
    var, sign, by = stepped
    place = f"blockIdx.{axis}{blank}*{blank}blockDim.{axis}{blank}+{blank}threadIdx.{axis}"
    every = f"blockDim.{axis}{blank}*{blank}gridDim.{axis}"
    if by != "1":
        place, every = f"({place}){blank}*{blank}{_grouped(by)}", f"{every}{blank}*{blank}{_grouped(by)}"
    low = found["low"].strip()
    if sign == "-":
        # Places are unsigned; below the first value there is what stays an int.
        first = f"{low if _SUM.fullmatch(low) else f'({low})'}{blank}-{blank}(int)({place})"
    else:
        first = place if low == "0" else f"{place}{blank}+{blank}{_grouped(low)}"
    step = f"{var}{blank}{sign}={blank}{every}"
    gap = " " if blank else ""
    return f"for{gap}({found['kind']}{var}{blank}={blank}{first};{gap}{found['test'].strip()};{gap}{step}){found['rest']}"


def settled(answer: str) -> str:
    """An answer whose axes are named by how many there are: one is x, two are x and y, in the order that they had.

    A kernel that strides along y alone would do all its work again for each thread along x.
    """
    used = [token for token in AXES if token in answer]
    if used == list(AXES)[: len(used)]:
        return answer
    names = dict(zip(used, AXES, strict=False))
    return re.sub("|".join(map(re.escape, used)), lambda found: names[found[0]], answer)


def striding(line: str) -> Mapping[str, tuple[str, ...]]:
    """What a line can become in a kernel: the token of an axis to the head of the loop that strides along it."""
    heads = {token: strided(line, axis) for token, axis in AXES.items()}
    return {token: (head,) for token, head in heads.items() if head}


def _stepped(step: str) -> tuple[str, str, str] | None:
    """The variable, the direction and the size of a step."""
    if one := _ONE.fullmatch(step):
        return next(name for name in one.group("var", "var2", "var3", "var4") if name), "+" if "+" in step else "-", "1"
    if more := _MORE.fullmatch(step):
        return more["var"], more["sign"], more["by"].strip()
    return None


def _balanced(found: re.Match[str]) -> bool:
    return all(found[name].count("(") == found[name].count(")") for name in ("low", "test", "step"))


def _grouped(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else f"({text})"
