"""``git:URL-or-path@rev``: one commit of a git repository, read from its object store without a checkout.

A repository can hold code that git would run for us: hooks, a file-system monitor, filters, other
transports. All are off: objects are fetched into a bare cache of ours and read with ``cat-file``.

Not covered: submodules and Git LFS contents, which are counted and left out.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from hpcraft.data.sources.base import Entry, Opened, Resolved, Settings, year_of
from hpcraft.data.sources.locks import lock
from hpcraft.data.sources.wanted import is_wanted, safe_path
from hpcraft.errors import InputError, MachineError

_SAFE = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "protocol.file.allow=always",
    "gc.auto=0",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class _Target:
    url: str
    rev: str


def resolve(rest: str, settings: Settings) -> Resolved:
    """See `hpcraft.data.sources.base.Resolver`."""
    if not shutil.which("git"):
        raise MachineError(f"git:{rest}: this machine has no git; install it (apt-get install git) or use path:DIR")
    target = _parse(rest)
    folder = settings.cache / "git" / hashlib.sha256(target.url.encode()).hexdigest()[:16]
    with lock(settings.cache / "git" / f"{folder.name}.lock"):
        commit = _fetch(target, folder, settings.offline)
    name = target.url.rstrip("/").removesuffix(".git").removesuffix("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return Resolved(spec=f"git:{rest}", package=name or "repository", version=commit, open=lambda: _open(folder, commit, settings))


def _parse(rest: str) -> _Target:
    """Split address and revision; the ``@`` of ``git@host:group/repo`` or ``https://user@host/repo`` is part of the address."""
    url, at, rev = rest.rpartition("@")
    whole = not at or Path(rest).expanduser().is_dir() or ":" in rev or ("://" in url and "/" not in url.partition("://")[2])
    if whole:
        url, rev = rest, "HEAD"
    if url.startswith("-") or rev.startswith("-") or not re.fullmatch(r"[\w./+-]+", rev):
        raise InputError(f"git:{rest}: not a repository and revision; expected git:https://host/repo@v1.0 or git:./repo@HEAD")
    local = Path(url).expanduser()
    return _Target(str(local.resolve()) if local.is_dir() else url, rev)


def _fetch(target: _Target, folder: Path, offline: bool) -> str:
    """The commit of the revision; fetched unless this very commit is cached already."""
    ref = "refs/mined/" + hashlib.sha256(target.rev.encode()).hexdigest()[:16]
    if (folder / "HEAD").exists() and (offline or _COMMIT.fullmatch(target.rev)):
        wanted = target.rev if _COMMIT.fullmatch(target.rev) else ref
        known = _git(folder, ["rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}"], check=False)
        if known:
            return known
    if offline:
        raise InputError(f"git:{target.url}@{target.rev}: not in the cache and --offline is given; mine once without it")
    if not re.match(r"[A-Za-z][\w+.-]*://|[^/]+:", target.url) and not Path(target.url).expanduser().is_dir():
        given = target.url if target.rev == "HEAD" else f"{target.url}@{target.rev}"
        raise InputError(f"git:{given}: no such folder; give a repository on this machine or its address, such as https://host/repo")
    folder.mkdir(parents=True, exist_ok=True)
    _git(folder, ["init", "--quiet", "--bare", "--template=", "."])
    try:
        _git(folder, ["fetch", "--quiet", "--no-tags", "--depth=1", "--no-recurse-submodules", "--", target.url, f"+{target.rev}:{ref}"])
    except InputError as error:
        if _is_empty(folder, target.url):
            raise InputError(f"git:{target.url}: the repository has no commits; give another one") from None
        raise InputError(f"git:{target.url}@{target.rev}: {error}; check the address and the branch, tag or full commit") from None
    return _git(folder, ["rev-parse", "--verify", f"{ref}^{{commit}}"])


def _is_empty(folder: Path, url: str) -> bool:
    """Whether a repository can be asked, and has nothing to give."""
    try:
        return not _git(folder, ["ls-remote", "--", url])
    except InputError:
        return False


def _environment() -> dict[str, str]:
    # GIT_DIR and its kin would point git elsewhere, as when we are run from a hook.
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {**clean, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}


def _command(folder: Path, words: Sequence[str]) -> list[str]:
    return ["git", "--git-dir", str(folder), *[word for setting in _SAFE for word in ("-c", setting)], *words]


def _git(folder: Path, words: Sequence[str], *, check: bool = True) -> str:
    done = subprocess.run(_command(folder, words), cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode and check:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise InputError(f"git says: {lines[-1] if lines else done.returncode}")
    return done.stdout.strip()


@contextmanager
def _open(folder: Path, commit: str, settings: Settings) -> Iterator[Opened]:
    listed = subprocess.run(
        _command(folder, ["ls-tree", "-r", "-z", "-l", commit]), cwd=folder, env=_environment(), capture_output=True, check=False
    )
    if listed.returncode:
        raise InputError(f"{folder}: the fetched commit {commit} is damaged; remove the folder and mine again")
    skipped: Counter[str] = Counter()
    wanted = sorted(_wanted(listed.stdout, skipped, settings.max_file_bytes))
    year = year_of(float(_git(folder, ["show", "--no-patch", "--format=%ct", commit, "--"]) or 0))
    with subprocess.Popen(
        _command(folder, ["cat-file", "--batch"]), cwd=folder, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Opened(entries=[Entry(path, functools.partial(_read, process, blob), year) for path, blob in wanted], skipped=skipped)
        finally:
            process.kill()


def _wanted(listing: bytes, skipped: Counter[str], max_file_bytes: int) -> Iterator[tuple[str, str]]:
    for line in listing.split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _kind, blob, size = facts.decode().split()
        path = safe_path(os.fsdecode(name))
        if path is None:
            skipped["unsafe-path"] += 1
        elif mode not in ("100644", "100755"):
            skipped["submodule" if mode == "160000" else "link"] += 1
        elif not is_wanted(path):
            skipped["not-code"] += 1
        elif int(size) > max_file_bytes:
            skipped["too-large"] += 1
        else:
            yield path, blob


def _read(process: subprocess.Popen[bytes], blob: str) -> bytes:
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    stdin.write(f"{blob}\n".encode())
    stdin.flush()
    header = stdout.readline().split()
    if len(header) != 3:
        raise OSError(f"git object {blob} is missing")
    content = stdout.read(int(header[2]))
    stdout.read(1)
    return content
