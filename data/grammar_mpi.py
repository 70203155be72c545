"""Writes a loop-nest tree as MPI in C.

Every rank is called with full copies, does its share of the outer loop, and rank 0 has the whole result.

Offered where it comes out as people write it: one parallel nest whose outer loop runs from 0 in steps of 1, and whose arrays are
written in whole rows of the outer loop (sent in blocks) or that reduces into a scalar.

Not covered: several nests, atomic updates, transposed or strided stores, exchange of halos.
"""

from __future__ import annotations

import re

from hpcraft.data.grammar_c import CWriter
from hpcraft.data.grammar_code import Atomic, For, Kernel, Let, Line, Node, Parallel, Range, texts, walk
from hpcraft.data.grammar_words import Style

_TYPES = {
    "float": "MPI_FLOAT",
    "double": "MPI_DOUBLE",
    "int": "MPI_INT",
    "unsigned int": "MPI_UNSIGNED",
    "long": "MPI_LONG",
    "long long": "MPI_LONG_LONG",
    "unsigned long": "MPI_UNSIGNED_LONG",
    "unsigned long long": "MPI_UNSIGNED_LONG_LONG",
    "short": "MPI_SHORT",
    "unsigned short": "MPI_UNSIGNED_SHORT",
    "char": "MPI_CHAR",
    "unsigned char": "MPI_UNSIGNED_CHAR",
}
_OPS = {"+": "MPI_SUM", "*": "MPI_PROD", "max": "MPI_MAX", "min": "MPI_MIN"}
_OWN = {"rank", "size_", "nranks", "chunk", "first", "last", "counts", "displs", "whole", "r_"}
_STORE = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)")
_BUMP = re.compile(r"(?:([A-Za-z_]\w*)\[[^\]]*\](?:\+\+|--))|\*\(")


def write_mpi(kernel: Kernel, style: Style, headers: str) -> str:
    """The kernel as MPI; empty where it isn't offered."""
    nests = [n for n in kernel.body if isinstance(n, Parallel)]
    if len(nests) != 1 or sum(isinstance(n, Parallel) for n in walk(kernel.body)) != 1:
        return ""
    nest = nests[0]
    head = nest.heads[0]
    names = {p.name for p in kernel.params} | {n.name for n in walk(kernel.body) if isinstance(n, Let)}
    names |= {h.var for n in walk(kernel.body) for h in (n.heads if isinstance(n, Parallel) else [n.head] if isinstance(n, For) else [])}
    if head.low != "0" or head.step != "1" or names & _OWN or any(h.also for h in nest.heads):
        return ""
    rows = _rows(kernel, nest, head)
    if rows is None or (nest.reduce and (rows or nest.reduce.ctype not in _TYPES)) or not (rows or nest.reduce):
        return ""
    return _written(kernel, style, headers, nest, rows)


def _rows(kernel: Kernel, nest: Parallel, head: Range) -> dict[str, str] | None:
    """Arrays that are written, with the elements of one step of the outer loop; None where they aren't whole rows."""
    found: dict[str, str] = {}
    lets = {n.name: n.value for n in walk(nest.body) if isinstance(n, Let)}
    for node in walk(nest.body):
        if isinstance(node, Atomic):
            return None
        for text in texts(node) if isinstance(node, Line) else ():
            if _BUMP.search(text):
                return None
            for name, index in _STORE.findall(text):
                param = kernel.arrays.get(name)
                if param is None or param.ctype not in _TYPES:
                    return None
                width = _width(lets.get(index) or index, head.var, param.length, head.high)
                if not width or found.setdefault(name, width) != width:
                    return None
    return found


def _width(index: str, var: str, length: str, high: str) -> str:
    """How many elements of an array belong to one step of the outer loop, going by its length and the first stored place."""
    if index == var and length == high:
        return "1"
    match = re.fullmatch(rf"\(?{var} \* (\w+)\)?(?: \+ (?:\w+|\(\w+\)))?", index)
    if match and length in (f"{high} * {match[1]}", f"{match[1]} * {high}"):
        return match[1]
    return ""


def _written(kernel: Kernel, style: Style, headers: str, nest: Parallel, rows: dict[str, str]) -> str:
    code = CWriter(style)
    code.open(kernel.prototype(style), 0, function=True)
    code.declarations(kernel.body, 1)
    before = kernel.body[: kernel.body.index(nest)]
    after = kernel.body[kernel.body.index(nest) + 1 :]
    for line in ("int rank, nranks;", "MPI_Comm_rank(MPI_COMM_WORLD, &rank);", "MPI_Comm_size(MPI_COMM_WORLD, &nranks);"):
        code.put(line, 1)
    code.nodes(before, 1)
    head = nest.heads[0]
    high = head.high if re.fullmatch(r"\w+", head.high) else f"({head.high})"
    code.put(f"int chunk = ({high} + nranks - 1) / nranks;", 1)
    code.put(f"int first = rank * chunk < {high} ? rank * chunk : {high};", 1)
    code.put(f"int last = first + chunk < {high} ? first + chunk : {high};", 1)
    body: tuple[Node, ...] = nest.body
    for inner in reversed(nest.heads[1:]):
        body = (For(inner, body),)
    reduce = nest.reduce
    neutral = {"+": "0", "*": "1"}.get(reduce.op, "") if reduce else ""
    if reduce and neutral:
        code.put(f"if (rank != 0) {reduce.name} = {neutral};", 1)
    form = head.form if head.form in ("up", "down") else "up"
    code.loop(Range(var=head.var, low="first", high="last", form=form), body, 1)
    if reduce:
        code.put(f"MPI_Allreduce(MPI_IN_PLACE, &{reduce.name}, 1, {_TYPES[reduce.ctype]}, {_OPS[reduce.op]}, MPI_COMM_WORLD);", 1)
    for name, width in rows.items():
        _gather(code, kernel, name, width, high)
    code.nodes(after, 1)
    code.put("}", 0)
    helpers = "".join(h.text("static inline") for h in kernel.helpers)
    return "#include <mpi.h>\n" + (headers or "\n") + helpers + "\n".join(code.lines) + "\n"


def _gather(code: CWriter, kernel: Kernel, name: str, width: str, high: str) -> None:
    """Rank 0 receives every other rank's rows."""
    ctype, times = _TYPES[kernel.arrays[name].ctype], "" if width == "1" else f" * {width}"
    start = f"{name} + (long)first{times}" if times else f"{name} + first"
    code.open("if (rank != 0)", 1)
    count = f"(last - first){times}" if times else "last - first"
    code.put(f"MPI_Send({start}, {count}, {ctype}, 0, 0, MPI_COMM_WORLD);", 2)
    code.put("} else {" if not code.style.allman else "}", 1)
    if code.style.allman:
        code.open("else", 1)
    code.open("for (int r_ = 1; r_ < nranks; r_++)", 2)
    code.put(f"int begin_ = r_ * chunk < {high} ? r_ * chunk : {high};", 3)
    code.put(f"int end_ = begin_ + chunk < {high} ? begin_ + chunk : {high};", 3)
    start = f"{name} + (long)begin_{times}" if times else f"{name} + begin_"
    count = f"(end_ - begin_){times}" if times else "end_ - begin_"
    code.put(f"MPI_Recv({start}, {count}, {ctype}, r_, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);", 3)
    code.put("}", 2)
    code.put("}", 1)
