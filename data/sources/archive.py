"""``archive:FILE-or-URL[#sha256=HEX]``: a tar or zip archive, on this machine or fetched.

The version is the begin of the archive's SHA-256, the package its name without version and suffix. What is fetched comes over
https, or over http with a hash that proves it. Without a hash the address is fetched once and then taken from the cache.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from hpcraft.data.sources.archives import open_archive
from hpcraft.data.sources.base import Resolved, Settings
from hpcraft.data.sources.download import download, policy_of
from hpcraft.errors import InputError
from hpcraft.store import sha256_file

_SUFFIX = re.compile(r"\.(tar(\.(gz|bz2|xz|lzma|zst))?|tgz|tbz2?|txz|tzst|zip)$", re.IGNORECASE)
_VERSION = re.compile(r"[-_]v?\d[\w.+~-]*$")
_HASH = re.compile(r"sha256=([0-9a-fA-F]{64})")
VERSION_CHARACTERS = 16


def resolve(rest: str, settings: Settings) -> Resolved:
    """See `hpcraft.data.sources.base.Resolver`."""
    address, _, fragment = rest.partition("#")
    given = _HASH.fullmatch(fragment)
    if fragment and not given:
        raise InputError(f"archive:{rest}: after # stands sha256= and 64 hexadecimal digits")
    wanted = given[1].lower() if given else ""
    if re.match(r"[a-z][a-z0-9+.-]+://", address, re.IGNORECASE):
        file, name = _fetched(address, wanted, settings), unquote(PurePosixPath(urlsplit(address).path).name)
    else:
        file = Path(address).expanduser()
        name = file.name
    if not file.is_file():
        raise InputError(f"archive:{rest}: {'a folder; use path:DIR' if file.is_dir() else 'no such file'}")
    found = sha256_file(file)
    if wanted and found != wanted:
        raise InputError(f"archive:{rest}: the file has the SHA-256 {found}; it isn't the one that was meant")
    return Resolved(
        spec=f"archive:{rest}",
        package=package_name(name),
        version=found[:VERSION_CHARACTERS],
        open=lambda: open_archive(file, settings.max_file_bytes),
    )


def package_name(name: str) -> str:
    """The name of an archive without version and suffix: ``hypre`` of ``hypre-2.26.0.tar.gz``."""
    stem = _SUFFIX.sub("", name)
    return _VERSION.sub("", stem) or stem or "archive"


def _fetched(url: str, sha256: str, settings: Settings) -> Path:
    scheme = urlsplit(url).scheme.lower()
    if scheme not in ("http", "https") or (scheme == "http" and not sha256):
        raise InputError(f"archive:{url}: expected https, or http with #sha256=HEX behind the address")
    folder = settings.cache / "archives" / hashlib.sha256(f"{url}\n{sha256}".encode()).hexdigest()[:16]
    return download(url, folder / "archive", policy_of(settings), sha256=sha256)
