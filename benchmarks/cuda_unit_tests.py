"""CUDA functions with recorded outputs, run on the processor.

    .venv/bin/python benchmarks/cuda_unit_tests.py unit_tests.valid.jsonl [--rows 12,40] [--check none] [--workers 2] [--json]

The file holds functions as the MuSL study has them for BabelTower: ``cuda_code``, a ``cuda_wrapper`` that copies and launches,
``consistent_cuda_inputs`` that call it, and ``consistent_outputs``. Each function is built once, at the level ``emulate``, and run
for each of its inputs; what is printed must be what was recorded. Functions that the file marks as undefined behaviour are counted apart.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcraft.sandbox import Job, Run, build
from hpcraft.sandbox.outcome import CHECKS, Check, CudaLevel

HEADER = r"""
#include <algorithm>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <type_traits>
template <class T> void show(const T &value) { std::cout << value; }
template <class T, size_t N> void show(const T (&values)[N]) {
    const char *separator = "[ ";
    for (const auto &value : values) { std::cout << separator; show(value); separator = ", "; }
    std::cout << " ]";
}
template <class F, class... A> void wrapper(F function, A &&...arguments) {
    if constexpr (std::is_void_v<decltype(function(arguments...))>) { function(arguments...); std::cout << "Return value: void\n"; }
    else { std::cout << "Return value: " << function(arguments...) << "\n"; }
    const char *separator = "Arguments after function call: (";
    ((std::cout << separator, show(arguments), separator = ", "), ...);
    std::cout << ")" << std::endl;
}
"""
LEVELS: tuple[CudaLevel, ...] = ("emulate", "device")
_SHOWN = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of one input."""

    row: int
    input: int
    undefined: bool
    reason: str
    """Empty when the output is the recorded one."""
    detail: str = ""


def source(row: dict[str, Any]) -> str:
    """The program of one function; its argument chooses the input."""
    cases = "\n".join(f"case {number}: {{\n{text}\n}} break;" for number, text in enumerate(row["consistent_cuda_inputs"]))
    main = f"int main(int, char **words) {{\nswitch (std::atoi(words[1])) {{\n{cases}\n}}\n}}\n"
    return f'#include "show.h"\n{row["cuda_code"]}\n{row["cuda_wrapper"]}\n{main}'


def answers(row: dict[str, Any], check: Check, level: CudaLevel) -> Iterator[Answer]:
    """Build a function and run it on each input."""
    files = {"main.cu": source(row).encode(), "show.h": HEADER.encode()}
    job = Job(files=files, language="cpp", model="cuda", cuda=level, check=check)
    with build(job) as built:
        for number, expected in enumerate(row["consistent_outputs"]):
            name = {"row": row["row"], "input": number, "undefined": row["undefined_behaviour"]}
            outcome = built.run(Run(args=(str(number),)))
            if not outcome.ok:
                verdict = built.outcome.verdict if not built.ok else outcome.verdict
                yield Answer(**name, reason=str(verdict), detail=outcome.message)
            elif outcome.stdout.replace("\r", "\n").strip() != expected.strip():  # as they were recorded
                yield Answer(**name, reason="differs", detail=f"{_shown(outcome.stdout)} instead of {_shown(expected)}")
            else:
                yield Answer(**name, reason="")


def _shown(text: str) -> str:
    return repr(text.strip().rpartition("\n")[2])[:_SHOWN]


def main() -> int:
    """Run the file and print the counts and the failures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the file of functions")
    parser.add_argument("--rows", default="", help="only these, by their numbers (default: all)")
    parser.add_argument("--check", choices=CHECKS, default="none", help="build with a check (default: %(default)s)")
    parser.add_argument("--level", choices=LEVELS, default="emulate", help="where they run (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="functions at the same time (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object")
    args = parser.parse_args()
    wanted = {int(word) for word in args.rows.split(",") if word}
    rows = [json.loads(line) for line in args.data.read_text().splitlines()]
    rows = [row for row in rows if not wanted or row["row"] in wanted]
    start = time.perf_counter()
    with ThreadPoolExecutor(args.workers) as pool:
        found = [answer for each in pool.map(lambda row: list(answers(row, args.check, args.level)), rows) for answer in each]
    seconds = time.perf_counter() - start
    report(found, len(rows), seconds, as_json=args.json)
    return 0


def report(found: list[Answer], num_rows: int, seconds: float, *, as_json: bool) -> None:
    """Print counts, reasons and failures."""
    failed = [answer for answer in found if answer.reason]
    good = num_rows - len({answer.row for answer in failed})
    defined = [answer for answer in found if not answer.undefined]
    facts = {
        "functions": num_rows,
        "functions_right": good,
        "inputs": len(found),
        "inputs_right": len(found) - len(failed),
        "defined_inputs": len(defined),
        "defined_inputs_right": sum(not answer.reason for answer in defined),
        "reasons": dict(Counter(answer.reason for answer in failed)),
        "seconds": round(seconds, 1),
    }
    if as_json:
        json.dump(facts, sys.stdout)
        print()
        return
    for answer in failed:
        mark = " (undefined behaviour)" if answer.undefined else ""
        print(f"row {answer.row} input {answer.input}{mark}: {answer.reason}: {answer.detail}")
    print(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in facts.items()))


if __name__ == "__main__":
    sys.exit(main())
