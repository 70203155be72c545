"""Files on disk that are either whole or absent: atomic writes, JSON lines, manifests.

Theory of operation. Every file is written under a temporary name in its own folder, flushed with
fsync and renamed, so a reader never meets half a file. A stage works in ``NAME.partial/``; its
``manifest.json`` is written last and the folder is then renamed to ``NAME/``. A folder without a
valid manifest is unfinished, whatever else it holds. Rows lie in the shards of `hpcraft.shards`.

Not covered: bit rot inside files that keep their size (`Manifest.check_files` compares hashes when asked to).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, ClassVar, Protocol, TypeVar

from hpcraft.errors import InputError
from hpcraft.parse import record_from

MANIFEST = "manifest.json"
JSON = dict[str, Any]


class Record(Protocol):
    """A frozen dataclass with a schema name."""

    SCHEMA: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


R = TypeVar("R", bound=Record)


# ---------------------------------------------------------------- files


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def sha256_json(value: object) -> str:
    """Hex SHA-256 of the canonical JSON text of ``value`` (sorted keys, no blanks)."""
    return sha256_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fsync_folder(folder: Path) -> None:
    """Make the names inside ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Bring every file and folder below ``folder`` to the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        else:
            fsync_folder(path)
    fsync_folder(folder)


def sealed(folder: Path, said: JSON) -> JSON:
    """``said`` with the sizes and SHA-256 of all files below ``folder``, and a hash of its own; `broken_seal` compares them."""
    files = {
        str(p.relative_to(folder)): {"bytes": p.stat().st_size, "sha256": sha256_file(p)} for p in sorted(folder.rglob("*")) if p.is_file()
    }
    whole = {**said, "files": files}
    return {**whole, "sha256": sha256_json(whole)}


def broken_seal(folder: Path, seal: Path) -> str | None:
    """What isn't as it was `sealed`, the file ``seal`` itself or another below ``folder``; None when all are.

    Raises:
        InputError: ``seal`` is missing or isn't JSON.
    """
    listed = read_json(seal)
    if listed.pop("sha256", None) != sha256_json(listed) or not isinstance(listed.get("files"), dict):
        return seal.name
    for name, wanted in listed["files"].items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != wanted["bytes"] or sha256_file(path) != wanted["sha256"]:
            return str(name)
    return None


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes ``path`` when the block ends well and vanishes when it doesn't."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        fsync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically and durably."""
    with atomic_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``path`` atomically and durably."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as indented JSON to ``path`` atomically and durably."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> JSON:
    """Read a JSON object.

    Raises:
        InputError: the file is missing or isn't a JSON object.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); make it again with the stage that wrote it") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: holds {type(value).__name__}, expected a JSON object")
    return value


# ---------------------------------------------------------------- JSON lines


def to_line(record: Record) -> str:
    """One record as a line of JSON that carries its schema."""
    value = {"schema": record.SCHEMA, **_as_dict(record)}
    line = json.dumps(value, ensure_ascii=False) + "\n"
    try:
        line.encode()
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8, but it has a JSON escape
        return json.dumps(value) + "\n"
    return line


def write_jsonl(path: Path, records: Iterable[Record]) -> int:
    """Write records as JSON lines, atomically; returns how many."""
    count = 0
    with atomic_file(path) as file:
        for count, record in enumerate(records, 1):  # noqa: B007
            file.write(to_line(record).encode())
    return count


def append_jsonl(path: Path, record: Record) -> None:
    """Append one record durably; a crash leaves at most one torn last line, which `read_jsonl` drops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(to_line(record).encode())
        file.flush()
        os.fsync(file.fileno())


def read_jsonl(path: Path, kind: type[R], *, torn_tail: bool = False) -> Iterator[R]:
    """Yield the records of a JSON lines file.

    Args:
        path: the file; it may be empty, not missing.
        kind: the record class every line must hold.
        torn_tail: drop a last line that has no newline, as an interrupted `append_jsonl` leaves.

    Raises:
        InputError: a missing file, a line that isn't JSON, another schema, a missing or unknown field.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    lines = data.split(b"\n")
    tail = lines.pop()
    if tail and not torn_tail:
        lines.append(tail)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}:{number}: not JSON ({error})") from None
        yield record_from(value, kind, where=f"{path}:{number}")


def drop_torn_tail(path: Path) -> None:
    """Cut an unfinished last line off, so that the next append starts on a line of its own."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        data = file.read()
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            file.truncate(whole)


def _as_dict(record: Record) -> JSON:
    return {f.name: _plain(getattr(record, f.name)) for f in dataclasses.fields(record)}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return value


# ---------------------------------------------------------------- manifests


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputFile:
    """One file of a finished stage; ``path`` is relative to its folder."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a finished stage folder says of itself; written last, so its presence means complete."""

    SCHEMA: ClassVar[str] = "hpcraft.manifest/1"

    stage: str
    fingerprint: str
    """Hash of stage, its version, config, seed and inputs: equal means that the stage need not run again."""
    config: JSON
    seed: int
    inputs: dict[str, str]
    """Input name to the ``outputs_sha256`` of the folder it was."""
    outputs: list[OutputFile]
    outputs_sha256: str
    """Hash of paths and hashes of all outputs: equal means the same data, whenever and wherever made."""
    rows: dict[str, int]
    rejections: dict[str, int]
    metrics: JSON
    versions: dict[str, str]
    host: dict[str, str | int]
    seconds: float
    created: str
    notes: list[str] = field(default_factory=list)
    """What the stage left out on this machine, in words for people."""
    missing: list[str] = field(default_factory=list)
    """Parts that were asked for and could not be made; a folder that lacks some is made again when the same is asked again."""

    def check_files(self, folder: Path, *, hashes: bool = False) -> str | None:
        """Say what is wrong with the files in ``folder``, or None when they are those of the manifest."""
        for output in self.outputs:
            path = folder / output.path
            if not path.is_file():
                return f"{path} is missing"
            if path.stat().st_size != output.size_bytes:
                return f"{path} has {path.stat().st_size} bytes, {output.size_bytes} expected"
            if hashes and sha256_file(path) != output.sha256:
                return f"{path} has another SHA-256"
        return None


def list_outputs(folder: Path) -> list[OutputFile]:
    """All files below ``folder`` but hidden ones and the manifest, sorted by path."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST)
    visible = [p for p in files if not any(part.startswith(".") for part in p.relative_to(folder).parts)]
    return [OutputFile(path=p.relative_to(folder).as_posix(), size_bytes=p.stat().st_size, sha256=sha256_file(p)) for p in visible]


def hash_outputs(outputs: Iterable[OutputFile]) -> str:
    """One hash over the paths and hashes of ``outputs``."""
    return sha256_json([[o.path, o.sha256] for o in outputs])


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` into ``folder``."""
    write_json(folder / MANIFEST, {"schema": Manifest.SCHEMA, **dataclasses.asdict(manifest)})


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a finished stage.

    Raises:
        InputError: the folder is unfinished, or its manifest is of another version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(f"{folder}: not a finished stage folder (no {MANIFEST}); run the stage that makes it")
    value = read_json(path)
    if value.pop("schema", None) != Manifest.SCHEMA:
        raise InputError(f"{path}: not a {Manifest.SCHEMA}; make it again with this version of hpcraft")
    try:
        value["outputs"] = [OutputFile(**o) for o in value["outputs"]]
        return Manifest(**value)
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error}); run the stage again") from None
