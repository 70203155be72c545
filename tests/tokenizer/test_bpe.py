"""The tokenizer: nothing is unknown, everything comes back, and others load it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcraft.cli import main
from hpcraft.errors import ConfigError, InputError
from hpcraft.stages import execute
from hpcraft.store import read_json, read_manifest
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import CONTROL, SPECIAL
from hpcraft.tokenizer.train import STAGE, TokenizerConfig
from hpcraft.tokenizer.words import WHOLE
from tests.tokenizer.corpus_folder import corpus_folder

ODD = [
    "",
    " ",
    "\n\n\t \r\n",
    "äöü €  \u202f 你好 🚀",
    "\x00\x01\x7f",
    "v0 v31 v32 v001 xv1 v1_ w15 g3",
    "½ ９ ²",
    "<|end|><|7|><|77|>",
    "a" * 3000,
    "0x1F 1e-10",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished tokenizer stage."""
    root = tmp_path_factory.mktemp("tokenizer")
    execute(STAGE, TokenizerConfig(vocab_size=1024), {"corpus": corpus_folder(root / "corpus")}, root / "out")
    return root / "out"


def test_odd_strings_round_trip(folder: Path) -> None:
    """Odd strings, unseen bytes and control words come back as they were."""
    tokenizer = bpe.load(folder)
    for text in ODD:
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False) == text


def test_transformers_loads_it_without_remote_code(folder: Path) -> None:
    """Plain transformers gives the same ids and text."""
    transformers = pytest.importorskip("transformers")
    ours, theirs = bpe.load(folder), transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    for text in ODD:
        assert theirs(text, add_special_tokens=False)["input_ids"] == ours.encode(text, add_special_tokens=False).ids
        assert theirs.decode(theirs(text)["input_ids"]) == text
    assert read_json(folder / "tokenizer_config.json")["tokenizer_class"] == "PreTrainedTokenizerFast"


def test_words_of_compilers_and_canonical_names_are_whole(folder: Path) -> None:
    """Directive words, qualifiers, launches, names and control tokens are one token each; digits are single."""
    tokenizer = bpe.load(folder)
    for word in (*WHOLE, *(f"{w} " for w in WHOLE), *bpe.NAMES, *SPECIAL, *CONTROL, "<<<", ">>>"):
        assert len(tokenizer.encode(word, add_special_tokens=False).ids) == 1, word
    assert tokenizer.encode("1024", add_special_tokens=False).tokens == ["1", "0", "2", "4"]


def test_report_measures_each_language(folder: Path) -> None:
    """The report has bytes per token by language on held-out files, all of which round-trip."""
    report = read_json(folder / "report.json")
    assert report["measured_on"] == "valid"
    assert {"c", "fortran"} <= report["languages"].keys()
    assert all(row["broken"] == 0 and row["bytes_per_token"] > 1 for row in report["languages"].values())


def test_training_is_deterministic(folder: Path, tmp_path: Path) -> None:
    """The same corpus gives the same bytes."""
    execute(STAGE, TokenizerConfig(vocab_size=1024), {"corpus": folder.parent / "corpus"}, tmp_path / "again")
    assert read_manifest(tmp_path / "again").outputs_sha256 == read_manifest(folder).outputs_sha256


def test_too_small_a_corpus_is_one_clear_error(tmp_path: Path) -> None:
    """A corpus with next to nothing to train on is refused with what to do."""
    with pytest.raises(InputError, match="mine more"):
        execute(STAGE, TokenizerConfig(), {"corpus": corpus_folder(tmp_path / "corpus", repeats=1)}, tmp_path / "out")


def test_too_small_a_vocabulary_is_refused() -> None:
    """A vocabulary that can't hold the words that stay whole is a usage error."""
    with pytest.raises(ConfigError, match="vocab_size"):
        TokenizerConfig(vocab_size=300)


def test_commands_show_and_encode(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Encoding a file and decoding the ids gives the file back; inspecting it counts the tokens."""
    source = tmp_path / "a.c"
    source.write_text("int main(void) { return 0; }\n")
    assert main(["tokenizer", "encode", str(folder), str(source)]) == 0
    (tmp_path / "ids").write_text(capsys.readouterr().out)
    assert main(["tokenizer", "encode", str(folder), str(tmp_path / "ids"), "--decode"]) == 0
    assert capsys.readouterr().out == source.read_text()
    assert main(["tokenizer", "inspect", str(folder), str(source)]) == 0
    assert "bytes per token" in capsys.readouterr().out


def test_binary_file_and_missing_tokenizer_are_bad_input(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that isn't text, or a folder without a tokenizer, is one line and exit code 3."""
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
    assert main(["tokenizer", "encode", str(folder), str(tmp_path / "b")]) == 3
    assert main(["tokenizer", "encode", str(tmp_path), str(tmp_path / "b")]) == 3
    assert capsys.readouterr().err.count("\n") == 2
