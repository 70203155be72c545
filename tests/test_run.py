"""``hpcraft run``: what the run folder says, and what becomes of a run that fails, is stopped, is killed or finds no room."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hpcraft.store import read_manifest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

TOY = Path(__file__).parent / "toy_stages.py"

RECIPE = """\
name: toy
seed: 7
stages:
  make: {parts: 3}
  count:
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of the toy stages."""
    path = tmp_path / "toy.yaml"
    path.write_text(RECIPE)
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def events(out: Path) -> list[dict[str, Any]]:
    """The lines of ``log.jsonl``."""
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def status(out: Path) -> dict[str, Any]:
    """What ``status.json`` says."""
    found: dict[str, Any] = json.loads((out / "status.json").read_text())
    return found


def test_run_folder(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """A run leaves its stages, its state, its events, its resolved recipe and its environment in one folder."""
    done = hpcraft("run", recipe, toy=True)
    assert (done.returncode, done.stdout.strip()) == (0, "finished in 0 s; the results are in runs/toy")
    out = tmp_path / "runs" / "toy"
    assert sorted(path.name for path in out.iterdir()) == ["count", "env.json", "log.jsonl", "make", "recipe.yaml", "status.json"]
    assert (out / "count" / "total.txt").read_text() == "48\n"
    assert (status(out)["state"], status(out)["stages"]) == ("success", {"make": "success", "count": "success"})
    assert [(e["event"], e.get("stage")) for e in events(out)] == [
        ("run_started", None),
        ("stage_started", "make"),
        ("stage_success", "make"),
        ("stage_started", "count"),
        ("stage_success", "count"),
        ("run_ended", None),
    ]
    resolved = yaml.safe_load((out / "recipe.yaml").read_text())
    assert (resolved["seed"], resolved["stages"]["make"]["style"], resolved["stages"]["count"]["factor"]) == (7, "plain", 1)
    env = json.loads((out / "env.json").read_text())
    assert env["versions"]["python"]
    assert env["host"]["cores"]
    assert env["command"][1:] == ["run", str(recipe)]
    assert read_manifest(out / "make").seed == 7


def test_second_run_is_up_to_date(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """Run again, every stage is skipped and says so, and no stage folder changes."""
    hpcraft("run", recipe, toy=True)
    before = {name: tree(tmp_path / "runs" / "toy" / name) for name in ("make", "count")}
    again = hpcraft("run", recipe, "--json", toy=True)
    assert json.loads(again.stdout)["stages"] == {"make": "up to date", "count": "up to date"}
    assert {name: tree(tmp_path / "runs" / "toy" / name) for name in before} == before
    assert status(tmp_path / "runs" / "toy")["stages"] == {"make": "skipped", "count": "skipped"}
    said = hpcraft("run", recipe, toy=True).stderr
    assert "make: up to date" in said
    assert "count: up to date" in said


def test_resolved_recipe_runs(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """The resolved recipe of a run, run again into the same folder, finds everything up to date."""
    hpcraft("run", recipe, "--set", "make.scale=2", toy=True)
    again = hpcraft("run", tmp_path / "runs" / "toy" / "recipe.yaml", "--json", toy=True)
    assert set(json.loads(again.stdout)["stages"].values()) == {"up to date"}


def test_from_to_and_force(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """``--to`` stops after a stage, ``--from`` wants those before it finished, ``--force`` redoes the one it names."""
    out = tmp_path / "elsewhere"
    early = hpcraft("run", recipe, "-o", out, "--from", "count", toy=True)
    assert (early.returncode, early.stderr.count("\n")) == (3, 1)
    assert "stage count" in early.stderr
    assert "not a finished stage folder" in early.stderr
    assert json.loads(hpcraft("run", recipe, "-o", out, "--to", "make", "--json", toy=True).stdout)["stages"] == {"make": "done"}
    assert not (out / "count").exists()
    assert json.loads(hpcraft("run", recipe, "-o", out, "--from", "count", "--json", toy=True).stdout)["stages"] == {"count": "done"}
    forced = json.loads(hpcraft("run", recipe, "-o", out, "--force", "make", "--json", toy=True).stdout)
    assert forced["stages"] == {"make": "done", "count": "up to date"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "cuont"], "--from cuont: the recipe has no such stage, did you mean 'count'?"),
        (["--force", "all"], "--force all: the recipe has no such stage"),
        (["--from", "count", "--to", "make"], "count stands after make"),
        (["--set", "make.part=1"], "no key 'part', did you mean 'parts'?"),
        (["--frm", "make"], "unrecognized arguments: --frm"),
    ],
)
def test_wrong_words(recipe: Path, hpcraft: Run, tmp_path: Path, words: list[str], message: str) -> None:
    """A wrong flag value is a usage error in one line, and nothing is written."""
    done = hpcraft("run", recipe, *words, toy=True)
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")
    assert message in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.ci
def test_dry_run_writes_nothing(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """``--dry-run`` says what would become of each stage, before the first run and after, and writes nothing."""

    def dry(*words: str) -> dict[str, str]:
        before = tree(tmp_path)
        said = json.loads(hpcraft("run", recipe, "--dry-run", "--json", *words, toy=True).stdout)
        assert tree(tmp_path) == before
        found: dict[str, str] = said["stages"]
        return found

    assert dry() == {"make": "would run", "count": "would run after make"}
    assert not (tmp_path / "runs").exists()
    hpcraft("run", recipe, toy=True)
    assert dry() == {"make": "up to date", "count": "up to date"}
    assert dry("--set", "count.factor=2") == {"make": "up to date", "count": "would run again (stale)"}
    assert dry("--seed", "8") == {"make": "would run again (stale)", "count": "would run after make"}


def test_failing_stage_is_recorded(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """A stage that fails ends the run with its exit code and one line that names it; the folder says which and why."""
    done = hpcraft("run", recipe, "--set", "make.fail=true", toy=True)
    assert (done.returncode, done.stderr) == (3, "hpcraft: stage make: the toy fails as it was told\n")
    out = tmp_path / "runs" / "toy"
    assert (status(out)["state"], status(out)["stages"]) == ("error", {"make": "error", "count": "waiting"})
    assert status(out)["error"] == "the toy fails as it was told"
    assert events(out)[-1]["event"] == "stage_error"
    assert not (out / "make").exists()


def test_home_decides_where_runs_are(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """``HPCRAFT_HOME`` takes the run folders out of the working folder."""
    assert hpcraft("run", recipe, toy=True, env={"HPCRAFT_HOME": str(tmp_path / "home")}).returncode == 0
    assert (tmp_path / "home" / "runs" / "toy" / "count").is_dir()


def test_torn_log_is_mended(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """A log whose last line a crash cut short stays readable after the next run."""
    hpcraft("run", recipe, toy=True)
    with (tmp_path / "runs" / "toy" / "log.jsonl").open("a") as file:
        file.write('{"event": "sta')
    hpcraft("run", recipe, toy=True)
    assert events(tmp_path / "runs" / "toy")[-1]["event"] == "run_ended"


# ---------------------------------------------------------------- stopped and killed


def start(words: list[str | Path], cwd: Path, *, seconds: float = 0.0, toy: bool = True) -> subprocess.Popen[str]:
    """Start hpcraft in a process group of its own; each part of the toy takes ``seconds``."""
    program = [str(TOY)] if toy else ["-m", "hpcraft"]
    return subprocess.Popen(
        [sys.executable, *program, *map(str, words)],
        cwd=cwd,
        env={**os.environ, "TOY_SECONDS": str(seconds)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.005)


@pytest.mark.ci
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_run_resumes(recipe: Path, hpcraft: Run, tmp_path: Path, number: signal.Signals, exit_code: int) -> None:
    """SIGTERM and SIGINT end a run with their exit code, one line and a state on disk; the next run takes up where it stopped."""
    out = tmp_path / "runs" / "toy"
    process = start(["run", recipe, "--set", "make.parts=60"], tmp_path, seconds=0.5)
    wait_for(out / "make.partial" / "part-0001.bin", process)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.count("\n")) == (exit_code, 1)
    assert "run the same command again" in said
    assert (status(out)["state"], status(out)["stages"]["make"]) == ("stopped", "stopped")
    assert hpcraft("run", recipe, "--set", "make.parts=60", toy=True).returncode == 0
    assert read_manifest(out / "make").metrics["resumed"] >= 2


def test_second_run_in_the_same_folder_is_refused(recipe: Path, hpcraft: Run, tmp_path: Path) -> None:
    """While a run works on a folder, another one ends with exit code 2 and one line, and leaves the first alone."""
    out = tmp_path / "runs" / "toy"
    process = start(["run", recipe, "--set", "make.parts=60"], tmp_path, seconds=0.5)
    try:
        wait_for(out / "make.partial" / "part-0000.bin", process)
        second = hpcraft("run", recipe, toy=True)
        assert (second.returncode, second.stderr.count("\n")) == (2, 1)
        assert "another hpcraft process works on it" in second.stderr
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


def paths_below(folder: Path) -> set[str]:
    """Every path below a folder that changes while we look."""
    return {f"{place}/{name}" for place, folders, files in os.walk(folder) for name in (*folders, *files)}


def kill_after(words: list[str | Path], cwd: Path, out: Path, *, changes: int, toy: bool) -> bool:
    """Start a run and kill its whole process group when that many new paths were seen in its folder; False when it ended before."""
    seen = paths_below(out)
    limit = len(seen) + changes
    process = start(words, cwd, toy=toy)
    while process.poll() is None:
        seen |= paths_below(out)
        if len(seen) >= limit:
            os.killpg(process.pid, signal.SIGKILL)
            break
        time.sleep(0.001)
    process.communicate()
    return process.returncode != 0


def hashes(out: Path, names: list[str]) -> dict[str, str]:
    """Each stage's hash over its outputs, after a look at every byte."""
    found = {}
    for name in names:
        manifest = read_manifest(out / name)
        assert manifest.check_files(out / name, hashes=True) is None
        found[name] = manifest.outputs_sha256
    return found


def killed_equals_undisturbed(recipe: Path, tmp_path: Path, *, toy: bool, kills: int) -> None:
    """Kill runs of a recipe at seeded random moments, end them, and compare every stage with a run that nobody killed."""
    names = list(yaml.safe_load(recipe.read_text())["stages"])
    undisturbed = start(["run", recipe, "-o", tmp_path / "undisturbed"], tmp_path, toy=toy)
    _, said = undisturbed.communicate(timeout=240)
    assert undisturbed.returncode == 0, said
    wanted = hashes(tmp_path / "undisturbed", names)
    most_changes = len(paths_below(tmp_path / "undisturbed"))
    chance = random.Random(20)
    out = tmp_path / "killed"
    words: list[str | Path] = ["run", recipe, "-o", out]
    hits = 0
    for _ in range(kills):
        if kill_after(words, tmp_path, out, changes=chance.randint(1, most_changes), toy=toy):
            hits += 1
        else:  # it ended; begin anew, and be quicker
            assert hashes(out, names) == wanted
            shutil.rmtree(out)
            most_changes = max(1, most_changes // 2)
    assert hits > 1
    last = start(words, tmp_path, toy=toy)
    _, said = last.communicate(timeout=240)
    assert last.returncode == 0, said
    assert hashes(out, names) == wanted
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == sorted(names)


@pytest.mark.ci
def test_kill_9_of_the_toy(recipe: Path, tmp_path: Path) -> None:
    """Killed at any moment and run again, the toy run ends with the very bytes of an undisturbed one."""
    text = RECIPE.replace("parts: 3", "parts: 60, part_bytes: 20000, rows: 10")
    recipe.write_text(text)
    killed_equals_undisturbed(recipe, tmp_path, toy=True, kills=8)


def write_sources(folder: Path) -> None:
    """Three small packages of C, C++, Fortran and CUDA, with licences and a duplicate."""
    loop = "void scale_{n}(int n, double a, double *x)\n{{\n#pragma omp parallel for\n  for (int i = 0; i < n; i++)\n    x[i] = a * x[i] + {n};\n}}\n"
    fortran = "subroutine add_{n}(n, x)\n  integer, intent(in) :: n\n  real(8), intent(inout) :: x(n)\n  x = x + {n}\nend subroutine\n"
    for package in ("alpha", "beta", "gamma"):
        source = folder / package / "src"
        source.mkdir(parents=True)
        (folder / package / "LICENSE").write_text("SPDX-License-Identifier: MIT\n")
        for n in range(40):
            header = f"SPDX-License-Identifier: MIT\n{'!' if n % 2 else ' *'} part {n} of {package}\n"
            if n % 2:
                (source / f"add_{n}.f90").write_text(f"! {header}{fortran.format(n=n)}! {package}\n")
            else:
                (source / f"scale_{n}.c").write_text(f"/* {header} */\n{loop.format(n=n)}/* {package} */\n")
    shutil.copy(folder / "alpha" / "src" / "scale_0.c", folder / "beta" / "src" / "copy.c")
    (folder / "gamma" / "src" / "noise.c").write_bytes(bytes(range(256)))


@pytest.mark.ci
def test_kill_9_of_the_data_stages(tmp_path: Path) -> None:
    """Killed at any moment and run again, mining and preparation end with the very hashes of an undisturbed run."""
    write_sources(tmp_path / "code")
    recipe = tmp_path / "data.yaml"
    sources = [f"path:{tmp_path / 'code' / package}" for package in ("alpha", "beta", "gamma")]
    recipe.write_text(yaml.safe_dump({"name": "data", "seed": 3, "stages": {"mine": {"sources": sources}, "prepare": {}}}, sort_keys=False))
    killed_equals_undisturbed(recipe, tmp_path, toy=False, kills=6)
    assert read_manifest(tmp_path / "undisturbed" / "prepare").rows


@pytest.mark.ci
def test_edited_code_is_mined_again(tmp_path: Path, hpcraft: Run) -> None:
    """A change in a folder of one's own makes its mining stale; without one it is up to date."""
    write_sources(tmp_path / "code")
    words = ["mine", "--sources", f"path:{tmp_path / 'code' / 'alpha'}", "-o", "files", "--json"]
    assert [json.loads(hpcraft(*words).stdout)["skipped"] for _ in range(2)] == [False, True]
    (tmp_path / "code" / "alpha" / "src" / "scale_0.c").write_text("int changed;\n")
    assert json.loads(hpcraft(*words).stdout)["skipped"] is False


# ---------------------------------------------------------------- no room, no right to write

IN_TMPFS = """\
set -u
mount -t tmpfs -o size=$1 tmpfs "$2" || exit 99
trap 'cp -a "$2/." "$3"' EXIT
cd "$2"
eval "$4"
"""


def in_tmpfs(tmp_path: Path, size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in a tiny file system of its own; what it leaves there is copied to ``kept``."""
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    (tmp_path / "mount").mkdir()
    (tmp_path / "kept").mkdir()
    if shutil.which("unshare") is None or subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
        pytest.skip("unshare can't make a mount namespace here")
    done = subprocess.run(
        [*namespace, "bash", "-c", IN_TMPFS, "bash", size, tmp_path / "mount", tmp_path / "kept", script],
        env={**os.environ, "HPCRAFT": f"{sys.executable} {TOY}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode == 99:
        pytest.skip("tmpfs can't be mounted here")
    return done


@pytest.mark.ci
@pytest.mark.parametrize("setting", ["rows=40", "part_bytes=400000"])
def test_full_disk(recipe: Path, tmp_path: Path, setting: str) -> None:
    """A full disk ends the run with exit code 4 and one line; nothing half-written is taken for whole; with room it resumes."""
    command = f"$HPCRAFT run {recipe} -o out --set make.parts=8 --set make.{setting}"
    done = in_tmpfs(tmp_path, "1m", f'{command}; echo "exit $?"; ls -A out; mount -o remount,size=64m "$2"; {command}; echo "exit $?"')
    assert done.stdout.count("exit 4") == 1, done
    assert done.stdout.count("exit 0") == 1, done
    assert [line for line in done.stderr.splitlines() if "hpcraft: " in line] == [
        line for line in done.stderr.splitlines() if "make.partial" in line and ": No space left on device; free some space and run" in line
    ]
    assert "Traceback" not in done.stderr
    between = done.stdout.split("exit 4\n")[1].split("finished")[0].split()
    assert "make" not in between
    assert read_manifest(tmp_path / "kept" / "out" / "make").check_files(tmp_path / "kept" / "out" / "make", hashes=True) is None


@pytest.mark.parametrize("script", ["mount -o remount,ro $2; {command}", "mkdir -p out; mount -o remount,ro $2; {command}"])
def test_read_only_run_folder(recipe: Path, tmp_path: Path, script: str) -> None:
    """A run folder that can't be written ends the run with exit code 4 and one line."""
    done = in_tmpfs(tmp_path, "1m", script.format(command=f"$HPCRAFT run {recipe} -o out"))
    assert (done.returncode, done.stderr.count("\n")) == (4, 1), done
    assert "Read-only file system; give an output folder on a file system that can be written" in done.stderr
