"""``git:``: one commit, read without running anything of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcraft.data.sources.git import _parse
from hpcraft.errors import InputError
from tests.data.sources.making import mine, mined, needs_git, repository


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
    assert rows["src/a.c"].year == 2018
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
