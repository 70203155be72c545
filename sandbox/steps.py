"""The steps of a build: each is looked up by what goes into it, and executed in a box where it isn't known yet.

What goes into a step is all that its box shows and says: files, commands, environment, limits, the tier, the compilers and the
state of the system's packages (headers and libraries outside the job), the processor (``-march=native``). Only the ends
that a compiler chose itself are kept, never a limit, a signal or a failure of the sandbox.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from threading import Event
from typing import Any

from hpcraft.sandbox import toolchains
from hpcraft.sandbox.box import execute
from hpcraft.sandbox.cache import Entry, Fact, alone, cache
from hpcraft.sandbox.jail import Jail, Step
from hpcraft.sandbox.outcome import Limits
from hpcraft.sandbox.supervise import Ended

_RETRIES = 2
_STATE = (
    "/var/lib/dpkg/status",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/Packages",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/var/lib/pacman/local",
    "/lib/apk/db/installed",
    "/usr/local/include",
    "/usr/local/lib",
)
"""Files and folders that change when headers and libraries of the system do."""
_OF_TOOLCHAIN = ("", "bin", "include", "lib", "lib64")
_TROUBLE = re.compile(
    rb"terminated program|cannot execute|unable to execute|due to signal|internal compiler error|fatal internal|LLVM ERROR"
    rb"|temporarily unavailable|[Cc]annot allocate|out of memory|memory exhausted|No space left|size limit|Killed"
)
"""A driver exits by itself after something ended its compiler; another try may end otherwise."""
_PARTS = ("stdout", "stderr")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingredients:
    """What a step's result depends on, beside the step itself."""

    kind: str
    limits: Limits
    """Of the whole build; those of the step are what is left of them."""
    files: Mapping[str, bytes]
    """Everything that the box shows of the job, by path."""
    tools: tuple[str, ...]


class Steps:
    """Executes steps in one jail, for one job."""

    def __init__(self, jail: Jail, folder: Path, stop: Event | None) -> None:
        self._jail, self._folder, self._stop = jail, folder, stop
        self._cache = cache()

    def execute(self, step: Step) -> Ended:
        """Run a step; failures of the sandbox itself are tried again."""
        ended = execute(step, self._jail, self._folder, self._stop)
        for attempt in range(_RETRIES):
            if ended.reason != "failed":
                break
            time.sleep(0.1 * 4**attempt)
            ended = execute(step, self._jail, self._folder, self._stop)
        return ended

    def key(self, step: Step, of: Ingredients) -> str:
        """The name of a step's result."""
        what = {
            "kind": of.kind,
            "ended": [field.name for field in fields(Ended)],
            "tier": self._jail.isolation.tier,
            "commands": step.commands,
            "environment": dict(step.environment),
            "folder": step.folder,
            "collect": step.collect,
            "limits": asdict(of.limits),
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in of.files.items()},
            "tools": [_identity(tool) for tool in of.tools],
            "state": _times(_STATE) + _times(str(folder / name) for folder in step.toolchains for name in _OF_TOOLCHAIN),
            "processor": _processor(),
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    def remembered(self, step: Step, of: Ingredients, needed: Iterable[str], prepare: Callable[[], None]) -> Ended:
        """The end of a step, kept from before or of now.

        Args:
            step: what to execute.
            of: what else the result depends on.
            needed: the collected files without which an exit code of 0 isn't believed.
            prepare: lays out the files that the step reads, when it has to be executed.
        """
        key = self.key(step, of)
        with alone(key):
            entry = self._cache.get(key) if self._cache else None
            if entry is not None:
                return _ended(entry)
            prepare()
            ended = self.execute(step)
            if ended.reason == "exited" and ended.exit_code == 0 and not set(needed) <= set(ended.outputs):
                return replace(ended, reason="disk")  # what the compilers wrote did not fit
            if self._cache and _own_end(ended):
                self._cache.put(key, _entry(ended))
            return ended


def _own_end(ended: Ended) -> bool:
    if ended.reason != "exited" or ended.exit_code is None or ended.disk_full:
        return False
    return ended.exit_code == 0 or not _TROUBLE.search(ended.stderr)


def _entry(ended: Ended) -> Entry:
    facts: dict[str, Fact] = {f.name: getattr(ended, f.name) for f in fields(ended) if f.name not in (*_PARTS, "outputs")}
    files = {name: bytes(getattr(ended, name)) for name in _PARTS} | {f"out/{name}": content for name, content in ended.outputs.items()}
    return Entry(facts=facts, files=files)


def _ended(entry: Entry) -> Ended:
    outputs = {name.removeprefix("out/"): content for name, content in entry.files.items() if name.startswith("out/")}
    values: dict[str, Any] = {**entry.facts, **{name: entry.files[name] for name in _PARTS}, "outputs": outputs}
    return Ended(**values)


def _identity(tool: str) -> list[str | int]:
    resolved = Path(tool).resolve()
    found = resolved.stat()
    return [tool, str(resolved), found.st_size, found.st_mtime_ns, toolchains.version(tool)]


def _times(paths: Iterable[str]) -> list[int]:
    return [_time(Path(path)) for path in paths]


def _time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@functools.cache
def _processor() -> list[str]:
    """What ``-march=native`` looks at."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    words = re.findall(r"^(?:model name|flags|Features|CPU part)\s*:.*$", text, re.MULTILINE)
    return [platform.machine(), hashlib.sha256("\n".join(sorted(set(words))).encode()).hexdigest()]
