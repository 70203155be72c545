"""A stage as a command of its own: every input and every config key is a flag."""

from __future__ import annotations

import argparse
import types
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hpcraft.command import Command, note, say
from hpcraft.errors import Stopped
from hpcraft.executor import add_executor_arguments, from_arguments, make_executor
from hpcraft.stages import Stage, execute, summary_line


def command_of(stage: Stage[Any]) -> Command:
    """The command that `hpcraft.stages.Stage.command` gives."""
    return Command(
        summary=stage.summary, example=stage.example, add_arguments=lambda p: _add_arguments(stage, p), main=lambda a: _main(stage, a)
    )


def _add_arguments(stage: Stage[Any], parser: argparse.ArgumentParser) -> None:
    for name, spec in stage.inputs.items():
        parser.add_argument(f"--{name}", type=Path, required=not spec.optional, metavar="DIR", help=spec.help)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="output folder")
    parser.add_argument("--force", action="store_true", help="redo it even when the folder is up to date")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (default 0)")
    if stage.parallel:
        add_executor_arguments(parser)
    hints = get_type_hints(stage.config)
    for f in fields(stage.config):
        required = f.default is MISSING and f.default_factory is MISSING
        default = f.default_factory() if f.default_factory is not MISSING else f.default
        parser.add_argument(
            f"--{f.name.replace('_', '-')}",
            dest=f"config.{f.name}",
            metavar="VALUE",
            # A switch may be given bare.
            nargs="?" if hints[f.name] is bool else None,
            const="true" if hints[f.name] is bool else None,
            help=f"{f.metadata['help']} ({'required' if required else f'default: {_shown(default)}'})".replace("%", "%%"),
        )


def _shown(default: object) -> str:
    """A default as one would type it."""
    if isinstance(default, tuple):
        return f"[{', '.join(map(_shown, default))}]"
    if default is None or isinstance(default, bool):
        return str(default).lower()
    return str(default) or "empty"


def _flag_value(text: str, hint: object) -> object:
    """A flag's text as the type of its config field wants it: words stay words, one value may stand for a list of one."""
    from hpcraft.recipe import parse_value  # pydantic and YAML, which take longer to load than the help that most commands are asked for

    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if text in ("none", "null") and types.NoneType in options:
        return None
    if any(_takes_words(option) for option in options):
        return text
    value = parse_value(text)
    lists = [get_args(option) for option in options if get_origin(option) is tuple]
    if lists and not isinstance(value, list):
        return [text if _takes_words(lists[0][0]) else value]
    return value


def _takes_words(hint: object) -> bool:
    return hint is str or (get_origin(hint) is Literal and all(isinstance(word, str) for word in get_args(hint)))


def _main(stage: Stage[Any], args: argparse.Namespace) -> int:
    from hpcraft.recipe import build_config

    hints = get_type_hints(stage.config)
    flags = {f.name: getattr(args, f"config.{f.name}") for f in fields(stage.config)}
    given = {name: _flag_value(text, hints[name]) for name, text in flags.items() if text is not None}
    config = build_config(stage, given, where=f"hpcraft {stage.name}")
    inputs = {name: path for name in stage.inputs if (path := getattr(args, name))}
    where = make_executor(from_arguments(args)) if stage.parallel else None
    try:
        execution = execute(stage, config, inputs, args.out, seed=args.seed, force=args.force, executor=where)
    except KeyboardInterrupt:
        raise Stopped("stopped; run the same command again to resume") from None
    for line in execution.manifest.notes:
        note(f"note: {line}")
    say(
        args,
        {"out": str(args.out), "skipped": execution.skipped, **asdict(execution.manifest)},
        summary_line(stage.name, args.out, execution),
    )
    return 0
