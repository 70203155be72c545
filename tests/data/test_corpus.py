"""The corpus as a whole: near duplicates, clusters, splits without leaks, units once, and a run that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcraft.data.mine import STAGE as MINE
from hpcraft.data.mine import MineConfig
from hpcraft.data.prepare import STAGE, PrepareConfig
from hpcraft.records import CodeUnit, Document, Duplicate
from hpcraft.shards import read_rows
from hpcraft.stages import Execution, execute
from hpcraft.store import read_manifest

SOLVER = """// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
double residual(int n, const double *a, const double *x, const double *b)
{
    double sum = 0.0;
    for (int i = 0; i < n; ++i) {
        double row = -b[i];
        for (int j = 0; j < n; ++j)
            row += a[i * n + j] * x[j];
        sum += row * row;
    }
    return sqrt(sum);
}

int gauss_seidel(int n, const double *a, double *x, const double *b, double tolerance, int most)
{
    for (int step = 0; step < most; ++step) {
        for (int i = 0; i < n; ++i) {
            double rest = b[i];
            for (int j = 0; j < n; ++j)
                if (j != i)
                    rest -= a[i * n + j] * x[j];
            x[i] = rest / a[i * n + i];
        }
        if (residual(n, a, x, b) < tolerance)
            return step;
    }
    return -1;
}
"""
QUEUE = """// SPDX-License-Identifier: MIT
struct entry { struct entry *next; int key; };
struct entry *push(struct entry *head, struct entry *fresh, int key)
{
    struct entry **at = &head;
    fresh->key = key;
    while (*at && (*at)->key < key)
        at = &(*at)->next;
    fresh->next = *at;
    *at = fresh;
    return head;
}
"""


def renamed(text: str) -> str:
    """The same code with other names and another comment."""
    for old, new in (
        ("residual", "defect"),
        ("gauss_seidel", "sweep"),
        ("tolerance", "eps"),
        ("row", "line"),
        ("rest", "left"),
        ("sum", "total"),
    ):
        text = text.replace(old, new)
    return text.replace("#include <math.h>", "/* relaxation */\n#include <math.h>")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two mined packages: one for training, one for testing that holds a renamed copy, a near copy and code of its own."""
    for package, texts in (
        ("trained", {"solver.c": SOLVER, "again/solver.c": SOLVER}),
        ("unseen", {"copy.c": SOLVER, "other.c": renamed(SOLVER), "more.c": renamed(SOLVER) + QUEUE[36:], "queue.c": QUEUE}),
    ):
        for name, text in texts.items():
            path = tmp_path / package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    sources = tuple(f"path:{tmp_path / package}" for package in ("trained", "unseen"))
    execute(MINE, MineConfig(sources=sources, cache=str(tmp_path / "cache")), {}, tmp_path / "files")
    return tmp_path / "files"


def prepare(files: Path, name: str = "out", **config: object) -> Execution:
    """The stage with the second package for testing."""
    settings = PrepareConfig(**{"test_packages": ("unseen",), "valid_share": 0.0, **config})  # type: ignore[arg-type]
    return execute(STAGE, settings, {"files": files}, files.parent / name)


@pytest.mark.ci
def test_one_document_stands_for_its_copies(files: Path) -> None:
    """Copies and near copies go, whatever their names, and say which document stands for them; training is preferred."""
    manifest = prepare(files).manifest
    documents = {d.path: d for d in read_rows(files.parent / "out", "corpus", Document)}
    assert documents.keys() == {"again/solver.c", "queue.c"}
    solver = documents["again/solver.c"]
    assert (solver.split, solver.cluster, solver.cluster_files) == ("train", solver.document_id, 5)
    duplicates = {f"{d.package}/{d.path}": d for d in read_rows(files.parent / "out", "duplicates", Duplicate)}
    assert {name: d.kind for name, d in duplicates.items()} == {
        "trained/solver.c": "exact",
        "unseen/copy.c": "exact",
        "unseen/other.c": "near",
        "unseen/more.c": "near",
    }
    assert {d.kept_id for d in duplicates.values()} == {solver.document_id}
    assert duplicates["unseen/other.c"].similarity == 1.0
    assert 0.55 <= duplicates["unseen/more.c"].similarity < 1
    assert manifest.rejections == {"duplicate": 2, "near-duplicate": 2}
    assert manifest.metrics["leakage"] == {"threshold": 0.7, "compared": {"train": 1, "valid": 0, "test": 1}, "pairs": 0, "removed": 0}


@pytest.mark.ci
def test_a_leak_is_dropped_though_near_duplicates_stay(files: Path) -> None:
    """With near duplicates kept, testing still holds nothing that is like training."""
    manifest = prepare(files, near_similarity=1.0).manifest
    documents = {d.path for d in read_rows(files.parent / "out", "corpus", Document)}
    assert documents == {"again/solver.c", "queue.c"}
    assert manifest.metrics["leakage"]["removed"] == 2
    assert manifest.metrics["leakage"]["pairs"] == 0
    assert manifest.rejections == {"duplicate": 2, "leak": 2}


def test_a_held_out_unit_is_not_in_training_under_other_names(files: Path) -> None:
    """A document that is unlike enough stays, but its functions that training has don't count as unseen."""
    prepare(files, near_similarity=1.0, leak_similarity=1.0)
    documents = {d.path for d in read_rows(files.parent / "out", "corpus", Document)}
    assert "more.c" in documents
    functions = {(u.split, u.name) for u in read_rows(files.parent / "out", "functions", CodeUnit)}
    assert functions == {("train", "residual"), ("train", "gauss_seidel"), ("test", "push")}


@pytest.mark.ci
def test_a_killed_run_goes_on_and_loses_and_doubles_nothing(files: Path) -> None:
    """After SIGKILL in the middle the same command ends with the same bytes as a run that was left alone."""
    whole = prepare(files, "whole").manifest
    command = [
        *(sys.executable, "-m", "hpcraft", "prepare", "--files", str(files), "-o", str(files.parent / "out")),
        *("--test-packages", "unseen", "--valid-share", "0", "--quiet"),
    ]
    begun = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
    partial = files.parent / "out.partial" / ".clean"
    deadline = time.monotonic() + 60
    while not any(partial.glob("*/counts.json")) and begun.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(begun.pid, signal.SIGKILL)
    begun.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert read_manifest(files.parent / "out").outputs_sha256 == whole.outputs_sha256
    assert not [path for path in (files.parent / "out").iterdir() if path.name.startswith(".")]
