"""Other libraries read the files and give the same ids: transformers 5 and 4, SentencePiece, and llama.cpp.

llama.cpp needs ``HPCRAFT_LLAMA_CPP``, a checkout whose converter is used as it is, and the package ``cyllama``, which has it built.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer

from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import SPECIAL
from hpcraft.tokenizer.token_plan import BYTES
from tests.tokenizer.corpus_folder import source_texts

_TRANSFORMERS_4 = ("transformers==4.57.6", "tokenizers==0.22.2")
_SHOW = """
import json, sys
import transformers
t = transformers.AutoTokenizer.from_pretrained(sys.argv[1], trust_remote_code=False)
texts = json.load(open(sys.argv[2]))
ids = [t(x)["input_ids"] for x in texts]
print(json.dumps({"version": transformers.__version__, "ids": ids, "texts": [t.decode(i) for i in ids]}))
"""
_LLAMA = """
import json, sys
from cyllama.llama import llama_cpp
llama_cpp.disable_logging()
model = llama_cpp.LlamaModel(sys.argv[1], llama_cpp.LlamaModelParams())
vocab = model.get_vocab()
print(json.dumps([list(vocab.tokenize(x, False, True)) for x in json.load(open(sys.argv[2]))]))
"""


@cache
def _trained() -> Tokenizer:
    return bpe.train(source_texts(), 4096)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer folder, with ``texts.json`` to try it on."""
    out = tmp_path_factory.mktemp("loaders")
    bpe.save(_trained(), out)
    lines = [line for text in source_texts() for line in text.splitlines(keepends=True)]
    odd = ["", " ", " a", "a ,b . c 's", "\n\n\t \r\n", "äöü 🚀 \ufeff", "<|c2omp|><|0|>int v31=v4;<|end|>", "-" * 500, "  " * 300]
    (out / "texts.json").write_text(json.dumps([*odd, *lines[:: max(1, len(lines) // 2000)], *source_texts()[:20]]))
    return out


def _texts(folder: Path) -> list[str]:
    texts: list[str] = json.loads((folder / "texts.json").read_text())
    return texts


def _ids(texts: list[str]) -> list[list[int]]:
    return [_trained().encode(text, add_special_tokens=False).ids for text in texts]


def _run(script: str, *arguments: str | Path, path: Path | None = None) -> str:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", **({"PYTHONPATH": str(path)} if path else {})}
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()[-1]


@pytest.mark.ci
@pytest.mark.skipif(find_spec("transformers") is None, reason="transformers isn't installed")
def test_transformers_5_gives_the_same_ids_and_text(folder: Path) -> None:
    """The installed transformers loads it without remote code."""
    shown = json.loads(_run(_SHOW, folder, folder / "texts.json"))
    assert shown["ids"] == _ids(_texts(folder))
    assert shown["texts"] == _texts(folder)


@pytest.mark.network
def test_transformers_4_gives_the_same_ids_and_text(folder: Path, tmp_path: Path) -> None:
    """The last version 4, in a folder of its own, loads the same files."""
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", tmp_path, *_TRANSFORMERS_4], check=True, capture_output=True)
    shown = json.loads(_run(_SHOW, folder, folder / "texts.json", path=tmp_path))
    assert shown["version"].startswith("4.")
    assert shown["ids"] == _ids(_texts(folder))
    assert shown["texts"] == _texts(folder)


@cache
def _sentencepiece(folder: Path) -> SentencePieceProcessor:
    return SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


def test_sentencepiece_gives_the_same_ids(folder: Path) -> None:
    """The SentencePiece model, which has no pre-tokenizer, cuts sources alike; only control tokens are text to it."""
    texts = [text for text in _texts(folder) if not any(token in text for token in SPECIAL)]
    assert [_sentencepiece(folder).encode(text) for text in texts] == _ids(texts)
    assert [_sentencepiece(folder).decode(ids) for ids in _ids(texts)] == texts


_PIECES = st.deferred(lambda: st.sampled_from([t for t in sorted(_trained().get_vocab()) if t not in (*SPECIAL, *BYTES)]))


@settings(deadline=None)  # the first example trains
@given(st.lists(st.one_of(_PIECES, st.text(max_size=5), st.text("-= \n/*a_1", max_size=12)), max_size=6).map("".join))
def test_sentencepiece_agrees_on_anything(folder: Path, text: str) -> None:
    """Any text without U+2581, which is SentencePiece's blank, and without its control tokens is cut alike."""
    if "\u2581" not in text and not any(token in text for token in SPECIAL):
        assert _sentencepiece(folder).encode(text) == _trained().encode(text, add_special_tokens=False).ids


def test_llama_cpp_gives_the_same_ids(folder: Path, tmp_path: Path) -> None:
    """llama.cpp's converter takes a model with these files as it is, and llama.cpp cuts the texts alike."""
    checkout = os.environ.get("HPCRAFT_LLAMA_CPP")
    if not checkout or find_spec("cyllama") is None or find_spec("torch") is None:
        pytest.skip("HPCRAFT_LLAMA_CPP names no checkout, or cyllama or torch isn't installed")
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=4096,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    bpe.save(_trained(), tmp_path)
    converter, gguf = Path(checkout) / "convert_hf_to_gguf.py", tmp_path / "model.gguf"
    environment = {**os.environ, "PYTHONPATH": str(Path(checkout) / "gguf-py")}
    command = [sys.executable, str(converter), str(tmp_path), "--outfile", str(gguf)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(_run(_LLAMA, gguf, folder / "texts.json")) == _ids(_texts(folder))
