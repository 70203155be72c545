"""Supervised pairs: translation, and instructions with answers. The answer and its end are learnt, the prompt never is.

An encoder-decoder reads the prompt and writes the answer, beginning with the start token of the answer's language; a decoder reads both in one
row. An example that is too long has no row: half a translation would teach to stop early.
Not covered: conversations of several turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.errors import InputError
from hpcraft.tokenizer.prompt import ANSWER, END
from hpcraft.train.annotation import Document
from hpcraft.train.batches import Row
from hpcraft.train.objectives.objective import Example, Objective, PairRow, check_example, check_length
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, kw_only=True, slots=True)
class TranslateConfig:
    """How long pairs may be."""

    length: int = 512
    """Most tokens that the encoder reads or the decoder writes, ends included; of a decoder, of both together. CodeRosetta's is 512."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length(self.length, 4)


class TranslateSeq2Seq(Objective):
    """The translation from its source, by an encoder and a decoder."""

    architecture = "encoder-decoder"

    def __init__(self, config: TranslateConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials

    def rows(self, document: Document | Example, rng: np.random.Generator) -> Iterator[PairRow]:  # noqa: ARG002 - nothing is random
        """One row, or none for an example that is too long."""
        example = check_example(document, "translate")
        end = self.specials.end
        if max(len(example.prompt), len(example.answer)) < self.config.length:
            source, target = (*example.prompt.tolist(), end), (*example.answer.tolist(), end)
            yield PairRow(source, target, self.specials.start_of(example.language))


class TranslateDecoder(Objective):
    """The answer behind its prompt, by a decoder."""

    architecture = "decoder"

    def __init__(self, config: TranslateConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials

    def rows(self, document: Document | Example, rng: np.random.Generator) -> Iterator[Row]:  # noqa: ARG002 - nothing is random
        """One row, or none for an example that is too long."""
        example = check_example(document, "instruct")
        if len(example.prompt) + len(example.answer) < self.config.length:
            yield Row((*example.prompt.tolist(), *example.answer.tolist(), self.specials.end), len(example.prompt))


def instruction(tokenizer: PreTrainedTokenizerBase, instruction: str, answer: str, *, system: str = "") -> Example:
    """An instruction and its answer, in the words of the tokenizer's chat template.

    Raises:
        InputError: the tokenizer has no template; `own_instruction` is for those of hpcraft.
    """
    if not tokenizer.chat_template:
        raise InputError(
            f"{tokenizer.name_or_path}: its tokenizer has no chat template; give a model that was taught to follow instructions"
        )
    turns = [{"role": "system", "content": system}] * bool(system) + [{"role": "user", "content": instruction}]
    prompt = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert isinstance(prompt, str)
    # The answer is tokenized alone, as generation continues the prompt's tokens; its end is put behind by the objective.
    return Example(_ids(tokenizer.encode(prompt, add_special_tokens=False)), _ids(tokenizer.encode(answer, add_special_tokens=False)))


def own_instruction(tokenizer: Tokenizer, instruction: str, answer: str) -> Example:
    """An instruction and its answer in the task format of `hpcraft.tokenizer.prompt`."""
    prompt = tokenizer.encode(instruction + ANSWER, add_special_tokens=False).ids
    return Example(_ids(prompt), _ids(tokenizer.encode(answer.removesuffix(END), add_special_tokens=False).ids))


def _ids(numbers: list[int]) -> NDArray[np.int32]:
    import numpy as np

    return np.array(numbers, dtype=np.int32)
