"""The tokenizer: nothing is unknown, everything comes back, and others load it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import decoders

from hpcraft.cli import main
from hpcraft.errors import ConfigError, GateError, InputError
from hpcraft.stages import Work, execute
from hpcraft.store import read_json, read_manifest
from hpcraft.tokenizer import bpe, closed
from hpcraft.tokenizer.fertility import Meter
from hpcraft.tokenizer.prompt import CONTROL, SPECIAL
from hpcraft.tokenizer.train import STAGE, TokenizerConfig, measure
from hpcraft.tokenizer.whole import NAMES
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


def test_names_launches_and_control_tokens_are_whole(folder: Path) -> None:
    """Canonical names, launches, directive heads and control tokens are one token each wherever they stand; digits are single."""
    tokenizer = bpe.load(folder)
    for word in (*NAMES, *SPECIAL, *CONTROL, "<<<", ">>>", "#pragma omp parallel for"):
        assert tokenizer.encode(f"({word}", add_special_tokens=False).tokens[-1:] == [word], word
    assert tokenizer.encode("1024", add_special_tokens=False).tokens == ["1", "0", "2", "4"]


def test_report_measures_each_language_and_construct(folder: Path) -> None:
    """The report has bytes per token and the cost of constructs by language on held-out files, all of which round-trip."""
    report = read_json(folder / "report.json")
    assert report["measured_on"] == "valid"
    assert {"c", "fortran"} <= report["languages"].keys()
    assert all(row["broken"] == 0 and row["bytes_per_token"] > 1 for row in report["languages"].values())
    keyword = report["languages"]["fortran"]["constructs"]["Fortran keyword"]
    assert keyword["count"] > 10
    assert keyword["tokens_each"] >= 1
    assert 0 < report["languages"]["c"]["indentation_byte_share"] < 1


def test_constructs_are_counted_with_their_tokens() -> None:
    """A directive line, its clause words, MPI and CUDA names and a launch are found where they stand, and their tokens counted."""
    meter = Meter(closed.tokompiler())
    meter.add("a", "cuda", "  #pragma omp parallel for private(v1)\nMPI_Send(v0);\nf0<<<1,2>>>(v0);\n")
    meter.add("b", "fortran", "!$OMP DO\n      end do\n")
    cuda, fortran = meter.languages["cuda"].constructs, meter.languages["fortran"].constructs
    assert cuda["clause word"][:2] == (3, 3)
    assert cuda["directive line"][:2] == (
        1,
        len(["  ", "#pragma", " ", "omp", " ", "parallel", " ", "for", " ", "private", "(", "v", "1", ")"]),
    )
    assert cuda["MPI name"] == (1, 1, len("MPI_Send"))
    assert cuda["CUDA launch"][:2] == (1, 5)
    assert fortran["directive line"][:2] == (1, 3)
    assert fortran["Fortran keyword"][:2] == (3, 3)
    assert meter.languages["fortran"].indentation_bytes == 6


def test_a_tokenizer_that_loses_text_fails_the_stage(folder: Path, tmp_path: Path) -> None:
    """Documents that don't come back from their tokens are a failed gate, not a report."""
    lossy = bpe.load(folder)
    lossy.decoder = decoders.WordPiece()
    with pytest.raises(GateError, match="don't come back"):
        measure(lossy, Work(out=tmp_path, inputs={"corpus": folder.parent / "corpus"}, seed=0), 100_000)


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


def test_commands_encode_and_decode(folder: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Encoding a file of any bytes and decoding the ids gives it back, plain and as JSON; inspecting it counts the tokens."""
    source = tmp_path / "a.c"
    for data in (b"int main(void) { return 0; }\r\n", b"", b"\xef\xbb\xbf\x00\xff\xfe\xc3"):
        source.write_bytes(data)
        for flags in ([], ["--json"]):
            assert main(["tokenizer", "encode", str(folder), str(source), *flags]) == 0
            (tmp_path / "ids").write_bytes(capfdbinary.readouterr().out)
            assert main(["tokenizer", "decode", str(folder), str(tmp_path / "ids")]) == 0
            assert capfdbinary.readouterr().out == data
    assert main(["tokenizer", "decode", str(folder), str(tmp_path / "ids"), "--json"]) == 3
    assert b"without --json" in capfdbinary.readouterr().err
    source.write_text("int x;\n")
    assert main(["tokenizer", "inspect", str(folder), str(source)]) == 0
    assert b"bytes per token" in capfdbinary.readouterr().out


def test_bad_input_is_one_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file, what isn't ids, or a folder without a tokenizer is one line with the name, and exit code 3."""
    (tmp_path / "words").write_text("int x;")
    assert main(["tokenizer", "encode", str(folder), str(tmp_path / "none")]) == 3
    assert main(["tokenizer", "decode", str(folder), str(tmp_path / "words")]) == 3
    assert main(["tokenizer", "encode", str(tmp_path), str(tmp_path / "words")]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(str(tmp_path) in line for line in lines)


def test_an_unknown_kind_is_refused() -> None:
    """A kind that there is no training for is a usage error that lists the kinds."""
    with pytest.raises(ConfigError, match="bpe, tokompiler, lexer"):
        TokenizerConfig(kind="wordpiece")
