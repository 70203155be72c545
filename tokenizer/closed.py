"""Closed vocabularies at lexer level, to measure the claims for them: no merges, every lexeme is a token or spelled out.

``tokompiler`` is the vocabulary of Tokompiler with its gaps filled: keywords, operators, directive words, names of the platforms, the kinds
and numbers of canonical names, newline, indentation, and bytes for everything else, so that nothing is unknown or lost.
It is meant for renamed text. ``lexer`` takes the most frequent lexemes of a corpus instead.
Not covered: ``tokenizer.model``, whose algorithm can't take a lexeme whole without its parts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hpcraft.tokenizer.prompt import CONTROL, LATER, SPECIAL
from hpcraft.tokenizer.rename import ALL_LETTERS
from hpcraft.tokenizer.token_plan import ALPHABET, BYTES, one_of, reserved
from hpcraft.tokenizer.whole import LONG, SHORT

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_OPERATORS = (
    *("<<<", ">>>", "<<=", ">>=", "...", "->", "++", "--", "&&", "||", "::", "<<", ">>", "=>", "**", "//", "/*", "*/", "##"),
    *(f"{sign}=" for sign in "-+*/%&|^!=<>"),
)
"""Longer ones first, as a lexer takes them."""
_SIGNS = r"[!-/:-@\[-^`{-~]"
_REST = rf"[0-9]+|[#][a-z]+|![$][A-Za-z]+|{'|'.join(map(re.escape, _OPERATORS))}|\r?\n|[ \t]+|{_SIGNS}"
LEXEMES = rf"[A-Za-z_][A-Za-z_0-9]*|{_REST}"
PARTED_LEXEMES = rf"\b[{ALL_LETTERS}](?=[0-9]+\b)|{LEXEMES}"
"""The same, but a canonical name is its kind and its number."""

_NUMBERS = 1000
_DEEPEST, _DEEPEST_TABS = 40, 10
_LONGEST = 64
_FIXED = (*SPECIAL, *CONTROL, *LATER, *BYTES, *ALPHABET)


def _known() -> tuple[str, ...]:
    """Lexemes of the languages and platforms."""
    names = (lexeme for text in LONG for lexeme in re.findall(LEXEMES, text))
    heads = (
        *("#include", "#define", "#if", "#ifdef", "#ifndef", "#else", "#elif", "#endif", "#undef", "#pragma"),
        "!$omp",
        "!$OMP",
        "!$acc",
    )
    words = (*SHORT, *(word.upper() for word in SHORT if word.isalpha() and word.islower()))
    blanks = (*(" " * width for width in range(2, _DEEPEST + 1)), *("\t" * depth for depth in range(2, _DEEPEST_TABS + 1)), "\r\n")
    numbers = map(str, range(_NUMBERS))
    found = dict.fromkeys((*_OPERATORS, *heads, *words, *names, *blanks, *numbers))
    return tuple(lexeme for lexeme in found if len(lexeme) > 1)


def tokompiler() -> Tokenizer:
    """The closed vocabulary of Tokompiler, mended; it depends on no corpus."""
    return _assemble([*_FIXED, *_known()], PARTED_LEXEMES)


def train_lexer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """The most frequent lexemes of ``texts`` as whole tokens, up to ``vocab_size`` in all."""
    between, lexemes, counts = one_of((*SPECIAL, *CONTROL, *LATER)), re.compile(LEXEMES), Counter[str]()
    for text in texts:
        for part in between.split(text):
            counts.update(lexemes.findall(part))
    found = [lexeme for lexeme in counts if 1 < len(lexeme) <= _LONGEST and lexeme not in _FIXED]
    frequent = sorted(found, key=lambda lexeme: (-counts[lexeme], lexeme))[: vocab_size - len(_FIXED)]
    spare = [reserved(number) for number in range(vocab_size - len(_FIXED) - len(frequent))]
    return _assemble([*_FIXED, *frequent, *spare], LEXEMES)


def _assemble(vocabulary: list[str], pattern: str) -> Tokenizer:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    from hpcraft.tokenizer.bpe import add_tokens

    ids = {token: number for number, token in enumerate(vocabulary)}
    assert len(ids) == len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[], byte_fallback=True, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    add_tokens(tokenizer, (*SPECIAL, *CONTROL, *LATER, *(token for token in vocabulary if token.startswith("<|reserved_"))))
    return tokenizer
