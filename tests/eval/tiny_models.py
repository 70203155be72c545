"""Models of a few thousand weights that transformers loads, for tests of generation."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

VOCABULARY = 258
"""The bytes, and two tokens that end and pad."""
SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 512}
KINDS = {
    "llama": ("LlamaForCausalLM", "LlamaConfig", SHAPE),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 512}),
    "neox": ("GPTNeoXForCausalLM", "GPTNeoXConfig", SHAPE),
    "t5": (
        "T5ForConditionalGeneration",
        "T5Config",
        {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 257},
    ),
}


def save_tokenizer(folder: Path, chat_template: str | None = None) -> None:
    """A tokenizer of bytes."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    vocabulary = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", pad_token="<pad>")
    fast.chat_template = chat_template
    fast.save_pretrained(folder)


def save_model(folder: Path, kind: str = "llama", *, chat_template: str | None = None, **shape: int) -> Path:
    """A model with random weights, large enough that answers differ."""
    torch.manual_seed(0)
    model_class, config_class, given = KINDS[kind]
    own = {"initializer_factor": 8.0} if kind == "t5" else {"initializer_range": 0.4}
    ends = {"eos_token_id": 256, "pad_token_id": 257, "bos_token_id": None}
    config = getattr(transformers, config_class)(**{"vocab_size": VOCABULARY, **given, **own, **ends, **shape})
    getattr(transformers, model_class)(config).save_pretrained(folder)
    save_tokenizer(folder, chat_template)
    return folder


def save_chain(folder: Path, text: str) -> Path:
    """A model that writes ``text`` behind its first character, again and again: each character says which one is next, and none stands twice."""
    from tokenizers import Tokenizer

    save_tokenizer(folder)
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids
    assert len(set(ids)) == len(ids)
    sizes = {"hidden_size": VOCABULARY, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    config = transformers.LlamaConfig(vocab_size=VOCABULARY, max_position_embeddings=512, eos_token_id=256, pad_token_id=257, **sizes)
    model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        model.model.norm.weight.fill_(1.0)
        model.model.embed_tokens.weight.copy_(torch.eye(VOCABULARY))
        for here, after in zip(ids, ids[1:] + ids[:1], strict=True):
            model.lm_head.weight[after, here] = 1.0
    model.save_pretrained(folder)
    return folder
