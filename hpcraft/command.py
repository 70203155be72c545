"""What the command line needs of a command: a summary, an example, its flags and a function."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass

from hpcraft.errors import ConfigError, printable
from hpcraft.progress import is_quiet


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One ``hpcraft`` command; each module in the command table has one as ``COMMAND``."""

    summary: str
    example: str
    """A command line that works, shown below the help."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    main: Callable[[argparse.Namespace], int]
    """Does the work and returns the exit code; raises `hpcraft.errors.HpcError` for the rest."""
    word_flags: tuple[str, ...] = ()
    """Flags whose value may begin with a dash, as in ``--flags -O3``."""


LARGEST_SEED = 2**32 - 1
"""NumPy's generators, which training seeds too, take no larger one, and none below zero."""


def check_seed(seed: int, where: str) -> None:
    """Check that everything random can begin with the seed given in ``where``.

    Raises:
        ConfigError: it can't.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise ConfigError(f"{where}: expected a whole number from 0 to {LARGEST_SEED} (got {seed})")


def say(args: argparse.Namespace, value: object, text: str) -> None:
    """Print a command's result: ``value`` as JSON with ``--json``, else ``text`` unless ``--quiet``."""
    if args.json:
        print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))
    elif text and not args.quiet:
        print(text)


def note(text: str) -> None:
    """Say something to the person at the terminal, beside the result; not with ``--quiet``."""
    if not is_quiet():
        warn(text)


def warn(text: str) -> None:
    """Say what nobody may miss, also with ``--quiet``."""
    print(printable(text), file=sys.stderr, flush=True)
