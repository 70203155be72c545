"""``hpcraft tokenizer encode``: token ids of a file, and with ``--decode`` the way back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hpcraft.command import Command, say
from hpcraft.errors import InputError
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.inspect import read_source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft tokenizer encode``."""
    parser.add_argument("tokenizer", type=Path, help="folder with a tokenizer.json")
    parser.add_argument("file", type=Path, help="text to encode, or ids to decode")
    parser.add_argument("--decode", action="store_true", help="the file holds ids; write their text")


def main(args: argparse.Namespace) -> int:
    """Encode or decode one file."""
    tokenizer = bpe.load(args.tokenizer)
    text = read_source(args.file)
    if not args.decode:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        say(args, ids, " ".join(map(str, ids)))
        return 0
    try:
        ids = [int(word) for word in text.split()]
    except ValueError as error:
        raise InputError(f"{args.file}: not token ids ({error})") from None
    size = tokenizer.get_vocab_size()
    if wrong := [i for i in ids if not 0 <= i < size]:
        raise InputError(f"{args.file}: id {wrong[0]} is not one of the tokenizer's {size}")
    decoded = tokenizer.decode(ids, skip_special_tokens=False)
    if args.json:
        say(args, {"text": decoded}, decoded)
    else:
        sys.stdout.write(decoded)
    return 0


COMMAND = Command(
    summary="print the token ids of a file",
    example="hpcraft tokenizer encode runs/quickstart/tokenizer kernel.c",
    add_arguments=add_arguments,
    main=main,
)
