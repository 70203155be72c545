"""Downloads from a server on this machine that breaks off, ignores ranges, lies and redirects."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hpcraft.data.sources.download import NotFoundError, Policy, download, fetch_text
from hpcraft.errors import InputError

CONTENT = b"".join(hashlib.sha256(bytes([n % 251, n // 251])).digest() for n in range(40_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Behaviour:
    """How the server treats the next requests, and what it was asked."""

    content: bytes = CONTENT
    tag: str = '"one"'
    breaks_after: int = 0
    """Bytes of each answer after which the connection is dropped; 0 means never."""
    ranges: bool = True
    statuses: list[int] = field(default_factory=list)
    """Answers before the first good one."""
    location: str = ""
    asked: list[str] = field(default_factory=list)
    """The ranges asked for."""


class Server(ThreadingHTTPServer):
    """A server on this machine."""

    behaviour: Behaviour

    @property
    def url(self) -> str:
        """Where it serves its one file."""
        return f"http://127.0.0.1:{self.server_port}/x.tar.gz"


class Handler(BaseHTTPRequestHandler):
    """Serves one content as badly as it is told to."""

    server: Server

    def do_GET(self) -> None:
        """Answer."""
        how = self.server.behaviour
        asked = self.headers.get("Range", "")
        how.asked.append(asked)
        if self.path.startswith("/elsewhere") or (how.statuses and (status := how.statuses.pop(0))):
            status = 404 if self.path.startswith("/elsewhere") else status
            self.send_response(status)
            if how.location:
                self.send_header("Location", how.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        begin = int(asked.removeprefix("bytes=").rstrip("-") or 0) if how.ranges and self.headers.get("If-Range") in (None, how.tag) else 0
        if begin >= len(how.content):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if begin else 200)
        body = how.content[begin:]
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(how.content) - 1}/{len(how.content)}")
        if how.tag:
            self.send_header("ETag", how.tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body[: how.breaks_after] if how.breaks_after else body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server that behaves well until told otherwise."""
    with Server(("127.0.0.1", 0), Handler) as found:
        found.behaviour = Behaviour()
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture
def waits() -> list[float]:
    """How long a download would have waited; nothing does in these tests."""
    return []


@pytest.fixture
def policy(waits: list[float]) -> Policy:
    """A policy under which nobody sleeps."""
    return Policy(wait=waits.append)


@pytest.mark.parametrize("sha256", [SHA256, ""])
def test_a_broken_transfer_goes_on_where_it_ended(tmp_path: Path, server: Server, policy: Policy, sha256: str) -> None:
    """Each try asks for the rest alone, and the file is whole; nothing else stays behind but the lock."""
    server.behaviour.breaks_after = 500_000
    file = download(server.url, tmp_path / "x", policy, sha256=sha256)
    assert file.read_bytes() == CONTENT
    assert server.behaviour.asked == ["", "bytes=500000-", "bytes=1000000-"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [".x.lock", "x"]


def test_a_killed_download_is_resumed_by_the_next_run(tmp_path: Path, server: Server, policy: Policy) -> None:
    """The part of an earlier process is kept where a hash or the server's tag proves that it belongs to the rest."""
    (tmp_path / "x.part").write_bytes(CONTENT[:1000])
    assert download(server.url, tmp_path / "x", policy, sha256=SHA256).read_bytes() == CONTENT
    (tmp_path / "y.part").write_bytes(b"of another file")
    assert download(server.url, tmp_path / "y", policy).read_bytes() == CONTENT
    (tmp_path / "z.part").write_bytes(b"old")
    (tmp_path / "z.part.etag").write_text('"zero"')
    assert download(server.url, tmp_path / "z", policy).read_bytes() == CONTENT
    assert server.behaviour.asked == ["bytes=1000-", "", "bytes=3-"]


def test_a_wrong_part_costs_one_more_download(tmp_path: Path, server: Server, policy: Policy) -> None:
    """Bytes of another file in the part give a wrong hash once, and the right file then."""
    (tmp_path / "x.part").write_bytes(b"?" * 1000)
    assert download(server.url, tmp_path / "x", policy, sha256=SHA256).read_bytes() == CONTENT
    (tmp_path / "y.part").write_bytes(b"?" * (len(CONTENT) + 1))
    assert download(server.url, tmp_path / "y", policy, sha256=SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize("tag", ['"one"', ""])
def test_a_server_without_ranges_is_read_from_the_start(tmp_path: Path, server: Server, policy: Policy, tag: str) -> None:
    """What comes again from the start replaces the part, and isn't put behind it."""
    server.behaviour.ranges, server.behaviour.tag = False, tag
    (tmp_path / "x.part").write_bytes(CONTENT[:1000])
    assert download(server.url, tmp_path / "x", policy, sha256=SHA256).read_bytes() == CONTENT


def test_a_file_of_another_hash_is_refused(tmp_path: Path, server: Server, policy: Policy) -> None:
    """The message names both hashes, and the file isn't there, not even in part."""
    with pytest.raises(InputError, match=rf"has the SHA-256 {SHA256[:16]}\.\., expected 0000"):
        download(server.url, tmp_path / "x", policy, sha256="0" * 64)
    assert [p.name for p in tmp_path.iterdir()] == [".x.lock"]


def test_a_busy_server_is_asked_again_after_a_while(tmp_path: Path, server: Server, policy: Policy, waits: list[float]) -> None:
    """Errors that pass are tried again, longer and longer apart; one that never passes is named."""
    server.behaviour.statuses = [503, 500, 429]
    assert download(server.url, tmp_path / "x", policy, sha256=SHA256).read_bytes() == CONTENT
    assert len(waits) == 3
    assert waits == sorted(waits)
    server.behaviour.statuses = [503] * 99
    with pytest.raises(InputError, match=r"doesn't give it whole \(HTTP 503\)"):
        download(server.url, tmp_path / "y", policy)
    assert max(waits) <= 30


def test_what_is_gone_or_too_large_is_named_at_once(tmp_path: Path, server: Server, waits: list[float]) -> None:
    """No retry helps where there is nothing, or too much."""
    server.behaviour.statuses = [404]
    with pytest.raises(NotFoundError, match="HTTP 404"):
        download(server.url, tmp_path / "x", Policy(wait=waits.append))
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        download(server.url, tmp_path / "x", Policy(wait=waits.append, max_bytes=1000))
    assert waits == []


def test_nobody_answering_is_one_clear_line(tmp_path: Path, policy: Policy) -> None:
    """A server that isn't there is tried and named; a password in the address never shows."""
    with pytest.raises(InputError, match="try again later") as caught:
        download("http://me:secret@127.0.0.1:9/x", tmp_path / "x", policy)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_redirects_are_followed_but_not_for_ever_and_not_to_files(tmp_path: Path, server: Server, policy: Policy) -> None:
    """A few redirects within http are fine; a circle, or one to a file of this machine, is refused."""
    server.behaviour.statuses, server.behaviour.location = [302, 301], "/x.tar.gz"
    assert download(server.url, tmp_path / "x", policy).read_bytes() == CONTENT
    for location in ("/x.tar.gz", "file:///etc/passwd"):
        server.behaviour.statuses, server.behaviour.location = [302] * 99, location
        with pytest.raises(InputError, match="check the address"):
            download(server.url, tmp_path / "y", policy)
    assert not (tmp_path / "y").exists()


def test_https_never_becomes_http(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check that every request passes refuses a step from https down to http before it is sent."""
    import httpx2

    from hpcraft.data.sources import download as module

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.scheme == "https"
        return httpx2.Response(302, headers={"Location": "http://127.0.0.1/x"})

    original = httpx2.Client
    monkeypatch.setattr(httpx2, "Client", lambda **words: original(transport=httpx2.MockTransport(answer), **words))
    with pytest.raises(InputError, match="leads from https to http; refused"):
        module.fetch_text("https://host.example/x", Policy(), accept="*/*")


def test_offline_takes_what_is_cached_and_starts_nothing(tmp_path: Path, server: Server) -> None:
    """Offline, a cached file is given, and a missing one is named without a request."""
    offline = Policy(offline=True)
    for fetch in (lambda: download(server.url, tmp_path / "x", offline), lambda: fetch_text(server.url, offline, accept="*/*")):
        with pytest.raises(InputError, match="--offline is given"):
            fetch()
    (tmp_path / "x").write_bytes(CONTENT)
    assert download(server.url, tmp_path / "x", offline, sha256=SHA256) == tmp_path / "x"
    assert server.behaviour.asked == []


def test_a_cached_file_of_another_hash_is_fetched_again(tmp_path: Path, server: Server, policy: Policy) -> None:
    """The cache is believed by hash, not by name."""
    (tmp_path / "x").write_bytes(b"other")
    assert download(server.url, tmp_path / "x", policy, sha256=SHA256).read_bytes() == CONTENT


def test_the_rate_is_bounded(tmp_path: Path, server: Server) -> None:
    """1.28 MB at 4 MB a second takes its time."""
    begin = time.monotonic()
    download(server.url, tmp_path / "x", Policy(max_megabytes_per_second=4))
    assert time.monotonic() - begin > 0.25


def test_two_who_want_the_same_file_fetch_it_once(tmp_path: Path, server: Server) -> None:
    """The second waits for the first and finds the file."""
    policy = Policy(max_megabytes_per_second=8, rate_lock=tmp_path / ".rate.lock")
    threads = [threading.Thread(target=download, args=(server.url, tmp_path / "x", policy)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert server.behaviour.asked == [""]
