"""The tier ``apptainer``: where a site gives users no namespaces, but a container program that may make them.

The container's image is an empty folder of ours with places to mount on; the host's ``/usr`` and what else a box shows
are bound into it read-only, so that nothing is downloaded or cached. Apptainer (or Singularity) makes the namespaces,
through its setuid part or in a user namespace. Our launcher is pid 1 there, with the system call filter, limits and the
watcher of the other tiers. Its environment comes in its words, because Apptainer puts the paths of the host in.

Not covered: a site that forbids folders as images, binds of users, or new PID and network namespaces (``allow container dir``,
``user bind control``, ``allow pid ns``, ... in its settings); a trial finds that out.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hpcraft.sandbox import folders, seccomp
from hpcraft.sandbox.jail import FAMILIAR, SETTINGS, SYSTEM_FOLDERS, WATCHED, Jail, Opened, Step, shown_at
from hpcraft.sandbox.launcher import launcher
from hpcraft.sandbox.outcome import Isolation
from hpcraft.sandbox.packages import install_command

_OPTIONS = ("--containall", "--cleanenv", "--no-home", "--no-init", "--net", "--ipc", "--uts", "--disable-cache")
_VALUES = {"--network": "none", "--hostname": "box", "--pwd": "/", "--no-mount": "home,tmp,sys,devpts,hostfs,cwd,bind-paths"}
_AS_ROOT = {
    "--no-privs": "",
    "--add-caps": "CAP_SETUID,CAP_SETGID,CAP_SETPCAP,CAP_KILL,CAP_DAC_OVERRIDE,CAP_DAC_READ_SEARCH,CAP_SYS_PTRACE",
}
"""What the launcher needs to give the program a user of its own, to watch, end and clean up after it."""
_LANDLOCK_OF_FILES = 3
"""The newest version of its interface that looks at files alone; the network and signals are the namespaces' business."""
_WRITABLE = ("/box", "/dev/shm", *(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")))  # noqa: S108
_NAMESPACES = ("pid", "net", "ipc", "mnt", "uts")


def contained() -> Jail | str:
    """The tier as it works here, or why it doesn't."""
    program = shutil.which("apptainer") or shutil.which("singularity")
    return f"apptainer is not installed; {install_command('apptainer')}" if program is None else _probe(program)


@functools.cache
def _probe(program: str) -> Jail | str:
    if not seccomp.supported():
        return f"there is no system call filter for {platform.machine()}, only for x86_64 and aarch64"
    with tempfile.TemporaryDirectory(prefix="hpcraft-apptainer-") as name:
        return _try(program, Path(name))


def _try(program: str, home: Path) -> Jail | str:
    version = _ask(home, program, "--version").stdout.strip()
    offered = _ask(home, program, "exec", "--help").stdout
    missing = [option for option in (*_OPTIONS, *_VALUES, *_AS_ROOT, "--mount") if option not in offered]
    if missing:
        return f"{version or program} lacks {' '.join(missing)}; install apptainer 1.1 or newer"
    image = _Image(home)
    image.show_system()
    spaces = [f"/proc/self/ns/{name}" for name in (*_NAMESPACES, "user")]
    result = _ask(home, *_start(program), *image.words, str(image.root), "/usr/bin/readlink", "/dev/fd", "/proc/self", *spaces)
    found = result.stdout.split()
    if result.returncode != 0 or len(found) != 2 + len(spaces):
        return f"{version} does not work here ({_last_words(result)}); {_MEND}"
    ours = [str(Path(name).readlink()) for name in spaces]
    shared = [name for name, there, here in zip(_NAMESPACES, found[2:], ours, strict=False) if there == here]
    if shared or found[1] != "1":
        return f"{version} shares namespaces with the host here ({' '.join(shared) or 'a shim is pid 1'}); allow them in apptainer.conf"
    return _jail(program, version, setuid=found[-1] == ours[-1])


_MEND = (
    "where users have no user namespaces it needs its setuid part (package apptainer-suid); apptainer.conf must have: "
    "allow container dir = yes, user bind control = yes, mount proc = yes, mount dev = yes"
)


def _jail(program: str, version: str, *, setuid: bool) -> Jail:
    as_root = os.geteuid() == 0
    how = "a user of its own" if as_root else "setuid starter" if setuid else "user namespace"
    spaces = f"namespaces: {' '.join(_NAMESPACES)}"
    also = (f"Landlock {_landlock()}",) if _landlock() else ()
    rests_on = (version, spaces, how, *also, "seccomp", "no new privileges", "no capabilities", "rlimits", "watcher")
    isolation = Isolation(tier="apptainer", rests_on=rests_on, limits=WATCHED)
    return Jail(isolation=isolation, program=program, drops_user=as_root)


def _landlock() -> int:
    """The version of its interface to use for files, 0 for none."""
    confined = folders.confined()
    return min(confined.landlock, _LANDLOCK_OF_FILES) if isinstance(confined, Jail) else 0


def _ask(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd="/", env=_outside(home), stdin=subprocess.DEVNULL)


def _last_words(result: subprocess.CompletedProcess[str]) -> str:
    """Without the colours, which some parts of Apptainer use when told not to."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", result.stderr).splitlines() if line.strip()]
    return re.sub(r"^[A-Z]+\s*:\s*", "", lines[-1]) if lines else f"exit code {result.returncode}"


def _start(program: str) -> list[str]:
    """The words up to the mounts."""
    chosen = _VALUES | (_AS_ROOT if os.geteuid() == 0 else {})
    values = [word for option, value in chosen.items() for word in (option, value) if word]
    return [program, "--silent", "--nocolor", "exec", *_OPTIONS, *values]


def _outside(home: Path) -> dict[str, str]:
    """The environment of Apptainer itself: it writes into these folders, also when it has nothing to keep."""
    own = {f"{name}_{what}DIR": str(home) for name in ("APPTAINER", "SINGULARITY") for what in ("CONFIG", "CACHE", "TMP")}
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", **own}


class _Image:
    """A folder to be the root of the box, with a place for each mount, and the words that mount them."""

    def __init__(self, home: Path) -> None:
        self.root = home / "image"
        self.words: list[str] = []
        self._folder("/")
        for name in ("/proc", "/dev", "/etc", "/run", "/box"):
            self._folder(name)
        (self.root / "tmp").symlink_to("box")

    def show_system(self) -> None:
        """The host's programs and libraries, and its processors."""
        for folder in ("/usr", *SYSTEM_FOLDERS):
            if Path(folder).is_symlink():
                (self.root / folder[1:]).symlink_to(Path(folder).readlink())
            elif Path(folder).is_dir():
                self.bind(Path(folder), folder)
        self.bind(Path("/sys/devices/system"), "/sys/devices/system")

    def bind(self, source: Path, target: str, *, writable: bool = False) -> None:
        """Show a file or a folder of the host's, where it is there."""
        if source.is_dir():
            self._folder(target)
        elif source.exists():
            self._folder(str(Path(target).parent))
            (self.root / target[1:]).touch()
        else:
            return
        self.mount(source, target, writable=writable)

    def mount(self, source: Path, target: str, *, writable: bool = False) -> None:
        """Add the words of a mount; there is a place for it."""
        fields = ("type=bind", f"source={source}", f"destination={target}", *(() if writable else ("ro",)))
        self.words += ["--mount", ",".join(map(_quoted, fields))]

    def _folder(self, name: str) -> None:
        for folder in (*reversed(Path(name).parents), Path(name)):
            place = self.root / str(folder)[1:]
            if not place.exists():
                place.mkdir()
                place.chmod(0o755)


def _quoted(field: str) -> str:
    """One field of a line of comma-separated values."""
    return '"{}"'.format(field.replace('"', '""')) if set(field) & set('",\n') else field


def open_box(step: Step, jail: Jail, home: Path, user: int | None, filters: int) -> Opened:
    """Make the image and the words; ``filters`` is the descriptor of the system call filter."""
    image = _Image(home)
    image.show_system()
    for name in SETTINGS:
        image.bind(Path("/etc", name), f"/etc/{name}")
    for name, text in (FAMILIAR | {"resolv.conf": ""}).items():  # Apptainer would show the host's
        (home / name).write_text(text.format(user=os.geteuid() if user is None else user))
        (home / name).chmod(0o644)
        image.bind(home / name, f"/etc/{name}")
    shown = {folder: shown_at(folder) for folder in step.toolchains}
    for folder, place in shown.items():
        if place == folder:
            image.bind(folder, str(place))
    if step.sources is not None:
        image.bind(step.sources, "/src")
    image.bind(launcher(), "/run/launch")
    box = _box(home, step.beside, user)
    image.mount(box, "/box", writable=True)
    for folder, place in shown.items():
        if place != folder:
            (box / place.relative_to("/box")).mkdir(parents=True, exist_ok=True)
            image.mount(folder, str(place))
    for name, path in step.beside.items():
        image.mount(path, f"/box/{name}")
    before = (*_start(jail.program), *image.words, str(image.root))
    words = ["--walk-disk", "1", "--filter", str(filters)]
    if version := _landlock():  # an ordinary user owns the /dev that Apptainer makes
        words += ["--landlock", str(version), "--read", "/", *(word for path in _WRITABLE for word in ("--write", path))]
    return Opened(box="/box", launcher="/run/launch", before=before, words=tuple(words), outside=_outside(home))


def _box(home: Path, names: Iterable[str], user: int | None) -> Path:
    """The folder to write in, with a place for each file that lies there."""
    box = home / "box"
    box.mkdir()
    for name in names:
        (box / name).parent.mkdir(parents=True, exist_ok=True)
        (box / name).touch()
    if user is not None:
        folders.give(box, user)
    return box
