"""Headers that are precompiled once and used by many builds of this process.

A precompiled header is large (tens of megabytes), so the last few lie in a folder of this process, checked when they are
taken from the cache, and each build gets a hard link beside the header. It is found there by gcc's and clang's
``-include`` alike, if flags and compiler are the same; clang also wants the header's time, which `write` fixes.
Our own headers of CUDA, more than a hundred, are written once, too: making that many files took up to 0.2 s a build.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

from hpcraft.sandbox import folders
from hpcraft.sandbox.cache import alone
from hpcraft.sandbox.cuda import build as emulation
from hpcraft.sandbox.plan import Compile
from hpcraft.sandbox.supervise import Ended
from hpcraft.sandbox.table import EMULATED

OBJECT = "prelude.gch"
_MOST = 4
"""Kept in the folder of this process."""
_LANGUAGE = {"c": "c-header", "cpp": "c++-header", EMULATED: "c++-header"}
KINDS = tuple(_LANGUAGE)
"""Kinds of sources whose prelude can be precompiled; for others it is included as it is."""

_guard = Lock()
_kept: OrderedDict[str, Path] = OrderedDict()
_folder: tempfile.TemporaryDirectory[str] | None = None


def command(source: Compile, header: str) -> tuple[str, ...]:
    """How a header is precompiled for a source: by the source's own command."""
    assert source.command[-3:] == (f"./{source.source}", "-o", f"../box/{source.object}")
    return (*source.command[:-3], "-x", _LANGUAGE[source.kind], f"./{header}", "-o", f"../box/{OBJECT}")


def place(key: str, header: Path, make: Callable[[], Ended]) -> Ended | None:
    """Put the precompiled form beside a header; where ``make`` fails to give it, its end."""
    target = header.with_name(f"{header.name}.gch")
    with alone(f"prelude {key}"):
        with _guard:
            if key in _kept and _link(_kept[key], target):
                _kept.move_to_end(key)
                return None
        ended = make()
        if OBJECT not in ended.outputs:
            return ended
        target.unlink(missing_ok=True)
        target.write_bytes(ended.outputs[OBJECT])
        target.chmod(0o644)
        with _guard:
            _keep(key, target)
    return None


def own_folder() -> Path:
    """This process's folder, made anew where it is gone."""
    global _folder
    if _folder is None or not Path(_folder.name).is_dir():
        _kept.clear()
        _folder = tempfile.TemporaryDirectory(prefix=f"{folders.KEPT_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True)
    return Path(_folder.name)


def _keep(key: str, made: Path) -> None:
    place_of_key = own_folder() / key
    if _link(made, place_of_key):
        _kept[key] = place_of_key
    while len(_kept) > _MOST:
        _kept.popitem(last=False)[1].unlink(missing_ok=True)


def _link(source: Path, target: Path) -> bool:
    """By name where both lie on one disk, else by content; False when the source is gone."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        return False
    except OSError:  # another disk, or one without links
        shutil.copy(source, target)
    return True


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files that a compiler reads, all with the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    ours, kept = (emulation.headers(), _headers()) if any(map(emulation.is_ours, files)) else ({}, folder)
    made: set[Path] = set()
    for name, content in files.items():
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        if content != ours.get(name) or not _link(kept / name, path):
            _write(path, content)


def _headers() -> Path:
    """Where our headers lie, once for all builds of this process."""
    with _guard:
        whole = own_folder() / "headers"
        if not whole.is_dir():
            aside = whole.with_name("headers.aside")
            for name, content in emulation.headers().items():
                path = aside / name
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, content)
            aside.rename(whole)
        return whole


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)
    os.utime(path, (0, 0))
