"""``hpcraft sandbox run``: compile and run untrusted files, and print the verdict."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from hpcraft.command import Command, say
from hpcraft.errors import ConfigError, InputError
from hpcraft.sandbox.builder import build
from hpcraft.sandbox.cuda.build import emulated
from hpcraft.sandbox.cuda.levels import resolved
from hpcraft.sandbox.outcome import CHECKS, COMPILERS, CUDA_LEVELS, LANGUAGES, MODELS, TIERS, Job, Language, Limits, Model, Outcome, Run
from hpcraft.sandbox.sweep import Swept, worst
from hpcraft.sandbox.toolchains import SUFFIXES

_LANGUAGE_OF: dict[str, Language] = {"c": "c", "cpp": "cpp", "fortran": "fortran", "cuda": "cpp", "hip": "cpp", "python": "python"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that docs/sandbox.md describes."""
    run_defaults, limits = Run(), Limits()
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="sources, built together, and headers, which lie beside them")
    parser.add_argument("--lang", choices=LANGUAGES, help="language (default: by the first source's suffix)")
    parser.add_argument("--model", choices=MODELS, help="parallel model (default: cuda with a .cu file, hip with a .hip file, else serial)")
    parser.add_argument("--compiler", choices=COMPILERS, default="auto", help="compilers of the language (default: the model's usual ones)")
    parser.add_argument("--flags", default="", metavar="WORDS", help="more compiler flags, as one word of the shell")
    parser.add_argument("--args", default="", metavar="WORDS", help="arguments of the program, as one word of the shell")
    parser.add_argument("--stdin", type=Path, metavar="FILE", help="what the program reads (default: nothing)")
    several = "or several, such as 1,2,3,4,7: one run with each (default: 1)"
    parser.add_argument("--ranks", type=_counts, default=(run_defaults.ranks,), metavar="N", help=f"MPI ranks, {several}")
    parser.add_argument("--threads", type=_counts, default=(run_defaults.threads,), metavar="N", help=f"OpenMP threads, {several}")
    parser.add_argument(
        "--schedules", type=_count, default=run_defaults.schedules, metavar="N", help="emulated CUDA in N orders (default: 1)"
    )
    parser.add_argument(
        "--cuda", choices=CUDA_LEVELS, default="auto", help="how far CUDA is taken (default: the most that this machine has)"
    )
    parser.add_argument("--check", choices=CHECKS, default="none", help="build with a sanitizer (default: %(default)s)")
    parser.add_argument("--time-limit", type=_seconds, default=limits.wall_seconds, metavar="S", help="seconds (default: %(default)s)")
    parser.add_argument(
        "--memory-limit", type=_count, default=limits.memory_mb, metavar="MB", help="of all processes (default: %(default)s)"
    )
    parser.add_argument("--cpu-limit", type=_seconds, metavar="S", help="seconds of CPU time of all processes (default: by --time-limit)")
    parser.add_argument("--disk-limit", type=_count, default=limits.disk_mb, metavar="MB", help="of all files (default: %(default)s)")
    process_help = "processes and threads (default: %(default)s)"
    parser.add_argument("--process-limit", type=_count, default=limits.processes, metavar="N", help=process_help)
    parser.add_argument("--pin", action="store_true", help="pin the run to as many cores as it has threads, for timing")
    parser.add_argument("--min-isolation", choices=TIERS, default="landlock", help="weakest isolation to accept (default: %(default)s)")


def main(args: argparse.Namespace) -> int:
    """Exit 0 whenever the program was judged, whatever the verdict."""
    job = _job(args)
    if len(args.ranks) > 1 and not job.model.startswith("mpi"):
        raise ConfigError(f"--ranks with several numbers is for MPI programs, not {job.model}; add --model mpi or give one number")
    if args.schedules > 1 and not emulated(resolved(job)):
        raise ConfigError(f"--schedules {args.schedules} is for emulated CUDA; add --cuda emulate or leave it out")
    with build(job) as built:
        num_runs = len(args.ranks) * len(args.threads) if built.runnable else 1
        rows = tuple(islice(built.sweep(job.run, args.ranks, args.threads), num_runs))
    outcome, result, table = worst(rows), {}, ""
    if len(rows) > 1:
        result, table = {"sweep": [row.to_dict() for row in rows]}, _table(rows)
    say(args, outcome.to_dict() | result, table + _text(outcome))
    return 0


def _job(args: argparse.Namespace) -> Job:
    files: dict[str, bytes] = {}
    for path in args.files:
        if path.name in files:
            raise ConfigError(f"two files are called {path.name}; they lie in one folder, so give them different names")
        files[path.name] = _read(path)
    kinds = [SUFFIXES[Path(name).suffix] for name in files if Path(name).suffix in SUFFIXES]
    language: Language = args.lang or (_LANGUAGE_OF[kinds[0]] if kinds else "c")
    device: Model = "cuda" if "cuda" in kinds else "hip" if "hip" in kinds else "serial"
    model: Model = args.model or device
    return Job(
        files=files,
        language=language,
        model=model,
        compiler=args.compiler,
        flags=_words("--flags", args.flags),
        check=args.check,
        cuda=args.cuda,
        run=Run(
            args=_words("--args", args.args),
            stdin=_read(args.stdin) if args.stdin else b"",
            ranks=args.ranks[0],
            threads=args.threads[0],
            schedules=args.schedules,
            pin=args.pin,
            limits=Limits(
                wall_seconds=args.time_limit,
                cpu_seconds=args.cpu_limit,
                memory_mb=args.memory_limit,
                disk_mb=args.disk_limit,
                processes=args.process_limit,
            ),
        ),
        min_isolation=args.min_isolation,
    )


def _words(flag: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigError(f"{flag} {text!r}: {error}; quote it as for a shell") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; give a file") from error


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _counts(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_count(word) for word in text.split(",")))


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def _table(rows: Iterable[Swept]) -> str:
    lines = ["ranks  threads  wall s   verdict"]
    lines += [f"{row.ranks:5}  {row.threads:7}  {row.outcome.wall_seconds:6.3f}   {row.outcome.verdict}" for row in rows]
    return "\n".join(lines) + "\n"


def _text(outcome: Outcome) -> str:
    tier = outcome.isolation.tier if outcome.isolation else "nothing was started"
    level = f", CUDA level {outcome.cuda_level}" if outcome.cuda_level else ""
    head = f"{outcome.verdict}" + (f": {outcome.message}" if outcome.message else "")
    facts = f"{outcome.wall_seconds:.3f} s, {outcome.cpu_seconds:.3f} s of CPU, {outcome.peak_memory_bytes / 2**20:.1f} MiB; isolation {tier}{level}"
    parts = [head, facts, *outcome.waits]
    for title, text in (
        ("compiler", outcome.compile.stderr if outcome.compile else ""),
        ("stdout", outcome.stdout),
        ("stderr", outcome.stderr),
    ):
        if text:
            parts += [f"--- {title}", text.rstrip("\n")]
    return _printable("\n".join(parts))


def _printable(text: str) -> str:
    """A terminal must not obey what a program printed."""
    return "".join(char if char in "\n\t" or char.isprintable() else f"\\x{ord(char):02x}" for char in text)


COMMAND = Command(
    summary="compile and run untrusted files",
    example="hpcraft sandbox run axpy.c driver.c --model openmp --threads 4 --json",
    add_arguments=add_arguments,
    main=main,
    word_flags=("--flags", "--args"),
)
