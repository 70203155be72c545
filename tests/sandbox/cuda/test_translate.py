"""The translator changes what C++ can't read and nothing else, keeps every line, and names what can't be emulated."""

from __future__ import annotations

import pytest

from hpcraft.sandbox.cuda.lexer import tokens
from hpcraft.sandbox.cuda.refusals import told
from hpcraft.sandbox.cuda.translate import Unsupported, known_elsewhere, synonyms, translate


def _text(source: str) -> str:
    result = translate(source)
    assert isinstance(result, str), result
    assert result.count("\n") == source.count("\n")
    return result


@pytest.mark.parametrize(
    "text",
    [
        "int a = 1'000'000; // it's\n",
        '#define X "a\\"b" /* \n */ \\\n  y\nR"x(<<< )" \' >>>)x" k',
        "#if 0\nit's not closed\n#endif\nint b;",
        "'\n\"open\n\\\n/* never closed",
        "\u00e9\u4e2d \x00 @ ` $a",
    ],
)
def test_tokens_joined_are_the_text(text):
    """Nothing between the tokens is lost, in any text."""
    assert "".join(token.text for token in tokens(text)) == text


def test_text_without_cuda_stays_as_it_is():
    """C++ alone passes through, byte by byte."""
    source = "#include <vector>\ntemplate <class T> T f(std::vector<std::vector<T>> x) { return x[0][0] << 3 >> 1; } // __shared\n"
    assert _text(source) == source


@pytest.mark.parametrize(
    ("launch", "call", "values"),
    [
        ("k<<<1, 2>>>(a, b);", "k(hpcraft_0, hpcraft_1)", "a, b"),
        ("k <<< g , b , 0 , s >>> ( a , 0 ) ;", "k(hpcraft_0, 0)", "a"),
        ("k<int, N><<<g, b>>>(NULL, p);", "k<int, N>(NULL, hpcraft_1)", "p"),
        ("ns::k<T><<<g, dim3(n >> 2, 1)>>>(f(a, b), -1);", "ns::k<T>(hpcraft_0, -1)", "f(a, b)"),
        ("table[i]<<<1, 1>>>(x);", "table[i](hpcraft_0)", "x"),
        ("this->run<<<1, 1>>>(x);", "this->run(hpcraft_0)", "x"),
        ("k<<<1, 1>>>(rest...);", "k(hpcraft_all...)", "rest..."),
    ],
)
def test_launches_become_calls(launch, call, values):
    """The kernel is named once, literals stay inside, and everything else is evaluated by the host."""
    text = _text(f"void f() {{ {launch} }}")
    assert call in text.replace(" ,", ",")
    after = text.partition("; }")[2].replace(" ", "")
    assert after.startswith(f",{values.replace(' ', '')}")
    assert "<<<" not in text


def test_a_launch_over_several_lines_keeps_them():
    """What stands on later lines of a launch stays there, so that diagnostics name the right line."""
    text = _text("void f() {\n  k<int,\n    3><<<g,\n    b>>>(x,\n    y);\n  int after;\n}\n")
    assert text.splitlines()[5] == "  int after;"


def test_a_launch_in_a_macro_names_its_kernel_by_the_argument():
    """The body of a macro is translated, over its continued lines as well."""
    text = _text("#define RUN(k, n, ...) k<<<n, \\\n  256>>>(__VA_ARGS__)\nvoid f() { RUN(g, 1, 2); }\n")
    assert "{#k, __FILE__, __LINE__}" in text
    assert "k(hpcraft_all...)" in text


def test_shared_variables_keep_their_declarators():
    """Arrays, scalars, pointers and alignment of one declaration each get their own storage."""
    text = _text("__global__ void k() { __shared__ __align__(16) float a[4][5], *p, x; x = a[0][0]; }")
    assert "float hpcraft_t_a[4][5], *hpcraft_t_p, hpcraft_t_x;" in text
    assert 'hpcraft_t_a &a = ::hpcraft_cuda::shared<hpcraft_t_a, struct hpcraft_s_a, (16)>("a", __FILE__, __LINE__);' in text
    assert "__shared__" not in text


def test_dynamic_shared_memory_of_a_file_is_known_where_it_is_used():
    """A declaration outside of functions reaches those that name it, and no others."""
    text = _text(
        "extern __shared__ int s[];\n__global__ void k() { s[0] = 1; }\n__global__ void l(int s) { s = 1; }\nint main() { int s; }\n"
    )
    lines = text.splitlines()
    assert "dynamic_shared" in lines[1]
    assert "dynamic_shared" not in lines[0] + lines[2] + lines[3]


def test_macros_stand_for_qualifiers():
    """A program's own name for ``__shared__`` is one."""
    text = _text("#define SHARED __shared__\n__global__ void k() { SHARED float a[2]; a[0] = 1; }\n")
    assert "typedef  float hpcraft_t_a[2];" in text
    assert synonyms(["#define HD __host__ __device__\n#define F(x) __device__\n"]) == {"HD": ("__host__", "__device__")}


def test_returns_of_device_code_are_told():
    """Those without a value, on their line, and none of the host's."""
    text = _text("__global__ void k(int n) {\n if (n) return;\n else n = 1;\n}\nvoid f() { return; }\n__device__ int g() { return 1; }\n")
    assert text.splitlines()[1] == " if (n) { ::hpcraft_cuda::leave(); return; }"
    assert text.count("leave()") == 1


@pytest.mark.parametrize(
    ("loop", "pauses"),
    [
        ("while (*flag == 0);", True),
        ("while (atomicAdd(p, 0) == 0) {}", True),
        ("do v = flag[i]; while (v == 0);", True),
        ("do { v = *(volatile int *)p; } while (v == 0);", True),
        ("while (v == 0) { v = flag[1]; }", True),
        ("for (; *flag == 0;);", True),
        ("while (i < n) { s += p[i]; i += 32; }", False),
        ("for (int i = 0; i < n; ++i) s += p[i];", False),
        ("do { i += p[i]; } while (i < n);", False),
    ],
)
def test_loops_that_wait_give_way(loop, pauses):
    """What has no body, or reads something volatile in a short one."""
    text = _text(f"__global__ void k(volatile int *flag, int *p, int n) {{ int v = 0, i = 0, s = 0; {loop} p[n] = v + i + s; }}\n")
    assert ("::hpcraft_cuda::pause();" in text) is pauses
    assert "pause" not in _text(f"void f(volatile int *flag, int *p, int n) {{ {loop} }}\n")


def test_an_open_brace_is_left_to_the_compiler():
    """What comes after it is not taken for device code that launches."""
    assert isinstance(translate("__global__ void k(int *p) { if (p) { *p = 1; }\nint main() { k<<<1, 1>>>(nullptr); }\n"), str)


def test_variables_of_the_device_are_made_known():
    """Each variable in device or constant memory is registered with its name; functions and members are not variables."""
    text = _text(
        "__device__ int n, t[3]; __constant__ float c[2] = {1, 2};\n__device__ int f(int x) { return x; }\nstruct S { __device__ int g(); };\n"
    )
    first, *rest = text.splitlines()
    assert [f'"{name}"' in first for name in "ntc"] == [True, True, True]
    assert "Space::constant" in first
    assert not any("Symbol" in line for line in rest)


def test_the_architecture_is_known_in_device_code_only():
    """Conditions in a function of the device see 8.0, those around it see the host's side."""
    source = (
        "#ifdef __CUDA_ARCH__\n#endif\n__device__ int f() {\n#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 700\nreturn 1;\n#endif\n}\n"
    )
    lines = _text(source).splitlines()
    assert lines[0] == "#ifdef __CUDA_ARCH__"
    assert lines[3] == "#if (1) && 800 >= 700"


@pytest.mark.parametrize(
    ("source", "line", "construct"),
    [
        ('__device__ int f() {\n asm volatile("mma.sync.aligned.m16n8k8 %0, %1;" : "=r"(x) : "r"(y));\n}', 2, "inline assembly"),
        ("#include <cublas_v2.h>\n", 1, "cublas_v2.h"),
        ("#include <cstdio>\n#include <mma.h>\n", 2, "mma.h"),
        ("cudaMipmappedArray_t a;\n", 1, "mipmaps"),
        ("int main() {\n cuInit(0);\n}", 2, "driver interface"),
        ("int main() { cudaGraph_t g; }", 1, "graphs"),
        ("__global__ void __cluster_dims__(2, 1, 1) k() {}", 1, "clusters"),
        ("__host__ __device__ int f() {\n#ifdef __CUDA_ARCH__\n return 1;\n#endif\n}\n", 2, "__CUDA_ARCH__"),
    ],
)
def test_what_cannot_be_emulated_is_named(source, line, construct):
    """Each construct is refused with its name and its line."""
    result = translate(source)
    assert isinstance(result, Unsupported)
    assert construct in result.construct
    assert result.line == line


@pytest.mark.parametrize(
    "source",
    [
        'void f() { asm volatile("" ::: "memory"); }\n',
        '__device__ void f() { asm volatile("" ::: "memory"); }\n',
        "// asm in a comment, texture<float> too\nint texture = 1;\n",
        '#if 0\n__device__ void f() { asm("exit;"); }\n#endif\n',
        "struct Culled { void cuInit(); };\nvoid g(Culled c) { c.cuInit(); }\n",
    ],
)
def test_what_only_looks_like_it_is_not_refused(source):
    """Comments, dead code, fences for the compiler and names of the program's own are no constructs of CUDA."""
    assert isinstance(translate(source), str)


@pytest.mark.parametrize(
    "source",
    ["k<<<", "<<<>>>()", "k<<<1,1>>>", "__shared__", "__device__ (", "}}}{{{ <<<1>>>(", "#define k<<<1,1>>>(", ")<<<1,1>>>(a)", "#"],
)
def test_broken_text_is_left_to_the_compiler(source):
    """What is no program is translated to no program, without an exception."""
    assert isinstance(translate(source), str)


def test_launches_in_kernels_are_refused_where_no_check_can_follow():
    """They are read as any launch, but for a check."""
    source = "__global__ void k();\n__global__ void p() {\n k<<<1, 1>>>();\n}"
    result = translate(source, nested=False)
    assert isinstance(result, Unsupported)
    assert (result.line, "dynamic parallelism" in result.construct) == (3, True)
    assert "::hpcraft_cuda::launch" in _text(source)


@pytest.mark.parametrize(
    "source",
    [
        "#ifdef WITH_LIBRARY\n#include <cublas_v2.h>\n#endif\n",
        '#define LOAD(x) asm("mma.sync %0;" : "=r"(x))\n',
        "#if CUDART_VERSION > 20000\ncudaGraph_t g;\n#endif\n",
    ],
)
def test_what_the_preprocessor_decides_is_left_to_the_compiler(source):
    """Under a condition or in a macro a refusal becomes an error of the compiler's, which is found in what it says."""
    text = _text(source)
    assert "GCC error" in text
    assert text.count("\n") == source.count("\n")
    said = "./x.cu:2:19: error: not emulated: the library of <cublas_v2.h>\n"
    assert told(said) == ("x.cu", Unsupported(construct="the library of <cublas_v2.h>", line=2))
    assert told("./x.cu:2:19: error: expected ;\n") is None


def test_headers_are_refused_only_where_they_are_used():
    """A header may hold what the program never includes."""
    assert isinstance(translate("cudaGraph_t g;\n"), Unsupported)
    assert "GCC error" in str(translate("cudaGraph_t g;\n", part=True))


@pytest.mark.parametrize("launch", ["k << <1, 2 >> >(a);", "k<< < dim3(1), f(8 >> 1) >> > (a);", "k < < <1, 2> > >(a);"])
def test_launches_may_be_written_apart(launch):
    """As editors that don't know CUDA format them."""
    assert "::hpcraft_cuda::launch(" in _text(f"void f() {{ {launch} }}")
    assert _text("int y = x << 2 >> 1; std::vector<std::vector<int> > v; operator<< <char>(s);").count("launch") == 0


def test_each_source_has_its_own_variables_of_the_device():
    """Unless another one declares them."""
    names = known_elsewhere(["extern __constant__ float shared_table[4];"])
    text = str(translate("__constant__ float shared_table[4];\n__device__ int own;\n", shared_names=names))
    assert "static __device__ int own" in text
    assert "static __constant__" not in text


def test_lanes_meet_around_volatile_writes():
    """Where other elements are read; a counter or a flag stays as it is."""
    text = _text("__device__ void f(volatile int *s, volatile int *flag, int t) { s[t] += s[t + 16]; flag[t] = 1; }")
    assert "hpcraft_value = ::hpcraft_cuda::lockstep_value( s[t + 16]);" in text
    assert text.count("::hpcraft_cuda::lockstep(&(s[t]));") == 3
    assert "flag[t] = 1;" in text


def test_ptx_becomes_cxx():
    """Instructions of the table, with their operands; anything else stays refused."""
    text = _text('__device__ void f(int &x, int y) { asm volatile("add.s32 %0, %1, 4;\\n\\tmembar.gl;" : "=r"(x) : "r"(y) : "memory"); }')
    assert "asm" not in text
    assert "(x) = ::hpcraft_cuda::assembly::add<int>(hpcraft_0, 4); __threadfence();" in text


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("float twice(float x) { return 2 * x; }\n__global__ void k(float *p) {\n  p[0] = twice(p[0]);\n}\n", 3),
        ("static int *at(int *p) { return p; }\n__device__ int f(int *p) { return\n *at(p); }\n", 3),
        ("#include <cstdlib>\n__global__ void k(int *p) { *p = rand(); }\n", 2),
        ("#include <vector>\n__device__ void f() { std::vector<int> v(3); }\n", 2),
    ],
)
def test_a_call_of_the_host_in_device_code_is_given_a_name_that_nothing_has(code: str, line: int) -> None:
    """A processor would make the call, nvcc refuses it: so does the compiler, at its line."""
    text = translate(code)
    assert isinstance(text, str)
    assert "call_of_the_host_function_" in text.split("\n")[line - 1]


@pytest.mark.parametrize(
    "code",
    [
        "__host__ __device__ float f(float x) { return x; }\n__global__ void k(float *p) { *p = f(*p); }\n",
        "#define HD __host__ __device__\nHD float f(float x) { return x; }\n__global__ void k(float *p) { *p = f(*p); }\n",
        "float f(float x) { return x; }\n__device__ double f(double x) { return x; }\n__global__ void k(float *p) { *p = f(*p); }\n",
        "float f(float x) { return x; }\n__global__ void k(float *p) { auto f = [](float x) { return x; }; *p = f(*p); }\n",
        "constexpr float f(float x) { return x; }\n__global__ void k(float *p) { *p = f(*p); }\n",
        "float f(float x) { return x; }\n__host__ __device__ void g(float *p) {\n#ifndef __CUDA_ARCH__\n*p = f(*p);\n#endif\n}\n",
        "int f(int x) { return x; }\nvoid host(int *p) { *p = f(*p); }\n__global__ void k(S s, int *p) { *p = s.f(1); }\n",
        "__device__ int rand(int s) { return s; }\n__global__ void k(int *p) { *p = rand(1); }\n",
    ],
)
def test_functions_of_both_sides_are_called(code: str) -> None:
    """What the device has by a qualifier, a macro, an overload or a name of its own is no function of the host."""
    assert "call_of_the_host_function_" not in str(translate(code))
