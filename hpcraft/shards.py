"""Rows on disk: Parquet shards, each whole or absent, of one record class each.

The bytes of a shard depend on its rows alone (fixed codec, level and row-group size, no timestamps), so equal rows give equal hashes.
The name of the record's schema stands in the metadata, and rows of another one are refused.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Self

from hpcraft.errors import InputError
from hpcraft.store import R, Record, atomic_file

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_ROWS_PER_GROUP = 1024
_SHARD_BYTES = 64 << 20


def arrow_schema(kind: type[Record]) -> pa.Schema:
    """The Arrow schema of a record class, its name kept in the metadata."""
    import pyarrow as pa

    simple = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), bytes: pa.binary()}
    hints = typing.get_type_hints(kind)
    columns = []
    for f in dataclasses.fields(kind):
        hint = hints[f.name]
        arrow = pa.list_(simple[typing.get_args(hint)[0]]) if typing.get_origin(hint) is tuple else simple[hint]
        columns.append(pa.field(f.name, arrow, nullable=False))
    return pa.schema(columns, metadata={"hpcraft_schema": kind.SCHEMA})


class ShardWriter(Generic[R]):
    """Writes records to ``FOLDER/NAME-00000.parquet``, ``-00001`` ..., a new shard every 64 MiB of values.

    Use it as a context manager; ``rows`` counts what was written. Each shard appears whole or not at all.
    """

    def __init__(self, folder: Path, name: str, kind: type[R]) -> None:
        self.rows = 0
        self._folder, self._name, self._kind = folder, name, kind
        self._schema = arrow_schema(kind)
        self._buffer: list[R] = []
        self._buffered_bytes = 0
        self._shard = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        if error is None and (self._buffer or not self._shard):
            self._flush()

    def write(self, record: R) -> None:
        """Add one record."""
        self.rows += 1
        self._buffer.append(record)
        self._buffered_bytes += sum(len(v) for v in (getattr(record, n) for n in self._schema.names) if isinstance(v, str | bytes))
        if self._buffered_bytes >= _SHARD_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        columns = {n: [getattr(r, n) for r in self._buffer] for n in self._schema.names}
        write_table(self._folder / f"{self._name}-{self._shard:05d}.parquet", pa.table(columns, schema=self._schema))
        self._shard += 1
        self._buffer, self._buffered_bytes = [], 0


def write_table(path: Path, table: pa.Table) -> None:
    """Write one shard; the bytes depend on the rows alone."""
    import pyarrow.parquet as pq

    with atomic_file(path) as file:
        pq.write_table(table, file, compression="zstd", compression_level=3, row_group_size=_ROWS_PER_GROUP)


def read_rows(folder: Path, name: str, kind: type[R]) -> Iterator[R]:
    """Yield the records of all shards ``FOLDER/NAME-*.parquet`` in order, one row group in memory at a time.

    Raises:
        InputError: no shard, or one of another schema.
    """
    for shard in list_shards(folder, name, kind):
        yield from read_shard(shard, kind)


def list_shards(folder: Path, name: str, kind: type[Record]) -> list[Path]:
    """The shards ``FOLDER/NAME-*.parquet`` in order.

    Raises:
        InputError: there is none.
    """
    shards = sorted(folder.glob(f"{name}-*.parquet"))
    if not shards:
        raise InputError(f"{folder}: holds no {name}-*.parquet; give the output folder of the stage that makes {kind.SCHEMA}")
    return shards


def read_shard(shard: Path, kind: type[R]) -> Iterator[R]:
    """Yield the records of one shard.

    Raises:
        InputError: it isn't readable, or of another schema.
    """
    with open_shard(shard, kind) as file:
        for batch in _batches(file, shard):
            for row in batch.to_pylist():
                yield kind(**{n: tuple(v) if isinstance(v, list) else v for n, v in row.items()})


@contextmanager
def open_shard(shard: Path, kind: type[Record]) -> Iterator[pq.ParquetFile]:
    """A shard as a Parquet file whose schema is that of ``kind``.

    Raises:
        InputError: it isn't readable, or of another schema.
    """
    import pyarrow.parquet as pq

    expected = arrow_schema(kind)
    try:
        file = pq.ParquetFile(shard)
    except (OSError, ValueError) as error:
        raise InputError(f"{shard}: not a readable Parquet file ({error})") from None
    with file:
        found = (file.schema_arrow.metadata or {}).get(b"hpcraft_schema", b"none").decode()
        if found != kind.SCHEMA or not file.schema_arrow.equals(expected):
            raise InputError(f"{shard}: schema {found}, expected {kind.SCHEMA}; make it again with this version of hpcraft")
        yield file


def _batches(file: pq.ParquetFile, shard: Path) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(batch_size=_ROWS_PER_GROUP)
    except (OSError, ValueError) as error:
        raise InputError(f"{shard}: damaged Parquet file ({error}); run the stage that made it again") from None
