"""``pypi:``: indexes of both forms, in files and on a server, and what they may not lead to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hpcraft.data.sources.pypi import configured_indexes
from hpcraft.errors import InputError, MachineError
from tests.data.sources.making import LOOP, mine, mined, tar, zipped

PKG_INFO = b"Metadata-Version: 2.4\nName: toy\nLicense-Expression: BSD-3-Clause\n"
EVIL = b"import os\nos.abort()\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index in files with versions of ``toy``, and pip configured for it alone."""
    folder = tmp_path / "simple" / "toy"
    folder.mkdir(parents=True)
    for version in ("1.0", "1.10", "1.9", "2.0rc1"):
        members = {f"toy-{version}/a.c": LOOP, f"toy-{version}/PKG-INFO": PKG_INFO, f"toy-{version}/toy.egg-info/PKG-INFO": PKG_INFO}
        tar(folder / f"toy-{version}.tar.gz", members | {f"toy-{version}/setup.py": EVIL})
    zipped(folder / "toy-1.11-py3-none-any.whl", {"toy/a.c": LOOP})
    (folder.parent / "wheels").mkdir()
    zipped(folder.parent / "wheels" / "wheels-1.0-py3-none-any.whl", {"wheels/a.c": LOOP})
    for package in folder.parent.iterdir():
        write_page(package)
    monkeypatch.setenv("PIP_INDEX_URL", folder.parent.as_uri())
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", folder.parent.as_uri())
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder.parent


def write_page(package: Path, **hashes: str) -> None:
    """The page of a package, as HTML."""
    links = []
    for file in sorted(package.iterdir()):
        if file.suffix != ".html":
            digest = hashes.get("sha256", hashlib.sha256(file.read_bytes()).hexdigest())
            links.append(f'<a href="{file.name}#sha256={digest}">{file.name}</a>')
    (package / "index.html").write_text("<!DOCTYPE html><html><body>" + "".join(links) + "</body></html>")


class _Handler(SimpleHTTPRequestHandler):
    """Serves the index, as JSON where the package has such a page."""

    def do_GET(self) -> None:
        """Answer."""
        page = Path(self.directory) / self.path.strip("/") / "page.json"
        if not page.is_file():
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.end_headers()
        self.wfile.write(page.read_bytes())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(index: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same index on a server of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(index))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("PIP_INDEX_URL", url)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
        yield url
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("rest", "version"), [("toy", "1.10"), ("Toy==1.9", "1.9"), ("toy<1.9", "1.0"), ("toy==2.0rc1", "2.0rc1"), ("toy >= 1.0, < 2", "1.10")]
)
def test_the_newest_source_archive_that_fits_is_read(tmp_path: Path, index: Path, rest: str, version: str) -> None:
    """Versions are compared as numbers, wheels and pre-releases passed over; nothing of the package runs."""
    done = mine(tmp_path / "out", f"pypi:{rest}")
    assert done.manifest.metrics["versions"] == {"toy": version}
    assert sorted(mined(tmp_path / "out")) == ["PKG-INFO", "a.c"]
    assert done.manifest.rows == {"files": 1, "licences": 1}
    assert done.manifest.rejections == {"not-code": 2}


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("wheels", "only built packages"),
        ("toy==9", "newest are 1.0, 1.9, 1.10, 2.0rc1"),
        ("nothing", "no index"),
        ("toy @ file:///x", "not a package and a version"),
        ("../toy", "not a package and a version"),
    ],
)
def test_what_has_no_source_archive_is_one_clear_line(tmp_path: Path, index: Path, rest: str, words: str) -> None:
    """Wheels alone, no such version, no such package and no package name at all are told apart."""
    with pytest.raises(InputError, match=words) as caught:
        mine(tmp_path / "out", f"pypi:{rest}")
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)


def test_an_archive_that_is_not_the_indexes_is_refused(tmp_path: Path, index: Path) -> None:
    """The hash of the page decides."""
    write_page(index / "toy", sha256="0" * 64)
    with pytest.raises(InputError, match="not the file that the index describes"):
        mine(tmp_path / "out", "pypi:toy")


@pytest.mark.parametrize("as_json", [True, False])
def test_an_index_on_a_server_is_asked_once_and_then_offline(tmp_path: Path, index: Path, served: str, as_json: bool) -> None:
    """HTML and JSON pages give the same; what was chosen is remembered for offline runs."""
    if as_json:
        file = index / "toy" / "toy-1.10.tar.gz"
        hashes = {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        page = {
            "meta": {"api-version": "1.1"},
            "name": "toy",
            "versions": ["1.10"],
            "files": [{"filename": file.name, "url": file.name, "hashes": hashes, "size": file.stat().st_size}],
        }
        (index / "toy" / "page.json").write_text(json.dumps(page))
    with pytest.raises(InputError, match="--offline is given"):
        mine(tmp_path / "never", "pypi:toy", offline=True)
    first = mine(tmp_path / "out", "pypi:toy")
    for file in (index / "toy").iterdir():
        file.unlink()
    again = mine(tmp_path / "again", "pypi:toy", offline=True)
    assert again.manifest.outputs_sha256 == first.manifest.outputs_sha256
    with pytest.raises(InputError, match="no index"):
        mine(tmp_path / "never", "pypi:nothing")


def test_a_server_never_leads_to_a_file_of_this_machine(tmp_path: Path, index: Path, served: str) -> None:
    """A page that came over the network and links to file: addresses gives nothing."""
    file = index / "toy" / "toy-1.10.tar.gz"
    (index / "toy" / "index.html").write_text(f'<html><body><a href="{file.as_uri()}">{file.name}</a></body></html>')
    with pytest.raises(InputError, match="no index"):
        mine(tmp_path / "out", "pypi:toy")


def test_pip_says_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip's own file counts, and the environment more."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    settings = tmp_path / "pip.conf"
    settings.write_text(
        "[global]\nindex-url = https://one.example/simple/\nextra-index-url =\n  https://two.example/s\n  https://three.example/s\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert configured_indexes().urls[0] == "https://one.example/simple"
    assert set(configured_indexes().urls[1:]) >= {"https://two.example/s", "https://three.example/s"}
    monkeypatch.setenv("PIP_INDEX_URL", "https://four.example/s")
    assert configured_indexes().urls[0] == "https://four.example/s"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert configured_indexes().urls == ()


def test_without_the_library_the_command_that_installs_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of the machine, exit code 4."""
    monkeypatch.setitem(__import__("sys").modules, "pypi_simple", None)
    with pytest.raises(MachineError, match="pip install"):
        mine(tmp_path / "out", "pypi:toy")


def test_a_password_of_an_index_stays_out_of_the_cache(tmp_path: Path, index: Path, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of an archive names no login."""
    monkeypatch.setenv("PIP_INDEX_URL", served.replace("//", "//me:secret@"))
    mine(tmp_path / "out", "pypi:toy")
    cached = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert any(path.suffix == ".json" for path in cached)
    assert not any(b"secret" in path.read_bytes() for path in cached)
