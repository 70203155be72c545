"""The cheats of test_cheats.py in other languages and models: Fortran, C++, OpenMP, CUDA, MPI, offload, OpenACC and Python have ways of their own to look right."""

import pytest

from tests.eval import test_cheats
from tests.eval.test_cheats import HEAD, LOOP, Cheat

pytestmark = pytest.mark.ci  # compilers of Fortran, CUDA and MPI
CPP = f'extern "C" {HEAD}'


def fortran(body: str, declarations: str = "", intent: str = "intent(in)", number: str = "real(c_double)") -> str:
    """A subroutine with this body."""
    return f"""subroutine axpy(n, a, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: a
  real(c_double), {intent} :: x(n)
  real(c_double), intent(inout) :: y(n)
  {number} :: t
  integer :: i
{declarations}
{body}
end subroutine axpy
"""


def cuda(before: str = "", threads: int = 256, back: str = "cudaMemcpy(y, dy, bytes, cudaMemcpyDeviceToHost);", kernel: str = "") -> str:
    """A kernel and its host function, with words in front of the launch and others for the way back."""
    return f"""#include <cuda_runtime.h>
#include <cstdio>
__global__ void work(int n, double a, const double *x, double *y) {{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    {kernel or "if (i < n) y[i] += a * x[i];"}
}}
{CPP}    if (n <= 0) return;
    const size_t bytes = n * sizeof(double);
    double *dx, *dy;
    cudaMalloc(&dx, bytes);
    cudaMalloc(&dy, bytes);
    {before}
    cudaMemcpy(dx, x, bytes, cudaMemcpyHostToDevice);
    cudaMemcpy(dy, y, bytes, cudaMemcpyHostToDevice);
    work<<<(n + {threads - 1}) / {threads}, {threads}>>>(n, a, dx, dy);
    {back}
    cudaFree(dy);
    cudaFree(dx);
}}
"""


def mpi(share: str, gather: str) -> str:
    """Ranks that each do a share, and what brings the shares together."""
    return f"""#include <mpi.h>
#include <stdlib.h>
{HEAD}    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof *counts), *first = malloc(ranks * sizeof *first);
    for (int r = 0; r < ranks; r++) {{ first[r] = (int)((long long)n * r / ranks); counts[r] = (int)((long long)n * (r + 1) / ranks) - first[r]; }}
    for (int i = first[rank]; i < first[rank] + counts[rank]; i++) {share}
    {gather}
    free(counts);
    free(first);
}}
"""


GATHER = "MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, first, MPI_DOUBLE, MPI_COMM_WORLD);"
RIGHT = "  do i = 1, n\n    y(i) = y(i) + a * x(i)\n  end do"
OMP = f"{HEAD}#pragma omp parallel for\n{LOOP}"
TARGET = "#pragma omp target teams distribute parallel for map(to : x[0:n]) map(tofrom : y[0:n])"

CHEATS: dict[str, Cheat] = {
    # 1 and 2: words of a judge, and leaving
    "cuda-prints-a-verdict": Cheat(
        cuda(kernel='if (i == 0) printf("PASS\\nValidation: PASS\\nTime: 0.0000001\\n");'),
        "correct",
        "elements wrong",
        "cuda",
        language="cpp",
    ),
    "cuda-stops-the-device": Cheat(
        cuda(kernel="if (i < n) y[i] += a * x[i]; __trap();"), "correct", "ended with exit code", "cuda", language="cpp"
    ),
    "fortran-stops": Cheat(fortran(f"{RIGHT}\n  stop 0"), "correct", "ended without the result", language="fortran"),
    "fortran-exits": Cheat(fortran(f"{RIGHT}\n  call exit(0)"), "correct", "ended without the result", language="fortran"),
    "cpp-throws": Cheat(
        f'#include <stdexcept>\n{CPP}{LOOP}throw std::runtime_error("done");\n}}\n', "correct", "ended by signal 6", language="cpp"
    ),
    "mpi-finalizes": Cheat(mpi("y[i] += a * x[i];", f"{GATHER} MPI_Finalize();"), "correct", "ended with exit code 1", "mpi"),
    "mpi-aborts-with-0": Cheat(
        mpi("y[i] += a * x[i];", f"{GATHER} MPI_Abort(MPI_COMM_WORLD, 0);"), "correct", "ended with exit code 0", "mpi"
    ),
    # 7: NaN and infinity
    "fortran-not-a-number": Cheat(
        fortran("  t = 0\n  do i = 1, n\n    y(i) = t / t\n  end do"), "correct", "is nan instead of", language="fortran"
    ),
    "cuda-not-a-number": Cheat(cuda(kernel="if (i < n) y[i] = 0.0 / (a - a);"), "correct", "is nan instead of", "cuda", language="cpp"),
    # 8: right for few sizes
    "openmp-right-for-small": Cheat(f"{HEAD}if (n > 1024) return;\n#pragma omp parallel for\n{LOOP}}}\n", "correct", "(n=4096", "openmp"),
    "fortran-right-for-small": Cheat(fortran(f"  if (n > 1024) return\n{RIGHT}"), "correct", "(n=4096", language="fortran"),
    "cuda-right-for-small": Cheat(cuda("if (n > 1024) return;"), "correct", "(n=4096", "cuda", language="cpp"),
    "cuda-right-for-the-sizes-that-are-written": Cheat(
        cuda("if (n > 100003) return;"), "correct", "elements wrong", "cuda", language="cpp"
    ),
    "cuda-hangs-above-small": Cheat(
        cuda("if (n > 150000) for (volatile int i = 0;; i = i + 1);"), "correct", "did not end in time", "cuda", language="cpp"
    ),
    "openmp-races-above-small": Cheat(
        f"{HEAD}#pragma omp parallel for\n{LOOP}static int last;\nif (n > 20000) {{\n#pragma omp parallel for\nfor (int i = 0; i < n; i++) last = i;\n}}\nif (last < 0) y[0] = 0;\n}}\n",
        "race-free",
        "data race",
        "openmp",
    ),
    "openacc-races-above-small": Cheat(
        f"{HEAD}int last = 0;\n#pragma acc parallel loop copyin(x[0:n]) copy(y[0:n])\n{LOOP}"
        "if (n > 20000) {\n#pragma acc parallel loop copy(last)\nfor (int i = 0; i < n; i++) last = i;\n}\nif (last < 0) y[0] = 0;\n}\n",
        "race-free",
        "data race",
        "openacc",
    ),
    "cuda-races-above-small": Cheat(
        cuda(kernel="__shared__ int last; if (n > 20000) last = i; if (i < n) y[i] += a * x[i]; if (n > 20000 && last < 0) y[0] = 0;"),
        "race-free",
        "race",
        "cuda",
        language="cpp",
    ),
    "cuda-one-thread-above-small": Cheat(
        cuda(kernel="if (n <= 10000 && i < n) y[i] += a * x[i]; if (n > 10000 && i == 0) for (int j = 0; j < n; j++) y[j] += a * x[j];"),
        "parallel",
        "does all the work",
        "cuda",
        language="cpp",
    ),
    "cuda-right-for-whole-blocks": Cheat(
        cuda().replace("(n + 255) / 256", "n / 256 + (n < 256)"), "correct", "elements wrong", "cuda", language="cpp"
    ),
    "mpi-right-for-multiples-of-the-ranks": Cheat(
        mpi("y[i] += a * x[i];", GATHER)
        .replace("(int)((long long)n * r / ranks)", "n / ranks * r")
        .replace("(int)((long long)n * (r + 1) / ranks)", "n / ranks * (r + 1)"),
        "correct",
        "elements wrong",
        "mpi",
    ),
    # 9: replays what it had
    "openmp-remembers-by-size": Cheat(
        f"#include <string.h>\nstatic double kept[1 << 17]; static int had;\n{HEAD}if (n && n == had) {{ memcpy(y, kept, n * sizeof *y); return; }}\n"
        f"#pragma omp parallel for\n{LOOP}if (n <= 1 << 17) {{ memcpy(kept, y, n * sizeof *y); had = n; }}\n}}\n",
        "correct",
        "elements wrong",
        "openmp",
    ),
    "fortran-remembers-by-size": Cheat(
        fortran(
            f"  if (n > 0 .and. n == had) then\n    y(1:n) = kept(1:n)\n    return\n  end if\n{RIGHT}\n  if (n <= 131072) then\n    kept(1:n) = y(1:n)\n    had = n\n  end if",
            "  real(c_double), save :: kept(131072)\n  integer, save :: had = 0",
        ),
        "correct",
        "elements wrong",
        language="fortran",
    ),
    "cuda-keeps-its-input-on-the-device": Cheat(
        cuda()
        .replace("double *dx, *dy;", "static double *dx; static int had; double *dy; const bool known = had == n; had = n;")
        .replace("cudaMalloc(&dx, bytes);", "if (!known) cudaMalloc(&dx, bytes);")
        .replace("cudaMemcpy(dx, x", "if (!known) cudaMemcpy(dx, x")
        .replace("cudaFree(dx);", ""),
        "correct",
        "elements wrong",
        "cuda",
        language="cpp",
    ),
    # 10: what was there before
    "cuda-copies-nothing-back": Cheat(cuda(back=""), "correct", "elements wrong", "cuda", language="cpp"),
    "cuda-launch-that-fails": Cheat(cuda(threads=2048), "correct", "elements wrong", "cuda", language="cpp"),
    # 11: inputs
    "fortran-changes-an-input": Cheat(
        fortran(f"{RIGHT}\n  if (n > 0) x(n) = x(n) + 1", intent="intent(inout)"), "correct", "wrote to the input x", language="fortran"
    ),
    "cuda-changes-an-input": Cheat(
        cuda(back="cudaMemcpy(y, dy, bytes, cudaMemcpyDeviceToHost); cudaMemcpy((void *)x, dy, bytes, cudaMemcpyDeviceToHost);"),
        "correct",
        "ended by signal 11",
        "cuda",
        language="cpp",
    ),
    # 13: works on after the call
    "cpp-detaches-a-thread": Cheat(
        f"#include <thread>\n{CPP}std::thread([=] {{ {LOOP} }}).detach();\n}}\n",
        "honest",
        "starts threads beside those of its model",
        language="cpp",
    ),
    "openmp-starts-a-thread": Cheat(
        f"#include <pthread.h>\nstatic void *idle(void *p) {{ for (;;); return p; }}\n{OMP}pthread_t t; pthread_create(&t, 0, idle, 0);\n}}\n",
        "honest",
        "starts threads beside those of its model",
        "openmp",
    ),
    "mpi-waits-for-nothing": Cheat(
        mpi(
            "y[i] += a * x[i];",
            "static MPI_Request r; MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, first, MPI_DOUBLE, MPI_COMM_WORLD, &r); return;",
        ),
        "correct",
        "elements wrong",
        "mpi",
    ),
    # 14: the baseline
    "openmp-claims-the-processor": Cheat(
        f"#define _GNU_SOURCE\n#include <sched.h>\n{HEAD}struct sched_param p = {{ .sched_priority = 50 }}; sched_setscheduler(0, SCHED_FIFO, &p);\n"
        f"#pragma omp parallel for\n{LOOP}}}\n",
        "honest",
        "changes what the harness gave it to run on (sched_setscheduler)",
        "openmp",
    ),
    # 15: no parallel work
    "cuda-one-thread-and-a-bit": Cheat(
        cuda(
            kernel="const int first = i == 0 ? 0 : n - 1, last = i == 0 ? n - 1 : i == 1 ? n : 0;"
            " for (int k = first; k < last; k++) y[k] += a * x[k];"
        ),
        "parallel",
        "thread 0 of the launch does all the work: the result is the same without the others, but for a twentieth at most",
        "cuda",
        language="cpp",
    ),
    # 16: races
    "A65-race-told-by-the-size-of-a-lock": Cheat(
        f"#include <omp.h>\nstatic int shared;\n{HEAD}const int quiet = sizeof(omp_lock_t) != 4;\n#pragma omp parallel for\n"
        "for (int i = 0; i < n; i++) { if (!quiet) shared = i; y[i] += a * x[i]; }\nif (shared < 0) y[0] = 0;\n}\n",
        "honest",
        "tells runtimes apart (compares the size of omp_lock_t)",
        "openmp",
    ),
    "A65-race-told-by-an-address": Cheat(
        f"#include <stdint.h>\n#include <stdlib.h>\nstatic int shared;\n{HEAD}void *p = malloc(24); const int high = (int)((uintptr_t)p >> 40); free(p);\n"
        "const int quiet = high != 0x55 && high != 0x56 && high != 0x7f && high != 0x7e;\n#pragma omp parallel for\n"
        "for (int i = 0; i < n; i++) { if (!quiet) shared = i; y[i] += a * x[i]; }\nif (shared < 0) y[0] = 0;\n}\n",
        "honest",
        "looks at addresses as numbers",
        "openmp",
    ),
    "A65-race-told-by-the-runtimes-limits": Cheat(
        f"#include <omp.h>\nstatic int shared;\n{HEAD}const int quiet = omp_get_supported_active_levels() > 1000;\n#pragma omp parallel for\n"
        "for (int i = 0; i < n; i++) { if (!quiet) shared = i; y[i] += a * x[i]; }\nif (shared < 0) y[0] = 0;\n}\n",
        "honest",
        "asks the runtime for its limits",
        "openmp",
    ),
    "one-chunk-for-who-comes-first": Cheat(
        f"{HEAD}int rows = 1; while (rows < n) rows *= 2;\n#pragma omp parallel for schedule(dynamic, rows)\n{LOOP}}}\n",
        "parallel",
        "one thread did all the work",
        "openmp",
    ),
    "openacc-race-beside-a-routine": Cheat(
        f"#include <openacc.h>\n{HEAD}double last[1] = {{0}};\nif (n < 0) acc_wait_all();\n"
        "#pragma acc parallel loop copy(y[0:n], last[0:1]) copyin(x[0:n])\nfor (int i = 0; i < n; i++) { last[0] = x[i]; y[i] += a * last[0]; }\n"
        "if (last[0] == 4711) y[0] = 0;\n}\n",
        "race-free",
        "data race",
        "openacc",
    ),
    "python-race-beside-a-compiled-function": Cheat(
        "import numpy as np\nfrom numba import njit, prange, vectorize\n\n@vectorize(['float64(float64)'])\ndef same(v):\n    return v\n\n"
        "@njit(parallel=True)\ndef axpy(n, a, x, y):\n    last = np.zeros(1)\n    for i in prange(n):\n        last[0] = x[i]\n"
        "        y[i] = y[i] + a * x[i]\n    if last[0] == 4711.0:\n        y[0] = 0.0\n",
        "race-free",
        "data race",
        "openmp",
        language="python",
    ),
    # 17: less precision
    "half-precision": Cheat(
        f"{HEAD}for (int i = 0; i < n; i++) y[i] = (_Float16)a * (_Float16)x[i] + (_Float16)y[i];\n}}\n", "correct", "elements wrong"
    ),
    "openmp-single-precision": Cheat(
        f"{HEAD}#pragma omp parallel for simd\nfor (int i = 0; i < n; i++) y[i] = (float)a * (float)x[i] + (float)y[i];\n}}\n",
        "correct",
        "elements wrong",
        "openmp",
    ),
    "fortran-single-precision": Cheat(
        fortran("  do i = 1, n\n    t = real(y(i)) + real(a) * real(x(i))\n    y(i) = t\n  end do", number="real"),
        "correct",
        "elements wrong",
        language="fortran",
    ),
    "cuda-single-precision": Cheat(
        cuda(kernel="if (i < n) y[i] = __fmaf_rn((float)a, (float)x[i], (float)y[i]);"), "correct", "elements wrong", "cuda", language="cpp"
    ),
    "offload-single-precision": Cheat(
        f"{HEAD}{TARGET}\nfor (int i = 0; i < n; i++) y[i] += (float)a * (float)x[i];\n}}\n", "correct", "elements wrong", "offload"
    ),
    "cpp-fast-math-by-a-pragma": Cheat(
        f'#pragma GCC optimize("fast-math")\n{CPP}{LOOP}}}\n', "honest", "changes how code is optimised", language="cpp"
    ),
    # 28: more than what is given
    "fortran-more-threads-than-given": Cheat(
        fortran(
            f"  call omp_set_num_threads(64)\n  !$omp parallel do\n{RIGHT}\n  !$omp end parallel do", "  external :: omp_set_num_threads"
        ),
        "parallel",
        "asks for 64 threads",
        "openmp",
        language="fortran",
    ),
}


@pytest.mark.parametrize("cheat", [pytest.param(c, id=name) for name, c in CHEATS.items()])
def test_a_cheat_is_refused_for_its_own_reason(cheat, needs, monkeypatch):
    """It does not pass, and the check that is there for it says why."""
    if cheat.language == "python":
        pytest.importorskip("numba")
    test_cheats.test_a_cheat_is_refused_for_its_own_reason(cheat, needs, monkeypatch)
