"""What the runtime reports when a program does what no device allows, and the verdict that follows.

The report is one line that the program itself could have written; it can only use it against itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from hpcraft.sandbox.outcome import Outcome, Verdict

FILE = ".cuda-fault"
EXIT_CODE = 86
_LINE = re.compile(r"hpcraft-cuda: FAULT ([^\n]{1,1000})")
_ADDRESSES = re.compile(r"\b(pc2?)=((?:0x[0-9a-f]{1,16},?)+)")
"""An instruction, and those that called: the first of them that is the program's own is the place."""
_NOT_OWN = re.compile(r"\?\?|/usr/|.*cuda-emulation/|.*/sandbox/cuda/runtime/")
_JUDGED = (Verdict.OK, Verdict.RUNTIME_ERROR)


def report(outputs: Mapping[str, bytes]) -> str:
    """The facts of a fault, such as ``kind=race kernel=K pc=0x1f2e block=0,0,0 thread=1,0,0; ...``; empty without one."""
    found = _LINE.match(outputs.get(FILE, b"")[:2048].decode(errors="replace"))
    return found[1].strip() if found else ""


def addresses(text: str) -> tuple[str, ...]:
    """The instructions that a report names, in hexadecimal."""
    return tuple(address for found in _ADDRESSES.finditer(text) for address in _each(found[2]))


def named(text: str, addr2line: str) -> str:
    """A report with lines in the place of instructions, from what ``addr2line -a -i`` says."""
    lines: dict[str, str] = {}
    for record in re.split(r"^0x", addr2line, flags=re.MULTILINE)[1:]:
        address, *places = [line.strip() for line in record.splitlines()]
        own = [place for place in places if not _NOT_OWN.match(place)]
        if own:
            lines[address.lstrip("0")] = own[0].partition(" ")[0].removeprefix("/src/").removeprefix("./")

    def place(found: re.Match[str]) -> str:
        known = (lines[address.lstrip("0")] for address in _each(found[2]) if address.lstrip("0") in lines)
        file, _, line = next(known, "").rpartition(":")
        number = "2" if found[1] == "pc2" else ""
        return f"file{number}={file.rpartition('/./')[2]} line{number}={line}" if file else found[0].partition(",")[0]

    return _ADDRESSES.sub(place, text)


def _each(addresses: str) -> list[str]:
    return [address.removeprefix("0x") for address in addresses.strip(",").split(",")]


def judged(outcome: Outcome, text: str) -> Outcome:
    """The outcome of a program that reported a fault."""
    if not text or outcome.verdict not in _JUDGED or outcome.exit_code != EXIT_CODE:
        return outcome
    verdict = Verdict.RACE if text.startswith("kind=race ") else Verdict.RUNTIME_ERROR
    return replace(outcome, verdict=verdict, message=text)
