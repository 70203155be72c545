"""``hpcraft tokenizer inspect``: shows how a file is cut into tokens, or what a tokenizer costs in numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcraft.command import Command, say
from hpcraft.errors import InputError
from hpcraft.tokenizer import bpe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft tokenizer inspect``."""
    parser.add_argument("tokenizer", type=Path, help="folder with a tokenizer.json")
    parser.add_argument("file", type=Path, help="file to cut")


def main(args: argparse.Namespace) -> int:
    """Cut one file."""
    tokenizer = bpe.load(args.tokenizer)
    text = read_source(args.file)
    encoding = tokenizer.encode(text, add_special_tokens=False)
    pieces = [text[begin:end] for begin, end in encoding.offsets]
    num_bytes = len(text.encode())
    result = {"tokens": len(encoding.ids), "bytes": num_bytes, "bytes_per_token": round(num_bytes / max(1, len(encoding.ids)), 4)}
    shown = "|".join(piece.replace("\n", "⏎\n") for piece in pieces)
    say(
        args,
        {**result, "pieces": pieces},
        f"{shown}\n{len(encoding.ids):,} tokens, {num_bytes:,} bytes, {result['bytes_per_token']} bytes per token",
    )
    return 0


def read_source(path: Path) -> str:
    """The text of a file, with the newlines that it has.

    Raises:
        InputError: it is missing or isn't UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise InputError(f"{path}: not a UTF-8 text file ({error})") from None


COMMAND = Command(
    summary="show how a file is cut into tokens",
    example="hpcraft tokenizer inspect runs/quickstart/tokenizer kernel.c",
    add_arguments=add_arguments,
    main=main,
)
