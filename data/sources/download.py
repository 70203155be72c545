"""The one way in which mining fetches a file over http: resumed, bounded, checked, whole or not there.

Theory of operation. A file grows as ``NAME.part`` under a lock, so that a second process waits and finds it done. When the
connection breaks, the next try asks for the rest alone, and a server that sends all of it again is obeyed. What a note beside
the part remembers is the server's own tag of the content: without a known hash, only bytes of the same tag are joined. The
hash is checked before the file takes its name.

Not covered: several connections for one file, and proxies other than those that the environment names.
"""

from __future__ import annotations

import os
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit, urlunsplit

from hpcraft import __version__
from hpcraft.data.sources.base import Settings
from hpcraft.data.sources.locks import lock
from hpcraft.errors import InputError
from hpcraft.progress import bar
from hpcraft.store import fsync_folder, sha256_file, write_text

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

MAX_DOWNLOAD_BYTES = 16 << 30
_MAX_REDIRECTS = 5
_TRIES = 6
_MOST_TRIES = 200
_MAX_PAGE_BYTES = 64 << 20
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 30.0
"""A server that says nothing for this long has broken off."""
_CHUNK_BYTES = 256 << 10
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What holds for all downloads of a run."""

    offline: bool = False
    max_megabytes_per_second: float = 0
    max_bytes: int = MAX_DOWNLOAD_BYTES
    rate_lock: Path | None = None
    """Held by the one download that goes on while the rate is bounded, so that the bound holds for all processes together."""
    certificates: str = ""
    """File of the authorities to trust; empty means the machine's own."""
    wait: Callable[[float], None] = time.sleep


def policy_of(settings: Settings, certificates: str = "") -> Policy:
    """What the settings of a run say of its downloads."""
    return Policy(
        offline=settings.offline,
        max_megabytes_per_second=settings.max_megabytes_per_second,
        rate_lock=settings.cache / ".rate.lock",
        certificates=certificates,
    )


class NotFoundError(InputError):
    """The server has no such thing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A short answer of a server."""

    url: str
    """Where redirects ended."""
    kind: str
    content: bytes


class _Broken(Exception):  # noqa: N818 - the transfer broke off; it is tried again
    """A transfer that may go on; ``after`` is how long the server asks to wait."""

    def __init__(self, why: str, after: float = 0) -> None:
        super().__init__(why)
        self.after = after


def download(url: str, path: Path, policy: Policy, *, sha256: str = "") -> Path:
    """Fetch ``url`` into the file ``path`` unless it is there already; without ``sha256`` what is there is taken as it is.

    Raises:
        InputError: offline, refused, gone, too large, or not the file that ``sha256`` describes.
    """
    called = shown(url)
    with lock(path.with_name(f".{path.name}.lock")):
        if path.is_file() and (not sha256 or sha256_file(path) == sha256):
            return path
        if policy.offline:
            raise InputError(f"{called}: not in the cache and --offline is given; mine once without it")
        with lock(policy.rate_lock) if policy.max_megabytes_per_second and policy.rate_lock else nullcontext():
            part = path.with_name(f"{path.name}.part")
            begun_before = _size(part) > 0
            _fetch(url, part, policy, keep=bool(sha256))
            if sha256 and begun_before and sha256_file(part) != sha256:
                # Bytes of an older file may have stood in the part: once more from the start.
                part.unlink()
                _fetch(url, part, policy, keep=True)
            if sha256 and (found := sha256_file(part)) != sha256:
                part.unlink()
                _tag_file(part).unlink(missing_ok=True)
                raise InputError(f"{called}: has the SHA-256 {found[:16]}.., expected {sha256[:16]}..; check the hash or the address")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
        _tag_file(part).unlink(missing_ok=True)
        fsync_folder(path.parent)
    return path


def fetch_text(url: str, policy: Policy, *, accept: str) -> Page:
    """A short answer such as a page of an index, never cached.

    Raises:
        InputError: offline, gone or refused.
    """
    if policy.offline:
        raise InputError(f"{shown(url)}: --offline is given; mine once without it")

    def attempt() -> Page:
        with _client(url, policy) as client, _answer(client, url, {"Accept": accept}) as answer:
            content = b""
            for chunk in answer.iter_bytes(_CHUNK_BYTES):
                content += chunk
                if len(content) > _MAX_PAGE_BYTES:
                    raise InputError(f"{shown(url)}: a page of more than {_MAX_PAGE_BYTES >> 20} MiB; refused")
            return Page(url=str(answer.url), kind=answer.headers.get("content-type", ""), content=content)

    return _retrying(attempt, url, policy, lambda: 0)


def _fetch(url: str, part: Path, policy: Policy, *, keep: bool) -> None:
    """Bring the whole content into ``part``, going on where an earlier try ended."""
    with _client(url, policy) as client:
        _retrying(lambda: _transfer(client, url, part, policy, keep=keep), url, policy, lambda: _size(part))


def _retrying(attempt: Callable[[], T], url: str, policy: Policy, progress: Callable[[], int]) -> T:
    """Try until it works; tries that get on don't count as failures, as long as they aren't very many."""
    failures = 0
    for _ in range(_MOST_TRIES):
        before = progress()
        try:
            return attempt()
        except _Broken as error:
            failures = 1 if progress() > before else failures + 1
            why = error
            if failures >= _TRIES:
                break
            policy.wait(min(max(error.after, _FIRST_WAIT_SECONDS * 2**failures), _LONGEST_WAIT_SECONDS))
    raise InputError(f"{shown(url)}: the server doesn't give it whole ({why}); try again later, which resumes") from None


def _transfer(client: httpx2.Client, url: str, part: Path, policy: Policy, *, keep: bool) -> None:
    have, tag = _size(part), _tag(part)
    if have and not keep and not tag:
        # Nothing would tell that the rest belongs to what is here.
        part.unlink()
        have = 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-"} | ({"If-Range": tag} if tag else {})
    with _answer(client, url, headers) as answer:
        if answer.status_code == 416:
            part.unlink(missing_ok=True)
            raise _Broken("it has less than was fetched before")
        begins = _begin_of_range(answer) if answer.status_code == 206 else 0
        if begins not in (0, have):
            part.unlink(missing_ok=True)
            raise _Broken("it sends another part than was asked for")
        if begins != have:
            have = 0
        found = answer.headers.get("etag", "")
        _remember(part, "" if found.startswith("W/") else found)
        length = int(answer.headers.get("content-length") or 0)
        _check_size(url, have + length, policy)
        with part.open("r+b" if have else "wb") as file, bar(f"fetch {Path(shown(url)).name}", have + length or None) as advance:
            file.seek(have)
            begin, got = time.monotonic(), 0
            for chunk in answer.iter_raw():
                file.write(chunk)
                got += len(chunk)
                advance(len(chunk))
                _check_size(url, have + got, policy)
                if rate := policy.max_megabytes_per_second * 1e6:
                    policy.wait(max(0.0, got / rate - (time.monotonic() - begin)))


@contextmanager
def _answer(client: httpx2.Client, url: str, headers: dict[str, str]) -> Iterator[httpx2.Response]:
    """A good answer, its body still to be read.

    Raises:
        NotFoundError: there is no such thing.
        InputError: the server refuses, or sends us where we don't go.
        _Broken: it may work another time.
    """
    import httpx2

    try:
        with client.stream("GET", url, headers=headers) as answer:
            if answer.status_code in _AGAIN:
                after = answer.headers.get("retry-after", "")
                raise _Broken(f"HTTP {answer.status_code}", float(after) if after.isdigit() else 0)
            if answer.status_code not in (200, 206, 416):
                kind = NotFoundError if answer.status_code in (404, 410) else InputError
                raise kind(f"{shown(url)}: HTTP {answer.status_code} {answer.reason_phrase}; check the address")
            yield answer
    except (httpx2.TooManyRedirects, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise InputError(f"{shown(url)}: {_words(error)}; check the address") from None
    except httpx2.TransportError as error:
        raise _Broken(_words(error)) from None


def _client(url: str, policy: Policy) -> httpx2.Client:
    import httpx2

    def check(request: httpx2.Request) -> None:
        if url.startswith("https:") and request.url.scheme != "https":
            raise InputError(f"{shown(url)}: leads from https to {request.url.scheme}; refused")

    return httpx2.Client(
        verify=ssl.create_default_context(cafile=policy.certificates) if policy.certificates else True,
        follow_redirects=True,
        max_redirects=_MAX_REDIRECTS,
        timeout=_PAUSE_SECONDS,
        event_hooks={"request": [check]},
        headers={"User-Agent": f"hpcraft/{__version__}"},
    )


def _begin_of_range(answer: httpx2.Response) -> int:
    found = re.match(r"bytes (\d+)-", answer.headers.get("content-range", ""))
    return int(found[1]) if found else -1


def _check_size(url: str, num_bytes: int, policy: Policy) -> None:
    if num_bytes > policy.max_bytes:
        raise InputError(f"{shown(url)}: more than {policy.max_bytes:,} bytes; refused")


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _tag_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _tag(part: Path) -> str:
    file = _tag_file(part)
    return file.read_text() if file.is_file() else ""


def _remember(part: Path, tag: str) -> None:
    if tag:
        write_text(_tag_file(part), tag)
    else:
        _tag_file(part).unlink(missing_ok=True)


def shown(url: str) -> str:
    """An address for people: without a password, and without what follows the path."""
    bits = urlsplit(url)
    return urlunsplit((bits.scheme, bits.netloc.rpartition("@")[2], bits.path, "", ""))


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
