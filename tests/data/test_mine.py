"""Mining: folders, git commits and Debian packages, and hostile versions of each."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from hpcraft.data.mine import STAGE, MineConfig
from hpcraft.data.sources.apt import archive_entries
from hpcraft.data.sources.archives import open_archive
from hpcraft.data.sources.debian import open_package, read_dsc
from hpcraft.data.sources.git import _parse
from hpcraft.errors import ConfigError, InputError, MachineError
from hpcraft.records import SourceFile
from hpcraft.stages import Execution, execute
from hpcraft.store import read_rows

needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="apt-get is missing")
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is missing")

LOOP = b"void scale(int n, double a, double *x)\n{\n    for (int i = 0; i < n; ++i)\n        x[i] *= a;\n}\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def mine(out: Path, *sources: str, **config: object) -> Execution:
    """Run the stage into ``out``."""
    return execute(STAGE, MineConfig(sources=sources, **{"num_workers": 1, **config}), {}, out)  # type: ignore[arg-type]


def mined(out: Path) -> dict[str, SourceFile]:
    """The mined rows by path."""
    return {row.path: row for row in read_rows(out, "files", SourceFile)}


def tree(root: Path, **files: bytes) -> Path:
    """Write files below ``root``; in their names ``__`` is a slash and ``_dot_`` a dot."""
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def tar(path: Path, members: dict[str, bytes], *extra: tarfile.TarInfo) -> Path:
    """Write a gzip tar archive of the members."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return path


# ---------------------------------------------------------------- path:


def test_a_folder_is_mined_with_provenance(tmp_path: Path) -> None:
    """Code and licence files become rows, other files are counted, and equal trees have equal versions."""
    one = tree(tmp_path / "one" / "lib", src__a_dot_c=LOOP, LICENSE=b"MIT", notes_dot_txt=b"x")
    other = tree(tmp_path / "other" / "lib", src__a_dot_c=LOOP, LICENSE=b"MIT", notes_dot_txt=b"y")
    done = mine(tmp_path / "out", f"path:{one}")
    rows = mined(tmp_path / "out")
    assert sorted(rows) == ["LICENSE", "src/a.c"]
    assert rows["src/a.c"].content == LOOP
    assert rows["src/a.c"].sha256 == hashlib.sha256(LOOP).hexdigest()
    assert done.manifest.rejections == {"not-code": 1}
    assert done.manifest.metrics["by_package"] == {"lib": {"files": 2, "bytes": len(LOOP) + 3}}
    mine(tmp_path / "out2", f"path:{other}")
    assert mined(tmp_path / "out2")["src/a.c"].version == rows["src/a.c"].version


def test_links_and_special_files_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    """A link out of the tree, a link to a folder and a pipe are counted and left out."""
    secret = tmp_path / "secret.c"
    secret.write_bytes(b"int secret;\n")
    root = tree(tmp_path / "lib", a_dot_c=LOOP)
    (root / "out.c").symlink_to(secret)
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.c")
    done = mine(tmp_path / "out", f"path:{root}")
    assert sorted(mined(tmp_path / "out")) == ["a.c"]
    assert done.manifest.rejections == {"link": 2, "special-file": 1}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_an_unreadable_file_costs_itself_alone(tmp_path: Path) -> None:
    """A file that may not be read is counted, the others are mined."""
    from hpcraft.data.sources.path import read_tree

    root = tree(tmp_path / "lib", a_dot_c=LOOP, b_dot_c=LOOP)
    (root / "b.c").chmod(0)
    for folder in (root, *root.parents):
        if folder.is_relative_to(Path("/tmp")):
            folder.chmod(folder.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        found = read_tree(root, 10_000)
    finally:
        os.seteuid(0)
    assert found.files == ["a.c"]
    assert found.skipped == {"unreadable": 1}


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("path:/no/such/folder", InputError, "no such folder"),
        ("git:/no/such/repository@main", InputError, "check the address"),
        ("debian:../etc", InputError, "not the name of a source package"),
        ("svn:x", ConfigError, "expected one of debian:"),
        ("debian:", ConfigError, "expected one of debian:"),
    ],
)
def test_a_missing_source_is_named(tmp_path: Path, source: str, error: type[Exception], words: str) -> None:
    """A source that isn't there gives one line that names it and says what to do."""
    with pytest.raises(error, match=words) as caught:
        mine(tmp_path / "out", source)
    assert source.rstrip(":") in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_no_code_at_all_is_an_error(tmp_path: Path) -> None:
    """A folder without code isn't taken for an empty corpus."""
    tree(tmp_path / "lib", notes_dot_txt=b"x", LICENSE=b"MIT")
    with pytest.raises(InputError, match="no code found in path:"):
        mine(tmp_path / "out", f"path:{tmp_path / 'lib'}")


def test_the_cap_keeps_the_same_files_each_time_and_all_licences(tmp_path: Path) -> None:
    """A cap is a sample by hash of the path, so it doesn't depend on the machine."""
    root = tree(tmp_path / "lib", LICENSE=b"MIT", **{f"f{n}_dot_c": LOOP for n in range(20)})
    first = mine(tmp_path / "a", f"path:{root}", max_files_per_package=5)
    again = mine(tmp_path / "b", f"path:{root}", max_files_per_package=5)
    assert first.manifest.outputs_sha256 == again.manifest.outputs_sha256
    assert first.manifest.rows == {"files": 6}
    assert first.manifest.rejections == {"file-cap": 15}


def test_finished_sources_survive_a_crash(tmp_path: Path) -> None:
    """What was mined before the crash stays, and the end result equals that of an undisturbed run."""
    good, bad = tree(tmp_path / "good", a_dot_c=LOOP), tmp_path / "bad"
    sources = (f"path:{good}", f"git:{bad}@HEAD")
    with pytest.raises(InputError):
        mine(tmp_path / "out", *sources)
    shard = next((tmp_path / "out.partial").glob("files-000-*.parquet"))
    before = shard.stat().st_mtime_ns
    repository(bad)
    resumed = mine(tmp_path / "out", *sources)
    assert (tmp_path / "out" / shard.name).stat().st_mtime_ns == before
    assert mine(tmp_path / "fresh", *sources).manifest.outputs_sha256 == resumed.manifest.outputs_sha256


# ---------------------------------------------------------------- git:


def repository(root: Path) -> str:
    """A repository with a link, a submodule entry and hooks; returns its commit."""
    tree(root, src__a_dot_c=LOOP, b_dot_f90=b"program p\nend program\n")
    (root / "evil.c").symlink_to("/etc/passwd")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git("commit", "--quiet", "--message=x")
    git("tag", "v1")
    return git("rev-parse", "HEAD")


@needs_git
def test_a_commit_is_mined_without_a_checkout_or_hooks(tmp_path: Path) -> None:
    """Hooks and a file-system monitor of the repository never run; links and submodules are left out."""
    root = tmp_path / "repo"
    commit = repository(root)
    trace = tmp_path / "ran"
    for hook in ("post-checkout", "pre-auto-gc", "reference-transaction", "post-index-change"):
        path = root / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {trace}\n")
        path.chmod(0o755)
    (root / ".git" / "config").open("a").write(
        f'[core]\n\tfsmonitor = "touch {trace}"\n[uploadpack]\n\tpackObjectsHook = "touch {trace}; exec"\n'
    )
    done = mine(tmp_path / "out", f"git:{root}@v1")
    rows = mined(tmp_path / "out")
    assert not trace.exists()
    assert sorted(rows) == ["b.f90", "src/a.c"]
    assert rows["src/a.c"].version == commit
    assert done.manifest.rejections == {"link": 1, "submodule": 1}
    mine(tmp_path / "again", f"git:{root}@v1", offline=True)
    with pytest.raises(InputError, match="offline"):
        mine(tmp_path / "never", f"git:{root}@HEAD", offline=True)


@needs_git
@pytest.mark.parametrize("rest", ["--upload-pack=touch x", "ext::sh -c touch% x", "./repo@--exec"])
def test_a_git_address_never_becomes_an_option_or_a_command(tmp_path: Path, rest: str) -> None:
    """Options and transports that run programs are refused."""
    with pytest.raises(InputError):
        mine(tmp_path / "out", f"git:{rest}")


@pytest.mark.parametrize(
    ("rest", "url", "rev"),
    [
        ("https://host/group/repo@v1.0", "https://host/group/repo", "v1.0"),
        ("https://host/repo", "https://host/repo", "HEAD"),
        ("https://me@host/repo", "https://me@host/repo", "HEAD"),
        ("git@host:group/repo", "git@host:group/repo", "HEAD"),
        ("git@host:group/repo@feature/x", "git@host:group/repo", "feature/x"),
    ],
)
def test_the_revision_is_told_from_the_address(rest: str, url: str, rev: str) -> None:
    """The last @ begins the revision unless it belongs to the address."""
    target = _parse(rest)
    assert (target.url, target.rev) == (url, rev)


# ---------------------------------------------------------------- archives


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A tar member that is no regular file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_hostile_members_are_counted_and_never_written(tmp_path: Path) -> None:
    """Climbing and absolute names, links and devices do nothing."""
    archive = tar(
        tmp_path / "x.tar.gz",
        {"p/a.c": LOOP, "../climb.c": LOOP, "/abs.c": LOOP, "p/../../b.c": LOOP},
        special("p/l.c", tarfile.SYMTYPE, "/etc/passwd"),
        special("p/h.c", tarfile.LNKTYPE, "p/a.c"),
        special("p/d.c", tarfile.CHRTYPE),
    )
    with open_archive(archive, 10_000) as opened:
        assert [(e.path, e.read()) for e in opened.entries] == [("a.c", LOOP)]
        assert opened.skipped == {"unsafe-path": 3, "link": 2, "special-file": 1, "not-code": 0}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.tar.gz"]


def test_a_bomb_and_a_torn_archive_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that unpacks to too much, or that ends early, is one clear error."""
    archive = tar(tmp_path / "x.tar.gz", {f"p/{n}.c": bytes(1000) for n in range(50)})
    monkeypatch.setattr("hpcraft.data.sources.archives.MAX_UNPACKED_BYTES", 20_000)
    with pytest.raises(InputError, match="refused as a bomb"), open_archive(archive, 10_000):
        pass
    torn = tmp_path / "torn.tar.gz"
    torn.write_bytes(archive.read_bytes()[:150])
    with pytest.raises(InputError, match="not a readable tar archive"), open_archive(torn, 10_000):
        pass


# ---------------------------------------------------------------- debian:


def source_package(pool: Path, *, old_format: bool = False) -> list[Path]:
    """The files of a source package ``toy`` 1.2-3 with two upstream archives."""
    pool.mkdir(parents=True, exist_ok=True)
    copyright_text = (
        b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: x\nLicense: Expat\n"
    )
    files = [tar(pool / "toy_1.2.orig.tar.gz", {"toy-1.2/a.c": LOOP, "toy-1.2/debian/old.c": LOOP})]
    if old_format:
        lines = b"".join(b"+" + line + b"\n" for line in copyright_text.splitlines())
        diff = b"--- toy-1.2.orig/debian/copyright\n+++ toy-1.2/debian/copyright\n@@ -0,0 +1,5 @@\n" + lines
        (pool / "toy_1.2-3.diff.gz").write_bytes(gzip.compress(diff))
        files.append(pool / "toy_1.2-3.diff.gz")
    else:
        files.append(tar(pool / "toy_1.2.orig-extra.tar.gz", {"e-9/b.f": b"      END\n"}))
        files.append(tar(pool / "toy_1.2-3.debian.tar.xz", {"debian/copyright": copyright_text, "debian/rules": b"x"}))
    hashes = "\n".join(f" {hashlib.sha256(f.read_bytes()).hexdigest()} {f.stat().st_size} {f.name}" for f in files)
    md5 = "\n".join(f" {hashlib.md5(f.read_bytes()).hexdigest()} {f.stat().st_size} {f.name}" for f in files)
    dsc = pool / "toy_1.2-3.dsc"
    dsc.write_text(
        f"Format: 3.0 (quilt)\nSource: toy\nBinary: toy\nArchitecture: any\nVersion: 1.2-3\nChecksums-Sha256:\n{hashes}\nFiles:\n{md5}\n"
    )
    return [*files, dsc]


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
    execute(PREPARE, PrepareConfig(num_workers=1), {"files": tmp_path / "files"}, tmp_path / "corpus")
    documents = list(read_rows(tmp_path / "corpus", "corpus", Document))
    assert len(documents) > 20
    assert all(d.licence and d.licence_evidence for d in documents)
