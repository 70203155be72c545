"""``debian:PACKAGE``: a source package of the distribution, read from its archives without unpacking.

Every file is checked against the ``.dsc``, which apt checks against the signed index. Formats 1.0 and 3.0, native
packages and several upstream archives are read.

Not covered: patches in ``debian/patches`` aren't applied; the code is upstream's.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hpcraft.data.sources.apt import PrivateApt
from hpcraft.data.sources.archives import open_archive
from hpcraft.data.sources.base import Entry, Opened, Resolved, Settings
from hpcraft.data.sources.wanted import DEBIAN_COPYRIGHT
from hpcraft.errors import InputError
from hpcraft.store import sha256_file

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_COMPONENT = re.compile(r"\.orig-([A-Za-z0-9-]+)\.tar\.\w+$")
_MAX_DIFF_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Package:
    upstream_version: str
    files: list[Path]


def resolve(rest: str, settings: Settings) -> Resolved:
    """See `hpcraft.data.sources.base.Resolver`."""
    if not _NAME.fullmatch(rest):
        raise InputError(f"debian:{rest}: not the name of a source package; names are lower case, such as hypre or lapack")
    apt = PrivateApt(
        settings.cache, settings.apt_folder, offline=settings.offline, max_megabytes_per_second=settings.max_megabytes_per_second
    )
    downloads = apt.files(rest)
    folder = apt.fetch(rest, downloads)
    descriptions = [folder / d.name for d in downloads if d.name.endswith(".dsc")]
    if len(descriptions) != 1:
        raise InputError(f"debian:{rest}: expected one .dsc in the index, found {len(descriptions)}")
    package = read_dsc(descriptions[0])
    return Resolved(
        spec=f"debian:{rest}", package=rest, version=package.upstream_version, open=lambda: open_package(package, settings.max_file_bytes)
    )


def read_dsc(path: Path) -> _Package:
    """Read a ``.dsc`` and check the files it names.

    Raises:
        InputError: a file is missing or differs from its description.
    """
    from debian.deb822 import Dsc

    description = Dsc(path.read_bytes())
    checksums = description.get("Checksums-Sha256")
    if not checksums or "Version" not in description:
        raise InputError(f"{path}: not a source package description with SHA-256 checksums")
    files = []
    for entry in checksums:
        file = path.parent / Path(str(entry["name"])).name
        if not file.is_file() or sha256_file(file) != entry["sha256"]:
            raise InputError(f"{file}: missing, or not the file that {path.name} describes; remove it and mine again")
        files.append(file)
    version = str(description["Version"]).split(":", 1)[-1]
    return _Package(version.rpartition("-")[0] or version, sorted(files))


@contextmanager
def open_package(package: _Package, max_file_bytes: int) -> Iterator[Opened]:
    """The wanted files of all archives of a package; the packager's ``debian/`` replaces upstream's."""
    merged: dict[str, Entry] = {}
    skipped: Counter[str] = Counter()
    packaging = [f for f in package.files if ".debian.tar." in f.name]
    with ExitStack() as stack:
        for file in package.files:
            if ".tar." not in file.name or file.name.endswith((".asc", ".sig")):
                continue
            part = stack.enter_context(open_archive(file, max_file_bytes))
            skipped.update(part.skipped)
            for entry in _placed(file, part):
                if file in packaging or not (packaging and entry.path.startswith("debian/")):
                    merged[entry.path] = entry
        for file in package.files:
            if file.name.endswith(".diff.gz") and (text := _copyright_of_diff(file)):
                merged[DEBIAN_COPYRIGHT] = Entry(DEBIAN_COPYRIGHT, lambda text=text: text)  # type: ignore[misc]
        yield Opened(entries=[merged[path] for path in sorted(merged)], skipped=skipped)


def _placed(file: Path, part: Opened) -> list[Entry]:
    """Entries under the folder where ``dpkg-source`` would put them."""
    if ".debian.tar." in file.name:
        # Its one top folder is debian/ itself, which open_archive took off.
        return [e if e.path.startswith("debian/") else replace(e, path=f"debian/{e.path}") for e in part.entries]
    component = _COMPONENT.search(file.name)
    return [replace(e, path=f"{component[1]}/{e.path}") if component else e for e in part.entries]


def _copyright_of_diff(file: Path) -> bytes | None:
    """``debian/copyright`` of a format 1.0 package, which holds it as lines added by a diff."""
    with gzip.open(file) as stream:
        diff = stream.read(_MAX_DIFF_BYTES)
    found = re.search(rb"^\+\+\+ \S*/debian/copyright\b.*\n@@ -0,0 .*\n((?:\+.*\n|\\.*\n)+)", diff, re.MULTILINE)
    return re.sub(rb"^\+", b"", found[1], flags=re.MULTILINE) if found else None
