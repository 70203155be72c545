"""What an answer in Python may not contain, whatever the task: tricks on the harness, on numba or numpy, and library calls that do the work.

It looks at the syntax tree: imports, names, attributes, and what is given another meaning. Each refusal names what it found.
Not covered: what is reached by names that are made of data; the sandbox stands behind this, and no expected value is in the process.
"""

from __future__ import annotations

import ast
import re
import symtable
import warnings
from collections.abc import Callable, Iterable

from hpcraft.data.parallel.outline import words
from hpcraft.data.python_code import PythonCode, root
from hpcraft.errors import InputError

_MODULES = words(
    "__future__ collections cmath dataclasses functools itertools math numba numba.core.types numba.typed numba.types numpy numpy.random"
    " numpy.typing operator random time typing warnings"
)
_IDLE = words("argparse os sys timeit")
"""Programs that test themselves import these; they may stand there, unused."""
_MAKES_CODE = "makes code at run time"
_FILES = "opens or moves files"
_STACK = "looks at the stack of who calls it"
_MEMORY = "reaches memory that isn't its own"
_BEHIND = "reaches what lies behind objects"
_LIBRARY = "leaves the work to a library"
_NAMES: dict[str, str] = {
    **dict.fromkeys(("exec", "eval", "compile", "__import__"), _MAKES_CODE),
    **dict.fromkeys(("open", "input"), _FILES),
    **dict.fromkeys(("globals", "locals", "vars", "getattr", "setattr", "delattr", "breakpoint"), _BEHIND),
}
_ATTRIBUTES: dict[str, str] = {
    **dict.fromkeys(("tofile", "dump", "memmap", "fromfile"), _FILES),
    **dict.fromkeys(("base", "ctypes", "ctypeslib", "as_strided", "carray", "farray", "setflags"), _MEMORY),
    **dict.fromkeys(("attrgetter", "methodcaller"), _BEHIND),
    "dot": _LIBRARY,
}
_FRAME = re.compile(r"(?:f|tb|gi|cr|ag)_(?:back|globals|locals|builtins|code|frame|next|running|lasti)")
_DUNDER = re.compile(r"__\w+__")
_PLAIN_DUNDERS = words("__name__ __init__ __doc__ __all__ __author__ __version__")
_PLACES: tuple[tuple[str, str], ...] = (
    (r"numba\.(?:extending|misc|np|cpython|pycc|testing|parfors|cfunc|carray|farray|_\w*|core\b(?!\.types\b))", "reaches into numba"),
    (r"numba\.cuda", "uses another model"),
    (r"numpy\.(?:dot|matmul|vecdot|matvec|vecmat|inner|vdot|tensordot|einsum|einsum_path|linalg)", _LIBRARY),
    (r"numpy\.(?:load\w*|save\w*|fromfile|memmap|genfromtxt|fromregex)", _FILES),
    (r"numpy\.(?:lib|core|_core|ctypeslib|f2py|testing|distutils|frombuffer|fromstring|_\w*)", "reaches into numpy"),
    (r"warnings\._\w*|collections\._\w*|random\._\w*|typing\._\w*|(?:os|sys|argparse|timeit)\.\w+", "uses what a kernel doesn't need"),
)
_OWN_MEANING = words("njit jit prange numba")
_SETTABLE = words("numba.config.THREADING_LAYER")


def check(code: str) -> str:
    """What is wrong with an answer; empty when nothing is, or when it can't be read at all."""
    try:
        parsed = PythonCode.parse(code)
    except InputError:
        return ""  # such an answer isn't built
    found: Iterable[Callable[[PythonCode], str]] = (_imports, _meanings, _stores, _reached)
    return next((why for look in found if (why := look(parsed))), "")


def _imports(code: PythonCode) -> str:
    for node in code.nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            return "imports by a relative name"
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
            if node.module in _IDLE:
                return f"uses what a kernel doesn't need (from {node.module} import)"
        for module in modules:
            if module not in _MODULES | _IDLE and not _place(module):
                return f"imports {module[:60]}, which a kernel doesn't need"
    for _, meaning in code.bindings:
        if reason := _place(meaning) or _ATTRIBUTES.get(meaning.rpartition(".")[2], ""):
            return f"{reason} ({meaning})"
    return ""


def _meanings(code: PythonCode) -> str:
    """Names of numba that stand for something else: who reads the code would be deceived."""
    twice = [name for name in code.twice if name in _OWN_MEANING]
    for node in code.nodes:
        given = ""
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            given = node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            given = node.name
        elif isinstance(node, ast.arg):
            given = node.arg
        if given in _OWN_MEANING or (given and code.names.get(given, "").startswith("numba.")):
            twice.append(given)
    return f"gives {twice[0]} another meaning" if twice else ""


def _stores(code: PythonCode) -> str:
    for node in code.nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load) and root(node) in code.names:
            name = code.full_name(node if isinstance(node, ast.Attribute) else node.value) or code.names[root(node)]
            if name not in _SETTABLE:
                return f"changes another module ({name})"
    return ""


def _reached(code: PythonCode) -> str:
    """Names and attributes with a reason against them."""
    own = _variables(code)
    for node in code.nodes:
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
            return f"{_LIBRARY} (the operator @)"
        word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        reason = ("" if word in own else _NAMES.get(word, "")) if isinstance(node, ast.Name) else _ATTRIBUTES.get(word, "")
        if not reason and _DUNDER.fullmatch(word) and word not in _PLAIN_DUNDERS:
            reason = _BEHIND
        if not reason and isinstance(node, ast.Attribute) and _FRAME.fullmatch(word):
            reason = _STACK
        full = code.full_name(node) if isinstance(node, ast.Attribute) else ""
        if reason := _place(full) or reason:
            return f"{reason} ({full or word})"
    return ""


def _variables(code: PythonCode) -> set[str]:
    """Names of Python's own that are variables of functions wherever they stand: outside of functions one may still be Python's before it is given a value."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tables = [symtable.symtable(code.text, "answer", "exec")]
    except (SyntaxError, ValueError, RecursionError):  # no compiler takes it
        return set()
    own, others = set[str](), set[str]()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            is_variable = table.get_type() == "function" and (symbol.is_local() or symbol.is_free())
            (own if is_variable else others).add(symbol.get_name())
    return own - others


def _place(name: str) -> str:
    return next((reason for pattern, reason in _PLACES if name and re.match(rf"(?:{pattern})(?!\w)", name)), "")
