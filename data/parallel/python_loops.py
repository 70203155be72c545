"""Python with numba: whether a loop over ``prange`` shares work between threads, and the work reaches what the function leaves.

Not covered: conditions on data; whether a result that is read is needed; array expressions that numba shares out by itself. How large the
part is that is shared, the judge measures.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hpcraft.data.python_code import PythonCode, root

_COMPILERS = ("numba.njit", "numba.jit")
_MOST_CALLERS = 20
"""How far a parameter is followed to those who call."""


def shared_loops(code: PythonCode, entry: str) -> str:
    """Why no threads share work in what the entry point does; empty when they do."""
    for node in code.nodes:
        if isinstance(node, ast.Call) and code.full_name(node.func) == "numba.set_num_threads" and _constant(node.args[:1]) in (0, 1):
            return "set_num_threads sets one thread"
    reached = _reached(code, entry)
    parallel = [function for function in reached if function.name in _parallel(code)]
    if not parallel:
        return "no function that is called is compiled by njit(parallel=True)"
    why = ""
    for function in parallel:
        for loop in _loops(code, function):
            why = _loop(code, function, loop, entry, reached)
            if not why:
                return ""
    return why or "no loop over prange in a function that is compiled by njit(parallel=True)"


def _reached(code: PythonCode, entry: str) -> list[ast.FunctionDef]:
    """The functions that are named in the entry point, or in one of these; all where no entry point is known."""
    if not entry:
        return list(code.functions.values())
    stands_for: dict[str, list[str]] = {}
    for node in code.nodes:
        if isinstance(node, ast.Assign):
            used = [inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name)]
            for target in node.targets:
                stands_for.setdefault(root(target), []).extend(used)
    waiting, seen, found = [entry], {entry}, list[ast.FunctionDef]()
    while waiting:
        name = waiting.pop()
        named = list(stands_for.get(name, ()))
        if function := code.functions.get(name):
            found.append(function)
            named += [inner.id for part in function.body for inner in ast.walk(part) if isinstance(inner, ast.Name)]
        for other in named:
            if other not in seen and (other in code.functions or other in stands_for):
                seen.add(other)
                waiting.append(other)
    return found


def _parallel(code: PythonCode) -> set[str]:
    """Names of the functions that numba compiles to use threads."""
    found = {name for name, function in code.functions.items() if any(_asks(code, decorator) for decorator in function.decorator_list)}
    for node in code.nodes:
        if isinstance(node, ast.Call) and _asks(code, node.func):  # f = njit(parallel=True)(g)
            found |= {root(argument) for argument in node.args[:1]}
    return found


def _asks(code: PythonCode, decorator: ast.AST) -> bool:
    if not isinstance(decorator, ast.Call) or code.full_name(decorator.func) not in _COMPILERS:
        return False
    values = [keyword.value for keyword in decorator.keywords if keyword.arg in ("parallel", None)]
    return any(not isinstance(value, ast.Constant) or value.value is True for value in values)


def _loops(code: PythonCode, function: ast.FunctionDef) -> Iterator[ast.For]:
    """The loops over prange that can be reached."""
    waiting: list[ast.AST] = list(reversed(function.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.If | ast.While) and isinstance(node.test, ast.Constant) and not node.test.value:
            waiting += reversed(node.orelse)
            continue
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and code.full_name(node.iter.func) == "numba.prange":
            yield node
        waiting += reversed(list(ast.iter_child_nodes(node)))


def _loop(code: PythonCode, function: ast.FunctionDef, loop: ast.For, entry: str, reached: list[ast.FunctionDef]) -> str:
    assert isinstance(loop.iter, ast.Call)
    limits = [_constant([argument]) for argument in loop.iter.args]
    if limits and None not in limits and len(range(*(limit for limit in limits[:2] if limit is not None))) <= 1:
        return "the loop over prange has one turn, or none"
    written = _written(code, loop)
    if not written:
        return "the loop over prange leaves nothing"
    if any(_matters(code, name, function, loop, entry, reached, _MOST_CALLERS) for name in written):
        return ""
    return f"nothing depends on what the loop over prange leaves in {', '.join(sorted(written))[:60]}"


def _constant(nodes: list[ast.expr]) -> int | None:
    node = nodes[0] if nodes else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None


def _written(code: PythonCode, loop: ast.For) -> set[str]:
    """Arrays whose elements are set, sums that are added to, and what is handed to functions of the answer's own."""
    found: set[str] = set()
    for node in (inner for part in loop.body for inner in ast.walk(part)):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            found.add(root(node))
        elif isinstance(node, ast.AugAssign):
            found.add(root(node.target))
        elif isinstance(node, ast.Call) and root(node.func) in code.functions:
            found |= {root(argument) for argument in node.args}
        elif isinstance(node, ast.Assign):  # total = total + ..., largest = max(largest, ...)
            names = {inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name)}
            found |= {target.id for target in node.targets if isinstance(target, ast.Name) and target.id in names}
    return found - {""}


def _matters(
    code: PythonCode, name: str, function: ast.FunctionDef, loop: ast.For | None, entry: str, reached: list[ast.FunctionDef], left: int
) -> bool:
    """Whether what a function leaves in a variable is read beside the loop, or is left to who called."""
    parameters = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if name in parameters:
        if function.name == entry or not entry or left == 0:
            return True
        at = parameters.index(name)
        calls = [(other, node) for other in reached for node in ast.walk(other) if isinstance(node, ast.Call)]
        given = [(other, root(call.args[at])) for other, call in calls if root(call.func) == function.name and at < len(call.args)]
        # A function by another name, or with arguments by name, may be called by anyone.
        return not given or any(_matters(code, argument, other, None, entry, reached, left - 1) for other, argument in given)
    inside = {id(node) for node in ast.walk(loop)} if loop else set[int]()
    stores = {id(node.value) for node in ast.walk(function) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)}
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) and id(node) not in inside | stores
        for node in ast.walk(function)
    )
