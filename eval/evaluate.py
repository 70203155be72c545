"""``hpcraft eval run``: generate and judge in one go, into one folder (``completions/`` and ``results/``).

When a model or a suite fails, ``completions/`` holds what the others answered, and its manifest names what is missing; that is judged, and then
the command ends with the fault. The same command, or one with another list of models, asks for what is missing alone.
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from hpcraft.command import Command, note, say
from hpcraft.errors import HpcError, InputError, Stopped
from hpcraft.eval.generate import STAGE as GENERATE
from hpcraft.eval.judge import STAGE as JUDGE
from hpcraft.eval.perplexity import BITS_PER_BYTE, PER_LEXEME
from hpcraft.eval.results import find_results, read_results
from hpcraft.executor import add_executor_arguments, from_arguments, make_executor
from hpcraft.progress import set_quiet
from hpcraft.recipe import build_config, parse_value
from hpcraft.stages import Stage, execute

_SHOWN = ("pass@1", "build@1", BITS_PER_BYTE, PER_LEXEME)
"""Metrics that are printed, as far as a suite has them; all are in its ``results.json``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of both stages."""
    parser.add_argument("--model", type=Path, metavar="DIR", help=GENERATE.inputs["model"].help)
    parser.add_argument("--pairs", type=Path, metavar="DIR", help=GENERATE.inputs["pairs"].help)
    parser.add_argument("--data", type=Path, metavar="DIR", help=GENERATE.inputs["data"].help)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="output folder")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sampling (default 0)")
    add_executor_arguments(parser)
    for stage in (GENERATE, JUDGE):
        for f in fields(stage.config):
            text = f"{f.metadata['help']} (default: {f.default!r})".replace("%", "%%")
            parser.add_argument(f"--{f.name.replace('_', '-')}", dest=f"{stage.name}.{f.name}", metavar="VALUE", help=text)


def main(args: argparse.Namespace) -> int:
    """Generate, judge, print the figures.

    Raises:
        HpcError: some could not be answered or judged; the results of the others are written and shown.
    """
    set_quiet(args.quiet)
    given = {name: folder for name in ("model", "pairs", "data") if (folder := getattr(args, name))}
    generate, judge = _config(GENERATE, args), _config(JUDGE, args)
    completions, results = args.out / "completions", args.out / "results"
    where = make_executor(from_arguments(args))
    answered = execute(GENERATE, generate, given, completions, seed=args.seed, executor=where, incomplete=True)
    if judge.strict and answered.manifest.rejections:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(answered.manifest.rejections.items()))
        raise InputError(
            f"{completions}: strict, and not every line that was to be replayed can be judged ({reasons}); mend the file, or leave strict out"
        )
    inputs = {"completions": completions} | {name: folder for name, folder in given.items() if name in JUDGE.inputs}
    try:
        judged = execute(JUDGE, judge, inputs, results, seed=args.seed, executor=where)
    except Stopped:
        raise
    except HpcError as error:
        if answered.fault is None:
            raise
        raise type(answered.fault)(f"{answered.fault}; {error}") from None
    notes = [*answered.manifest.notes, *judged.manifest.notes]
    if not args.quiet:
        for line in notes:
            note(f"note: {line}")
    figures = {str(p.relative_to(results)): dict(read_results(p).levels) for p in find_results(results)}
    told = {"out": str(args.out), "results": figures, "notes": notes, "missing": answered.manifest.missing}
    say(args, told, "\n".join([*_lines(figures), f"results: {results}"]))
    if answered.fault:
        raise type(answered.fault)(f"{answered.fault}, and judged: {results}")
    return 0


def _config(stage: Stage[Any], args: argparse.Namespace) -> Any:
    given = {f.name: parse_value(value) for f in fields(stage.config) if (value := getattr(args, f"{stage.name}.{f.name}")) is not None}
    lists = {f.name for f in fields(stage.config) if isinstance(f.default, tuple)}
    return build_config(
        stage, {k: [v] if k in lists and not isinstance(v, list) else v for k, v in given.items()}, where="hpcraft eval run"
    )


def _lines(figures: dict[str, dict[str, Any]]) -> list[str]:
    lines = []
    for name, levels in figures.items():
        for level, found in levels.items():
            first, *others = [metric for metric in _SHOWN if metric in found["metrics"]]
            shown = found["metrics"][first]
            low, high = shown["ci95"]
            more = "".join(f"  {metric} {found['metrics'][metric]['value']:.3f}" for metric in others)
            lines.append(f"{name:<32} {level:<8} {first} {shown['value']:.3f} [{low:.3f}, {high:.3f}]{more}  n={shown['n']}")
    return lines


COMMAND = Command(
    summary="generate and judge in one go",
    example="hpcraft eval run --suites kernels --models '[hf:PATH, reference]' --out runs/evaluation",
    add_arguments=add_arguments,
    main=main,
)
