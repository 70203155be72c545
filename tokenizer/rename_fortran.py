"""Writes Fortran with other names, in lines that still fit, and undoes it.

A name stands in any mix of cases, and all of them are it: the first spelling is the name's, others are noted by place.
Not covered: words inside comments and strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpcraft.errors import InputError
from hpcraft.tokenizer import _native
from hpcraft.tokenizer.lexer import FORMS, MAX_BYTES, encoded

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
    """What `substitute_fortran` was given.

    Raises:
        InputError: patches or spellings that aren't this text's.
    """
    if not names and not patches and not spellings:
        return text
    numbers = [number for begin, length, _ in patches for number in (begin, length)] + [number for number, _ in spellings]
    odd = next((number for number in numbers if not 0 <= number <= MAX_BYTES), None)
    if odd is not None:
        raise InputError(
            f"{odd} among patches and spellings: expected numbers up to {MAX_BYTES}; give the names that were written with the text"
        )
    try:
        restored = _native.restore_fortran(
            encoded(text),
            FORMS.index(form or FORMS[0]),
            [name.encode("utf-8", "surrogatepass") for name in names],
            [name.encode("utf-8", "surrogatepass") for name in names.values()],
            [(begin, length, original.encode("utf-8", "surrogatepass")) for begin, length, original in patches],
            [(number, spelling.encode("utf-8", "surrogatepass")) for number, spelling in spellings],
        )
    except ValueError as error:
        raise InputError(f"{error} doesn't fit the text; give the names that were written with it, and the text unedited") from None
    return restored.decode("utf-8", "surrogatepass")
