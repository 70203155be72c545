"""How likely a model finds given texts: the sum of -ln p over all of their tokens, window by window.

Every token of a text is predicted, the first one too: behind the token that begins texts for the model, where it has none behind the one
that ends them, as such models saw their texts joined by it, and where there is neither, as any token of the vocabulary. A window holds at
most ``window`` tokens and moves on by ``stride``; each token is counted once, in the first window that predicts it. So it is seen with at
least ``window - stride`` tokens before it, but for the beginning of a text. Logarithms are taken in float32, and summed in float64.

A text that the tokenizer doesn't give back isn't scored: the model would be asked about another one.
Not covered: models with an encoder, several devices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, log
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcraft.decoding import HubCodec, OwnCodec, batch_tokens
from hpcraft.errors import ConfigError
from hpcraft.tokenizer.prompt import TEXT

if TYPE_CHECKING:
    from hpcraft.inference import Generator


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """A text under a model."""

    nats: float = 0.0
    """The sum of -ln p."""
    num_tokens: int = 0
    problem: str = ""
    """Why it wasn't scored."""


class Begin(NamedTuple):
    """What stands before every text."""

    token: int | None
    name: str
    """For people."""


class _Window(NamedTuple):
    """A piece of a text: what goes into the model, what comes next, and how many of the last are counted."""

    text: int
    ids: list[int]
    targets: list[int]
    """Of the last tokens, those that no earlier window predicts."""


class Scorer:
    """A model with its windows."""

    def __init__(self, generator: Generator, *, window: int = 0, stride: int = 0) -> None:
        """Check what is asked against what the model can see.

        Args:
            generator: the model.
            window: tokens in a window; 0 for all that it can see.
            stride: tokens between two windows; 0 for half a window.

        Raises:
            ConfigError: the model has an encoder, or the numbers don't fit it.
        """
        if generator.model.config.is_encoder_decoder:
            raise ConfigError("a model with an encoder gives no probability of a text by itself; give one that continues texts")
        context = generator.facts.context
        if window > context:
            raise ConfigError(f"window {window}: the model sees {context} tokens; give at most that, or 0")
        self.window = window or context
        self.stride = stride or max(1, self.window // 2)
        if self.stride > self.window:
            raise ConfigError(
                f"stride {self.stride}: more than the window of {self.window} would leave tokens out; give at most that, or 0"
            )
        self._generator = generator
        self.begin = _begin(generator)

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, Scored]]:
        """The texts with their numbers, in any order."""
        most = batch_tokens(self._generator.model)
        waiting: list[_Window] = []
        counts: dict[int, int] = {}
        for number, text in enumerate(texts):
            ids = self._ids(text)
            if ids is None:
                yield number, Scored(problem="its tokenizer doesn't give the text back")
                continue
            counts[number] = len(ids)
            waiting += self._windows(number, ids)
            if sum(len(window.ids) for window in waiting) >= most:
                yield from self._totals(waiting, counts, most)
                waiting, counts = [], {}
        if counts:
            yield from self._totals(waiting, counts, most)

    def _totals(self, windows: list[_Window], counts: dict[int, int], most: int) -> Iterator[tuple[int, Scored]]:
        vocabulary = self._generator.model.config.get_text_config().vocab_size
        # Without a token that begins texts, the first token is one of all.
        sums = dict.fromkeys(counts, 0.0 if self.begin.token is not None else log(vocabulary))
        ordered = sorted(windows, key=lambda window: len(window.ids))
        while ordered:
            size = max(1, most // len(ordered[-1].ids))
            batch, ordered = ordered[-size:], ordered[:-size]
            for window, nats in zip(batch, self._nats(batch), strict=True):
                sums[window.text] += nats
        for number, nats in sums.items():
            if isfinite(nats):
                yield number, Scored(nats=max(nats, 0.0), num_tokens=counts[number])
            else:
                yield number, Scored(problem="its probabilities are not finite")

    def _nats(self, batch: Sequence[_Window]) -> list[float]:
        import torch

        model = self._generator.model
        width = max(len(window.ids) for window in batch)
        pad = self._generator.codec.pad
        ids = torch.tensor([window.ids + [pad] * (width - len(window.ids)) for window in batch], device=model.device)
        mask = torch.tensor([[1] * len(window.ids) + [0] * (width - len(window.ids)) for window in batch], device=model.device)
        model.eval()
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        found = []
        for row, window in zip(logits, batch, strict=True):
            end, count = len(window.ids), len(window.targets)
            logs = torch.log_softmax(row[end - count : end].float(), dim=-1)
            targets = torch.tensor(window.targets, device=model.device)
            found.append(-float(logs.gather(1, targets[:, None]).double().sum()))
        return found

    def _ids(self, text: str) -> list[int] | None:
        """The tokens of a text; none when they aren't all of it."""
        codec: Any = self._generator.codec
        if isinstance(codec, HubCodec):
            ids = list(codec.tokenizer(text, add_special_tokens=False)["input_ids"])
        else:
            ids = list(codec.encode(text))
        return ids if ids and codec.decode(ids) == text else None

    def _windows(self, number: int, ids: list[int]) -> Iterator[_Window]:
        sequence = ids if self.begin.token is None else [self.begin.token, *ids]
        start, predicted = 0, 1  # the first target is that behind the first token
        while predicted < len(sequence):
            end = min(start + self.window, len(sequence) - 1)
            yield _Window(number, sequence[start:end], sequence[predicted : end + 1])
            predicted = end + 1
            start += self.stride


def _begin(generator: Generator) -> Begin:
    codec = generator.codec
    if isinstance(codec, OwnCodec):
        token = codec.tokenizer.token_to_id(TEXT)
        return Begin(token, TEXT) if token is not None else Begin(None, "")
    assert isinstance(codec, HubCodec)
    for token, name in (
        (codec.tokenizer.bos_token_id, codec.tokenizer.bos_token),
        (codec.tokenizer.eos_token_id, codec.tokenizer.eos_token),
    ):
        if token is not None:
            return Begin(int(token), str(name))
    return Begin(None, "")
