"""The set-up behind ``make``: it installs only what is missing, says what it couldn't, and goes on.

The machine is played by a folder of programs, the only one on PATH: real ones by link, and an apt that notes how it was called.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REAL = ("bash", "cat", "dirname", "env", "grep", "id", "mkdir", "sed", "sort", "tr", "true")
TOOLS = {"g++": "g++", "gfortran": "gfortran", "mpicc": "libopenmpi-dev", "mpirun": "openmpi-bin", "bwrap": "bubblewrap"}

APT_GET = """\
echo "$*" >> "$0.calls"
[ "$1" = install ] || exit 0
shift
for word; do
    case $word in
        g++ | gfortran) echo exit 0 > "${0%/*}/$word" ;;
        bubblewrap) echo exit 0 > "${0%/*}/bwrap" ;;
        libopenmpi-dev) echo exit 0 > "${0%/*}/mpicc" ;;
        openmpi-bin) echo exit 0 > "${0%/*}/mpirun" ;;
        libtrilinos-kokkos-dev) mkdir -p "${0%/*}/include/trilinos"; : > "${0%/*}/include/trilinos/KokkosCore_config.h" ;;
        clang-*) ;;
        -q | -y | --no-install-recommends | libomp-* | libclang-rt-*) ;;
        *) exit 100 ;;
    esac
done
chmod 755 "${0%/*}"/*
"""
APT_CACHE = """\
case $1 in
    search) printf 'clang-14 - compiler\\nclang-19 - compiler\\n' ;;
    policy) case $2 in libkokkos-dev) ;; *) printf '  Candidate: 1.0\\n' ;; esac ;;
esac
"""


class Machine:
    """A checkout with its own PATH."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.bin, self.checkout = folder / "bin", folder / "checkout"
        self.bin.mkdir()
        (self.checkout / "setup").mkdir(parents=True)
        for name in ("system.sh", "python.sh"):
            shutil.copy(root / "setup" / name, self.checkout / "setup" / name)
        for name in REAL:
            (self.bin / name).symlink_to(shutil.which(name) or name)
        (self.bin / "python3").symlink_to(sys.executable)

    def has(self, name: str, script: str = "exit 0") -> None:
        """Give the machine a program."""
        path = self.bin / name
        path.write_text(f"#!{self.bin / 'bash'}\n{script}\n")
        path.chmod(0o755)

    def has_clang(self) -> None:
        """Give the machine a clang with its libraries."""
        libraries = self.bin / "lib" / "linux"
        libraries.mkdir(parents=True)
        (libraries / "libclang_rt.tsan-x86_64.a").touch()
        self.has("clang-19", f'case $1 in -print-resource-dir) echo {self.bin} ;; *) echo "$0" ;; esac')

    def has_kokkos(self) -> None:
        """Give the machine Kokkos."""
        (self.bin / "include").mkdir()
        (self.bin / "include" / "KokkosCore_config.h").touch()

    def has_apt(self, *, works: bool = True) -> None:
        """Give the machine an apt, and root's right to use it."""
        self.has("apt-get", APT_GET if works else 'echo "$*" >> "$0.calls"; exit 100')
        (self.bin / "chmod").symlink_to(shutil.which("chmod") or "chmod")
        self.has("apt-cache", APT_CACHE)
        (self.bin / "id").unlink()
        self.has("id", "echo 0")

    def apt_calls(self) -> list[str]:
        """How apt-get was called."""
        calls = self.bin / "apt-get.calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def set_up(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the system's part of the set-up."""
        command = [str(self.bin / "bash"), str(self.checkout / "setup" / "system.sh"), *words]
        return subprocess.run(
            command, env={"PATH": str(self.bin), "KOKKOS_ROOT": str(self.bin)}, capture_output=True, text=True, check=False, timeout=60
        )


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Machine:
    """A machine with Python, bash and the basic tools, and nothing else."""
    return Machine(tmp_path, root)


def test_bare_machine_without_apt_says_what_is_missing(machine: Machine) -> None:
    """Where nothing can be installed, each missing tool is one line: what that switches off and how to mend it; without g++ the set-up ends."""
    done = machine.set_up()
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    for need in ("g++", "gfortran", "Open MPI", "bubblewrap", "clang with OpenMP", "Kokkos"):
        (line,) = [line for line in lines if line.startswith(f"setup: missing: {need}. Without it: ")]
        assert "To mend: " in line


def test_set_up_goes_on_without_what_only_switches_something_off(machine: Machine) -> None:
    """With g++, which hpcraft itself is built with, the rest may be missing."""
    machine.has("g++")
    assert machine.set_up().returncode == 0


def test_complete_machine_says_nothing(machine: Machine) -> None:
    """With everything there nothing is installed and nothing said."""
    for name in TOOLS:
        machine.has(name)
    machine.has_clang()
    machine.has_kokkos()
    machine.has_apt()
    done = machine.set_up()
    assert (done.returncode, done.stdout, done.stderr, machine.apt_calls()) == (0, "", "", [])


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    """As root on Debian the missing packages, and no others, are installed after one update of the index."""
    for name in ("g++", "mpicc", "mpirun"):
        machine.has(name)
    machine.has_clang()
    machine.has_apt()
    done = machine.set_up()
    assert machine.apt_calls() == ["update -q", "install -q -y --no-install-recommends gfortran bubblewrap libtrilinos-kokkos-dev"]
    assert (done.returncode, done.stdout) == (0, "setup: installing gfortran bubblewrap libtrilinos-kokkos-dev (apt)\n")


def test_clang_comes_with_its_libraries(machine: Machine) -> None:
    """The newest clang of the index that has an OpenMP and a sanitizer runtime beside it is chosen."""
    for name in TOOLS:
        machine.has(name)
    machine.has_kokkos()
    machine.has_apt()
    machine.set_up()
    assert machine.apt_calls()[1].endswith("clang-19 libomp-19-dev libclang-rt-19-dev")


def test_failing_apt_is_said_and_not_asked_again_unless_told(machine: Machine) -> None:
    """What apt can't bring is said each time; apt is tried again by ``make setup`` only, so that ``make run`` stays quick."""
    machine.has("g++")
    machine.has_clang()
    machine.has_apt(works=False)
    done = machine.set_up()
    assert done.returncode == 0
    assert "setup: apt could not install gfortran (see .venv/setup.log)" in done.stdout
    assert "setup: missing: gfortran." in done.stdout
    calls = len(machine.apt_calls())
    again = machine.set_up()
    assert "setup: missing: gfortran." in again.stdout
    assert len(machine.apt_calls()) == calls
    machine.set_up("--retry")
    assert len(machine.apt_calls()) == 2 * calls


def test_no_python_is_the_end(machine: Machine) -> None:
    """Without a usable Python nothing can go on: exit code 1 and a line that says which are."""
    for name in TOOLS:
        machine.has(name)
    machine.has_clang()
    (machine.bin / "python3").unlink()
    machine.has("python3", "exit 1")
    done = machine.set_up()
    assert done.returncode == 1
    assert "missing: Python 3.11 to 3.13 with venv" in done.stdout
