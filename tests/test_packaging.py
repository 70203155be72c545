"""What users install: an sdist and a wheel that hold all of hpcraft, and nothing under the bare names of its rooms."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from hpcraft import __version__, cli
from hpcraft.recipe import STAGES

pytest.importorskip("build")
pytestmark = pytest.mark.ci  # a wheel is built and installed

ROOMS = ("data", "tokenizer", "train", "sandbox", "eval")
NOT_COPIED = (".git", ".venv", "runs", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis", "tests")
EXTRAS = ("torch", "torchgen", "functorch", "transformers", "accelerate", "safetensors", "peft", "huggingface_hub", "submitit")

USE_IT = """\
import sys
from importlib import import_module
import hpcraft
assert hpcraft.__file__.startswith(sys.prefix), hpcraft.__file__
for name in sys.argv[1:]:
    import_module(name)
assert not {"data", "eval", "train", "sandbox"} & set(sys.modules)
try:
    import torch
except ModuleNotFoundError:
    pass
else:
    raise AssertionError("torch is there: the test proves nothing")
"""


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("packaging")
    shutil.copytree(root, folder / "source", symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(folder / "source")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"


def wheel_of(built: Path) -> Path:
    """The one wheel."""
    (wheel,) = built.glob("*.whl")
    return wheel


def files_of_the_package(root: Path) -> set[str]:
    """Every file of the package, code and data."""
    found = {path.relative_to(root / "hpcraft") for path in (root / "hpcraft").glob("*") if path.is_file()}
    found |= {path.relative_to(root) for room in (*ROOMS, "models") for path in (root / room).rglob("*") if path.is_file()}
    return {f"hpcraft/{path.as_posix()}" for path in found if "__pycache__" not in path.parts}


def test_wheel_holds_the_package_and_nothing_else(built: Path, root: Path) -> None:
    """Every module and data file is in the wheel under ``hpcraft/``; no top-level ``data``, ``eval`` or ``tests`` is."""
    names = {name for name in zipfile.ZipFile(wheel_of(built)).namelist() if not name.endswith("/")}
    info = f"hpcraft-{__version__}.dist-info/"
    inside = {name for name in names if not name.startswith(info)}
    assert inside == files_of_the_package(root)
    assert f"{info}licenses/LICENSE" in names


def test_sdist_holds_the_links_targets(built: Path) -> None:
    """The sdist holds the rooms' code, the lock-free build settings, the licence and the README."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"pyproject.toml", "LICENSE", "README.md", "hpcraft/cli.py", *(f"hpcraft/{room}/__init__.py" for room in ROOMS)}


@pytest.mark.ci
def test_installed_wheel_works_without_extras(built: Path, tmp_path: Path) -> None:
    """In an environment without torch and transformers the wheel installs, shows its help, and imports every command and stage."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    base = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "-q"]
    subprocess.run([*base, "install", "--no-deps", "--no-index", wheel_of(built)], check=True)
    _lend_packages(tmp_path / "lent", venv)
    done = subprocess.run([venv / "bin" / "hpcraft", "--help"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "exit codes" in done.stdout
    modules = sorted({module for module, _ in cli.COMMANDS.values()} | set(STAGES.values()))
    used = subprocess.run([python, "-c", USE_IT, *modules], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert used.returncode == 0, used.stderr


def _lend_packages(folder: Path, venv: Path) -> None:
    """Let the new environment see ours, but for hpcraft itself and what only the extras bring."""
    folder.mkdir()
    left_out = re.compile(rf"^({'|'.join(EXTRAS)}|hpcraft|__editable__.*)(-.*|$)|.*\.pth$")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not left_out.match(entry.name):
            (folder / entry.name).symlink_to(entry)
    (own,) = (venv / "lib").glob("python*/site-packages")
    (own / "lent.pth").write_text(f"{folder}\n")


def test_lock_covers_the_dependencies(root: Path) -> None:
    """The lock pins every dependency of every extra with an exact version, and names no package index."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    lines = [line for line in (root / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._!-]+", line) for line in lines), lines
    locked = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    for line in wanted:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        assert name
        assert re.sub(r"[-_.]+", "-", name[0]).lower() in locked, line
