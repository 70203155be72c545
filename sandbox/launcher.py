"""The C programs of the sandbox itself, compiled once and kept in the user's cache folder.

The supervisor of a box (``launch/``) is C because it runs as pid 1 of every box: it must start in a millisecond,
measure every few of them, and need nothing of the box's file system.
"""

from __future__ import annotations

import atexit
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

_HERE = Path(__file__).parent


@functools.cache
def launcher() -> Path:
    """The compiled supervisor; `MachineError` when there is neither a kept one nor a C compiler."""
    folder = _HERE / "launch"
    # Static starts faster; not every system has a static libc.
    return kept("launch", (*sorted(folder.glob("*.c")), *sorted(folder.glob("*.h"))), ("-static",), ())


def kept(name: str, sources: tuple[Path, ...], *attempts: tuple[str, ...]) -> Path:
    """What ``sources`` compile to, made by the first of the flag sets that works, or kept from another time."""
    digest = hashlib.sha256(repr(attempts).encode())
    for source in sources:
        digest.update(source.read_bytes())
    target = cache_folder() / f"{name}-{digest.hexdigest()[:16]}"
    if _is_ours(target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return _compile(target, sources, attempts)
    except (OSError, MachineError):  # a home that is full or read-only: a folder for this process
        return _compile(_own_folder(name) / target.name, sources, attempts)


def cache_folder() -> Path:
    """Where this user's kept things lie; without a home, a folder of this process."""
    named, found = os.environ.get("XDG_CACHE_HOME"), home()
    if named:
        return Path(named) / "hpcraft"
    return _own_folder("cache") if found is None else found / ".cache" / "hpcraft"


@functools.cache
def _own_folder(name: str) -> Path:
    """A folder that is removed when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"hpcraft-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def home() -> Path | None:
    """The user's home, None for a user without an account who set no HOME."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def _is_ours(path: Path) -> bool:
    """Whether the file is there and nobody else could have written it: it runs outside of any box for a moment."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022 and os.access(path, os.X_OK)


def _compile(target: Path, sources: tuple[Path, ...], attempts: tuple[tuple[str, ...], ...]) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        raise MachineError(f"the sandbox needs a C compiler to build its own parts and found none; {install_command('gcc')}")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    os.close(handle)
    words = ""
    for flags in attempts:
        command = [compiler, "-O2", *flags, "-o", name, *(str(source) for source in sources if source.suffix in (".c", ".cc"))]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            Path(name).chmod(0o755)
            with open(name, "rb") as file:  # noqa: PTH123 - a torn one would be believed forever
                os.fsync(file)
            Path(name).replace(target)
            return target
        words = result.stderr
    Path(name).unlink(missing_ok=True)
    raise MachineError(f"{compiler} could not build the sandbox's {target.name}: {words.strip()[:300]}; {install_command('gcc')}")
