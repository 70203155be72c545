"""One attack: what it tries, what must hold, in which tiers; and the scene on which it is played.

Standard library and `hpcraft.sandbox` only, so that the runner works under any interpreter and user. Every attack is
bounded by itself (so many forks, so many megabytes): where it isn't stopped, it still does no harm to the machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict
from hpcraft.sandbox.outcome import Language, Model, Tier

BOXES: tuple[Tier, ...] = ("bubblewrap+cgroup", "bubblewrap")
CONFINED: tuple[Tier, ...] = (*BOXES, "landlock")
EVERYWHERE: tuple[Tier, ...] = (*CONFINED, "none")

FAST = Limits(wall_seconds=8.0, memory_mb=64, output_bytes=1 << 16, disk_mb=8, processes=24)
"""For programs that end by themselves."""
ENDLESS = Limits(wall_seconds=0.7, memory_mb=64, output_bytes=1 << 16, disk_mb=8, processes=24)
"""For programs that don't."""
COMPILE = Limits(wall_seconds=20.0, memory_mb=512, output_bytes=1 << 16, disk_mb=64, processes=32)
SHORT_COMPILE = Limits(wall_seconds=1.0, memory_mb=256, output_bytes=1 << 16, disk_mb=16, processes=32)
"""For sources that keep a compiler busy for ever."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The harness as a program might find it: its secrets and its open doors."""

    tier: Tier
    user: str
    """``root`` or ``user``."""
    marker: str
    """A word that is in the command line of every process of the attack."""
    secret: str
    """It is in `secret_file`, in the environment, in shared memory; it must be in no outcome."""
    secret_file: Path
    """Readable by everybody."""
    socket_file: Path
    """Where the harness listens, open to everybody."""
    port: int
    """On the loopback, where the harness listens."""
    abstract: str
    """The name of an abstract socket on which the harness listens."""
    segment: int
    """The id of a SysV shared memory segment that everybody may attach to."""
    shared_file: Path
    """A file of the harness under /dev/shm, readable and writable by everybody."""
    harness: int
    """The harness's process id."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What every program gets: ``v[1]`` to ``v[8]``."""
        doors = (self.socket_file, self.port, self.abstract, self.segment, self.shared_file, self.harness)
        return (self.marker, str(self.secret_file), *map(str, doors))


Check = Callable[[Outcome, Scene], str]
"""Empty when what must hold held, else what went wrong."""
MakeJob = Callable[[Scene], Job]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attack:
    """One row of the list."""

    id: str
    """``A01`` to ``A86`` as in the published list of attacks; ``N01`` and on for those that it lacks."""
    name: str
    must: str
    """One sentence: what must hold."""
    job: MakeJob | None = None
    check: Check | None = None
    play: Callable[[Scene], Outcome | str] | None = None
    """In place of `job`, for attacks of several jobs; a string is what went wrong."""
    needs: tuple[str, ...] = ()
    """Tools that the machine must have."""
    stopped_in: tuple[Tier, ...] = EVERYWHERE
    """The tiers that promise to stop it; it isn't played in the others."""
    users: tuple[str, ...] = ("root", "user")
    skip: str = ""
    """Why it is never played here: ``GPU: ...``, or where it is played. What stands before the colon is counted."""

    def why_not(self, tier: Tier, user: str) -> str:
        """Why this attack isn't played in a tier by a user; empty when it is."""
        if self.skip:
            return self.skip
        if user not in self.users:
            return f"not for this user: only as {self.users[0]}"
        return "" if tier in self.stopped_in else f"not promised: in the tier {tier}"

    @property
    def slug(self) -> str:
        """The id and name as one word."""
        words = re.findall("[a-z0-9]+", self.name.lower().replace("'", ""))
        return "-".join((self.id, *words))


_HEADERS = ("errno", "fcntl", "signal", "stdio", "stdlib", "string", "unistd", "sys/mman", "sys/stat", "sys/syscall", "sys/wait")
_HEAD = "#define _GNU_SOURCE\n" + "".join(f"#include <{name}.h>\n" for name in _HEADERS)
_BAD = '#define BAD(...) do { printf(__VA_ARGS__); printf(" (%m)\\n"); fflush(stdout); _exit(9); } while (0)\n'
_NAMES = ["MARKER", "SECRET_FILE", "SOCKET_FILE", "PORT", "ABSTRACT", "SEGMENT", "SHARED_FILE", "HARNESS"]
_WORDS = "".join(f"#define {name} v[{index + 1}]\n" for index, name in enumerate(_NAMES))


def c_source(body: str, top: str = "") -> bytes:
    """A C program of the usual headers; ``BAD("what")`` says that the attack got through."""
    return f"{_HEAD}{_BAD}{_WORDS}{top}\nint main(int n, char **v) {{\n{body}\nreturn 0; }}\n".encode()


def c(body: str, top: str = "", *, limits: Limits = FAST, model: Model = "serial", **more: object) -> MakeJob:
    """A job of one C program; ``more`` goes to its `Run`, but ``flags`` to the `Job`."""
    flags = more.pop("flags", ())

    def job(scene: Scene) -> Job:
        run = Run(args=scene.arguments, limits=limits, **more)  # type: ignore[arg-type]
        return Job(files={"try.c": c_source(body, top)}, language="c", model=model, run=run, flags=flags)  # type: ignore[arg-type]

    return job


def source(text: str, name: str = "c", *, limits: Limits = COMPILE, language: Language = "c", **more: object) -> MakeJob:
    """A job whose source attacks the compiler; ``{secret_file}`` in it is replaced, and the file is named by the marker."""

    def job(scene: Scene) -> Job:
        code = text.replace("{secret_file}", str(scene.secret_file)).encode(errors="surrogateescape")
        run = Run(args=scene.arguments, limits=FAST)
        return Job(files={f"{scene.marker}.{name}": code}, language=language, compile_limits=limits, run=run, **more)  # type: ignore[arg-type]

    return job


def stopped(outcome: Outcome, _scene: Scene) -> str:
    """A program that exits with 0 only if it was stopped did so."""
    return "" if outcome.ok else f"{outcome.verdict}: {outcome.message} {outcome.stdout[:200]}".strip()


def ends(*verdicts: Verdict) -> Check:
    """The verdict is one of these."""

    def check(outcome: Outcome, _scene: Scene) -> str:
        wanted = " or ".join(verdicts)
        return (
            ""
            if outcome.verdict in verdicts
            else f"{outcome.verdict} in place of {wanted}: {outcome.message} {outcome.stdout[:200]}".strip()
        )

    return check


def compile_fails(*verdicts: Verdict) -> Check:
    """It is a compile error, and the compiler's own verdict is one of these, if any are given."""

    def check(outcome: Outcome, _scene: Scene) -> str:
        inner = outcome.compile.verdict if outcome.compile else None
        if outcome.verdict is not Verdict.COMPILE_ERROR or (verdicts and inner not in verdicts):
            return f"{outcome.verdict} (compiler: {inner}) {outcome.message} {outcome.stdout[:200]}"
        return ""

    return check


def never_reads(outcome: Outcome, _scene: Scene) -> str:
    """Whatever the verdict; the runner looks for the secret in all that came back."""
    return "the sandbox failed: " + outcome.message if outcome.verdict is Verdict.INFRA_ERROR else ""
