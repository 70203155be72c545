"""The supervisor of a box, ``launch.c``, compiled once and kept in the user's cache folder.

It is C because it runs as pid 1 of every box: it must start in a millisecond, measure every few of them, and
need nothing of the box's file system.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from hpcraft.errors import MachineError
from hpcraft.sandbox.packages import install_command

_SOURCE = Path(__file__).with_name("launch.c")


@functools.cache
def launcher() -> Path:
    """The compiled launcher; `MachineError` when there is neither a kept one nor a C compiler."""
    name = f"launch-{hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]}"
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hpcraft"
    kept = folder / name
    if _is_ours(kept):
        return kept
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _compile(kept)
    except OSError:  # a read-only home: one folder for this process
        return _compile(Path(tempfile.mkdtemp(prefix="hpcraft-launcher-")) / name)


def _is_ours(path: Path) -> bool:
    """Whether the file is there and nobody else could have written it: it runs outside of any box for a moment."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022 and os.access(path, os.X_OK)


def _compile(target: Path) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        raise MachineError(f"the sandbox needs a C compiler to build its launcher and found none; {install_command('gcc')}")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".launch-")
    os.close(handle)
    words = ""
    for extra in (("-static",), ()):  # static starts faster; not every system has a static libc
        result = subprocess.run([compiler, "-O2", *extra, "-o", name, str(_SOURCE)], capture_output=True, text=True, check=False)
        if result.returncode == 0:
            Path(name).chmod(0o755)
            Path(name).replace(target)
            return target
        words = result.stderr
    Path(name).unlink(missing_ok=True)
    raise MachineError(f"{compiler} could not build the sandbox's launcher: {words.strip()[:300]}; {install_command('gcc')}")
