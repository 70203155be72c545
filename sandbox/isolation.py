"""Which isolation this machine offers: the strongest tier that a trial start shows to work.

bubblewrap alone is no sandbox (see docs/sandbox.md). The tier called ``bubblewrap`` is bubblewrap's namespaces and
file view, started from an empty environment, with our launcher as pid 1, another user for the program or an
untraceable pid 1, no capabilities, no new privileges, a system call filter, resource limits and a watcher.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass

from hpcraft.errors import MachineError
from hpcraft.sandbox import seccomp
from hpcraft.sandbox.outcome import TIERS, Isolation, Tier
from hpcraft.sandbox.packages import install_command

NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
_USER_NAMESPACE = ("--unshare-user", "--uid", "1000", "--gid", "1000")
_NEEDED_OPTIONS = ("--as-pid-1", "--size", "--perms", "--seccomp", "--remount-ro")


@dataclass(frozen=True, kw_only=True, slots=True)
class Jail:
    """A tier that works on this machine."""

    isolation: Isolation
    bwrap: str | None
    """None in the tier ``none``."""
    namespaces: tuple[str, ...] = ()
    drops_user: bool = False
    """Whether the launcher starts as root and gives the program a user of its own."""


def choose(minimum: Tier) -> Jail:
    """The strongest tier; `MachineError` when it is weaker than ``minimum``."""
    bwrap = shutil.which("bwrap")
    why = f"bubblewrap is not installed; {install_command('bwrap')}" if bwrap is None else ""
    if bwrap is not None:
        found = _bubblewrap(bwrap)
        if isinstance(found, Jail):
            return found
        why = found
    if TIERS.index(minimum) > TIERS.index("none"):
        raise MachineError(f"cannot isolate untrusted code: {why} (for code you trust: hpcraft sandbox run --min-isolation none)")
    as_user = os.geteuid() == 0
    rests_on = (*(("a user of its own",) if as_user else ()), "rlimits", "watcher")
    return Jail(isolation=Isolation(tier="none", rests_on=rests_on), bwrap=None, drops_user=as_user)


@functools.cache
def _bubblewrap(bwrap: str) -> Jail | str:
    """The tier as it works here, or why it doesn't."""
    if not seccomp.supported():
        return f"there is no system call filter for {platform.machine()}, only for x86_64 and aarch64"
    options = subprocess.run([bwrap, "--help"], capture_output=True, text=True, check=False).stdout
    missing = [option for option in _NEEDED_OPTIONS if option not in options]
    version = subprocess.run([bwrap, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if missing:
        return f"{version} is too old, it lacks {' '.join(missing)}; install bubblewrap 0.8 or newer"
    as_root = os.geteuid() == 0
    attempts: list[tuple[tuple[str, ...], bool]] = [(NAMESPACES, True)] if as_root else []
    attempts.append(((*_USER_NAMESPACE, *NAMESPACES), False))
    words = ""
    for namespaces, drops_user in attempts:
        trial = [
            bwrap,
            *namespaces,
            "--die-with-parent",
            "--as-pid-1",
            "--ro-bind",
            "/",
            "/",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "/bin/true",
        ]
        result = subprocess.run(trial, capture_output=True, text=True, check=False, env={})
        if result.returncode == 0:
            user = "a user of its own" if drops_user else "user namespace"
            spaces = "namespaces: pid net ipc mount uts"
            rests_on = (version, spaces, user, "seccomp", "no new privileges", "no capabilities", "rlimits", "watcher")
            isolation = Isolation(tier="bubblewrap", rests_on=rests_on)
            return Jail(isolation=isolation, bwrap=bwrap, namespaces=namespaces, drops_user=drops_user)
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
            with open(f"/proc/sys/{setting}") as file:  # noqa: PTH123 - a kernel interface, one word
                value = file.read().strip()
        except OSError:
            continue
        if value == forbidden:
            return f"user namespaces are switched off; allow them: {mend}"
    return "in a container, allow it user namespaces (such as docker run --privileged or --security-opt seccomp=unconfined)"
