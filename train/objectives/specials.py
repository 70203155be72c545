"""The ids of the tokens that objectives put into rows, of hpcraft's tokenizers and of others.

Not covered: new tokens for a model of others; an objective for which its vocabulary lacks them says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import TYPE_CHECKING

from hpcraft.errors import ConfigError, InputError
from hpcraft.tokenizer.edits import MARKERS
from hpcraft.tokenizer.fim import find_tokens
from hpcraft.tokenizer.prompt import END, FILL, FIM, PAD, TEXT

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

NONE = -1
"""The id of a token that a vocabulary lacks."""
_STARTS = {
    "c": "<|cuda2c|>",
    "cpp": "<|cuda2c|>",
    "cuda": "<|c2cuda|>",
    "fortran": "<|c2f|>",
    "openmp": "<|c2omp|>",
    "openacc": "<|c2acc|>",
    "mpi": "<|c2mpi|>",
}
"""The token that a decoder begins with to write a language, or C with a parallel model; C and C++ are one language here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Specials:
    """The ids of the tokens that objectives put in; `NONE` for one that isn't there."""

    pad: int
    end: int
    text: int = NONE
    """Begins a text; without one, texts begin with their first token."""
    prefix: int = NONE
    suffix: int = NONE
    middle: int = NONE
    """Of fill in the middle."""
    mask: int = NONE
    sentinels: tuple[int, ...] = ()
    """Stand for masked spans, in this order."""
    first: int = NONE
    """What a decoder begins with where no language is asked for and it isn't padding."""
    starts: Mapping[str, int] = field(default_factory=dict)
    """Language or parallel model to what a decoder begins with to write it."""

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Specials:
        """Those of a tokenizer that hpcraft made.

        Raises:
            InputError: it lacks one.
        """

        def number(token: str) -> int:
            found = tokenizer.token_to_id(token)
            if found is None:
                raise InputError(
                    f"the tokenizer has no token {token}; make one by `hpcraft tokenizer train`, or read it by Specials.of_hub"
                )
            return found

        return cls(
            pad=number(PAD),
            end=number(END),
            text=number(TEXT),
            prefix=number(FIM[0]),
            suffix=number(FIM[1]),
            middle=number(FIM[2]),
            mask=number(FILL),
            sentinels=tuple(number(marker) for marker in MARKERS),
            starts={language: number(token) for language, token in _STARTS.items()},
        )

    @classmethod
    def of_hub(cls, tokenizer: PreTrainedTokenizerBase, *, first: int | None = None) -> Specials:
        """Those of anybody's tokenizer: its end, and of the rest what is there under the names that are usual.

        Args:
            tokenizer: of others.
            first: what its model's decoder begins with, as the model's config says.

        Raises:
            InputError: it has no end token.
        """
        end = tokenizer.eos_token_id
        if not isinstance(end, int):
            raise InputError(f"{tokenizer.name_or_path}: its tokenizer has no end token, so no model could learn to stop; set eos_token")
        vocabulary = tokenizer.get_vocab()
        pad, begin, mask = (
            number if isinstance(number, int) else NONE
            for number in (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.mask_token_id)
        )
        fim = find_tokens(vocabulary)
        prefix, suffix, middle = (vocabulary[token] for token in fim) if fim else (NONE, NONE, NONE)
        extra = takewhile(vocabulary.__contains__, (f"<extra_id_{number}>" for number in count()))
        return cls(
            # Padding is never learnt, so the end may serve as well and is learnt all the same.
            pad=end if pad == NONE else pad,
            end=end,
            text=begin,
            prefix=prefix,
            suffix=suffix,
            middle=middle,
            mask=mask,
            sentinels=tuple(vocabulary[token] for token in extra),
            first=NONE if first is None else first,
        )

    @property
    def start(self) -> int:
        """What a decoder begins with where no language is asked for: T5 takes the padding token, BART the one that ends a text."""
        return self.pad if self.first == NONE else self.first

    def start_of(self, language: str) -> int:
        """What a decoder begins with to write a language; with a vocabulary that has no such tokens, always `start`.

        Raises:
            ConfigError: there is no such token.
        """
        if self.starts and language not in self.starts:
            raise ConfigError(f"language {language!r}: no decoder begins with it; expected one of {', '.join(self.starts)}")
        return self.starts.get(language, self.start)

    def need(self, objective: str, *names: str) -> None:
        """Check that tokens are there.

        Raises:
            ConfigError: one isn't.
        """
        missing = [name for name in names if getattr(self, name) in (NONE, ())]
        if missing:
            raise ConfigError(
                f"objective {objective}: the tokenizer has no {', '.join(missing)} tokens; take another objective or hpcraft's tokenizer"
            )
