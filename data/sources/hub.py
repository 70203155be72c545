"""``hf:DATASET[/FOLDER][@REVISION]`` or ``hf:./FOLDER``: rows with content and licence columns, such as The Stack's, as a stream.

Theory of operation. `datasets` streams the rows, so that memory stays flat and nothing of the whole size lies on disk. Each row
is a file; the repository it names is its package, since splits go by package. Columns are found by the names that such data
sets use. What the row says of its licence is kept in its own words as ``declared``.

Not covered: data sets whose content lies elsewhere (The Stack v2 has hashes for content), gated ones without a login of
`huggingface_hub`'s own, and `max_megabytes_per_second`, which `datasets` has no means for.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from hpcraft.data.sources.base import Entry, Opened, Resolved, Settings, plausible_year
from hpcraft.data.sources.wanted import is_wanted, safe_path
from hpcraft.errors import InputError, MachineError
from hpcraft.store import sha256_file

COLUMNS: dict[str, tuple[str, ...]] = {
    "content": ("content", "code", "text", "whole_func_string"),
    "path": ("path", "max_stars_repo_path", "file_path", "filepath", "filename"),
    "repository": ("repository_name", "repo_name", "max_stars_repo_name", "repository", "repo"),
    "licence": ("licenses", "license", "detected_licenses", "max_stars_repo_licenses", "licence", "licences"),
    "version": ("revision_id", "commit", "max_stars_repo_head_hexsha", "commit_id", "revision"),
    "language": ("lang", "language", "programming_language"),
    "date": ("committer_date", "commit_date", "revision_date", "visit_date", "date"),
}
"""What a row tells to the usual names of its column, best first."""
_SUFFIX_OF = {"c": ".c", "c++": ".cpp", "cpp": ".cpp", "cuda": ".cu", "fortran": ".f90", "fortran free form": ".f90"}
"""For rows that have a language and no path."""
_FILES = {".parquet": "parquet", ".jsonl": "json", ".json": "json", ".jsonl.gz": "json", ".jsonl.zst": "json"}
_NAME = re.compile(r"(?P<name>[\w.-]+(/[\w.-]+)?)(?P<folder>(/[\w.+ -]+)*)(@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True, slots=True)
class _Local:
    """Files of rows on this machine."""

    builder: str
    files: tuple[Path, ...]
    version: str


@dataclass(frozen=True, slots=True)
class _Hosted:
    """A data set of the hub at one commit."""

    name: str
    folder: str
    revision: str


def resolve(rest: str, settings: Settings) -> Resolved:
    """See `hpcraft.data.sources.base.Resolver`."""
    try:
        import datasets  # noqa: F401 - is it there?
    except ImportError:
        raise MachineError(f"hf:{rest}: reading data sets needs datasets; install it (pip install 'hpcraft[hub]')") from None
    local = Path(rest).expanduser()
    rows: _Local | _Hosted
    if local.exists() or rest.startswith((".", "/", "~")):
        rows = _local(rest, local)
        package, version = local.resolve().name.partition(".")[0] or "rows", rows.version
    else:
        rows = _hosted(rest, offline=settings.offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"))
        package = rest.partition("@")[0].rpartition("/")[2]
        version = rows.revision if isinstance(rows, _Hosted) else rows.version
    return Resolved(spec=f"hf:{rest}", package=package, version=version, open=lambda: _open(rest, rows, package, settings.max_file_bytes))


def _local(rest: str, root: Path) -> _Local:
    if not root.exists():
        raise InputError(f"hf:{rest}: no such file or folder; give a folder of Parquet or JSON Lines files, or DATASET of the hub")
    found = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file() and not _is_hidden(p, root))
    files = [(builder, p) for p in found if (builder := _builder(p))]
    builders = sorted({builder for builder, _ in files})
    if len(builders) != 1:
        what = "no Parquet or JSON Lines file" if not builders else "both Parquet and JSON files; give a folder of one kind"
        raise InputError(f"hf:{rest}: holds {what}")
    digest = hashlib.sha256()
    for _, path in files:
        digest.update(f"{path.relative_to(root)}\0{sha256_file(path)}\n".encode())
    return _Local(builders[0], tuple(path for _, path in files), digest.hexdigest()[:16])


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def _builder(path: Path) -> str:
    name = path.name.lower()
    return next((builder for suffix, builder in _FILES.items() if name.endswith(suffix)), "")


def _hosted(rest: str, *, offline: bool) -> _Local | _Hosted:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    found = _NAME.fullmatch(rest)
    if not found:
        raise InputError(f"hf:{rest}: not a data set; expected hf:OWNER/NAME, hf:OWNER/NAME/FOLDER, with @REVISION, or hf:./FOLDER")
    name, folder, revision = found["name"], found["folder"].strip("/"), found["revision"]
    if offline:
        try:
            root = Path(snapshot_download(name, repo_type="dataset", revision=revision, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError, OSError, ValueError):
            raise InputError(f"hf:{rest}: not in the hub's cache and offline mode is on; fetch it once with `hf download`") from None
        local = _local(rest, root / folder)
        return _Local(local.builder, local.files, root.name)
    try:
        commit = HfApi().dataset_info(name, revision=revision, timeout=60).sha
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise InputError(
            f"hf:{rest}: the hub doesn't give it ({_first_line(error)}); check the name, or log in with `hf auth login`"
        ) from None
    return _Hosted(name, folder, str(commit))


@contextmanager
def _open(rest: str, rows: _Local | _Hosted, package: str, max_file_bytes: int) -> Iterator[Opened]:
    skipped: Counter[str] = Counter()
    yield Opened(entries=_entries(rest, _rows(rest, rows), package, max_file_bytes, skipped), skipped=skipped)


def _rows(rest: str, rows: _Local | _Hosted) -> Iterator[Mapping[str, Any]]:
    """The rows of all splits, one by one."""
    from datasets import IterableDataset, load_dataset
    from datasets.exceptions import DatasetsError
    from datasets.utils import logging
    from tqdm import tqdm  # type: ignore[import-untyped]  # its stubs are a package of their own

    logging.set_verbosity(logging.CRITICAL)  # it logs what it raises, and we say that in one line
    tqdm.set_lock(threading.RLock())  # its default is a lock of processes, about which Python complains when our worker ends
    try:
        if isinstance(rows, _Local):
            found: Any = load_dataset(rows.builder, data_files=[str(file) for file in rows.files], streaming=True)
        else:
            found = load_dataset(rows.name, data_dir=rows.folder or None, revision=rows.revision, streaming=True)
        for part in [found] if isinstance(found, IterableDataset) else [found[split] for split in sorted(found)]:
            yield from part
    except (DatasetsError, OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"hf:{rest}: the rows can't be read ({_first_line(error)})") from None


def _entries(rest: str, rows: Iterable[Mapping[str, Any]], package: str, max_file_bytes: int, skipped: Counter[str]) -> Iterator[Entry]:
    columns: dict[str, str] = {}
    for row in rows:
        columns = columns or find_columns(rest, row)
        content = _bytes(row[columns["content"]])
        if content is None:
            skipped["unreadable"] += 1
            continue
        told = {what: row.get(column) for what, column in columns.items() if what != "content"}
        path = _path(told, content)
        if path is None:
            skipped["unsafe-path"] += 1
        elif not is_wanted(path):
            skipped["not-code"] += 1
        elif len(content) > max_file_bytes:
            skipped["too-large"] += 1
        else:
            yield Entry(
                path,
                functools.partial(bytes, content),
                _year(told.get("date")),
                package=str(told.get("repository") or package),
                version=str(told.get("version") or ""),
                declared=_declared(told.get("licence")),
            )


def find_columns(rest: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Which column tells what.

    Raises:
        InputError: none for content or licence, or neither path nor language.
    """
    found = {what: column for what, names in COLUMNS.items() if (column := next((n for n in names if n in row), None))}
    for what in ("content", "licence"):
        if what not in found:
            raise InputError(f"hf:{rest}: no column for {what} (one of {', '.join(COLUMNS[what])}); it has {', '.join(sorted(row))}")
    if "path" not in found and "language" not in found:
        raise InputError(f"hf:{rest}: no column for path or language; it has {', '.join(sorted(row))}")
    return found


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            return None
    return value if isinstance(value, bytes) else None


def _path(told: Mapping[str, Any], content: bytes) -> str | None:
    """The row's path; without one a name by hash, with the suffix of its language."""
    if told.get("path"):
        return safe_path(str(told["path"]))
    suffix = _SUFFIX_OF.get(str(told.get("language") or "").lower(), "")
    return f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"


def _declared(value: object) -> str:
    """A licence in its own words; several, as of a repository, hold together."""
    if isinstance(value, list | tuple):
        return " AND ".join(sorted({str(name) for name in value if name}))
    return str(value or "")


def _year(value: object) -> int:
    """Of a date, or of a text that begins with a year."""
    if isinstance(value, date):
        return plausible_year(value.year)
    found = re.match(r"(\d{4})-", value) if isinstance(value, str) else None
    return plausible_year(int(found[1])) if found else 0


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
