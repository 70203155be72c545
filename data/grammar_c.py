"""Writes a loop-nest tree as C, with OpenMP directives when asked to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hpcraft.data.grammar_code import Atomic, For, If, Kernel, Let, Line, Node, Parallel, Range, While, declared, walk
from hpcraft.data.grammar_words import Style

_CANONICAL = ("up", "inclusive", "down")


class CWriter:
    """Writes nodes as C, with OpenMP directives when asked to."""

    def __init__(self, style: Style, *, openmp: bool = False, declare: str = "") -> None:
        self.style = style
        self.openmp = openmp
        self.declare = declare or style.declare
        self.lines: list[str] = []

    def function(self, kernel: Kernel) -> str:
        """The whole function, its helpers in front."""
        self.lines = []
        self.open(kernel.prototype(self.style), 0, function=True)
        self.declarations(kernel.body, 1)
        self.nodes(kernel.body, 1)
        self.put("}", 0)
        return "".join(h.text("static inline") for h in kernel.helpers) + "\n".join(self.lines) + "\n"

    def put(self, text: str, depth: int) -> None:
        """One line of output."""
        self.lines.append(self.style.indent * depth + (_tight(text) if self.style.compact else text))

    def open(self, head: str, depth: int, *, function: bool = False) -> None:
        """A head and its opening brace."""
        if self.style.allman or (function and self.style.braces != "all"):
            self.put(head, depth)
            self.put("{", depth)
        else:
            self.put(head + " {", depth)

    def declarations(self, nodes: Iterable[Node], depth: int) -> None:
        """What is declared at the top: nothing, loop variables, or all variables; one line for each type or for each variable."""
        by_type: dict[str, list[str]] = {}
        for name, ctype in self.early(nodes).items():
            by_type.setdefault(ctype, []).append(name)
        for ctype, names in by_type.items():
            if self.style.one_by_one:
                for name in names:
                    self.put(f"{ctype} {name};", depth)
            else:
                self.put(f"{ctype} {', '.join(names)};", depth)

    def early(self, nodes: Iterable[Node]) -> dict[str, str]:
        """Variables that are declared at the top, with their types."""
        nodes = list(nodes)
        if self.declare == "inline":
            return {}
        every = declared(nodes, self.style.index_type)
        if self.declare == "all":
            return {name: ctype for name, ctype in every.items() if "*" not in ctype and not ctype.startswith("const ")}
        lets = {node.name for node in walk(nodes) if isinstance(node, Let)}
        return {name: ctype for name, ctype in every.items() if name not in lets}

    def nodes(self, nodes: Iterable[Node], depth: int) -> None:
        """Nodes one after the other."""
        nodes = list(nodes)
        while nodes:
            run = self._run(nodes) if self.style.merge and self.declare != "all" else 1
            if run > 1:
                lets = [n for n in nodes[:run] if isinstance(n, Let)]
                self.put(f"{lets[0].ctype} {', '.join(f'{n.name} = {n.value}' if n.value else n.name for n in lets)};", depth)
            else:
                self.node(nodes[0], depth)
            del nodes[:run]

    def _run(self, nodes: list[Node]) -> int:
        """How many declarations of one type stand at the front."""
        count = 0
        while count < min(len(nodes), 4):
            node = nodes[count]
            if not isinstance(node, Let) or "*" in node.ctype or node.ctype != getattr(nodes[0], "ctype", ""):
                break
            count += 1
        return max(count, 1)

    def node(self, node: Node, depth: int) -> None:
        """One node."""
        match node:
            case Line(text):
                self.put(text, depth)
            case Let():
                self._let(node, depth)
            case Atomic(place, op, value):
                if self.openmp:
                    self.put("#pragma omp atomic write" if op == "=" else "#pragma omp atomic", depth)
                self.put(f"{place}++;" if (op, value) == ("+=", "++") else f"{place} {op} {value};", depth)
            case If(condition, body, orelse):
                self._if(condition, body, orelse, depth)
            case While(condition, body, last):
                if last:
                    self.open("do", depth)
                    self.nodes(body, depth + 1)
                    self.put(f"}} while ({condition});", depth)
                else:
                    self.block(f"while ({condition})", body, depth)
            case For(head, body):
                self.loop(head, body, depth)
            case Parallel():
                self._parallel(node, depth)

    def _let(self, node: Let, depth: int) -> None:
        at_top = self.declare == "all" and "*" not in node.ctype and not node.ctype.startswith("const ")
        if at_top and node.value:
            self.put(f"{node.name} = {node.value};", depth)
        elif not at_top:
            space = "" if node.ctype.endswith("*") else " "
            self.put(f"{node.ctype}{space}{node.name}{f' = {node.value}' if node.value else ''};", depth)

    def _if(self, condition: str, body: tuple[Node, ...], orelse: tuple[Node, ...], depth: int) -> None:
        self.block(f"if ({condition})", body, depth)
        if len(orelse) == 1 and isinstance(orelse[0], If):
            inner = orelse[0]
            self.block(f"else if ({inner.condition})", inner.body, depth)
            orelse = inner.orelse
        if orelse:
            self.block("else", orelse, depth)

    def _parallel(self, node: Parallel, depth: int) -> None:
        first, *inner = node.heads
        depth_of = len(node.heads) if self.style.collapse and all(h.form in _CANONICAL and not h.also for h in inner) else 1
        form = first.form
        if self.openmp:
            self.put(f"#pragma omp parallel for{self._clauses(node, collapse=depth_of)}", 0)
            form = form if form in _CANONICAL else "up"
        body: tuple[Node, ...] = node.body
        for head in reversed(inner):
            body = (For(head, body),)
        self.loop(first if form == first.form else Range(var=first.var, low=first.low, high=first.high, step=first.step), body, depth)

    def _clauses(self, node: Parallel, *, collapse: int) -> str:
        text = f" collapse({collapse})" if collapse > 1 else ""
        if node.reduce:
            text += f" reduction({node.reduce.op}:{node.reduce.name})"
        early = self.early((node,))
        private = [n for n in early if n not in {h.var for h in node.heads[:collapse]}]
        text += f" private({', '.join(private)})" if private else ""
        return text + self.style.schedule

    def loop(self, head: Range, body: tuple[Node, ...], depth: int) -> None:
        """A counted loop in its form."""
        var = head.var
        kind = f"{self.style.index_type} " if self.declare == "inline" else ""
        plus = f"{var} += {head.step}" if head.step != "1" else re.sub(r"\bi\b", var, self.style.increment)
        plus += f", {head.also}" if head.also else ""
        if head.form == "down":
            minus = f"{var} -= {head.step}" if head.step != "1" else f"{var}--"
            self.block(f"for ({kind}{var} = {head.high} - 1; {var} >= {head.low}; {minus})", body, depth)
        elif head.form == "while":
            self.put(f"{kind}{var} = {head.low};", depth)
            steps = [Line(f"{p};") for p in plus.split(", ")]
            self.block(f"while ({var} < {head.high})", (*body, *steps), depth)
        elif head.form == "open":
            self.put(f"{kind}{var} = {head.low};", depth)
            self.block(f"for (; {var} < {head.high}; {plus})", body, depth)
        elif head.form == "shifted":
            self.block(f"for ({kind}{var} = {head.low}; {var} + 1 < {head.high.removesuffix(' - 1')}; {plus})", body, depth)
        else:
            relation, high = ("<=", f"{head.high} - 1") if head.form == "inclusive" else ("<", head.high)
            high = re.sub(r" \+ 1 - 1$", "", high)
            self.block(f"for ({kind}{var} = {head.low}; {var} {relation} {high}; {plus})", body, depth)

    def block(self, head: str, body: tuple[Node, ...], depth: int) -> None:
        """A head and what it governs, in braces where the style has them."""
        bare = len(body) == 1 and self.style.braces != "all" and self._stands_bare(body[0], loop=head.startswith(("for", "while")))
        if bare:
            self.put(head, depth)
            self.nodes(body, depth + 1)
        else:
            self.open(head, depth)
            self.nodes(body, depth + 1)
            self.put("}", depth)

    def _stands_bare(self, node: Node, *, loop: bool) -> bool:
        if isinstance(node, Line):
            return True
        if isinstance(node, Atomic):
            return not self.openmp
        one_text = isinstance(node, If) or (isinstance(node, For) and node.head.form not in ("while", "open"))
        return self.style.braces == "few" and loop and one_text


def _tight(text: str) -> str:
    if text.lstrip().startswith("#"):
        return text
    return re.sub(r"(?<=[\w\])]) (\*|/|%|<|<=|=|\+=|-=|\+) (?=[\w(])", r"\1", text)
