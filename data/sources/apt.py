"""Source packages through apt's own configured sources, in an apt state of our own.

Theory of operation. The machine's Debian or Ubuntu archive entries are copied as ``deb-src`` into a folder of
the cache, with state, lists and configuration beside them; apt runs with those alone. Neither root nor a
change to the machine is needed, and third-party entries are never asked. apt checks the signature
of the index and every hash below it.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcraft.data.sources.locks import lock
from hpcraft.errors import InputError, MachineError
from hpcraft.recipe import nearest
from hpcraft.store import sha256_file, write_text

INDEX_SECONDS = 24 * 3600
_TRUSTED_KEYRINGS = re.compile(r"(debian|ubuntu)-archive-keyring")
_SUITES = re.compile(r"(-updates|-security|/updates|-proposed-updates)?")
_RELEASES = ("stable", "oldstable", "testing", "unstable", "sid")


@dataclass(frozen=True, slots=True)
class Download:
    """One file of a source package, as the signed index describes it."""

    name: str
    size_bytes: int
    sha256: str


class PrivateApt:
    """apt with a state of its own below ``cache``.

    Raises:
        MachineError: no apt-get here, or apt has no Debian or Ubuntu archive configured.
    """

    def __init__(self, cache: Path, apt_folder: Path, *, offline: bool, max_megabytes_per_second: float = 0) -> None:
        if not shutil.which("apt-get"):
            raise MachineError("this machine has no apt-get, so debian: sources can't be mined; use path:DIR or git:URL@rev instead")
        entries = archive_entries(apt_folder)
        if not entries:
            raise MachineError(f"{apt_folder}: no Debian or Ubuntu archive is configured there; use path:DIR or git:URL@rev instead")
        self._offline = offline
        self._rate = max_megabytes_per_second
        self._state = cache / "apt" / hashlib.sha256("\n\n".join(entries).encode()).hexdigest()[:16]
        self._packages = cache / "debian"
        for folder in ("lists/partial", "archives/partial", "parts"):
            (self._state / folder).mkdir(parents=True, exist_ok=True)
        if not (self._state / "apt.conf").exists():
            write_text(self._state / "status", "")
            write_text(self._state / "parts" / "archive.sources", "\n\n".join(entries) + "\n")
            write_text(self._state / "apt.conf", self._configuration())

    def files(self, package: str) -> list[Download]:
        """What a source package consists of.

        Raises:
            InputError: the mirror has no such package, or its index isn't cached and we are offline.
        """
        self._update()
        done = self._apt(["-qq", "--only-source", "--print-uris", "source", package])
        found = re.findall(r"^'[^']+' (\S+) (\d+) SHA256:([0-9a-f]{64})$", done.stdout, re.MULTILINE)
        if done.returncode or not found:
            near = nearest(package, self._names())
            raise InputError(f"debian:{package}: apt's sources have no such source package{near}; `apt-cache showsrc NAME` lists them")
        return [Download(name, int(size), sha256) for name, size, sha256 in sorted(found)]

    def fetch(self, package: str, files: Sequence[Download]) -> Path:
        """The folder that holds the files of a package, whole and checked; downloads what is missing.

        Raises:
            InputError: it is missing offline, or what came isn't what the index promised.
        """
        folder = self._packages / package
        folder.mkdir(parents=True, exist_ok=True)
        if not (missing := _missing(folder, files)):
            return folder
        if self._offline:
            raise InputError(f"debian:{package}: {missing[0]} isn't in the cache and --offline is given; mine once without it")
        # One download at a time, so that the mirror and the rate are those of one client.
        with lock(self._packages / ".lock"):
            if not (missing := _missing(folder, files)):
                return folder
            for name in missing:
                # apt would resume a partial file, but one of full size and wrong content would stay wrong.
                (folder / name).unlink(missing_ok=True)
            done = self._apt(["-qq", "--only-source", "--download-only", "source", package], cwd=folder)
            missing = _missing(folder, files)
        if missing:
            raise InputError(
                f"debian:{package}: the mirror doesn't give {missing[0]} whole ({_complaint(done)}); try again or leave it out"
            )
        return folder

    def _update(self) -> None:
        stamp = self._state / "updated"
        with lock(self._state / ".lock"):
            fresh = stamp.exists() and (self._offline or time.time() - stamp.stat().st_mtime < INDEX_SECONDS)
            if fresh:
                return
            if self._offline:
                raise InputError("debian: sources: the package index isn't cached and --offline is given; mine once without it")
            done = self._apt(["-q", "-o", "APT::Update::Error-Mode=any", "update"])
            if done.returncode:
                raise MachineError(f"apt-get update failed ({_complaint(done)}); check the network, or mine path: and git: sources")
            write_text(stamp, "")

    def _names(self) -> set[str]:
        """All source packages of the index."""
        names: set[str] = set()
        for index in sorted((self._state / "lists").glob("*_Sources*")):
            done = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", str(index)], capture_output=True, check=False)
            names.update(found.decode() for found in re.findall(rb"^Package: (\S+)$", done.stdout, re.MULTILINE))
        return names

    def _apt(self, words: Sequence[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        # In kilobytes; apt takes 0 for no bound.
        limits = [w for scheme in ("http", "https") for w in ("-o", f"Acquire::{scheme}::Dl-Limit={round(self._rate * 1000)}")]
        command = ["apt-get", "-c", str(self._state / "apt.conf"), *limits, *words]
        return subprocess.run(
            command, cwd=cwd or self._state, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False
        )

    def _configuration(self) -> str:
        """Read by apt after the machine's own, so that it can clear hooks which would touch the machine."""
        state = self._state.resolve()
        return f"""\
Dir::State "{state}";
Dir::State::Lists "{state}/lists";
Dir::State::status "{state}/status";
Dir::Cache "{state}";
Dir::Cache::Archives "{state}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{state}/parts";
APT::Sandbox::User "{pwd.getpwuid(os.geteuid()).pw_name}";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"""


def archive_entries(apt_folder: Path) -> list[str]:
    """The machine's Debian or Ubuntu archive entries as deb822 ``deb-src`` stanzas."""
    found = [_line_stanza(line) for file in _configured(apt_folder, "list") for line in file.read_text(errors="replace").splitlines()]
    for file in _configured(apt_folder, "sources"):
        found.extend(_stanzas(file.read_text(errors="replace")))
    return list(dict.fromkeys(_source_stanza(stanza) for stanza in found if _is_archive(stanza)))


def _configured(apt_folder: Path, suffix: str) -> list[Path]:
    main = [apt_folder / "sources.list"] if suffix == "list" and (apt_folder / "sources.list").is_file() else []
    return main + sorted((apt_folder / "sources.list.d").glob(f"*.{suffix}"))


def _line_stanza(line: str) -> dict[str, str]:
    """A one-line entry such as ``deb [signed-by=KEY] URI SUITE COMPONENT...``."""
    found = re.match(r"\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
    if not found:
        return {}
    options = dict(word.split("=", 1) for word in (found[1] or "").split() if "=" in word)
    stanza = {"uris": found[2], "suites": found[3], "components": found[4].strip()}
    return {**stanza, **{k.lower(): v for k, v in options.items() if k.lower() in ("signed-by", "trusted")}}


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    from debian.deb822 import Deb822

    for paragraph in Deb822.iter_paragraphs(text.splitlines(), use_apt_pkg=False):
        stanza = {str(k).lower(): " ".join(str(v).split()) for k, v in paragraph.items()}
        if stanza.get("enabled", "yes").lower() not in ("no", "false", "0"):
            yield stanza


def _is_archive(stanza: dict[str, str]) -> bool:
    """Whether an entry is the distribution's own archive: its suites, its component ``main``, its keyring."""
    suites = stanza.get("suites", "").split()
    key = stanza.get("signed-by", "")
    releases = (*_RELEASES, _codename())
    ours = all(any(s.startswith(r) and _SUITES.fullmatch(s[len(r) :]) for r in releases if r) for s in suites)
    return bool(suites and ours and "main" in stanza.get("components", "").split() and (not key or _TRUSTED_KEYRINGS.search(key)))


def _source_stanza(stanza: dict[str, str]) -> str:
    kept = [("URIs", "uris"), ("Suites", "suites"), ("Components", "components"), ("Signed-By", "signed-by"), ("Trusted", "trusted")]
    return "\n".join(["Types: deb-src", *[f"{name}: {stanza[key]}" for name, key in kept if stanza.get(key)]])


def _codename() -> str:
    try:
        found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    except OSError:
        return ""
    return found[1] if found else ""


def _missing(folder: Path, files: Sequence[Download]) -> list[str]:
    def whole(file: Download) -> bool:
        path = folder / file.name
        return path.is_file() and path.stat().st_size == file.size_bytes and sha256_file(path) == file.sha256

    return [file.name for file in files if not whole(file)]


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))]
    return " ".join(lines[0].split()) if lines else f"exit code {done.returncode}"
