"""The native half of the tokenizer (source in ``tokenizer/native``): lexers and resolvers of names.

Languages are 0 c, 1 cpp, 2 cuda, 3 fortran; forms are 0 free, 1 fixed, 2 fixed up to column 132. Texts are UTF-8, surrogates passed through.
"""

from typing_extensions import Buffer

def lex(source: Buffer, language: int, form: int, /) -> tuple[bytes, bytes]:
    """Kinds (uint8, an index of `hpcraft.tokenizer.lexer.KINDS`) and ends (uint32) of the tokens."""

def resolve(source: Buffer, language: int, form: int, /) -> tuple[list[str], str, bytes, bytes, list[str]]:
    """Of each symbol spelling, kind (a letter) and flags (uint8); the places (uint32 begin, length, symbol); the headers or modules used."""

def substitute(source: Buffer, places: bytes, replacements: list[bytes | None], /) -> bytes:
    """``source`` with each symbol's places replaced; None lets a symbol stay."""

def occurring(source: Buffer, places: bytes, replaced: bytes, letters: bytes, /) -> list[str]:
    """Words of ``source`` that look canonical (one of ``letters`` and a number) where no symbol that is ``replaced`` (a flag each) stands."""

def replace_words(source: Buffer, language: int, form: int, from_: list[bytes], to: list[bytes], /) -> bytes:
    """``source`` with each word token that is in ``from_`` replaced by its counterpart in ``to``."""

def restores(source: Buffer, language: int, form: int, from_: list[bytes], to: list[bytes], expected: bytes, /) -> bool:
    """Whether `replace_words` gives ``expected``."""

def substitute_fortran(
    source: Buffer, form: int, places: bytes, replacements: list[bytes | None], /
) -> tuple[bytes, list[tuple[int, int, str]], list[tuple[int, str]]]:
    """Like `substitute`, in lines that fit.

    Also gives what was put in for that (begin, length, what stood there), and the places whose name is spelled in another case than at
    its first place (number among all that were replaced, spelling).
    """

def restore_fortran(
    text: Buffer,
    form: int,
    from_: list[bytes],
    to: list[bytes],
    patches: list[tuple[int, int, bytes]],
    variants: list[tuple[int, bytes]],
    /,
) -> bytes:
    """What `substitute_fortran` got."""
