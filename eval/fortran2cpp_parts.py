"""Cut a self-checking pair of programs into what is asked for, procedures, and what tests it: the published C++ ``main``.

The Fortran procedures are what is to be translated; the C++ functions of the same names are the reference; ``main``, with its assertions and the helpers
that compare, stays hidden and calls the answer from another translation unit. What neither side can be cut into is told.

Not covered: functions that are templates, static, members, or in namespaces; procedures and functions whose names differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hpcraft.eval.code_scan import Function, functions

_COMPARES = re.compile(
    r"close|equal|assert|compar|verif|valid|^(?:test|run|check|print|is|report)_?[A-Z_]|^(?:check|print|main)$", re.IGNORECASE
)
_TOO_MUCH = re.compile(r"\b(?:template|static|inline|constexpr|auto|operator)\b|~")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b[^\n]*\n?", re.MULTILINE)
_TYPES = re.compile(r"\b(?:struct|class|enum(?:\s+class)?|union)\s+(\w+)\s*(?::[^{;]*)?\{|\btypedef\b[^;]*?(\w+)\s*;|\busing\s+(\w+)\s*=")
_SCOPE = re.compile(r"\bnamespace\s+\w+\s*\{")
_WORDS = re.compile(r"[^A-Za-z0-9]")
MAIN = "hpcraft_published_main"


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """A pair, cut."""

    fortran: str
    """The procedures, without the program that tests them."""
    names: tuple[str, ...]
    prototypes: tuple[str, ...]
    """Of the functions that are asked for."""
    given: str
    """What the published C++ has beside functions and headers: types, constants, ``using``."""
    reference: str
    """The published C++ without its ``main``."""
    includes: str
    harness: str
    """``main`` and what it uses but doesn't ask for, with ``main`` renamed; headers are left out."""
    others: tuple[str, ...]
    """Functions of the harness that an answer may have under the same names."""
    takes_arguments: bool
    """Whether ``main`` has parameters."""

    @property
    def types(self) -> tuple[str, ...]:
        """Names of the types in ``given``."""
        return tuple(next(filter(None, found)) for found in _TYPES.findall(self.given))


def cut(fortran: str, cpp: str) -> Parts | None:
    """The parts of a pair; none where it can't be cut."""
    procedures = _procedures(fortran)
    whole = [f for f in functions(cpp, "c") if f.depth == 0 and f.closed]
    main = next((f for f in whole if f.name == "main"), None)
    if procedures is None or main is None or _SCOPE.search(cpp):
        return None
    text, known = procedures
    asked = [f for f in whole if f is not main and _WORDS.sub("", f.name).lower() in known and not _COMPARES.search(f.name)]
    heads = [_head(cpp, f) for f in asked]
    if not asked or any(_TOO_MUCH.search(head) for head in heads) or len({f.name for f in asked}) < len(asked):
        return None
    edits = {f.begin: (f.end, f"{head};\n") for f, head in zip(asked, heads, strict=True)}
    edits[main.begin] = (main.end, _renamed(cpp, main))
    return Parts(
        fortran=text,
        names=tuple(f.name for f in asked),
        prototypes=tuple(heads),
        given=_INCLUDE.sub("", _edited(cpp, {f.begin: (f.end, "") for f in whole})).strip(),
        reference=_edited(cpp, {main.begin: (main.end, "")}),
        includes="".join(_INCLUDE.findall(cpp)),
        harness=_INCLUDE.sub("", _edited(cpp, edits)),
        others=tuple(dict.fromkeys(f.name for f in whole if f is not main and f not in asked)),
        takes_arguments=bool(re.search(r"\bmain\s*\(\s*int\b", _head(cpp, main))),
    )


def _procedures(fortran: str) -> tuple[str, frozenset[str]] | None:
    """The text without the test program, but with the procedures in it; and the procedures' names without underscores."""
    found = functions(fortran, "fortran")
    programs = [f for f in found if f.name == "program"]
    if len(programs) != 1:
        return None
    program = programs[0]
    others = [f for f in found if f is not program and f.closed]
    inside = [f for f in others if program.begin <= f.begin < program.end and not _COMPARES.search(f.name)]
    outer = [f for f in inside if not any(o is not f and o.begin <= f.begin and f.end <= o.end for o in inside)]
    kept = "\n\n".join(fortran[f.begin : f.end] for f in sorted(outer, key=lambda f: f.begin))
    text = f"{fortran[: program.begin].rstrip()}\n\n{kept}\n\n{fortran[program.end :].strip()}".strip() + "\n"
    return text, frozenset(_WORDS.sub("", f.name).lower() for f in others)


def _head(text: str, function: Function) -> str:
    """The prototype."""
    opening = text.index("{", text.index(")", text.index(function.name, function.begin)))
    return " ".join(re.sub(r"//[^\n]*", "", text[function.begin : opening]).split())


def _renamed(text: str, main: Function) -> str:
    """``main`` under another name, which has no right to end without a value."""
    whole = text[main.begin : main.end].rstrip()
    return re.sub(r"\bmain\b", MAIN, whole[: whole.rindex("}")], count=1) + "return 0;\n}\n"


def _edited(text: str, edits: dict[int, tuple[int, str]]) -> str:
    parts, at = [], 0
    for begin in sorted(edits):
        end, new = edits[begin]
        parts += [text[at:begin], new]
        at = end
    return "".join([*parts, text[at:]])
