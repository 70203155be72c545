"""Model sizes as functions of one dial: Llama-style decoders that every tool loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcraft.tokenizer.prompt import END, PAD, TEXT

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import LlamaConfig

_HEAD_WIDTH = 64


def decoder(depth: int, tokenizer: Tokenizer, context: int) -> LlamaConfig:
    """A decoder with ``depth`` layers of width 64 x ``depth``; depth 4 has about 3 M parameters with 2048 tokens.

    Embeddings are tied, since at these sizes they would be a third of the model; the inner width is twice the width, not more,
    because on a CPU that buys speed.
    """
    from transformers import LlamaConfig

    width = _HEAD_WIDTH * depth
    return LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=depth,
        num_key_value_heads=depth,
        intermediate_size=2 * width,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.token_to_id(TEXT),
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD),
    )
