"""A function of a file with what it needs from there, so that it can be built alone.

Functions that it calls, types, constants and macros of the same file come along, in their order, and so do headers of the C standard library. Of CUDA it is
a host function with the kernels that it launches, or a kernel alone.

What ``#if 0`` holds is not there. Not covered: the file's own headers; a function that needs them doesn't build alone, and its verification says so. Of other conditions all
branches are taken, which `Standalone.condition` tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data.scopes import MACROS, free_names
from hpcraft.data.target_text import not_parallel
from hpcraft.data.trees import (
    declared_name,
    defined,
    entries,
    function_name,
    functions,
    is_on_device,
    parse,
    prototype,
    text_of,
    top_level,
    walk,
    without_kernel_words,
)
from hpcraft.data.typedefs import Dialect
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature
from hpcraft.sandbox.outcome import Model

_STANDARD = re.compile(r"(?:assert|complex|ctype|errno|float|inttypes|limits|math|stdbool|stddef|stdint|stdio|stdlib|string|tgmath)\.h")
_HEADER = re.compile(r'[<"]([^>"]+)[>"]')
_NAMES = ("identifier", "type_identifier", "field_identifier")
_MOST_SHOWN = 12
_DEAD = "#if 0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standalone:
    """One function that stands alone."""

    name: str
    signature: str
    """Its C prototype."""
    code: str
    """The function and what it needs, in the order of the file."""
    taken: tuple[str, ...]
    """Names of what came along."""
    headers_left: tuple[str, ...]
    """Headers of the file that aren't the standard library's, which stayed behind."""
    model: Model = "serial"
    """What it is written in: ``serial``, ``openmp`` or ``cuda``."""
    condition: str = ""
    """The first line of a condition of the preprocessor under which it stands, or something that it needs; empty for none."""

    @property
    def is_kernel(self) -> bool:
        """Whether it is a CUDA kernel without a host function."""
        return self.model == "cuda" and all(is_on_device(f) for f in functions(parse(self.code, "cuda")))


def stand_alone(text: str, name: str = "", *, language: str = "c") -> Standalone:
    """The function ``name`` of the file ``text`` with what it needs; the file's only function where no name is given.

    In ``cuda`` that is its only host function, or where it has none its only kernel.

    Raises:
        InputError: there is no such function, several and none was named, or it is one that can't be called alone: its parameters are more than
            scalars and arrays of builtin types, or it uses a variable, global or static, that can change from call to call.
    """
    root = parse(text, language)
    conditions = _conditions(root)
    living = [f for f in (entries(root) if language == "cuda" and not name else functions(root)) if conditions.get(f.start_byte) != _DEAD]
    function = _chosen(living, name)
    name = function_name(function)
    dialect = Dialect()
    dialect.learn(text)
    signature = Signature.parse(_spelled(without_kernel_words(prototype(function)), dialect)).prototype()
    needed = closure(function, [part for part in top_level(root) if conditions.get(part.start_byte) != _DEAD])
    for node in needed:
        if node.type == "declaration" and (variable := global_variable(node)):
            raise InputError(f"{name}: it uses the global variable {variable}; make it a parameter, so that tests can set it")
    for node in (function, *needed):
        if variable := kept_variable(node):
            raise InputError(
                f"{name}: the variable {variable} keeps its value from call to call; make it a parameter, so that tests can set it"
            )
    headers = [found[1] for node in root.children if node.type == "preproc_include" and (found := _HEADER.search(text_of(node)))]
    kept = [f"#include <{header}>" for header in dict.fromkeys(headers) if _STANDARD.fullmatch(header)]
    parts = sorted([function, *needed], key=lambda node: node.start_byte)
    body = [_published(node, dialect, language) if node is function else text_of(node).strip() for node in parts]
    code = "\n".join([*kept, *([""] if kept else []), *body]) + "\n"
    return Standalone(
        name=name,
        signature=signature,
        code=code,
        model="cuda" if language == "cuda" else "openmp" if not not_parallel(code, "openmp", name) else "serial",
        taken=tuple(sorted(set[str]().union(*map(_defined, needed)))),
        headers_left=tuple(dict.fromkeys(h for h in headers if not _STANDARD.fullmatch(h))),
        condition=next((c for node in parts if (c := conditions.get(node.start_byte, ""))), ""),
    )


def _conditions(root: Node) -> dict[int, str]:
    """By where it begins, the first line of the innermost condition under which a part of a file stands; `_DEAD` where it is never compiled."""
    found: dict[int, str] = {}
    waiting = [(node, "") for node in root.children]
    while waiting:
        node, over = waiting.pop()
        if node.type in ("linkage_specification", "declaration_list"):
            waiting += [(child, over) for child in node.children]
        elif node.type in ("preproc_if", "preproc_ifdef", "preproc_elif", "preproc_elifdef", "preproc_else"):
            inside, otherwise = _branches(node, over)
            alternative = node.child_by_field_name("alternative")
            waiting += [(child, otherwise if child == alternative else inside) for child in node.children]
        elif over:
            found[node.start_byte] = over
    return found


def _branches(node: Node, over: str) -> tuple[str, str]:
    """Under which condition the parts of a conditional stand, and its alternative; ``over`` is the one around it."""
    if over == _DEAD or node.type == "preproc_else":
        return over, over
    value = text_of(node.child_by_field_name("condition")).strip()
    if value in ("0", "1"):
        return (_DEAD, over) if value == "0" else (over, _DEAD)
    name, alternative = text_of(node.child_by_field_name("name")), node.child_by_field_name("alternative")
    first = next((child for child in node.named_children if child.type.startswith("preproc_def")), None)
    if name and alternative is None and first is not None and text_of(first.child_by_field_name("name")) == name:
        return over, over  # an include guard
    line = text_of(node).splitlines()[0].strip()
    return line, line


def _chosen(found: Sequence[Node], name: str) -> Node:
    names = list(dict.fromkeys(function_name(f) for f in found))
    if not names:
        raise InputError("no function is defined here; give a file of C with one")
    if not name and len(names) > 1:
        more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
        raise InputError(f"several functions are defined here; name one behind a colon: {', '.join(names[:_MOST_SHOWN])}{more}")
    name = name or names[0]
    if name not in names:
        raise InputError(f"no function {name} is defined here; defined are: {', '.join(names[:_MOST_SHOWN])}")
    return next(f for f in found if function_name(f) == name)


def closure(function: Node, parts: Sequence[Node]) -> list[Node]:
    """The parts of a file that the function's words name, and those that theirs name."""
    by_name: dict[str, list[Node]] = {}
    for part in parts:
        for name in _defined(part):
            by_name.setdefault(name, []).append(part)
    needed: dict[int, Node] = {}
    waiting = [function]
    while waiting:
        node = waiting.pop()
        words, taken = _words(node), _taken(node)
        for word in words:
            for part in by_name.get(word, ()):
                meant = word in taken or part.type in MACROS  # what defines a macro knows no scopes
                if meant and part.start_byte != function.start_byte and part.start_byte not in needed:
                    needed[part.start_byte] = part
                    waiting.append(part)
    return list(needed.values())


def _defined(part: Node) -> set[str]:
    if part.type in MACROS:
        return {text_of(part.child_by_field_name("name"))}
    return defined(part)


def _taken(node: Node) -> set[str]:
    """The names in a part that mean what its file defines: not its own variables, nor members of structures."""
    if node.type in MACROS:
        return _words(node)
    return free_names(node) | {text_of(n) for n in walk(node) if n.type == "type_identifier"}


def _words(node: Node) -> set[str]:
    """The names in a part; those in the text of a macro, too, which the grammar doesn't take apart."""
    if node.type in MACROS:
        return set(re.findall(r"[A-Za-z_]\w*", text_of(node.child_by_field_name("value"))))
    return {text_of(n) for n in walk(node) if n.type in _NAMES}


def global_variable(declaration: Node) -> str:
    """The variable that a declaration at the top level makes, unless it is constant or the declaration of a function; empty for none."""
    if any(n.type == "type_qualifier" and text_of(n) == "const" for n in declaration.children):
        return ""
    for declarator in declaration.children_by_field_name("declarator"):
        if all(n.type != "function_declarator" for n in walk(declarator)):
            return declared_name(declarator)
    return ""


def kept_variable(function: Node) -> str:
    """A static variable inside a function that isn't constant; empty for none."""
    for node in walk(function):
        words = {text_of(n) for n in node.children} if node.type == "declaration" and node != function else set()
        if "static" not in words or words & {"constexpr", "__shared__"}:
            continue
        for declarator in node.children_by_field_name("declarator"):
            # Of a pointer to what is constant the pointer itself may change.
            fixed = "const" in words and all(n.type != "pointer_declarator" for n in walk(declarator))
            if not fixed and not re.search(r"\*\s*const\b", text_of(declarator)):
                return declared_name(declarator)
    return ""


def _published(function: Node, dialect: Dialect, language: str) -> str:
    """A function without what would hide it from the program that calls it, its head in builtin types."""
    body = function.child_by_field_name("body")
    text = text_of(function)
    head = text[: len(text) - len(text_of(body))] if body is not None else text
    linkage = 'extern "C" ' if language == "cuda" and not is_on_device(function) else ""
    head = re.sub(r"\b(?:static|inline|__inline__|__inline)\b\s*", "", head).replace('extern "C"', "")
    return linkage + _spelled(head, dialect) + text_of(body)


def _spelled(head: str, dialect: Dialect) -> str:
    def builtin(word: re.Match[str]) -> str:
        return (dialect.builtin(word[0]) if word[0] in dialect.types else "") or word[0]

    return re.sub(r"[A-Za-z_]\w*", builtin, head)
