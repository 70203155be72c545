"""``hpcraft inspect DIR``: what a finished data folder holds, from its manifest and the tables beside the rows.

Counts of kept files by package, language, licence, parallel model, construct and clause; what was left out by reason, with examples where
the rows that say so were kept (``rejected-*``, ``duplicates-*`` and ``contamination-*.parquet``); the largest clusters of near duplicates.
What stands in mined files is shown without control characters and markup.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft.command import Command, say
from hpcraft.data.examples import contaminated, largest_clusters, near_examples, of_reason, rejected_examples, shown
from hpcraft.errors import ConfigError, nearest
from hpcraft.store import JSON, read_manifest

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_EXAMPLES = 3
_LONGEST_COUNTS = 20
_WIDTH = 110
_EXCERPT_LINES, _CHOSEN_LINES = 2, 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft inspect``."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="output folder of mine, prepare or another data stage")
    parser.add_argument(
        "--reason", metavar="NAME", help="show what was left out for this reason alone, or this family of reasons, with longer excerpts"
    )
    parser.add_argument(
        "--examples", type=int, default=_EXAMPLES, metavar="N", help=f"examples of each reason, and clusters, to show (default {_EXAMPLES})"
    )


def main(args: argparse.Namespace) -> int:
    """Show a folder."""
    if args.examples < 0:
        raise ConfigError(f"--examples {args.examples}: give 0 or more")
    value = describe(args.folder, reason=args.reason, num_examples=args.examples)
    say(args, value, render_reason(value, args.reason) if args.reason else render(value))
    return 0


def describe(folder: Path, *, reason: str | None = None, num_examples: int = _EXAMPLES) -> JSON:
    """What a finished folder holds, as JSON.

    Args:
        folder: the output of a data stage.
        reason: look for examples of this reason alone, or of its family: ``generated`` is every ``generated:...``.
        num_examples: how many examples of each reason, and how many clusters.

    Raises:
        InputError: the folder is missing or unfinished.
        ConfigError: nothing was left out for ``reason``.
    """
    manifest = read_manifest(folder)
    if reason is not None and not any(of_reason(name, reason) for name in manifest.rejections):
        known = ", ".join(map(shown, manifest.rejections)) or "none"
        raise ConfigError(f"--reason {reason}: nothing was left out for it{nearest(reason, manifest.rejections)}; reasons are {known}")
    tables = {Path(output.path).name.partition("-")[0] for output in manifest.outputs}
    examples: dict[str, list[JSON]] = {}
    if num_examples and "rejected" in tables:
        examples |= rejected_examples(folder, reason, num_examples)
    if num_examples and "duplicates" in tables:
        examples |= near_examples(folder, reason, num_examples)
    if num_examples and "contamination" in tables and reason in (None, "benchmark"):
        examples |= {"benchmark": found} if (found := contaminated(folder, num_examples)) else {}
    return {
        "folder": str(folder),
        "stage": manifest.stage,
        "created": manifest.created,
        "seconds": manifest.seconds,
        "rows": manifest.rows,
        "bytes_on_disk": sum(output.size_bytes for output in manifest.outputs),
        "metrics": manifest.metrics,
        "rejections": manifest.rejections,
        "rejected_examples": dict(sorted(examples.items())),
        "clusters": largest_clusters(folder, num_examples) if "duplicates" in tables and reason is None else [],
        "notes": manifest.notes,
    }


def render(value: JSON) -> str:
    """The same for people."""
    console = _console()
    rows = ", ".join(f"{count:,} {name}" for name, count in value["rows"].items()) or "no rows"
    console.print(f"{value['folder']}: {value['stage']}, {rows}, {value['bytes_on_disk'] / 1e6:,.1f} MB on disk, {value['created']}")
    for key, counts in value["metrics"].items():
        if key.startswith("by_") and counts:
            console.print(_count_table(key.removeprefix("by_").replace("_", " "), counts))
    for key in ("duplicates", "contamination", "redactions", "encodings"):
        if counts := value["metrics"].get(key):
            console.print(_count_table(key, counts))
    if value["rejections"]:
        console.print(_rejection_table(value["rejections"], value["rejected_examples"]))
        if value["stage"] == "prepare" and set(value["rejections"]) - set(value["rejected_examples"]):
            console.print("note: prepare with --keep-rejected keeps examples of every reason")
    if value["clusters"]:
        console.print(_cluster_table(value["clusters"]))
    for line in value["notes"]:
        console.print(f"note: {shown(line)}")
    return console.export_text().rstrip()


def render_reason(value: JSON, reason: str) -> str:
    """Examples of one reason for people, each with the beginning of its text."""
    console = _console()
    number = sum(count for name, count in value["rejections"].items() if of_reason(name, reason))
    console.print(f"{value['folder']}: {number:,} files left out for {reason}")
    found = [{**example, "reason": name} for name, examples in value["rejected_examples"].items() for example in examples]
    for example in found:
        family = f"{example['reason']}: " if example["reason"] != reason else ""
        console.print(f"\n{family}{_line(example)}")
        for line in example["excerpt"].splitlines()[:_CHOSEN_LINES]:
            console.print(f"    {line}", overflow="ellipsis", no_wrap=True)
    if not found:
        again = "; run prepare with --keep-rejected to see some" if value["stage"] == "prepare" else ""
        console.print(f"no examples of it were kept{again}")
    return console.export_text().rstrip()


def _console() -> Console:
    from rich.console import Console

    return Console(file=io.StringIO(), width=_WIDTH, no_color=True, highlight=False, markup=False, emoji=False, record=True)


def _line(example: Mapping[str, Any]) -> str:
    """One example as a line: where it stands, under which licence, and what is known of it."""
    more = ", ".join(str(example[key]) for key in ("licence", "detail") if example[key])
    return f"{example['package']}/{example['path']}" + (f" ({more})" if more else "")


def _table(title: str, *heads: str) -> Table:
    from rich.table import Table

    table = Table(title, box=None, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, justify="right")
    return table


def _count_table(title: str, counts: dict[str, Any]) -> Table:
    sized = all(isinstance(count, dict) for count in counts.values())
    if not sized:
        table = _table(title, "count")
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        for name, count in ranked[:_LONGEST_COUNTS]:
            table.add_row(shown(name), f"{count:,}")
        if len(ranked) > _LONGEST_COUNTS:
            table.add_row(f"{len(ranked) - _LONGEST_COUNTS:,} more", f"{sum(count for _, count in ranked[_LONGEST_COUNTS:]):,}")
        return table
    table = _table(title, "files", "MB", "share")
    total = sum(count["bytes"] for count in counts.values()) or 1
    for name, count in sorted(counts.items(), key=lambda item: (-item[1]["bytes"], item[0])):
        table.add_row(shown(name), f"{count['files']:,}", f"{count['bytes'] / 1e6:,.2f}", f"{count['bytes'] / total:.1%}")
    return table


def _rejection_table(rejections: dict[str, int], examples: dict[str, list[JSON]]) -> Table:
    table = _table("left out", "files")
    table.add_column("such as", overflow="fold")
    for reason, count in sorted(rejections.items(), key=lambda item: (-item[1], item[0])):
        lines = []
        for example in examples.get(reason, []):
            excerpt = [f"  {line.strip()[:70]}" for line in example["excerpt"].splitlines() if line.strip()][:_EXCERPT_LINES]
            lines += [_line(example), *excerpt]
        table.add_row(shown(reason), f"{count:,}", "\n".join(lines))
    return table


def _cluster_table(clusters: list[JSON]) -> Table:
    table = _table("largest clusters", "files")
    table.add_column("left out, with the similarity to what stands for them", overflow="fold")
    for cluster in clusters:
        members = [f"{m['package']}/{m['path']} {m['similarity']:.2f}" for m in cluster["members"]]
        more = cluster["files"] - 1 - len(members)
        table.add_row(cluster["kept"], f"{cluster['files']:,}", "\n".join([*members, *([f"and {more:,} more"] if more else [])]))
    return table


COMMAND = Command(
    summary="show what a data folder holds",
    example="hpcraft inspect runs/quickstart/prepare --reason generated --examples 5",
    add_arguments=add_arguments,
    main=main,
)
