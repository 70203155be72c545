"""Small parts that tests of objectives share: special tokens by number, documents, and models of a blink."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpcraft.train.annotation import Document
from hpcraft.train.objectives.noise import Frequent, NoiseTables
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, T5ForConditionalGeneration

PAD, END, TEXT, PREFIX, SUFFIX, MIDDLE, MASK, _ANSWER = range(8)
SENTINELS = tuple(range(8, 72))
INTO_C, INTO_CUDA, INTO_FORTRAN = 72, 73, 74
FIRST = 80
"""The first id that is a token of text."""
VOCABULARY = 128

SPECIALS = Specials(
    pad=PAD,
    end=END,
    text=TEXT,
    prefix=PREFIX,
    suffix=SUFFIX,
    middle=MIDDLE,
    mask=MASK,
    sentinels=SENTINELS,
    starts={"c": INTO_C, "cpp": INTO_C, "cuda": INTO_CUDA, "fortran": INTO_FORTRAN},
)


def document(
    *ids: int, language: str = "c", words: str = "", spans: list[tuple[int, int, int]] | None = None, labels: list[int] | None = None
):
    """A document; ``words`` has ``^`` for each token that begins one and ``.`` for others."""
    return Document(
        ids=np.array(ids, dtype=np.int32),
        language=language,
        labels=None if labels is None else np.array(labels, dtype=np.uint8),
        words=np.array([sign == "^" for sign in words]) if words else None,
        spans=None if spans is None else np.array(spans, dtype=np.int32).reshape(-1, 3),
    )


def tables() -> NoiseTables:
    """Noise in which 80 is the only keyword of C, C has 81 and 82 and CUDA 120 as frequent tokens."""
    keywords = np.zeros(VOCABULARY, dtype=np.bool_)
    keywords[80] = True
    return NoiseTables(
        keywords={"c": keywords, "cuda": np.zeros(VOCABULARY, dtype=np.bool_)},
        frequent={
            "c": Frequent(np.array([81, 82]), np.array([3, 1])),
            "cuda": Frequent(np.array([120]), np.array([5])),
        },
    )


def tiny_t5(seed: int = 0, width: int = 32) -> T5ForConditionalGeneration:
    """An encoder-decoder of T5 v1.1's kind, without dropout, so that losses can be compared."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(seed)
    settings: dict[str, Any] = {  # a mapping, as stubs don't know all of them
        "vocab_size": VOCABULARY,
        "d_model": width,
        "d_kv": width // 2,
        "d_ff": 2 * width,
        "num_layers": 2,
        "num_heads": 2,
        "dropout_rate": 0.0,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
        "pad_token_id": PAD,
        "eos_token_id": END,
        "decoder_start_token_id": PAD,
    }
    return T5ForConditionalGeneration(T5Config(**settings))


def tiny_llama(seed: int = 0, width: int = 32) -> LlamaForCausalLM:
    """A decoder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=128,
        pad_token_id=PAD,
        bos_token_id=TEXT,
        eos_token_id=END,
    )
    return LlamaForCausalLM(config)
