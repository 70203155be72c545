"""Lines of kernels as loops: the rule by which what a thread does becomes a loop over what all threads do.

    if(v2<v0&&v3<v1){          for(int v2=0;v2<v0;v2++) and for(int v3=0;v3<v1;v3++){
    if(v2>=v0)                 for(int v2=0;v2<v0;v2++){
    for(int v2=blockIdx.x*blockDim.x+threadIdx.x+1;v2<v0;v2+=blockDim.x*gridDim.x)     for(int v2=1;v2<v0;v2++)

It is the way back from `hpcraft.tokenizer.strides`. Not covered: guards that are expressions of an index, and bounds that are computed in front of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import permutations

from hpcraft.tokenizer.strides import AXES

_HEAD = re.compile(
    r"for\((?P<kind>(?:\w+ )*)(?P<var>\w+)=(?P<low>[^;,]+);(?P<test>(?P=var)\b[^;,]+);(?P=var)(?P<sign>[+-])=(?P<by>[^;,]+)\)(?P<brace>\{?)"
)
_INDEX = r"(?:\(?blockIdx\.[xyz]\*blockDim\.[xyz]\)?\+threadIdx\.[xyz]|threadIdx\.[xyz]\+\(?blockIdx\.[xyz]\*blockDim\.[xyz]\)?)"
_UP = re.compile(rf"(?:{_INDEX}|\({_INDEX}\)\*(?:\w+|\(.+?\)))(?:\+(?P<low>.+))?")
_UP_TIMES = re.compile(rf"(?:{_INDEX}|\({_INDEX}\)\*(?P<times>\w+|\(.+?\)))(?:\+(?P<low>.+))?")
_DOWN_ONCE = re.compile(rf".+-\(int\)\({_INDEX}\)")
_VALUED = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]\n]*\])*=(?!=)")
_CHANGED = r"(?<![\w.>]){0}(?:\[[^\n]*?\])?(?:[-+*/%&|^]|<<|>>)?=(?!=)|\b{0}(?:\+\+|--)|(?:\+\+|--){0}\b|&{0}\b"
_DEVICE_SIZE = re.compile(r"\b(?:blockDim|gridDim)\b")
_DOWN = re.compile(rf"(?P<low>.+)-\(int\)\((?:{_INDEX}|\({_INDEX}\)\*.+)\)")
_STEP = re.compile(r"(?:blockDim\.[xyz]\*gridDim\.[xyz]|gridDim\.[xyz]\*blockDim\.[xyz])(?:\*(?P<by>.+))?")
_OF_THREAD = re.compile(
    r"(?:const )?(?P<kind>(?:(?:unsigned|signed|short|int|long|size_t|u?int(?:8|16|32|64)_t) )+)(?P<var>\w+)=.*\bthreadIdx\b.*;"
)
_DECLARED = r"(?:const )?(?:(?:unsigned|signed|short|int|long|size_t|uint|u?int(?:8|16|32|64)_t) )+(?P<var>\w+)="
_INDEX_LINE = re.compile(
    _DECLARED + r"(?=.*\bthreadIdx\.(?P<axis>[xyz]))(?:blockIdx|blockDim|threadIdx|gridDim|\((?:unsigned |int|long|size_t)+\)|[xyz.()*+])+;"
)
_STRIDE_LINE = re.compile(_DECLARED + r"(?:blockDim\.([xyz])\*gridDim\.\2|gridDim\.([xyz])\*blockDim\.\3);")
_WHILE = re.compile(r"while\((?P<test>(?P<var>[A-Za-z_]\w*)<=?[^<>=&|?]+)\)\{")
_ADDED = re.compile(r"(?P<var>\w+)\+=(?P<by>[^;]+);")
_BELOW_GUARD = re.compile(r"[^>|]*")
_GUARD = re.compile(r"if\((?P<tests>.+)\)(?P<brace>\{?)")
_BELOW = re.compile(r"(?P<var>[A-Za-z_]\w*)(?P<less><=?)(?P<bound>[^<>=&|?]+)")
_BEYOND = re.compile(r"(?P<var>[A-Za-z_]\w*)(?P<more>>=?)(?P<bound>[^<>=&|?]+)")


def indices(lines: Iterable[str]) -> Mapping[str, str]:
    """The names that kernels give to what they compute of a thread's index, with their types."""
    return {found["var"]: found["kind"].strip() for line in lines if (found := _OF_THREAD.fullmatch(line))}


def sequential(lines: Sequence[str]) -> list[str | None]:
    """The body of a kernel as the loops over what its threads do, as far as a rule says it.

    Lines that compute a thread's index go, guards that ask for indices alone become loops, z outside and x inside, and loops that stride plain ones; what
    doesn't look at an index stays, and so does what no rule knows.

    Args:
        lines: in canonical layout, to the brace that ends the body.

    Returns:
        as many lines, several in one where a guard asks for several indices; None for those that go.
    """
    axes = {found["var"]: found["axis"] for line in lines if (found := _INDEX_LINE.fullmatch(line))}
    kinds, found_lines = indices(lines), list[str | None](lines)
    if not _may_go(lines, axes):
        return found_lines
    for number, line in enumerate(lines):
        if _INDEX_LINE.fullmatch(line) or _STRIDE_LINE.fullmatch(line):
            found_lines[number] = None
        elif (head := _HEAD.fullmatch(line)) and (_STEP.fullmatch(head["by"]) or _is_stride(head["by"], lines)):
            found_lines[number] = _unstrided(head)
        elif (loop := _WHILE.fullmatch(line)) and (step := _step_of(lines, number, loop["var"])):
            found_lines[number] = f"for({kinds.get(loop['var'], 'int')} {loop['var']}=0;{loop['test']};{loop['var']}++){{"
            found_lines[step] = None
        elif (guard := _GUARD.fullmatch(line)) and (loops := _ordered(line, axes, kinds)):
            found_lines[number] = "\n".join(loops)
            if not _BELOW_GUARD.fullmatch(guard["tests"]):
                _leave_out_return(lines, number, found_lines)
            if found_lines[number] != line:
                _move_in(found_lines, number, {*axes, *carried(lines[:number], lines[number:])})
    return _continued(found_lines, lines)


def is_exact(lines: Sequence[str]) -> bool:
    """Whether `sequential` knows every stride of a kernel, so that no loop that it makes is a guess at one."""
    axes = {found["var"] for line in lines if (found := _INDEX_LINE.fullmatch(line))}
    for number, line in enumerate(lines):
        if (loop := _WHILE.fullmatch(line)) and _step_of(lines, number, loop["var"]) and loop["var"] not in axes:
            return False
        if (
            (head := _HEAD.fullmatch(line))
            and (_DEVICE_SIZE.search(line) or _is_stride(head["by"], lines))
            and not _is_known(head, axes, lines)
        ):
            return False
    return True


def _is_known(head: re.Match[str], axes: Collection[str], lines: Sequence[str]) -> bool:
    """Whether a loop begins at the thread's index and steps over all threads, either of them times the same."""
    step = _STEP.fullmatch(head["by"])
    if head["sign"] == "-":
        return bool(step and not step["by"] and _DOWN_ONCE.fullmatch(head["low"]))
    if head["low"] in axes or re.fullmatch(_INDEX, head["low"]):
        return _is_stride(head["by"], lines) or bool(step and not step["by"])
    first = _UP_TIMES.fullmatch(head["low"])
    return bool(first and step and _bare(first["times"] or "1") == _bare(step["by"] or "1"))


def carried(front: Sequence[str], behind: Sequence[str]) -> set[str]:
    """Names that have a value in front and are changed behind: each thread has its own, which iterations would share."""
    names, text = set(_VALUED.findall("\n".join(front))), "\n".join(behind)
    return {name for name in names if re.search(_CHANGED.format(name), text)}


def _move_in(found: list[str | None], number: int, names: set[str]) -> None:
    """Move what is computed of an index in front of a guard behind the head of the loop that the guard became."""
    moved = []
    for at, line in enumerate(found[:number]):
        if line is not None and line.endswith(";") and "{" not in line and names & set(re.findall(r"[A-Za-z_]\w*", line)):
            moved.append(line)
            names = names | {match[1] for match in re.finditer(r"([A-Za-z_]\w*)=(?!=)", line)}
            found[at] = None
    head = found[number] or ""
    if moved:
        # A block that is open at the end is closed by itself.
        found[number] = "\n".join([head if head.endswith("{") else f"{head}{{", *moved])


def _continued(found: list[str | None], lines: Sequence[str]) -> list[str | None]:
    """Where a thread leaves in a loop that is made of threads, the next iteration comes."""
    made = any(new is not None and new != line and new.startswith("for(") for new, line in zip(found, lines, strict=True))
    blocks: list[bool] = []
    for number, line in enumerate(lines):
        if line.startswith("}") and blocks:
            blocks.pop()
        if line == "return;" and found[number] == line and made and not any(blocks):
            found[number] = "continue;"
        if line.endswith("{"):
            blocks.append(found[number] == line and line.startswith(("for(", "while(", "do{")))
    return found


def _may_go(lines: Sequence[str], axes: Mapping[str, str]) -> bool:
    """Whether every index has a guard or a stride of its own, so that its line can go."""
    text = "\n".join(lines)
    looped = {found["var"] for line in lines if (found := _HEAD.fullmatch(line))}
    guarded = set[str]()
    for line in lines:
        if (guard := _GUARD.fullmatch(line)) and _ordered(line, axes, {}):
            guarded |= set(re.findall(r"[A-Za-z_]\w*", guard["tests"]))
    guarded |= {loop["var"] for i, line in enumerate(lines) if (loop := _WHILE.fullmatch(line)) and _step_of(lines, i, loop["var"])}
    strided = {head["low"] for line in lines if (head := _HEAD.fullmatch(line))}
    return all(name in guarded | strided | looped for name in axes) and not re.search(r"\b(?:__shared__|__syncthreads)\b", text)


def _step_of(lines: Sequence[str], begin: int, var: str) -> int:
    """The number of the line at the end of a ``while`` loop that strides over all threads; 0 for no such one."""
    depth = 0
    for number in range(begin, len(lines)):
        depth += lines[number].count("{") - lines[number].count("}")
        if depth <= 0:
            found = _ADDED.fullmatch(lines[number - 1])
            strides = found and found["var"] == var and (_STEP.fullmatch(found["by"]) or _is_stride(found["by"], lines))
            return number - 1 if strides and "continue;" not in lines[begin:number] else 0
    return 0


def _is_stride(name: str, lines: Sequence[str]) -> bool:
    return any((found := _STRIDE_LINE.fullmatch(line)) and found["var"] == name for line in lines)


def _ordered(line: str, axes: Mapping[str, str], kinds: Mapping[str, str]) -> tuple[str, ...]:
    """The loops of a guard all of whose comparisons are of indices, the last axis first; empty for another guard."""
    found = counted(line, kinds)
    if not found:
        return ()
    first = next(iter(found))  # in the order of the comparisons
    names = [match[1] for loop in found[first] if (match := re.match(r"for\([\w ]*?(\w+)=0;", loop))]
    if not all(name in axes for name in names):
        return ()
    tokens = list(AXES)[: len(names)]
    order = sorted(tokens, key=lambda token: axes[names[tokens.index(token)]], reverse=True)
    return found["".join(order)]


def _leave_out_return(lines: Sequence[str], number: int, found: list[str | None]) -> None:
    """Take out the ``return;`` of a guard that leaves, and its braces."""
    braced = lines[number].endswith("{")
    wanted = ["return;", "}"] if braced else ["return;"]
    if list(lines[number + 1 : number + 1 + len(wanted)]) == wanted:
        for at in range(number + 1, number + 1 + len(wanted)):
            found[at] = None
    else:
        found[number] = lines[number]


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
