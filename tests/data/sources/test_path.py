"""``path:``: folders, and what a hostile one may hold."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.data.sources.making import LOOP, mine, mined, tree


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
    assert done.manifest.rows == {"files": 1, "licences": 1}
    assert rows["src/a.c"].year == 0
    assert done.manifest.metrics["by_package"] == {"lib": {"files": 1, "bytes": len(LOOP)}}
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


def test_names_that_are_no_utf8_are_counted(tmp_path: Path) -> None:
    """A name in UTF-16, and one that would be a drive elsewhere, are left out."""
    root = tree(tmp_path / "lib", a_dot_c=LOOP)
    for name in ("späte".encode("utf-16-le").replace(b"\0", b"\x01") + b"\xff.c", b"C:x.c"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(LOOP)
    done = mine(tmp_path / "out", f"path:{root}")
    assert sorted(mined(tmp_path / "out")) == ["a.c"]
    assert done.manifest.rejections == {"unsafe-path": 2}


def test_binaries_with_the_suffix_of_code_are_mined_as_they_are(tmp_path: Path) -> None:
    """Mining judges no content: NUL bytes and UTF-16 arrive unchanged, for `prepare` to judge."""
    content = {"a.c": bytes(range(256)), "b.c": "int x;".encode("utf-16"), "c.c": b""}
    root = tmp_path / "lib"
    root.mkdir()
    for name, data in content.items():
        (root / name).write_bytes(data)
    mine(tmp_path / "out", f"path:{root}")
    assert {path: row.content for path, row in mined(tmp_path / "out").items()} == content
