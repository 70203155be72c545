"""``hpcraft tokenizer rename``: puts canonical names for a program's own, and writes what they were."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcraft.command import Command
from hpcraft.errors import ConfigError
from hpcraft.tokenizer import names
from hpcraft.tokenizer.files import deliver, read_bytes
from hpcraft.tokenizer.languages import source_of
from hpcraft.tokenizer.lexer import FORMS, LANGUAGES
from hpcraft.tokenizer.rename import rename


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft tokenizer rename``."""
    parser.add_argument("file", type=Path, help="source file, any bytes; - is standard input, with --language")
    parser.add_argument("-o", "--out", type=Path, help="file for the renamed text; standard output by default")
    parser.add_argument("--names", type=Path, help="JSON file for the names, which `hpcraft tokenizer restore` reads")
    parser.add_argument("--language", default="", help=f"one of {', '.join(LANGUAGES)}; by default what the suffix says")
    parser.add_argument("--form", default="", help=f"of Fortran: one of {', '.join(FORMS)}; by default what the text looks like")
    parser.add_argument("--random", action="store_true", help="number the names at random, from --seed, not by first use")
    parser.add_argument("--seed", type=int, default=0, help="for --random")
    parser.add_argument("--keep", nargs="+", default=[], metavar="NAME", help="names that stay as they are")


def main(args: argparse.Namespace) -> int:
    """Rename one file."""
    outputs = [path.resolve() for path in (args.out, args.names) if path]
    if len(set(outputs)) < len(outputs) or (args.names and args.names.resolve() == args.file.resolve()):
        raise ConfigError(f"--names {args.names}: is the file of the text too; give the names a file of their own")
    data = read_bytes(args.file)
    original = names.decode(data)
    source = source_of(args.file, original, args.language, args.form)
    seed = args.seed if args.random else None
    renamed = rename(original, source.language, form=source.form, seed=seed, keep=frozenset(args.keep))
    if args.names:
        names.write(args.names, renamed, data)
    value = {"text": renamed.text, **names.to_json(renamed, data)} if args.json else None
    deliver(args, names.encode(renamed.text), f"{len(renamed.names):,} names, {source.language}", value)
    return 0


COMMAND = Command(
    summary="put canonical names for a program's own, reversibly",
    example="hpcraft tokenizer rename kernel.c -o renamed.c --names names.json",
    add_arguments=add_arguments,
    main=main,
)
