"""Parallel models and constructs: counted in code, never in comments and strings."""

from __future__ import annotations

import time

import pytest

from hpcraft.data.apis import names
from hpcraft.data.parallel_models import find_constructs, find_models


@pytest.mark.parametrize(
    ("language", "text", "models", "constructs"),
    [
        ("c", "MPI_Send(x); PMPI_Send(y);\nMPI_Comm c; myMPI_Send(z); MPI_Sendish(a);\n", ("mpi",), {"MPI_Send": 2}),
        ("c", '/* MPI_Send(x) */ char *s = "MPI_Send(x)";\n', (), {}),
        ("c", "#pragma omp parallel for reduction(+:x)\nomp_get_wtime();\n", ("openmp",), {"omp parallel for": 1, "omp_get_wtime": 1}),
        ("c", '#define P _Pragma("acc loop")\n', ("openacc",), {"acc loop": 1}),
        (
            "cuda",
            "__global__ void k(int *x) {}\nvoid f() { k<<<dim3(1), 2>>>(x); k<int><<<g, b, 0, s>>>(x); cudaMalloc(&p, 1); }\n",
            ("cuda",),
            {"cuda kernel": 1, "cuda launch": 2, "cudaMalloc": 1},
        ),
        (
            "cpp",
            "#include <hip/hip_runtime.h>\n__global__ void k() {}\nvoid f() { k<<<1, 2>>>(); hipFree(p); }\n",
            ("hip",),
            {"hip kernel": 1, "hip launch": 1, "hipFree": 1},
        ),
        (
            "cpp",
            "cublasDgemm(h); cudaCheckMyError(x); custom(1); rocblas_dgemm(h);\n",
            ("cuda", "hip"),
            {"cublasDgemm": 1, "rocblas_dgemm": 1},
        ),
        ("cpp", "std::cout << a << b << c; x <<< 1;\n", (), {}),
        ("c", "__kernel void k(__global float *x) {}\nclFinish(q); clever(1);\n", ("opencl",), {"opencl kernel": 1, "clFinish": 1}),
        ("cpp", "sycl::queue q; q.submit(f);\n", ("sycl",), {"sycl::queue": 1, "sycl submit": 1}),
        ("cpp", "pool.submit(f);\n", (), {}),
        (
            "cpp",
            "Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {}); Kokkos::Impl::x();\n",
            ("kokkos",),
            {"Kokkos::parallel_for": 1, "KOKKOS_LAMBDA": 1},
        ),
        (
            "fortran",
            "use mpi_f08\ncall mpi_send(x)\nt = MPI_WTIME()\n! call mpi_recv\n",
            ("mpi",),
            {"use mpi_f08": 1, "MPI_Send": 1, "MPI_Wtime": 1},
        ),
        ("fortran", "include 'mpif.h'\ncall MPI_INIT(ierr)\nprint *, 'call mpi_recv(x)'\n", ("mpi",), {"include mpif.h": 1, "MPI_Init": 1}),
        (
            "fortran",
            "!$ use omp_lib\n  use, intrinsic :: omp_lib, only: x\n!$omp end do\n",
            ("openmp",),
            {"use omp_lib": 1, "omp end do": 1},
        ),
        (
            "fortran",
            "attributes(global) subroutine k(x)\ncall k<<<1,2>>>(x)\ni = cudamalloc(p, 1)\n!$cuf kernel do\n",
            ("cuda",),
            {"cuda kernel": 1, "cuda launch": 1, "cudaMalloc": 1, "cuf kernel do": 1},
        ),
        ("fortran", "call my_mpi_send(x)\ncall omp_thing(x)\n", (), {}),
    ],
)
def test_constructs_are_counted(language: str, text: str, models: tuple[str, ...], constructs: dict[str, int]) -> None:
    """Names in their own case, occurrences counted, other names and prose not."""
    found = find_constructs(language, text)
    assert found.models == models
    assert dict(found.constructs) == constructs


def test_clauses_are_counted_by_model() -> None:
    """Known clauses only, in lower case."""
    found = find_constructs("fortran", "!$omp parallel do PRIVATE(i) private(j) FOO(x)\n")
    assert dict(found.clauses) == {"omp private": 2}


def test_models_of_blanked_code_are_the_same() -> None:
    """`find_models` works on what the comment stripper leaves."""
    assert find_models("c", "#pragma omp for\nMPI_Init( );\n") == ("mpi", "openmp")


def test_the_lists_of_names_are_whole() -> None:
    """A few names of each interface, and no types or constants."""
    for model, some in {
        "mpi": "MPI_Allreduce MPI_File_open MPI_Win_lock_all MPI_Address",
        "cuda": "cudaMemcpyAsync cuLaunchKernel",
        "hip": "hipLaunchKernelGGL",
        "opencl": "clEnqueueNDRangeKernel",
        "openmp": "omp_target_alloc",
        "openacc": "acc_copyin",
    }.items():
        assert set(some.split()) <= names(model)
    assert not {"MPI_Comm", "MPI_COMM_WORLD", "cudaError_t"} & (names("mpi") | names("cuda"))


def test_large_texts_are_quick() -> None:
    """A megabyte of calls, comments and angle brackets takes well under the second."""
    text = ("/* MPI_Send( */ x = a << b; MPI_Send(p); k<int><int>(q);\n" * 20_000)[:1_000_000]
    begun = time.process_time()
    assert find_constructs("cpp", text).constructs["MPI_Send"] > 15_000
    assert find_constructs("cpp", "a <<< " * 100_000).models == ()
    assert time.process_time() - begun < 5
