"""Model sizes as functions of one dial: Llama-style decoders and T5-style encoder-decoders that every tool loads.

The dial is the depth: a layer more makes the model 64 units wider, and the learning rate falls with the width, as 1 / width (the rule of
maximal updates for hidden layers with AdamW; Yang et al. 2022, "Tensor Programs V"). Sizes have names for people.
Not covered: grouped key and value heads, mixtures of experts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpcraft.errors import ConfigError, nearest

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import LlamaConfig, PretrainedConfig, T5Config

DECODER, ENCODER_DECODER = "decoder", "encoder-decoder"
ARCHITECTURES = (DECODER, ENCODER_DECODER)

SIZES: Mapping[str, Mapping[str, int]] = {
    DECODER: {"3m": 4, "10m": 6, "30m": 9, "125m": 14, "350m": 20, "0.9b": 28},
    ENCODER_DECODER: {"10m": 4, "60m": 8, "220m": 13, "0.8b": 20},
}
"""Architecture to the names of its sizes and their depths; 0.9b is MonoCoder's, 0.8b CodeRosetta's. What the vocabulary adds depends on it."""

HEAD_WIDTH = 64
_RATE_AT_DEPTH = (3e-3, 4)


def depth_of(architecture: str, size: str) -> int:
    """The depth that a size's name stands for.

    Raises:
        ConfigError: no such architecture or size.
    """
    if architecture not in SIZES:
        raise ConfigError(f"architecture {architecture!r}: expected one of {', '.join(ARCHITECTURES)}")
    names = SIZES[architecture]
    if size not in names:
        raise ConfigError(f"size {size!r}: no such {architecture}{nearest(size, list(names))}; expected one of {', '.join(names)}")
    return names[size]


def learning_rate(depth: float) -> float:
    """The highest learning rate for a model of this depth."""
    rate, at = _RATE_AT_DEPTH
    return rate * at / depth


def build(architecture: str, depth: int, tokenizer: Tokenizer, context: int) -> PretrainedConfig:
    """The config of a model of this depth."""
    return decoder(depth, tokenizer, context) if architecture == DECODER else encoder_decoder(depth, tokenizer, context)


def decoder(depth: int, tokenizer: Tokenizer, context: int) -> LlamaConfig:
    """A decoder (`decoder_of`) for a tokenizer."""
    from hpcraft.tokenizer.prompt import END, PAD, TEXT

    ids = {f"{name}_token_id": tokenizer.token_to_id(token) for name, token in (("bos", TEXT), ("eos", END), ("pad", PAD))}
    return decoder_of(depth, tokenizer.get_vocab_size(), context, ids)


def decoder_of(depth: int, vocab_size: int, context: int, ids: Mapping[str, int | None]) -> LlamaConfig:
    """A decoder with ``depth`` layers of width 64 x ``depth``; depth 4 has about 3 M parameters with 2048 tokens.

    Embeddings are tied, since at these sizes they would be a third of the model; the inner width is twice the width, not more,
    because on a CPU that buys speed.
    """
    from transformers import LlamaConfig

    width = HEAD_WIDTH * depth
    named: dict[str, Any] = dict(ids)
    return LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=depth,
        num_key_value_heads=depth,
        intermediate_size=2 * width,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        use_cache=False,  # with a cache transformers doesn't keep packed texts apart; what generates asks for one
        **named,
    )


def encoder_decoder(depth: int, tokenizer: Tokenizer, context: int) -> T5Config:
    """An encoder and a decoder with ``depth`` layers each, of width 64 x ``depth``; depth 4 has about 8 M parameters with 8192 tokens.

    As T5 v1.1 (gated GELU, no dropout), with tied embeddings. Positions are relative, so ``context`` is a habit and no limit.
    """
    from transformers import T5Config

    from hpcraft.tokenizer.prompt import END, PAD, TEXT

    width = HEAD_WIDTH * depth
    # What every model has goes by name, which T5's own signature doesn't list.
    common: dict[str, Any] = {
        "tie_word_embeddings": True,
        "n_positions": context,
        # As T5's; where there is a direction the decoder begins with that.
        "decoder_start_token_id": tokenizer.token_to_id(PAD),
        "bos_token_id": tokenizer.token_to_id(TEXT),
        "eos_token_id": tokenizer.token_to_id(END),
        "pad_token_id": tokenizer.token_to_id(PAD),
    }
    return T5Config(
        vocab_size=tokenizer.get_vocab_size(),
        d_model=width,
        d_kv=HEAD_WIDTH,
        d_ff=2 * width,
        num_layers=depth,
        num_decoder_layers=depth,
        num_heads=depth,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        **common,
    )
