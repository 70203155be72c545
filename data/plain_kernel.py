"""A CUDA kernel cut out of its file with what it needs, as plain code: templates given types, types builtin, comments gone.

Macros and functions that only name an index of the thread are written out, since what they hide decides what the kernel does. Type parameters of
templates become what the file launches the kernel with, else ``float``; other parameters what a launch or their default says.

Not covered: parameters that are structs, references or vectors of CUDA, templates of templates, members of classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data.functions import with_template
from hpcraft.data.macros import Macros
from hpcraft.data.outline import declarations, resolved
from hpcraft.data.standalone import closure
from hpcraft.data.thread_index import BUILTIN
from hpcraft.data.trees import function_name, has_specifier, parse, prototype, text_of, walk
from hpcraft.data.typedefs import Dialect
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature

_BLOCKS = (
    "linkage_specification",
    "declaration_list",
    "namespace_definition",
    "preproc_ifdef",
    "preproc_if",
    "preproc_else",
    "preproc_elif",
)
_INDEX_FUNCTION = re.compile(r"__device__[\w \t]*?\b(\w+)\s*\(\s*(?:void)?\s*\)\s*\{\s*return\b([^;{}]*);\s*\}")
_PARAMETER = re.compile(r"(?:(?:typename|class)\s+(?P<type>\w+)|(?:const\s+)?\w[\w ]*?\s(?P<value>\w+))\s*(?:=\s*(?P<default>[^,<>]+))?")
_HEAD_WORDS = re.compile(r"\b(?:__global__|__launch_bounds__\s*\([^()]*\)|static|inline|extern)\b\s*|\"C\"\s*")


class IndexMacros(Macros):
    """Macros and functions of a package that name an index of the thread."""

    def take(self, text: str) -> None:
        """Take in those of one file."""
        if "threadIdx" not in text and "blockIdx" not in text:
            return
        self.learn(text, BUILTIN)
        for name, body in _INDEX_FUNCTION.findall(text):
            if BUILTIN.search(body):
                self.add(name, (), f"({body.strip()})")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainKernel:
    """A kernel that stands alone."""

    name: str
    signature: Signature
    """Its parameters, and no result."""
    code: str
    """The kernel alone."""
    helpers: tuple[str, ...]
    """What it needs of its file, in the order there: functions of the device, macros, constants."""


def plain_kernel(root: Node, name: str, dialect: Dialect, macros: IndexMacros, launches: Sequence[str] = ()) -> PlainKernel:
    """The kernel ``name`` of a file.

    Args:
        root: of the file, read by the grammar of CUDA.
        name: without the spaces of names around it.
        dialect: the package's names of types and constants.
        macros: those of the package.
        launches: statements that launch it.

    Raises:
        InputError: it isn't there, or it needs what isn't covered; the words before the colon are a key to count it under.
    """
    parts = list(_parts(root))
    kernel = next((p for p in parts if p.type == "function_definition" and function_name(p) == name), None)
    if kernel is None:
        raise InputError(f"not-found: there is no kernel {name} at the top level")
    types = _instance(kernel, _launched_with(name, launches))
    code = _plain(kernel, types, dialect, macros)
    again = next((n for n in walk(parse(code, "cuda")) if n.type == "function_definition"), None)
    if again is None or again.has_error:
        raise InputError("unreadable: its text makes no sense alone")
    # What macros of indices stood for is gone, so that it isn't taken along.
    needed = [n for n in closure(again, parts) if function_name(n) != name and _is_needed(n)]
    helpers = []
    for part in sorted(needed, key=lambda n: n.start_byte):
        plain = part.type == "function_definition"
        helpers.append(_plain(part, {**_instance(part, ()), **types}, dialect, macros) if plain else text_of(part).strip())
    head = _HEAD_WORDS.sub("", prototype(again))
    try:
        signature = Signature.parse(head)
    except InputError as error:
        raise InputError(f"signature: {error}") from error
    return PlainKernel(name=name, signature=signature, code=code, helpers=tuple(helpers))


def _parts(root: Node) -> Iterator[Node]:
    """What stands at the top level, within namespaces and conditions too; of templates what they are of."""
    for node in root.children:
        if node.type in _BLOCKS:
            yield from _parts(node)
        elif node.type == "template_declaration":
            yield from (n for n in node.named_children if n.type == "function_definition")
        else:
            yield node


def _is_needed(part: Node) -> bool:
    if part.type == "function_definition":
        return has_specifier(part, "__device__")
    if part.type == "declaration":
        return any(n.type == "type_qualifier" and text_of(n) in ("const", "constexpr") for n in part.children)
    return part.type in ("preproc_def", "preproc_function_def", "type_definition", "enum_specifier", "struct_specifier")


def _instance(function: Node, launched: Sequence[str]) -> dict[str, str]:
    """Template parameters of a function to what they are."""
    heads = [text_of(n.child_by_field_name("parameters")) for n in _templates(function)]
    if not heads:
        return {}
    found: dict[str, str] = {}
    for number, text in enumerate(heads[0].strip("<>").split(",")):
        parameter = _PARAMETER.fullmatch(text.strip())
        given = launched[number] if number < len(launched) else ""
        if parameter is None or len(heads) > 1:
            raise InputError(f"template: {text.strip()} is no plain parameter")
        if parameter["type"]:
            found[parameter["type"]] = given if given in ("float", "double", "int") else "float"
        elif value := given if re.fullmatch(r"\d+|true|false", given) else (parameter["default"] or "").strip():
            found[parameter["value"]] = value
        else:
            raise InputError(f"template: nothing says what {parameter['value']} is")
    return found


def _templates(function: Node) -> Iterator[Node]:
    node = with_template(function)
    while node.type == "template_declaration":
        yield node
        inner = next((n for n in node.named_children if n.type in ("template_declaration", "function_definition")), None)
        if inner is None:
            return
        node = inner


def _launched_with(name: str, launches: Sequence[str]) -> list[str]:
    for launch in launches:
        if found := re.search(rf"\b{re.escape(name)}\s*<([^<>]*)>\s*(?:<<<|\))", launch):
            return [word.strip() for word in found[1].split(",")]
    return []


def _plain(function: Node, types: Mapping[str, str], dialect: Dialect, macros: IndexMacros) -> str:
    """A function without comments, its names of types and indices resolved."""
    text = macros.written_out(text_of(function))
    text = re.sub(r"[A-Za-z_]\w*", lambda w: types.get(w[0], w[0]), text)
    plain = resolved(" " * function.start_point.column + text, dialect, declarations(function))
    if not plain:
        raise InputError("conditional: it has conditions of the preprocessor")
    return plain
