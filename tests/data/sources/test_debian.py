"""``debian:``: source packages, and the private apt that brings them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from hpcraft.data.sources.apt import archive_entries
from hpcraft.data.sources.debian import open_package, read_dsc
from hpcraft.errors import InputError, MachineError
from hpcraft.shards import read_rows
from hpcraft.stages import execute
from tests.data.sources.making import mine, mined, needs_apt, source_package


@pytest.mark.parametrize("old_format", [False, True])
def test_a_source_package_is_read_from_its_archives(tmp_path: Path, old_format: bool) -> None:
    """Components stand in their folders, the packager's debian/ replaces upstream's, format 1.0 gives its copyright from the diff."""
    source_package(tmp_path, old_format=old_format)
    package = read_dsc(tmp_path / "toy_1.2-3.dsc")
    assert package.upstream_version == "1.2"
    with open_package(package, 10_000) as opened:
        content = {e.path: e.read() for e in opened.entries}
    expected = {"a.c", "debian/copyright", "debian/old.c"} if old_format else {"a.c", "debian/copyright", "extra/b.f"}
    assert set(content) == expected
    assert content["debian/copyright"].startswith(b"Format: ")
    assert b"\nLicense: Expat\n" in content["debian/copyright"]


def test_a_changed_archive_is_refused(tmp_path: Path) -> None:
    """A file that differs from its description is never read."""
    source_package(tmp_path)
    (tmp_path / "toy_1.2.orig.tar.gz").write_bytes(b"other")
    with pytest.raises(InputError, match="not the file that toy_1"):
        read_dsc(tmp_path / "toy_1.2-3.dsc")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A package mirror of one package, as files, and an apt configuration that names it; returns the latter."""
    pool = tmp_path / "mirror" / "pool"
    files = source_package(pool)
    stanza = ["Package: toy", "Format: 3.0 (quilt)", "Binary: toy", "Version: 1.2-3", "Architecture: any", "Directory: pool", "Files:"]
    stanza += [f" {hashlib.md5(f.read_bytes()).hexdigest()} {f.stat().st_size} {f.name}" for f in files]
    stanza += ["Checksums-Sha256:", *(f" {hashlib.sha256(f.read_bytes()).hexdigest()} {f.stat().st_size} {f.name}" for f in files)]
    index = tmp_path / "mirror" / "dists" / "stable" / "main" / "source" / "Sources"
    index.parent.mkdir(parents=True)
    index.write_text("\n".join(stanza) + "\n")
    digest = hashlib.sha256(index.read_bytes()).hexdigest()
    release = f"Suite: stable\nComponents: main\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n {digest} {index.stat().st_size} main/source/Sources\n"
    (tmp_path / "mirror" / "dists" / "stable" / "Release").write_text(release)
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    (etc / "sources.list").write_text(
        f"# mine\ndeb [trusted=yes] copy:{tmp_path}/mirror stable main\ndeb https://third.example/apt stable extra\n"
    )
    return etc


@needs_apt
def test_a_mirror_is_mined_through_apt_and_then_offline(tmp_path: Path, mirror: Path) -> None:
    """A package comes through a private apt state; a second run needs the mirror no more."""
    first = mine(tmp_path / "out", "debian:toy", apt_folder=str(mirror))
    assert sorted(mined(tmp_path / "out")) == ["a.c", "debian/copyright", "extra/b.f"]
    assert first.manifest.metrics["versions"] == {"toy": "1.2"}
    shutil.rmtree(tmp_path / "mirror")
    again = mine(tmp_path / "out2", "debian:toy", apt_folder=str(mirror), offline=True)
    assert again.manifest.outputs_sha256 == first.manifest.outputs_sha256


@needs_apt
def test_a_damaged_download_is_fetched_again(tmp_path: Path, mirror: Path) -> None:
    """A cached file of wrong content is never trusted."""
    first = mine(tmp_path / "out", "debian:toy", apt_folder=str(mirror))
    cached = next((tmp_path / "cache").rglob("toy_1.2.orig.tar.gz"))
    cached.write_bytes(bytes(cached.stat().st_size))
    assert mine(tmp_path / "out2", "debian:toy", apt_folder=str(mirror)).manifest.outputs_sha256 == first.manifest.outputs_sha256


@needs_apt
def test_a_package_whose_source_the_mirror_lacks_is_one_clear_line(tmp_path: Path, mirror: Path) -> None:
    """The index promises files that aren't there: the missing one is named, and nothing is mined of the others."""
    (tmp_path / "mirror" / "pool" / "toy_1.2.orig.tar.gz").unlink()
    with pytest.raises(InputError, match=r"doesn't give toy_1.2.orig.tar.gz whole") as caught:
        mine(tmp_path / "out", "debian:toy", apt_folder=str(mirror))
    assert "\n" not in str(caught.value)


@needs_apt
def test_a_package_that_the_mirror_does_not_have_is_named(tmp_path: Path, mirror: Path) -> None:
    """The message names the package and the nearest one there is."""
    with pytest.raises(InputError, match=r"debian:toyy: apt's sources have no such source package, did you mean 'toy'\?"):
        mine(tmp_path / "out", "debian:toyy", apt_folder=str(mirror))


@needs_apt
def test_offline_with_an_empty_cache_names_what_is_missing(tmp_path: Path, mirror: Path) -> None:
    """Offline never starts a download."""
    with pytest.raises(InputError, match="index isn't cached and --offline"):
        mine(tmp_path / "out", "debian:toy", apt_folder=str(mirror), offline=True)


def test_a_machine_without_apt_is_told_the_other_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No apt-get is a lack of the machine, and path: and git: are named."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match=r"path:DIR or git:URL"):
        mine(tmp_path / "out", "debian:toy")


def test_only_the_distribution_archive_is_asked(tmp_path: Path) -> None:
    """Third-party and disabled entries are left out; deb becomes deb-src."""
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "debian.sources").write_text(
        "Types: deb\n# a comment\nURIs: http://mirror/debian\nSuites: stable stable-updates\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        "Types: deb\nEnabled: no\nURIs: http://off/debian\nSuites: stable\nComponents: main\n\n"
        "Types: deb\nURIs: http://backports/debian\nSuites: stable-backports\nComponents: main\n\n"
        "Types: deb\nURIs: http://third/apt\nSuites: stable\nComponents: main\nSigned-By: /etc/apt/keyrings/third.asc\n"
    )
    (parts / "old.list").write_text("deb http://security/debian stable-security main contrib # x\ndeb http://pg/apt stable-pgdg main\n")
    entries = archive_entries(tmp_path)
    keyring = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg"
    assert entries == [
        "Types: deb-src\nURIs: http://security/debian\nSuites: stable-security\nComponents: main contrib",
        f"Types: deb-src\nURIs: http://mirror/debian\nSuites: stable stable-updates\nComponents: main\n{keyring}",
    ]


def test_a_package_without_code_archives_is_one_clear_line(tmp_path: Path) -> None:
    """A description that names no archive, and one without checksums, aren't taken for empty packages."""
    source_package(tmp_path)
    dsc = tmp_path / "toy_1.2-3.dsc"
    text = dsc.read_text()
    lines = [line for line in text.splitlines() if "orig" not in line and ".debian.tar" not in line]
    dsc.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="with SHA-256 checksums"):
        read_dsc(dsc)
    dsc.write_text(text.partition("Checksums-Sha256")[0])
    with pytest.raises(InputError, match="with SHA-256 checksums"):
        read_dsc(dsc)


@needs_apt
@pytest.mark.network
def test_a_real_package_becomes_a_corpus(tmp_path: Path) -> None:
    """A small package of the distribution goes from the mirror to licensed documents."""
    from hpcraft.data.prepare import STAGE as PREPARE
    from hpcraft.data.prepare import PrepareConfig
    from hpcraft.records import Document

    try:
        mine(tmp_path / "files", "debian:metis")
    except MachineError as error:
        pytest.skip(f"no package mirror: {error}")
    execute(PREPARE, PrepareConfig(), {"files": tmp_path / "files"}, tmp_path / "corpus")
    documents = list(read_rows(tmp_path / "corpus", "corpus", Document))
    assert len(documents) > 20
    assert all(d.licence and d.licence_evidence for d in documents)
