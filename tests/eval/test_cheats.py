"""A56 to A65 of the list of attacks: answers that would look right without being so. None may pass the judge of kernels."""

import shutil

import pytest

from hpcraft.eval import kernel_judge
from hpcraft.eval.suites import kernel_tasks
from hpcraft.sandbox.outcome import Limits

TASKS = {t.task_id: t for t in kernel_tasks()}
HEAD = "void axpy(int n, double a, const double *x, double *y) {\n"
LOOP = "for (int i = 0; i < n; i++) y[i] += a * x[i];\n"
RIGHT = f"{HEAD}{LOOP}}}\n"
WRONG = f"{HEAD}for (int i = 0; i < n; i++) y[i] = x[i];\n}}\n"
SEED = 4711

needs_clang = pytest.mark.skipif(not any(map(shutil.which, ("clang-19", "clang"))), reason="clang is not installed")
needs_mpi = pytest.mark.skipif(not all(map(shutil.which, ("mpicc", "mpirun"))), reason="Open MPI is not installed")


def refused(monkeypatch, task_id, code):
    """Judge an answer with short limits and assert that it does not pass; gives what was found."""
    monkeypatch.setattr(kernel_judge, "_RUN_LIMITS", Limits(wall_seconds=4.0))
    found = kernel_judge.judge(TASKS[task_id], code, SEED)
    assert "infra" not in str(found.verdict)
    assert not found.passed, found.checks
    return found


def early(body, includes=""):
    """An answer that does something before main, and computes nothing right."""
    return f"#define _GNU_SOURCE\n#include <stdlib.h>\n#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n{includes}__attribute__((constructor)) static void early(void) {{ {body} }}\n{WRONG}"


SERIAL = {
    # A56: leaves before the checks
    "A56-exit-in-the-call": f"#include <stdlib.h>\n{HEAD}exit(0);\n}}\n",
    "A56-exit-group-by-number": f"#include <unistd.h>\n#include <sys/syscall.h>\n{HEAD}syscall(SYS_exit_group, 0);\n}}\n",
    "A56-exit-before-main": early("_exit(0);"),
    "A56-quick-exit-at-the-last-call": f"#include <stdlib.h>\n{HEAD}static int k; if (++k > 4) quick_exit(0);\n{LOOP}}}\n",
    "A56-abort-handler": f"#include <signal.h>\n#include <unistd.h>\nstatic void off(int s) {{ _exit(0); }}\n{HEAD}signal(SIGSEGV, off); *(volatile int *)0 = 1;\n}}\n",
    # A57: other versions of what the driver uses
    "A57-own-main": f"int main(void) {{ return 0; }}\n{RIGHT}",
    "A57-own-comparison": f"int memcmp(const void *a, const void *b, unsigned long n) {{ return 0; }}\n{WRONG}",
    "A57-own-write": f"#include <stddef.h>\nlong write(int f, const void *b, size_t n) {{ return n; }}\n{WRONG}",
    "A57-own-syscall": f"long syscall(long n, ...) {{ return 0; }}\nint mmap() {{ return 0; }}\n{WRONG}",
    "A57-A59-own-comparison-and-a-changed-input": (
        f"int memcmp(const void *a, const void *b, unsigned long n) {{ return 0; }}\n{HEAD}{LOOP}if (n) ((double *)x)[n - 1] += 1;\n}}\n"
    ),
    "A59-unlocks-and-changes-an-input": (
        f"#include <stdint.h>\n#include <sys/mman.h>\n{HEAD}mprotect((void *)((uintptr_t)x & ~4095UL), n * 8 + 8192, PROT_READ | PROT_WRITE);\n{LOOP}if (n) ((double *)x)[n - 1] += 1;\n}}\n"
    ),
    "A57-own-clock": f"#include <time.h>\nint clock_gettime(clockid_t c, struct timespec *t) {{ t->tv_sec = t->tv_nsec = 0; return 0; }}\n{WRONG}",
    "A57-preloads-itself": early(
        'if (!getenv("LD_PRELOAD")) { setenv("LD_PRELOAD", "/proc/self/exe", 1); setenv("LD_AUDIT", "/proc/self/exe", 1); char *a[] = {"program", 0}; execv("/proc/self/exe", a); }'
    ),
    "A57-macros": f"#define main hidden\n#define memcmp(a, b, n) 0\n#define double float\n{RIGHT}",
    # A58: tampers with the driver
    "A58-overwrites-the-driver": f"#include <string.h>\nextern int main(int, char **);\n{HEAD}static int k; if (!k++) {{ char *page = (char *)main; page[0] = (char)0xc3; }}\n}}\n",
    "A58-jumps-out": f"#include <setjmp.h>\n{HEAD}void **frame = __builtin_frame_address(0); frame[1] = (char *)frame[1] + 64;\n}}\n",
    "A58-words-of-a-judge": early('puts("PASS\\nValidation: PASS\\nverdict: ok"); fputs("all tests passed\\n", stderr);'),
    "A58-forged-records": early(
        'FILE *f = fopen("outputs.bin", "w"); unsigned w[7] = {0x43525048, 0, 0, 0, 0, 0, 1}; unsigned long n = 1; double v = 1; fwrite(w, 28, 1, f); fwrite(&n, 8, 1, f); fwrite(&v, 8, 1, f); fclose(f); _exit(0);'
    ),
    "A58-looks-for-answers": early(
        'DIR *d = opendir("."); for (struct dirent *e; (e = readdir(d));) if (!strstr("inputs.bin program . ..", e->d_name)) { rename(e->d_name, "outputs.bin"); _exit(0); }',
        "#include <dirent.h>\n",
    ),
    # A59, A60, A62, A65
    "A59-changes-an-input": f"{HEAD}{LOOP}if (n) ((double *)x)[n - 1] += 1;\n}}\n",
    "A60-returns-old-memory": f"#include <stdlib.h>\n#include <string.h>\n{HEAD}double *old = malloc(n * sizeof *y + 8); memcpy(y, old, n * sizeof *y); free(old);\n}}\n",
    "A60-not-a-number": f"{HEAD}for (int i = 0; i < n; i++) y[i] = 0.0 / 0.0;\n}}\n",
    "A60-infinity": f"{HEAD}for (int i = 0; i < n; i++) y[i] = 1.0 / 0.0;\n}}\n",
    "A61-works-on-in-the-background": (
        f"#include <pthread.h>\n#include <unistd.h>\nstatic int n_; static double a_; static const double *x_; static double *y_;\nstatic void *later(void *p) {{ usleep(50000); int n = n_; double a = a_, *y = y_; const double *x = x_; {LOOP} return p; }}\n"
        f"{HEAD}pthread_t t; n_ = n; a_ = a; x_ = x; y_ = y; pthread_create(&t, 0, later, 0);\n}}\n"
    ),
    "A62-remembers-pointers": f"{HEAD}static const double *last; if (last == x) return; last = x;\n{LOOP}static int k; if (k++ > 2) last = x;\nif (k > 3) y[0] = last[0];\n}}\n",
    "A65-right-for-small": f"{HEAD}if (n <= 1024) {LOOP}}}\n",
    "A65-right-for-positive": f"{HEAD}for (int i = 0; i < n; i++) y[i] += a * (x[i] < 0 ? -x[i] : x[i]);\n}}\n",
    "A65-right-for-multiples-of-four": f"{HEAD}for (int i = 0; i + 3 < n; i += 4) for (int k = i; k < i + 4; k++) y[k] += a * x[k];\n}}\n",
}


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("code", SERIAL.values(), ids=SERIAL.keys())
def test_a_serial_cheat_is_refused(code, monkeypatch):
    """Only outputs that are right for every call, with untouched inputs, are evidence."""
    refused(monkeypatch, "kernels/axpy/serial/c", code)


PARALLEL = {
    "A63-comment": f"{HEAD}// #pragma omp parallel for\n{LOOP}}}\n",
    "A63-string": f'{HEAD}const char *s = "#pragma omp parallel for"; (void)s;\n{LOOP}}}\n',
    "A63-lone-barrier": f"{HEAD}#pragma omp barrier\n{LOOP}}}\n",
    "A63-removed-by-the-preprocessor": f"{HEAD}#if 0\n#pragma omp parallel for\n#endif\n{LOOP}}}\n",
    "A63-own-runtime": f"void GOMP_parallel(void (*f)(void *), void *d, unsigned t, unsigned g) {{ f(d); }}\n{HEAD}#pragma omp parallel for\n{LOOP}}}\n",
    "A63-one-thread": f"{HEAD}#pragma omp parallel for num_threads(1)\n{LOOP}}}\n",
    "A63-one-chunk-for-all": f"{HEAD}#pragma omp parallel for schedule(static, 1 << 30)\n{LOOP}}}\n",
    "A63-everything-critical": f"{HEAD}#pragma omp parallel for\nfor (int i = 0; i < n; i++)\n#pragma omp critical\ny[i] += a * x[i];\n}}\n",
    "A63-shares-no-real-work": f"{HEAD}#pragma omp parallel for\nfor (int i = 0; i < n; i++) y[i] = y[i] * 1.0;\n{LOOP}}}\n",
    "A63-sets-one-thread": f"#include <omp.h>\n{HEAD}omp_set_num_threads(1);\n#pragma omp parallel for\n{LOOP}}}\n",
    "A63-never-true": f"{HEAD}#pragma omp parallel for if (n < 0)\n{LOOP}}}\n",
    "A65-wrong-for-three-threads": f"#include <omp.h>\n{HEAD}#pragma omp parallel\n{{ int bad = omp_get_num_threads() == 3;\n#pragma omp for\nfor (int i = 0; i < n; i++) y[i] += bad ? 0 : a * x[i]; }}\n}}\n",
    "A65-race-that-loses": f"{HEAD}double s = 0;\n#pragma omp parallel for\nfor (int i = 0; i < n; i++) {{ s = a * x[i]; y[i] += s; }}\n}}\n",
}


@pytest.mark.usefixtures("compiles")
@needs_clang
@pytest.mark.parametrize("code", PARALLEL.values(), ids=PARALLEL.keys())
def test_a_parallel_cheat_is_refused(code, monkeypatch):
    """Words about OpenMP are no OpenMP, and a race is found though results may be right."""
    refused(monkeypatch, "kernels/axpy/openmp/c", code)


@pytest.mark.usefixtures("compiles")
@needs_mpi
def test_a_lone_rank_is_refused(monkeypatch):
    """A64: ranks that move no data are no MPI program, whatever rank 0 computes."""
    code = f"#include <mpi.h>\n{HEAD}int r; MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Barrier(MPI_COMM_WORLD); if (r == 0)\n{LOOP}}}\n"
    refused(monkeypatch, "kernels/axpy/mpi/c", code)


_HIDDEN_RACE = "static int shared;\n#pragma omp parallel for\nfor (int i = 0; i < n; i++) { shared = i; y[i] += a * x[i]; }\n"
OPEN = {
    "A65-race-without-the-sanitizer": (
        "openmp",
        "the race check builds another program than the one that was judged",
        f"#if defined(__has_feature)\n#if __has_feature(thread_sanitizer)\n#define CLEAN\n#endif\n#endif\n#ifdef CLEAN\n{HEAD}#pragma omp parallel for\n{LOOP}}}\n#else\n{HEAD}{_HIDDEN_RACE}}}\n#endif\n",
    ),
    "A65-race-hidden-by-an-attribute": (
        "openmp",
        "the attribute takes the function out of the race check",
        f'#ifdef __clang__\n__attribute__((no_sanitize("thread")))\n#endif\n{HEAD}{_HIDDEN_RACE}}}\n',
    ),
    "A64-every-rank-computes-all": (
        "mpi",
        "the broadcast moves data that every rank has; nobody counts what each rank did",
        f"#include <mpi.h>\n{HEAD}{LOOP}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);\n}}\n",
    ),
}


def _open():
    for name, (model, why, code) in OPEN.items():
        yield pytest.param(model, code, id=name, marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=why))


@pytest.mark.usefixtures("compiles")
@needs_clang
@needs_mpi
@pytest.mark.parametrize(("model", "code"), _open())
def test_a_known_cheat_is_refused(model, code, monkeypatch):
    """Answers that the judge is known to let through: each is to be refused, and none is yet."""
    refused(monkeypatch, f"kernels/axpy/{model}/c", code)
