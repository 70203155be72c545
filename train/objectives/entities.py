"""Entity recognition over the syntax tree (CodeRosetta's AER): the encoder labels each token, so that it learns what names stand for.

The tagger is transformers' `T5ForTokenClassification` over the very encoder of an encoder-decoder: what it learns the other has. Scores
are of whole entities as the CoNLL tasks count them: an entity is found when its begin, end and kind are right.

CodeRosetta leaves out the later pieces of a word no more than we do, and leaves out Fortran, which we have.
Not covered: scores of single tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.errors import InputError
from hpcraft.train.annotation import LABELS, Document
from hpcraft.train.batches import IGNORED, Batch, pieces
from hpcraft.train.entity_scan import ENTITIES
from hpcraft.train.objectives.objective import Objective, TagRow, check_length
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    import numpy as np
    from transformers import T5ForConditionalGeneration, T5ForTokenClassification


@dataclass(frozen=True, kw_only=True, slots=True)
class EntitiesConfig:
    """How documents become rows."""

    length: int = 512
    """Most tokens that the encoder reads; CodeRosetta's."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length(self.length, 2)


class Entities(Objective):
    """The entity label of each token."""

    architecture = "tagger"

    def __init__(self, config: EntitiesConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials

    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[TagRow]:  # noqa: ARG002 - nothing is random
        """One row, or several for a long document, with an end that has no label."""
        if document.labels is None:
            raise InputError("objective entities: the document has no labels; annotate the corpus")
        for begin, end in pieces(len(document.ids), self.config.length - 1):
            ids, labels = document.ids[begin:end].tolist(), document.labels[begin:end].tolist()
            yield TagRow((*ids, self.specials.end), (*labels, IGNORED))


@dataclass(frozen=True, slots=True)
class Score:
    """How well one kind of entity was found."""

    right: int
    predicted: int
    expected: int

    @property
    def precision(self) -> float:
        """Share of those predicted that are right; 0 where none was."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of those there that were found; 0 where there are none."""
        return self.right / self.expected if self.expected else 0.0

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.right / (self.predicted + self.expected) if self.predicted + self.expected else 0.0


def scores(*, predicted: Sequence[Sequence[int]], expected: Sequence[Sequence[int]]) -> dict[str, Score]:
    """The score of each kind of entity that occurs, and of all together as ``all``.

    Args:
        predicted: labels of each token of each row.
        expected: the right ones; where one is IGNORED the token doesn't count on either side.

    Raises:
        InputError: the two differ in shape.
    """
    right: Counter[str] = Counter()
    guessed: Counter[str] = Counter()
    there: Counter[str] = Counter()
    if [len(row) for row in predicted] != [len(row) for row in expected]:
        raise InputError("predicted and expected labels differ in shape; give a label for each token of each row")
    for guesses, labels in zip(predicted, expected, strict=True):
        kept = [i for i, label in enumerate(labels) if label != IGNORED]
        found = set(entities_of([guesses[i] for i in kept]))
        real = set(entities_of([labels[i] for i in kept]))
        right.update(kind for _, _, kind in found & real)
        guessed.update(kind for _, _, kind in found)
        there.update(kind for _, _, kind in real)
    kinds = [kind for kind in ENTITIES if guessed[kind] or there[kind]]
    table = {kind: Score(right[kind], guessed[kind], there[kind]) for kind in kinds}
    return table | {"all": Score(right.total(), guessed.total(), there.total())}


def measure(tagger: T5ForTokenClassification, batches: Iterable[Batch]) -> dict[str, Score]:
    """The scores of a tagger over batches of `Entities`, each kind's and those of ``all``; the tagger's mode stays."""
    import torch

    predicted: list[list[int]] = []
    expected: list[list[int]] = []
    training = tagger.training
    tagger.eval()
    try:
        with torch.no_grad():
            for batch in batches:
                moved = {name: value.to(tagger.device) for name, value in batch.items()}
                logits = tagger(input_ids=moved["input_ids"], attention_mask=moved["attention_mask"]).logits
                predicted += logits.argmax(dim=-1).tolist()
                expected += moved["labels"].tolist()
    finally:
        tagger.train(training)
    return scores(predicted=predicted, expected=expected)


def entities_of(labels: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """Begin, end and kind of each entity; an I label that continues nothing begins one, as in the CoNLL tasks."""
    begin, kind = 0, ""
    for i, label in enumerate([*labels, 0]):
        part, _, name = LABELS[label].partition("-")
        if kind and not (part == "I" and name == kind):
            yield begin, i, kind
            kind = ""
        if part != "O" and not kind:
            begin, kind = i, name


def tagger_of(model: T5ForConditionalGeneration) -> T5ForTokenClassification:
    """A tagger over the encoder of a model: the weights are the same tensors, and its head is new."""
    import torch
    from transformers import T5Config, T5ForTokenClassification

    settings: Mapping[str, object] = model.config.to_dict()
    config = T5Config.from_dict({**settings, "architectures": ["T5ForTokenClassification"], "is_encoder_decoder": False})
    config.id2label = dict(enumerate(LABELS))
    config.label2id = {label: number for number, label in enumerate(LABELS)}
    config.num_labels = len(LABELS)
    tagger = T5ForTokenClassification(config)
    # transformers gives the head weights of size 1, with which it begins at some five times the loss of guessing.
    torch.nn.init.normal_(tagger.classifier.weight, std=0.5 * config.d_model**-0.5)
    tagger.to(device=model.device, dtype=model.dtype)  # pyright: ignore[reportCallIssue]  # a decorator of transformers hides the signature
    tagger.transformer.encoder = model.encoder
    tagger.transformer.shared = model.shared
    return tagger


def take_encoder(model: T5ForConditionalGeneration, tagger: T5ForTokenClassification) -> None:
    """Give a model the encoder of a tagger, also of one that was loaded from a file.

    CodeRosetta begins its next phase with the decoder from the encoder's weights as well; a T5 has other weights there, which stay.

    Raises:
        InputError: the two are of different sizes or vocabularies.
    """
    mine, theirs = model.encoder.state_dict(), tagger.transformer.encoder.state_dict()
    if {name: value.shape for name, value in mine.items()} != {name: value.shape for name, value in theirs.items()}:
        raise InputError("the tagger's encoder has another size or vocabulary than the model's; give a tagger made from this model")
    model.encoder.load_state_dict(theirs)
