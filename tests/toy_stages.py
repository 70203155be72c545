"""Tiny stages with which the spine is tested.

``make`` writes parts one by one and resumes, ``spread`` has an executor do it, ``count`` adds them up.

As a script it is the ``hpcraft`` command with these stages beside the real ones. ``TOY_SECONDS`` in the environment
is how long a part takes, so that a test can stop it half way without changing what the stage makes.
"""

from __future__ import annotations

import os
import random
import sys
import time
import types
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from hpcraft import recipe
from hpcraft.errors import InputError
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import write_bytes

_ROOT = str(Path(__file__).resolve().parent.parent)
if _ROOT not in sys.path:  # as a script, from another folder
    sys.path.append(_ROOT)
from tests.toy_tasks import Part, write_part  # noqa: E402 - found by the lines above


@dataclass(frozen=True, kw_only=True, slots=True)
class ToyRow:
    """A row of the toy's Parquet shard."""

    SCHEMA: ClassVar[str] = "hpcraft.toy_row/1"

    number: int
    payload: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class MakeConfig:
    """Settings of every type that a stage may have."""

    parts: int = option(3, help="how many parts")
    scale: float = option(1.0, help="a number")
    label: str = option("x", help="a word")
    loud: bool = option(False, help="a switch")
    limit: int | None = option(None, help="a number or none")
    style: Literal["plain", "fancy"] = option("plain", help="one of two")
    sources: tuple[str, ...] = option((), help="words")
    sizes: tuple[int, ...] = option((), help="numbers")
    part_bytes: int = option(16, help="size of a part")
    rows: int = option(0, help="rows of the Parquet shard, 100 kB each")
    fail: bool = option(False, help="fail after the first part")

    def __post_init__(self) -> None:
        """Refuse what no stage could do."""
        if self.parts < 0:
            raise ValueError("parts: must not be negative")


@dataclass(frozen=True, kw_only=True, slots=True)
class SpreadConfig:
    """Settings of ``spread``."""

    parts: int = option(3, help="how many parts")
    bad_part: int = option(-1, help="the part that fails")


@dataclass(frozen=True, kw_only=True, slots=True)
class CountConfig:
    """Settings of ``count``."""

    factor: int = option(1, help="a factor")


def make(config: MakeConfig, work: Work) -> Report:
    """Write the parts that are not there yet."""
    resumed = 0
    for number in range(config.parts):
        path = work.out / f"part-{number:04d}.bin"
        if path.exists():
            resumed += 1
            continue
        time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
        write_bytes(path, random.Random(f"{work.seed} {config.label} {number}").randbytes(config.part_bytes))
        if config.fail:
            raise InputError("the toy fails as it was told")
    if config.rows:
        with ShardWriter(work.out, "rows", ToyRow) as writer:
            for number in range(config.rows):
                writer.write(ToyRow(number=number, payload=random.Random(number).randbytes(100_000)))
    return Report(rows={"parts": config.parts}, rejections={"odd": 1, "even": 2}, metrics={"resumed": resumed}, notes=["a toy"])


def spread(config: SpreadConfig, work: Work) -> Report:
    """Have the parts written that are not there yet, each a task."""
    parts = [
        Part(
            path=work.out / f"part-{number:04d}.bin",
            seed=str(work.seed),
            seconds=float(os.environ.get("TOY_SECONDS", "0")),
            raises=InputError(f"part {number} is bad") if number == config.bad_part else None,
        )
        for number in range(config.parts)
    ]
    left = [part for part in parts if not part.path.exists()]
    work.executor.map(write_part, left, folder=work.out, label="spread")
    return Report(rows={"parts": config.parts}, metrics={"resumed": len(parts) - len(left)})


def count(config: CountConfig, work: Work) -> Report:
    """Add up the bytes of the parts."""
    folder = work.inputs["parts"]
    total = sum(path.stat().st_size for path in folder.glob("part-*.bin")) * config.factor
    if list(folder.glob("rows-*.parquet")):
        total += sum(len(row.payload) for row in read_rows(folder, "rows", ToyRow))
    write_bytes(work.out / "total.txt", f"{total}\n".encode())
    return Report(rows={"totals": 1})


MAKE = Stage(name="make", summary="make parts", example="hpcraft make -o out", config=MakeConfig, inputs={}, run=make)
SPREAD = Stage(
    name="spread",
    summary="make parts with an executor",
    example="hpcraft spread -o out",
    config=SpreadConfig,
    inputs={},
    run=spread,
    parallel=True,
)
COUNT = Stage(
    name="count",
    summary="count parts",
    example="hpcraft count --parts out -o total",
    config=CountConfig,
    inputs={"parts": Input(stage="make", help="parts")},
    run=count,
)


def register() -> dict[str, str]:
    """Make the toys importable, and name their modules as the table of stages does."""
    names = {}
    for stage in (MAKE, SPREAD, COUNT):
        module = types.ModuleType(f"hpcraft_toy_{stage.name}")
        module.STAGE, module.COMMAND = stage, stage.command  # type: ignore[attr-defined]
        sys.modules[module.__name__] = module
        names[stage.name] = module.__name__
    return names


if __name__ == "__main__":
    from hpcraft import cli

    toys = register()
    recipe.STAGES.update(toys)
    cli.COMMANDS.update({name: (module, "a toy") for name, module in toys.items()})
    sys.exit(cli.main())
