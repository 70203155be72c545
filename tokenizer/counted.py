"""Lines of kernels as loops: the rule by which what a thread does becomes a loop over what all threads do.

    if(v2<v0&&v3<v1){          for(int v2=0;v2<v0;v2++) and for(int v3=0;v3<v1;v3++){
    if(v2>=v0)                 for(int v2=0;v2<v0;v2++){
    for(int v2=blockIdx.x*blockDim.x+threadIdx.x+1;v2<v0;v2+=blockDim.x*gridDim.x)     for(int v2=1;v2<v0;v2++)

It is the way back from `hpcraft.tokenizer.strides`. Not covered: guards that are expressions of an index, and bounds that are computed in front of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import permutations

from hpcraft.tokenizer.strides import AXES

_HEAD = re.compile(
    r"for\((?P<kind>(?:\w+ )*)(?P<var>\w+)=(?P<low>[^;,]+);(?P<test>(?P=var)\b[^;,]+);(?P=var)(?P<sign>[+-])=(?P<by>[^;,]+)\)(?P<brace>\{?)"
)
_INDEX = r"(?:\(?blockIdx\.[xyz]\*blockDim\.[xyz]\)?\+threadIdx\.[xyz]|threadIdx\.[xyz]\+\(?blockIdx\.[xyz]\*blockDim\.[xyz]\)?)"
_UP = re.compile(rf"(?:{_INDEX}|\({_INDEX}\)\*(?:\w+|\(.+?\)))(?:\+(?P<low>.+))?")
_DOWN = re.compile(rf"(?P<low>.+)-\(int\)\((?:{_INDEX}|\({_INDEX}\)\*.+)\)")
_STEP = re.compile(r"(?:blockDim\.[xyz]\*gridDim\.[xyz]|gridDim\.[xyz]\*blockDim\.[xyz])(?:\*(?P<by>.+))?")
_OF_THREAD = re.compile(
    r"(?:const )?(?P<kind>(?:(?:unsigned|signed|short|int|long|size_t|u?int(?:8|16|32|64)_t) )+)(?P<var>\w+)=.*\bthreadIdx\b.*;"
)
_GUARD = re.compile(r"if\((?P<tests>.+)\)(?P<brace>\{?)")
_BELOW = re.compile(r"(?P<var>[A-Za-z_]\w*)(?P<less><=?)(?P<bound>[^<>=&|?]+)")
_BEYOND = re.compile(r"(?P<var>[A-Za-z_]\w*)(?P<more>>=?)(?P<bound>[^<>=&|?]+)")


def indices(lines: Iterable[str]) -> Mapping[str, str]:
    """The names that kernels give to what they compute of a thread's index, with their types."""
    return {found["var"]: found["kind"].strip() for line in lines if (found := _OF_THREAD.fullmatch(line))}


def counted(line: str, kinds: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """What a line of a kernel, in canonical layout, can become in a sequential function: tokens to loops.

    Args:
        line: the line.
        kinds: the types of counters, as `indices` tells them; others are ``int``.

    The tokens name the comparisons of a guard, in the order in which their loops stand: the first is that of the axis x, and so on.
    """
    if head := _HEAD.fullmatch(line):
        return {next(iter(AXES)): (_unstrided(head),)}
    if (guard := _GUARD.fullmatch(line)) is None:
        return {}
    beyond = "&&" not in guard["tests"] and ">" in guard["tests"]
    found = [(_BEYOND if beyond else _BELOW).fullmatch(_bare(test)) for test in _bare(guard["tests"]).split("||" if beyond else "&&")]
    loops = {token: _loop(test, kinds) for token, test in zip(AXES, found, strict=False) if test and _closes(test["bound"])}
    if not loops or len(found) > len(AXES) or len(loops) < len(found):
        return {}
    brace = "{" if beyond else guard["brace"]
    return {"".join(order): (*(loops[token] for token in order[:-1]), loops[order[-1]] + brace) for order in permutations(loops)}


def _loop(test: re.Match[str], kinds: Mapping[str, str]) -> str:
    groups = test.groupdict()
    less = groups["less"] if "less" in groups else {">=": "<", ">": "<="}[groups["more"]]
    return f"for({kinds.get(test['var'], 'int')} {test['var']}=0;{test['var']}{less}{test['bound']};{test['var']}++)"


def _closes(text: str) -> bool:
    return text.count("(") == text.count(")")


def _unstrided(head: re.Match[str]) -> str:
    """The head of the loop that strides; what no rule knows becomes a count from 0."""
    sign = head["sign"]
    first, step = (_UP if sign == "+" else _DOWN).fullmatch(head["low"]), _STEP.fullmatch(head["by"])
    low, by = (_bare(first["low"] or "0"), _bare(step["by"] or "1")) if first and step else ("0", "1")
    return f"for({head['kind']}{head['var']}={low};{head['test']};{head['var']}{sign * 2 if by == '1' else f'{sign}={by}'}){head['brace']}"


def _bare(text: str) -> str:
    inner = text[1:-1]
    return inner if text[:1] == "(" and text[-1:] == ")" and _closes(inner) and ")(" not in re.sub(r"[^()]", "", inner) else text
