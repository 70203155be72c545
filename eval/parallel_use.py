"""Whether an answer really is in the parallel model that was asked for.

Two witnesses must agree: the syntax tree with comments and strings out of the way (a construct that shares work and has work
in it, an MPI call that moves data, a kernel that is launched), and the symbols that the compiled object asks the linker for.

Not covered: what happens at run time, such as a work-sharing construct around a token part of the work, or ranks that receive
data and do nothing with it; numbers of threads that aren't literals in the directive.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tree_sitter import Node

from hpcraft.data.syntax import parser

MOVES_DATA = frozenset(
    f"mpi_{call}"
    for call in [
        "send",
        "bsend",
        "ssend",
        "rsend",
        "isend",
        "issend",
        "send_init",
        "recv",
        "irecv",
        "recv_init",
        "mrecv",
        "sendrecv",
        "sendrecv_replace",
        "isendrecv",
        "psend_init",
        "bcast",
        "ibcast",
        "reduce",
        "ireduce",
        "allreduce",
        "iallreduce",
        "reduce_scatter",
        "reduce_scatter_block",
        "ireduce_scatter",
        "scan",
        "iscan",
        "exscan",
        "iexscan",
        "gather",
        "igather",
        "gatherv",
        "igatherv",
        "scatter",
        "iscatter",
        "scatterv",
        "iscatterv",
        "allgather",
        "iallgather",
        "allgatherv",
        "iallgatherv",
        "alltoall",
        "ialltoall",
        "alltoallv",
        "ialltoallv",
        "alltoallw",
        "ialltoallw",
        "neighbor_allgather",
        "neighbor_allgatherv",
        "neighbor_alltoall",
        "neighbor_alltoallv",
        "neighbor_alltoallw",
        "put",
        "get",
        "accumulate",
        "get_accumulate",
        "fetch_and_op",
        "rput",
        "rget",
        "raccumulate",
    ]
)
"""MPI calls by which ranks exchange data; a barrier isn't one."""

_OPENMP_SYMBOLS = ("GOMP_parallel", "GOMP_teams", "__kmpc_fork")
_CUDA_SYMBOLS = ("cudaLaunchKernel", "__cudaLaunchKernel", "cuLaunchKernel")
_SHARES = frozenset({"for", "do", "sections", "loop", "taskloop", "task", "workshare", "distribute"})
_ONE_THREAD = re.compile(r"\bnum_threads\s*\(\s*1\s*\)|\bif\s*\(\s*(?:parallel\s*:\s*)?(?:0|false|\.false\.)\s*\)", re.IGNORECASE)
"""Clauses that make a parallel region serial."""
_WRITES = ("subscript_expression", "pointer_expression", "field_expression")


def check(model: str, language: str, code: str, symbols: Collection[str] | None) -> str:
    """Return ``pass``, or ``fail: why``.

    Args:
        model: the model that was asked for.
        language: ``c``, ``cpp`` or ``fortran``.
        code: the answer.
        symbols: undefined symbols of the object that was built from it; None when they are not known.
    """
    why = _by_syntax(model, language, code) or _by_symbols(model, symbols)
    return f"fail: {why}" if why else "pass"


def _by_syntax(model: str, language: str, code: str) -> str:
    if model == "serial":
        return ""
    if language == "fortran":
        return _fortran(model, code)
    root = parser("cuda" if model == "cuda" else language).parse(code.encode(errors="replace")).root_node
    if model == "openmp":
        return _openmp_c(root)
    if model == "mpi":
        return "" if any(name.lower().removeprefix("p") in MOVES_DATA for name in _called(root)) else "no MPI call that moves data"
    return _cuda(root)


def _by_symbols(model: str, symbols: Collection[str] | None) -> str:
    if symbols is None:
        return ""
    found = {
        "openmp": any(s.startswith(_OPENMP_SYMBOLS) for s in symbols),
        "mpi": any(re.sub(r"(_f08)?(ts)?_*$", "", s.lower()).removeprefix("p") in MOVES_DATA for s in symbols),
        "cuda": any(s.startswith(_CUDA_SYMBOLS) for s in symbols),
    }
    if model == "serial":
        other = [name for name, is_there in found.items() if is_there]
        return f"uses {other[0]} where serial code was asked" if other else ""
    return "" if found[model] else f"the compiled code never calls the {model} runtime for it"


# ---------------------------------------------------------------- C, C++ and CUDA


def _openmp_c(root: Node) -> str:
    idle = ""
    for pragma in _walk(root):
        if not _directive(pragma) & {"parallel", "teams"}:
            continue
        words, body = _stacked(pragma), _construct(pragma)
        if body is None:
            continue
        if _ONE_THREAD.search(_text(pragma)):
            idle = "the parallel construct is told to use one thread"
        elif words & _SHARES:
            if _works(body):
                return ""
            idle = "the parallel construct holds no work"
        elif any(_is_shared_work(inner) for part in _reached(root, body) for inner in _walk(part)) or (
            any(name == "omp_get_thread_num" for name in _called(body)) and _works(body)
        ):
            return ""
        else:
            idle = "the parallel region shares no work between its threads"
    if not idle and any(_text(n).startswith("_Pragma") and "parallel" in _text(n) for n in _walk(root) if n.type == "call_expression"):
        return ""
    return idle or "no OpenMP construct that shares work between threads"


def _directive(node: Node) -> set[str]:
    """The words of an OpenMP pragma before its clauses' arguments, else the empty set."""
    if node.type != "preproc_call":
        return set()
    text = _text(node).replace("\\\n", " ")
    match = re.match(r"#\s*pragma\s+omp\s+(.*)", text, re.DOTALL)
    if not match:
        return set()
    line = re.sub(r"/\*.*?\*/|//.*", " ", match[1])
    return set(re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", " ", line).split())


def _stacked(pragma: Node) -> set[str]:
    """The words of a pragma and of those that follow before its statement: ``parallel`` and ``for`` may stand on two lines."""
    words = _directive(pragma)
    node = pragma.next_named_sibling
    while node is not None and node.type in ("preproc_call", "comment"):
        words |= _directive(node)
        node = node.next_named_sibling
    return words


def _is_shared_work(pragma: Node) -> bool:
    return bool(_directive(pragma) & _SHARES) and (held := _construct(pragma)) is not None and _works(held)


def _reached(root: Node, body: Node) -> list[Node]:
    """A region and the answer's own functions that are called from it, which may hold its tasks."""
    functions = {}
    for node in _walk(root):
        if node.type == "function_definition" and (declarator := node.child_by_field_name("declarator")) is not None:
            functions[next((_text(n) for n in _walk(declarator) if n.type == "identifier"), "")] = node
    parts = [body]
    for part in parts:
        parts += [function for name in _called(part) if (function := functions.pop(name, None)) is not None]
    return parts


def _construct(pragma: Node) -> Node | None:
    """The statement that a pragma stands before."""
    node = pragma.next_named_sibling
    while node is not None and node.type in ("preproc_call", "comment"):
        node = node.next_named_sibling
    return node


def _works(body: Node) -> bool:
    """Whether a construct writes to memory, calls something or accumulates; a loop that only counts doesn't."""
    for node in _walk(body):
        if node.type in ("assignment_expression", "update_expression"):
            target = node.child_by_field_name("left") or node.child_by_field_name("argument")
            if target is not None and (target.type in _WRITES or (node.type == "assignment_expression" and _operator(node) != "=")):
                return not _is_loop_header(node)
        elif node.type == "call_expression":
            return True
    return False


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return _text(operator) if operator is not None else "="


def _is_loop_header(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "for_statement" and parent.child_by_field_name("body") != node


def _cuda(root: Node) -> str:
    kernels = set()
    for node in _walk(root):
        if node.type == "function_definition" and any(_text(child) == "__global__" for child in node.children):
            kernels.add(next((_text(n) for n in _walk(node) if n.type == "identifier"), ""))
    if not kernels:
        return "no __global__ kernel"
    launches = [node.parent for node in _walk(root) if node.type == "kernel_call_syntax"]
    launched = {_text(call.children[0]).split("<")[0] for call in launches if call is not None}
    if not launched & kernels and not any(name.startswith("cudaLaunch") for name in _called(root)):
        return "no kernel of it is launched"
    return ""


def _called(root: Node) -> Iterator[str]:
    """Names of the functions called below a node."""
    for node in _walk(root):
        if node.type == "call_expression" and (function := node.child_by_field_name("function")) is not None:
            yield _text(function).split("<")[0].strip()


def _walk(root: Node) -> Iterator[Node]:
    """All nodes below and at ``root``, comments and strings left out."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in ("comment", "string_literal", "raw_string_literal"):
            continue
        yield node
        stack.extend(reversed(node.children))


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


# ---------------------------------------------------------------- Fortran


def _fortran(model: str, code: str) -> str:
    lines = list(_fortran_lines(code))
    if model == "mpi":
        moves = any(m[1].lower() in MOVES_DATA for line in lines for m in re.finditer(r"\bcall\s+p?(mpi_\w+)", line, re.IGNORECASE))
        return "" if moves else "no MPI call that moves data"
    idle, inside = "", False
    # One thread may make the tasks in a subroutine that it calls.
    makes_tasks = any(re.match(r"!\$omp\s+task(loop)?\b", line, re.IGNORECASE) for line in lines)
    shares = _SHARES | {"single", "master", "masked"} if makes_tasks else _SHARES
    for number, line in enumerate(lines):
        match = re.match(r"!\$omp\s+(.*)", line, re.IGNORECASE)
        if not match:
            continue
        words = set(re.sub(r"\([^()]*\)", " ", match[1].lower()).split())
        if "end" in words:
            inside = inside and "parallel" not in words
            continue
        opens = bool(words & {"parallel", "teams"})
        if opens and _ONE_THREAD.search(match[1]):
            idle = "the parallel construct is told to use one thread"
            continue
        inside = inside or opens
        if inside and words & shares:
            if _fortran_works(lines[number + 1 :]):
                return ""
            idle = "the parallel construct holds no work"
        elif inside:
            idle = "the parallel region shares no work between its threads"
    return idle or "no OpenMP construct that shares work between threads"


def _fortran_lines(code: str) -> Iterator[str]:
    """Statements and OpenMP directives, one per line, without comments and strings, continuation lines joined."""
    text = re.sub(r"&[ \t]*\n\s*(?:!\$omp\s*)?&?", " ", code, flags=re.IGNORECASE)
    for line in text.split("\n"):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", line).strip()
        if re.match(r"!\$omp\b", bare, re.IGNORECASE):
            yield bare
        elif statement := bare.partition("!")[0].strip():
            yield statement


def _fortran_works(following: list[str]) -> bool:
    """Whether anything is assigned or called before the construct's end."""
    depth = 0
    for line in following:
        low = line.lower()
        if re.match(r"(?:\w+\s*:\s*)?do\b", low):
            depth += 1
        elif re.match(r"end\s*do\b", low):
            depth -= 1
            if depth <= 0:
                return False
        elif low.startswith("!$omp"):
            if "end" in low.split()[1:2]:
                return False
        elif re.match(r"call\s", low) or re.match(r"(?:if\s*\(.*\)\s*)?\w+\s*(?:\(.*\))?\s*=[^=]", low):
            return True
    return False
