"""Looking at a finished data folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft.data.clean import Rejected
from hpcraft.data.inspect import describe, render, render_reason
from hpcraft.data.mine import STAGE, MineConfig
from hpcraft.data.prepare import STAGE as PREPARE
from hpcraft.data.prepare import PrepareConfig
from hpcraft.errors import InputError
from hpcraft.records import Contamination, Document, Duplicate
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import execute
from hpcraft.store import list_outputs, read_manifest, write_manifest


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A small prepared folder with rejected rows kept."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.c").write_text("// SPDX-License-Identifier: MIT\nint add(int a, int b)\n{\n    return a + b;\n}\n")
    (tmp_path / "lib" / "b.c").write_text("int sub(int a, int b)\n{\n    return a - b;\n}\n")
    execute(STAGE, MineConfig(sources=(f"path:{tmp_path / 'lib'}",), cache=str(tmp_path / "cache")), {}, tmp_path / "files")
    execute(PREPARE, PrepareConfig(keep_rejected=True), {"files": tmp_path / "files"}, tmp_path / "corpus")
    return tmp_path / "corpus"


def test_counts_and_rejections_are_shown_with_examples(corpus: Path) -> None:
    """Both the words and the JSON say what was kept and what was rejected, with a path."""
    value = describe(corpus)
    assert value["metrics"]["by_licence"]["MIT"]["files"] == 1
    assert value["rejections"] == {"no-licence": 1}
    (example,) = value["rejected_examples"]["no-licence"]
    assert (example["package"], example["path"], example["licence"]) == ("lib", "b.c", "")
    assert example["excerpt"].startswith("int sub(int a, int b)")
    text = render(value)
    assert "no-licence" in text
    assert "lib/b.c" in text
    assert "int sub(int a, int b)" in text
    assert "MIT" in text


def test_the_command_prints_json(corpus: Path, hpcraft: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """``--json`` is one object on stdout."""
    done = hpcraft("inspect", corpus, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == {"corpus": 1, "functions": 1, "loops": 0, "programs": 0, "kernels": 0}


def test_an_unfinished_folder_is_named(tmp_path: Path) -> None:
    """A folder without a manifest is bad input."""
    with pytest.raises(InputError, match="not a finished stage folder"):
        describe(tmp_path)


def duplicate(kind: str, kept_id: str, number: int) -> Duplicate:
    """A row of what was left out because another document stands for it."""
    return Duplicate(
        kind=kind,
        document_id=f"{number:064x}",
        kept_id=kept_id,
        similarity=0.9,
        source="path:x",
        package="x",
        version="1",
        path=f"copy{number}.c",
        sha256="0" * 64,
        licence="MIT",
        licence_evidence="spdx-header",
    )


@pytest.fixture
def written(corpus: Path) -> Path:
    """The folder with near duplicates, contamination and rejections of several packages beside its rows."""
    kept = next(read_rows(corpus, "corpus", Document)).document_id
    hostile = "\x1b[31mint [bold]x[/bold] = 1;\n" * 3
    with ShardWriter(corpus, "duplicates", Duplicate) as duplicates:
        for number in range(7):
            duplicates.write(duplicate("near", kept, number))
        duplicates.write(duplicate("leak", "f" * 64, 8))
    with ShardWriter(corpus, "contamination", Contamination) as contamination:
        row = Contamination(
            document_id=kept,
            unit_id="u",
            source="path:x",
            package="x",
            version="1",
            path="axpy.c",
            sha256="0" * 64,
            licence="MIT",
            licence_evidence="spdx-header",
            suite="kernels",
            task_id="kernels/axpy/openmp/c",
            kind="reference",
            how="tree",
            share=1.0,
        )
        contamination.write(row)
    with ShardWriter(corpus, "rejected", Rejected) as rejected:
        for package in ("a", "a", "a", "a", "b"):
            left_out = Rejected(
                source="path:x",
                package=package,
                version="1",
                path="gen.c",
                sha256="0" * 64,
                reason="generated",
                licence="MIT",
                licence_evidence="spdx-header",
                excerpt=hostile,
            )
            rejected.write(left_out)
    manifest = read_manifest(corpus)
    rejections = {"generated": 5, "near-duplicate": 7, "leak": 1, "benchmark": 1, "too-large": 2}
    write_manifest(corpus, replace(manifest, rejections=rejections, outputs=list_outputs(corpus)))
    return corpus


def test_every_reason_has_examples_and_clusters_have_members(written: Path) -> None:
    """Rejected rows, duplicates and contamination are examples of their reasons; the largest cluster names what stands for it."""
    value = describe(written, num_examples=2)
    examples = value["rejected_examples"]
    assert [e["package"] for e in examples["generated"]] == ["a", "b"], "packages come before more of the same"
    assert examples["near-duplicate"][0]["detail"] == "like lib/a.c, similarity 0.90"
    assert examples["benchmark"][0]["detail"] == "kernels/axpy/openmp/c by tree, 100%, one unit"
    assert set(examples) == {"generated", "near-duplicate", "leak", "benchmark"}
    (cluster,) = value["clusters"]
    assert (cluster["kept"], cluster["files"], len(cluster["members"])) == ("lib/a.c", 8, 4)
    text = render(value)
    assert "and 3 more" in text
    assert "x/copy0.c 0.90" in text


def test_what_stands_in_mined_files_does_not_act(written: Path) -> None:
    """Escape sequences are taken out, and what looks like markup stays as it stands."""
    text = render(describe(written)) + render_reason(describe(written, reason="generated"), "generated")
    assert "\x1b" not in text
    assert "int [bold]x[/bold] = 1;" in text


def test_one_reason_alone(written: Path, hpcraft: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """``--reason`` shows the examples of one reason, ``--examples`` how many; a reason that isn't there is named."""
    done = hpcraft("inspect", written, "--reason", "generated", "--examples", "1")
    assert done.returncode == 0, done.stderr
    assert "5 files left out for generated" in done.stdout
    assert "a/gen.c (MIT)" in done.stdout
    assert "b/gen.c" not in done.stdout
    assert "no examples of it were kept" in hpcraft("inspect", written, "--reason", "too-large").stdout
    wrong = hpcraft("inspect", written, "--reason", "generatd")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "did you mean 'generated'" in wrong.stderr
    assert hpcraft("inspect", written, "--examples", "-1").returncode == 2


def test_a_mined_folder_says_what_was_left_out(corpus: Path) -> None:
    """The folder of mine has rejections by reason and counts by package."""
    (corpus.parent / "lib" / "picture.png").write_bytes(b"x")
    execute(STAGE, MineConfig(sources=(f"path:{corpus.parent / 'lib'}",), cache=str(corpus.parent / "cache")), {}, corpus.parent / "mined")
    value = describe(corpus.parent / "mined")
    assert value["rejections"] == {"not-code": 1}
    assert "not-code" in render(value)
    assert "no examples" in render_reason(describe(corpus.parent / "mined", reason="not-code"), "not-code")


def test_a_family_of_reasons_and_hostile_names(written: Path) -> None:
    """``generated`` stands for all of its kind, and names that a source chose don't act on the terminal."""
    hostile = "\x1b[2J\n# owned"
    manifest = read_manifest(written)
    with ShardWriter(written, "rejected", Rejected) as rejected:
        for reason in ("generated:f2c", "generated:swig"):
            rejected.write(
                Rejected(
                    source="hf:x", package=hostile, version="1", path=hostile, sha256="0" * 64, reason=reason, licence="", licence_evidence="",
                    excerpt=hostile,
                )
            )  # fmt: skip
    metrics = {"by_package": {hostile: {"files": 1, "bytes": 1}}, "by_construct": {hostile: 1}}
    changed = replace(
        manifest, rejections={"generated:f2c": 3, "generated:swig": 1}, metrics=metrics, notes=[hostile], outputs=list_outputs(written)
    )
    write_manifest(written, changed)
    text = render(describe(written))
    one = render_reason(describe(written, reason="generated"), "generated")
    assert "4 files left out for generated" in " ".join(one.split())  # the folder's name may take a line of its own
    assert "generated:swig: ?[2J?# owned/?[2J?# owned" in one
    assert "\x1b" not in text + one
    assert not [line for line in text.splitlines() if line.startswith("# owned")]
