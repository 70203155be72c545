"""``hpcraft inspect DIR``: what a finished data folder holds, from its manifest.

Counts of kept files by package, language, licence, parallel model and split, and rejections by reason; where rejected
rows were kept aside, the first paths of each reason.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft.command import Command, say
from hpcraft.store import JSON, Manifest, read_manifest, read_rows

if TYPE_CHECKING:
    from rich.table import Table

_EXAMPLES_PER_REASON = 3
_WIDTH = 110


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft inspect``."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="output folder of mine, prepare or another data stage")


def main(args: argparse.Namespace) -> int:
    """Show a folder."""
    value = describe(args.folder)
    say(args, value, render(value))
    return 0


def describe(folder: Path) -> JSON:
    """What a finished folder holds, as JSON.

    Raises:
        InputError: the folder is missing or unfinished.
    """
    manifest = read_manifest(folder)
    return {
        "folder": str(folder),
        "stage": manifest.stage,
        "created": manifest.created,
        "seconds": manifest.seconds,
        "rows": manifest.rows,
        "bytes_on_disk": sum(output.size_bytes for output in manifest.outputs),
        "metrics": manifest.metrics,
        "rejections": manifest.rejections,
        "rejected_examples": _examples(folder, manifest),
        "notes": manifest.notes,
    }


def render(value: JSON) -> str:
    """The same for people."""
    from rich.console import Console

    rows = ", ".join(f"{count:,} {name}" for name, count in value["rows"].items()) or "no rows"
    console = Console(file=io.StringIO(), width=_WIDTH, no_color=True, highlight=False, record=True)
    console.print(f"{value['folder']}: {value['stage']}, {rows}, {value['bytes_on_disk'] / 1e6:,.1f} MB on disk, {value['created']}")
    for key, counts in value["metrics"].items():
        if key.startswith("by_") and counts:
            console.print(_count_table(key.removeprefix("by_").replace("_", " "), counts))
    if value["rejections"]:
        console.print(_rejection_table(value["rejections"], value["rejected_examples"]))
    for line in value["notes"]:
        console.print(f"note: {line}")
    return console.export_text().rstrip()


def _examples(folder: Path, manifest: Manifest) -> dict[str, list[str]]:
    """Reason to the first few paths, when rejected rows were kept."""
    if not any(output.path.startswith("rejected-") for output in manifest.outputs):
        return {}
    from hpcraft.data.clean import Rejected

    found: dict[str, list[str]] = {}
    for row in read_rows(folder, "rejected", Rejected):
        paths = found.setdefault(row.reason, [])
        if len(paths) < _EXAMPLES_PER_REASON:
            paths.append(f"{row.package}/{row.path}" + (f" ({row.licence})" if row.licence else ""))
    return dict(sorted(found.items()))


def _count_table(title: str, counts: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title, box=None, padding=(0, 2, 0, 0))
    sized = all(isinstance(count, dict) for count in counts.values())
    for head in ("files", "MB", "share") if sized else ("count",):
        table.add_column(head, justify="right")
    if not sized:
        for name, count in counts.items():
            table.add_row(name, f"{count:,}")
        return table
    total = sum(count["bytes"] for count in counts.values()) or 1
    for name, count in sorted(counts.items(), key=lambda item: (-item[1]["bytes"], item[0])):
        table.add_row(name, f"{count['files']:,}", f"{count['bytes'] / 1e6:,.2f}", f"{count['bytes'] / total:.1%}")
    return table


def _rejection_table(rejections: dict[str, int], examples: dict[str, list[str]]) -> Table:
    from rich.table import Table

    table = Table("left out", box=None, padding=(0, 2, 0, 0))
    table.add_column("files", justify="right")
    table.add_column("such as", overflow="fold")
    for reason, count in sorted(rejections.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(reason, f"{count:,}", "\n".join(examples.get(reason, [])))
    return table


COMMAND = Command(
    summary="show what a data folder holds",
    example="hpcraft inspect runs/quickstart/prepare",
    add_arguments=add_arguments,
    main=main,
)
