"""Closed vocabularies: nothing is unknown, everything comes back, and lexemes are whole."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hpcraft.stages import execute
from hpcraft.store import read_json
from hpcraft.tokenizer import bpe, closed
from hpcraft.tokenizer.train import STAGE, TokenizerConfig
from tests.tokenizer.corpus_folder import corpus_folder, source_texts


@cache
def tokenizer_of(kind: str) -> Tokenizer:
    """A closed vocabulary."""
    return closed.tokompiler() if kind == "tokompiler" else closed.train_lexer(source_texts(), 1500)


def tokens(kind: str, text: str) -> list[str]:
    """The tokens of a text."""
    return list(tokenizer_of(kind).encode(text, add_special_tokens=False).tokens)


def test_the_gaps_of_the_seed_are_filled() -> None:
    """Operators, directives, qualifiers, newlines and indentation that Tokompiler lacked are tokens; a name is its kind and number."""
    text = "#pragma omp parallel for reduction(+:v0)\n    v0+=v12[!v3];\n"
    assert [t for t in tokens("tokompiler", text) if t.strip()] == [
        *("#pragma", "omp", "parallel", "for", "reduction", "(", "+", ":", "v", "0", ")"),
        *("v", "0", "+=", "v", "12", "[", "!", "v", "3", "]", ";"),
    ]
    assert tokens("tokompiler", "\n    ") == ["\n", "    "]
    for word in ("#include", "template", "typename", "namespace", "MPI_Send", "__global__", "enddo", "allocate", "<<<", "REDUCTION", "<<="):
        assert tokens("tokompiler", word) == [word]


@pytest.mark.parametrize("kind", ["lexer", "tokompiler"])
@settings(deadline=None)  # the first example trains
@given(
    text=st.one_of(
        st.text(max_size=60), st.lists(st.sampled_from(["v12", "v1000", "conv2d", "+=", " ", "\n", "f0(", "é", "0x1F"])).map("".join)
    )
)
def test_any_text_comes_back(kind: str, text: str) -> None:
    """No token is unknown and the text is the same after decoding."""
    tokenizer = tokenizer_of(kind)
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False) == text


def test_the_most_frequent_lexemes_are_whole() -> None:
    """The lexer's vocabulary has the words that the sources use most, and the size that was asked for."""
    import re

    counts = Counter(lexeme for text in source_texts() for lexeme in re.findall(closed.LEXEMES, text))
    for lexeme, _ in counts.most_common(100):
        assert tokens("lexer", lexeme) == [lexeme]
    assert tokenizer_of("lexer").get_vocab_size() == 1500


@pytest.mark.parametrize("kind", ["lexer", "tokompiler"])
def test_the_stage_makes_them_and_others_load_them(kind: str, tmp_path: Path) -> None:
    """The stage writes Hugging Face files without ``tokenizer.model``, and plain transformers gives the same ids."""
    transformers = pytest.importorskip("transformers")
    execute(STAGE, TokenizerConfig(kind=kind, vocab_size=1024), {"corpus": corpus_folder(tmp_path / "corpus")}, tmp_path / "out")
    ours, theirs = bpe.load(tmp_path / "out"), transformers.AutoTokenizer.from_pretrained(tmp_path / "out", trust_remote_code=False)
    assert read_json(tmp_path / "out" / "report.json")["kind"] == kind
    assert not (tmp_path / "out" / "tokenizer.model").exists()
    for text in source_texts()[:10]:
        assert theirs(text)["input_ids"] == ours.encode(text, add_special_tokens=False).ids
        assert theirs.decode(theirs(text)["input_ids"]) == text
