"""What no answer may contain is found in its text and its symbols, and nothing else is."""

import pytest

from hpcraft.eval.forbidden import Symbols, check
from hpcraft.eval.forbidden_start import before_calls
from hpcraft.eval.suites import kernel_tasks

HEAD = "void axpy(int n, double a, const double *x, double *y) {\n"
RIGHT = f"{HEAD}for (int i = 0; i < n; i++) y[i] += a * x[i];\n}}\n"


def found(code, model="serial", language="c", symbols=None, seen=""):
    """The check for an answer to axpy."""
    return check(model, language, code, entry="axpy", seen=seen, symbols=symbols)


@pytest.mark.parametrize("task", kernel_tasks(), ids=lambda t: t.task_id)
def test_references_are_honest(task):
    """Nothing in any reference is forbidden."""
    assert check(task.model, task.language, task.reference, entry=task.kernel.name) == "pass"


TEXTS = {
    "constructor": (f"__attribute__((constructor)) static void f(void) {{}}\n{RIGHT}", "attribute constructor"),
    "constructor-spelt-otherwise": (f"static void __attribute((__constructor__(101))) f(void) {{}}\n{RIGHT}", "attribute constructor"),
    "destructor-in-brackets": (f"[[gnu::destructor]] static void f(void) {{}}\n{RIGHT}", "attribute destructor"),
    "no-sanitize": (f'__attribute__((noinline, no_sanitize("thread"))) {RIGHT}', "hides code from the sanitizers"),
    "no-sanitize-thread": (f"[[gnu::no_sanitize_thread]] {RIGHT}", "hides code from the sanitizers"),
    "behind-another-attribute": (f"[[maybe_unused, gnu::no_sanitize_thread]] {RIGHT}", "hides code from the sanitizers"),
    "constructor-behind-another": (
        f"[[maybe_unused, gnu::aligned(sizeof(int[2])), gnu::constructor]] static void f(void) {{}}\n{RIGHT}",
        "attribute constructor",
    ),
    "section-behind-another": (f'[[nodiscard, gnu::section("x")]] int f(void);\n{RIGHT}', "a section of its own"),
    "weak-in-brackets-apart": (f'[ [ nodiscard("why"), __gnu__::__weak__ ] ] int f(void);\n{RIGHT}', "makes symbols stand for others"),
    "attribute-with-digraphs": (f"<:<:maybe_unused, gnu::weak:>:> int f(void);\n{RIGHT}", "makes symbols stand for others"),
    "attribute-behind-a-bracket-as-a-character": (
        f"[[gnu::foo(')'), gnu::constructor]] static void f(void) {{}}\n{RIGHT}",
        "attribute constructor",
    ),
    "disabled-instrumentation": (f"__attribute__((disable_sanitizer_instrumentation)) {RIGHT}", "hides code from the sanitizers"),
    "attribute-by-a-pragma": (
        f'#pragma clang attribute push(__attribute__((no_sanitize("thread"))), apply_to = function)\n{RIGHT}',
        "gives attributes by a pragma",
    ),
    "optimised-alone": (f'__attribute__((optimize("Ofast"))) {RIGHT}', "changes how single functions are optimised"),
    "optimised-by-a-pragma": (f'#pragma GCC optimize ("fast-math")\n{RIGHT}', "changes how code is optimised"),
    "optimised-by-an-operator": (f'_Pragma("GCC optimize(\\"Ofast\\")")\n{RIGHT}', "changes how code is optimised"),
    "section": (f'__attribute__((section(".preinit_array"))) static void (*f)(void);\n{RIGHT}', "a section of its own"),
    "alias": (f'extern int other(void) __attribute__((weak, alias("axpy")));\n{RIGHT}', "makes symbols stand for others"),
    "ifunc": (
        f'void *pick(void) {{ return 0; }}\nvoid other(void) __attribute__((ifunc("pick")));\n{RIGHT}',
        "makes symbols stand for others",
    ),
    "weak-by-a-pragma": (f"#pragma weak memcmp\n{RIGHT}", "makes symbols stand for others"),
    "assembly": (f'{HEAD}asm volatile("syscall");\n}}\n', "inline assembly"),
    "assembler-name": (f'extern int other(void) __asm__("main");\n{RIGHT}', "inline assembly"),
    "frame": (f"{HEAD}*(void **)__builtin_frame_address(0) = 0;\n}}\n", "the stack of who calls it"),
    "absolute-include": (f'#include "/etc/passwd"\n{RIGHT}', "includes a file by its path"),
    "include-of-a-parent": (f"#include <../include/../secret.h>\n{RIGHT}", "includes a file by its path"),
    "computed-include": (f'#define H "/etc/passwd"\n#include H\n{RIGHT}', "includes what can't be read"),
    "next-include": (f"#include_next <omp.h>\n{RIGHT}", "includes what can't be read"),
    "include-of-the-driver": (f'#include "driver.c"\n{RIGHT}', "includes a source"),
    "include-with-a-digraph": (f'%:include "/etc/passwd"\n{RIGHT}', "includes a file by its path"),
    "include-over-two-lines": (f'#inc\\\nlude "/etc/passwd"\n{RIGHT}', "includes a file by its path"),
    "own-device-header": (f"#include <candidate.cuh>\n{RIGHT}", "includes a source"),
    "line-numbers": (f'#line 1 "/usr/include/stdio.h"\n{RIGHT}', "renames its lines"),
    "line-marker": (f'# 1 "/usr/include/stdio.h" 3\n{RIGHT}', "renames its lines"),
    "keyword": (f"#define double float\n{RIGHT}", "gives double another meaning"),
    "constant-of-the-compiler": (f"#undef _OPENMP\n{RIGHT}", "gives _OPENMP another meaning"),
    "clock": (f"#define omp_get_wtime() 0.0\n{RIGHT}", "gives omp_get_wtime another meaning"),
    "hidden-from-readers": (f"#pragma GCC system_header\n{RIGHT}", "hides code"),
    "asks-for-the-vendor": (
        f"#pragma omp metadirective when(implementation={{vendor(llvm)}} : parallel for) default(nothing)\n{RIGHT}",
        "tells compilers apart",
    ),
}


@pytest.mark.parametrize(("code", "why"), TEXTS.values(), ids=TEXTS.keys())
def test_tricks_are_found_in_the_text(code, why):
    """Each is refused with words for what it is."""
    assert found(code).startswith("fail: ")
    assert why in found(code)


def test_what_only_the_preprocessor_shows_is_found():
    """An attribute that macros are pasted into shows after the preprocessor."""
    code = f"#define GLUE(a, b) a##b\n__attribute__((GLUE(const, ructor))) static void f(void) {{}}\n{RIGHT}"
    assert found(code) == "pass"
    assert "constructor" in found(code, seen=f"__attribute__((constructor)) static void f(void) {{}}\n{RIGHT}")


HONEST = {
    "comment": f'/* asm("x"); __attribute__((constructor)) #define double float */\n// #include "/etc/passwd"\n{RIGHT}',
    "string": f'const char *const note = "__attribute__((weak)) asm fork()";\n{RIGHT}',
    "hints": f'__attribute__((hot, always_inline, target_clones("avx2", "default"))) static inline int f(int i) {{ return i; }}\n{RIGHT}',
    "alignment": f"static double table[4] __attribute__((aligned(64), may_alias)) = {{1, 2}};\n{RIGHT}",
    "restrict": f"#define restrict __restrict__\n#define INLINE static inline __attribute__((always_inline))\n{RIGHT}",
    "pragmas": f'#pragma once\n#pragma GCC diagnostic ignored "-Wall"\n#pragma STDC FP_CONTRACT ON\n#pragma omp declare simd\n{RIGHT}',
    "unroll": f"{HEAD}#pragma GCC ivdep\n#pragma GCC unroll 4\n for (int i = 0; i < n; i++) y[i] += a * x[i];\n}}\n",
    "intrinsics": f'#include <immintrin.h>\n#include "math.h"\n{HEAD}if (__builtin_expect(n > 0, 1)) _mm_pause();\n}}\n',
    "brackets": f"[[nodiscard]] static int g(void) {{ return 1; }}\n{HEAD}int t[2] = {{0, 1}}; y[t[t[0]]] = a;\n}}\n",
    "attributes": f"[[maybe_unused, nodiscard]] static int f(int weak) {{ [[assume(weak > 0)]]; return weak; }}\n{RIGHT}",
    "cub": f"#include <cub/cub.cuh>\n#include <cub/block/block_reduce.cuh>\n{RIGHT}",
    "complaints": f"#ifndef _OPENMP\n#error _OPENMP is not defined\n#else _OPENMP\n#endif\n{RIGHT}",
    "conditionals": f"#define GCC (__GNUC__ * 100)\n#if GCC > 400 || defined(__clang__)\n#define R __restrict__\n#endif\n{RIGHT}",
    "names": f"static int weak, section, alias, constructor;\nvoid optimize(void) {{ weak = section = alias = constructor; }}\n{RIGHT}",
}


@pytest.mark.parametrize("code", HONEST.values(), ids=HONEST.keys())
def test_honest_code_is_left_alone(code):
    """Comments, strings, hints, qualifiers, intrinsics, names."""
    assert found(code) == found(code, "openmp") == "pass"


def test_assembly_is_the_devices_business():
    """In device code it can't reach the harness; in host code it can."""
    device = '__device__ int lane() { int l; asm("mov.u32 %0, %laneid;" : "=r"(l)); return l; }\n'
    assert found(device + RIGHT, "cuda", "cpp") == "pass"
    assert "assembly" in found(f'{device}{HEAD}asm("syscall");\n}}\n', "cuda", "cpp")


def symbols(*undefined, **defined):
    """What the linker sees of an answer beside a harness."""
    return Symbols(undefined=undefined, defined=defined, harness_undefined={"axpy", "munlock", "memcmp"}, harness_defined={"main", "arena"})


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fork", "starts processes"),
        ("mpi_comm_spawn_", "starts processes"),
        ("_gfortran_execute_command_line_i4", "starts processes"),
        ("_Exit", "leaves without the harness"),
        ("pthread_create", "starts threads"),
        ("_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE", "starts threads"),
        ("dlsym", "loads code"),
        ("socket", "talks over sockets"),
        ("ptrace", "looks into processes"),
        ("mprotect", "maps or protects memory"),
        ("_ZNSt14basic_ifstreamIcSt11char_traitsIcEEC1EPKcSt13_Ios_Openmode", "opens or moves files"),
        ("_gfortran_st_open", "opens or moves files"),
        ("MPI_File_open", "opens or moves files"),
        ("__tsan_func_entry", "talks to the sanitizers"),
        ("cublasDgemm_v2", "calls a library"),
        ("siglongjmp", "jumps out of calls"),
        ("__open64_2", "opens or moves files"),
        ("__read_chk", "opens or moves files"),
        ("__libc_fork", "starts processes"),
        ("_IO_popen", "starts processes"),
        ("_IO_file_open", "opens or moves files"),
        ("fcntl64", "opens or moves files"),
        ("__open_nocancel", "opens or moves files"),
        ("arena", "refers to arena of the harness"),
    ],
)
def test_symbols_that_no_kernel_needs(name, why):
    """Calls beyond computing are refused, and so is whatever the harness defines."""
    assert why in found(RIGHT, symbols=symbols(name, axpy="T"))


@pytest.mark.parametrize(
    "name",
    [
        "malloc",
        "exit",
        "abort",
        "printf",
        "sqrt",
        "memcpy",
        "omp_get_wtime",
        "MPI_Wtime",
        "GOMP_parallel",
        "_ZSt4cout",
        "__assert_fail",
        "clock_gettime",
        "_gfortran_st_write",
        "MPI_Abort",
        "_ZSt9terminatev",
        "__cxa_throw",
        "qsort",
        "pthread_mutex_lock",
        "__printf_chk",
        "__errno_location",
        "_gfortran_exit_i4",
    ],
)
def test_symbols_that_kernels_use(name):
    """Allocating, printing, measuring, giving up."""
    assert found(RIGHT, symbols=symbols(name, axpy="T")) == "pass"


@pytest.mark.parametrize(
    "name",
    [
        "memcmp",
        "main",
        "munlock",
        "omp_get_wtime",
        "GOMP_barrier",
        "MPI_Wtime",
        "mpi_wtime_",
        "clock_gettime",
        "malloc",
        "_Znwm",
        "cudaMemcpy",
        "cudaEventElapsedTime",
        "__tsan_read8",
        "ompt_start_tool",
        "pthread_create",
        "hpcraft_call",
    ],
)
def test_names_of_others_may_not_be_defined(name):
    """What the harness calls, and what runtimes and the C library have."""
    assert f"defines {name}" in found(RIGHT, symbols=symbols(axpy="T", **{name: "T"}))


@pytest.mark.parametrize(
    "name",
    [
        "helper",
        "dot",
        "omp_axpy",
        "omp_inner",
        "mpi_axpy",
        "cuda_axpy",
        "acc_loop",
        "kmp_search",
        "index",
        "table",
        "row_of_",
        "__parts_MOD_share",
        "_Z3dotiPKdS0_",
    ],
)
def test_own_names_are_free(name):
    """Helpers and tables of any other name, external ones too."""
    assert found(RIGHT, symbols=symbols(axpy="T", **{name: "T"})) == "pass"


def test_what_headers_of_cuda_ask_for_is_theirs():
    """Thrust's headers look for a profiler; an answer that does so itself is refused."""
    assert found(RIGHT, "cuda", "cpp", symbols("dlopen", "atexit", axpy="T")) == "pass"
    assert "loads code" in found(f'{HEAD}dlopen("a", 1);\n}}\n', "cuda", "cpp", symbols("dlopen", axpy="T"))
    assert "loads code" in found(RIGHT, "openmp", "cpp", symbols("dlopen", axpy="T"))


def test_weak_and_chosen_definitions_are_refused():
    """But for templates, and for what `target_clones` makes."""
    assert "weakly" in found(RIGHT, symbols=symbols(axpy="W"))
    assert "weakly" in found(f"void other(void);\n{RIGHT}", symbols=symbols(axpy="T", other="W"))
    assert found(RIGHT, symbols=symbols(axpy="T", InitializeInjectionNvtx2_fnptr="W")) == "pass"
    assert found(RIGHT, symbols=symbols(axpy="T", _ZSt3maxIdERKT_S2_S2_="W")) == "pass"
    assert "when it is loaded" in found(RIGHT, symbols=symbols(axpy="T", other="i"))
    assert found(HONEST["hints"], symbols=symbols(axpy="T", other="i")) == "pass"


def test_fortran_has_its_own_ways():
    """Includes by path and attributes; a directive for vectors is none of them."""
    assert "by its path" in found("subroutine axpy()\n  include '/etc/passwd'\nend subroutine\n", language="fortran")
    assert "stand for others" in found("subroutine axpy()\n!GCC$ ATTRIBUTES weak :: axpy\nend subroutine\n", language="fortran")
    assert found("subroutine axpy()\n!GCC$ ivdep\n! include '/etc/passwd'\nend subroutine\n", language="fortran") == "pass"


@pytest.mark.parametrize("name", ["threadIdx", "blockDim", "dim3", "cudaMalloc", "cudaMemcpy", "__global__", "__syncthreads", "atomicAdd"])
def test_names_of_cuda_keep_their_meaning(name):
    """In CUDA alone; helpers of other names are nobody's business."""
    assert f"gives {name} another meaning" in found(f"#define {name} other\n{RIGHT}", "cuda", "cpp")
    assert f"gives {name} another meaning" in found(f"{RIGHT}#undef {name}\n", "cuda", "cpp")
    assert found(f"#define {name} other\n{RIGHT}", "openmp", "cpp") == "pass"
    assert found(f"#define BLOCK_SIZE 16\n#define cudaCheck(e) (e)\n{RIGHT}", "cuda", "cpp") == "pass"


STARTS = [
    "static int ready = work();",
    "int a = 1, b = work();",
    "struct S { S() { f(); } } s;",
    "struct S { S() { f(); } };\nS s;",
    "struct S { ~S() { f(); } }; static S all[3];",
    "struct S { S(); }; struct T { S s; }; T t;",
    "namespace { int x = work(); }",
    "auto x = [] { return f(); }();",
    "__device__ int x = (work(), 0);",
    "int *p = new int[3];",
    "struct S { static inline int x = work(); };",
    "struct S { int x = work(); }; S s;",
    "template <class T> struct S { S() { f(); } }; S<int> s;",
    "struct B { B() { f(); } }; struct D : B {}; D d;",
    'extern "C" { int x = work(); }',
]
STILL = [
    "static const int WIDTH = 32;",
    "const float PI = acosf(-1.0f);",
    "__constant__ float t[3] = {1, 2, 3};",
    "constexpr int f() { return 3; } constexpr int x = f();",
    "struct P { float x, y; }; __device__ P p;",
    "__global__ void k(int *x) { int y = f(); S s; }",
    "dim3 block(16, 16);",
    "void f(int), g(int *);",
    "float (*op)(float) = sinf;",
    "struct P { P() { f(); } }; __global__ void k() { P p; }",
    "extern int table[];",
    "struct P { __device__ P(float a) : x(a) {} float x; }; P *none;",
    "typedef struct { int x; } pair_t;",
    "int big = 1 << 20;",
    "const double e = std::exp(1.0);",
    "__shared__ int x[3];",
    "#define N 3\nstatic int v[N];",
    "float inf = std::numeric_limits<float>::infinity();",
    "texture<float, 1> t;",
    "static __device__ __forceinline__ float f(float a) { return g(a); }",
    "enum { A = 3, B };",
    "int f(int a = 3);",
    "using namespace std;\nvector<int> v;",
    "unsigned char table[256] = {0};",
]


@pytest.mark.parametrize("code", STARTS)
def test_variables_whose_initialiser_runs_code_are_found(code):
    """Calls, allocations, lambdas, constructors and destructors, wherever outside of a function they stand."""
    assert before_calls(code)


@pytest.mark.parametrize("code", STILL)
def test_constants_and_prototypes_run_nothing(code):
    """Numbers, functions of <cmath>, CUDA's vectors, constant expressions, what is made inside functions."""
    assert not before_calls(code)


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("if (index(compiler_version(), 'GCC') > 0) y = 1", True),
        ("t = 1; t = len(compiler_options())", True),
        ("if (c == 'x') k = len(compiler_version())", True),
        ("k = len(compiler_&\n  &version())", True),
        ("! compiler_options() says nothing here", False),
        ("x = y ! note; see compiler_options", False),
        ("print *, 'a; compiler_version'", False),
        ("compiler = 1  ! not compiler_version()", False),
    ],
)
def test_fortran_may_not_ask_for_its_compiler(line, refused):
    """Two compilers build an answer: one judges it, the other looks for races."""
    result = found(f"subroutine axpy(n, y) bind(c)\n{line}\nend subroutine\n", "openmp", "fortran")
    assert ("tells compilers apart" in result) is refused
