"""The build cache: what makes a key, what is refused, and that no trouble of it is a job's."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.errors import ConfigError
from hpcraft.sandbox import Job, cache, run
from hpcraft.sandbox.cache import Cache, Entry

Need = Callable[..., None]
KEY = "0" * 64
ENTRY = Entry(facts={"exit_code": 0, "reason": "exited"}, files={"program": b"\x7fELF" * 1000, "empty": b""})
HELLO = Job(
    files={"a.c": b'#include "n.h"\n#include <stdio.h>\nint main(void) { printf("%d\\n", N); }', "n.h": b"#define N 1\n"}, language="c"
)


# ---------------------------------------------------------------- the store


def test_an_entry_comes_back_as_it_was_put(kept: Cache) -> None:
    """Facts with their types and files with their bytes; another key has nothing."""
    kept.put(KEY, ENTRY)
    assert kept.get(KEY) == ENTRY
    assert kept.get("1" * 64) is None


@pytest.mark.parametrize("at", [0, 20, 100, 200, 2000, -1])
def test_a_flipped_bit_is_refused(at: int, kept: Cache, tmp_path: Path) -> None:
    """Wherever it is; the entry is counted, removed and can be put again."""
    kept.put(KEY, ENTRY)
    path = tmp_path / "kept" / "builds" / KEY
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert kept.get(KEY) is None
    assert (kept.counts.refused, path.exists()) == (1, False)
    kept.put(KEY, ENTRY)
    assert kept.get(KEY) == ENTRY


def _cut(path: Path, elsewhere: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _emptied(path: Path, elsewhere: Path) -> None:
    path.write_bytes(b"")


def _swapped(path: Path, elsewhere: Path) -> None:
    other = path.with_name("1" * 64)
    other.replace(path)


def _linked(path: Path, elsewhere: Path) -> None:
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _linked_to_nothing(path: Path, elsewhere: Path) -> None:
    path.unlink()
    path.symlink_to(elsewhere)


def _hard_linked(path: Path, elsewhere: Path) -> None:
    os.link(path, elsewhere)


def _a_folder(path: Path, elsewhere: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def _a_pipe(path: Path, elsewhere: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _writable_by_others(path: Path, elsewhere: Path) -> None:
    path.chmod(0o666)


def _of_another_user(path: Path, elsewhere: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 65534, 65534)


@pytest.mark.parametrize(
    "poison",
    [_cut, _emptied, _swapped, _linked, _linked_to_nothing, _hard_linked, _a_folder, _a_pipe, _writable_by_others, _of_another_user],
)
def test_a_poisoned_entry_is_refused(poison: Callable[[Path, Path], None], kept: Cache, tmp_path: Path) -> None:
    """It is neither believed nor followed, but removed, and its place can be used again."""
    kept.put(KEY, ENTRY)
    kept.put("1" * 64, Entry(files={"program": b"another"}))
    poison(tmp_path / "kept" / "builds" / KEY, tmp_path / "elsewhere")
    assert kept.get(KEY) is None
    assert kept.counts.refused == 1
    kept.put(KEY, ENTRY)
    assert kept.get(KEY) == ENTRY


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    """The size stays within its limit, and a use makes an entry young again."""
    small = Cache(tmp_path / "small", 20_000)
    for number in range(4):
        small.put(str(number) * 64, Entry(files={"a": bytes(4000)}))
        os.utime(tmp_path / "small" / (str(number) * 64), (1000 + number, 1000 + number))
    assert small.get("0" * 64)
    small.put("4" * 64, Entry(files={"a": bytes(4000)}))
    left = {path.name[0] for path in (tmp_path / "small").iterdir()}
    assert (left, small.counts.removed) == ({"0", "2", "3", "4"}, 1)


def test_the_size_stays_bounded(tmp_path: Path) -> None:
    """However much is put; an entry too large for it isn't kept."""
    small = Cache(tmp_path / "small", 100_000)
    for number in range(100):
        small.put(f"{number:064}", Entry(files={"a": bytes(4000)}))
        assert sum(path.stat().st_size for path in (tmp_path / "small").iterdir()) <= 100_000
    small.put(KEY, Entry(files={"a": bytes(50_000)}))
    assert small.get(KEY) is None


def _put_many(folder: Path, seconds: float) -> None:
    mine = Cache(folder, 1 << 24)
    wrong: list[object] = []

    def work() -> None:
        for _ in range(30):
            mine.put(KEY, ENTRY)
            found = mine.get(KEY)
            if found != ENTRY:
                wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.exit(bool(wrong or mine.counts.refused))


def test_many_writers_of_one_key_agree(tmp_path: Path) -> None:
    """Eight threads in each of two processes write and read the same entry; no reader meets half of one."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_put_many, args=(tmp_path / "shared", 1.0)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert [path.name for path in (tmp_path / "shared").iterdir()] == [KEY]


def test_one_thread_at_a_time_builds_a_key() -> None:
    """The others wait for it; different keys don't wait for each other."""
    inside, most = [0], [0]

    def work() -> None:
        with cache.alone("a"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            with cache.alone("b"):
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert not cache._turns


# ---------------------------------------------------------------- its folder


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """``off`` keeps nothing."""
    monkeypatch.setenv("HPCRAFT_CACHE", "off")
    assert cache.cache() is None


def test_the_folder_is_for_this_user_alone(kept: Cache, tmp_path: Path) -> None:
    """Others can't even list it; one that others can write isn't used."""
    folder = tmp_path / "kept" / "builds"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)
    with pytest.raises(ConfigError, match="can be written by others"):
        cache.cache()


def test_a_size_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an example."""
    monkeypatch.setenv("HPCRAFT_CACHE_MB", "2G")
    with pytest.raises(ConfigError, match="such as 2048"):
        cache.cache()


def test_an_unusable_folder_fails_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """A home that can't be written (here: its path leads through a file) costs the keeping alone."""
    need("bwrap", "gcc")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HPCRAFT_CACHE", str(tmp_path / "file" / "below"))
    assert cache.cache() is None
    assert run(HELLO).stdout == "1\n"


def test_a_full_disk_fails_no_job(kept: Cache, tmp_path: Path, need: Need) -> None:
    """On a file system of 16 kB nothing can be kept, nothing half written stays, and the program runs."""
    need("bwrap", "gcc", "mount")
    folder = tmp_path / "kept" / "builds"
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "none", folder], check=False).returncode:
        pytest.skip("only root can make a small disk")
    try:
        assert run(dataclasses.replace(HELLO, flags=("-static",))).stdout == "1\n"
        assert kept.counts.unwritten
        assert list(folder.iterdir()) == []
    finally:
        subprocess.run(["umount", folder], check=True)
