"""The card, the statistics and the plots of a corpus, and the library that opens it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hpcraft.data.card import card, front_matter
from hpcraft.data.card_words import hub_licences, reason_words, size_category
from hpcraft.data.facts import CONFIGS, Facts, count_shards, facts_of
from hpcraft.data.statistics import write_out
from hpcraft.errors import InputError
from hpcraft.records import CodeUnit, Document
from hpcraft.shards import ShardWriter, read_rows

FACTS = Facts(
    metrics={
        "by_package": {"hypre": {"files": 2, "bytes": 2_000_000}, "we`ird|name\n## x": {"files": 1, "bytes": 1000}},
        "by_language": {"c": {"files": 2, "bytes": 2_000_000}, "fortran": {"files": 1, "bytes": 1000}},
        "by_licence": {"MIT OR Apache-2.0": {"files": 2, "bytes": 2_000_000}, "LicenseRef-own": {"files": 1, "bytes": 1000}},
        "by_model": {"openmp": {"files": 1, "bytes": 10}, "serial": {"files": 2, "bytes": 20}},
        "by_split": {"train": {"files": 2, "bytes": 2_000_000}, "test": {"files": 1, "bytes": 1000}},
        "by_year": {"2001": {"files": 1, "bytes": 5}, "2019": {"files": 1, "bytes": 5}, "unknown": {"files": 1, "bytes": 5}},
        "by_construct": {"omp parallel for": 7, "MPI_Send": 3},
        "by_clause": {"reduction": 4},
        "sizes": {"c": {"11": 1, "20": 1}, "fortran": {"10": 1}},
        "mined": {"files": 10, "bytes": 9_000_000},
        "splits": {"hypre": "train", "we`ird|name\n## x": "test"},
        "units": {"functions": {"c": 5, "fortran": 1}, "loops": {"c": 1}, "plain_loops": {"c": 2}},
        "duplicates": {"exact": 3, "near": 1, "leak": 0, "clusters": 1},
        "leakage": {"threshold": 0.7, "pairs": 0},
        "contamination": {"kernels": 1},
        "redactions": {"e-mail": 12},
        "encodings": {"utf-8": 2, "latin-1": 1},
        "made_from": {"mine": {"sources": ["path:x", "debian:hypre"], "max_files_per_package": 9}, "benchmarks": {}},
        "sources": {"hypre": {"source": "debian:hypre", "version": "2.26"}, "we`ird|name\n## x": {"source": "path:x", "version": "1"}},
    },
    rows={"corpus": 3, "functions": 6, "loops": 1},
    rejections={"generated": 4, "no-licence": 2, "benchmark": 1},
    config={"licence_policy": "permissive", "decontaminate": ("/home/someone/secret-benchmarks",)},
    seed=7,
    shards={"corpus": {"train": 2, "test": 1}, "functions": {"train": 6}},
)


def document(number: int, split: str) -> Document:
    """A row with every column."""
    text = f"int f{number}(void)\n{{\n    return {number};\n}}\n"
    return Document(
        document_id=f"{number:064x}", source="path:x", package="x", version="1", path=f"{number}.c", sha256="0" * 64, language="c", form="",
        models=("mpi", "openmp")[: number % 3], licence="MIT", licence_evidence="spdx-header", split=split, text=text,
    )  # fmt: skip


def unit(number: int, kind: str, split: str) -> CodeUnit:
    """A unit of `document`."""
    d = document(number, split)
    return CodeUnit(
        unit_id=f"{number:064x}", kind=kind, document_id=d.document_id, name="f", language="c", models=d.models, directive="", source=d.source,
        package="x", version="1", path=d.path, sha256=d.sha256, licence="MIT", licence_evidence="spdx-header", split=split, start_line=1, text=d.text,
    )  # fmt: skip


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Shards of every kind and split, one of them empty."""
    kinds = {"functions": "function", "loops": "loop", "programs": "program", "kernels": "kernel"}
    for split, numbers in (("train", range(5)), ("valid", range(5, 7)), ("test", range(7, 8))):
        for name in CONFIGS.values():
            with ShardWriter(tmp_path, name, CodeUnit if name in kinds else Document) as writer:
                for number in numbers:
                    if not (name == "kernels" and split == "test"):
                        writer.write(unit(number, kinds[name], split) if name in kinds else document(number, split))
            (tmp_path / f"{name}-00000.parquet").rename(tmp_path / f"{name}-00000-{split}.parquet")
    write_out(tmp_path, FACTS)
    return tmp_path


def test_the_datasets_library_opens_every_configuration(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """``load_dataset(FOLDER, NAME, split=...)`` gives the rows that were written, and no configuration has an empty split."""
    cache = tmp_path_factory.mktemp("cache")
    for name in ("HF_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, str(cache))
    datasets = pytest.importorskip("datasets")
    assert sorted(datasets.get_dataset_config_names(str(corpus))) == sorted(CONFIGS)
    for config in CONFIGS:
        loaded = datasets.load_dataset(str(corpus), config, cache_dir=str(cache))
        wanted = {"train": 5, "validation": 2, "test": 1}
        if config == "kernels":
            del wanted["test"]
        assert {split: len(rows) for split, rows in loaded.items()} == wanted
        assert loaded["train"][1]["licence"] == "MIT"
    functions = datasets.load_dataset(str(corpus), "functions", split="train", cache_dir=str(cache))
    assert functions[2]["text"] == document(2, "train").text
    assert functions[2]["models"] == ["mpi", "openmp"]
    assert len(list(read_rows(corpus, "corpus", Document))) == 8


def test_the_head_is_valid_for_the_hub(corpus: Path) -> None:
    """The library of the Hub reads the card, and finds in it what the Hub shows."""
    hub = pytest.importorskip("huggingface_hub")
    read = hub.DatasetCard.load(corpus / "README.md")
    assert read.data.license == ["apache-2.0", "mit", "other"]
    assert read.data.task_categories == ["text-generation"]
    assert read.data.size_categories == ["n<1K"]
    assert read.data.to_dict()["programming_language"] == ["C", "Fortran"]
    again = hub.DatasetCardData(**front_matter(FACTS))
    assert yaml.safe_load(again.to_yaml())["configs"][0]["config_name"] == "documents"


def test_equal_facts_give_equal_bytes(corpus: Path) -> None:
    """Written twice, no byte of card, statistics and plots differs."""
    files = [p for p in sorted(corpus.rglob("*")) if p.suffix in (".md", ".json", ".png")]
    before = [p.read_bytes() for p in files]
    assert {p.stem for p in files if p.suffix == ".png"} == {
        *("languages", "models", "licences", "packages", "constructs", "clauses", "sizes", "years", "rejections")
    }
    write_out(corpus, FACTS)
    assert [p.read_bytes() for p in files] == before


def test_the_card_says_what_was_counted() -> None:
    """Each count stands in the card, an empty split doesn't, and no figure is made up where nothing was counted."""
    text = card(FACTS, ["languages"])
    for said in ("3 files (2.00 MB) of 2 packages, out of 10 files (9.00 MB)", "| `generated` | 4 |", "| `omp parallel for` | 7 |", "debian:hypre", "0 are as alike as 0.7", "2.26",
                 "| e-mail | 12 |".replace("e-mail", "`e-mail`"), "| `kernels` | 1 |", "![Megabytes by language](statistics/languages.png)"):  # fmt: skip
        assert said in text, said
    assert "statistics/years.png" not in text
    files = front_matter(FACTS)["configs"]
    assert files[0]["data_files"] == [
        {"split": "train", "path": "corpus-*-train.parquet"},
        {"split": "test", "path": "corpus-*-test.parquet"},
    ]
    assert [c["config_name"] for c in files] == ["documents", "functions"]
    assert [row for row in text.splitlines() if "| test |" in row] == ["| test | 1 | 0.00 MB | `we ird name ## x` |"]
    recipe = yaml.safe_load(text.split("```yaml")[1].split("```")[0])
    assert list(recipe["stages"]) == ["mine", "benchmarks", "prepare"]
    assert recipe["stages"]["mine"] == {"sources": ["path:x", "debian:hypre"], "max_files_per_package": 9}, "the order decides the bytes"
    bare = card(Facts(metrics={}, rows={"corpus": 0}))
    assert "not compared with any benchmark" in bare
    assert "## Duplicates" not in bare


def test_names_from_packages_cannot_break_the_card() -> None:
    """A package named with markup stays one cell, and no folder of the maker's own computer is told."""
    text = card(FACTS)
    assert "\n## x" not in text
    assert "`we ird name ## x`" in text
    assert "/home/someone" not in text
    assert "secret-benchmarks" in text
    head = text.split("---\n")[1]
    assert set(yaml.safe_load(head)) >= {"license", "configs", "tags", "pretty_name"}


def test_plots_of_nothing_and_of_much(tmp_path: Path) -> None:
    """Without counts no plot is drawn; many bars become twenty."""
    write_out(tmp_path, Facts(metrics={}, rows={"corpus": 0}))
    assert not list((tmp_path / "statistics").iterdir())
    many = replace(FACTS, metrics={**FACTS.metrics, "by_construct": {f"$MPI_{'X' * (i % 60)}{i}": i for i in range(500)}})
    write_out(tmp_path, many)
    assert (tmp_path / "statistics" / "constructs.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "statistics.json").read_text())["by_construct"]["$MPI_XX2"] == 2


@pytest.mark.parametrize(
    ("expressions", "ids"),
    [
        (["MIT"], ["mit"]),
        (["GPL-2.0-or-later WITH Classpath-exception-2.0"], ["gpl-2.0"]),
        (["(BSD-3-Clause OR MIT) AND Zlib"], ["bsd-3-clause", "mit", "zlib"]),
        (["LicenseRef-x", "MIT"], ["mit", "other"]),
        ([], ["other"]),
    ],
)
def test_licences_as_the_hub_spells_them(expressions: list[str], ids: list[str]) -> None:
    """Ids that the Hub doesn't know become ``other``, once, at the end."""
    assert hub_licences(expressions) == ids


def test_every_reason_has_words() -> None:
    """A reason means what its family does; one that nobody knows means nothing."""
    assert reason_words("generated:f2c") == reason_words("generated") == "written by a program"
    assert reason_words("generated:repetitive") == "written by a program (a few lines over and over)"
    assert reason_words("parser-crash") == reason_words("parser-hang") != ""
    assert reason_words("licence-policy") != reason_words("licence-unknown")
    assert reason_words("of-another-version") == ""


def test_sizes_as_the_hub_counts_them() -> None:
    """The limits are the Hub's."""
    assert [size_category(n) for n in (0, 999, 1000, 99_999, 1_000_000, 10**9)] == [
        *("n<1K", "n<1K", "1K<n<10K", "10K<n<100K", "1M<n<10M", "10M<n<100M")
    ]


def test_only_finished_corpora_have_facts(tmp_path: Path) -> None:
    """A folder without a manifest has no card; shards without a split in their name aren't counted."""
    with pytest.raises(InputError, match="not a finished stage folder"):
        facts_of(tmp_path)
    with ShardWriter(tmp_path, "corpus", Document) as writer:
        writer.write(document(1, "train"))
    assert count_shards(tmp_path) == {}
