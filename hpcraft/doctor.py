"""``hpcraft doctor``: what this machine can build, run, isolate and train, and the command that mends each "no".

Every language and parallel model is tried by building and running a tiny program in the sandbox: a compiler in PATH
proves nothing. Not covered: Slurm, disks, the speed of anything.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from hpcraft.command import Command, say
from hpcraft.errors import MachineError
from hpcraft.progress import track
from hpcraft.sandbox.builder import run
from hpcraft.sandbox.isolation import choose
from hpcraft.sandbox.outcome import Check, Job, Language, Model, Outcome, Run, Verdict
from hpcraft.sandbox.packages import install_command
from hpcraft.sandbox.toolchains import find, version


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One thing that a machine can do or not."""

    group: str
    """``isolate``, ``build and run``, ``check`` or ``train``."""
    name: str
    works: bool
    detail: str
    """What it rests on, or why it doesn't work."""
    switched_off: str = ""
    """What is not possible without it."""
    mend: str = ""


_C = '#include <stdio.h>\nint main(void) { int n = 0;\n%s\nprintf("%%d", n); return n != %d; }\n'
_OPENMP_C = _C % ("#pragma omp parallel reduction(+:n)\nn += 1;", 2)
_OPENMP_CPP = _OPENMP_C.replace("stdio.h", "cstdio").replace("(void)", "()")
_MPI_C = (
    "#include <mpi.h>\nint main(int c, char **v) { int one = 1, n = 0; MPI_Init(&c, &v);\n"
    "MPI_Allreduce(&one, &n, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD); MPI_Finalize(); return n != 2; }\n"
)
_FORTRAN = "program p\n%s\nend program\n"
_OPENMP_FORTRAN = _FORTRAN % "integer :: n\nn = 0\n!$omp parallel reduction(+:n)\nn = n + 1\n!$omp end parallel\nif (n /= 2) stop 1"
_MPI_FORTRAN = _FORTRAN % (
    "use mpi\ninteger :: n, e\ncall MPI_Init(e)\ncall MPI_Allreduce(1, n, 1, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD, e)\n"
    "call MPI_Finalize(e)\nif (n /= 2) stop 1"
)
_CUDA = "__global__ void k(double *x) { x[threadIdx.x] = 1; }\nvoid f(double *x) { k<<<1, 32>>>(x); }\n"

# name, file, source, language, model, check, what is switched off without it
_TRIALS: tuple[tuple[str, str, str, Language, Model, Check, str], ...] = (
    ("c serial", "a.c", _C % ("", 0), "c", "serial", "none", "everything that builds C"),
    ("c openmp", "a.c", _OPENMP_C, "c", "openmp", "none", "OpenMP tasks and pairs"),
    ("c mpi", "a.c", _MPI_C, "c", "mpi", "none", "MPI tasks"),
    ("cpp serial", "a.cpp", _C.replace("(void)", "()") % ("", 0), "cpp", "serial", "none", "C++ tasks"),
    ("cpp openmp", "a.cpp", _OPENMP_CPP, "cpp", "openmp", "none", "C++ OpenMP tasks"),
    ("cpp mpi", "a.cpp", _MPI_C, "cpp", "mpi", "none", "C++ MPI tasks"),
    ("fortran serial", "a.f90", _FORTRAN % "stop", "fortran", "serial", "none", "Fortran tasks"),
    ("fortran openmp", "a.f90", _OPENMP_FORTRAN, "fortran", "openmp", "none", "Fortran OpenMP tasks"),
    ("fortran mpi", "a.f90", _MPI_FORTRAN, "fortran", "mpi", "none", "Fortran MPI tasks"),
    ("cuda (compile)", "a.cu", _CUDA, "cpp", "cuda", "none", "CUDA tasks and pairs"),
    ("python serial", "a.py", "print(1)", "python", "serial", "none", "Python programs in the sandbox"),
    ("address", "a.c", _C % ("", 0), "c", "serial", "address", "memory checks"),
    ("undefined", "a.c", _C % ("", 0), "c", "serial", "undefined", "checks for undefined behaviour"),
    ("race", "a.c", _OPENMP_C, "c", "openmp", "race", "race checks of OpenMP in C and C++"),
)
_EXTRAS = (("train", ("torch", "transformers", "accelerate", "safetensors"), "pretrain, finetune, mutual, generate, release"),)


def answers() -> Iterator[Answer]:
    """Try everything; without isolation nothing is built, because builds run in the sandbox only."""
    try:
        isolation = choose("bubblewrap").isolation
        yield Answer(group="isolate", name="bubblewrap", works=True, detail=", ".join(isolation.rests_on))
    except MachineError as error:
        off = "verifying and judging: pairs, mutual and judge stop with exit code 4"
        yield Answer(group="isolate", name="bubblewrap", works=False, detail=str(error), switched_off=off, mend=install_command("bwrap"))
    for name, file, source, language, model, check, switched_off in track(_TRIALS, "doctor"):
        group = "build and run" if check == "none" else "check"
        threads = Run(ranks=2 if "mpi" in model else 1, threads=2)
        # Our own programs, so that the weakest tier is no risk where there is no better one.
        job = Job(files={file: source.encode()}, language=language, model=model, check=check, run=threads, min_isolation="none")
        try:
            yield _answer(group, name, run(job), language, switched_off)
        except MachineError as error:
            yield Answer(group=group, name=name, works=False, detail=str(error), switched_off=switched_off, mend=install_command("gcc"))
    for extra, modules, switched_off in _EXTRAS:
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        detail = f"without {', '.join(missing)}" if missing else ", ".join(modules)
        mend = f"pip install 'hpcraft[{extra}]'" if missing else ""
        yield Answer(
            group="train" if extra == "train" else "extras",
            name=extra,
            works=not missing,
            detail=detail,
            switched_off=switched_off if missing else "",
            mend=mend,
        )


def _answer(group: str, name: str, outcome: Outcome, language: Language, switched_off: str) -> Answer:
    if outcome.ok:
        python = find("python3")
        detail = outcome.compile.compiler if outcome.compile else version(python) if language == "python" and python else ""
        return Answer(group=group, name=name, works=True, detail=detail)
    why, _, command = outcome.message.partition("; ") if outcome.verdict is Verdict.UNSUPPORTED else (outcome.message, "", "")
    detail = f"{outcome.verdict}: {why}" if why else str(outcome.verdict)
    mend = command or "see the compiler's words with `hpcraft sandbox run`; reinstall that toolchain"
    return Answer(group=group, name=name, works=False, detail=detail, switched_off=switched_off, mend=mend)


def machine() -> dict[str, object]:
    """What the machine is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
    }


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No flags of its own."""


def main(args: argparse.Namespace) -> int:
    """Exit 0 as long as anything can be built."""
    found = list(answers())
    facts = machine()
    head = f"{facts['system']}, Python {facts['python']}, {facts['cores']} cores, {facts['memory_gib']} GiB"
    say(args, {"machine": facts, "answers": [asdict(answer) for answer in found]}, "\n".join([head, *_table(found)]))
    if not any(answer.works for answer in found if answer.group == "build and run"):
        raise MachineError(f"this machine can build nothing; {install_command('gcc')}")
    return 0


def _table(found: list[Answer]) -> Iterator[str]:
    width = max(len(answer.name) for answer in found)
    group = ""
    for answer in found:
        if answer.group != group:
            group = answer.group
            yield f"\n{group}"
        yield f"  {answer.name:{width}}  {'yes' if answer.works else 'no '}  {answer.detail}"
        if not answer.works:
            yield f"  {'':{width}}       switches off: {answer.switched_off}"
            yield f"  {'':{width}}       {answer.mend}"


COMMAND = Command(
    summary="say what this machine can build, run and isolate, and how to mend each no",
    example="hpcraft doctor --json",
    add_arguments=add_arguments,
    main=main,
)
