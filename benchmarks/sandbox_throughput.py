"""Programs checked per second: one jailed build for all inputs, beside one bare compile and one bare process per input.

    .venv/bin/python benchmarks/sandbox_throughput.py [--data unit_tests.valid.jsonl] [--programs 200] [--json]

A program is one function in C++ and five inputs; what is printed for each input is the value that the function returns and all of
its arguments after the call. The bare way writes for every input a file with the function, a main and that input, compiles it and runs
it, as MuSL does; the jailed way builds one program for all inputs, with the printing header precompiled, and runs it in a fresh box for
each. Both use g++ with the same standard and optimisation and the same number of workers; outputs are compared. Chunks
of programs alternate between the two, so that the machine's moods hit both. The cache is empty at first; a second pass over
the same programs finds everything kept.

With ``--data``, functions and inputs are those of a file of unit tests such as the MuSL study's for BabelTower (``cpp_code`` and
``consistent_cpp_inputs``); without, they are loops of our own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from hpcraft.sandbox import Job, Run, run_inputs

INPUTS = 5
CHUNK = 20
HEADER = r"""
#include <algorithm>
#include <cassert>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
using namespace std;

template <class T> void show(const T &value) { cout << value; }
template <class T> void show_all(const T &values);
template <class T, size_t N> void show(const T (&values)[N]) { show_all(values); }
template <class T> void show(const vector<T> &values) { show_all(values); }
template <class T> void show_all(const T &values) {
    const char *separator = "[ ";
    for (const auto &value : values) { cout << separator; show(value); separator = ", "; }
    cout << " ]";
}

template <class F, class... A> void wrapper(F function, A &&...arguments) {
    if constexpr (is_void_v<decltype(function(arguments...))>) { function(arguments...); cout << "Return value: void\n"; }
    else { cout << "Return value: " << function(arguments...) << "\n"; }
    const char *separator = "Arguments after function call: (";
    ((cout << separator, show(arguments), separator = ", "), ...);
    cout << ")" << endl;
}
"""
OURS = (
    "void scale(int n, double a, double *x) { for (int i = 0; i < n; i++) x[i] = a * x[i] + KEY; }",
    "double dot(int n, double a, double *x) { double s = KEY; for (int i = 0; i < n; i++) s += a * x[i] * x[i]; return s; }",
    "void prefix(int n, double a, double *x) { for (int i = 1; i < n; i++) x[i] += a * x[i - 1] / (KEY + 1); }",
    "int largest(int n, double a, double *x) { int k = 0; for (int i = 0; i < n; i++) if (a * x[i] > a * x[k]) k = i; return k + KEY; }",
    "void smooth(int n, double a, double *x) { for (int t = 0; t < KEY; t++) for (int i = 1; i < n - 1; i++) x[i] += a * (x[i - 1] - 2 * x[i] + x[i + 1]); }",
    "void order(int n, double a, double *x) { for (int i = 1; i < n; i++) for (int j = i; j > 0 && a * x[j] < a * x[j - 1]; j--) swap(x[j], x[j - 1]); x[0] += KEY; }",
    "void reverse_all(int n, double a, double *x) { for (int i = 0; i < n / 2; i++) swap(x[i], x[n - 1 - i]); for (int i = 0; i < n; i++) x[i] *= a + KEY; }",
    "double norm(int n, double a, double *x) { double s = 0; for (int i = 0; i < n; i++) s += pow(fabs(x[i]), 2 + KEY); return a * sqrt(s); }",
)
OWN_INPUTS = tuple(
    f"double x[] = {{{', '.join(str((7 * i * i + 3 * k) % 11 - 5 + 0.25 * k) for i in range(4 + 2 * k))}}};\nwrapper(NAME, {4 + 2 * k}, {1.5 - k}, x);\n"
    for k in range(INPUTS)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A function and the snippets that call it."""

    function: str
    inputs: tuple[str, ...]


def own_programs() -> Iterator[Program]:
    """Small loops, made different by a constant."""
    for key in count(1):
        for text in OURS:
            name = text.split("(")[0].split()[-1]
            yield Program(function=text.replace("KEY", str(key)), inputs=tuple(snippet.replace("NAME", name) for snippet in OWN_INPUTS))


def programs_of(path: Path) -> Iterator[Program]:
    """The functions of a file whose reference behaves, then again under other names, without end."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    usable = [row for row in rows if not row["undefined_behaviour"] and row["consistent_cpp_inputs"]]
    for number in count():
        for row in usable:
            snippets = row["consistent_cpp_inputs"]
            inputs = [snippets[k % len(snippets)] for k in range(INPUTS)]
            name = row["cpp_code"].partition("(")[0].split()[-1].lstrip("*")
            texts = [re.sub(rf"\b{name}\b", f"{name}_{number}" if number else name, text) for text in (row["cpp_code"], *inputs)]
            yield Program(function=texts[0], inputs=tuple(texts[1:]))


def bare(programs: Sequence[Program], level: str, workers: int) -> list[list[str]]:
    """Compile and run every input by itself."""

    def check(work: tuple[Path, Program, int]) -> str:
        folder, program, number = work
        source, target = folder / f"{number}.cpp", folder / str(number)
        source.write_text(f"{HEADER}\n{program.function}\nint main() {{\n{program.inputs[number]}\nreturn 0; }}\n")
        words = ["g++", "-std=gnu++17", level, "-o", str(target), str(source)]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            return "compile error"
        result = subprocess.run([str(target)], capture_output=True, check=False, timeout=60)
        return result.stdout.decode(errors="replace")

    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(workers) as pool:
        work = []
        for index, program in enumerate(programs):
            folder = Path(scratch) / str(index)
            folder.mkdir()
            work += [(folder, program, number) for number in range(INPUTS)]
        outputs = list(pool.map(check, work))
    return [outputs[start : start + INPUTS] for start in range(0, len(outputs), INPUTS)]


def jailed(programs: Sequence[Program], level: str, workers: int) -> list[list[str]]:
    """Build each program once and run it for each input."""

    def jobs() -> Iterable[tuple[int, Job, list[Run]]]:
        for index, program in enumerate(programs):
            cases = "".join(f"case '{number}': {{\n{snippet}\n}} break;\n" for number, snippet in enumerate(program.inputs))
            source = f"{program.function}\nint main(int, char **arguments) {{ switch (arguments[1][0]) {{\n{cases}}} return 0; }}\n"
            files = {"program.cpp": source.encode(), "wrapper.h": HEADER.encode()}
            job = Job(files=files, language="cpp", compiler="gcc", prelude="wrapper.h", flags=(level,))
            yield index, job, [Run(args=(str(number),)) for number in range(INPUTS)]

    found: dict[int, list[str]] = {}
    for index, outcomes in run_inputs(jobs(), workers):
        found[index] = ["compile error" if outcome.verdict == "compile_error" else outcome.stdout for outcome in outcomes]
        assert not any(outcome.verdict == "infra_error" for outcome in outcomes), outcomes
    return [found[index] for index in range(len(programs))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="unit tests in JSON lines; loops of our own without it")
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--level", default="-O0", help="optimisation on both sides (default: none, as MuSL)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    programs = list(islice(programs_of(args.data) if args.data else own_programs(), args.programs))
    ways = ("bare, one compile per input", "jailed, empty cache", "jailed, everything kept")
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    different = errors = 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HPCRAFT_CACHE"] = cache
        for start in range(0, len(programs), CHUNK):
            chunk = programs[start : start + CHUNK]
            results = []
            for way, check in zip(ways, (bare, jailed, jailed), strict=True):
                begin = time.perf_counter()
                results.append(check(chunk, args.level, args.workers))
                seconds[way].append((time.perf_counter() - begin) / len(chunk))
            different += sum(not all(outputs == other[0] for outputs in other) for other in zip(*results, strict=True))
            errors += sum(outputs[0] == "compile error" for outputs in results[0])
    report(args, len(programs), seconds, different, errors)


def report(args: argparse.Namespace, programs: int, seconds: dict[str, list[float]], different: int, errors: int) -> None:
    """Print the figures; the ratio is that of the medians over the chunks."""
    rate = {way: 1 / statistics.median(values) for way, values in seconds.items()}
    base = next(iter(rate.values()))
    rows = {
        way: {
            "programs_per_second": round(value, 2),
            "times_bare": round(value / base, 2),
            "seconds_in_all": round(sum(seconds[way]) * programs / len(seconds[way]), 1),
        }
        for way, value in rate.items()
    }
    if args.json:
        head = {"programs": programs, "inputs": INPUTS, "workers": args.workers, "level": args.level, "data": bool(args.data)}
        print(json.dumps({**head, "different_outputs": different, "compile_errors": errors, "ways": rows}, indent=2))
        return
    print(f"{programs} programs, {INPUTS} inputs each, {args.workers} workers, g++ {args.level}; medians of chunks of {CHUNK}")
    print(f"{'':32}{'programs/s':>12}{'times bare':>12}{'seconds':>10}")
    for way, row in rows.items():
        print(f"{way:32}{row['programs_per_second']:12.2f}{row['times_bare']:12.2f}{row['seconds_in_all']:10.1f}")
    print(f"programs with different outputs: {different}; that don't compile: {errors}")


if __name__ == "__main__":
    main()
