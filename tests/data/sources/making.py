"""Small sources of every kind, made by the tests of mining, and hostile versions of them."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.data.mine import STAGE, MineConfig, read_code, read_licences
from hpcraft.records import SourceFile
from hpcraft.stages import Execution, execute

needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="apt-get is missing")
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is missing")

LOOP = b"void scale(int n, double a, double *x)\n{\n    for (int i = 0; i < n; ++i)\n        x[i] *= a;\n}\n"


def mine(out: Path, *sources: str, **config: object) -> Execution:
    """Run the stage into ``out``."""
    return execute(STAGE, MineConfig(sources=sources, **{"num_workers": 1, **config}), {}, out)  # type: ignore[arg-type]


def mined(out: Path) -> dict[str, SourceFile]:
    """The mined rows, code and licences, by path."""
    return {row.path: row for row in (*read_code(out), *read_licences(out))}


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


def packed(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive of the kind that its suffix names."""
    if path.suffix == ".zip":
        return zipped(path, members)
    plain = path.with_name("plain.tar")
    with tarfile.open(plain, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    data = plain.read_bytes()
    plain.unlink()
    if path.suffix == ".zst":
        import pyarrow as pa

        with pa.output_stream(str(path), compression="zstd") as stream:
            stream.write(data)
    else:
        packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
        path.write_bytes(packers.get(path.suffix, bytes)(data))
    return path


def zipped(path: Path, members: dict[str, bytes], *, date: tuple[int, int, int, int, int, int] = (2020, 2, 2, 0, 0, 0)) -> Path:
    """Write a zip archive of the members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return path


def encrypted(data: bytes, name: bytes) -> bytes:
    """A zip archive in which one member says that it is encrypted, in its own header and in the table."""
    found = bytearray(data)
    for signature, flags, header in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        at = data.index(name) if signature == b"PK\x03\x04" else data.rindex(name)
        begin = at - header
        assert data[begin : begin + 4] == signature
        found[begin + flags] |= 1
    return bytes(found)


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A tar member that is no regular file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def repository(root: Path) -> str:
    """A repository with a link, a submodule entry and hooks; returns its commit."""
    tree(root, src__a_dot_c=LOOP, b_dot_f90=b"program p\nend program\n")
    (root / "evil.c").symlink_to("/etc/passwd")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment |= {"GIT_COMMITTER_DATE": "2018-06-01T00:00:00Z"}

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git("commit", "--quiet", "--message=x")
    git("tag", "v1")
    return git("rev-parse", "HEAD")


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
