"""``hpcraft tokenizer restore``: gives a renamed text its own names back."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from hpcraft.command import Command, note
from hpcraft.errors import InputError
from hpcraft.tokenizer import names
from hpcraft.tokenizer.files import deliver, read_bytes
from hpcraft.tokenizer.rename import restore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft tokenizer restore``."""
    parser.add_argument("renamed", type=Path, help="text that `hpcraft tokenizer rename` wrote; - is standard input")
    parser.add_argument("--names", type=Path, required=True, help="the names that it wrote")
    parser.add_argument("-o", "--out", type=Path, help="file for the original text; standard output by default")


def main(args: argparse.Namespace) -> int:
    """Restore one file."""
    record = names.read(args.names)
    try:
        text = restore(names.renamed_with(names.decode(read_bytes(args.renamed)), record))
    except InputError as error:
        raise InputError(f"{args.names}: {error}") from None
    data = names.encode(text)
    same = not record.original_sha256 or hashlib.sha256(data).hexdigest() == record.original_sha256
    if not same:
        note(f"{args.renamed}: was edited since it was renamed, so what comes out is not the original text")
    deliver(args, data, f"{len(data):,} bytes", {"text": text, "is_original": same})
    return 0


COMMAND = Command(
    summary="give a renamed text its own names back",
    example="hpcraft tokenizer restore renamed.c --names names.json -o kernel.c",
    add_arguments=add_arguments,
    main=main,
)
