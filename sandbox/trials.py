"""The smallest programs that prove a toolchain: each row of the table is tried by one that counts what its model gave it.

`hpcraft doctor` runs them, and the tests. A program that compiles proves little: with a flag forgotten, pragmas are comments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hpcraft.sandbox.outcome import Check, Compiler, CudaLevel, Job, Language, Limits, Model, Outcome, Run, Verdict
from hpcraft.sandbox.table import EMULATED, RACE_FAMILY, TABLE

_HEAD = "#include <stdio.h>\n#include <stdlib.h>\n"
_C: dict[Model, str] = {
    "serial": """int main(int argc, char **argv) { int s = 0; for (int i = 1; i <= 100; i++) s += i * argc; printf("sum %d\\n", s); return 0; }
""",
    "openmp": """#include <omp.h>
int main(void) { int n = 0, s = 0;
#pragma omp parallel reduction(+:n)
n += 1;
#pragma omp parallel for reduction(+:s)
for (int i = 1; i <= 100; i++) s += i;
printf("threads %d sum %d\\n", n, s); return 0; }
""",
    "offload": """#include <omp.h>
int main(void) { int n = 0, s = 0, x[100];
#pragma omp target map(tofrom: n)
n = omp_is_initial_device();
#pragma omp target teams distribute parallel for map(from: x)
for (int i = 0; i < 100; i++) x[i] = i + 1;
#pragma omp target teams distribute parallel for map(to: x) map(tofrom: s) reduction(+:s)
for (int i = 0; i < 100; i++) s += x[i];
printf("host %d sum %d\\n", n, s); return 0; }
""",
    "openacc": """#include <openacc.h>
int main(void) { int n = 0, s = 0, x[100];
#pragma acc parallel copy(n)
n = acc_on_device(acc_device_host) != 0;
#pragma acc parallel loop copyout(x)
for (int i = 0; i < 100; i++) x[i] = i + 1;
#pragma acc parallel loop copyin(x) reduction(+:s)
for (int i = 0; i < 100; i++) s += x[i];
printf("host %d sum %d\\n", n, s); return 0; }
""",
    "mpi": """#include <mpi.h>
int main(int argc, char **argv) { int r, n, s; MPI_Init(&argc, &argv);
MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Comm_size(MPI_COMM_WORLD, &n);
MPI_Reduce(&r, &s, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
if (r == 0) printf("ranks %d sum %d\\n", n, s);
MPI_Finalize(); return 0; }
""",
    "mpi+openmp": """#include <mpi.h>
#include <omp.h>
int main(int argc, char **argv) { int p, r, n, t = 0, s; MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &p);
MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Comm_size(MPI_COMM_WORLD, &n);
#pragma omp parallel reduction(+:t)
t += 1;
MPI_Reduce(&t, &s, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
if (r == 0) printf("ranks %d threads %d\\n", n, s);
MPI_Finalize(); return 0; }
""",
}
_FORTRAN: dict[Model, str] = {
    "serial": "integer :: i, s\ns = 0\ndo i = 1, 100\n s = s + i\nend do\nprint '(a,i0)', 'sum ', s\n",
    "openmp": """use omp_lib
integer :: i, n, s
n = 0; s = 0
!$omp parallel reduction(+:n)
n = n + 1
!$omp end parallel
!$omp parallel do reduction(+:s)
do i = 1, 100
 s = s + i
end do
print '(a,i0,a,i0)', 'threads ', n, ' sum ', s
""",
    "offload": """use omp_lib
integer :: i, n, s, x(100)
n = 0; s = 0
!$omp target map(tofrom: n)
if (omp_is_initial_device()) n = 1
!$omp end target
!$omp target teams distribute parallel do map(from: x)
do i = 1, 100
 x(i) = i
end do
!$omp target teams distribute parallel do map(to: x) map(tofrom: s) reduction(+:s)
do i = 1, 100
 s = s + x(i)
end do
print '(a,i0,a,i0)', 'host ', n, ' sum ', s
""",
    "openacc": """use openacc
integer :: i, n, s, x(100)
n = 0; s = 0
!$acc parallel copy(n)
if (acc_on_device(acc_device_host)) n = 1
!$acc end parallel
!$acc parallel loop copyout(x)
do i = 1, 100
 x(i) = i
end do
!$acc parallel loop copyin(x) reduction(+:s)
do i = 1, 100
 s = s + x(i)
end do
print '(a,i0,a,i0)', 'host ', n, ' sum ', s
""",
    "mpi": """integer :: r, n, s, e
call MPI_Init(e)
call MPI_Comm_rank(MPI_COMM_WORLD, r, e)
call MPI_Comm_size(MPI_COMM_WORLD, n, e)
call MPI_Reduce(r, s, 1, MPI_INTEGER, MPI_SUM, 0, MPI_COMM_WORLD, e)
if (r == 0) print '(a,i0,a,i0)', 'ranks ', n, ' sum ', s
call MPI_Finalize(e)
""",
    "mpi+openmp": """integer :: level, r, n, t, s, e
call MPI_Init_thread(MPI_THREAD_FUNNELED, level, e)
call MPI_Comm_rank(MPI_COMM_WORLD, r, e)
call MPI_Comm_size(MPI_COMM_WORLD, n, e)
t = 0
!$omp parallel reduction(+:t)
t = t + 1
!$omp end parallel
call MPI_Reduce(t, s, 1, MPI_INTEGER, MPI_SUM, 0, MPI_COMM_WORLD, e)
if (r == 0) print '(a,i0,a,i0)', 'ranks ', n, ' threads ', s
call MPI_Finalize(e)
""",
}
_KOKKOS = """#include <Kokkos_Core.hpp>
int main(int argc, char **argv) { int s = 0; Kokkos::initialize(argc, argv); {
Kokkos::View<int *> x("x", 100);
Kokkos::parallel_for(100, KOKKOS_LAMBDA(int i) { x(i) = i + 1; });
Kokkos::parallel_reduce(100, KOKKOS_LAMBDA(int i, int &t) { t += x(i); }, s); }
Kokkos::finalize(); printf("sum %d\\n", s); return 0; }
"""
_NUMBA = """import numba
@numba.njit(parallel=True)
def total(n):
    s = 0
    for i in numba.prange(n + 1):
        s += i
    return s
s = total(100)
print('threads', numba.get_num_threads(), 'sum', s)
"""
_KERNEL = "%s__global__ void k(double *x) { x[threadIdx.x] = 1; }\nvoid f(double *x) { k<<<1, 32>>>(x); }\n"
_DEVICE = {"cuda": _KERNEL % "", "hip": _KERNEL % "#include <hip/hip_runtime.h>\n"}
_SUM = """%s#include <cstdio>
__global__ void add(int *s) { atomicAdd(s, (int)threadIdx.x + 1); }
int main() { int *s; cudaMallocManaged(&s, sizeof *s); *s = 0; add<<<1, 100>>>(s); cudaDeviceSynchronize(); printf("sum %%d\\n", *s); return 0; }
"""
_WHOLE_DEVICE = {"cuda": _SUM % "", "hip": (_SUM % "#include <hip/hip_runtime.h>\n").replace("cuda", "hip")}
_SUFFIX = {"c": "c", "cpp": "cpp", "fortran": "f90", "cuda": "cu", "hip": "hip", "python": "py"}

# The fault of each check, on a line of its own.
_FAULTS: dict[Check, dict[str, str]] = {
    "address": {
        "c": "int main(int argc, char **argv) { int *x = (int *)malloc(4); x[0] = 1;\nreturn x[argc]; }\n",
        "fortran": "integer :: i, x(10)\ndo i = 1, 11\n x(i) = i\nend do\nprint *, x(1)\n",
    },
    "undefined": {
        "c": "int main(int argc, char **argv) { int x = 2147483647;\nx += argc;\nreturn x == 0; }\n",
        "fortran": "real(8) :: x, y\ny = 2\ny = x * y\nprint *, y\n",
    },
    "race": {
        "c": "int main(void) { int s = 0;\n#pragma omp parallel for\nfor (int i = 0; i < 10000; i++) s += i;\nreturn s == 1; }\n",
        "fortran": "integer :: i, s\ns = 0\n!$omp parallel do\ndo i = 1, 10000\n s = s + i\nend do\nprint *, s\n",
    },
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One row of the table for one kind of source, or one check."""

    model: Model
    kind: str
    family: Compiler
    check: Check = "none"
    level: CudaLevel = "compile"
    """Of sources in CUDA or HIP, where they are not emulated."""
    ranks: int = 2
    threads: int = 2

    @property
    def job(self) -> Job:
        """A job that proves it: our own program, so that the weakest tier is no risk where there is no better one."""
        emulated = self.kind == EMULATED
        name = f"a.{_SUFFIX[self.model if emulated else self.kind]}"
        run = Run(ranks=self.ranks, threads=self.threads, limits=Limits(wall_seconds=30.0))
        files = {name: (self._fault() if self.check != "none" else self._program()).encode()}
        compiler: Compiler = "auto" if self.kind == "python" else self.family
        return Job(
            files=files,
            language=self.language,
            model=self.model,
            compiler=compiler,
            check=self.check,
            cuda="emulate" if emulated else self.level,
            run=run,
            min_isolation="none",
        )

    @property
    def language(self) -> Language:
        """The language of a job of this kind."""
        languages: dict[str, Language] = {"c": "c", "fortran": "fortran", "python": "python"}
        return languages.get(self.kind, "cpp")

    def works(self, outcome: Outcome) -> bool:
        """Whether the program did what its model, or its check, is for."""
        if self.check != "none":
            return outcome.verdict is (Verdict.RACE if self.check == "race" else Verdict.RUNTIME_ERROR)
        return outcome.ok and outcome.stdout.strip() == self._expected()

    def _expected(self) -> str:
        if self.kind == EMULATED or self.level == "device":
            return "sum 5050"
        ranks = f"ranks {self.ranks} "
        return {
            "openmp": f"threads {self.threads} sum 5050",
            "offload": "host 1 sum 5050",
            "openacc": "host 1 sum 5050",
            "mpi": f"{ranks}sum {self.ranks * (self.ranks - 1) // 2}",
            "mpi+openmp": f"{ranks}threads {self.ranks * self.threads}",
            "cuda": "",
            "hip": "",
        }.get(self.model, "sum 5050")

    def _program(self) -> str:
        if self.kind == "python":
            return _NUMBA if self.model == "openmp" else "print('sum', sum(range(101)))\n"
        if self.kind == EMULATED or self.level == "device":
            return _WHOLE_DEVICE[self.model]
        if self.kind in _DEVICE:
            return _DEVICE[self.kind]
        if self.kind == "fortran":
            return self._fortran(_FORTRAN[self.model])
        return self._c(_KOKKOS if self.model == "kokkos" else _C[self.model])

    def _fault(self) -> str:
        fault = _FAULTS[self.check]
        return self._fortran(fault["fortran"]) if self.kind == "fortran" else self._c(fault["c"])

    def _c(self, body: str) -> str:
        """The one in C++ needs the library of C++."""
        return f"static const char *const made = new char[1];\n{_HEAD}{body}" if self.kind == "cpp" else _HEAD + body

    def _fortran(self, body: str) -> str:
        """Gfortran's modules of MPI are not flang's."""
        use, include = ("", "include 'mpif.h'\n") if self.family == "flang" else ("use mpi\n", "")
        head = f"{use}implicit none\n{include}" if self.model.startswith("mpi") else "implicit none\n"
        if body.startswith("use "):
            used, _, body = body.partition("\n")
            head = f"{used}\n{head}"
        return f"program p\n{head}{body}end program\n"


def trials() -> Iterator[Trial]:
    """Every row of the table for every kind of source, then every check by every family that offers it."""
    for model, rows in TABLE.items():
        for family, row in rows.items():
            yield from (Trial(model=model, kind=kind, family=family) for kind in row.kinds)
            if family == "nvcc":
                yield Trial(model=model, kind="cuda", family=family, level="device")
        if model == "serial":
            yield Trial(model="serial", kind="python", family="auto")
        if model == "openmp":
            yield Trial(model="openmp", kind="python", family="auto")
    for check in ("address", "undefined"):
        for family, row in TABLE["serial"].items():
            yield from (Trial(model="serial", kind=kind, family=family, check=check) for kind in row.kinds if check in row.checks)
    yield from (Trial(model="openmp", kind=kind, family=family, check="race") for kind, family in RACE_FAMILY.items())
