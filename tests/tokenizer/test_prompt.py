"""The text of tasks: what is written can be read back, and layout doesn't change code."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.errors import ConfigError
from hpcraft.tokenizer.indent import indent
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.lengths import SLACK
from hpcraft.tokenizer.prompt import (
    END,
    build_fill,
    build_tests,
    build_translation,
    is_told_by_rule,
    parse_tests,
    parse_translation,
    write_tests,
    write_translation,
)

SOURCE = """#include <math.h>
/* scales and sums */
double scaled_sum(int n, int m, double scale, const double *x, double *y)
{
    double total = 0.0;
    for (int i = 0; i < n * m; i++) {
        y[i] = scale * x[i];   // y
        if (y[i] > 0) total += y[i]; else total -= sqrt(-y[i]);
    }
    return total;
}
"""
OPENMP = SOURCE.replace("    for", "    #pragma omp parallel for reduction(+:total)\n    for")
CUDA = """__global__ void scaled_sum_kernel(int n, double scale, const double *x, double *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = scale * x[i];
}
extern "C" double scaled_sum(int n, int m, double scale, const double *x, double *y)
{
    double *d_x, *d_y;
    cudaMalloc((void **)&d_x, n * sizeof(double));
    scaled_sum_kernel<<<(n * m + 255) / 256, 256>>>(n * m, scale, d_x, d_y);
    return 0;
}
"""


@pytest.mark.parametrize(("model", "target"), [("openmp", OPENMP), ("cuda", CUDA)])
@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4])
def test_translation_round_trips(model: str, target: str, seed: int | None) -> None:
    """Parsing the answer that stands for a target gives the target, however names and markers are numbered."""
    prompt = build_translation(SOURCE, model, seed=seed)
    answer = write_translation(prompt, target)
    expected = canonical(target, "cuda").replace("d_x", "w0").replace("d_y", "w1").replace("scaled_sum_kernel", "g0")
    assert answer is not None
    assert answer.endswith(END)
    assert canonical(parse_translation(prompt, answer), "cuda") == expected


def test_answers_hold_what_is_new_alone() -> None:
    """An OpenMP answer is the directive and its place; nothing is written for a target that is the source."""
    prompt = build_translation(SOURCE, "openmp")
    assert write_translation(prompt, SOURCE) == END
    assert write_translation(prompt, OPENMP) == f"<|3|>#pragma omp parallel for reduction(+:v5)\n{END}"


@pytest.mark.parametrize(
    "change", [("double total", "double total2, total"), ("    for", "    while (0) ;\n    for"), ("total += y[i]; else ", "; else ")]
)
def test_any_edit_round_trips(change: tuple[str, str]) -> None:
    """Lines that are replaced, added or taken out are written as edits and come back."""
    target = OPENMP.replace(*change)
    prompt = build_translation(SOURCE, "openmp", seed=5)
    answer = write_translation(prompt, target)
    assert answer is not None
    assert canonical(parse_translation(prompt, answer)) == canonical(target).replace("total2", "w0")


def test_edit_behind_the_last_marker_is_not_written() -> None:
    """A function that is too long for markers can still be read, and edited within them."""
    long = SOURCE.replace("return", "total += 1;\n" * 80 + "return")
    prompt = build_translation(long, "openmp")
    assert write_translation(prompt, long.replace("return", "total += 2; return")) is None
    answer = write_translation(prompt, long.replace("    for", "    #pragma omp parallel for\n    for"))
    assert answer is not None
    assert canonical(parse_translation(prompt, answer)) == canonical(long.replace("    for", "    #pragma omp parallel for\n    for"))


def test_missing_line_is_put_back() -> None:
    """The practice task asks for one line and its place."""
    lines = ["void f0(){", "v0=1;", "v1=2;", "}"]
    prompt, answer = build_fill(lines, 2)
    assert prompt.text == "<|fill|><|0|>void f0(){<|1|>v0=1;<|2|>}<|answer|>"
    assert answer == f"<|2|>v1=2;\n{END}"


@given(
    answer=st.lists(st.sampled_from(["<|0|>", "<|63|>", "<|99|>", "<|answer|>", END, "v0", "w9", "{", "}", "\n", "#", '"', "x "])).map(
        "".join
    )
)
@settings(max_examples=200, deadline=None)
def test_any_answer_is_parsed(answer: str) -> None:
    """Whatever a model writes becomes text without control tokens."""
    for model in ("openmp", "cuda"):
        assert "<|" not in parse_translation(build_translation(SOURCE, model), answer)
    parse_tests(build_tests(SOURCE), answer)


def test_lengths_of_tests_are_written_as_expressions() -> None:
    """The tester is taught the rule behind lengths, and reading computes it back."""
    tests = ("3 5 2.0 [15] [15]", "4 1 0.5 [4] [4]", "2 2 1.0 [4] [4]")
    prompt = build_tests(SOURCE)
    answer = write_tests(prompt, tests)
    assert "3 5 2.0 [v0*v1] [v0*v1]\n" in answer
    assert parse_tests(prompt, answer) == tests


@given(
    sizes=st.lists(st.tuples(st.sampled_from((1, 2, 7, 33, 100)), st.sampled_from((3, 5, 10))), min_size=2, max_size=5, unique=True),
    over=st.lists(st.tuples(st.sampled_from((0, SLACK)), st.sampled_from((0, SLACK))), min_size=5, max_size=5),
    offset=st.sampled_from((0, 1, -1)),
)
def test_arrays_longer_than_needed_are_written_as_expressions_too(
    sizes: list[tuple[int, int]], over: list[tuple[int, int]], offset: int
) -> None:
    """Tests of which some have a little more than their function needs have no number for a length, and read back as they were."""
    prompt = build_tests(SOURCE)
    tests = tuple(f"{n} {m} 1.0 [{n * m + offset + p}] [{n + q}]" for (n, m), (p, q) in zip(sizes, over, strict=False))
    answer = write_tests(prompt, tests)
    assert not re.search(r"\[\d", answer)
    assert parse_tests(prompt, answer) == tests


def test_tests_for_another_function_are_dropped() -> None:
    """A test with a wrong number of words or an unknown name is left out."""
    assert parse_tests(build_tests(SOURCE), f"1 2\n1 1 1.0 [v9] [1]\n1 1 1.0 [v0-2] [1]\n2 3 1.0 [v0*v1] [6]\n{END}") == (
        "2 3 1.0 [6] [6]",
    )


def test_unknown_target_is_named() -> None:
    """A direction that doesn't exist is a usage error that lists those that do."""
    with pytest.raises(ConfigError, match=r"hip.*openmp"):
        build_translation(SOURCE, "hip")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
def test_layout_keeps_the_meaning(tmp_path: Path) -> None:
    """The compiler makes the same code of the original, its canonical and its indented form."""
    tricky = SOURCE + (
        "#define SQUARE(a) ((a) * (a))\n#define PAIR (1)\nstruct point { int x, y; };\n"
        "int tricky(int a, int *p) { struct point q = {1, -2}, r[2] = {{1, 2}, {3, 4}}; do { a = a - -*p; a = a + + 1; } while (a < 10);\n"
        "switch (a) { case 1: return SQUARE(a); default: break; } if (a) for (;;) if (a > 3) break; else a++; else a = PAIR;\n"
        'return q.y + r[1].x + (a ? *p / *p : 2) + (int)sizeof "a//b"; }\n'
    )
    made = []
    for name, text in (("a", tricky), ("b", canonical(tricky)), ("c", indent(canonical(tricky)))):
        path = tmp_path / f"{name}.c"
        path.write_text(text)
        subprocess.run(["gcc", "-O1", "-w", "-S", "-g0", "-o", tmp_path / f"{name}.s", path], check=True)
        made.append([line for line in (tmp_path / f"{name}.s").read_text().splitlines() if ".file" not in line])
    assert made[0] == made[1] == made[2]


def test_blocks_that_a_whole_answer_leaves_open_are_closed():
    """A small model loses count of closing braces; braces in literals don't count, and OpenMP's edits have none to close."""
    prompt = build_translation("void f(int n, char *x) { for (int i = 0; i < n; i++) { x[i] = '{'; } }", "cuda")
    whole = "__global__ <|0|>for(int v2=threadIdx.x;v2<v0;v2+=blockDim.x){\n<|2|>"
    code = parse_translation(prompt, whole)
    assert code.count("}") == code.count("{") - 1 == 2
    assert parse_translation(prompt, whole + "}\n}\n") == code


# ---------------------------------------------------------------- back to C


KERNEL = """__device__ double twice(double a) { return a + a; }
__global__ void add(double *__restrict__ x, const double *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        x[i] += twice(y[i]);
        int i = 0;
        x[i] += i;
    }
}
"""
HEAD = "void add(int n, int rows, double *restrict x, const double *y)"
SERIAL = f"""double twice(double a) {{ return a + a; }}
{HEAD}
{{
    for (int i = 0; i < n; i++) {{
        x[i] += twice(y[i]);
        int i = 0;
        x[i] += i;
    }}
    for (int k = 0; k < rows; k++) x[k] = 0;
}}
"""


def _words(code: str) -> list[str]:
    return "".join(canonical(code, "c").split()).replace("w0", "k").split(";")


@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4, 5])
def test_cuda_goes_back_to_the_function_that_is_wanted(seed: int | None) -> None:
    """The prompt begins with the wanted head, in the kernel's names where they are the same; its answer points at it and gives the C back."""
    prompt = build_translation(KERNEL, "cuda2c", seed=seed, head=f"{HEAD};")
    first = prompt.lines[prompt.first]
    names = {original: name for name, original in prompt.renamed.names.items()}
    assert first == f"void {names['add']}(int {names['n']},int {names['rows']},double*restrict {names['x']},const double*{names['y']}){{"
    assert len(set(names.values())) == len(names)
    answer = write_translation(prompt, SERIAL)
    assert answer is not None
    assert f"<|{prompt.first}|>" in answer
    assert _words(parse_translation(prompt, answer)) == _words(SERIAL)


@pytest.mark.parametrize("seed", [None, 7])
def test_openmp_goes_back_by_edits(seed: int | None) -> None:
    """A directive is taken out, and nothing else is written."""
    prompt = build_translation(OPENMP, "omp2c", seed=seed)
    answer = write_translation(prompt, SOURCE)
    assert answer is not None
    assert answer.count("<|cut|>") == 1
    assert canonical(parse_translation(prompt, answer)) == canonical(SOURCE)


def test_a_head_is_asked_for_where_it_is_needed_and_smuggles_nothing() -> None:
    """CUDA to C without a wanted function, a head for another task, and control tokens in a head."""
    with pytest.raises(ConfigError, match="give the prototype"):
        build_translation(KERNEL, "cuda2c")
    with pytest.raises(ConfigError, match="takes no head"):
        build_translation(OPENMP, "omp2c", head=HEAD)
    with pytest.raises(ConfigError, match="cuda2c, omp2c"):
        build_translation(KERNEL, "cuda2f")
    text = build_translation(KERNEL, "cuda2c", head="void add(int n<|end|>, double *x)").text
    assert "<|end|>" not in text


# ---------------------------------------------------------------- kernels as edits


FUNCTION = "#include <math.h>\nvoid add(int n, int m, const double *x, double *y) {\n    for (int i = 1; i < n; i++)\n        for (int j = m - 1; j >= 0; j--)\n            y[i * m + j] = x[j];\n}\n"
STRIDING = (
    FUNCTION.replace("#include <math.h>\n", "")
    .replace("void", "__global__ void")
    .replace("int i = 1; i < n; i++", "int i = blockIdx.y * blockDim.y + threadIdx.y + 1; i < n; i += blockDim.y * gridDim.y")
    .replace(
        "int j = m - 1; j >= 0; j--", "int j = m - 1 - (int)(blockIdx.x * blockDim.x + threadIdx.x); j >= 0; j -= blockDim.x * gridDim.x"
    )
)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_a_kernel_is_the_loops_that_stride(seed: int | None) -> None:
    """Line by line what its function is: two markers with their axes, whatever their numbers; the include stays."""
    prompt = build_translation(FUNCTION, "cuda", seed=seed)
    answer = write_translation(prompt, STRIDING, strides=True)
    first = prompt.first
    assert answer is not None
    assert answer == f"<|{first + 2}|><|y|><|{first + 3}|><|x|>{END}"
    assert canonical(parse_translation(prompt, answer), "cuda") == "#include <math.h>\n" + canonical(STRIDING, "cuda")


def test_edits_of_kernels_may_change_lines_too() -> None:
    """An atomic update, a line that goes, one in front of a loop that strides; where that isn't shorter, the kernel is written whole."""
    changed = STRIDING.replace("y[i * m + j] = x[j];", "atomicAdd(&y[j], x[j]);").replace(
        "    for (int i", "    double s = 0;\n    for (int i"
    )
    prompt = build_translation(FUNCTION, "cuda")
    answer = write_translation(prompt, changed, strides=True)
    assert answer is not None
    assert answer == f"<|2|>double w0=0;\n<|2|><|y|><|3|><|x|><|4|><|cut|>atomicAdd(&v3[v5],v2[v5]);\n{END}"
    assert _words(parse_translation(prompt, answer)) == _words("#include <math.h>\n" + changed.replace(" s ", " w0 "))
    whole = write_translation(prompt, CUDA, strides=True)
    assert whole == write_translation(prompt, CUDA)
    assert whole is not None
    assert not any(token in whole for token in ("<|cut|>", "<|x|>"))


def test_without_the_tokens_kernels_are_written_whole() -> None:
    """As tokenizers from before expect; both kinds of answers are read."""
    prompt = build_translation(FUNCTION, "cuda")
    whole = write_translation(prompt, STRIDING)
    assert whole is not None
    assert "<|x|>" not in whole
    assert canonical(parse_translation(prompt, whole), "cuda") == canonical(STRIDING, "cuda")


@pytest.mark.parametrize("answer", ["<|9|><|x|>", "<|4|><|x|>", "<|x|>", "<|2|><|x|><|y|>", "<|2|><|cut|><|x|>", "<|63|><|cut|>"])
def test_axes_out_of_place_do_no_harm(answer: str) -> None:
    """A marker of no line or of no loop, two axes, a loop that is cut: the rest stands, and no control token is left."""
    code = parse_translation(build_translation(FUNCTION, "cuda"), answer)
    assert "<|" not in code
    assert "__global__ void add" in code


# ---------------------------------------------------------------- kernels back to C as edits


GUARDED = """__device__ __forceinline__ double half(double v) { return sqrt(v) / 2; }
__global__ void k(int n, int m, const double *x, double *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int j = blockIdx.y * blockDim.y + threadIdx.y;
    if (i < n && j < m) {
        y[j * n + i] = half(x[j]);
    }
}
extern "C" void f(int n, int m, const double *x, double *y)
{
    k<<<n, m>>>(n, m, x, y);
}
"""
COUNTED = """#include <math.h>
static double half(double v) { return sqrt(v) / 2; }
void f(int n, int m, const double *x, double *y)
{
    for (int j = 0; j < m; j++)
        for (int i = 0; i < n; i++) {
            y[j * n + i] = half(x[j]);
        }
}
"""
F_HEAD = "void f(int n, int m, const double *x, double *y)"


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize("alone", [True, False])
def test_a_function_is_the_guards_that_count(seed: int | None, *, alone: bool) -> None:
    """Indices, guards, heads, the host function and the include are changed by rule: nothing is left to say."""
    prompt = build_translation(GUARDED.partition('extern "C"')[0] if alone else GUARDED, "cuda2c", seed=seed, head=F_HEAD)
    answer = write_translation(prompt, COUNTED, strides=True)
    assert answer == END
    assert is_told_by_rule(prompt) is alone  # what a host function does is for a model to look at
    assert canonical(parse_translation(prompt, answer)) == canonical(COUNTED)
    whole = write_translation(prompt, COUNTED)
    assert whole is not None
    assert "<|x|>" not in whole
    assert canonical(parse_translation(prompt, whole)) == canonical(COUNTED)


def test_a_rule_says_all_only_under_its_own_names() -> None:
    """Parameters in another order than those of the wanted head have names that only a model can give; C without a kernel is no rule's."""
    swapped = GUARDED.replace(
        "__global__ void k(int n, int m, const double *x, double *y)", "__global__ void k(double *a, const double *b, int n, int m)"
    )
    kernel = swapped.partition('extern "C"')[0].replace("y[j", "a[j").replace("x[j]", "b[j]")
    assert not is_told_by_rule(build_translation(kernel, "cuda2c", head=F_HEAD))
    assert not is_told_by_rule(build_translation(COUNTED, "cuda2c", head=F_HEAD))
    assert not is_told_by_rule(build_translation(COUNTED, "cuda"))


INDEX = "blockIdx.x * blockDim.x + threadIdx.x"


@pytest.mark.parametrize(
    ("head", "body", "told"),
    [
        ("void", f"int i = {INDEX}; if (i < n) x[i] = 1;", True),
        ("int", f"int i = {INDEX}; if (i < n) x[i] = 1;", False),
        ("void", f"for (int j = {INDEX}; j < n; j += blockDim.x * gridDim.x) x[j] = 1;", True),
        ("void", f"for (int j = {INDEX}; j < n; j += blockDim.x * gridDim.x * 2) x[j] = 1;", False),
        ("void", f"for (int j = ({INDEX}) * 2; j < n; j += blockDim.x * gridDim.x * 2) x[j] = 1;", True),
        ("void", f"int i = {INDEX}; int s = blockDim.x * gridDim.x; for (int j = i; j < n; j += s) x[j] = 1;", True),
        ("void", f"int i = {INDEX}; int s = blockDim.x * gridDim.x; for (int j = i + 1; j < n; j += s) x[j] = 1;", False),
        ("void", f"int i = {INDEX}; while (i < n) {{ x[i] = 1; i += blockDim.x * gridDim.x; }}", True),
        ("void", f"int i = {INDEX}; if (i < n) atomicAdd(x, 1.0);", False),
        ("void", f"int i = {INDEX}; double s = 0; if (i < n) {{ s += x[i]; x[i] = s; }}", True),
        ("void", f"double s = 0; for (int j = {INDEX}; j < n; j += blockDim.x * gridDim.x) {{ s += x[j]; x[j] = s; }}", False),
        ("void", f"int i = {INDEX}; int k; if (i < n) {{ k = i; x[k] = 1; }}", True),
        ("void", f"int i = {INDEX}; double s = 2; if (i < n) x[i] = s;", True),
        ("void", f"__shared__ double s[32]; int i = {INDEX}; if (i < n) x[i] = s[0];", False),
    ],
)
def test_a_rule_says_all_where_it_knows_every_stride(head: str, body: str, *, told: bool) -> None:
    """A stride that isn't over all threads, or begins elsewhere than at the index, what threads do together, and a value that is returned are a model's."""
    kernel = f"__global__ void k(int n, double *x) {{ {body} }}\n"
    assert is_told_by_rule(build_translation(kernel, "cuda2c", head=f"{head} f(int n, double *x)")) is told
    two = kernel + kernel.replace(" k(", " again(")
    assert not is_told_by_rule(build_translation(two, "cuda2c", head=f"{head} f(int n, double *x)"))


def test_what_each_thread_has_of_its_own_each_iteration_has() -> None:
    """A sum that begins in front of the guard begins anew in each iteration of its loop."""
    kernel = f"__global__ void k(int n, double *x) {{ int i = {INDEX}; double s = 0, t = 2; if (i < n) {{ s += x[i]; x[i] = s * t; }} }}\n"
    code = parse_translation(build_translation(kernel, "cuda2c", head="void f(int n, double *x)"), END)
    loop, start = code.index("for"), code.index("s = 0")
    assert loop < start


def test_what_returns_early_is_closed_at_the_end() -> None:
    """A guard that leaves becomes a loop over the rest of the kernel."""
    leaving = (
        GUARDED.replace("i < n && j < m", "i >= n || j >= m").replace(") {\n        y", ") return;\n        y").replace("]);\n    }", "]);")
    )
    prompt = build_translation(leaving, "cuda2c", head=F_HEAD)
    answer = write_translation(prompt, COUNTED, strides=True)
    assert answer == END
    assert canonical(parse_translation(prompt, answer)) == canonical(COUNTED)


def test_what_no_rule_knows_is_edited() -> None:
    """A guard over an index that is computed in two steps: the model says which comparison is a loop."""
    kernel = GUARDED.replace("int i = blockIdx.x * blockDim.x + threadIdx.x;", "int b = blockIdx.x * 32;\n    int i = b + threadIdx.x;")
    prompt = build_translation(kernel, "cuda2c", head=F_HEAD)
    answer = write_translation(prompt, COUNTED, strides=True)
    assert answer is not None
    assert answer == f"<|5|><|cut|><|6|><|cut|><|7|><|cut|><|8|><|y|><|x|>{END}"
    assert not is_told_by_rule(prompt)
    assert canonical(parse_translation(prompt, answer)) == canonical(COUNTED)


def test_axes_are_named_by_how_many_there_are() -> None:
    """A kernel of one axis strides along x, whatever a model calls it; two keep their order."""
    prompt = build_translation(FUNCTION, "cuda")
    one, two = (parse_translation(prompt, answer) for answer in ("<|2|><|y|>", "<|2|><|z|><|3|><|y|>"))
    assert "blockIdx.x" in one
    assert "blockIdx.y" not in one
    assert two == parse_translation(prompt, "<|2|><|y|><|3|><|x|>")


@pytest.mark.parametrize("answer", ["<|1|><|x|>", "<|7|><|y|>", "<|7|><|x|><|x|>", "<|0|><|cut|>", "<|63|><|cut|>", "<|x|>", "<|20|><|x|>"])
def test_loops_out_of_place_do_no_harm(answer: str) -> None:
    """A marker of no guard, or one comparison of two: the rest stands, under the head that was wanted."""
    code = parse_translation(build_translation(GUARDED, "cuda2c", head=F_HEAD), answer)
    assert "<|" not in code
    assert "void f(int n, int m, const double*x, double*y)" in code.replace("double *", "double*")
    assert "__global__" not in code


def test_edits_of_no_kernel_are_read_as_lines() -> None:
    """There is nothing to edit; no control token is left."""
    prompt = build_translation("void g(int *x) { x[0] = 1; }", "cuda2c", head="void f(int *x)")
    assert "<|" not in parse_translation(prompt, "<|0|><|x|><|2|><|cut|>")
