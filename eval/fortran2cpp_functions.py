"""The harness around functions that were asked for as C++: the published ``main`` in a translation unit of its own, hidden from who answers.

Its assertions are counted instead of aborting, what it prints is compared with what it prints around the published functions, and a word
that nobody knows before ends a run that came to its end: an answer that leaves the process, prints a verdict or defines what the harness calls
gains nothing. An answer is judged only by a record whose Fortran passes its own checks, whose published functions pass and have
no invalid memory accesses, and whose checks refuse functions that do nothing.

Not covered: other inputs than those of the published ``main``; a comparison that is itself wrong.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import lru_cache

from hpcraft import sandbox
from hpcraft.errors import MachineError
from hpcraft.eval.fortran2cpp_output import Token, first_difference, tokens_of
from hpcraft.eval.fortran2cpp_parts import MAIN, Parts
from hpcraft.eval.judging import describe_run, first_error
from hpcraft.eval.pareval_calls import HEADERS
from hpcraft.sandbox.outcome import Check, Job, Limits, Outcome, Run, Verdict

CANDIDATE, HARNESS = "candidate.cpp", "harness.cpp"
_LIBRARY = "library.h"
LIMITS = Limits(wall_seconds=10.0)
_CONSTANT = re.compile(r"^[ \t]*(?!using\b|//|/?\*)\S.*$", re.MULTILINE)
_USING = re.compile(r"^[ \t]*using\s+namespace\b[^\n]*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What a run of the harness came to."""

    fault: str
    """Why it didn't come to its end; empty where it did."""
    tokens: tuple[Token, ...] = ()
    code: int = 0
    checks: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the harness does around the published functions."""

    problem: str = ""
    """Why nothing can be held against it; empty where something can."""
    ended: Ended = Ended(fault="")


def job(parts: Parts, code: str, check: Check = "none") -> Job:
    """The build of an answer with the harness."""
    return Job(
        files={
            CANDIDATE: f"{parts.includes}{ahead(parts, code)}\n#line 1\n{code}\n".encode(errors="replace"),
            HARNESS: _harness(parts).encode(errors="replace"),
            _LIBRARY: f"{HEADERS}#include <chrono>\n#include <iomanip>\n#include <sstream>\n".encode(),
        },
        language="cpp",
        prelude=_LIBRARY,
        check=check,
    )


def ahead(parts: Parts, code: str) -> str:
    """Types and constants that the prompt gives, unless the answer repeats them."""
    lines = [line.strip() for line in _CONSTANT.findall(parts.given)]
    repeats = any(re.search(rf"\b(?:struct|class|enum|union|using|typedef)\b[^;{{]*\b{name}\b", code) for name in parts.types)
    if repeats or any(line in code for line in lines if len(line) > 1):
        return "\n".join(_USING.findall(parts.given))
    return parts.given


def empty_answer(parts: Parts) -> str:
    """Functions that do nothing."""
    bodies = (f"{_plain(head)} {{{'' if re.match(r'(?:extern.C. *)?void ', head) else ' return {}; '}}}" for head in parts.prototypes)
    return "\n".join(bodies) + "\n"


def _plain(head: str) -> str:
    """A prototype without default arguments."""
    return re.sub(r"\s*=\s*[^,()]+(?=[,)])", "", head)


def _harness(parts: Parts) -> str:
    renamed = "".join(f"#define {name} hpcraft_own_{name}\n" for name in parts.others)
    call = f"{MAIN}(1, arguments)" if parts.takes_arguments else f"{MAIN}()"
    return f"""#include <cstdio>
#include <unistd.h>
{parts.includes}
static long hpcraft_checks, hpcraft_failed;
static void hpcraft_check(bool holds) {{ hpcraft_checks++, hpcraft_failed += !holds; }}
#undef assert
#define assert(...) hpcraft_check(static_cast<bool>(__VA_ARGS__))
{renamed}
{parts.harness}
#undef main
int main(int, char **arguments) {{
    static char word[64];
    strncpy(word, arguments[1], sizeof word - 1);
    memset(arguments[1], 0, strlen(arguments[1]));
    int code = {call};
    std::cout.flush();
    printf("\\n%s %d %ld %ld\\n", word, code, hpcraft_checks, hpcraft_failed);
    fflush(stdout);
    _exit(0);
}}
"""


def run(build: sandbox.Build) -> tuple[Ended, Outcome]:
    """Run a build of the harness.

    Raises:
        MachineError: the sandbox failed.
    """
    word = secrets.token_hex(16)
    outcome = build.run(Run(args=(word,), limits=LIMITS))
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        raise MachineError(outcome.message or f"sandbox: {outcome.verdict}")
    head, found, tail = outcome.stdout.rpartition(f"\n{word} ")
    numbers = tail.split()
    if not outcome.ok or not found or len(numbers) != 3:
        return Ended(fault=describe_run(outcome) if not outcome.ok else "ended before the tests did"), outcome
    code, checks, failed = map(int, numbers)
    return Ended(fault="", tokens=tuple(tokens_of(head)), code=code, checks=checks, failed=failed), outcome


def differs(wanted: Ended, got: Ended) -> str:
    """What is wrong with a run; empty where nothing is."""
    if got.fault:
        return got.fault
    if got.failed:
        return f"{got.failed} of {got.checks} assertions of the published main don't hold"
    if why := first_difference(wanted.tokens, got.tokens, "with the published functions"):
        return why
    if (got.code, got.checks) != (wanted.code, wanted.checks):
        return f"the published main returned {got.code} after {got.checks} assertions, {wanted.code} after {wanted.checks} were expected"
    return ""


@lru_cache(maxsize=64)
def wanted_of(parts: Parts, fortran_output: tuple[Token, ...]) -> Wanted:
    """What answers are held against, or why the record can't judge any.

    Raises:
        MachineError: the sandbox failed.
    """
    with sandbox.build(job(parts, parts.reference)) as build:
        if not build.ok:
            return Wanted(problem=f"the published C++, cut from its main, doesn't build: {_why_unbuilt(build)}")
        (ended, _), (again, _) = run(build), run(build)
    if why := ended.fault or differs(ended, again):
        return Wanted(problem=f"the published C++ doesn't pass its own tests: {why}")
    if ended.code or (not ended.checks and first_difference(fortran_output, ended.tokens, "")):
        return Wanted(problem="the published C++ asserts nothing, and prints something else than the Fortran")
    with sandbox.build(job(parts, parts.reference, "address")) as build:
        checked = run(build)[0] if build.ok else ended
    if checked.fault:
        return Wanted(problem="the published C++ has invalid memory accesses")
    with sandbox.build(job(parts, empty_answer(parts))) as build:
        idle = run(build)[0] if build.ok else Ended(fault="not built")
    if not differs(ended, idle):
        return Wanted(problem="functions that do nothing pass the published tests, too")
    return Wanted(ended=ended)


def _why_unbuilt(build: sandbox.Build) -> str:
    if build.outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        raise MachineError(build.outcome.message or f"sandbox: {build.outcome.verdict}")
    return first_error(build.outcome)


def overrides(build: sandbox.Build) -> str:
    """What an answer defines in place of the harness's own code; empty for nothing."""
    theirs, ours = build.defined(CANDIDATE), build.defined(HARNESS)
    taken = sorted(name for name, kind in theirs.items() if kind not in "WVu" and ours.get(name, "") in ("W", "V", "u"))
    return f"fail: defines {taken[0]}, which the harness has" if taken else ""


def called(build: sandbox.Build, parts: Parts) -> frozenset[str]:
    """What the harness calls beside the functions that were asked for."""
    asked = tuple(f"{len(name)}{name}" for name in parts.names)
    return frozenset(s for s in build.symbols(HARNESS) if s not in parts.names and not any(a in s for a in asked))
