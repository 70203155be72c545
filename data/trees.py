"""Syntax trees of C, C++ and CUDA: parsing, walking, and what pairs need to know of a piece of code.

Text goes in and out as `str`; offsets within a tree are bytes, hence the encoded text beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from hpcraft.data.syntax import parser

_KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return "
    "short signed sizeof static struct switch typedef union unsigned void volatile while bool"
)
KEYWORDS = frozenset(_KEYWORDS.split())
_LEXEME = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\.?\d(?:[eE][+-]|[\w.])*|<<<|>>>|[-+*/%<>=!&|^]=|&&|\|\||\+\+|--|<<|>>|->|\S",
    re.DOTALL,
)
_PARALLEL = re.compile(
    r"<<<|>>>|_Pragma|threadIdx|blockIdx|blockDim|gridDim|warpSize|__(?:global|device|host|shared|constant|syncthreads)(?:__)?"
    r"|(?:omp|pthread|mtx|thrd)_\w+|(?:cuda|hip|curand|cublas)[A-Z]\w*|MPI_\w+|atomic[A-Z]\w*"
)
"""Names that sequential C doesn't use."""


def parse(text: str, language: str = "c") -> Node:
    """The root of the tree of ``text`` in ``c``, ``cpp`` or ``cuda``."""
    return parser(language).parse(text.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything below it, in the order of the text."""
    stack = [node]
    while stack:
        at = stack.pop()
        yield at
        stack.extend(reversed(at.children))


def text_of(node: Node | None) -> str:
    """The text of a node; empty for none."""
    return node.text.decode() if node is not None and node.text is not None else ""


def top_level(root: Node) -> Iterator[Node]:
    """What stands at the top level, that inside ``extern "C"`` and ``#if`` too."""
    for node in root.children:
        if node.type in ("linkage_specification", "declaration_list", "preproc_ifdef", "preproc_if", "preproc_else"):
            yield from top_level(node)
        else:
            yield node


def functions(root: Node) -> Iterator[Node]:
    """Function definitions at the top level."""
    return (node for node in top_level(root) if node.type == "function_definition")


def declared_name(declarator: Node | None) -> str:
    """The name inside a declarator, however many stars, brackets and parentheses surround it."""
    while declarator is not None and declarator.type != "identifier":
        below = declarator.child_by_field_name("declarator")
        if below is None:
            below = next((c for c in declarator.named_children if c.type.endswith("declarator") or c.type == "identifier"), None)
        declarator = below
    return text_of(declarator)


def function_name(node: Node) -> str:
    """The name of a function definition."""
    return declared_name(node.child_by_field_name("declarator"))


def has_specifier(function: Node, specifier: str) -> bool:
    """Whether a function's head says ``specifier``, such as ``__global__``."""
    body = function.child_by_field_name("body")
    end = body.start_byte if body is not None else function.end_byte
    return any(n.type == specifier for n in walk(function) if n.start_byte < end)


def is_on_device(function: Node) -> bool:
    """Whether a function is a kernel or one that kernels call."""
    return has_specifier(function, "__global__") or has_specifier(function, "__device__")


def entries(root: Node) -> list[Node]:
    """The functions of CUDA code that others call: its host functions but for ``main``, or where there is none its kernels."""
    found = list(functions(root))
    hosts = [f for f in found if not is_on_device(f) and function_name(f) != "main"]
    return hosts or [f for f in found if has_specifier(f, "__global__")]


def without_kernel_words(head: str) -> str:
    """The head of a kernel without what makes it one."""
    return re.sub(r"\b__global__\s*|__launch_bounds__\s*\([^()]*\)\s*", "", head)


def is_launch(node: Node) -> bool:
    """Whether a node is the launch of a kernel, ``k<<<grid, block>>>(..)``."""
    return node.type == "call_expression" and any(c.type == "kernel_call_syntax" for c in node.children)


def parameters(function: Node) -> list[Node]:
    """The declarations of a function's parameters."""
    declarator = next((n for n in walk(function) if n.type == "function_declarator"), None)
    inside = declarator.child_by_field_name("parameters") if declarator is not None else None
    return [n for n in inside.named_children if n.type == "parameter_declaration"] if inside is not None else []


def parameter_names(function: Node) -> list[str]:
    """The names of a function's parameters, empty for one without a name."""
    return [declared_name(p.child_by_field_name("declarator")) for p in parameters(function)]


def prototype(node: Node) -> str:
    """The head of a function definition as one line, without specifiers that don't change the type."""
    return re.sub(r"\b(?:__restrict__|__restrict|restrict)\b\s*", "", head_line(node))


def head_line(node: Node) -> str:
    """The head of a function definition as one line, without what says where its name is known."""
    body = node.child_by_field_name("body")
    head = (node.text or b"")[: body.start_byte - node.start_byte].decode() if body else text_of(node)
    return re.sub(r"\b(?:static|inline|extern)\b\s*", "", " ".join(head.split()))


def assigned(node: Node) -> set[str]:
    """Names that a piece of code assigns to; elements of an array don't count."""
    found = set()
    for inner in walk(node):
        field_name = {"assignment_expression": "left", "update_expression": "argument"}.get(inner.type)
        target = inner.child_by_field_name(field_name) if field_name else None
        while target is not None and target.type == "parenthesized_expression":
            target = target.named_children[0]
        if target is not None and target.type == "identifier":
            found.add(text_of(target))
    return found


def tops(root: Node) -> set[str]:
    """Every name that is defined at the top level: functions, variables, types and tags."""
    return set[str]().union(*map(defined, top_level(root)))


def defined(node: Node) -> set[str]:
    """The names that one function, declaration or type at the top level defines."""
    names: set[str] = set()
    if node.type == "function_definition":
        names.add(function_name(node))
    elif node.type in ("declaration", "type_definition"):
        names |= {declared_name(c) or text_of(c) for c in node.children_by_field_name("declarator")}
    if node.type in ("declaration", "type_definition", "struct_specifier", "union_specifier", "enum_specifier"):
        tags = [n for n in walk(node) if n.type in ("struct_specifier", "union_specifier", "enum_specifier", "enumerator")]
        names |= {text_of(n.child_by_field_name("name")) for n in tags}
    return {n for n in names if n.isidentifier()}


def lexemes(text: str) -> list[str]:
    """The words and signs of a piece of C without comments."""
    return [w for w in _LEXEME.findall(text) if not w.startswith(("//", "/*"))]


def normalised(text: str) -> str:
    """What is left of C when layout, names, numbers, braces, qualifiers and the width of types are taken away.

    Two functions with one normalised text are the same function after renaming; they never stand in different splits.
    """
    names: dict[str, str] = {}
    words: list[str] = []
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for word in lexemes(code):
        if word in ("{", "}", "const", "static", "inline", "restrict"):
            continue
        if word in ("float", "double"):
            words.append("real")
        elif word in ("int", "long", "short", "unsigned", "size_t"):
            if words[-1:] != ["whole"]:
                words.append("whole")
        elif word in KEYWORDS or not (word[0].isalnum() or word[0] in "_."):
            words.append(word)
        elif word[0].isdigit() or word[0] == ".":
            words.append("0")
        else:
            words.append(names.setdefault(word, f"v{len(names)}"))
    return " ".join(words)


def parallel_word(code: str) -> str:
    """The first word of ``code`` that sequential C has no use for, empty for none; comments and strings don't count.

    Directives of OpenMP and OpenACC, launches and built-in variables of CUDA, and what the libraries of parallel models are called.
    """
    words = lexemes(code)
    for before, word in pairwise(["", *words]):
        if before == "pragma" and word in ("omp", "acc"):
            return f"#pragma {word}"
        if _PARALLEL.fullmatch(word):
            return word
    return ""
