"""The tiers ``bubblewrap`` and ``bubblewrap+cgroup``: namespaces and a file view of our own.

bubblewrap alone is no sandbox (see docs/sandbox.md). These tiers are bubblewrap's namespaces and file view, started
from an empty environment, with our launcher as pid 1, another user for the program or an untraceable pid 1, no
capabilities, no new privileges, a system call filter, resource limits and a watcher; the stronger one adds control groups.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from hpcraft.sandbox import cgroups, seccomp
from hpcraft.sandbox.jail import FAMILIAR, FEW_SETTINGS, SETTINGS, SYSTEM_FOLDERS, WATCHED, Jail, Opened, Step, shown_at
from hpcraft.sandbox.launcher import launcher
from hpcraft.sandbox.outcome import Isolation
from hpcraft.sandbox.packages import install_command

_NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
_USER_NAMESPACE = ("--unshare-user", "--uid", "1000", "--gid", "1000")
_NEEDED_OPTIONS = ("--as-pid-1", "--size", "--perms", "--seccomp", "--remount-ro")
_ON_MEMORY = {**WATCHED, "disk": "size of the memory file system"}
_GROUPED = {
    "memory": "cgroup v{version} and watcher",
    "processes": "cgroup v{version} and watcher",
    "cpu": "cgroup v{version} accounting, watcher and rlimit",
}


def with_groups() -> Jail | str:
    """The tier ``bubblewrap+cgroup``, or why it isn't available."""
    plain = watched()
    hierarchy = cgroups.hierarchy()
    if isinstance(plain, str) or isinstance(hierarchy, str):
        return plain if isinstance(plain, str) else str(hierarchy)
    limits = {name: text.format(version=hierarchy.version) for name, text in _GROUPED.items()}
    rests_on = (*plain.isolation.rests_on, f"cgroup v{hierarchy.version}")
    isolation = Isolation(tier="bubblewrap+cgroup", rests_on=rests_on, limits={**_ON_MEMORY, **limits})
    return replace(plain, isolation=isolation, hierarchy=hierarchy)


def watched() -> Jail | str:
    """The tier ``bubblewrap``, or why it isn't available."""
    bwrap = shutil.which("bwrap")
    return f"bubblewrap is not installed; {install_command('bwrap')}" if bwrap is None else _probe(bwrap)


@functools.cache
def _probe(bwrap: str) -> Jail | str:
    if not seccomp.supported():
        return f"there is no system call filter for {platform.machine()}, only for x86_64 and aarch64"
    options = subprocess.run([bwrap, "--help"], capture_output=True, text=True, check=False).stdout
    missing = [option for option in _NEEDED_OPTIONS if option not in options]
    version = subprocess.run([bwrap, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if missing:
        return f"{version} is too old, it lacks {' '.join(missing)}; install bubblewrap 0.8 or newer"
    as_root = os.geteuid() == 0
    attempts: list[tuple[tuple[str, ...], bool]] = [(_NAMESPACES, True)] if as_root else []
    attempts.append(((*_USER_NAMESPACE, *_NAMESPACES), False))
    words = ""
    for namespaces, drops_user in attempts:
        view = ("--die-with-parent", "--as-pid-1", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev")
        result = subprocess.run([bwrap, *namespaces, *view, "/bin/true"], capture_output=True, text=True, check=False, env={})
        if result.returncode == 0:
            user = "a user of its own" if drops_user else "user namespace"
            spaces = "namespaces: pid net ipc mount uts"
            rests_on = (version, spaces, user, "seccomp", "no new privileges", "no capabilities", "rlimits", "watcher")
            isolation = Isolation(tier="bubblewrap", rests_on=rests_on, limits=_ON_MEMORY)
            return Jail(isolation=isolation, program=bwrap, namespaces=namespaces, drops_user=drops_user)
        words = result.stderr.strip().splitlines()[-1] if result.stderr.strip() else f"exit code {result.returncode}"
    return f"bubblewrap does not work here ({words}); {_diagnosis()}"


def _diagnosis() -> str:
    """What usually forbids namespaces, and the command that allows them."""
    for setting, forbidden, mend in (
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
    ):
        try:
            value = Path(f"/proc/sys/{setting}").read_text().strip()
        except OSError:
            continue
        if value == forbidden:
            return f"user namespaces are switched off; allow them: {mend}"
    return "in a container, allow it user namespaces (such as docker run --privileged or --security-opt seccomp=unconfined)"


def open_box(step: Step, jail: Jail, home: Path, user: int | None, filters: int) -> Opened:
    """The words that make the box; ``filters`` is the descriptor of the system call filter."""
    limits = step.limits
    words = [jail.program, "--seccomp", str(filters), *jail.namespaces, "--die-with-parent", "--as-pid-1", "--hostname", "box"]
    words += ["--ro-bind", "/usr", "/usr"]
    for folder in SYSTEM_FOLDERS:
        if Path(folder).is_symlink():
            words += ["--symlink", str(Path(folder).readlink()), folder]
        elif Path(folder).is_dir():
            words += ["--ro-bind", folder, folder]
    places = {folder: shown_at(folder) for folder in step.toolchains}
    outside = {str(parent): None for folder in places if places[folder] == folder for parent in reversed(folder.parents)}
    for name in ("/etc", "/run", "/sys", "/sys/devices", *(name for name in outside if name not in ("/", "/usr"))):
        words += ["--perms", "0755", "--dir", name]  # bubblewrap makes missing parents for its own user alone
    for name in SETTINGS:
        if not step.few_settings or name in FEW_SETTINGS:
            words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for name, text in FAMILIAR.items():
        if step.few_settings and name not in FEW_SETTINGS:
            continue
        (home / name).write_text(text.format(user=1000 if user is None else user))
        (home / name).chmod(0o644)
        words += ["--ro-bind", str(home / name), f"/etc/{name}"]
    words += [word for folder in places if places[folder] == folder for word in ("--ro-bind", str(folder), str(folder))]
    words += ["--proc", "/proc", "--dev", "/dev", "--ro-bind-try", "/sys/devices/system", "/sys/devices/system"]
    for node in step.devices:
        words += ["--dev-bind", node, node]
    for shown in step.machine:
        words += ["--ro-bind-try", shown, shown]
    words += ["--size", str(limits.memory_mb << 20), "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
    words += ["--size", str(limits.disk_mb << 20), "--perms", "0777", "--tmpfs", "/box", "--symlink", "box", "/tmp"]  # noqa: S108
    for outer, inner in places.items():
        if inner != outer:  # inside of what was just made
            words += [word for parent in reversed(inner.parents[:-2]) for word in ("--perms", "0755", "--dir", str(parent))]
            words += ["--ro-bind", str(outer), str(inner)]
    for parent in {str(parent): None for name in step.beside for parent in reversed(Path(name).parents[:-1])}:
        words += ["--perms", "0777", "--dir", f"/box/{parent}"]
    for name, path in step.beside.items():
        words += ["--ro-bind", str(path), f"/box/{name}"]
    if step.sources is not None:
        words += ["--ro-bind", str(step.sources), "/src"]
    words += ["--ro-bind", str(launcher()), "/run/launch", "--remount-ro", "/", "--"]
    return Opened(box="/box", launcher="/run/launch", before=tuple(words))
