"""Answers that would look right without being so: the loopholes of published evaluators, and A56 to A65 of the list of attacks.

Each is refused by the check that is there for it, for its own reason. Those that are no parallel code stand in test_parallel_use.py; what
shuts each of the 28 loopholes is listed in test_loopholes.py.
"""

from dataclasses import dataclass

import pytest

from hpcraft.eval import kernel_judge
from hpcraft.eval.suites import kernel_tasks
from hpcraft.sandbox.outcome import Limits, Verdict

TASKS = {t.task_id: t for t in kernel_tasks()}
HEAD = "void axpy(int n, double a, const double *x, double *y) {\n"
LOOP = "for (int i = 0; i < n; i++) y[i] += a * x[i];\n"
RIGHT = f"{HEAD}{LOOP}}}\n"
WRONG = f"{HEAD}for (int i = 0; i < n; i++) y[i] = x[i];\n}}\n"
SEED = 4711


@dataclass(frozen=True)
class Cheat:
    """A candidate that must not pass."""

    code: str
    check: str
    """The check that refuses it."""
    why: str
    """Words of its reason."""
    model: str = "serial"
    quick: bool = False
    """Whether the quick tests judge it; one for each loophole."""
    language: str = "c"


def early(body: str, includes: str = "") -> str:
    """An answer that does something before main, and computes nothing right."""
    headers = "".join(f"#include <{name}.h>\n" for name in ("stdlib", "stdio", "string", "unistd"))
    return f"#define _GNU_SOURCE\n{headers}{includes}__attribute__((constructor)) static void early(void) {{ {body} }}\n{WRONG}"


FORGED = (
    'FILE *f = fopen("outputs.bin", "w"); unsigned w[7] = {0x43525048, 0, 0, 0, 0, 0, 1}; unsigned long m = 1; double v = 1;'
    " fwrite(w, 28, 1, f); fwrite(&m, 8, 1, f); fwrite(&v, 8, 1, f); fclose(f);"
)
SEARCH = (
    'DIR *d = opendir("."); for (struct dirent *e; (e = readdir(d));) if (!strstr("inputs.bin program . ..", e->d_name))'
    ' { rename(e->d_name, "outputs.bin"); _exit(0); }'
)
PRELOAD = (
    'if (!getenv("LD_PRELOAD")) { setenv("LD_PRELOAD", "/proc/self/exe", 1); setenv("LD_AUDIT", "/proc/self/exe", 1);'
    ' char *a[] = {"program", 0}; execv("/proc/self/exe", a); }'
)
LATER = (
    "#include <pthread.h>\n#include <unistd.h>\nstatic int n_; static double a_; static const double *x_; static double *y_;\n"
    f"static void *later(void *p) {{ usleep(50000); int n = n_; double a = a_, *y = y_; const double *x = x_; {LOOP} return p; }}\n"
    f"{HEAD}pthread_t t; n_ = n; a_ = a; x_ = x; y_ = y; pthread_create(&t, 0, later, 0);\n}}\n"
)
CUDA_WRONG = f'#include <cuda_runtime.h>\n__global__ void k(void) {{}}\nextern "C" {HEAD}k<<<1, 1>>>();\n}}\n'
HIDDEN_RACE = "static int shared;\n#pragma omp parallel for\nfor (int i = 0; i < n; i++) { shared = i; y[i] += a * x[i]; }\n"
CLEAN_FOR_CLANG = "#if defined(__has_feature)\n#if __has_feature(thread_sanitizer)\n#define CLEAN\n#endif\n#endif\n"
BEFORE = "runs code before or after the calls (attribute constructor)"

CHEATS: dict[str, Cheat] = {
    # the words of a judge
    "A58-words-of-a-judge": Cheat(
        early('puts("PASS\\nValidation: PASS\\nverdict: ok"); fputs("all tests passed\\n", stderr);'), "honest", BEFORE
    ),
    "verdict-on-stdout": Cheat(
        f'#include <stdio.h>\n{HEAD}puts("Validation: PASS\\nTime: 0.0000001\\nBestSequential: 123456");\n}}\n',
        "correct",
        "elements wrong",
        quick=True,
    ),
    # A56: leaves before the checks
    "A56-exit-in-the-call": Cheat(f"#include <stdlib.h>\n{HEAD}exit(0);\n}}\n", "correct", "ended without the result", quick=True),
    "A56-exit-by-hand": Cheat(f"#include <stdlib.h>\n{HEAD}_Exit(0);\n}}\n", "honest", "leaves without the harness (_Exit)"),
    "A56-exit-group-by-number": Cheat(
        f"#include <unistd.h>\n#include <sys/syscall.h>\n{HEAD}syscall(SYS_exit_group, 0);\n}}\n",
        "honest",
        "calls the kernel by number (syscall)",
    ),
    "A56-exit-before-main": Cheat(early("_exit(0);"), "honest", BEFORE),
    "A56-at-exit": Cheat(
        f'#include <stdlib.h>\n#include <stdio.h>\nstatic void last(void) {{ puts("PASS"); }}\n{HEAD}atexit(last);\n{LOOP}}}\n',
        "honest",
        "leaves without the harness (atexit)",
    ),
    "A56-quick-exit-at-the-last-call": Cheat(
        f"#include <stdlib.h>\n{HEAD}static int k; if (++k > 4) quick_exit(0);\n{LOOP}}}\n", "honest", "(quick_exit)"
    ),
    "A56-abort-handler": Cheat(
        f"#include <signal.h>\n#include <stdlib.h>\nstatic void off(int s) {{ exit(0); }}\n{HEAD}signal(SIGSEGV, off); *(volatile int *)0 = 1;\n}}\n",
        "honest",
        "handles or sends signals (signal)",
    ),
    "section-of-start-functions": Cheat(
        f'#include <stdlib.h>\nstatic void early(void) {{ exit(0); }}\n__attribute__((section(".init_array"), used)) static void (*p)(void) = early;\n{RIGHT}',
        "honest",
        "a section of its own (attribute section)",
    ),
    # the reference, its files, the harness's files
    "calls-the-reference": Cheat(
        f"extern void correctAxpy(int, double, const double *, double *);\n{HEAD}correctAxpy(n, a, x, y);\n}}\n",
        "build",
        "correctAxpy",
        quick=True,
    ),
    "reads-expected-values": Cheat(
        f'#include <stdio.h>\n{HEAD}FILE *f = fopen("expected.bin", "r"); if (f) fread(y, 8, n, f);\n{LOOP}}}\n',
        "honest",
        "opens or moves files (fopen)",
        quick=True,
    ),
    "A58-looks-for-answers": Cheat(early(SEARCH, "#include <dirent.h>\n"), "honest", BEFORE),
    "A58-forged-records": Cheat(f"#include <stdio.h>\n{HEAD}{FORGED}\n}}\n", "honest", "opens or moves files (fopen)", quick=True),
    "overwrites-the-driver": Cheat(
        f'#include <stdio.h>\n{HEAD}FILE *f = fopen("driver.c", "w"); if (f) {{ fputs("int main(void) {{ return 0; }}", f); fclose(f); }}\n{LOOP}}}\n',
        "honest",
        "opens or moves files (fopen)",
    ),
    "includes-the-driver": Cheat(
        f'#define main other_main\n#include "driver.c"\n#undef main\n{RIGHT}', "honest", "includes a source (driver.c)"
    ),
    # A57: other versions of what the driver uses
    "A57-own-main": Cheat(f"int main(void) {{ return 0; }}\n{RIGHT}", "build", "main"),
    "A57-own-comparison": Cheat(
        f"int memcmp(const void *a, const void *b, unsigned long n) {{ return 0; }}\n{HEAD}{LOOP}if (n) ((double *)x)[n - 1] += 1;\n}}\n",
        "honest",
        "defines memcmp, which the harness or a runtime has",
    ),
    "A57-own-write": Cheat(
        f"#include <stddef.h>\nlong write(int f, const void *b, size_t n) {{ return n; }}\n{RIGHT}",
        "honest",
        "defines write, which the harness",
    ),
    "A57-own-syscall": Cheat(
        f"long syscall(long n, ...) {{ return 0; }}\nint mmap() {{ return 0; }}\n{RIGHT}", "honest", "defines mmap, which the harness"
    ),
    "A57-own-clock": Cheat(
        f"#include <time.h>\nint clock_gettime(clockid_t c, struct timespec *t) {{ t->tv_sec = t->tv_nsec = 0; return 0; }}\n{RIGHT}",
        "honest",
        "defines clock_gettime, which the harness",
        quick=True,
    ),
    "A57-own-openmp-clock": Cheat(
        f"double omp_get_wtime(void) {{ return 0; }}\n{HEAD}#pragma omp parallel for\n{LOOP}}}\n",
        "honest",
        "defines omp_get_wtime",
        "openmp",
    ),
    "A57-own-mpi-clock": Cheat(f"#include <mpi.h>\ndouble MPI_Wtime(void) {{ return 0; }}\n{RIGHT}", "honest", "defines MPI_Wtime", "mpi"),
    "A57-own-allocator": Cheat(
        f"#include <stddef.h>\nstatic char heap[1 << 24]; static size_t at;\nvoid *malloc(size_t n) {{ void *p = heap + at; at += (n + 63) / 64 * 64; return p; }}\n{RIGHT}",
        "honest",
        "defines malloc",
    ),
    "A57-tool-of-the-runtime": Cheat(
        f"void *ompt_start_tool(unsigned v, const char *s) {{ return 0; }}\n{HEAD}#pragma omp parallel for\n{LOOP}}}\n",
        "honest",
        "defines ompt_start_tool",
        "openmp",
    ),
    "A57-preloads-itself": Cheat(early(PRELOAD), "honest", BEFORE),
    "A57-macros": Cheat(
        f"#define fequal(a, b, c) 1\n#define memcmp(a, b, n) 0\n{RIGHT}", "honest", "gives fequal another meaning", quick=True
    ),
    "A57-types-by-macros": Cheat(f"#define double float\n{RIGHT}", "honest", "gives double another meaning"),
    # A58: tampers with the driver
    "A58-overwrites-the-driver": Cheat(
        f"#include <string.h>\nextern int main(int, char **);\n{HEAD}static int k; if (!k++) {{ char *page = (char *)main; page[0] = (char)0xc3; }}\n}}\n",
        "honest",
        "refers to main of the harness",
    ),
    "A58-jumps-out": Cheat(
        f"{HEAD}void **frame = __builtin_frame_address(0); frame[1] = (char *)frame[1] + 64;\n}}\n",
        "honest",
        "looks at the stack of who calls it",
    ),
    "A58-assembly": Cheat(
        f'{HEAD}__asm__ volatile("mov $60, %eax\\n xor %edi, %edi\\n syscall");\n}}\n', "honest", "holds inline assembly"
    ),
    "A58-patches-code": Cheat(
        f"#include <sys/mman.h>\n{HEAD}mprotect((void *)((unsigned long)__builtin_return_address(0) & ~4095ul), 4096, 7);\n{LOOP}}}\n",
        "honest",
        "looks at the stack of who calls it",
    ),
    # NaN, sizes, memory
    "A60-not-a-number": Cheat(f"{HEAD}for (int i = 0; i < n; i++) y[i] = 0.0 / 0.0;\n}}\n", "correct", "is nan instead of", quick=True),
    "A60-infinity": Cheat(f"{HEAD}for (int i = 0; i < n; i++) y[i] = 1.0 / 0.0;\n}}\n", "correct", "is inf instead of"),
    "A65-right-for-small": Cheat(f"{HEAD}if (n <= 1024) {LOOP}}}\n", "correct", "(n=4096", quick=True),
    "A65-right-for-positive": Cheat(
        f"{HEAD}for (int i = 0; i < n; i++) y[i] += a * (x[i] < 0 ? -x[i] : x[i]);\n}}\n", "correct", "elements wrong"
    ),
    "A65-right-for-multiples-of-four": Cheat(
        f"{HEAD}for (int i = 0; i + 3 < n; i += 4) for (int k = i; k < i + 4; k++) y[k] += a * x[k];\n}}\n", "correct", "(n=1,"
    ),
    "A62-remembers-pointers": Cheat(
        f"{HEAD}static const double *last; if (last == x) return; last = x;\n{LOOP}static int k; if (k++ > 2) last = x;\nif (k > 3) y[0] = last[0];\n}}\n",
        "correct",
        "elements wrong",
    ),
    "A62-remembers-results": Cheat(
        f"#include <string.h>\n{HEAD}static double kept[1 << 17]; static int has;\nif (has && n <= has) {{ memcpy(y, kept, n * sizeof *y); return; }}\n"
        f"{LOOP}if (n <= 1 << 17) {{ memcpy(kept, y, n * sizeof *y); has = n; }}\n}}\n",
        "correct",
        "elements wrong",
        quick=True,
    ),
    "A60-returns-old-memory": Cheat(
        f"#include <stdlib.h>\n#include <string.h>\n{HEAD}double *old = malloc(n * sizeof *y + 8); memcpy(y, old, n * sizeof *y); free(old);\n}}\n",
        "correct",
        "elements wrong",
        quick=True,
    ),
    "A59-changes-an-input": Cheat(
        f"{HEAD}{LOOP}if (n) ((double *)x)[n - 1] += 1;\n}}\n", "correct", "wrote to the input x, which is const", quick=True
    ),
    "A59-unlocks-and-changes-an-input": Cheat(
        f"#include <stdint.h>\n#include <sys/mman.h>\n{HEAD}mprotect((void *)((uintptr_t)x & ~4095UL), n * 8 + 8192, PROT_READ | PROT_WRITE);\n{LOOP}"
        "if (n) ((double *)x)[n - 1] += 1;\n}\n",
        "honest",
        "maps or protects memory (mprotect)",
    ),
    "A59-past-the-end": Cheat(f"{HEAD}{LOOP}y[n] = 0;\n}}\n", "correct", "reached outside an array"),
    "A59-before-the-beginning": Cheat(f"{HEAD}{LOOP}y[-1] = 0;\n}}\n", "correct", "outside an array"),
    "reads-past-the-end": Cheat(f"{HEAD}{LOOP}if (x[n] == 4711) y[0] = 0;\n}}\n", "correct", "reached outside an array", quick=True),
    # other threads and processes, files, the network
    "A61-works-on-in-the-background": Cheat(LATER, "honest", "starts threads beside those of its model (pthread_create)", quick=True),
    "forks": Cheat(
        f"#include <unistd.h>\n{HEAD}if (fork() == 0) for (;;) fork();\n{LOOP}}}\n", "honest", "starts processes (fork)", quick=True
    ),
    "runs-a-shell": Cheat(f'#include <stdlib.h>\n{HEAD}system("cat /proc/*/environ");\n{LOOP}}}\n', "honest", "starts processes (system)"),
    "downloads": Cheat(
        f"#include <sys/socket.h>\n{HEAD}int s = socket(AF_INET, SOCK_STREAM, 0); recv(s, y, 8 * n, 0);\n{LOOP}}}\n",
        "honest",
        "talks over sockets (recv)",
        quick=True,
    ),
    "spoils-a-cache": Cheat(
        f'#include <stdio.h>\n{HEAD}FILE *f = fopen("/tmp/torch_extensions", "w"); if (f) fclose(f);\n{LOOP}}}\n',
        "honest",
        "opens or moves files (fopen)",
        quick=True,
    ),
    "loads-a-library": Cheat(
        f'#include <dlfcn.h>\n{HEAD}void *l = dlopen("libblas.so.3", RTLD_NOW); if (l) dlsym(l, "cblas_daxpy");\n{LOOP}}}\n',
        "honest",
        "loads code at run time (dlopen)",
        quick=True,
    ),
    "weak-library": Cheat(
        f"extern void cblas_daxpy(int, double, const double *, int, double *, int) __attribute__((weak));\n{HEAD}if (cblas_daxpy) cblas_daxpy(n, a, x, 1, y, 1); else\n{LOOP}}}\n",
        "honest",
        "makes symbols stand for others (attribute weak)",
    ),
    "asks-the-environment": Cheat(
        f'#include <stdlib.h>\n{HEAD}if (!getenv("TSAN_OPTIONS"))\n{LOOP}}}\n', "honest", "the environment (getenv)"
    ),
    # precision
    "single-precision": Cheat(
        f"{HEAD}for (int i = 0; i < n; i++) y[i] = (float)a * (float)x[i] + (float)y[i];\n}}\n", "correct", "elements wrong", quick=True
    ),
    "fast-math-by-a-pragma": Cheat(f'#pragma GCC optimize("Ofast")\n{RIGHT}', "honest", "changes how code is optimised", quick=True),
    "fast-math-by-an-attribute": Cheat(
        f'__attribute__((optimize("fast-math"))) {RIGHT}', "honest", "changes how single functions are optimised"
    ),
    # constants
    "does-nothing": Cheat(f"{HEAD}}}\n", "correct", "elements wrong", quick=True),
    "copies-an-input": Cheat(WRONG, "correct", "elements wrong"),
    "zeros": Cheat(f"{HEAD}for (int i = 0; i < n; i++) y[i] = 0;\n}}\n", "correct", "elements wrong"),
    # races
    "A65-race-that-loses": Cheat(
        f"{HEAD}double s = 0;\n#pragma omp parallel for\nfor (int i = 0; i < n; i++) {{ s = a * x[i]; y[i] += s; }}\n}}\n",
        "race-free",
        "data race",
        "openmp",
        quick=True,
    ),
    "A65-race-under-a-dynamic-schedule": Cheat(
        f"{HEAD}int found = 0;\n#pragma omp parallel for schedule(dynamic)\n"
        "for (int i = 0; i < n; i++) { y[i] += a * x[i]; if (x[i] > 0) found = 1; }\nif (found > 1) y[0] = 0;\n}\n",
        "race-free",
        "data race",
        "openmp",
    ),
    "A65-race-on-a-device": Cheat(
        f"{HEAD}double s = 0;\n#pragma omp target teams distribute parallel for map(tofrom : y[0:n], s) map(to : x[0:n])\n"
        "for (int i = 0; i < n; i++) { s = a * x[i]; y[i] += a * x[i]; }\nif (s == 4711) y[0] = 0;\n}\n",
        "race-free",
        "data race",
        "offload",
    ),
    "A65-race-without-the-sanitizer": Cheat(
        f"{CLEAN_FOR_CLANG}#ifdef CLEAN\n{HEAD}#pragma omp parallel for\n{LOOP}}}\n#else\n{HEAD}{HIDDEN_RACE}}}\n#endif\n",
        "race-free",
        "the race detector would see other code than the judge",
        "openmp",
        quick=True,
    ),
    "A65-race-behind-a-macro": Cheat(
        f"{CLEAN_FOR_CLANG}#ifdef CLEAN\n#define NOTE(i)\n#else\n#define NOTE(i) shared = i\n#endif\nstatic int shared;\n"
        f"{HEAD}#pragma omp parallel for\nfor (int i = 0; i < n; i++) {{ NOTE(i); y[i] += a * x[i]; }}\n(void)shared;\n}}\n",
        "race-free",
        "the race detector would see other code than the judge",
        "openmp",
    ),
    "A65-race-hidden-by-an-attribute": Cheat(
        f'__attribute__((no_sanitize("thread")))\n{HEAD}{HIDDEN_RACE}}}\n',
        "honest",
        "hides code from the sanitizers (attribute no_sanitize)",
        "openmp",
    ),
    "A65-race-hidden-from-clang-alone": Cheat(
        f'#ifdef __clang__\n__attribute__((no_sanitize("thread")))\n#endif\n{HEAD}{HIDDEN_RACE}}}\n',
        "race-free",
        "the race detector would see other code than the judge",
        "openmp",
    ),
    "A65-wrong-for-three-threads": Cheat(
        f"#include <omp.h>\n{HEAD}#pragma omp parallel\n{{ int bad = omp_get_num_threads() == 3;\n#pragma omp for\n"
        "for (int i = 0; i < n; i++) y[i] += bad ? 0 : a * x[i]; }\n}\n",
        "correct",
        "3 threads",
        "openmp",
    ),
    # out of every figure, or out of a check, by what isn't offered here
    "does-not-build-for-the-race-detector": Cheat(
        f"#ifdef __clang__\n#error cannot compile this thing yet\n#endif\n{HEAD}{HIDDEN_RACE}}}\n",
        "race-free",
        "doesn't build for the race detector",
        "openmp",
        quick=True,
    ),
    "holds-what-the-race-detector-lacks": Cheat(
        f"{HEAD}{HIDDEN_RACE}\n#pragma omp parallel for ordered(1)\nfor (int i = 1; i < 2; i++) {{\n#pragma omp ordered depend(sink: i - 1)\n(void)i;\n"
        "#pragma omp ordered depend(source)\n}\n}\n",
        "race-free",
        "doesn't build for the race detector: the check race would take",
        "openmp",
    ),
    "names-what-is-not-emulated": Cheat(
        f"#include <cub/cub.cuh>\n{CUDA_WRONG}", "build", "the library of <cub/cub.cuh>", "cuda", language="cpp", quick=True
    ),
    "speaks-for-the-emulation": Cheat(
        f'_Pragma("GCC error \\"not emulated: anything\\"")\n{CUDA_WRONG}', "build", "anything", "cuda", language="cpp"
    ),
    # more than what is given
    "spawns-ranks": Cheat(
        f"#include <mpi.h>\n{HEAD}MPI_Comm more; int r, p; MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Comm_size(MPI_COMM_WORLD, &p);\n"
        'if (n < 0) MPI_Comm_spawn("./program", MPI_ARGV_NULL, 4, MPI_INFO_NULL, 0, MPI_COMM_SELF, &more, MPI_ERRCODES_IGNORE);\n'
        f"if (r == 0)\n{LOOP}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);\n}}\n",
        "honest",
        "starts processes (MPI_Comm_spawn)",
        "mpi",
    ),
    "more-threads-than-given": Cheat(
        f"#include <omp.h>\n{HEAD}omp_set_num_threads(64);\n#pragma omp parallel for\n{LOOP}}}\n",
        "parallel",
        "asks for 64 threads",
        "openmp",
        quick=True,
    ),
    "claims-the-processor": Cheat(
        f"#define _GNU_SOURCE\n#include <sched.h>\n{HEAD}cpu_set_t all; CPU_ZERO(&all); CPU_SET(0, &all); sched_setaffinity(0, sizeof all, &all);\n{LOOP}}}\n",
        "honest",
        "changes what the harness gave it to run on (sched_setaffinity)",
    ),
}
slow = pytest.mark.slow


@pytest.mark.parametrize("cheat", [pytest.param(c, id=name, marks=() if c.quick else slow) for name, c in CHEATS.items()])
def test_a_cheat_is_refused_for_its_own_reason(cheat, needs, monkeypatch):
    """It does not pass, and the check that is there for it says why."""
    needs(cheat.model)
    monkeypatch.setattr(kernel_judge, "_RUN_LIMITS", Limits(wall_seconds=20.0 if "mpi" in cheat.model else 4.0))
    found = kernel_judge.judge(TASKS[f"kernels/axpy/{cheat.model}/{cheat.language}"], cheat.code, SEED)
    assert found.verdict not in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED), "it is in no figure then"
    assert not found.passed, found.checks
    assert found.checks[cheat.check].startswith("fail: "), found.checks
    assert cheat.why in found.checks[cheat.check]


@pytest.mark.usefixtures("compiles")
def test_answers_to_other_inputs_are_refused():
    """Expected values of another seed, written into the answer, are wrong: the seed of a judgement is drawn when it begins."""
    kernel = TASKS["kernels/axpy/serial/c"].kernel
    assert kernel is not None
    cases = ""
    for call, expected in ((c, kernel.oracle(c)) for c in kernel.calls(1)):
        n, values = call[0], ", ".join(repr(float(v)) for v in expected[0].values[:64])
        cases += (
            f"if (n == {n}) {{ static const double k[] = {{{values or 0}}}; for (int i = 0; i < n && i < 64; i++) y[i] = k[i]; return; }}\n"
        )
    found = kernel_judge.judge(TASKS["kernels/axpy/serial/c"], f"{HEAD}{cases}}}\n", 2)
    assert "elements wrong" in found.checks["correct"], found.checks
