"""Answers from a model, batch by batch: padding, draws of one's own for every row, and where an answer ends.

The loop, with its cache of keys and values, is that of ``transformers``. What is added to it here: a draw takes its random numbers from
the seed of its row, so that an answer depends neither on its neighbours nor on what was drawn before, and a row ends where its ``cut``
says, long before its last token. In float32 a row of a batch has the same tokens as alone; in 16 bits near ties may fall otherwise.
Not covered: beams, several devices, quantised weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hpcraft.tokenizer.prompt import END, PAD

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

Cut = Callable[[str], int | None]
"""Where an answer ends, from its text so far; none while it goes on."""

_CPU_BATCH_TOKENS = 1 << 14
_MOST_BATCH_TOKENS = 1 << 19
_CACHE_SHARE = 0.3
"""Of a GPU's memory, for keys and values."""


class Codec(Protocol):
    """Text to token ids and back."""

    pad: int
    ends: tuple[int, ...]
    """Tokens that end an answer."""

    def encode(self, text: str, *, chat: bool = False) -> list[int]:
        """The ids of a prompt; as a turn of a conversation with ``chat``."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of an answer, without the tokens that end it."""
        ...

    def vocabulary(self) -> Mapping[str, int]:
        """Every token with its id."""
        ...


class OwnCodec:
    """A tokenizer that hpcraft trained."""

    def __init__(self, tokenizer: Tokenizer, model: Any) -> None:
        self.tokenizer = tokenizer
        own = tokenizer.token_to_id(END)
        self.ends = (own,) if own is not None else _ends(model)
        self.pad = _pad(tokenizer.token_to_id(PAD), self.ends, model.config)

    def encode(self, text: str, *, chat: bool = False) -> list[int]:  # noqa: ARG002 - it was taught no conversations
        """As `Codec.encode` says."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """As `Codec.decode` says."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=False))

    def vocabulary(self) -> Mapping[str, int]:
        """As `Codec.vocabulary` says."""
        return self.tokenizer.get_vocab()


class HubCodec:
    """Anybody's tokenizer, as ``AutoTokenizer`` loads it."""

    def __init__(self, tokenizer: Any, model: Any) -> None:
        self.tokenizer = tokenizer
        self._continues = not model.config.is_encoder_decoder
        own = tokenizer.eos_token_id
        self.ends = tuple(dict.fromkeys((*_ends(model), *(() if own is None else (own,)))))
        self.pad = _pad(tokenizer.pad_token_id, self.ends, model.config)

    @property
    def chats(self) -> bool:
        """Whether it has a template for conversations."""
        return bool(getattr(self.tokenizer, "chat_template", None))

    def encode(self, text: str, *, chat: bool = False) -> list[int]:
        """As `Codec.encode` says; a token that ends every text isn't put between a prompt and its continuation."""
        if chat:
            words = [{"role": "user", "content": text}]
            return list(self.tokenizer.apply_chat_template(words, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"])
        ids = list(self.tokenizer(text)["input_ids"])
        if self._continues and len(ids) > 1 and ids[-1] == self.tokenizer.eos_token_id:
            ids.pop()
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """As `Codec.decode` says; blanks stay where they are, as code wants it."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def vocabulary(self) -> Mapping[str, int]:
        """As `Codec.vocabulary` says."""
        return dict(self.tokenizer.get_vocab())

    def shorten(self, ids: list[int], room: int) -> list[int]:
        """The last ``room`` ids, after the token that begins every text where there is one."""
        if len(ids) <= room:
            return ids
        begin = ids[:1] if ids[0] == self.tokenizer.bos_token_id else []
        return begin + ids[len(ids) - room + len(begin) :]


def _ends(model: Any) -> tuple[int, ...]:
    """What the model's own configuration says ends a text, and that of its answers, which may know more."""
    ends: list[int] = []
    for config in (model.config, model.generation_config):
        found = getattr(config, "eos_token_id", None)
        ends += found if isinstance(found, list) else [] if found is None else [int(found)]
    return tuple(dict.fromkeys(ends))


def _pad(own: int | None, ends: Sequence[int], config: Any) -> int:
    """What fills a batch up: it is masked, so that any token will do that has an embedding; some tokenizers pad with one that has none."""
    vocabulary = getattr(config.get_text_config(), "vocab_size", 0)
    return next((token for token in (own, *ends) if token is not None and token < vocabulary), 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A prompt and how its answer is drawn."""

    prompt: str
    seed: int = 0
    cut: Cut | None = None
    """Where the answer ends, if it doesn't say so itself."""
    chat: bool = False
    """Whether it is put as a turn of a conversation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came of a query."""

    text: str
    finish: str
    """``end``, ``cut``, ``length``; ``no-room`` for a prompt that one of hpcraft's models can't see whole."""
    prompt_tokens: int = 0
    """Tokens of the whole prompt."""
    tokens_cut: int = 0
    """Tokens that were left out at the beginning of the prompt."""
    error: str = ""
    """What the model raised instead of an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One prompt, and the seed of its answer."""

    ids: list[int]
    seed: int
    cut: Cut | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """One answer."""

    text: str
    finish: str
    """Why it ended: ``end`` (a token that ends it), ``cut`` (where ``cut`` said) or ``length``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """How answers are drawn."""

    max_new_tokens: int = 512
    temperature: float = 0.0
    """0 always takes the likeliest token."""
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    """An answer ends before the first of these."""


def write_batch(model: Any, codec: Codec, rows: Sequence[Row], drawing: Drawing) -> list[Written]:
    """The answers to some prompts, decoded together."""
    import torch

    width = max(len(row.ids) for row in rows)
    encoder = bool(model.config.is_encoder_decoder)
    # A decoder goes on at its right end; an encoder counts positions from its left.
    gaps = [[codec.pad] * (width - len(row.ids)) for row in rows]
    ids = torch.tensor([row.ids + gap if encoder else gap + row.ids for row, gap in zip(rows, gaps, strict=True)], device=model.device)
    ones = [[1] * len(row.ids) for row in rows]
    zeros = [[0] * len(gap) for gap in gaps]
    mask = torch.tensor([one + zero if encoder else zero + one for one, zero in zip(ones, zeros, strict=True)], device=model.device)
    begin = 1 if encoder else width  # a decoder of its own begins with a token that isn't part of the answer
    watch = _Watch(codec=codec, rows=rows, begin=begin, stop=drawing.stop)
    model.eval()
    with torch.no_grad():
        result = model.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=drawing.max_new_tokens,
            do_sample=False,
            repetition_penalty=1.0,
            pad_token_id=codec.pad,
            eos_token_id=list(codec.ends) or None,
            use_cache=True,
            logits_processor=[SeededDraw([row.seed for row in rows], drawing)] if drawing.temperature > 0 else None,
            stopping_criteria=[watch] if drawing.stop or any(row.cut for row in rows) else None,
        )
    return [_written(codec, row, drawing.stop, answer[begin:].tolist()) for row, answer in zip(rows, result, strict=True)]


def _written(codec: Codec, row: Row, stop: Sequence[str], ids: list[int]) -> Written:
    end = min((ids.index(e) for e in codec.ends if e in ids), default=None)
    text = codec.decode(ids if end is None else ids[:end])
    at = _end(text, row.cut, stop)
    if at is not None:
        return Written(text=text[:at], finish="cut")
    return Written(text=text, finish="length" if end is None else "end")


def _end(text: str, cut: Cut | None, stop: Sequence[str]) -> int | None:
    """Where an answer ends before its last token."""
    found = [at for word in stop if (at := text.find(word)) >= 0]
    end = cut(text) if cut else None
    return min(found if end is None else [*found, end], default=None)


class SeededDraw:
    """A draw from the likeliest tokens, as a processor of logits that leaves one token possible for each row."""

    def __init__(self, seeds: Sequence[int], drawing: Drawing) -> None:
        self._random = [np.random.default_rng(seed & ((1 << 63) - 1)) for seed in seeds]
        self._drawing = drawing

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # noqa: ARG002 - the signature of transformers
        """Scores of which one is finite."""
        import torch

        shares = torch.softmax(scores.double() / self._drawing.temperature, dim=-1)
        if self._drawing.top_p < 1:
            ordered, order = shares.sort(dim=-1, descending=True)
            kept = ordered.cumsum(dim=-1) - ordered < self._drawing.top_p
            shares = shares * torch.zeros_like(kept).scatter(-1, order, kept)
        # Along the vocabulary, not by likelihood: rounding that swaps two tokens of like shares then moves no other's bounds.
        bounds = shares.cumsum(dim=-1)
        drawn = torch.tensor([[rng.random()] for rng in self._random], dtype=torch.float64, device=scores.device) * bounds[:, -1:]
        # The first bound above the number; a token without a share has the bound of the one before it.
        chosen = torch.searchsorted(bounds, drawn, right=True).clamp(max=scores.shape[-1] - 1)
        return torch.full_like(scores, -torch.inf).scatter(-1, chosen, 0.0)


@dataclass(kw_only=True, slots=True)
class _Watch:
    """Ends rows at a word of ``stop`` or where their ``cut`` says; a criterion of ``transformers``."""

    codec: Codec
    rows: Sequence[Row]
    begin: int
    stop: Sequence[str]
    done: set[int] = field(default_factory=set)
    pieces: dict[int, bool] = field(default_factory=dict)
    """Token to whether an answer may end with it."""

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:  # noqa: ARG002 - the signature of transformers
        """Which rows are done."""
        import torch

        for number, token in enumerate(input_ids[:, -1].tolist()):
            if number not in self.done and self._may_end(token):
                text = self.codec.decode(input_ids[number, self.begin :].tolist())
                if _end(text, self.rows[number].cut, self.stop) is not None:
                    self.done.add(number)
        return torch.tensor([number in self.done for number in range(len(self.rows))], device=input_ids.device)

    def _may_end(self, token: int) -> bool:
        if token not in self.pieces:
            piece = self.codec.decode([token])
            # Functions end with a bracket or a line; a character that is cut in two tokens shows as a replacement.
            self.pieces[token] = any(c in piece for c in ("}", "\n", "\ufffd", *(word[-1] for word in self.stop)))
        return self.pieces[token]


def batches(lengths: Sequence[int], max_new_tokens: int, most_tokens: int) -> Iterator[list[int]]:
    """Indices of prompts of like length, as many as fit into memory together."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batch and (len(batch) + 1) * (lengths[i] + max_new_tokens) > most_tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def batch_tokens(model: Any) -> int:
    """Tokens whose keys and values fit into memory: a share of all of a GPU's, so that a machine always makes the same batches."""
    import torch

    if model.device.type != "cuda":
        return _CPU_BATCH_TOKENS
    config = model.config
    queries = int(getattr(config, "num_attention_heads", 0))
    heads = int(getattr(config, "num_key_value_heads", None) or queries)
    layers, width = getattr(config, "num_hidden_layers", 0), getattr(config, "hidden_size", 0)
    per_head = getattr(config, "head_dim", None) or width // max(1, queries)
    num_bytes = 2 * layers * heads * int(per_head) * model.dtype.itemsize
    if not num_bytes:
        return _CPU_BATCH_TOKENS
    total = torch.cuda.get_device_properties(model.device).total_memory
    return max(_CPU_BATCH_TOKENS, min(_MOST_BATCH_TOKENS, int(total * _CACHE_SHARE / num_bytes)))
