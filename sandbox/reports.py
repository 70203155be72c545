"""What the checks' runtimes print about a fault: one line of it, with the place in the source.

Only read when a job asked for a check, and only to name a fault: a program can use the words against itself, never in its favour.
"""

from __future__ import annotations

import re

_RACE = re.compile(r"SUMMARY: ThreadSanitizer: data race.*|WARNING: ThreadSanitizer: data race.*")
_SANITIZER = re.compile(
    r"(SUMMARY: \w*Sanitizer: [^\n]*|ERROR: \w*Sanitizer: [^\n]*|[^\n]*: runtime error: [^\n]*|WARNING: ThreadSanitizer: [^\n]*)"
)
_FORTRAN = re.compile(r"At line (\d+) of file (\S+)[^\n]*\nFortran runtime error: ([^\n]*)")
_TRAP = re.compile(r"Program received signal SIGFPE")
_FRAME = re.compile(r"^#\d+ +0x[0-9a-f]+ in (\S+)\n\s+at (\S+\.(?:[fF]\d*|for)):(\d+)", re.MULTILINE)


def race(stderr: str) -> str:
    """The first data race by name, so that the same program gives the same line; empty without one."""
    return min(_RACE.findall(stderr), default="").strip()


def fault(stderr: str) -> str:
    """A sanitizer's summary, or what gfortran's checks found; empty without one."""
    found = _SANITIZER.findall(stderr)
    if found:
        return str(found[-1]).strip()
    if checked := _FORTRAN.search(stderr):
        return f"{_place(checked[2])}:{checked[1]}: {checked[3]}"
    if trap := _TRAP.search(stderr):
        where = _FRAME.search(stderr, trap.start())
        place = f"{_place(where[2])}:{where[3]}: " if where else ""
        return f"{place}invalid floating-point operation, as on an uninitialised real"
    return ""


def _place(path: str) -> str:
    return path.removeprefix("/src/").removeprefix("./")
