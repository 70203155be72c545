"""An answer in Python as a syntax tree, and what its names stand for.

Nothing of it is executed. A name stands for what an import gives it, wherever in the code that import is: names that two imports give
different meanings are told (`PythonCode.twice`). Not covered: names that are made of data.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature

MOST_CHARACTERS = 100_000
"""Longer answers are not read: no kernel is, and a tree takes a few hundred times the memory of its text."""
_OF_STAR = {"numba": ("njit", "jit", "prange", "set_num_threads"), "numpy": ("dot", "matmul", "einsum", "linalg")}
"""What ``from ... import *`` brings, as far as it matters here."""


@dataclass(frozen=True)
class PythonCode:
    """An answer that could be parsed."""

    tree: ast.Module
    text: str

    @classmethod
    def parse(cls, code: str) -> PythonCode:
        """Read an answer; `InputError` with the reason when it is no Python, or too long or too deep to be read."""
        if len(code) > MOST_CHARACTERS:
            raise InputError(f"the answer has {len(code):,} characters, at most {MOST_CHARACTERS:,} are read")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as of a backslash in a string that isn't raw
                return cls(ast.parse(code), code)
        except SyntaxError as error:
            raise InputError(f"line {error.lineno}: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError):
            raise InputError("the code is nested too deeply to be read, or is no text") from None

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def bindings(self) -> tuple[tuple[str, str], ...]:
        """Every name that an import gives a meaning, and that meaning in full, such as ``numba.prange``."""
        return tuple(pair for node in self.nodes for pair in _bound(node))

    @cached_property
    def names(self) -> dict[str, str]:
        """The same by name."""
        return dict(self.bindings)

    @cached_property
    def twice(self) -> tuple[str, ...]:
        """Names with more than one meaning by imports."""
        return tuple(name for name, meaning in self.bindings if meaning != self.names[name])

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """All that are defined, by name; of two the later one."""
        return {node.name: node for node in self.nodes if isinstance(node, ast.FunctionDef)}

    def full_name(self, node: ast.AST) -> str:
        """What a name with attributes stands for, such as ``numpy.linalg.solve``; empty where it doesn't begin with an import."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.names:
            return ""
        return ".".join([self.names[node.id], *reversed(parts)])


def _bound(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            yield name, alias.name if alias.asname else name
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            for name in _OF_STAR.get(node.module or "", ()) if alias.name == "*" else (alias.name,):
                yield (alias.asname or name), f"{node.module}.{name}"


def root(node: ast.AST) -> str:
    """The name that an element or attribute of something is reached by; empty for other expressions."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def unbuildable(code: str, signature: Signature) -> str:
    """Why an answer can't be called at all, as a compiler and a linker would say it; empty when it can."""
    try:
        parsed = PythonCode.parse(code)
    except InputError as error:
        return str(error)
    defined = [node for node in parsed.tree.body if isinstance(node, ast.FunctionDef) and node.name == signature.name]
    assigned = any(isinstance(node, ast.Assign) and signature.name in map(root, node.targets) for node in parsed.tree.body)
    if not defined:
        return "" if assigned else f"defines no function {signature.name}"
    given, wanted = defined[-1].args, len(signature.parameters)
    most = len(given.posonlyargs) + len(given.args)
    if given.vararg is None and not most - len(given.defaults) <= wanted <= most:
        return f"{signature.name} has {most} parameters, it is called with {wanted}"
    return ""
