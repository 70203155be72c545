"""The corpus of CUDA programs beside this file: what is in it, and the jobs that build and run it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from hpcraft.sandbox import Job, Limits, Run

HERE = Path(__file__).parent
CudaCheck = Literal["none", "address", "race"]
_FLAGS = re.compile(r"^// nvcc: (.+)$", re.MULTILINE)
_NO_DEVICE = re.compile(r"^// no device: ", re.MULTILINE)
_FAULT = re.compile(r"// fault: (.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What the first line of a faulty program says must be reported."""

    kind: str
    check: CudaCheck
    """The check that finds it."""
    line: int | None = None
    other: int | None = None
    """The second line of a race; the two are told in either order."""
    kernel: str | None = None
    schedules: int = 1
    """The orders in which it has to be run."""


def programs() -> list[Path]:
    """The good ones: files, and folders of files that belong together."""
    return sorted((HERE / "programs").iterdir())


def for_devices() -> list[Path]:
    """The good ones in CUDA that a compiler of today takes."""
    return [
        path
        for path in programs()
        if path.suffix != ".hip" and not any(_NO_DEVICE.search(text.decode()) for text in files_of(path).values())
    ]


def faulty() -> list[Path]:
    """Those with one fault each."""
    return sorted((HERE / "faulty").iterdir())


def fault_of(path: Path) -> Fault:
    """The fault that a program's first line declares."""
    found = _FAULT.match(path.read_text())
    assert found, f"{path} declares no fault"
    said = dict(word.split("=") for word in found[1].split())
    line, other = (int(said[key]) if key in said else None for key in ("line", "other"))
    return Fault(
        kind=said["kind"],
        check=cast("CudaCheck", said["check"]),
        line=line,
        other=other,
        kernel=said.get("kernel"),
        schedules=int(said.get("schedules", 1)),
    )


def files_of(path: Path) -> dict[str, bytes]:
    """The sources of one program."""
    return {file.name: file.read_bytes() for file in sorted(path.iterdir() if path.is_dir() else [path])}


def flags_of(path: Path) -> tuple[str, ...]:
    """The flags of nvcc that a program asks for in a comment."""
    found = _FLAGS.search("\n".join(content.decode() for content in files_of(path).values()))
    return tuple(shlex.split(found[1])) if found else ()


def job(path: Path, check: CudaCheck = "none", *, wall_seconds: float = 20.0, schedules: int = 1) -> Job:
    """The emulated run of one program."""
    model: Literal["cuda", "hip"] = "hip" if path.suffix == ".hip" else "cuda"
    run = Run(limits=Limits(wall_seconds=wall_seconds), schedules=schedules)
    return Job(files=files_of(path), language="cpp", model=model, cuda="emulate", check=check, flags=flags_of(path), run=run)
