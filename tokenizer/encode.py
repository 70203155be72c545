"""``hpcraft tokenizer encode``: token ids of a file of any size, one chunk in memory at a time.

Not covered: the way back, which is ``hpcraft tokenizer decode``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hpcraft.command import Command
from hpcraft.errors import InputError
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.files import open_bytes
from hpcraft.tokenizer.streams import Encoder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft tokenizer encode``."""
    parser.add_argument("tokenizer", type=Path, help="folder with a tokenizer.json")
    parser.add_argument("file", type=Path, help="file to encode, any bytes; - is standard input")


def main(args: argparse.Namespace) -> int:
    """Encode one file."""
    encoder = Encoder(bpe.load(args.tokenizer))
    separator = ", " if args.json else " "
    with open_bytes(args.file) as file:
        sys.stdout.write("[" if args.json else "")
        try:
            for number, ids in enumerate(encoder.encode_file(file)):
                sys.stdout.write((separator if number else "") + separator.join(map(str, ids)))
        except InputError as error:
            raise InputError(f"{args.file}: {error}") from None
        sys.stdout.write("]\n" if args.json else "\n")
    return 0


COMMAND = Command(
    summary="print the token ids of a file",
    example="hpcraft tokenizer encode runs/quickstart/tokenizer kernel.c",
    add_arguments=add_arguments,
    main=main,
)
