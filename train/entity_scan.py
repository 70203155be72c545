"""Entities and syntax spans of a text, by its tree and its directives: what `hpcraft.train.annotation` lays over tokens.

The first eight entities are CodeRosetta's. VAR is a name, FUNC one that is called or defined as a function, TYPE a type's name, PRIM a type
of the language, NUM a number, POIN the operand of ``*`` or ``&`` (in Fortran the left side of ``=>``), PDEC the name that is declared as a
pointer or reference, CONS a string, character, truth value, null or enumerator. Ours are: DIR, the sentinel and construct of a directive;
CLAU, the name of a clause; LAUN, ``<<<``, ``>>>`` and the name of the kernel launched; TIDX, the index of a thread such as
``threadIdx.x`` or ``omp_get_thread_num``; MPI, the function of a call of MPI.

In Fortran, where ``a(i)`` may be either, a name is an array when the text declares it with bounds, assigns to it, or takes a section of it.
Not covered: names within macros' bodies, which the grammars don't read; directives of vendors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from hpcraft.data.directives import Directive, find_directives
from hpcraft.data.syntax import captures, grammar_of, parser
from hpcraft.tokenizer.constructs import ATOMIC_KINDS, CLAUSE_WORDS
from hpcraft.tokenizer.lexer import encoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENTITIES = ("VAR", "FUNC", "TYPE", "PRIM", "NUM", "POIN", "PDEC", "CONS", "DIR", "CLAU", "LAUN", "TIDX", "MPI")
SPAN_KINDS = ("expression", "statement", "loop", "function")

_PLAIN = ("VAR", "TYPE", "PRIM", "NUM", "FUNC", "CONS", "PDEC", "POIN", "LAUN")
"""What queries capture, and the later wins where two name one place."""

_C = """
(identifier) @VAR (type_identifier) @TYPE (primitive_type) @PRIM (sized_type_specifier) @PRIM (number_literal) @NUM
[(string_literal) (char_literal) (true) (false) (null)] @CONS (enumerator name: (identifier) @CONS)
(call_expression function: (identifier) @FUNC) (call_expression function: (field_expression field: (field_identifier) @FUNC))
(function_declarator declarator: (identifier) @FUNC)
(pointer_declarator declarator: [(identifier) (field_identifier)] @PDEC)
(pointer_declarator declarator: (array_declarator declarator: (identifier) @PDEC))
(pointer_expression argument: (identifier) @POIN)
[(binary_expression) (call_expression) (assignment_expression) (subscript_expression) (conditional_expression)] @expression
[(expression_statement) (declaration) (return_statement) (if_statement) (switch_statement)] @statement
[(for_statement) (while_statement) (do_statement)] @loop (function_definition) @function
"""
_CPP = """
(call_expression function: (template_function name: (identifier) @FUNC)) (qualified_identifier name: (template_function name: (identifier) @FUNC))
(call_expression function: (qualified_identifier name: (identifier) @FUNC))
(call_expression function: (qualified_identifier name: (qualified_identifier name: (identifier) @FUNC)))
(function_declarator declarator: (field_identifier) @FUNC) (function_declarator declarator: (qualified_identifier name: (identifier) @FUNC))
(reference_declarator (identifier) @PDEC) (raw_string_literal) @CONS (for_range_loop) @loop
"""
_CUDA = """
(kernel_call_syntax ["<<<" ">>>"] @LAUN) (call_expression function: (identifier) @LAUN (kernel_call_syntax))
(call_expression function: (template_function name: (identifier) @LAUN) (kernel_call_syntax))
"""
_FORTRAN = """
(identifier) @VAR (type_name) @TYPE (intrinsic_type) @PRIM (number_literal) @NUM [(string_literal) (boolean_literal) (null_literal)] @CONS
(call_expression (identifier) @FUNC) (subroutine_call subroutine: (identifier) @FUNC)
(subroutine_statement name: (name) @FUNC) (function_statement name: (name) @FUNC)
(end_subroutine_statement (name) @FUNC) (end_function_statement (name) @FUNC)
(variable_declaration attribute: (type_qualifier "pointer") declarator: (identifier) @PDEC)
(variable_declaration attribute: (type_qualifier "pointer") declarator: (_ . (identifier) @PDEC))
(pointer_association_statement . (identifier) @POIN)
(cuda_kernel_argument_list ["<<<" ">>>"] @LAUN) (subroutine_call subroutine: (identifier) @LAUN (cuda_kernel_argument_list))
(sized_declarator (identifier) @array) (variable_declaration attribute: (type_qualifier "dimension") declarator: (identifier) @array)
(assignment_statement left: (call_expression (identifier) @array)) (call_expression (identifier) @array (argument_list (extent_specifier)))
[(math_expression) (call_expression) (logical_expression) (relational_expression)] @expression
[(assignment_statement) (subroutine_call) (if_statement) (variable_declaration) (pointer_association_statement)] @statement
(do_loop) @loop [(subroutine) (function) (program)] @function
"""
_QUERIES = {"c": _C, "cpp": _C + _CPP, "cuda": _C + _CPP + _CUDA, "fortran": _FORTRAN}

_INDEX = re.compile(rb"(?:threadIdx|blockIdx|blockDim|gridDim|threadidx|blockidx|blockdim|griddim)(?:\s*[.%]\s*[xyzXYZ]\b)?|warp[sS]ize")
_INDEX_NAMES = frozenset(b"threadIdx blockIdx blockDim gridDim warpSize threadidx blockidx blockdim griddim warpsize".split())
_INDEX_CALLS = frozenset(
    b"omp_get_thread_num omp_get_team_num get_global_id get_local_id get_group_id get_global_size get_local_size get_num_groups".split()
)
_LAUNCHERS = frozenset((b"hipLaunchKernelGGL", b"hipLaunchKernel", b"cudaLaunchKernel", b"cuLaunchKernel"))
_MPI = re.compile(rb"P?MPI_\w+")
_FORTRAN_MPI = re.compile(rb"P?MPI_\w+", re.IGNORECASE)

_HEAD = re.compile(r"\W*pragma(?:\\\n|\s)+(?:omp|acc)|[!cC*]\$(?:omp|acc)&?", re.IGNORECASE)
_OPENING = re.compile(r'[^(]*\(\s*(?:(?:u8|[uUL])?"\s*)?(?:(?:omp|acc)\b)?', re.IGNORECASE)
_PIECE = re.compile(
    r'(?P<skip>/\*.*?\*/|//[^\n]*|"[^"\n]*"|\'[^\'\n]*\'|^[ \t]*[!cC*]\$(?:omp|acc)\b[&+]?|![^\n]*)'
    r"|(?P<word>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<bracket>[()])",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)


class Entity(NamedTuple):
    """A piece of text."""

    begin: int
    end: int
    """In characters."""
    kind: int
    """Its place in `ENTITIES`, or of a span in `SPAN_KINDS`."""


class Found(NamedTuple):
    """What a text holds."""

    entities: list[Entity]
    """In order; none overlaps another."""
    spans: list[Entity]


def find(text: str, language: str) -> Found:
    """The entities and spans of a text.

    Args:
        text: Fortran in free form; with errors or not.
        language: a `hpcraft.records.Language`.
    """
    data = encoded(text)
    grammar = grammar_of(language, text)
    caught = captures(grammar, _QUERIES[grammar], parser(grammar).parse(data).root_node)
    arrays = {data[node.start_byte : node.end_byte].lower() for node in caught.get("array", ())}
    kinds: dict[tuple[int, int], int] = {}
    for name in _PLAIN:
        kind = ENTITIES.index(name)
        for node in caught.get(name, ()):
            place = node.start_byte, node.end_byte
            if not (name == "FUNC" and arrays and data[place[0] : place[1]].lower() in arrays):
                kinds[place] = kind
    found = _characters(data, text, _named(data, kinds, fortran=language == "fortran"))
    spans = [(node.start_byte, node.end_byte, number) for number, name in enumerate(SPAN_KINDS) for node in caught.get(name, ())]
    directives = list(_directives(text, language))
    return Found(_disjoint(found, directives), [Entity(*span) for span in _characters(data, text, spans)])


def _named(data: bytes, kinds: dict[tuple[int, int], int], *, fortran: bool) -> Iterator[tuple[int, int, int]]:
    """The places with those kinds that the name decides."""
    function, variable, launch, index, mpi = (ENTITIES.index(name) for name in ("FUNC", "VAR", "LAUN", "TIDX", "MPI"))
    pattern = _FORTRAN_MPI if fortran else _MPI
    for (begin, end), kind in kinds.items():
        if kind == function:
            name = data[begin:end]
            if pattern.fullmatch(name):
                yield begin, end, mpi
            elif (name.lower() if fortran else name) in _INDEX_CALLS:
                yield begin, end, index
            else:
                yield begin, end, launch if name in _LAUNCHERS else function
        elif kind == variable and data[begin:end] in _INDEX_NAMES and (long := _INDEX.match(data, begin)):
            yield begin, long.end(), index
        else:
            yield begin, end, kind


def character_numbers(data: bytes) -> NDArray[np.int64]:
    """The number of the character that each byte of a text belongs to, and behind the last their count."""
    import numpy as np

    begins = (np.frombuffer(data + b"\0", dtype=np.uint8) & 0xC0) != 0x80
    return np.cumsum(begins) - 1


def _characters(data: bytes, text: str, places: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Places in bytes as places in characters."""
    if len(data) == len(text):
        return list(places)
    numbers = character_numbers(data).tolist()
    return [(numbers[begin], numbers[end], kind) for begin, end, kind in places]


def _disjoint(found: list[tuple[int, int, int]], directives: list[tuple[int, int, list[Entity]]]) -> list[Entity]:
    """Everything in order; directives win over what the tree says of their text, and the outer over the inner."""
    kept: list[Entity] = []
    found += [(begin, end, -1) for begin, end, _ in directives]
    inside = {begin: entities for begin, _, entities in directives}
    last = 0
    for begin, end, kind in sorted(found, key=lambda place: (place[0], place[2] >= 0, -place[1])):
        if begin >= last and end > begin:
            kept += inside[begin] if kind < 0 else [Entity(begin, end, kind)]
            last = end
    return kept


def _directives(text: str, language: str) -> Iterator[tuple[int, int, list[Entity]]]:
    """Begin, end and entities of each directive."""
    found = find_directives(language, text)
    if not found:
        return
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    last = 0
    for directive in found:
        begin = text.find(directive.text, max(last, lines[directive.line - 1]))
        if begin >= 0 and directive.text:
            last = begin + len(directive.text)
            yield begin, last, list(_parts(directive, begin))


def _parts(directive: Directive, offset: int) -> Iterator[Entity]:
    """The sentinel with the construct, the clauses, and names and numbers in brackets."""
    text = directive.text
    head = _HEAD.match(text) or _OPENING.match(text)
    at = head.end() if head else 0
    if head and text.startswith("_Pragma"):
        text = text.replace('"', " ")
    target = re.sub(r"[\s_]", "", directive.construct).lower()
    spelled, end, depth = "", at, 0
    clauses: list[Entity] = []
    for piece in _PIECE.finditer(text, at):
        begin, word = offset + piece.start(), piece[0]
        if piece["bracket"]:
            depth += 1 if word == "(" else -1
        elif piece["word"] and depth <= 0:
            longer = spelled + word.replace("_", "").lower()
            if not clauses and target.startswith(longer):
                spelled, end = longer, piece.end()
            elif target.startswith("atomic") and word.lower() in ATOMIC_KINDS:
                clauses.append(Entity(begin, offset + piece.end(), ENTITIES.index("DIR")))
            else:
                clauses.append(Entity(begin, offset + piece.end(), ENTITIES.index("CLAU")))
        elif (piece["word"] and word.lower() not in CLAUSE_WORDS) or piece["number"]:
            clauses.append(Entity(begin, offset + piece.end(), ENTITIES.index("VAR" if piece["word"] else "NUM")))
    yield Entity(offset, offset + end, ENTITIES.index("DIR"))
    yield from clauses
