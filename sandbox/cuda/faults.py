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
_ADDRESS = re.compile(r"\b(pc2?)=0x([0-9a-f]{1,16})\b")
_JUDGED = (Verdict.OK, Verdict.RUNTIME_ERROR)


def report(outputs: Mapping[str, bytes]) -> str:
    """The facts of a fault, such as ``kind=race kernel=K pc=0x1f2e block=0,0,0 thread=1,0,0; ...``; empty without one."""
    found = _LINE.match(outputs.get(FILE, b"")[:2048].decode(errors="replace"))
    return found[1].strip() if found else ""


def addresses(text: str) -> tuple[str, ...]:
    """The instructions that a report names, in hexadecimal."""
    return tuple(found[2] for found in _ADDRESS.finditer(text))


def named(text: str, addr2line: str) -> str:
    """A report with lines in the place of instructions, from what ``addr2line -a -i`` says."""
    lines: dict[str, str] = {}
    for record in re.split(r"^0x", addr2line, flags=re.MULTILINE)[1:]:
        address, *places = [line.strip() for line in record.splitlines()]
        own = [place for place in places if "cuda-emulation/" not in place and not place.startswith(("??", "/usr/"))]
        if own:
            lines[address.lstrip("0")] = own[0].partition(" ")[0].removeprefix("/src/").removeprefix("./")

    def place(found: re.Match[str]) -> str:
        file, _, line = lines.get(found[2].lstrip("0"), "").rpartition(":")
        number = "2" if found[1] == "pc2" else ""
        return f"file{number}={file.rpartition('/./')[2]} line{number}={line}" if file else found[0]

    return _ADDRESS.sub(place, text)


def judged(outcome: Outcome, text: str) -> Outcome:
    """The outcome of a program that reported a fault."""
    if not text or outcome.verdict not in _JUDGED or outcome.exit_code != EXIT_CODE:
        return outcome
    verdict = Verdict.RACE if text.startswith("kind=race ") else Verdict.RUNTIME_ERROR
    return replace(outcome, verdict=verdict, message=text)
