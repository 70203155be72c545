"""Tar and zip archives, hostile, damaged and plain."""

from __future__ import annotations

import bz2
import errno
import hashlib
import io
import random
import stat
import struct
import subprocess
import tarfile
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcraft.data.sources.archive import package_name
from hpcraft.data.sources.archives import open_archive
from hpcraft.errors import InputError, MachineError
from tests.data.sources.making import LOOP, encrypted, mine, mined, packed, special, tar, zipped


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
        assert opened.skipped == {"unsafe-path": 3, "link": 2, "special-file": 1}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.tar.gz"]


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that unpacks to too much, to too many files or to too many times its size is one clear error."""
    many = tar(tmp_path / "many.tar.gz", {f"p/{n}.c": bytes(1000) for n in range(50)})
    packed = zipped(tmp_path / "many.zip", {f"p/{n}.c": bytes(1000) for n in range(50)})
    limits = {"MAX_UNPACKED_BYTES": 20_000, "MAX_MEMBERS": 20, "FREE_BYTES": 1000, "MAX_RATIO": 2}
    for changed in (("MAX_UNPACKED_BYTES",), ("MAX_MEMBERS",), ("FREE_BYTES", "MAX_RATIO")):
        with monkeypatch.context() as patch:
            for name in changed:
                patch.setattr(f"hpcraft.data.sources.archives.{name}", limits[name])
            for archive in (many, packed):
                with pytest.raises(InputError, match="refused as a bomb"), open_archive(archive, 10_000):
                    pass


def test_a_gigabyte_of_zeros_costs_no_memory(tmp_path: Path) -> None:
    """A huge member is left out for its size, whether it is sparse on disk or packed a thousand times."""
    root = tmp_path / "huge"
    root.mkdir()
    with (root / "zeros.c").open("wb") as file:
        file.truncate(1 << 30)
    (root / "a.c").write_bytes(LOOP)
    done = mine(tmp_path / "out", f"path:{root}")
    assert done.manifest.rejections == {"too-large": 1}
    subprocess.run(["tar", "--sparse", "-C", tmp_path, "-cf", tmp_path / "huge.tar", "huge"], check=True)
    with pytest.raises(InputError, match="refused as a bomb"), open_archive(tmp_path / "huge.tar", 10_000):
        pass
    tracemalloc.start()
    packed = tmp_path / "zeros.tar.bz2"
    with bz2.open(packed, "wb") as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
        info = tarfile.TarInfo("p/zeros.c")
        info.size = 32 << 20
        archive.addfile(info, (root / "zeros.c").open("rb"))
    tracemalloc.reset_peak()
    with open_archive(packed, 10_000) as opened:
        assert opened.skipped == {"too-large": 1}
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """A name of megabytes, which tar may hold, is no name."""
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("p/" + "x" * (5 << 20)))
    with pytest.raises(InputError, match=r"header of more than 4 MiB"), open_archive(path, 10_000):
        pass


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "zip"])
def test_a_torn_archive_of_any_kind_is_refused_wherever_it_ends(tmp_path: Path, suffix: str) -> None:
    """Cut anywhere, an archive is an error and never a smaller archive; whole, all kinds hold the same."""
    members = {f"p/{n}.c": random.Random(n).randbytes(700) for n in range(6)}
    whole = packed(tmp_path / f"x.{suffix}", members)
    with open_archive(whole, 10_000) as opened:
        assert {f"p/{e.path}": e.read() for e in opened.entries} == members
    data = whole.read_bytes()
    # Behind its six members a plain tar archive has blocks of zeros, of which one is enough.
    last = 6 * (512 + 1024) + 512 if suffix == "tar" else len(data)
    for length in [*range(1, last, max(1, last // 40)), last - 1]:
        torn = tmp_path / f"torn.{suffix}"
        torn.write_bytes(data[:length])
        with pytest.raises(InputError, match="not a readable tar or zip"), open_archive(torn, 10_000):
            pass


def test_a_damaged_header_is_not_the_end_of_the_archive(tmp_path: Path) -> None:
    """What stands behind a broken header isn't lost silently."""
    archive = packed(tmp_path / "x.tar", {f"p/{n}.c": LOOP for n in range(3)})
    data = bytearray(archive.read_bytes())
    data[1024:1030] = b"zzzzzz"
    archive.write_bytes(data)
    with pytest.raises(InputError, match="damaged or cut short"), open_archive(archive, 10_000):
        pass


def test_names_that_are_no_utf8_and_twice_the_same_name(tmp_path: Path) -> None:
    """Names of other encodings are counted; of two members with one name the later counts."""
    utf16 = "späte.c".encode("utf-16")
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape") as archive:
        for name, content in (
            (utf16.decode("utf-8", "surrogateescape"), b"x"),
            ("p/a.c", b"one"),
            ("p/a.c", b"two"),
            ("p/C:b.c", LOOP),
            ("D:x.c", LOOP),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    with open_archive(path, 10_000) as opened:
        assert [(e.path, e.read()) for e in opened.entries] == [("a.c", b"two")]
        assert opened.skipped == {"unsafe-path": 3, "duplicate-name": 1}


def test_the_year_is_the_members_own(tmp_path: Path) -> None:
    """A member's time gives its year; the epoch, and a time still to come, give none."""
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for name, mtime in (("a.c", 1_000_000_000), ("b.c", 0), ("c.c", 1 << 33), ("d.c", -5)):
            info = tarfile.TarInfo(f"p/{name}")
            info.mtime = mtime
            archive.addfile(info)
    with open_archive(path, 10_000) as opened:
        assert {e.path: e.year for e in opened.entries} == {"a.c": 2001, "b.c": 0, "c.c": 0, "d.c": 0}
    found = zipped(tmp_path / "x.zip", {"p/a.c": LOOP}, date=(2011, 5, 5, 0, 0, 0))
    with open_archive(found, 10_000) as opened:
        assert [e.year for e in opened.entries] == [2011]


# ---------------------------------------------------------------- zip


def test_a_hostile_zip_file_gives_what_is_safe(tmp_path: Path) -> None:
    """Climbing, absolute and drive names, links, devices, encrypted and strangely packed members and inner archives are counted."""
    path = tmp_path / "x.zip"
    inner = zipped(tmp_path / "inner.zip", {"deep.c": LOOP}).read_bytes()
    members: dict[str, bytes] = {
        "p/a.c": LOOP,
        "../climb.c": LOOP,
        "/abs.c": LOOP,
        "C:/drive.c": LOOP,
        "p\\back.c": LOOP,
        "p/in.zip": inner,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        for name, mode in (("p/link.c", stat.S_IFLNK), ("p/device.c", stat.S_IFCHR)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (mode | 0o644) << 16
            archive.writestr(info, "/etc/passwd")
        archive.writestr("p/bz.c", LOOP, compress_type=zipfile.ZIP_BZIP2)
        archive.writestr("p/secret.c", LOOP)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("p/a.c", b"later")
        archive.writestr("p/ä.c", LOOP)
        archive.writestr("p/big.c", bytes(20_000))
    path.write_bytes(encrypted(path.read_bytes(), b"p/secret.c"))
    with open_archive(path, 10_000) as opened:
        assert {e.path: e.read() for e in opened.entries} == {"a.c": b"later", "ä.c": LOOP}
        assert opened.skipped == {
            "unsafe-path": 4, "link": 1, "special-file": 1, "packed-otherwise": 1, "encrypted": 1, "duplicate-name": 1, "not-code": 1, "too-large": 1
        }  # fmt: skip
    assert sorted(p.name for p in tmp_path.iterdir()) == ["inner.zip", "x.zip"]


def test_a_zip_file_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    """A member that is larger than its table says, or has another checksum, is damage."""
    path = zipped(tmp_path / "x.zip", {"p/a.c": LOOP * 50})
    data = path.read_bytes()
    size = struct.pack("<L", len(LOOP) * 50)
    for lie in (struct.pack("<L", len(LOOP)), struct.pack("<L", len(LOOP) * 51)):
        path.write_bytes(data.replace(size, lie))
        with pytest.raises(InputError, match="not a readable tar or zip"), open_archive(path, 10_000):
            pass


def test_a_vast_table_of_contents_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of a zip file is weighed before it is read."""
    path = zipped(tmp_path / "x.zip", {f"p/{n}.c": b"" for n in range(100)})
    monkeypatch.setattr("hpcraft.data.sources.zips.MAX_TABLE_BYTES", 1000)
    with pytest.raises(InputError, match="table of contents of more than"), open_archive(path, 10_000):
        pass


def test_names_of_a_zip_file_without_the_flag_are_utf8_or_nothing(tmp_path: Path) -> None:
    """Bytes that are UTF-8 without saying so are read, others are counted."""
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(path, {"p/aXX.c": LOOP, "p/bYY.c": LOOP}).read_bytes().replace(b"XX", "ä".encode()).replace(b"YY", b"\xff\xfe"))
    with open_archive(path, 10_000) as opened:
        assert [e.path for e in opened.entries] == ["aä.c"]
        assert opened.skipped == {"unsafe-path": 1}


# ---------------------------------------------------------------- archive:


def test_an_archive_is_mined_by_its_hash(tmp_path: Path) -> None:
    """The version is the hash, the package the name without version; another hash than the one given is refused."""
    archive = tar(tmp_path / "hypre-2.26.0.tar.gz", {"hypre-2.26.0/a.c": LOOP, "hypre-2.26.0/COPYING": b"MIT"})
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    done = mine(tmp_path / "out", f"archive:{archive}#sha256={digest}")
    assert done.manifest.metrics["versions"] == {"hypre": digest[:16]}
    assert sorted(mined(tmp_path / "out")) == ["COPYING", "a.c"]
    for wrong, words in ((f"#sha256={'0' * 64}", "isn't the one that was meant"), ("#md5=1", "64 hexadecimal digits")):
        with pytest.raises(InputError, match=words):
            mine(tmp_path / "never", f"archive:{archive}{wrong}")
    with pytest.raises(InputError, match="or http with #sha256"):
        mine(tmp_path / "never", "archive:http://127.0.0.1:1/x.tar.gz")
    tar(archive, {"hypre-2.26.0/b.c": LOOP})
    assert not mine(tmp_path / "out", f"archive:{archive}").skipped


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("a-1.2.tar.gz", "a"),
        ("petsc_3.18.5+dfsg1.orig.tar.xz", "petsc"),
        ("v1.0.zip", "v1.0"),
        ("my-code.tgz", "my-code"),
        ("lib-v2.zip", "lib"),
    ],
)
def test_a_package_is_called_as_its_archive_without_version(name: str, package: str) -> None:
    """Version and suffix are no part of a name."""
    assert package_name(name) == package


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(suffix=st.sampled_from(["tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "zip"]), data=st.data())
def test_damage_anywhere_is_an_input_error_or_nothing(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    """Whatever bytes are changed, an archive is read or refused in one line; no other exception ever comes out."""
    whole = bytearray(packed(tmp_path / f"x.{suffix}", {f"p/{n}.c": LOOP * n for n in range(4)}).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        new = data.draw(st.binary(min_size=1, max_size=12))
        whole[at : at + len(new)] = new
    broken = tmp_path / f"broken.{suffix}"
    broken.write_bytes(whole)
    with suppress(InputError), open_archive(broken, 10_000) as opened:
        for entry in opened.entries:
            assert len(entry.read()) <= 10_000


def test_a_full_disk_is_not_taken_for_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No space is a lack of the machine, and nobody is told to remove a sound archive."""
    archive = tar(tmp_path / "x.tar.gz", {"p/a.c": LOOP})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hpcraft.data.sources.archives.Spool.add", full)
    with pytest.raises(MachineError, match="set TMPDIR"), open_archive(archive, 10_000):
        pass
