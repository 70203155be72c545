"""The scene of the attacks: canaries and open doors of the harness, and a look at what an attack left behind."""

from __future__ import annotations

import ctypes
import os
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hpcraft.sandbox import Outcome, standby
from hpcraft.sandbox.outcome import Tier
from tests.sandbox.attacks.record import Scene

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.shmat.restype = ctypes.c_void_p
_IPC_CREAT, _IPC_RMID = 0o1000, 0
_SEGMENT_BYTES = 12345
"""No program asks for so many, so that a harness's segment is known by it."""
_OWNER_COLUMNS = {"shm": 7, "sem": 4, "msg": 7}
"""Where a table under /proc/sysvipc tells the owner; the maker is two columns further."""
_OURS = ("hpcraft", "/newroot", "/oldroot", " /box ")
"""What names a mount of a box."""
_BOX_USERS = (0x50000000, 0x70000000)
_LEFT_SECONDS = 1.0
"""How long a killed process may take to vanish from a loaded machine's table."""


@dataclass(slots=True)
class Stage:
    """The canaries of one worker, all of them with the same secret, and the doors at which a program may knock."""

    folder: Path
    tier: Tier
    user: str
    secret: str
    scratch: Path
    doors: tuple[socket.socket, ...]
    segment: int
    segment_address: int
    before: dict[str, str]

    def scene(self) -> Scene:
        """The scene of the next attack."""
        return Scene(
            tier=self.tier,
            user=self.user,
            marker=f"mark_{secrets.token_hex(8)}",
            secret=self.secret,
            secret_file=self.folder / "secret",
            socket_file=self.folder / "socket",
            port=self.doors[0].getsockname()[1],
            abstract=self._abstract(),
            segment=self.segment,
            shared_file=_shared_file(self.secret),
            harness=os.getpid(),
        )

    def _abstract(self) -> str:
        return str(self.doors[1].getsockname()[1:].decode())  # without the zero byte in front

    def close(self) -> None:
        """Take the canaries away."""
        for door in self.doors:
            door.close()
        _LIBC.shmdt(ctypes.c_void_p(self.segment_address))
        _shared_file(self.secret).unlink(missing_ok=True)

    def damage(self, scene: Scene, outcome: Outcome | str) -> str:
        """What an attack left behind, changed or learned; empty when the machine is as it was."""
        standby.dismiss()  # ours, for the next box
        found = [
            _leak(self.secret, outcome),
            self._knocks(),
            *(
                f"{what} changed from {self.before[what]!r:.60} to {text!r:.60}"
                for what, text in self._state().items()
                if text != self.before[what]
            ),
            _left_processes(scene.marker),
            *(f"left {path.name} in the scratch folder" for path in self.scratch.iterdir()),
            *(f"left the control group {path}" for path in _groups()),
        ]
        damage = "; ".join(word for word in found if word)
        if damage:  # the next attack is not to be blamed for it
            self._restore()
        return damage

    def _restore(self) -> None:
        for path in (self.folder / "secret", _shared_file(self.secret)):
            path.write_text(self.secret)
        ctypes.memmove(self.segment_address, self.secret.encode(), len(self.secret))
        self.before = self._state()

    def _knocks(self) -> str:
        for door, what in zip(self.doors, ("the loopback", "an abstract socket", "a socket file"), strict=True):
            with suppress(BlockingIOError):
                door.accept()[0].close()
                return f"something connected to the harness by {what}"
        return ""

    def _state(self) -> dict[str, str]:
        shared = _shared_file(self.secret)
        return {
            "the secret file": (self.folder / "secret").read_text() if (self.folder / "secret").is_file() else "gone",
            "the shared file": shared.read_text() if shared.is_file() else "gone",
            "the shared segment": ctypes.string_at(self.segment_address, len(self.secret)).decode(errors="replace"),
            "the environment": os.environ.get("HF_TOKEN", ""),
            "the harness's folder": " ".join(sorted(path.name for path in self.folder.iterdir())),
            "the table of mounts": "".join(
                line for line in Path("/proc/self/mounts").read_text().splitlines() if any(map(line.count, _OURS))
            ),
            "the table of SysV objects": " ".join(map(_objects, _OWNER_COLUMNS)),
            "the table of children": "".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")),
            "a limit of the harness": Path("/proc/self/limits").read_text(),
            "the host's name": os.uname().nodename,
            "shared memory files": " ".join(sorted(filter(_is_of_a_box, os.listdir("/dev/shm")))),  # noqa: PTH208
        }


def open_stage(folder: Path, tier: Tier, user: str) -> Stage:
    """Lay out the canaries in an empty folder."""
    secret = f"canary{secrets.token_hex(12)}"
    folder.chmod(0o755)
    (folder / "secret").write_text(secret)
    (folder / "secret").chmod(0o644)
    scratch = folder / "scratch"
    scratch.mkdir(mode=0o755)
    _shared_file(secret).write_text(secret)
    _shared_file(secret).chmod(0o666)
    os.environ["HF_TOKEN"] = secret
    loopback = socket.create_server(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0hpcraft-{secrets.token_hex(8)}")
    named = socket.socket(socket.AF_UNIX)
    named.bind(str(folder / "socket"))
    (folder / "socket").chmod(0o666)
    for door in (loopback, abstract, named):
        door.listen()
        door.setblocking(False)
    segment = _LIBC.shmget(0, _SEGMENT_BYTES, _IPC_CREAT | 0o666)
    address = _LIBC.shmat(segment, None, 0)
    ctypes.memmove(address, secret.encode(), len(secret))
    _LIBC.shmctl(segment, _IPC_RMID, None)  # it lives until we let go of it, however we end
    stage = Stage(folder, tier, user, secret, scratch, (loopback, abstract, named), segment, address, {})
    stage.before = stage._state()
    return stage


def _shared_file(secret: str) -> Path:
    return Path("/dev/shm", f"hpcraft-{secret[-12:]}")


def _objects(table: str) -> str:
    """SysV objects that a user of a box made, or that this ordinary user has and no harness laid out."""
    columns = _OWNER_COLUMNS[table]
    found = []
    for row in (line.split() for line in Path("/proc/sysvipc", table).read_text().splitlines()[1:]):
        owners = {int(row[columns]), int(row[columns + 2])}
        by_a_box = any(_BOX_USERS[0] <= owner < _BOX_USERS[1] for owner in owners)
        if by_a_box or (os.geteuid() != 0 and os.geteuid() in owners and row[3] != str(_SEGMENT_BYTES)):
            found.append(f"{table} {row[1]}")
    return " ".join(found)


def _groups() -> list[Path]:
    """Control groups that this process made for its boxes, below its own or beside it."""
    found: list[Path] = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _number, controllers, place = line.split(":", 2)
        own = Path("/sys/fs/cgroup", controllers, place.lstrip("/"))
        found += [path for folder in (own, own.parent) for path in folder.glob(f"hpcraft-box-{os.getpid()}-*")]
    return found


def _is_of_a_box(name: str) -> bool:
    """Whether a file under /dev/shm is one that the attacks make."""
    return name in ("left", "meet") or name.startswith("mark_")


def _leak(secret: str, outcome: Outcome | str) -> str:
    if isinstance(outcome, str):
        return ""
    said = repr(outcome.to_dict()) + outcome.stdout + outcome.stderr
    if secret in said or any(secret.encode() in content for content in outcome.outputs.values()):
        return "the secret was read"
    return "root's password was read" if "root:$" in said or "root:*:" in said or "root:!" in said else ""


def _left_processes(marker: str) -> str:
    """Processes with the marker in their command lines."""
    give_up = time.monotonic() + _LEFT_SECONDS
    while left := [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if marker in _command_line(pid)]:  # noqa: PTH208
        if time.monotonic() > give_up:
            return f"processes {' '.join(map(str, left))} live on"
        time.sleep(0.02)
    return ""


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
