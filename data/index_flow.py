"""Statements of C, one after another, for the indices of arrays: which values names have where, loops included.

A loop is run twice on symbols. The first time shows by how much each name grows in an iteration; then names that grow by the same amount
are their start and that amount for each iteration, whose number the loop's head bounds. So counters and pointers that move on are
followed as loop variables are.

Not covered: goto, recursion, what a function that is called does to its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tree_sitter import Node

from hpcraft.data.index_state import NOWHERE, Pointer, State, Value
from hpcraft.data.index_values import Values
from hpcraft.data.polynomials import Polynomial, Symbol, sign
from hpcraft.data.trees import assigned, declared_name, text_of, walk
from hpcraft.errors import InputError

_LEAVES = ("break_statement", "return_statement", "goto_statement")
_MOST_STEPS = 3_000
_LOOPS = ("for_statement", "while_statement", "do_statement")


class _Growth(NamedTuple):
    """By how much a name grows in each iteration, at least and at most; None where that isn't known."""

    least: Polynomial | None
    most: Polynomial | None

    @property
    def even(self) -> bool:
        """Whether it is always the same."""
        return self.most is not None and self.most == self.least


@dataclass(slots=True)
class Flow(Values):
    """Runs the statements of one function on symbols."""

    continued: list[list[State]] = field(default_factory=list)
    """For each loop around: what holds where its iteration is ended early."""
    steps: int = 0
    """Statements that were run; each loop around one doubles them."""

    def run(self, node: Node) -> bool:
        """Run a statement; whether what stands behind it is reached.

        Raises:
            OverflowError: too many were run.
            InputError: it is a goto.
        """
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise OverflowError(f"{self.steps} statements")
        kinds = {
            "compound_statement": self._block,
            "declaration": self._declaration,
            "if_statement": self._if,
            "switch_statement": self._switch,
            "return_statement": self._leave,
            "break_statement": self._leave,
            "continue_statement": self._leave,
        }
        if node.type in kinds:
            return kinds[node.type](node)
        if node.type in _LOOPS:
            return self._loop(node)
        if node.type == "goto_statement":
            raise InputError("a goto isn't followed")
        if node.type in ("labeled_statement", "preproc_ifdef", "preproc_if"):
            return self._block(node)
        if not node.type.startswith("preproc") and node.type != "comment":
            for child in node.named_children:
                self.value(child)
        return True

    def _block(self, node: Node) -> bool:
        return all(self.run(child) for child in node.named_children)

    def _leave(self, node: Node) -> bool:
        for child in node.named_children:
            self.value(child)
        if node.type == "continue_statement" and self.continued:
            self.continued[-1].append(self.state)
        return False

    def _declaration(self, node: Node) -> bool:
        for declarator in node.children_by_field_name("declarator"):
            name, value = declared_name(declarator), declarator.child_by_field_name("value")
            kinds = {n.type for n in walk(declarator) if value is None or n.end_byte <= value.start_byte}
            if value is not None and "array_declarator" not in kinds:
                self.values[name] = self.value(value)
            else:
                self.values[name] = NOWHERE if kinds & {"array_declarator", "pointer_declarator"} else self.unknown(name)
        return True

    def _if(self, node: Node) -> bool:
        before, condition = self.state, node.child_by_field_name("condition")
        other = node.child_by_field_name("alternative")
        self.assume(condition, truth=True)
        ends = [self.state] if self._maybe(node.child_by_field_name("consequence")) else []
        ends = [self.state] if ends else []
        self.go(before)
        self.assume(condition, truth=False)
        reached = self._block(other) if other is not None else True
        ends += [self.state] if reached else []
        if ends:
            self.joined(ends)
        return bool(ends)

    def _maybe(self, node: Node | None) -> bool:
        return node is None or self.run(node)

    def _switch(self, node: Node) -> bool:
        self.value(node.child_by_field_name("condition"))
        body = node.child_by_field_name("body")
        before = self.state
        for case in body.named_children if body is not None else []:
            self.go(before)
            for child in case.named_children:
                if child.type.endswith("statement") and not self.run(child):
                    break
        self.go(before)
        self._forget(assigned(node))
        return True

    def _forget(self, names: set[str]) -> None:
        for name in names & self.values.keys():
            value = self.values[name]
            self.values[name] = value.at(None) if isinstance(value, Pointer) else self.unknown(name)

    # ---------------------------------------------------------------- loops

    def _loop(self, node: Node) -> bool:
        first = node.child_by_field_name("initializer")
        if first is not None:
            self.run(first) if first.type == "declaration" else self.value(first)
        start = {name: self.values[name] for name in sorted(assigned(node) & self.values.keys())}
        counter = self.names.new(f"the loop {text_of(node.child_by_field_name('condition')) or 'without an end'}")
        self.names.ranges = self.names.ranges.with_low(counter, Polynomial())
        self.iterations.add(counter)
        growth = self._growth(node, start, counter)
        before = self.guards
        number = Polynomial.symbol(counter)
        self.values |= {name: self._at(name, value, growth[name], number) for name, value in start.items()}
        self._iteration(node, counter)
        times = self._times(node, counter)
        self.guards = before
        self.values |= {name: self._behind(name, value, growth[name], times) for name, value in start.items()}
        return True

    def _iteration(self, node: Node, counter: Symbol) -> None:
        """Condition, body and step of a loop; afterwards values are those at the iteration's end."""
        self.assume(node.child_by_field_name("condition"), truth=True)
        # What the head says of the loop's own counter holds wherever that counter stands.
        self.names.ranges += self.guards.about(counter)
        self.continued.append([])
        reached = self._maybe(node.child_by_field_name("body"))
        ends = [*([self.state] if reached else []), *self.continued.pop()]
        if ends:
            guards = self.guards if reached and len(ends) == 1 else None
            self.joined(ends)
            self.guards = guards or self.guards
        if (update := node.child_by_field_name("update")) is not None:
            self.value(update)

    def _growth(self, node: Node, start: Mapping[str, Value], counter: Symbol) -> dict[str, _Growth]:
        """By how much names grow in an iteration, from one that begins with unknown values."""
        before, recording, loads, ranges = self.state, self.recording, dict(self.loads), self.names.ranges
        self.recording = False
        fresh = {name: self.unknown(name) for name in start}
        self.values |= {name: v.at(fresh[name]) if isinstance(v, Pointer) else fresh[name] for name, v in start.items()}
        self._iteration(node, counter)
        found = {}
        for name, value in start.items():
            after, difference = self.values.get(name), None
            if isinstance(after, Pointer) and isinstance(value, Pointer) and after[::2] == value[::2] and after.offset is not None:
                difference = after.offset - fresh[name]
            elif isinstance(after, Polynomial) and isinstance(value, Polynomial):
                difference = after - fresh[name]
            ends = [end(difference, counter.number) if difference is not None else None for end in (self.ranges.least, self.ranges.most)]
            found[name] = _Growth(*(e if e is not None and counter not in e.symbols else None for e in ends))
        self.go(before)
        self.recording, self.loads, self.names.ranges = recording, loads, ranges
        return found

    def _at(self, name: str, start: Value, growth: _Growth, number: Polynomial) -> Value:
        """The value of a name where ``number`` iterations are done."""
        if isinstance(start, Pointer):
            offset = None if start.offset is None else self._at(name, start.offset, growth, number)
            return start.at(offset if isinstance(offset, Polynomial) else None)
        ends = [[] if each is None else [start + each * number] for each in growth]
        return ends[0][0] if growth.even else self.names.between(name, *ends)

    def _behind(self, name: str, start: Value, growth: _Growth, times: Polynomial | None) -> Value:
        """The value of a name behind the loop."""
        if times is not None and growth.even:
            return self._at(name, start, growth, times)
        if isinstance(start, Pointer):
            return start.at(None)
        lows = [start] if growth.least is not None and sign(growth.least) in (0, 1) else []
        highs = [start] if growth.most is not None and sign(growth.most) in (0, -1) else []
        return self.names.between(name, lows, highs)

    def _times(self, node: Node, counter: Symbol) -> Polynomial | None:
        """How often the body runs, where the head alone says so."""
        condition = node.child_by_field_name("condition")
        if condition is None or any(n.type in _LEAVES or (n.type in ("&&", "||") and _within(n, condition)) for n in walk(node)):
            return None
        changes = {n.type for n in walk(condition)} & {"update_expression", "assignment_expression"}
        ends = list(dict.fromkeys(bound for symbol, bound in self.names.ranges.highs if symbol == counter))
        return ends[0].plus(1) if len(ends) == 1 and not changes else None


def _within(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte
