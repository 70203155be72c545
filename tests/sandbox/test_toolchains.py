"""Each language and parallel model is built and run by its own compiler."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.errors import ConfigError, MachineError
from hpcraft.sandbox import Job, Limits, Run, Verdict, build, run, toolchains

Need = Callable[..., None]

_MPI_C = """#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv) { int r, n; MPI_Init(&argc, &argv); MPI_Comm_rank(MPI_COMM_WORLD, &r);
MPI_Reduce(&r, &n, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD); %s; if (!r) printf("sum %%d\\n", n); MPI_Finalize(); return 0; }
"""
_MPI_FORTRAN = """program p
use mpi
integer :: r, e
call MPI_Init(e)
call MPI_Comm_rank(MPI_COMM_WORLD, r, e)
print '(a,i0)', 'rank ', r
call MPI_Finalize(e)
end program
"""
_OPENMP = {
    "a.c": '#include <stdio.h>\nint main(void) { int n = 0;\n#pragma omp parallel reduction(+:n)\nn++;\nprintf("%d", n); return 0; }',
    "a.cpp": "#include <iostream>\nint main() { int n = 0;\n#pragma omp parallel reduction(+:n)\nn++;\nstd::cout << n; }",
    "a.f90": "program p\ninteger :: n\nn = 0\n!$omp parallel reduction(+:n)\nn = n + 1\n!$omp end parallel\nprint '(i0)', n\nend program\n",
}
_KERNEL = b'__global__ void k(double *x) { x[threadIdx.x] = 1; }\nextern "C" void f(double *x) { k<<<1, 2>>>(x); }\n'


def _mpi(body: str, **limits: float) -> Job:
    run_it = Run(ranks=2, limits=Limits(**limits))  # type: ignore[arg-type]
    return Job(files={"a.c": (_MPI_C % body).encode()}, language="c", model="mpi", run=run_it)


@pytest.mark.parametrize("name", list(_OPENMP))
def test_openmp_runs_with_the_threads_asked_for(name: str, need: Need) -> None:
    """The same build runs with one and with three threads."""
    need("bwrap", "gcc", "g++", "gfortran")
    language = {".c": "c", ".cpp": "cpp", ".f90": "fortran"}[Path(name).suffix]
    with build(Job(files={name: _OPENMP[name].encode()}, language=language, model="openmp")) as built:  # type: ignore[arg-type]
        assert [built.run(Run(threads=threads)).stdout.strip() for threads in (1, 3)] == ["1", "3"]
        assert "GOMP_parallel" in built.symbols(name)


def test_failed_listing_of_symbols_is_the_machines_fault(need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    """An nm that is missing or fails never looks like a program that calls nothing."""
    need("bwrap", "gcc")
    find = toolchains.find
    with build(Job(files={"a.c": b"int main(void) { return 0; }"}, language="c")) as built:
        for instead, words in (("/bin/false", "exit code 1"), (None, "install")):
            monkeypatch.setattr(toolchains, "find", lambda tool, nm=instead: nm if tool == "nm" else find(tool))
            with pytest.raises(MachineError, match=words):
                built.symbols()


def test_mpi_in_c_runs_two_ranks(need: Need) -> None:
    """Collectives work through shared memory in the box."""
    need("bwrap", "mpicc", "mpirun")
    outcome = run(_mpi(""))
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, "sum 1\n")


def test_mpi_in_fortran_runs_two_ranks(need: Need) -> None:
    """The Fortran wrapper and its module work."""
    need("bwrap", "mpif90", "mpirun")
    outcome = run(Job(files={"a.f90": _MPI_FORTRAN.encode()}, language="fortran", model="mpi", run=Run(ranks=2)))
    assert sorted(outcome.stdout.split()) == ["0", "1", "rank", "rank"]


def test_a_deadlock_of_ranks_meets_the_time_limit(need: Need) -> None:
    """A rank in a barrier that nobody else joins is killed with the whole tree."""
    need("bwrap", "mpicc", "mpirun")
    assert run(_mpi("if (r) MPI_Barrier(MPI_COMM_WORLD); else for (;;)", wall_seconds=1.5)).verdict is Verdict.TIME_LIMIT


def test_a_failing_rank_fails_the_job(need: Need) -> None:
    """A crash, an exit code and an abort with code 0 are all seen through mpirun."""
    need("bwrap", "mpicc", "mpirun")
    assert run(_mpi("if (r) *(volatile int *)0 = 1")).verdict is Verdict.SIGNALED
    assert run(_mpi("if (r) return 3")).verdict is Verdict.RUNTIME_ERROR
    assert run(_mpi("if (r) MPI_Abort(MPI_COMM_WORLD, 0); MPI_Barrier(MPI_COMM_WORLD)")).verdict is Verdict.RUNTIME_ERROR


def test_cuda_is_built_and_not_run(need: Need) -> None:
    """The level is told, every file is compiled, symbols are there, and a run gives the build's outcome."""
    need("bwrap", "nvcc")
    with build(
        Job(files={"k.cu": _KERNEL, "main.c": b"void f(double *); int main(void) { f(0); }"}, language="cpp", model="cuda")
    ) as built:
        assert (built.outcome.verdict, built.outcome.cuda_level) == (Verdict.OK, "compile")
        assert built.run(Run()) is built.outcome
        assert any("cudaLaunchKernel" in symbol for symbol in built.symbols("k.cu"))


@pytest.mark.parametrize(("name", "source"), [("k.cu", b"__global__ void k() { nonsense; }"), ("main.c", b"int main(void) { nonsense; }")])
def test_cuda_that_does_not_compile_is_a_compile_error(name: str, source: bytes, need: Need) -> None:
    """A wrong kernel and a wrong driver are both found."""
    need("bwrap", "nvcc")
    files = {"k.cu": _KERNEL, "main.c": b"int main(void) { return 0; }", name: source}
    outcome = run(Job(files=files, language="cpp", model="cuda"))
    assert (outcome.verdict, outcome.cuda_level) == (Verdict.COMPILE_ERROR, "compile")
    assert "nonsense" in outcome.message


def test_languages_are_linked_together(need: Need) -> None:
    """A C driver calls a Fortran routine that uses a module of a later file, and C++."""
    need("bwrap", "gcc", "g++", "gfortran")
    files = {
        "main.c": b'#include <stdio.h>\nvoid f(double *); int g(void); int main(void) { double x = 2; f(&x); printf("%g %d", x, g()); return 0; }',
        "f.f90": b"subroutine f(x) bind(c)\nuse iso_c_binding\nuse numbers\nreal(c_double) :: x\nx = x * k\nend subroutine\n",
        "numbers.f90": b"module numbers\ninteger, parameter :: k = 21\nend module\n",
        "g.cpp": b'#include <vector>\nextern "C" int g() { std::vector<int> v(3); return v.size(); }',
    }
    outcome = run(Job(files=files, language="fortran"))
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, "42 3"), outcome.message


def test_python_runs_with_its_data(need: Need) -> None:
    """Python needs no compile step; data files lie beside the program, read-only."""
    need("bwrap")
    source = (
        b"import helper\nprint(open('in.txt').read(), helper.x)\ntry:\n    open('in.txt', 'w')\nexcept OSError:\n    print('refused')\n"
    )
    job = Job(files={"main.py": source, "helper.py": b"x = 5"}, language="python", run=Run(data={"in.txt": b"data"}))
    outcome = run(job)
    assert (outcome.verdict, outcome.stdout, outcome.compile) == (Verdict.OK, "data 5\nrefused\n", None)


@pytest.mark.parametrize(
    ("name", "model", "tool"),
    [("a.f90", "serial", "gfortran"), ("a.c", "mpi", "mpicc"), ("a.cu", "cuda", "nvcc"), ("a.c", "serial", "gcc")],
)
def test_a_missing_compiler_is_no_fault_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, model: str, tool: str, need: Need
) -> None:
    """The verdict is unsupported, with the tool and the command that installs it."""
    need("bwrap")
    (tmp_path / "bwrap").symlink_to(shutil.which("bwrap") or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = run(Job(files={name: b""}, language="c", model=model))  # type: ignore[arg-type]
    assert outcome.verdict is Verdict.UNSUPPORTED
    assert outcome.message.startswith(tool)
    assert "install" in outcome.message


def test_a_race_check_of_offload_is_unsupported(need: Need) -> None:
    """What is not offered is said, with what is."""
    need("bwrap")
    outcome = run(Job(files={"a.f90": b"end"}, language="fortran", model="offload", check="race"))
    assert (outcome.verdict, "allowed: serial in c cpp fortran" in outcome.message) == (Verdict.UNSUPPORTED, True)


def test_a_job_without_a_source_is_a_usage_error(need: Need) -> None:
    """The message lists the suffixes."""
    need("bwrap")
    with pytest.raises(ConfigError, match=r"no source among a\.h; allowed suffixes: \.c"):
        run(Job(files={"a.h": b""}, language="c"))
