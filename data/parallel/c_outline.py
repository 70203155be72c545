"""The outline of C, C++ and CUDA, by their grammars.

Not covered: constructors that do work, and what templates are instantiated with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hpcraft.data.parallel import c_text
from hpcraft.data.parallel.outline import Argument, Kind, Parameter, Program, Step, parse_directive, with_own_counter
from hpcraft.data.syntax import parser, text_of, walk_without

_LITERALS = ("comment", "string_literal", "raw_string_literal", "char_literal", "system_lib_string")
_NAMES = ("identifier", "type_identifier", "namespace_identifier")
_LOOPS = ("for_statement", "while_statement", "do_statement", "for_range_loop")
_JUMPS = {"continue_statement": "continue", "break_statement": "break", "return_statement": "return"}
_POINTERS = ("pointer_declarator", "reference_declarator", "array_declarator", "abstract_pointer_declarator")
_SCALAR = re.compile(
    r"^(?:(?:static|const|constexpr|register|volatile|unsigned|signed|long|short|int|double|float|char|bool|auto|std::)\s*)*"
    r"(?:int|double|float|char|bool|long|short|unsigned|size_t|ptrdiff_t|u?int\d+_t|ssize_t)?$"
)


def outline(language: str, code: str) -> Program:
    """The outline of an answer in ``c``, ``cpp`` or ``cuda``."""
    marked, directives = c_text.mark(c_text.strip(code))
    root = parser(language).parse(marked.encode(errors="replace")).root_node
    reader = _Reader(directives)
    steps = reader.visit(root)
    return Program(language=language, steps=steps, scalars=frozenset(reader.scalars - reader.others))


class _Reader:
    """Walks the tree and keeps what declarations say."""

    def __init__(self, directives: list[str]) -> None:
        self._directives = directives
        self._loops = 0
        self.scalars: set[str] = set()
        self.others: set[str] = set()

    def visit(self, node: Node | None) -> list[Step]:
        """The steps at and below a node."""
        if node is None or node.type in _LITERALS or node.type in ("preproc_include", "attribute_declaration"):
            return []
        if (visit := getattr(self, f"_{node.type}", None)) is not None:
            return list(visit(node))
        if node.type in _LOOPS:
            return self._numbered(self._loop(node), is_for=node.type in ("for_statement", "for_range_loop"))
        if node.type in _JUMPS:
            return [*self._children(node), Step(kind=Kind.USE, name=_JUMPS[node.type], reads=names(node))]
        return self._children(node)

    def _children(self, node: Node) -> list[Step]:
        return [step for child in node.children for step in self.visit(child)]

    # ------------------------------------------------------------ declarations

    def _function_definition(self, node: Node) -> Iterator[Step]:
        declarator = node.child_by_field_name("declarator")
        function = _find(declarator, ("function_declarator",))
        named = function.child_by_field_name("declarator") if function else declarator
        name = text_of(named).split("<")[0].rpartition("::")[2].strip()
        step = self._function(name, function, node.child_by_field_name("body"))
        step.qualifiers = frozenset(re.findall(r"\w+", text_of(node).partition("{")[0].partition("(")[0])) | _first_words(node)
        step.header = [s for child in node.children if child.type == "field_initializer_list" for s in self.visit(child)]
        yield step

    def _function(self, name: str, declarator: Node | None, body: Node | None) -> Step:
        found = declarator.child_by_field_name("parameters") if declarator else None
        parameters = tuple(self._parameter(child) for child in (found.named_children if found else ()) if "declaration" in child.type)
        return Step(kind=Kind.FUNCTION, name=name, parameters=parameters, below=self.visit(body))

    def _parameter(self, node: Node) -> Parameter:
        declarator = node.child_by_field_name("declarator")
        name, kind = text_of(_find(declarator, ("identifier",))), text_of(node.child_by_field_name("type"))
        is_shared = declarator is not None and declarator.type in _POINTERS
        plain = not is_shared and _SCALAR.match(kind) is not None
        (self.scalars if plain else self.others).add(name)
        before = text_of(node).partition("*")[0].partition("&")[0]
        return Parameter(name=name, is_shared=not plain, is_const=bool(re.search(r"\bconst\b", before)))

    def _parameter_declaration(self, node: Node) -> Iterator[Step]:
        """Of a lambda, or of a prototype."""
        self._parameter(node)
        yield from ()

    def _field_initializer(self, node: Node) -> Iterator[Step]:
        name = text_of(node.named_children[0]) if node.named_children else ""
        yield Step(kind=Kind.ASSIGN, name=name, target=name, declares=True, reads=names(node) - {name}, text=text_of(node))

    def _declaration(self, node: Node) -> Iterator[Step]:
        kind = node.child_by_field_name("type")
        for declarator in node.children_by_field_name("declarator"):
            for step in self._declared(declarator, text_of(kind)):
                if step.kind is Kind.ASSIGN and step.declares:
                    step.reads |= names(kind)  # a class's constructor is reached by its name
                yield step

    def _declared(self, declarator: Node, kind: str) -> Iterator[Step]:
        value = declarator.child_by_field_name("value")
        place = declarator.child_by_field_name("declarator") if declarator.type == "init_declarator" else declarator
        if place is None:
            return
        found = [text_of(n) for n in _walk(place) if n.type == "identifier"]
        if not found:
            return
        if value is not None and value.type == "lambda_expression":
            yield self._function(found[0], _find(value.child_by_field_name("declarator"), ("parameter_list",), up=True), _body(value))
        pointer = place.type in _POINTERS
        plain = not pointer and place.type == "identifier" and _SCALAR.match(kind) is not None and kind != "auto"
        (self.scalars if plain else self.others).update(found if place.type == "structured_binding_declarator" else found[:1])
        # `View v(y, n)` reads like the declaration of a function whose parameters have the types y and n.
        reads = names(value) | (names(place) - {found[0]} if place.type in ("function_declarator", "array_declarator") else frozenset())
        step = Step(kind=Kind.ASSIGN, name=found[0], target=found[0], declares=True, reads=reads, text=_inside(value))
        if not plain:
            step.aliases = _aliases(value) or frozenset(names_in_order(place)[1:2] if place.type == "function_declarator" else ())
        yield step
        if place.type == "structured_binding_declarator":
            yield from (Step(kind=Kind.ASSIGN, name=n, target=n, declares=True, reads=reads, text=_inside(value)) for n in found[1:])
        yield from self.visit(value) if value is not None and value.type != "lambda_expression" else []

    def _enumerator(self, node: Node) -> Iterator[Step]:
        name, value = text_of(node.child_by_field_name("name")), node.child_by_field_name("value")
        yield Step(kind=Kind.ASSIGN, name=name, target=name, declares=True, reads=names(value), text=text_of(value))

    def _preproc_def(self, node: Node) -> Iterator[Step]:
        """A constant, in text that no preprocessor has seen."""
        name, value = text_of(node.child_by_field_name("name")), text_of(node.child_by_field_name("value")).strip()
        yield Step(kind=Kind.ASSIGN, name=name, target=name, declares=True, text=value, reads=frozenset(re.findall(r"[A-Za-z_]\w*", value)))

    def _preproc_function_def(self, _node: Node) -> Iterator[Step]:
        yield from ()

    # ------------------------------------------------------------ statements

    def _attributed_statement(self, node: Node) -> Iterator[Step]:
        numbers = [c_text.directive_number(text_of(n)) for child in node.children[:-1] for n in _walk(child) if n.type == "identifier"]
        below = self.visit(node.children[-1])
        for number in reversed([n for n in numbers if n is not None and n < len(self._directives)]):
            step = parse_directive(self._directives[number])
            step.below = below
            below = [step]
        yield from below

    def _numbered(self, loop: Step, *, is_for: bool) -> list[Step]:
        self._loops += 1
        found = with_own_counter(loop, self._loops) if is_for else [loop]
        self.scalars.update(s.name for s in loop.header if s.kind is Kind.ASSIGN and "@" in s.name)
        return found

    def _loop(self, node: Node) -> Step:
        condition = node.child_by_field_name("condition")
        parts = [node.child_by_field_name(n) for n in ("initializer", "condition", "update", "right")]
        header = [step for part in parts for step in self.visit(part)]
        step = Step(kind=Kind.LOOP, text=" ".join(text_of(p) for p in parts), header=header, below=self.visit(_body(node)))
        step.reads = frozenset[str]().union(*(names(p) for p in parts))
        if node.type == "for_range_loop":
            declarator = node.child_by_field_name("declarator")
            name = text_of(_find(declarator, ("identifier",)))
            self.others.add(name)
            of = node.child_by_field_name("right")
            step.header = [
                Step(kind=Kind.ASSIGN, name=name, target=name, declares=True, reads=names(of), aliases=_named(base(of))),
                *header,
            ]
        if node.type == "for_statement" and condition is not None:
            first = next((s.text for s in header if s.kind is Kind.ASSIGN), "")
            step.bounds = (first, text_of(condition), text_of(node.child_by_field_name("update")))
        return step

    def _if_statement(self, node: Node) -> Iterator[Step]:
        condition = node.child_by_field_name("condition")
        yield Step(
            kind=Kind.BRANCH,
            text=_inside(condition),
            reads=names(condition),
            header=self.visit(condition),
            below=self.visit(node.child_by_field_name("consequence")),
            otherwise=self.visit(node.child_by_field_name("alternative")),
        )

    def _switch_statement(self, node: Node) -> Iterator[Step]:
        condition = node.child_by_field_name("condition")
        yield Step(kind=Kind.BRANCH, text=f"switch {text_of(condition)}", reads=names(condition), below=self.visit(_body(node)))

    # ------------------------------------------------------------ expressions

    def _assignment_expression(self, node: Node) -> Iterator[Step]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = text_of(node.child_by_field_name("operator")) or "="
        yield from self._written(node, left, operator, text_of(right), names(right))
        yield from self.visit(left)
        if right is not None and right.type == "lambda_expression":
            yield self._function(base(left), _find(right.child_by_field_name("declarator"), ("parameter_list",), up=True), _body(right))
        else:
            yield from self.visit(right)

    def _update_expression(self, node: Node) -> Iterator[Step]:
        place = node.child_by_field_name("argument")
        yield from self._written(node, place, "+=", "1", frozenset())
        yield from self.visit(place)

    def _written(self, _node: Node, place: Node | None, operator: str, value: str, reads: frozenset[str]) -> Iterator[Step]:
        name = base(place)
        yield Step(
            kind=Kind.ASSIGN,
            name=name,
            text=value,
            target=text_of(place),
            operator=operator,
            reads=reads | (frozenset({name}) if operator != "=" else frozenset()),
            indices=names(place) - {name},
            indexed=place is not None and place.type != "identifier",
        )

    def _call_expression(self, node: Node) -> Iterator[Step]:
        function, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        launch = next((child for child in node.children if child.type == "kernel_call_syntax"), None)
        arguments = [_argument(child) for child in (given.named_children if given else ())]
        name, owner = _callee(function)
        if owner:
            arguments.append(Argument(text=owner, base=owner, reads=frozenset({owner}), by_address=True))
        yield Step(
            kind=Kind.CALL,
            name=name,
            text=text_of(function),
            reads=names(node),
            arguments=tuple(arguments),
            launch=tuple(text_of(child) for child in launch.named_children) if launch else (),
            header=[*self.visit(function)],
            below=[step for child in (given.named_children if given else ()) for step in self.visit(child)],
        )


# ---------------------------------------------------------------- nodes


def names(node: Node | None) -> frozenset[str]:
    """The names below a node, members apart that are not of ``this``."""
    return frozenset(names_in_order(node))


def names_in_order(node: Node | None) -> list[str]:
    """The same in the order of the text."""
    return [text_of(n) for n in _walk(node) if n.type in _NAMES or (n.type == "field_identifier" and _counts(n))]


def _counts(member: Node) -> bool:
    """Whether a member's name says something alone: it is one of ``this``, or a method that is called."""
    owner = member.parent
    if owner is None or owner.parent is None:
        return False
    return text_of(owner).startswith("this->") or (
        owner.parent.type == "call_expression" and owner.parent.child_by_field_name("function") == owner
    )


def base(node: Node | None) -> str:
    """The variable that a place lies in, or that a pointer points into."""
    while node is not None:
        if node.type in ("identifier", "type_identifier"):
            return text_of(node)
        if node.type == "field_expression" and text_of(node).startswith("this->") and node.named_child_count == 2:
            return text_of(node.child_by_field_name("field"))
        step = next((found for n in ("argument", "left", "function", "value") if (found := node.child_by_field_name(n)) is not None), None)
        node = step or next(iter(node.named_children), None)
    return ""


def _argument(node: Node) -> Argument:
    text = text_of(node)
    by_address = text.startswith("&") and node.type == "pointer_expression"
    points = node.type in (
        "identifier",
        "pointer_expression",
        "binary_expression",
        "cast_expression",
        "subscript_expression",
        "field_expression",
    )
    # The begin of a container stands for it, as `x.data()` does.
    method = node.type == "call_expression" and (f := node.child_by_field_name("function")) is not None and f.type == "field_expression"
    return Argument(text=text, base=base(node) if points or method else "", reads=names(node), by_address=by_address)


def _callee(function: Node | None) -> tuple[str, str]:
    """The last part of a function's name, and the object that it is called on."""
    if function is None:
        return "", ""
    if function.type == "field_expression":
        return text_of(function.child_by_field_name("field")).split("<")[0], base(function.child_by_field_name("argument"))
    return text_of(function).split("<")[0].rpartition("::")[2].strip(), ""


def _aliases(value: Node | None) -> frozenset[str]:
    """The variables into which a declared pointer may point."""
    if value is None or value.type in ("lambda_expression", "number_literal"):
        return frozenset()
    if value.type in ("argument_list", "initializer_list"):
        return _named(next((base(child) for child in value.named_children if child.type == "identifier"), ""))
    if value.type in ("conditional_expression", "parenthesized_expression", "cast_expression"):
        parts = [value.child_by_field_name(n) for n in ("consequence", "alternative", "value")]
        inside = value.named_children[:1] if value.type == "parenthesized_expression" else [p for p in parts if p is not None]
        return frozenset[str]().union(*(_aliases(part) for part in inside))
    if value.type == "call_expression" and _callee(value.child_by_field_name("function"))[1] == "":
        return frozenset()
    return _named(base(value))


def _named(name: str) -> frozenset[str]:
    return frozenset({name} if name else ())


def _inside(node: Node | None) -> str:
    """The text of a node without the parentheses around it."""
    text = text_of(node).strip()
    if node is not None and node.type in ("parenthesized_expression", "condition_clause", "argument_list", "initializer_list"):
        return text[1:-1].strip()
    return text


def _body(node: Node) -> Node | None:
    return node.child_by_field_name("body")


def _first_words(node: Node) -> frozenset[str]:
    return frozenset(text_of(child) for child in node.children if not child.is_named)


def _find(node: Node | None, types: tuple[str, ...], *, up: bool = False) -> Node | None:
    found = next((n for n in _walk(node) if n.type in types), None)
    return found.parent if up and found is not None else found


def _walk(root: Node | None) -> Iterator[Node]:
    return walk_without(root, _LITERALS)
