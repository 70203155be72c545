"""An OpenACC answer in OpenMP's words, for the race detector: what OpenACC lets run at the same time is shared by threads.

gcc runs OpenACC on the host by one thread, which races with nobody. Here each loop that the answer says to be parallel becomes a parallel loop
of OpenMP, the outer ones in one program and the inner ones in another (gcc adds races of its own where regions are nested); `atomic` stays, and what
moves data goes. A scalar that such a loop sets and no clause names is firstprivate, as it is to a gang, unless iterations use what others left in
it, or the lines behind the loop do, as where a reduction is forgotten: then lanes of one gang race. Where an answer needs the preprocessor, it
is what that leaves. No line moves but by that.

Not covered: what gangs do redundantly outside of loops; loops of ``kernels`` that don't say `independent` (the compiler decides), and, in an answer
with such a region, other bare loops; regions that run at the same time (`async`); lanes that share a scalar which each sets first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpcraft.data.directives import Clause, Directive, find_directives
from hpcraft.data.parallel.c_text import strip
from hpcraft.data.trees import declared_name, parse, text_of, walk
from hpcraft.errors import InputError
from hpcraft.eval.code_scan import blank, functions

HEADER = "openacc_host.h"
"""OpenACC's routines as the host has them, in C and C++; lies beside the said answer."""
FLAGS = ("-D_OPENACC=201711", "-U_OPENMP")
"""For C and C++: the conditionals of an answer are those of OpenACC."""
_KEPT = frozenset({"reduction", "private", "firstprivate", "collapse"})
_BY_DEVICE = frozenset({"device_type", "dtype", "bind"})
"""Which gcc doesn't take either."""
_DATA = frozenset(
    [
        "copy",
        "copyin",
        "copyout",
        "create",
        "present",
        "deviceptr",
        "no_create",
        "device_resident",
        "link",
        "pcopy",
        "pcopyin",
        "pcopyout",
        "pcreate",
        "present_or_copy",
        "present_or_copyin",
        "present_or_copyout",
        "present_or_create",
    ]
)
_LOOPS = frozenset({"parallel loop", "loop", "kernels loop"})
_ROUTINES = re.compile(
    r"\b(acc_(?:(?:get|set|async|wait|memcpy|update|copyin|copyout|create|delete|map|unmap|attach|detach|present_or|pcopyin|pcreate)(?:_\w+)?"
    r"|init|shutdown|malloc|free|on_device|deviceptr|hostptr|is_present))[ \t]*\(|\bcall[ \t]+(acc_(?:init|shutdown|wait_all)\w*)",
    re.IGNORECASE,
)
_NO_EFFECT = re.compile(
    r"\bcall[ \t]+acc_(?:wait(?:_all)?(?:_async)?|async_wait(?:_all)?|init|shutdown|set_device_(?:num|type)|set_default_async)\b[ \t]*(?:\((?:[^()\n]|\([^()\n]*\))*\))?",
    re.IGNORECASE,
)
"""Of Fortran's, on the host. C and C++ have all routines by a header of ours."""
_INCLUDE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*include\b[^\n]*", re.MULTILINE)
_HEADER = re.compile(r"^[ \t]*(?:(?:#|%:)[ \t]*include[ \t]*[<\"]openacc\.h[>\"]|use[ \t]+openacc\b)[^\n]*", re.MULTILINE | re.IGNORECASE)
_DEFINITION = re.compile(r"^[ \t]*#[ \t]*(?:define|undef)\b[^\n]*", re.MULTILINE)
_SENTINEL = re.compile(r"^([ \t]*!)\$(?=[ \t])", re.MULTILINE)
_DO = re.compile(r"^\s*(?:\w+\s*:\s*)?do\s+(\w+)\s*=", re.IGNORECASE)
_ANY_DO = re.compile(r"^\s*(?:\w+\s*:\s*)?do\b", re.IGNORECASE)
_END_DO = re.compile(r"^\s*end\s*do\b", re.IGNORECASE)
_SET = re.compile(r"^\s*(?:if\s*\(.*\)\s*)?(\w+)\s*=(?!=)", re.IGNORECASE)
_DECLARED = re.compile(r"^\s*(?:integer|real|logical|complex|double\s+precision|character)\b([^:!]*)::([^!]*)", re.IGNORECASE)
_END = re.compile(r"^\s*end\s*(?:(?:subroutine|function|program|module)\b[^\n]*)?$", re.IGNORECASE)
_COMMENT = re.compile(r"![^\n]*")
_RESULT = re.compile(r"\bresult\s*\(\s*(\w+)\s*\)|\bfunction\s+(\w+)(?!.*\bresult\b)", re.IGNORECASE)
_SETS = re.compile(r"\s*=(?!=)([^;\n]*)")
_DECLARES = re.compile(r"(?<![\w.])(?!return\b|else\b|case\b|goto\b)[A-Za-z_]\w*[\s*&]+$")
_PROCEDURE = re.compile(r"^\s*(?:[\w()*= ]*\s)?(?:subroutine|function)\s+\w+", re.IGNORECASE)


def in_openmp(code: str, language: str, preprocessed: str = "") -> list[str]:
    """The answer with OpenMP's directives, once for each depth of parallel loops in each other: only those of one depth are shared.

    Args:
        code: the answer.
        language: ``c``, ``cpp`` or ``fortran``.
        preprocessed: what the preprocessor leaves of it, where that is something else.

    Raises:
        InputError: it can't be said in OpenMP, with the reason.
    """
    if preprocessed:
        code = "\n".join([*_INCLUDE.findall(code), _DEFINITION.sub("", preprocessed)])
    if language == "fortran":
        for match in reversed(list(_NO_EFFECT.finditer(blank(code, language)))):
            code = f"{code[: match.start()]}continue{code[match.end() :]}"
        code = _HEADER.sub("", code)
        if found := _routine(code, language):
            raise InputError(f"OpenMP has no word for {found}")
    else:
        code = _HEADER.sub(f'#include "{HEADER}"', code)
    directives = find_directives(language, code)
    if language == "fortran":
        code = _SENTINEL.sub(r"\1 ", code)
    lines = code.split("\n")
    finder = _Fortran(lines) if language == "fortran" else _C(code)
    loops = _shared_loops(directives, finder)
    depths = [sum(outer.holds(inner) for outer in loops) for inner in loops]
    elsewhere = {name for d in directives for name in _data_names(d)}
    said: list[str] = []
    for depth in range(max(depths, default=0) + 1):
        own = {loop.directive.line: _loop(loop, loops, elsewhere) for loop, at in zip(loops, depths, strict=True) if at == depth}
        said.append("\n".join(_rewritten(lines, directives, own)))
    return said


def _routine(code: str, language: str) -> str:
    """The first routine of OpenACC's that an answer calls and doesn't define itself; empty for none."""
    plain = blank(code if language == "fortran" else strip(code), language)
    own = {one.name.lower() for one in functions(plain, language)}
    names = (found[1] or found[2] for found in _ROUTINES.finditer(plain))
    return next((name for name in names if name.lower() not in own), "")


def _rewritten(lines: list[str], directives: Sequence[Directive], own: dict[int, str]) -> list[str]:
    """The lines with each directive in OpenMP's words, or without it; ``own`` has the loops, by line."""
    lines = list(lines)
    for directive in directives:
        atomic = directive.model == "acc" and directive.construct.removeprefix("end ").startswith("atomic")
        said = f"{_sentinel(directive)} {directive.construct}" if atomic else own.get(directive.line, "")
        lines[directive.line - 1 : directive.end_line] = [said] + [""] * (directive.end_line - directive.line)
    return lines


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loop:
    """A loop that an answer says to be parallel."""

    directive: Directive
    clauses: dict[str, Clause]
    last: int
    """Its last line."""
    sets: frozenset[str]
    """Scalars from outside that are its iterations' own."""
    declares: frozenset[str]

    def holds(self, other: _Loop) -> bool:
        """Whether another one stands in it."""
        return self.directive.line < other.directive.line <= self.last


def _shared_loops(directives: Sequence[Directive], finder: _C | _Fortran) -> list[_Loop]:
    kernels = any(d.model == "acc" and d.construct == "kernels" for d in directives)
    loops: list[_Loop] = []
    for directive in directives:
        if "_Pragma" in directive.text:
            raise InputError("OpenMP has no word for directives in macros")
        if directive.model != "acc" or not directive.known:  # unknown ones are ignored by compilers, too
            continue
        clauses = {clause.name.lower(): clause for clause in directive.clauses}
        bare = directive.construct == "kernels loop" or (directive.construct == "loop" and kernels)
        if directive.construct not in _LOOPS or clauses.keys() & {"seq", "auto"} or (bare and "independent" not in clauses):
            continue
        if by_device := clauses.keys() & _BY_DEVICE:
            raise InputError(f"OpenMP has no word for {min(by_device)}")
        last, sets, declares = finder.loop(directive.end_line, _depth(clauses))
        loops.append(_Loop(directive=directive, clauses=clauses, last=last, sets=frozenset(sets), declares=frozenset(declares)))
    return loops


def _loop(loop: _Loop, loops: Sequence[_Loop], elsewhere: set[str]) -> str:
    """OpenMP's directive for a loop; what loops inside of it have of their own is its iterations' own."""
    directive = loop.directive
    kept = [clause for clause in directive.clauses if clause.name.lower() in _KEPT]
    words = [f"{clause.name}({clause.argument})" for clause in kept]
    if "tile" in loop.clauses:
        words.append(f"collapse({_depth(loop.clauses)})")
    named = {_cased(name, directive) for clause in kept for name in _names(clause)}
    inner = {
        _cased(name, directive)
        for one in loops
        if loop.holds(one)
        for clause in one.directive.clauses
        if clause.name.lower() == "private"
        for name in _names(clause)
    }
    inner -= named | loop.declares
    own = loop.sets - named - inner - {_cased(name, directive) for name in elsewhere}
    for name, variables in (("private", inner), ("firstprivate", own)):
        words += [f"{name}({', '.join(sorted(variables))})"] if variables else []
    return " ".join([_sentinel(directive), "parallel", "do" if directive.fortran else "for", *words])


def _sentinel(directive: Directive) -> str:
    return "!$omp" if directive.fortran else "#pragma omp"


def _depth(clauses: dict[str, Clause]) -> int:
    """Of how many loops in each other a directive speaks."""
    if tile := clauses.get("tile"):
        return (tile.argument or "").count(",") + 1
    number = re.search(r"\d+", (clauses["collapse"].argument or "") if "collapse" in clauses else "")
    return int(number[0]) if number else 1


def _cased(name: str, directive: Directive) -> str:
    return name.lower() if directive.fortran else name


def _data_names(directive: Directive) -> Iterator[str]:
    return (name for clause in directive.clauses if clause.name.lower() in _DATA for name in _names(clause))


def _names(clause: Clause) -> list[str]:
    """The variables of a clause, without sections of arrays and operators."""
    listed = re.sub(r"\[[^\]]*\]|\([^()]*\)", "", clause.argument or "")
    return re.findall(r"[A-Za-z_]\w*", listed.rpartition(":")[2])


def _is_own(name: str, loop: str, behind: str) -> bool:
    """Whether iterations set a scalar before they use it, and nobody uses what they leave: then it may be each one's own."""
    return _first_use(name, loop) == "set" and _first_use(name, behind) != "read"


def _first_use(name: str, text: str) -> str:
    """``read`` or ``set``: what the first place does that names a variable; empty where none does."""
    found = re.search(rf"(?<![\w.%>]){re.escape(name)}\b", text, re.IGNORECASE)
    if found is None:
        return ""
    if _DECLARES.search(text, 0, found.start()):
        return "set"
    value = _SETS.match(text, found.end())
    return "read" if value is None or re.search(rf"\b{re.escape(name)}\b", value[1], re.IGNORECASE) else "set"


class _C:
    """C and C++: what the loop behind a directive sets."""

    def __init__(self, code: str) -> None:
        nodes = list(walk(parse(code, "cuda")))
        self._loops = [node for node in nodes if node.type == "for_statement"]
        masked = bytearray(code.encode())
        for node in nodes:
            if node.type in ("comment", "preproc_call", "preproc_include"):
                masked[node.start_byte : node.end_byte] = re.sub(rb"[^\n]", b" ", masked[node.start_byte : node.end_byte])
        self._code = bytes(masked)

    def loop(self, line: int, depth: int) -> tuple[int, set[str], set[str]]:
        """The first loop below a line: its last line, scalars from outside that are its iterations' own, but for the counters of so many loops, and what it declares."""
        loop = min((n for n in self._loops if n.start_point[0] >= line), key=lambda n: n.start_point, default=None)
        if loop is None:
            return line, set(), set()
        assigned, declared, loops = set[str](), set[str](), []
        for node in walk(loop):
            if node.type == "for_statement":
                loops.append(node)
            if node.type in ("assignment_expression", "update_expression"):
                target = node.child_by_field_name("left") or node.child_by_field_name("argument")
                assigned |= {text_of(target)} if target is not None and target.type == "identifier" else set()
            elif node.type == "declaration":
                declared |= {declared_name(child) for child in node.children_by_field_name("declarator")}
        starts = (one.child_by_field_name("initializer") for one in loops[:depth])
        counters = {text_of(start.child_by_field_name("left")) for start in starts if start is not None}
        inside, behind = (
            part.decode(errors="replace") for part in (self._code[loop.start_byte : loop.end_byte], self._code[loop.end_byte :])
        )
        own = {name for name in assigned - declared - counters if _is_own(name, inside, behind)}
        return loop.end_point[0] + 1, own, declared


class _Fortran:
    """Fortran in free form: the same."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def loop(self, line: int, _depth: int) -> tuple[int, set[str], set[str]]:
        """As for C; counters of inner loops are private in both models."""
        level, last, assigned, counters = 0, line, set[str](), set[str]()
        for text in self._lines[line:]:
            last += 1
            if _ANY_DO.match(text):
                level += 1
                if found := _DO.match(text):
                    counters.add(found[1].lower())
            elif found := _SET.match(text):
                assigned.add(found[1].lower())
            if _END_DO.match(text):
                level -= 1
                if level <= 0:
                    break
        end = next((n for n in range(last, len(self._lines)) if _END.match(self._lines[n])), len(self._lines))
        inside, behind = (_COMMENT.sub("", "\n".join(part)) for part in (self._lines[line:last], self._lines[last:end]))
        first = self._procedure(line)
        result = _RESULT.search(self._lines[first])
        behind += f"\n{(result[1] or result[2]).lower()}" if result else ""  # what a function gives is used
        return last, {name for name in (assigned & self._scalars(line)) - counters if _is_own(name, inside, behind)}, set()

    def _procedure(self, line: int) -> int:
        return next((n for n in range(line - 1, -1, -1) if _PROCEDURE.match(self._lines[n])), 0)

    def _scalars(self, line: int) -> set[str]:
        """What the procedure around a line declares without extents."""
        found = set[str]()
        for text in self._lines[self._procedure(line) : line]:
            if (one := _DECLARED.match(text)) and not re.search(r"\b(?:dimension|parameter|pointer|allocatable)\b", one[1], re.IGNORECASE):
                bare = re.sub(r"\([^()]*\)", "()", one[2])
                found |= {word.lower() for word in re.findall(r"(\w+)\s*(?=,|=|$)", bare.strip())}
        return found
