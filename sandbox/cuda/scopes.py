"""Where functions and declarations begin and end, and on which side they run.

Not a parser: it knows brackets, statements and the words that CUDA adds, which is what the translator needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from hpcraft.sandbox.cuda.stream import Stream

DEVICE = ("__global__", "__device__")
VARIABLES = ("__device__", "__constant__", "__managed__")
_CLASS = ("struct", "class", "union", "enum")
_PLAIN = ("FILE", "NULL")


class Scope(Enum):
    """What braces enclose."""

    NAMESPACE = auto()
    CLASS = auto()
    FUNCTION = auto()
    BLOCK = auto()
    """Of statements, or an initialiser."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """The body of a function that runs on the device."""

    head: int
    """Position of its first word."""
    begin: int
    """Of its opening brace."""
    end: int
    """Of its closing brace."""
    host: bool
    """Whether it runs on the host as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """A statement that declares variables in one of the device's memories."""

    begin: int
    end: int
    """Of its semicolon."""
    words: tuple[str, ...]
    """The qualifiers of CUDA in it."""
    local: bool
    """Whether it stands in a function."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Structure:
    """What a text declares."""

    bodies: tuple[Body, ...]
    shared: tuple[Declaration, ...]
    symbols: tuple[Declaration, ...]
    host_functions: frozenset[str]
    """Names of functions in no class that are defined for the host, in no other way."""
    device_functions: frozenset[str]
    """Names that are declared for the device."""

    def device_body(self, at: int) -> Body | None:
        """The innermost function of the device around a position."""
        inside = [body for body in self.bodies if body.begin < at < body.end]
        return max(inside, key=lambda body: body.begin, default=None)


class _Reader:
    def __init__(self, stream: Stream, synonyms: Mapping[str, tuple[str, ...]]) -> None:
        self.stream, self.synonyms = stream, synonyms
        self.scopes: list[Scope] = []
        self.bodies: list[Body] = []
        self.shared: list[Declaration] = []
        self.symbols: list[Declaration] = []
        self.host: set[str] = set()
        self.device: set[str] = set()
        self.start = 0
        self.taken = -1
        """End of the last declaration found."""

    def read(self) -> Structure:
        stream = self.stream
        for at in range(len(stream)):
            word = stream[at]
            if word == "{":
                self._open(at)
                self.start = at + 1
            elif word == "}":
                if self.scopes:
                    self.scopes.pop()
                self.start = at + 1
            elif word == ";":
                self.start = at + 1
            elif at > self.taken and (words := self._qualifiers(at)):
                self._declare(at, words)
        return Structure(
            bodies=tuple(self.bodies),
            shared=tuple(self.shared),
            symbols=tuple(self.symbols),
            host_functions=frozenset(self.host - self.device),
            device_functions=frozenset(self.device),
        )

    def _qualifiers(self, at: int) -> tuple[str, ...]:
        word = self.stream[at]
        return self.synonyms.get(word, (word,) if word.startswith("__") and word.endswith("__") else ())

    def _open(self, at: int) -> None:
        outer = self.scopes[-1] if self.scopes else Scope.NAMESPACE
        scope = self._scope(at, outer)
        self.scopes.append(scope)
        if scope is not Scope.FUNCTION:
            return
        head = self._lambda_head(at)
        first = self.start if head is None else head
        if head is None and outer is Scope.NAMESPACE:
            self._name(at)
        words = {word for place in range(first, at) for word in self._qualifiers(place)}
        if words & set(DEVICE):
            end = self.stream.partner(at)
            host = "__host__" in words
            self.bodies.append(Body(head=first, begin=at, end=len(self.stream) if end is None else end, host=host))

    def _name(self, at: int) -> None:
        """Remember the name of a function of the host; what a macro, a template or a class has a part in may be for both sides."""
        words = [self.stream[place] for place in range(self.start, at)]
        if "(" not in words:
            return
        before = words[: words.index("(")]
        plain = all(word in _PLAIN or not word.isupper() or len(word) == 1 for word in before) and not {
            "template",
            "constexpr",
            "operator",
            "::",
            "~",
        } & {*before}
        if before and plain and not any(self._qualifiers(place) for place in range(self.start, at)):
            self.host.add(before[-1])

    def _scope(self, at: int, outer: Scope) -> Scope:
        stream = self.stream
        words = {stream[place] for place in range(self.start, at)}
        if "namespace" in words or (stream[self.start] == "extern" and at == self.start + 2):
            return Scope.NAMESPACE
        if self._lambda_head(at) is not None:
            return Scope.FUNCTION
        place, parenthesis = self.start, False
        while place < at:
            word = stream[place]
            if word == "template":
                place = _after_angles(stream, place + 1)
                continue
            if word in ("alignas", "__align__", "__attribute__", "__launch_bounds__", "decltype"):
                place = stream.skip(place + 1)
                continue
            if word == "=" and stream[place - 1] != "operator":
                return Scope.BLOCK
            parenthesis |= word == "("
            place = stream.skip(place)
        if not parenthesis and words & set(_CLASS):
            return Scope.CLASS
        if outer in (Scope.NAMESPACE, Scope.CLASS):
            return Scope.FUNCTION if parenthesis else Scope.BLOCK
        return Scope.BLOCK

    def _lambda_head(self, at: int) -> int | None:
        """Where the qualifiers of a lambda begin whose body opens here, if it has any."""
        stream, place = self.stream, at - 1
        if stream[place] == "mutable":
            place -= 1
        if stream[place] == ")":
            opened = stream.partner(place)
            place = -1 if opened is None else opened - 1
        last = place
        while place >= 0 and self._qualifiers(place):
            place -= 1
        return place + 1 if place < last and stream[place] == "]" else None

    def _declare(self, at: int, words: tuple[str, ...]) -> None:
        if set(words) & set(DEVICE):
            head = range(at, self.stream.find(("{", ";"), at) or at)
            self.device |= {self.stream[place] for place in head if self.stream[place + 1] == "("}
        local = any(scope is Scope.FUNCTION for scope in self.scopes)
        in_class = bool(self.scopes) and self.scopes[-1] is Scope.CLASS
        begin = _after_labels(self.stream, self.start, at)
        if "__shared__" in words:
            end = self.stream.find((";",), at)
            if end is not None:
                self.taken = end
                self.shared.append(Declaration(begin=begin, end=end, words=words, local=local))
        elif any(word in VARIABLES for word in words) and not local and not in_class and self.stream[begin] != "template":
            end = _end_of_variable(self.stream, begin)
            if end is None:
                return
            found = {word for place in range(begin, end) for word in self._qualifiers(place)}
            self.taken = end
            if "__shared__" in found:
                self.shared.append(Declaration(begin=begin, end=end, words=tuple(sorted(found)), local=False))
            elif not {"extern", "typedef", "using", "friend"} & {self.stream[place] for place in range(begin, end)}:
                self.symbols.append(Declaration(begin=begin, end=end, words=tuple(sorted(found)), local=False))


def structure(stream: Stream, synonyms: Mapping[str, tuple[str, ...]]) -> Structure:
    """What a text declares; ``synonyms`` are macros that stand for qualifiers."""
    return _Reader(stream, synonyms).read()


def _after_labels(stream: Stream, begin: int, at: int) -> int:
    place = begin
    while place < at:
        if stream[place] == ":":
            begin = place + 1
        place = stream.skip(place)
    return begin


def _after_angles(stream: Stream, at: int) -> int:
    """The position after the parameters or arguments of a template."""
    depth = 0
    while at < len(stream):
        word = stream[at]
        depth += {"<": 1, ">": -1, ">>": -2, ">>>": -3}.get(word, 0)
        at = stream.skip(at)
        if depth <= 0:
            break
    return at


def _end_of_variable(stream: Stream, begin: int) -> int | None:
    """The semicolon of a declaration of variables; None for a function."""
    at = begin
    while at < len(stream):
        word = stream[at]
        if word in ("alignas", "__align__", "__attribute__", "__launch_bounds__", "decltype"):
            at = stream.skip(at + 1)
        elif word == "<" and stream.is_name(at - 1):
            at = _after_angles(stream, at)
        elif word in ("(", "operator"):
            return stream.find((";",), at) if stream[at + 1] == "*" and word == "(" else None
        elif word in ("=", "[", ";", ",") or (word == "{" and stream.is_name(at - 1)):
            return stream.find((";",), at)
        else:
            at = stream.skip(at)
    return None
