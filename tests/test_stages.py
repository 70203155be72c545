"""A stage runs once, resumes after an interruption, and never touches what hpcraft didn't make."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hpcraft import stages
from hpcraft.command import Command
from hpcraft.errors import ConfigError, InputError
from hpcraft.stages import Execution, execute
from hpcraft.store import read_manifest

HOLD_LOCK = """\
import sys
from pathlib import Path
from hpcraft.stages import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def make(toys: ModuleType, out: Path, *, seed: int = 0, force: bool = False, **config: Any) -> Execution:
    """Execute the toy's ``make``."""
    return execute(toys.MAKE, toys.MakeConfig(**config), {}, out, seed=seed, force=force)


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_first_run_writes_outputs_and_manifest(toys: ModuleType, tmp_path: Path) -> None:
    """A stage leaves its outputs and a manifest that describes them, and nothing else."""
    manifest = make(toys, tmp_path / "out", label="a", seed=5).manifest
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["manifest.json", "part-0000.bin", "part-0001.bin", "part-0002.bin"]
    assert read_manifest(tmp_path / "out") == manifest
    assert manifest.check_files(tmp_path / "out", hashes=True) is None
    assert (manifest.stage, manifest.seed, manifest.config["label"], manifest.rows) == ("make", 5, "a", {"parts": 3})
    assert (manifest.rejections, manifest.notes) == ({"even": 2, "odd": 1}, ["a toy"])
    assert manifest.versions["python"]


def test_second_run_does_nothing_and_force_redoes(toys: ModuleType, tmp_path: Path) -> None:
    """The same stage again is skipped without touching a file; ``force`` makes the same bytes anew."""
    out = tmp_path / "out"
    first = make(toys, out)
    before = (out / "part-0000.bin").stat().st_ino
    assert make(toys, out) == Execution(manifest=first.manifest, skipped=True)
    assert (out / "part-0000.bin").stat().st_ino == before
    forced = make(toys, out, force=True)
    assert not forced.skipped
    assert (out / "part-0000.bin").stat().st_ino != before
    assert forced.manifest.outputs_sha256 == first.manifest.outputs_sha256
    assert forced.manifest.metrics == {"resumed": 0}


@pytest.mark.parametrize("change", [{"parts": 4}, {"seed": 1}, {"label": "y"}])
def test_changed_config_or_seed_makes_it_stale(toys: ModuleType, tmp_path: Path, change: dict[str, Any]) -> None:
    """Another setting or seed runs the stage again and replaces the old output whole."""
    old = make(toys, tmp_path / "out", parts=3).manifest
    settings: dict[str, Any] = {"parts": 3} | change
    new = make(toys, tmp_path / "out", **settings)
    assert not new.skipped
    assert new.manifest.outputs_sha256 != old.outputs_sha256
    assert names(tmp_path) == ["out"]


def test_changed_input_makes_it_stale(toys: ModuleType, tmp_path: Path) -> None:
    """A stage follows the contents of its inputs, not their time or place."""
    made, total = tmp_path / "made", tmp_path / "total"

    def count() -> bool:
        return execute(toys.COUNT, toys.CountConfig(), {"parts": made}, total).skipped

    make(toys, made)
    assert not count()
    make(toys, made, force=True)
    assert count()
    make(toys, made, parts=4)
    assert not count()
    assert (total / "total.txt").read_text() == "64\n"


def test_change_outside_makes_it_stale(toys: ModuleType, tmp_path: Path) -> None:
    """What a stage says it depends on outside of its config and inputs is looked at each time."""
    versions = {"path:./src": "1"}
    stage = replace(toys.MAKE, outside=lambda _config: versions)
    config = toys.MakeConfig()
    assert not execute(stage, config, {}, tmp_path / "out").skipped
    assert execute(stage, config, {}, tmp_path / "out").skipped
    versions["path:./src"] = "2"
    assert not execute(stage, config, {}, tmp_path / "out").skipped


def test_damaged_output_is_made_again(toys: ModuleType, tmp_path: Path) -> None:
    """A finished folder that lost a file, or a part of one, is not up to date."""
    out = tmp_path / "out"
    first = make(toys, out)
    for damage in (lambda: (out / "part-0001.bin").unlink(), lambda: (out / "part-0001.bin").write_bytes(b"x")):
        damage()
        again = make(toys, out)
        assert not again.skipped
        assert again.manifest.outputs_sha256 == first.manifest.outputs_sha256


def test_failure_keeps_the_partial_folder_and_no_output(toys: ModuleType, tmp_path: Path) -> None:
    """A stage that fails leaves no output folder, and what it has done for the next try."""
    with pytest.raises(InputError, match="as it was told"):
        make(toys, tmp_path / "out", fail=True)
    assert names(tmp_path) == ["out.partial"]
    assert names(tmp_path / "out.partial") == [".plan.json", "part-0000.bin"]


def interrupt(toys: ModuleType, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave ``out.partial`` as a crash in the third part does, with a torn temporary file."""

    def crash(_seconds: float) -> None:
        if (out.parent / "out.partial" / "part-0001.bin").exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(toys.time, "sleep", crash)
        with pytest.raises(KeyboardInterrupt):
            make(toys, out, parts=4)
    (out.parent / "out.partial" / ".part-0002.bin.1.tmp").write_bytes(b"torn")


def test_interrupted_stage_resumes(toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same stage finds what was done, makes the rest, and ends with the bytes of an undisturbed run."""
    interrupt(toys, tmp_path / "out", monkeypatch)
    manifest = make(toys, tmp_path / "out", parts=4).manifest
    assert manifest.metrics == {"resumed": 2}
    assert names(tmp_path / "out") == ["manifest.json", *(f"part-000{n}.bin" for n in range(4))]
    assert manifest.outputs_sha256 == make(toys, tmp_path / "undisturbed", parts=4).manifest.outputs_sha256


@pytest.mark.parametrize("change", [{"seed": 1}, {"force": True}, {"label": "y"}])
def test_partial_work_of_another_fingerprint_is_dropped(
    toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """Other settings, another seed or ``force`` begin from nothing."""
    interrupt(toys, tmp_path / "out", monkeypatch)
    assert make(toys, tmp_path / "out", parts=4, **change).manifest.metrics == {"resumed": 0}


@pytest.mark.parametrize("renames_done", [0, 1])
def test_crash_while_publishing(toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames_done: int) -> None:
    """A crash before or between the two renames loses nothing: the next call publishes what was whole, without running again."""
    out = tmp_path / "out"
    make(toys, out, parts=2)
    real, calls = Path.rename, []

    def rename(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) > renames_done:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            make(toys, out, parts=3)
    with monkeypatch.context() as patch:
        patch.setattr(toys.time, "sleep", lambda _seconds: pytest.fail("ran again"))
        assert make(toys, out, parts=3).manifest.rows == {"parts": 3}
    assert names(tmp_path) == ["out"]
    assert "manifest.json" in names(out)


@pytest.mark.parametrize("content", [{"thesis.txt": "years of work"}, {"manifest.json": '{"manifest_version": 3}'}, {"manifest.json": "{"}])
@pytest.mark.parametrize("name", ["out", "out.partial"])
def test_folder_of_others_is_refused_and_left_alone(toys: ModuleType, tmp_path: Path, content: dict[str, str], name: str) -> None:
    """A folder that hpcraft didn't make is neither emptied nor replaced, not by force either."""
    folder = tmp_path / name
    folder.mkdir()
    for file, text in content.items():
        (folder / file).write_text(text)
    for force in (False, True):
        with pytest.raises(ConfigError, match="was not written by"):
            make(toys, tmp_path / "out", force=force)
    assert {path.name: path.read_text() for path in folder.iterdir()} == content


def test_output_of_another_stage_is_refused_without_force(toys: ModuleType, tmp_path: Path) -> None:
    """A slip of the output folder doesn't cost the output of another stage."""
    made = tmp_path / "made"
    make(toys, made)
    with pytest.raises(ConfigError, match="holds what `make` made, not count"):
        execute(toys.COUNT, toys.CountConfig(), {"parts": made}, made)


def test_a_file_for_an_output_folder_is_refused(toys: ModuleType, tmp_path: Path) -> None:
    """An output that is a file is a usage error."""
    (tmp_path / "out").write_text("x")
    with pytest.raises(ConfigError, match="is a file"):
        make(toys, tmp_path / "out")


def test_an_empty_folder_is_taken(toys: ModuleType, tmp_path: Path) -> None:
    """A folder that was made in advance is used."""
    (tmp_path / "out").mkdir()
    assert not make(toys, tmp_path / "out").skipped


def test_missing_and_unfinished_inputs(toys: ModuleType, tmp_path: Path) -> None:
    """An input that wasn't given is a usage error; one that is unfinished an input error that says what to run."""
    with pytest.raises(ConfigError, match="input 'parts' is missing; give the folder that `make` made"):
        execute(toys.COUNT, toys.CountConfig(), {}, tmp_path / "out")
    with pytest.raises(InputError, match="not a finished stage folder"):
        execute(toys.COUNT, toys.CountConfig(), {"parts": tmp_path / "nowhere"}, tmp_path / "out")
    assert names(tmp_path) == []


def test_second_process_is_refused(toys: ModuleType, tmp_path: Path) -> None:
    """While a process works on a folder, another one stops with a usage error; after its death the folder is free."""
    partial = tmp_path / "out.partial"
    partial.mkdir()
    with subprocess.Popen([sys.executable, "-c", HOLD_LOCK, partial], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(ConfigError, match="another hpcraft process works on it"):
            make(toys, tmp_path / "out")
        holder.kill()
    assert not make(toys, tmp_path / "out").skipped


# ---------------------------------------------------------------- the stage as a command


def command(toys: ModuleType, *words: str) -> int:
    """Run ``make`` as a command."""
    parser = argparse.ArgumentParser()
    found: Command = toys.MAKE.command
    found.add_arguments(parser)
    args = parser.parse_args(words)
    args.json, args.quiet = False, True
    return found.main(args)


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["--sources", "debian:hypre"], "sources", ["debian:hypre"]),
        (["--sources", "[debian:hypre, path:./src]"], "sources", ["debian:hypre", "path:./src"]),
        (["--sources", "[]"], "sources", []),
        (["--sources", "1.10"], "sources", ["1.10"]),
        (["--sizes", "3"], "sizes", [3]),
        (["--sizes", "[3, 4]"], "sizes", [3, 4]),
        (["--label", "1.10"], "label", "1.10"),
        (["--label", "yes"], "label", "yes"),
        (["--label", ""], "label", ""),
        (["--loud"], "loud", True),
        (["--loud", "false"], "loud", False),
        (["--limit", "3"], "limit", 3),
        (["--limit", "none"], "limit", None),
        (["--scale", "1e-3"], "scale", 0.001),
        (["--style", "fancy"], "style", "fancy"),
    ],
)
def test_flags_become_settings(toys: ModuleType, tmp_path: Path, words: list[str], key: str, value: object) -> None:
    """A flag is read as its setting's type wants it: words stay words, one value may stand for a list of one, switches may be bare."""
    assert command(toys, "-o", str(tmp_path / "out"), *words) == 0
    found = read_manifest(tmp_path / "out").config[key]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--parts", "many"], "hpcraft make: parts: Input should be a valid integer (got 'many')"),
        (["--sizes", "[a]"], "sizes.0: Input should be a valid integer"),
        (["--style", "odd"], "style: Input should be 'plain' or 'fancy'"),
        (["--parts", "-1"], "parts: must not be negative"),
    ],
)
def test_wrong_flag_values_are_refused(toys: ModuleType, tmp_path: Path, words: list[str], message: str) -> None:
    """A flag of the wrong type is a usage error, and nothing is written."""
    with pytest.raises(ConfigError) as caught:
        command(toys, "-o", str(tmp_path / "out"), *words)
    assert message in str(caught.value)
    assert names(tmp_path) == []


def test_help_shows_every_setting(toys: ModuleType) -> None:
    """The help names each setting with its sentence and its default as one would type it."""
    parser = argparse.ArgumentParser(prog="x")
    toys.MAKE.command.add_arguments(parser)
    shown = " ".join(parser.format_help().split())
    for line in ["how many parts (default: 3)", "words (default: [])", "a switch (default: false)", "a number or none (default: none)"]:
        assert line in shown


def test_host_does_not_name_the_machine() -> None:
    """Manifests say what a machine is, not which."""
    assert os.uname().nodename not in stages.host().values()
