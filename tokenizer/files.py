"""Files as users name them on the command line; ``-`` is standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hpcraft.errors import InputError


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """A file, or standard input for ``-``.

    Raises:
        InputError: there is no such file, or it is a folder.
    """
    if path == Path("-"):
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder; give a file") from None
    with file:
        yield file


def read_bytes(path: Path) -> bytes:
    """The bytes of such a file.

    Raises:
        InputError: as `open_bytes`.
    """
    with open_bytes(path) as file:
        return file.read()
