"""Bad answers that are made of a reference's text, for tasks whose tests call it by a prototype of their own.

Not covered: Fortran and Python; what a reference writes through functions that it calls, such as ``memcpy`` or atomics.
"""

from __future__ import annotations

import re

from hpcraft.data.syntax import parse
from hpcraft.data.trees import text_of, walk

_WRITES = ("subscript_expression", "pointer_expression")
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+omp\b(?:[^\n]*\\\n)*[^\n]*\n?", re.MULTILINE)
_NO_NUMBER = "(((__typeof__({place}))0.5) != 0 ? 0.0 / 0.0 : -1.0)"


def without_directives(code: str) -> str:
    """A reference in C or C++ without its OpenMP directives; empty where it has none, or asks the library about threads."""
    plain, count = _DIRECTIVE.subn("", code)
    return plain if count and "omp_" not in plain else ""


def without_numbers(code: str, language: str) -> str:
    """A reference that leaves what is no number (of integers -1) wherever it assigns to an element; empty where it assigns to none.

    Args:
        code: C, C++ or CUDA C++.
        language: ``c`` or ``cpp``.
    """
    found = []
    for node in walk(parse(language, code)):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if node.type == "assignment_expression" and left is not None and right is not None and left.type in _WRITES:
            found.append((left, right))
    whole = code.encode()
    for left, right in reversed(found):
        if any(right.start_byte <= other.start_byte < right.end_byte for other, _ in found):
            continue  # an assignment of an assignment's value; the inner one is enough
        new = f" = {_NO_NUMBER.format(place=text_of(left))}"
        whole = whole[: left.end_byte] + new.encode() + whole[right.end_byte :]
    return whole.decode() if found else ""
