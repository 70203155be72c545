"""Writes Fortran with other names, in lines that still fit, and undoes it.

A name stands in any mix of cases, and all of them are it: the first spelling is the name's, others are noted by place.
Not covered: words inside comments and strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpcraft.tokenizer import _native
from hpcraft.tokenizer.lexer import FORMS

Patch = tuple[int, int, str]
"""What was put in for the sake of columns (begin and length in bytes of UTF-8), and what stood there."""
Variant = tuple[int, str]
"""A place whose name is spelled in another case: its number among all places with names, the spelling."""


def substitute_fortran(
    source: bytes, form: str, places: bytes, canonical: Sequence[str | None]
) -> tuple[str, tuple[Patch, ...], tuple[Variant, ...]]:
    """The text with the names of its symbols replaced, what was put in, and places with another spelling."""
    replacements = [name.encode() if name else None for name in canonical]
    text, patches, variants = _native.substitute_fortran(source, FORMS.index(form), places, replacements)
    return text.decode("utf-8", "surrogatepass"), tuple(patches), tuple(variants)


def restore_fortran(text: str, form: str, names: Mapping[str, str], patches: Sequence[Patch], spellings: Sequence[Variant]) -> str:
    """What `substitute_fortran` was given."""
    if not names:
        return text
    restored = _native.restore_fortran(
        text.encode("utf-8", "surrogatepass"),
        FORMS.index(form or FORMS[0]),
        [name.encode() for name in names],
        [name.encode("utf-8", "surrogatepass") for name in names.values()],
        [(begin, length, original.encode("utf-8", "surrogatepass")) for begin, length, original in patches],
        [(number, spelling.encode("utf-8", "surrogatepass")) for number, spelling in spellings],
    )
    return restored.decode("utf-8", "surrogatepass")
