"""``hpcraft tokenizer inspect``: shows how a file is cut into tokens and renamed, in the terminal or as a page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hpcraft.command import Command, note, say
from hpcraft.store import write_bytes
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.files import read_bytes
from hpcraft.tokenizer.inspect_terminal import coloured, plain, summary
from hpcraft.tokenizer.languages import promised, source_of
from hpcraft.tokenizer.lexer import FORMS, LANGUAGES
from hpcraft.tokenizer.names import decode
from hpcraft.tokenizer.view import Options, View, escaped, make_view


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft tokenizer inspect``."""
    parser.add_argument("tokenizer", type=Path, nargs="?", help="folder with a tokenizer.json; without one the tokens are the lexer's")
    parser.add_argument("file", type=Path, help="file to cut, any bytes; - is standard input")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the view as one HTML page")
    parser.add_argument(
        "--language", default="", help=f"one of {', '.join(LANGUAGES)}; by default what the suffix says; without one nothing is renamed"
    )
    parser.add_argument("--form", default="", help=f"of Fortran: one of {', '.join(FORMS)}; by default what the text looks like")
    parser.add_argument("--own-names", action="store_true", help="leave the names as they are")
    parser.add_argument("--layout", action="store_true", help="lay the text out canonically first, with its comments")


def main(args: argparse.Namespace) -> int:
    """Cut one file."""
    tokenizer = bpe.load(args.tokenizer) if args.tokenizer else None
    text = decode(read_bytes(args.file))
    known = args.language or args.form or promised(args.file)
    source = source_of(args.file, text, args.language, args.form) if known else None
    options = Options(
        language=source.language if source else "",
        form=source.form if source else "",
        renames=not args.own_names,
        layout=args.layout,
    )
    view = make_view(text, tokenizer, options)
    if args.html:
        from hpcraft.tokenizer.inspect_page import render

        labels = {number: tokenizer.id_to_token(number) or "" for number in set(view.ids)} if tokenizer else {}
        page = render(view, args.file, str(args.tokenizer or ""), labels)
        write_bytes(args.html, page.encode())
        note(f"{args.html}: {len(page) / 1e3:,.0f} kB; open it in a browser")
        say(args, _json(view), summary(view))
    elif args.json or not sys.stdout.isatty():
        say(args, _json(view), f"{plain(view)}\n{summary(view)}")
    elif not args.quiet:
        _print(view)
    return 0


def _json(view: View) -> dict[str, object]:
    return {
        "tokens": len(view.pieces),
        "bytes": view.num_bytes,
        "bytes_per_token": view.bytes_per_token,
        "tokens_with_own_names": view.tokens_as_written,
        "directive_fertility": view.fertility,
        "language": view.language,
        "ids": view.ids,
        "pieces": [escaped(piece) for piece in view.pieces],
        "names": {name: escaped(original) for name, original in view.renamed.names.items()},
    }


def _print(view: View) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    for line in coloured(view):
        console.print(line, soft_wrap=True)
    console.print(summary(view))


COMMAND = Command(
    summary="show how a file is cut into tokens and renamed",
    example="hpcraft tokenizer inspect runs/quickstart/tokenizer kernel.c --html kernel.html",
    add_arguments=add_arguments,
    main=main,
)
