"""Writes a vocabulary as ``tokenizer.model``, the format of SentencePiece, which llama.cpp's converter reads.

The converter refuses a byte-level BPE whose pre-tokenizer it doesn't know by name; SentencePiece's algorithm has none, and needs none
here, because no piece spans a place where ours cuts.
Not covered: a text that holds U+2581, which SentencePiece takes for a blank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from hpcraft.store import write_bytes
from hpcraft.tokenizer.prompt import END, PAD, TEXT
from hpcraft.tokenizer.token_plan import BYTES

_BLANK = "▁"


def write_model(path: Path, vocabulary: Sequence[str], added: Mapping[str, bool], ranks: Mapping[str, int]) -> None:
    """Write ``vocabulary``, in the order of its ids.

    Args:
        path: of the file.
        vocabulary: token strings.
        added: tokens that are found in the text before it is cut, and whether they are special.
        ranks: rank of each piece that merging makes.
    """
    schema: Any = import_module(
        "sentencepiece.sentencepiece_model_pb2"
    )  # makes its classes as it is imported, so that no checker sees them
    kinds = schema.ModelProto.SentencePiece
    model = schema.ModelProto()
    for token in vocabulary:
        kind, score = kinds.NORMAL, 0.0
        if token == PAD:
            kind = kinds.UNKNOWN  # there has to be one; nothing is unknown, so it is a token that no text has
        elif token in added:
            kind = kinds.CONTROL if added[token] else kinds.USER_DEFINED
        elif token in BYTES:
            kind = kinds.BYTE
        elif token in ranks:
            score = -float(ranks[token] + 1)
        model.pieces.add(piece=token.replace(" ", _BLANK), score=score, type=kind)
    trainer = model.trainer_spec
    trainer.model_type = schema.TrainerSpec.BPE
    trainer.vocab_size = len(vocabulary)
    trainer.byte_fallback = True
    trainer.unk_id, trainer.bos_id, trainer.eos_id = (vocabulary.index(token) for token in (PAD, TEXT, END))
    trainer.unk_piece, trainer.bos_piece, trainer.eos_piece = PAD, TEXT, END
    trainer.pad_id = -1
    normalizer = model.normalizer_spec
    normalizer.name = "identity"
    normalizer.add_dummy_prefix = False
    normalizer.remove_extra_whitespaces = False
    normalizer.escape_whitespaces = True
    write_bytes(path, model.SerializeToString(deterministic=True))
