"""``hpcraft translate FILE[:FUNCTION] --to openmp|cuda|c``: parallel versions of a C function, or C for one in OpenMP or CUDA, each with what was shown about it.

Theory of operation. The function is taken out of its file with what it needs. A model writes candidates, the likeliest first and then draws. With
``--verify`` tests are written on the spot, by rule and by the model where it was taught to, those are kept that the function itself passes
cleanly, and every candidate is built, run, compared, searched for races and tried on faulty versions, as pairs are (`hpcraft.data.verify`). What holds is
ranked by its evidence; what doesn't is never printed as an answer. Without ``--verify`` the likeliest candidate that came to its end is printed as what it is, a guess: a comment at
its head and a line on stderr say so.

With ``--to c`` the function is one in CUDA (a host function with its kernel, or a kernel alone, which gets a host function by rule), or one in C with OpenMP; it
is run as such, and what it leaves behind is what candidates are held to.

Not covered: C++ and Fortran as sources; one parallel model to another; functions with structs or pointers to pointers; how quick CUDA is.
"""

from __future__ import annotations

import argparse
import difflib
from dataclasses import asdict
from pathlib import Path

from hpcraft.command import Command, note, say, warn
from hpcraft.data.standalone import Standalone, stand_alone
from hpcraft.data.target_models import SERIAL
from hpcraft.errors import ConfigError, InputError, printable
from hpcraft.eval.translate_answers import Wish, load_translator, write
from hpcraft.eval.translate_evidence import Evidence, judged, unverified
from hpcraft.store import JSON, atomic_file

_TARGETS = {"openmp": ".omp.c", "cuda": ".cu", "c": ".serial.c"}
"""What is translated to, and the ending of the file that is written."""
_SHIPPED = Path(__file__).parents[1] / "models" / "translate-small"
_SUFFIXES, _CUDA_SUFFIXES = (".c", ".h"), (".cu", ".cuh")
_MOST_BYTES = 4_000_000
_OF_MODELS = ("omp.h", "cuda.h", "cuda_runtime.h", "cuda_runtime_api.h", "device_launch_parameters.h")
"""Headers that aren't missed on the way to C."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft translate``."""
    parser.add_argument(
        "source",
        metavar="FILE[:FUNCTION]",
        help="a C file, or with --to c CUDA or C with OpenMP; the function may be left out where the file has one",
    )
    parser.add_argument(
        "--to", required=True, choices=list(_TARGETS), help="the parallel model to translate to, or c for the way back to sequential C"
    )
    parser.add_argument(
        "--model",
        default=str(_SHIPPED),
        metavar="DIR",
        help="folder of a model that was taught to translate, such as the translator/ of hpcraft mutual (default: translate-small, which comes with hpcraft)",
    )
    parser.add_argument("--samples", type=int, default=1, metavar="N", help="candidates: the likeliest, and N-1 draws (default 1)")
    parser.add_argument("--temperature", type=float, default=0.8, help="of the draws (default 0.8)")
    parser.add_argument("--max-new-tokens", type=int, default=768, metavar="N", help="longest answer (default 768)")
    parser.add_argument("--verify", action="store_true", help="build, run and check every candidate in the sandbox; show only what holds")
    parser.add_argument("--diff", action="store_true", help="show the answer as a diff against the function")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("-o", "--out", metavar="FILE", type=Path, help="write the answer there instead of printing it")
    place.add_argument(
        "--beside", action="store_true", help="write the answer beside the source, as FUNCTION.omp.c, FUNCTION.cu or FUNCTION.serial.c"
    )
    parser.add_argument("--force", action="store_true", help="overwrite that file")
    parser.add_argument("--seed", type=int, default=0, help="of the draws and of the tests' contents (default 0)")


def main(args: argparse.Namespace) -> int:
    """Translate a function."""
    if args.samples < 1:
        raise ConfigError(f"--samples {args.samples}: give 1 or more")
    if args.max_new_tokens < 1:
        raise ConfigError(f"--max-new-tokens {args.max_new_tokens}: give 1 or more")
    if args.samples > 1 and args.temperature <= 0:
        raise ConfigError(f"--temperature {args.temperature}: draws need one above 0")
    path, name = _place(args.source)
    alone = _read(path, name, args.to)
    out = _out(args, path, alone.name)
    if left := [header for header in alone.headers_left if header not in _OF_MODELS]:
        note(f"{alone.name}: the headers {', '.join(left)} aren't taken along")
    wish = Wish(
        to=args.to,
        samples=args.samples,
        temperature=args.temperature,
        max_new_tokens=args.max_new_tokens,
        seed=args.seed,
        tests=args.verify,
    )
    written = write(load_translator(args.model), alone, wish)
    if written.cut:
        note(written.cut)
    if args.verify:
        evidence = judged(alone, SERIAL if args.to == "c" else args.to, written.choices, written.tests, seed=args.seed)
    else:
        evidence = unverified(alone.name, SERIAL if args.to == "c" else args.to, written.choices)
    return _tell(args, path, alone, evidence, out)


def _place(source: str) -> tuple[Path, str]:
    path = Path(source)
    if path.exists() or ":" not in source:
        return path, ""
    head, _, name = source.rpartition(":")
    return Path(head), name


def _read(path: Path, name: str, to: str) -> Standalone:
    if not path.is_file():
        raise InputError(f"{path}: no such file; give FILE or FILE:FUNCTION")
    suffixes = _SUFFIXES + (_CUDA_SUFFIXES if to == "c" else ())
    if path.suffix not in suffixes:
        raise InputError(f"{path}: expected a {'C or CUDA' if to == 'c' else 'C'} file, with one of the endings {', '.join(suffixes)}")
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path}: {path.stat().st_size} bytes; give a file of at most {_MOST_BYTES}")
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        text = path.read_bytes().decode("latin-1")
    try:
        alone = stand_alone(text, name, language="cuda" if path.suffix in _CUDA_SUFFIXES else "c")
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if alone.condition:
        raise InputError(
            f"{path}: {alone.name}, or what it needs, stands under {alone.condition}; give the file as it is compiled, such as by gcc -E -P, or without the other branches"
        )
    if to == "c" and alone.model == "serial":
        raise InputError(f"{path}: {alone.name} has no parallel directive of OpenMP; --to c takes CUDA, or C with OpenMP")
    return alone


def _out(args: argparse.Namespace, path: Path, name: str) -> Path | None:
    out: Path | None = path.with_name(f"{name}{_TARGETS[args.to]}") if args.beside else args.out
    if out is not None and not out.parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}; make it, or give another place")
    if out is not None and out.exists() and not args.force:
        raise InputError(f"{out}: is there already; give --force to overwrite it, or another name")
    return out


def _tell(args: argparse.Namespace, path: Path, alone: Standalone, evidence: Evidence, out: Path | None) -> int:
    chosen = evidence.chosen
    code = answer = ""
    if chosen is not None:
        code = answer = _head(args, evidence) + chosen.code
        if args.diff:
            lines = difflib.unified_diff(alone.code.splitlines(), code.splitlines(), alone.name, f"{alone.name} ({args.to})", lineterm="")
            answer = "\n".join(lines) + "\n"
        if out is not None:
            with atomic_file(out) as temporary:
                temporary.write(code.encode())
    value: JSON = {"file": str(path), "function": alone.name, "signature": alone.signature, "target_model": args.to, "model": args.model}
    value |= asdict(evidence) | {
        "chosen": chosen.number if chosen else None,
        "code": code,
        "written": str(out or ""),
    }
    # Who gets code that nothing was shown of is told so, however quiet the command is to be.
    tell = warn if evidence.is_guess else note
    if not args.json or evidence.is_guess:
        for line in evidence.lines():
            tell(line)
    say(args, value, answer.rstrip("\n") if out is None else (f"written: {out}" if chosen else ""))
    return 0 if chosen is not None else 1


def _head(args: argparse.Namespace, evidence: Evidence) -> str:
    """The comment at the head of code that nothing was shown of: it may be found where nobody saw the warning."""
    if not evidence.is_guess:
        return ""
    model = _SHIPPED.name if args.model == str(_SHIPPED) else printable(args.model).replace("*/", "* /")
    what = evidence.doubt or "not verified; see hpcraft translate --verify"
    return f"/* hpcraft: a guess of {model}, {what} */\n"


COMMAND = Command(
    summary="translate a C function to OpenMP or CUDA, or one of these to C, and show what holds about each candidate",
    example="hpcraft translate kernels.c:axpy --to openmp --model runs/quickstart/mutual/translator --samples 8 --verify",
    add_arguments=add_arguments,
    main=main,
)
