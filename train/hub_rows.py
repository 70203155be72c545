"""Rows of models that aren't hpcraft's own: examples in words, with the tokenizer that came with the model.

A model is asked as evaluation asks it: in a turn of a conversation where its tokenizer has a template, with its own tokens for a hole where
it has them, else with a text that it continues. Answers end with the token that ends texts, which is learnt by its place, so that a model
that pads with the same token learns it all the same. A row whose text spells a special token, or whose answer holds a token for what the
tokenizer can't write, isn't made.

Tests are not asked for: their notation is hpcraft's own. Not covered: several turns, system prompts, thoughts before an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from hpcraft.errors import InputError
from hpcraft.tokenizer.fim import find_tokens
from hpcraft.tokenizer.infilling import infill, shortened
from hpcraft.tokenizer.insertions import insertion_prompt, insertion_request, lines_of, take_off, write_insertions
from hpcraft.tokenizer.prompt import BACK
from hpcraft.tokenizer.requests import (
    LANGUAGE_NAMES,
    TARGETS,
    completion_request,
    fenced,
    hole_request,
    translation_prompt,
    way_back_prompt,
)
from hpcraft.train.batches import Row
from hpcraft.train.tasks import FILL, INSTRUCT, TESTS, Example

if TYPE_CHECKING:
    from hpcraft.inference import Generator

_REQUEST_TOKENS = 128
"""Room for the words around a hole."""

_SHORTEST_MARK = 3
_PROBE = "{\n\tx <1;\n}"
"""Code that the tokenizers of some models of plain language don't give back."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt and its answer."""

    prompt: str
    answer: str
    chat: bool = False


class HubMaker:
    """Makes rows; a `hpcraft.train.tasks.Maker`."""

    def __init__(self, generator: Generator, longest: int, where: str) -> None:
        """Check the tokenizer.

        Raises:
            InputError: it doesn't fit the model, or has no token that ends a text.
        """
        codec: Any = generator.codec
        self._codec = codec
        self._tokenizer: Any = codec.tokenizer
        self._longest = longest
        self._encoder = bool(generator.model.config.is_encoder_decoder)
        self._chat = generator.chats
        self._fill = find_tokens(codec.vocabulary())
        # Some pad with a word of the language, which is no mark.
        marks = {*self._tokenizer.all_special_tokens, *(self._fill or ())}
        self._special = tuple(sorted(token for token in marks if len(token) >= _SHORTEST_MARK))
        check_tokenizer(generator, where)

    def __call__(self, item: Example, seed: int | None, rng: Random) -> Row | None:  # noqa: ARG002 - these models know no numbered names
        """The row of an example; None when it has none, or one side of it is too long for an encoder or its decoder."""
        if any(token in text for token in self._special for text in (item.source, item.target, item.suffix)):
            return None
        asked = self._asked(item, rng)
        if asked is None:
            return None
        given = self._codec.encode(asked.prompt, chat=asked.chat)
        learnt = [*self._answer_ids(asked, given), self._tokenizer.eos_token_id]
        unknown = self._tokenizer.unk_token_id
        row = Row(ids=(*given, *learnt), num_given=len(given), num_bytes=len(asked.answer.encode()))
        too_long = self._encoder and max(len(given), len(learnt)) > self._longest
        return None if too_long or unknown in learnt[:-1] else row

    def _answer_ids(self, asked: _Asked, given: list[int]) -> list[int]:
        """The ids of an answer as the model would write it behind its prompt."""
        if not self._encoder:
            # A tokenizer may write the first word of a text otherwise than the same word behind a prompt.
            if asked.chat:
                turn = [{"role": "user", "content": asked.prompt}]
                before = self._tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
                whole = list(self._tokenizer(before + asked.answer, add_special_tokens=False)["input_ids"])
            else:
                whole = self._codec.encode(asked.prompt + asked.answer)
            if whole[: len(given)] == given:
                return whole[len(given) :]
        return list(self._tokenizer(asked.answer, add_special_tokens=False)["input_ids"])

    def _asked(self, item: Example, rng: Random) -> _Asked | None:
        if item.task == FILL:
            return self._hole(item, rng)
        if item.task == TESTS:
            return None
        if item.task == INSTRUCT:
            return _Asked(item.source if self._chat else item.source.rstrip() + "\n", item.target, self._chat)
        if item.signature:
            return self._translation(item)
        code, insertions = take_off(lines_of(item.target), item.taken)
        ask = insertion_request if self._chat else insertion_prompt
        return _Asked(ask(code, item.task, item.language), write_insertions(insertions), self._chat)

    def _translation(self, item: Example) -> _Asked:
        models = {task: model for model, task in BACK.items()}
        if item.task in models:
            prompt = way_back_prompt(item.source, item.signature, models[item.task])
        else:
            prompt = translation_prompt(item.source, item.signature, item.task)
        if not self._chat:
            return _Asked(prompt, item.target.strip() + "\n")
        label = "cpp" if item.task == "cuda" else "c"
        language = TARGETS["cuda"][0] if item.task == "cuda" else LANGUAGE_NAMES["c"]
        return _Asked(completion_request(prompt, language, label), fenced(item.target, label), chat=True)

    def _hole(self, item: Example, rng: Random) -> _Asked | None:
        """With tokens for it, as a request, or as the end of a function that is gone on with."""
        if self._fill:
            before, behind = self._shortened(item.source, item.suffix, self._room(item.target) - len(self._fill))
            return _Asked(infill(self._fill, before, behind), item.target)
        if self._chat:
            before, behind = self._shortened(item.source, item.suffix, self._room(item.target) - _REQUEST_TOKENS)
            prompt = hole_request(before, behind, boundary=item.boundary, language=item.language, is_program=False)
            return _Asked(prompt, fenced(item.target, item.language), chat=True)
        if item.boundary != "function":
            # Nothing says where such a hole ends to a model that sees no more than what stands before it.
            return None
        text = item.source + item.target + item.suffix
        starts = [number for number in range(len(item.source), len(item.source) + len(item.target)) if text[number - 1] == "\n"]
        at = rng.choice([len(item.source), *starts])
        rest = text[at:].rstrip() + "\n"
        return _Asked(self._shortened(text[:at], "", self._room(rest))[0], rest)

    def _room(self, answer: str) -> int:
        """Tokens that are left for a prompt."""
        return self._longest - 2 - (0 if self._encoder else self._count(answer))

    def _shortened(self, before: str, behind: str, room: int) -> tuple[str, str]:
        return shortened(before, behind, room, cache(self._count))

    def _count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def check_tokenizer(generator: Generator, where: str) -> None:
    """Check that a model knows every token that its tokenizer may write, and that these can spell code.

    Raises:
        InputError: it doesn't, or they can't, or none of them ends a text.
    """
    codec: Any = generator.codec
    tokenizer = codec.tokenizer
    rows = generator.model.get_input_embeddings().num_embeddings
    largest = max((number for token, number in codec.vocabulary().items() if token != tokenizer.pad_token), default=-1)
    if largest >= rows:
        raise InputError(
            f"{where}: its tokenizer has tokens up to {largest}, the model knows {rows}; give the tokenizer it was trained with"
        )
    back = codec.decode(tokenizer(_PROBE, add_special_tokens=False)["input_ids"])
    if back.strip() != _PROBE:
        raise InputError(
            f"{where}: its tokenizer makes {back.strip()!r} of {_PROBE!r}, so it can't learn to write code; give a model with one that loses nothing"
        )
    if tokenizer.eos_token_id is None:
        raise InputError(f"{where}: its tokenizer has no token that ends a text; name one as eos_token in tokenizer_config.json")
    config = generator.model.config
    if config.is_encoder_decoder and getattr(config, "decoder_start_token_id", None) is None:
        raise InputError(f"{where}: its config.json names no decoder_start_token_id, with which answers begin; add it")
