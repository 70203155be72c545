"""Each language and parallel model is built and run by its own compiler."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.errors import ConfigError, MachineError
from hpcraft.sandbox import Job, Limits, Run, Verdict, build, planned, run, toolchains
from hpcraft.sandbox.environment import environment
from hpcraft.sandbox.trials import Trial, trials

Need = Callable[..., None]


def _name(trial: Trial) -> str:
    return f"{trial.model}-{trial.kind}-{trial.family}-{trial.check}"


def _offered(job: Job) -> None:
    """Skip the test, saying what this machine lacks."""
    chosen = toolchains.choose(job)
    if isinstance(chosen, toolchains.Unsupported):
        pytest.skip(chosen.message)


def _refused(files: dict[str, bytes], language: str, **job: str) -> str:
    plan = toolchains.plan(Job(files=files, language=language, **job))  # type: ignore[arg-type]
    assert isinstance(plan, toolchains.Unsupported)
    return plan.message


def _fake(path: Path, files: dict[str, str]) -> None:
    """A compiler that has some of its files, and answers the bare name for the others."""
    cases = "".join(f"-print-file-name={name}) echo {place} ;; " for name, place in files.items())
    path.write_text(f'#!/bin/sh\ncase $1 in {cases} *) echo "${{1#*=}}" ;; esac\n')
    path.chmod(0o755)


_MPI_C = """#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv) { int r, n; MPI_Init(&argc, &argv); MPI_Comm_rank(MPI_COMM_WORLD, &r);
MPI_Reduce(&r, &n, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD); %s; if (!r) printf("sum %%d\\n", n); MPI_Finalize(); return 0; }
"""
_KERNEL = b'__global__ void k(double *x) { x[threadIdx.x] = 1; }\nextern "C" void f(double *x) { k<<<1, 2>>>(x); }\n'


def _mpi(body: str, **limits: float) -> Job:
    run_it = Run(ranks=2, limits=Limits(**limits))  # type: ignore[arg-type]
    return Job(files={"a.c": (_MPI_C % body).encode()}, language="c", model="mpi", run=run_it)


@pytest.mark.parametrize("trial", [trial for trial in trials() if trial.check == "none"], ids=_name)
def test_each_toolchain_proves_its_model(trial: Trial, need: Need) -> None:
    """Every row of the table counts what its model gave it: threads, ranks, a target region on the host, a kernel's object."""
    need("bwrap")
    _offered(trial.job)
    with build(trial.job) as built:
        if trial.kind in ("cuda", "hip") and trial.level == "compile":
            assert (built.outcome.verdict, built.outcome.cuda_level, built.run(Run())) == (Verdict.OK, "compile", built.outcome)
            assert any("LaunchKernel" in symbol for symbol in built.symbols())
            return
        for ranks, threads in ((3, 2),) if "mpi" in trial.model else ((1, 1), (1, 3)) if trial.model == "openmp" else ((1, 1),):
            outcome = built.run(Run(ranks=ranks, threads=threads))
            assert (outcome.stdout, outcome.verdict) == (_expected(trial, ranks, threads), Verdict.OK), outcome.message


def _expected(trial: Trial, ranks: int, threads: int) -> str:
    return {
        "openmp": f"threads {threads} sum 5050\n",
        "mpi": f"ranks {ranks} sum {ranks * (ranks - 1) // 2}\n",
        "mpi+openmp": f"ranks {ranks} threads {ranks * threads}\n",
    }.get(trial.model, "host 1 sum 5050\n" if trial.model in ("offload", "openacc") else "sum 5050\n")


def test_object_calls_the_runtime_of_its_model(need: Need) -> None:
    """An OpenMP object calls OpenMP's runtime, by which a program without it is told apart."""
    need("bwrap", "gcc")
    with build(Trial(model="openmp", kind="c", family="gcc").job) as built:
        assert "GOMP_parallel" in built.symbols("a.c")


def test_failed_listing_of_symbols_is_the_machines_fault(need: Need) -> None:
    """An object that can't be read never looks like a program that calls nothing."""
    need("bwrap", "gcc")
    with build(Job(files={"a.c": b"int main(void) { return 0; }"}, language="c")) as built:
        next(built._folder.glob("*.o")).write_bytes(b"\x7fELF\x02\x01 and then nothing")
        with pytest.raises(MachineError, match=r"symbols of a\.c"):
            built.symbols()


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


def test_cuda_and_its_driver_are_built_and_not_run(need: Need) -> None:
    """The level is told, every file is compiled by its own compiler, and a run gives the build's outcome."""
    need("bwrap", "nvcc")
    files = {"k.cu": _KERNEL, "main.c": b"void f(double *); int main(void) { f(0); }"}
    with build(Job(files=files, language="c", model="cuda", cuda="compile")) as built:
        assert (built.outcome.verdict, built.outcome.cuda_level) == (Verdict.OK, "compile")
        assert built.run(Run()) is built.outcome
        assert any("cudaLaunchKernel" in symbol for symbol in built.symbols("k.cu"))
        assert "f" in built.symbols("main.c")


@pytest.mark.parametrize(("name", "source"), [("k.cu", b"__global__ void k() { nonsense; }"), ("main.c", b"int main(void) { nonsense; }")])
def test_cuda_that_does_not_compile_is_a_compile_error(name: str, source: bytes, need: Need) -> None:
    """A wrong kernel and a wrong driver are both found."""
    need("bwrap", "nvcc")
    files = {"k.cu": _KERNEL, "main.c": b"int main(void) { return 0; }", name: source}
    outcome = run(Job(files=files, language="cpp", model="cuda", cuda="compile"))
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


def test_a_closed_folder_is_not_mistaken_for_a_fault_of_the_program(tmp_path: Path) -> None:
    """Where the program is another user, packages that it can't read are told before anything runs."""
    inside = tmp_path / "closed" / "numba"
    inside.mkdir(parents=True)
    assert planned._closed([inside], whole=False) is None
    inside.parent.chmod(0o700)
    assert planned._closed([inside], whole=True) is not None
    inside.chmod(0o700)
    assert planned._closed([inside], whole=False) == inside


@pytest.mark.parametrize(
    ("name", "model", "tool"),
    [
        ("a.f90", "serial", "gfortran"),
        ("a.c", "mpi", "mpicc"),
        ("a.cu", "cuda", "nvcc"),
        ("a.hip", "hip", "hipcc"),
        ("a.c", "serial", "gcc"),
        ("a.cpp", "kokkos", "g++"),
    ],
)
def test_a_missing_compiler_is_no_fault_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, model: str, tool: str, need: Need
) -> None:
    """The verdict is unsupported, with the tool and the command that installs it."""
    need("bwrap")
    (tmp_path / "bwrap").symlink_to(shutil.which("bwrap") or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("hpcraft.sandbox.tools._nvcc_beside", lambda: None)
    outcome = run(Job(files={name: b""}, language="c", model=model, cuda="compile"))  # type: ignore[arg-type]
    assert outcome.verdict is Verdict.UNSUPPORTED
    assert outcome.message.startswith(tool)
    assert "install" in outcome.message


def test_parts_packaged_apart_are_looked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler without its OpenMP, its C library, its sanitizer or Kokkos is a missing package, not a program's error."""
    monkeypatch.setenv("PATH", str(tmp_path))
    answers = {"crt1.o": "/x/crt1.o", "libstdc++.so": "/x/libstdc++.so"}
    _fake(tmp_path / "gcc", {})
    assert "the C library's files is not on this machine for gcc; install" in _refused({"a.c": b""}, "c")
    _fake(tmp_path / "g++", answers)
    assert "libgomp is not on this machine for g++; install" in _refused({"a.cpp": b""}, "cpp", model="openmp")
    assert "libasan is not on this machine for g++; install" in _refused({"a.cpp": b""}, "cpp", check="address")
    _fake(tmp_path / "clang", answers)
    assert "libomp is not on this machine for clang; install" in _refused({"a.c": b""}, "c", model="openmp", compiler="clang")
    monkeypatch.setattr(toolchains, "kokkos", lambda: None)
    assert "kokkos is not on this machine; install" in _refused({"a.cpp": b""}, "cpp", model="kokkos")


def test_kokkos_built_for_a_device_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """The Kokkos that KOKKOS_ROOT names is taken, shown to the box whole, and refused if an ordinary compiler can't build for it."""
    need("g++")
    header, library = tmp_path / "include" / "KokkosCore_config.h", tmp_path / "lib" / "libkokkoscore.a"
    for path in (header, library):
        path.parent.mkdir()
        path.touch()
    monkeypatch.setenv("KOKKOS_ROOT", str(tmp_path))
    header.write_text("#define KOKKOS_VERSION 40301\n#define KOKKOS_ENABLE_OPENMP\n")
    plan = toolchains.plan(Job(files={"a.cpp": b""}, language="cpp", model="kokkos"))
    assert isinstance(plan, toolchains.Plan)
    assert plan.link is not None
    assert {"-fopenmp", "-isystem", str(header.parent)} <= set(plan.compiles[0].command)
    assert {f"-L{library.parent}", "-lkokkoscore", f"-Wl,-rpath,{library.parent}"} <= set(plan.link)
    assert toolchains.folders_outside(plan.tools) == (tmp_path,)
    assert toolchains.version(str(header)) == "Kokkos 4.3.1"
    header.write_text("#define KOKKOS_ENABLE_CUDA\n")
    assert "built for CUDA, which is not offered; allowed: a Kokkos for the host" in _refused({"a.cpp": b""}, "cpp", model="kokkos")


@pytest.mark.parametrize(
    ("files", "job", "said"),
    [
        ({"a.cu": b""}, {"language": "cpp"}, "a .cu file needs the model cuda, not serial"),
        ({"a.hip": b""}, {"language": "cpp", "model": "cuda"}, "a .hip file needs the model hip, not cuda"),
        ({"a.c": b""}, {"language": "c", "model": "hip"}, "allowed: .hip"),
        ({"a.f90": b""}, {"language": "fortran", "model": "kokkos"}, "allowed: .cc"),
        ({"a.c": b""}, {"language": "c", "compiler": "nvcc"}, "with the model serial; allowed: auto gcc clang"),
        ({"a.c": b""}, {"language": "c", "model": "openacc", "compiler": "clang"}, "with the model openacc; allowed: auto gcc"),
        ({"a.f90": b""}, {"language": "fortran", "model": "offload", "compiler": "flang"}, "allowed: auto gcc"),
        ({"a.f90": b""}, {"language": "fortran", "compiler": "flang", "check": "address"}, "by flang with the model serial; allowed: none"),
        (
            {"a.f90": b""},
            {"language": "fortran", "model": "openacc", "check": "race"},
            "offload in c cpp fortran, mpi+openmp in c cpp fortran",
        ),
        ({"a.c": b""}, {"language": "c", "model": "openmp", "check": "race", "compiler": "gcc"}, "the check race; allowed: auto clang"),
        ({"a.c": b"", "b.f90": b""}, {"language": "c", "compiler": "clang", "check": "address"}, "allowed: sources of one family"),
        ({"a.f90": b"use mpi"}, {"language": "fortran", "model": "mpi", "compiler": "flang"}, "allowed: include 'mpif.h'"),
        (
            {"a.c": b"#pragma omp ordered depend(sink: i - 1)"},
            {"language": "c", "model": "openmp", "check": "race"},
            "allowed: other checks",
        ),
        ({"a.py": b""}, {"language": "python", "model": "openmp"}, "is not offered for python; allowed: serial"),
        ({"a.py": b""}, {"language": "python", "check": "address"}, "is not offered for python; allowed: none"),
    ],
)
def test_what_the_table_lacks_is_refused(files: dict[str, bytes], job: dict[str, str], said: str) -> None:
    """The one line says what was asked for and what is allowed, before anything is looked for on the machine."""
    assert said in _refused(files, **job)


def test_languages_keep_their_compilers_beside_another_family(need: Need) -> None:
    """A candidate by clang with OpenMP, called from a gfortran driver with OpenMP, runs on one runtime with all threads."""
    need("bwrap", "gfortran")
    candidate = b"void f(int *n) { int k = 0;\n#pragma omp parallel reduction(+:k)\nk++;\n*n = k; }"
    driver = b"""program p
    interface
    subroutine f(n) bind(c)
    integer :: n
    end subroutine
    end interface
    integer :: n, k
    call f(n)
    k = 0
    !$omp parallel reduction(+:k)
    k = k + 1
    !$omp end parallel
    print '(i0,1x,i0)', n, k
    end program
    """
    job = Job(files={"f.c": candidate, "p.f90": driver}, language="c", model="openmp", compiler="clang", run=Run(threads=3))
    _offered(job)
    outcome = run(job)
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, "3 3\n"), outcome.message
    assert outcome.compile
    assert all(name in outcome.compile.compiler for name in ("clang", "GNU Fortran"))


def test_what_a_compiler_has_not_implemented_is_no_error_of_the_program(need: Need) -> None:
    """Warnings by OpenMP in the race check lack LLVM's entry point for gcc, and that is said as unsupported."""
    need("bwrap", "gfortran")
    source = b"program p\n!$omp error at(execution) severity(warning)\nend program\n"
    job = Job(files={"a.f90": source}, language="fortran", model="openmp", check="race")
    _offered(job)
    outcome = run(job)
    assert (outcome.verdict, "lacks GOMP_warning" in outcome.message) == (Verdict.UNSUPPORTED, True)


def test_mpi_programs_know_their_lines(need: Need) -> None:
    """A report of a deadlock resolves addresses; other programs are built without that."""
    need("mpicc", "gcc", "mpirun")
    for model, wanted in (("mpi", True), ("serial", False)):
        plan = toolchains.plan(Job(files={"a.c": b""}, language="c", model=model))  # type: ignore[arg-type]
        assert isinstance(plan, toolchains.Plan)
        assert ("-g1" in plan.compiles[0].command) is wanted


def test_pinned_threads_keep_to_a_core_each() -> None:
    """A pinned run places its threads, except under MPI, whose ranks share the cores; other runs aren't placed."""
    for model, pin, places in (("openmp", True, "close"), ("mpi+openmp", True, "false"), ("openmp", False, None)):
        job = Job(files={"a.c": b""}, language="c", model=model)  # type: ignore[arg-type]
        assert environment((), job, Run(pin=pin)).get("OMP_PROC_BIND") == places


def test_a_job_without_a_source_is_a_usage_error(need: Need) -> None:
    """The message lists the suffixes."""
    need("bwrap")
    with pytest.raises(ConfigError, match=r"no source among a\.h; allowed suffixes: \.c"):
        run(Job(files={"a.h": b""}, language="c"))


@pytest.mark.parametrize(("name", "language"), [("a.py", "c"), ("a.c", "python")])
def test_python_is_not_mistaken_for_another_language(name: str, language: str) -> None:
    """A Python file in a job of another language, or the other way round, is a usage error."""
    with pytest.raises(ConfigError, match=r"allowed: python for \.py files"):
        toolchains.plan(Job(files={name: b""}, language=language))  # type: ignore[arg-type]


def test_objects_are_there_without_a_program(need: Need) -> None:
    """A build that ends at its objects gives the object of each source, and a failed one gives none."""
    need("bwrap", "gcc")
    files = {"a.c": b"int twice(int n) { return 2 * n; }", "b.c": b"int one = 1;"}
    with build(Job(files=files, language="c", links=False)) as built:
        found = built.objects()
    assert sorted(found) == ["a.c", "b.c"]
    assert all(content.startswith(b"\x7fELF") for content in found.values())
    with build(Job(files={"a.c": b"int f("}, language="c", links=False)) as built:
        assert not built.objects()
