"""An answer's code as an outline that is the same for C, C++, CUDA and Fortran: functions, loops, branches, assignments, calls, directives.

What decides whether work is shared is in it: what a loop's bounds and a branch's condition read, what is written where, and which
directive of OpenMP or OpenACC stands before what. Names stand for variables; scopes are not told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


def words(text: str) -> frozenset[str]:
    """The names in a text, blanks between them."""
    return frozenset(text.split())


DIRECTIVE_WORDS = words(
    "parallel for do simd sections section single master masked critical ordered atomic task taskloop taskgroup teams distribute target data"
    " loop workshare scope kernels serial metadirective host_data"
)
"""The words that name constructs; what else stands in a directive is a clause."""


class Kind(StrEnum):
    """What a step is."""

    FUNCTION = "function"
    LOOP = "loop"
    BRANCH = "branch"
    ASSIGN = "assign"
    CALL = "call"
    DIRECTIVE = "directive"
    USE = "use"
    """A value that is returned, or a jump: ``return``, ``continue``, ``break``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """What a call is given."""

    text: str
    base: str
    """The variable that it is, or points into; empty for other expressions."""
    reads: frozenset[str]
    by_address: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A parameter of a function of the answer."""

    name: str
    is_shared: bool
    """A pointer, reference or array: what is written to it is seen by the caller."""
    is_const: bool = False


@dataclass(kw_only=True, slots=True)
class Step:
    """One thing that the code does, with what lies below it."""

    kind: Kind
    name: str = ""
    """Of the function, of what is called, of the variable that is written, or the jump."""
    text: str = ""
    """The value that is assigned, the condition of a branch, the header of a loop."""
    target: str = ""
    """The place that is written, as text."""
    operator: str = "="
    reads: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset()
    """Names in the place that is written, beside the variable itself."""
    indexed: bool = False
    """Memory is written: an element, what a pointer points to, a member."""
    declares: bool = False
    aliases: frozenset[str] = frozenset()
    """The variables into which a declared pointer or reference points."""
    arguments: tuple[Argument, ...] = ()
    launch: tuple[str, ...] = ()
    """The configuration of a kernel's launch."""
    parameters: tuple[Parameter, ...] = ()
    qualifiers: frozenset[str] = frozenset()
    """Words before a function's name."""
    words: frozenset[str] = frozenset()
    """Of a directive: the constructs that it names."""
    clauses: tuple[tuple[str, str], ...] = ()
    """Of a directive: clause and argument."""
    bounds: tuple[str, str, str] | None = None
    """Of a counting loop: the first value, the condition or last value, the step."""
    header: list[Step] = field(default_factory=list)
    below: list[Step] = field(default_factory=list)
    otherwise: list[Step] = field(default_factory=list)

    def parts(self) -> Iterator[Step]:
        """The step and all below it, in order."""
        stack: list[Step] = [self]
        while stack:
            step = stack.pop()
            yield step
            stack.extend(reversed([*step.header, *step.below, *step.otherwise]))

    def clause(self, *names: str) -> list[str]:
        """The arguments of a directive's clauses of these names."""
        return [argument for name, argument in self.clauses if name in names]


@dataclass(kw_only=True)
class Program:
    """The outline of an answer."""

    language: str
    steps: list[Step]
    scalars: frozenset[str] = frozenset()
    """Variables that are single numbers wherever they are declared."""
    arrays: frozenset[str] = frozenset()
    """Fortran: variables declared with dimensions."""

    def parts(self) -> Iterator[Step]:
        """All steps."""
        return everything(self.steps)

    @cached_property
    def functions(self) -> dict[str, Step]:
        """The functions of the answer by name, lambdas with a name among them."""
        return {step.name: step for step in self.parts() if step.kind is Kind.FUNCTION}


def everything(steps: Iterable[Step]) -> Iterator[Step]:
    """These steps and all below them."""
    for step in steps:
        yield from step.parts()


def with_own_counter(loop: Step, number: int) -> list[Step]:
    """A loop whose counter has a name that no other loop's has: all are called ``i``, and don't depend on each other for that.

    Where the counter lives on after the loop, its old name stands for its last value.
    """
    first = next((s for s in loop.header if s.kind is Kind.ASSIGN and s.operator == "=" and not s.indexed), None)
    if first is None:
        return [loop]
    old, new = first.name, f"{first.name}@{number}"
    lives_on = not first.declares
    starts = first.reads
    for step in loop.parts():
        _rename(step, old, new)
    first.reads = starts
    after = Step(kind=Kind.ASSIGN, name=old, target=old, declares=True, reads=frozenset({new}))
    return [loop, after] if lives_on else [loop]


def _rename(step: Step, old: str, new: str) -> None:
    if step.kind is Kind.ASSIGN and step.name == old:
        step.name = new
    if old in step.reads:
        step.reads = step.reads - {old} | {new}
    if old in step.indices:
        step.indices = step.indices - {old} | {new}
    if any(old in a.reads for a in step.arguments):
        step.arguments = tuple(
            Argument(
                text=a.text,
                base=new if a.base == old else a.base,
                reads=a.reads - {old} | {new} if old in a.reads else a.reads,
                by_address=a.by_address,
            )
            for a in step.arguments
        )


def parse_directive(text: str) -> Step:
    """The step of ``parallel for reduction(+:s)`` and the like, without what it stands before."""
    named, clauses, at = set[str](), list[tuple[str, str]](), 0
    while at < len(text):
        if not (text[at].isalpha() or text[at] == "_"):
            at += 1
            continue
        end = at
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        name, at = text[at:end], end
        while at < len(text) and text[at] == " ":
            at += 1
        argument = ""
        if at < len(text) and text[at] == "(":
            end = _closing(text, at)
            argument, at = text[at + 1 : end], end + 1
        if name in DIRECTIVE_WORDS:
            named.add(name)
        clauses.append((name, argument.strip()))
    if "metadirective" in named:  # which of its variants holds is the compiler's to know
        inner = [parse_directive(argument.partition(":")[2]) for _, argument in clauses]
        named.update(*(step.words for step in inner))
    return Step(kind=Kind.DIRECTIVE, text=text, words=frozenset(named), clauses=tuple(clauses))


def _closing(text: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)
