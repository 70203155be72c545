"""Benchmarks that a user names: source files, JSON, JSON lines and Parquet, of a folder or one by one.

Of source files (`hpcraft.data.languages`) the text is taken; of JSON every string and of Parquet every string of a text column that has
enough words to be code or a prompt. A string that looks like code is ``source``, in the language that it looks like or that its key
names; any other, and one whose key says so, is a ``prompt``.

Not covered: archives, notebooks, and benchmarks that are programs which write their tasks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import language_of, promise
from hpcraft.errors import InputError
from hpcraft.records import BenchmarkText
from hpcraft.store import sha256_file
from hpcraft.tokenizer.fortran_form import looks_fixed

MIN_WORDS = 12
"""A shorter string is no code and no prompt, but a name or a label."""
_DATA = (".jsonl", ".json", ".parquet")
_PROMPT_KEYS = re.compile(r"prompt|instruction|description|question|docstring|text", re.IGNORECASE)
_FORTRAN = re.compile(
    r"^\s*(?:end\s+)?(?:subroutine|program|module|(?:real|integer|logical)\b.*?\bfunction|implicit\s+none)\b", re.IGNORECASE | re.MULTILINE
)
_CUDA = re.compile(r"__global__|__device__|<<<|\bthreadIdx\b|\bcuda[A-Z]\w+\s*\(")
_CPP = re.compile(r"\bstd::|\btemplate\s*<|\bnamespace\b|\bKokkos::|#\s*include\s*<[a-z_]+>")
_C = re.compile(r"[;{}]\s*(?:\n|$)|\w\s*\([^()]*\)\s*[{;]")
_WORD = re.compile(r"\w+|[^\w\s]")


def read_benchmarks(paths: Iterable[str]) -> Iterator[BenchmarkText]:
    """The texts of files and folders, each path a suite of the name of its last part.

    Raises:
        InputError: a path is missing, holds nothing that can be read, or a file in it is damaged.
    """
    for path in map(Path, paths):
        found = False
        for file, task_id in _files(path):
            for text in _texts(path.name, task_id, file):
                found = True
                yield text
        if not found:
            raise InputError(f"{path}: holds no text of a benchmark; give source files, {', '.join(_DATA)} or a folder of them")


def hash_benchmarks(paths: Iterable[str]) -> dict[str, str]:
    """Path to SHA-256 of every file that `read_benchmarks` would read: what decides its result."""
    return {f"{path}/{task_id}": sha256_file(file) for path in map(Path, paths) for file, task_id in _files(path)}


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Readable files below a path with their names in it, in order; symbolic links aren't followed."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; decontaminate takes files and folders of benchmarks")
    if path.is_file():
        yield path, path.name
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if not hidden and not file.is_symlink() and file.is_file() and (file.suffix in _DATA or promise(file.name)):
            yield file, file.relative_to(path).as_posix()


def _texts(suite: str, task_id: str, file: Path) -> Iterator[BenchmarkText]:
    if file.suffix == ".parquet":
        for number, column, value in _columns(file):
            yield from _strings(suite, f"{task_id}:{number}", column, value)
    elif file.suffix == ".jsonl":
        for number, line in enumerate(_decoded(file).splitlines(), 1):
            if line.strip():
                yield from _strings(suite, f"{task_id}:{number}", "", _json(f"{file}:{number}", line))
    elif file.suffix == ".json":
        yield from _strings(suite, task_id, "", _json(str(file), _decoded(file)))
    else:
        text = file.read_bytes().decode("utf-8", errors="replace")
        if promise(file.name) == "fixed" and looks_fixed(text):
            text = to_free(text)
        yield BenchmarkText(suite=suite, task_id=task_id, kind="source", language=language_of(file.name, text) or "c", text=text)


def _strings(suite: str, task_id: str, key: str, value: Any) -> Iterator[BenchmarkText]:
    """The strings inside a JSON value, with the key that each stands under."""
    stack = [(task_id, key, value)]
    while stack:
        name, at, value = stack.pop()
        if isinstance(value, str):
            if len(_WORD.findall(value)) >= MIN_WORDS:
                yield _text(suite, name, at, value)
        elif isinstance(value, dict):
            stack.extend((f"{name}.{k}", str(k), v) for k, v in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((f"{name}[{i}]", at, v) for i, v in reversed(list(enumerate(value))))


def _text(suite: str, task_id: str, key: str, text: str) -> BenchmarkText:
    language = looks_like(text)
    text = text.encode(errors="replace").decode()  # JSON can hold half a surrogate pair, which is no text
    prompt = language == "text" or bool(_PROMPT_KEYS.search(key))
    return BenchmarkText(suite=suite, task_id=task_id, kind="prompt" if prompt else "source", language=language, text=text)


def looks_like(text: str) -> str:
    """The language that a piece of text is in, ``text`` for none of ours."""
    if _CUDA.search(text):
        return "cuda"
    if _FORTRAN.search(text):
        return "fortran"
    if _CPP.search(text):
        return "cpp"
    return "c" if _C.search(text) else "text"


def _columns(file: Path) -> Iterator[tuple[int, str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            names = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type) or pa.types.is_nested(f.type)]
            number = 0
            for batch in parquet.iter_batches(batch_size=1024, columns=names):
                for row in batch.to_pylist():
                    number += 1
                    yield from ((number, name, value) for name, value in row.items())
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: not a readable Parquet file ({error}); remove it from the folder or mend it") from None


def _decoded(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 ({error}); convert it") from None


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({error}); remove the file from the folder or mend it") from None
