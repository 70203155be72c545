"""Files as users name them on the command line; ``-`` is standard input."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hpcraft.command import note
from hpcraft.errors import InputError
from hpcraft.store import write_bytes


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


def deliver(args: argparse.Namespace, data: bytes, said: str, value: object) -> None:
    """Hand over what a command made: into the file ``--out``, as JSON with ``--json``, else on standard output.

    Args:
        args: with ``out``, ``json`` and ``quiet``.
        data: what was made.
        said: noted when it goes into a file.
        value: what ``--json`` prints.
    """
    if args.out:
        write_bytes(args.out, data)
        note(f"{args.out}: {said}")
    if args.json:
        print(json.dumps(value, indent=2))
    elif not args.out and not args.quiet:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
