"""``hpcraft tokenizer decode``: the text that token ids stand for, byte for byte, one chunk in memory at a time.

Not covered: the way there, which is ``hpcraft tokenizer encode``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hpcraft.command import Command, say
from hpcraft.errors import InputError
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.files import open_bytes
from hpcraft.tokenizer.streams import Decoder, read_ids


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft tokenizer decode``."""
    parser.add_argument("tokenizer", type=Path, help="folder with a tokenizer.json")
    parser.add_argument("ids", type=Path, help="file of ids as `hpcraft tokenizer encode` prints them; - is standard input")


def main(args: argparse.Namespace) -> int:
    """Decode one file of ids."""
    decoder = Decoder(bpe.load(args.tokenizer))
    with open_bytes(args.ids) as file:
        try:
            chunks = (decoder.decode(ids) for ids in read_ids(file))
            if args.json:
                text = b"".join(chunks).decode()
                say(args, {"text": text}, text)
            else:
                for chunk in chunks:
                    sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
        except UnicodeDecodeError:
            raise InputError(f"{args.ids}: the ids stand for bytes that aren't UTF-8; decode without --json") from None
        except InputError as error:
            raise InputError(f"{args.ids}: {error}") from None
    return 0


COMMAND = Command(
    summary="write the text that token ids stand for",
    example="hpcraft tokenizer decode runs/quickstart/tokenizer kernel.ids",
    add_arguments=add_arguments,
    main=main,
)
