"""``list:``: many sources from a file, of which one that fails doesn't stop the others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hpcraft.data.sources.listed import expand
from hpcraft.errors import ConfigError, InputError
from tests.data.sources.making import LOOP, mine, mined, needs_git, repository, tar, tree


def test_every_form_of_a_line_is_understood(tmp_path: Path) -> None:
    """Comments and blanks are left out, addresses become repositories, paths start at the list."""
    tree(tmp_path / "code", a_dot_c=LOOP)
    file = tmp_path / "list.txt"
    file.write_text(
        "\ufeff# repositories\n\nhttps://host.example/group/repo.git@v1  # a tag\nowner/repo\nowner/other@main\npath:code\n"
        "git:../elsewhere/repo@HEAD\nowner/repo\npypi:toy==1\narchive:./x.tar.gz#sha256=00\ngit:git@host.example:group/ssh\n"
    )
    assert [(item.label, item.package) for item in expand(str(file))] == [
        ("git:https://host.example/group/repo.git@v1", "group/repo"),
        ("git:https://github.com/owner/repo", "owner/repo"),
        ("git:https://github.com/owner/other@main", "owner/other"),
        ("path:code", ""),
        ("git:../elsewhere/repo@HEAD", "elsewhere/repo"),
        ("pypi:toy==1", ""),
        ("archive:./x.tar.gz#sha256=00", ""),
        ("git:git@host.example:group/ssh", "group/ssh"),
    ]
    specs = {item.label: item.spec for item in expand(str(file))}
    assert specs["path:code"] == f"path:{tmp_path}/code"
    assert specs["git:../elsewhere/repo@HEAD"] == f"git:{tmp_path}/../elsewhere/repo@HEAD"
    assert specs["archive:./x.tar.gz#sha256=00"] == f"archive:{tmp_path}/x.tar.gz#sha256=00"
    assert specs["pypi:toy==1"] == "pypi:toy==1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "names no source"),
        (b"# nothing\n", "names no source"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"svn:x\n", r":1: source 'svn:x'"),
        (b"\nlist:other\n", ":2: a list"),
    ],
)
def test_a_list_that_cannot_be_meant_is_named_with_its_line(tmp_path: Path, text: bytes, words: str) -> None:
    """Empty, of another encoding, or with a line that is no source."""
    file = tmp_path / "list.txt"
    file.write_bytes(text)
    with pytest.raises((InputError, ConfigError), match=words):
        mine(tmp_path / "out", f"list:{file}")
    with pytest.raises(InputError, match="No such file"):
        mine(tmp_path / "out", "list:/no/such/list")


@needs_git
def test_a_repository_that_fails_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    """One without commits, one that is gone and a damaged archive cost themselves alone; named directly, each would be an error."""
    repository(tmp_path / "good")
    tree(tmp_path / "code", c_dot_c=LOOP)
    (tmp_path / "empty").mkdir()
    subprocess.run(["git", "init", "--quiet", tmp_path / "empty"], check=True)
    (tmp_path / "torn.tar.gz").write_bytes(tar(tmp_path / "x.tar.gz", {"p/a.c": LOOP}).read_bytes()[:60])
    file = tmp_path / "list.txt"
    file.write_text("git:./good\ngit:./empty\ngit:./gone\narchive:torn.tar.gz\npath:code\n")
    done = mine(tmp_path / "out", f"list:{file}")
    assert sorted(mined(tmp_path / "out")) == ["b.f90", "c.c", "src/a.c"]
    assert done.manifest.rejections["source-failed"] == 3
    assert len(done.manifest.metrics["versions"]) == 2
    notes = " ".join(done.manifest.notes)
    for words in ("empty: the repository has no commits", "gone: no such folder", "torn.tar.gz: not a readable tar"):
        assert words in notes
    assert {path.name.split("-")[1] for path in (tmp_path / "out").glob("files-*")} == {"000", "004"}
    with pytest.raises(InputError, match="the repository has no commits"):
        mine(tmp_path / "never", f"git:{tmp_path / 'empty'}")


def test_two_of_one_name_in_a_list_keep_the_first(tmp_path: Path) -> None:
    """A package stands once in a corpus: the second is reported, and its rows are gone."""
    for place in ("one", "two"):
        tree(tmp_path / place / "lib", a_dot_c=LOOP)
    file = tmp_path / "list.txt"
    file.write_text("path:one/lib\npath:two/lib\n")
    done = mine(tmp_path / "out", f"list:{file}")
    assert done.manifest.rows == {"files": 1, "licences": 0}
    assert done.manifest.rejections == {"source-failed": 1}
    with pytest.raises(InputError, match="another source is called 'lib' too"):
        mine(tmp_path / "never", f"path:{tmp_path / 'one' / 'lib'}", f"path:{tmp_path / 'two' / 'lib'}")


def test_a_list_where_everything_fails_is_an_error(tmp_path: Path) -> None:
    """No code at all isn't a corpus; the first reason is in the message."""
    file = tmp_path / "list.txt"
    file.write_text("path:gone\npath:lost\n")
    with pytest.raises(InputError, match=r"no code found in list:.*no such folder"):
        mine(tmp_path / "out", f"list:{file}")


def test_a_changed_folder_of_a_list_is_mined_again(tmp_path: Path) -> None:
    """Code that a list names is looked at anew each time, as if it had been named directly."""
    tree(tmp_path / "lib", a_dot_c=LOOP)
    file = tmp_path / "list.txt"
    file.write_text("path:lib\n")
    mine(tmp_path / "out", f"list:{file}")
    assert mine(tmp_path / "out", f"list:{file}").skipped
    tree(tmp_path / "lib", b_dot_c=LOOP)
    assert mine(tmp_path / "out", f"list:{file}").manifest.rows == {"files": 2, "licences": 0}
