"""What a set of C or C++ headers declares, by kind, as clang's syntax tree and the preprocessor tell it.

A compiler is asked, not a pattern: fields, enumerators and member functions are where they are whatever macros stand around them.
Names with a leading underscore are left out but for functions of C, as the standards reserve them (`vocabulary.RESERVED`); so are
parameters, local variables and template parameters, and everything in a namespace for internal use.

Not covered: names that only exist in a function-like macro's expansion.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hpcraft.errors import MachineError

_LINE = re.compile(r"([|`\- ]*)(?:(\w+) 0x[0-9a-f]+ ?)?(.*)")
_LOCATION = re.compile(r"(?:parent 0x\w+ |prev 0x\w+ )*")
_ADDRESS = re.compile(r"0x[0-9a-f]+|\S+:\d+(?::\d+)?")
_MACRO = re.compile(r"#define (_?[A-Za-z]\w*)(\(?)")
_NAME = re.compile(r"~?[A-Za-z_]\w*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TRAILING = _words("""
definition explicit_specialization implicit_instantiation explicit_instantiation_definition explicit_instantiation_declaration
inline nested
""")
"""What clang prints behind the name of a class or namespace."""
_NAMELESS = _words("struct class union implicit referenced")
"""What stands last where there is no name."""
_RECORDS = {
    "RecordDecl",
    "CXXRecordDecl",
    "ClassTemplateSpecializationDecl",
    "ClassTemplatePartialSpecializationDecl",
}
_FUNCTIONS = {"FunctionDecl", "FunctionTemplateDecl", "CXXMethodDecl", "UsingShadowDecl"}
_TYPES = {
    "TypedefDecl",
    "TypeAliasDecl",
    "TypeAliasTemplateDecl",
    "ClassTemplateDecl",
    "ConceptDecl",
    "NamespaceDecl",
    "NamespaceAliasDecl",
}
_VALUES = {"VarDecl", "VarTemplateDecl", "EnumConstantDecl", "FieldDecl"}
_TRANSPARENT = {"LinkageSpecDecl", "ExportDecl", "FriendDecl", "FunctionTemplateDecl", "ClassTemplateDecl", "VarTemplateDecl"}
_INTERNAL = re.compile(r"_*(?:detail|debug|gnu_debug|internal|impl|gnu_parallel|system|cuda_cub)\w*|__gnu_internal")


@dataclass
class Declarations:
    """The public names of some headers."""

    functions: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    """Types, class templates, namespaces, concepts, and the types within classes."""
    values: set[str] = field(default_factory=set)
    """Variables, enumerators and macros."""
    members: set[str] = field(default_factory=set)
    """Fields, member functions, constants of classes and of scoped enumerations."""
    methods: set[str] = field(default_factory=set)
    """Those of the members that are no fields."""

    def without(self, other: Declarations) -> Declarations:
        """What another set hasn't got, kind by kind; a member function stays where the other only has a field of its name."""
        members = (self.members - other.members) | (self.methods - other.methods)
        return Declarations(
            self.functions - other.functions, self.types - other.types, self.values - other.values, members, self.methods - other.methods
        )


def declared(headers: Iterable[str], compiler: Sequence[str], *, language: str) -> Declarations:
    """The public names that a text with some headers can use.

    Args:
        headers: names as in ``#include <..>``; one that isn't installed is an error of clang's.
        compiler: clang and its options.
        language: ``c``, ``c++`` or ``cuda``.

    Raises:
        MachineError: clang isn't there or refuses the headers.
    """
    text = "".join(f"#include <{header}>\n" for header in headers)
    command = [*compiler, "-x", language]
    found = Declarations()
    for scope, kind, name in _declarations(
        _output([*command, "-fsyntax-only", "-Xclang", "-ast-dump", "-fno-color-diagnostics", "-"], text)
    ):
        _add(found, scope, kind, name)
    add_macros(found, text, command)
    return found


def add_macros(found: Declarations, text: str, command: Sequence[str]) -> None:
    """Add the macros that hold at the end of a text, by a compiler that reads it from its standard input."""
    for line in _output([*command, "-E", "-dM", "-"], text):
        macro = _MACRO.match(line)
        if macro and not re.match("_[A-Z]", macro[1]):
            (found.functions if macro[2] else found.values).add(macro[1])


def _output(command: Sequence[str], text: str) -> Iterator[str]:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace", check=False)
    except FileNotFoundError:
        raise MachineError(f"{command[0]}: not found; install the Debian packages that collect.py names") from None
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[:200])
        raise MachineError(f"{command[0]}: {first}; install the Debian packages that collect.py names")
    return iter(done.stdout.splitlines())


def _add(found: Declarations, scope: str, kind: str, name: str) -> None:
    if kind in _TYPES or kind in _RECORDS or kind == "EnumDecl":
        found.types.add(name)
    elif scope in ("record", "scoped"):
        found.members.add(name)
        found.methods.update([] if kind == "FieldDecl" else [name])
    elif kind in _FUNCTIONS:
        found.functions.add(name)
    else:
        found.values.add(name)


def _declarations(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Each public declaration outside functions: the scope around it (``file``, ``record``, ``scoped``), its node and its name."""
    scopes: list[str] = []
    for line in lines:
        found = _LINE.match(line)
        if not found:
            continue
        depth, kind, rest = len(found[1]) // 2, found[2] or "", found[3]
        around = scopes[depth - 1] if 0 < depth <= len(scopes) else "local"
        del scopes[depth:]
        scopes.extend(["local"] * (depth - len(scopes)))
        name = _name(kind, rest) if kind.endswith("Decl") else ""
        scopes.append(_inside(around, kind, name, rest))
        public = name and around != "local" and not name.startswith(("~", "operator")) and (name[0] != "_" or _is_called_for(line, name))
        if (
            public
            and not (kind == "NamespaceDecl" and _INTERNAL.fullmatch(name))
            and (kind in _FUNCTIONS or kind in _TYPES or kind in _VALUES or kind in _RECORDS or kind == "EnumDecl")
        ):
            yield around, kind, name


def _is_called_for(line: str, name: str) -> bool:
    """Whether a name with an underscore is a function or variable that programs use all the same, as ``_exit`` and the intrinsics are."""
    return ("-FunctionDecl" in line or "-VarDecl" in line) and line.startswith(("|-", "`-")) and name[1:2].islower()


def _inside(around: str, kind: str, name: str, rest: str) -> str:
    """What scope a node makes for the nodes below it."""
    if kind == "TranslationUnitDecl":
        return "file"
    if around == "local":
        return "local"
    if kind == "NamespaceDecl":
        return "local" if _INTERNAL.fullmatch(name) else "file"
    if kind in _TRANSPARENT:
        return "file" if kind == "FriendDecl" else around
    if kind in _RECORDS:
        return "record"
    if kind == "EnumDecl":
        return "scoped" if re.search(r"\b(?:class|struct)\b", rest.partition("'")[0]) else around
    return "local"


def _name(kind: str, rest: str) -> str:
    """The name in what clang prints behind a node: the last word before the type, which is quoted, or before remarks."""
    rest = _without_location(_LOCATION.sub("", rest, count=1))
    if kind == "UsingShadowDecl":
        shadow = re.search(r"(?:Function(?:Template)?|CXXMethod) 0x\w+ '(\w+)'", rest)
        return shadow[1] if shadow else ""
    head = rest.partition(" '")[0]
    if "operator" in head:
        return "operator"
    words = [word for word in _NAME.findall(_ADDRESS.sub(" ", head)) if word not in _TRAILING]
    return words[-1] if words and words[-1] not in _NAMELESS else ""


def _without_location(rest: str) -> str:
    """The text behind the source range, which stands in angle brackets that nest."""
    if not rest.startswith("<"):
        return rest
    depth = 0
    for place, letter in enumerate(rest):
        depth += {"<": 1, ">": -1}.get(letter, 0)
        if not depth:
            return rest[place + 1 :]
    return ""
