"""Others' models in small, with a real tokenizer, and a corpus with directives, MPI calls and functions."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import transformers

from hpcraft.records import CodeUnit, Document
from hpcraft.shards import ShardWriter
from tests.tokenizer.corpus_folder import finish, source_texts

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
FIM = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]
TOKENIZERS: dict[str, dict[str, Any]] = {
    "llama": {"bos_token": "<s>", "eos_token": "</s>"},
    "gpt2": {"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"},
    "qwen2": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "extra_special_tokens": ["<|im_start|>", *FIM]},
    "t5": {"eos_token": "</s>", "pad_token": "<pad>"},
    "sentinels": {"eos_token": "</s>", "pad_token": "<pad>", "extra_special_tokens": [f"<extra_id_{n}>" for n in range(30)]},
    "bart": {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "mask_token": "<mask>"},
    "bloom": {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"},
}
_SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 512}
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "llama": ("AutoModelForCausalLM", "LlamaConfig", _SHAPE),
    "gpt2": (
        *("AutoModelForCausalLM", "GPT2Config"),
        {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 512, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0},
    ),
    "bloom": ("AutoModelForCausalLM", "BloomConfig", {"hidden_size": 32, "n_layer": 2, "n_head": 2}),
    "qwen2": ("AutoModelForCausalLM", "Qwen2Config", {**_SHAPE, "num_key_value_heads": 1}),
    "t5": (
        *("AutoModelForSeq2SeqLM", "T5Config"),
        {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "n_positions": 512, "dropout_rate": 0.0},
    ),
    "bart": (
        *("AutoModelForSeq2SeqLM", "BartConfig"),
        {
            "d_model": 32,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "decoder_ffn_dim": 64,
            "max_position_embeddings": 512,
            "dropout": 0.0,
        },
    ),
}
MODELS["sentinels"] = MODELS["t5"]
"""T5 with the tokens that stand for what is masked."""


@functools.cache
def _trained(kind: str) -> Any:
    from tokenizers import ByteLevelBPETokenizer

    special = [token for value in TOKENIZERS[kind].values() for token in (value if isinstance(value, list) else [value])]
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(source_texts()[:30], vocab_size=500, special_tokens=list(dict.fromkeys(special)), show_progress=False)
    return trained._tokenizer


def save_tokenizer(folder: Path, kind: str, *, chat: bool = False) -> Any:
    """A byte-level BPE of this repository's sources, with a kind's special tokens."""
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=_trained(kind), **TOKENIZERS[kind])
    fast.chat_template = TEMPLATE if chat else None
    fast.save_pretrained(folder)
    return fast


def save_lossy(folder: Path) -> None:
    """A tokenizer as models of plain language have it: blanks of all kinds are one, brackets unknown."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "</s>": 1, "x": 2, "1": 3, ";": 4}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="</s>").save_pretrained(folder)


def save_metaspace(folder: Path) -> Any:
    """A tokenizer as Llama 2 has it: a word at the beginning of a text is another than behind a line break."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first", split=False)
    alphabet = [chr(code) for code in (9, 10, *range(33, 127))]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>", "<s>", "</s>"], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([text[:2000] for text in source_texts()[:10]], trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    fast.save_pretrained(folder)
    return fast


def save_base(folder: Path, kind: str, *, chat: bool = False) -> Path:
    """A model with random weights and its tokenizer."""
    import torch

    torch.manual_seed(0)
    tokenizer = save_tokenizer(folder, kind, chat=chat)
    auto, config_class, shape = MODELS[kind]
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.bos_token_id}
    first = {"t5": tokenizer.pad_token_id, "sentinels": tokenizer.pad_token_id, "bart": tokenizer.eos_token_id}
    more = {"decoder_start_token_id": first[kind]} if kind in first else {}
    config = getattr(transformers, config_class)(vocab_size=len(tokenizer), **shape, **ends, **more)
    getattr(transformers, auto).from_config(config).save_pretrained(folder)
    return folder


LOOP = "for (int i = 0; i < n; i++) {{\n    {word}[i] = {number} * b[i];\n}}\n"
BARE = "for (int k = 1; k < n; k++)\n    {word}[k] = {word}[k - 1] + {number};\n"
FORTRAN_LOOP = "do i = 1, n\n  {word}(i) = {number} * b(i)\nend do\n"
FUNCTION = """double {word}_{number}(int n, const double *{word})
{{
    double sum = {number};
#pragma omp parallel for \\
    reduction(+:sum)
    for (int i = 0; i < n; i++)
        sum += {word}[i] * {number};
    return sum;
}}
"""
EXCHANGE = """int {word}_exchange(double *{word}, int n, int rank, int size)
{{
    int err, flag;
    MPI_Status status;
    if (rank > {number}) MPI_Send({word}, n, MPI_DOUBLE,
                             rank - 1, {number}, MPI_COMM_WORLD);
    err = MPI_Recv({word}, n, MPI_DOUBLE, rank + 1, {number}, MPI_COMM_WORLD, &status); {word}[0] = err;
    if (MPI_Initialized(&flag) != MPI_SUCCESS)
        return {number};
    return 0;
}}
"""
PROGRAM = """#include <mpi.h>
int main(int argc, char **argv)
{{
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
{work}    MPI_Finalize();
    return 0;
}}
"""
_WORDS = ["flux", "pressure", "density", "energy", "smooth", "relax", "advect", "residual"]
CANARY = "forbidden_canary"
"""Stands in the test split alone."""


def task_corpus(folder: Path, *, splits: tuple[str, ...] = ("train", "valid", "test")) -> Path:
    """A folder as ``prepare`` leaves it: loops with and without directives, functions, MPI programs."""
    folder.mkdir(parents=True)
    with (
        ShardWriter(folder, "corpus", Document) as documents,
        ShardWriter(folder, "loops", CodeUnit) as loops,
        ShardWriter(folder, "functions", CodeUnit) as functions,
        ShardWriter(folder, "programs", CodeUnit) as programs,
    ):
        for split in splits:
            for number in range(8):
                word = CANARY if split == "test" else _WORDS[number]
                words = {"word": word, "number": number + 10 * (split == "valid")}
                for name, models in ((f"{split}{number}", ("openmp",)), (f"other{split}{number}", ())):
                    documents.write(_document(name, models, split))
                loop: dict[str, Any] = {"kind": "loop", "split": split, "document_id": f"{split}{number}"}
                loops.write(
                    _unit(
                        LOOP.format(**words),
                        models=("openmp",),
                        directive=f"#pragma omp parallel for schedule(static, {number}) if(n > 9)",
                        **loop,
                    )
                )
                loops.write(_unit(BARE.format(**words), **loop))
                loops.write(_unit(f"/* elsewhere */ {BARE.format(**words)}", **{**loop, "document_id": f"other{split}{number}"}))
                fortran: dict[str, Any] = {**loop, "language": "fortran", "models": ("openmp",)}
                loops.write(_unit(FORTRAN_LOOP.format(**words), directive="!$omp parallel do private(i)", **fortran))
                function: dict[str, Any] = {"kind": "function", "split": split, "document_id": f"{split}{number}"}
                functions.write(_unit(FUNCTION.format(**words), models=("openmp",), **function))
                functions.write(_unit(EXCHANGE.format(**words), models=("mpi",), **function))
                work = "".join(f"    step({i}, {words['number']});\n    MPI_Barrier(MPI_COMM_WORLD);\n" for i in range(4 + 10 * number))
                programs.write(
                    _unit(PROGRAM.format(work=work), kind="program", split=split, models=("mpi",), document_id=f"p{split}{number}")
                )
    return finish(folder, "prepare")


def _document(name: str, models: tuple[str, ...], split: str) -> Document:
    return Document(
        document_id=name, source="path:demo", package="demo", version="1", path=f"{name}.c", sha256=name, language="c", form="",
        models=models, licence="MIT", licence_evidence="spdx-header", split=split, text="int x;\n",
    )  # fmt: skip


def _unit(
    text: str, *, kind: str, split: str, document_id: str, models: tuple[str, ...] = (), directive: str = "", language: str = "c"
) -> CodeUnit:
    return CodeUnit(
        unit_id=f"{kind}/{document_id}/{hash_of(text)}", kind=kind, document_id=document_id, name="f", language=language, models=models,
        directive=directive, source="path:demo", package="demo", version="1", path="a.c", sha256="0", licence="MIT",
        licence_evidence="spdx-header", split=split, start_line=1, text=text,
    )  # fmt: skip


def hash_of(text: str) -> str:
    """A name for a text."""
    from hpcraft.store import sha256_bytes

    return sha256_bytes(text.encode())[:12]
