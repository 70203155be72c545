"""Code out of what models answer, in the shapes that answers have."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.eval.code_scan import functions
from hpcraft.eval.extract import MOST_CHARACTERS, end_of_answer, extract
from hpcraft.eval.suites import kernel_tasks

TASKS = {t.task_id: t for t in kernel_tasks()}
C = TASKS["kernels/axpy/serial/c"]
CUDA = TASKS["kernels/axpy/cuda/cpp"]
FORTRAN = TASKS["kernels/axpy/serial/fortran"]
BODY = "    for (int i = 0; i < n; i++) y[i] += a * x[i];\n}\n"
WHOLE = "void axpy(int n, double a, const double *x, double *y) {\n" + BODY
WRONG = "void axpy(int n, double a, const double *x, double *y) { y[0] = 1; }\n"
F_BODY = "  y = a * x + y\nend subroutine axpy\n"
F_WHOLE = FORTRAN.stem + F_BODY
F_MODULE = f"module kernels\n  use iso_c_binding\ncontains\n{F_WHOLE}end module kernels\n"


def code_of(task, answer):
    """The code of an answer that has some."""
    found = extract(task, answer)
    assert not found.problem
    return found.code


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        f"```c\n{WHOLE}```",
        f"Sure! Here is the code:\n\n```c\n{WHOLE}```\nIt runs in O(n).",
        f"Sure! Here is the code:\n{WHOLE}\nHope this helps",
        f"~~~\n{WHOLE}",
        f"First try:\n```c\nvoid axpy(int n) {{ }}\n```\nThat was wrong:\n```c\n{WHOLE}```\nRun it so:\n```sh\ngcc a.c\n```\n",
        WHOLE.replace("\n", "\r\n"),
        f"Here's the code: ```c\n{WHOLE}```",
        f"````markdown\n\n````\n````c\n{WHOLE}````\n",
        f"1. The function:\n\n   ```c\n{''.join('   ' + line + chr(10) for line in WHOLE.splitlines())}   ```\n",
        "".join(f"> {line}\n" for line in f"```cpp\n{WHOLE}```".splitlines()),
        f"```{{.c .numberLines}}\n{WHOLE}```\nUse it from Python:\n```python\ndef axpy(n, a, x, y):\n    lib.axpy(n, a, x, y)\n```",
        f"```\n{WHOLE}```\n```text\nOutput: void axpy(int n) {{ }}\n```",
        f"The kernel (in C), don't forget -O3:\n{WHOLE}\n**Notes:** this isn't parallel; it's simple.",
        f"# Solution\n\nusing C we write\n\n{WHOLE}\n## Why\nIt's linear.",
        f"<think>\nvoid axpy(int n) {{ wrong; }}\n```c\n{WRONG}```\n</think>\n```c\n{WHOLE}```",
        f"void axpy(int n) {{ wrong }}\n</think>\n\n{WHOLE}",
        f"```c\n{WHOLE}\nExplanation follows\n```sh\nmake\n```\n".replace("\nExplanation follows", ""),
    ],
)
def test_the_whole_function_is_found(answer):
    """Fences of all kinds, prose around them, thoughts, other languages, several blocks and other line ends don't matter."""
    assert code_of(C, answer).strip() == WHOLE.strip()


@pytest.mark.parametrize(
    "answer",
    [
        BODY,
        BODY + '\nint main() { printf("}"); }\n',
        f"```c\n{BODY}```\n",
        BODY + "```\n\nThis code adds the arrays.\n",
        BODY + "\n/* Write gemv in C. */\nvoid gemv(int m) {\n}\n" + WRONG,
        BODY + "\n" + WRONG,
    ],
)
def test_an_answer_that_continues_the_prompt_is_joined_to_it(answer):
    """A base model writes the body; what it rambles after the closing brace is cut, a second try too."""
    assert code_of(C, answer).strip() == (C.stem + BODY).strip()


def test_brackets_in_strings_and_comments_are_no_brackets():
    """The end of the function is found behind them."""
    body = "    for (int i = 0; i < n; i++) { y[i] += a * x[i]; /* } */ } // }\n    (void) '}'; (void) \"}\";\n}\n"
    assert code_of(C, body + "int main() { }\n").strip() == (C.stem + body).strip()


def test_an_answer_that_repeats_the_prompt_is_whole():
    """Comment, headers and head again, then the body: nothing stands twice."""
    code = code_of(C, C.prompt + BODY)
    assert code.count("void axpy(") == 1
    assert code.strip().endswith(BODY.strip())
    assert code.count("#include <math.h>") == 1


def test_of_two_whole_functions_without_a_fence_the_first_counts():
    """A second definition would not compile; helpers behind the first stay."""
    helper = "static double half(double x) {\n    return x / 2;\n}\n"
    code = code_of(C, f"{WHOLE}\n{helper}\n{WRONG}")
    assert code.count("void axpy(") == 1
    assert "y[0] = 1" not in code
    assert "half" in code


def test_a_main_is_taken_out():
    """A whole program as an answer: the judge has a main of its own, and what else stands there stays."""
    program = f'#include <stdio.h>\n\n{WHOLE}\nint main(int argc, char **argv)\n{{\n    printf("{{");\n    return 0;\n}}\n\nstatic int after = 1;\n'
    for answer in (program, f"```c\n{program}```"):
        code = code_of(C, answer)
        assert "main" not in code
        assert "#include <stdio.h>" in code
        assert "y[i] += a * x[i]" in code
    whole = f"{F_WHOLE}\nprogram test\n  implicit none\n  call axpy()\nend program test\n"
    assert code_of(FORTRAN, f"```fortran\n{whole}```").strip() == F_WHOLE.strip()


def test_blocks_that_the_last_one_needs_come_with_it():
    """A kernel in a block of its own, a structure in another; an earlier try and an example of use do not."""
    kernel = "__global__ void add(int n, double a, const double *x, double *y) { y[threadIdx.x] += a * x[threadIdx.x]; }\n"
    host = 'extern "C" void axpy(int n, double a, const double *x, double *y) {\n    add<<<1, BLOCK>>>(n, a, x, y);\n}\n'
    size = "#define BLOCK 256\n"
    answer = (
        f"The kernel:\n```cuda\n{kernel}```\nthe size:\n```cpp\n{size}```\nnow the host:\n```cuda\n{host}```\n"
        "Use:\n```cpp\nint main() { axpy(1, 2, 0, 0); }\n```\nOld:\n```c\nvoid other() { }\n```"
    )
    code = code_of(CUDA, answer)
    assert [word in code for word in ("void add", "BLOCK 256", "void axpy", "main", "other")] == [True, True, True, False, False]
    assert code.index("void add") < code.index("void axpy")


HEADS = (
    "static const double table[] = {\n    1.0,\n    2.0\n};\n",
    "#define STEP(i) \\\n    y[i] += \\\n    a * x[i]\n",
    "static void helper(int n,\n                   double *y);\n",
    "typedef struct\n{\n    int n;\n    double *y\n    ;\n} pair;\n",
    "enum { BLOCK\n= 4 };\nstatic double\nhalf(double x)\n{\n    return x / 2;\n}\n",
    "/* What follows is\n   a comment of three lines, which\n   nobody needs. */\n",
    "#include <math.h>\n#ifdef _OPENMP\n#include <omp.h>\n#else\nstatic int omp_get_num_threads(void) { return 1; }\n#endif\n",
)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("prose", ["", "Here is what you want (in C:\n\n"])
def test_code_before_the_entry_point_stays_whole(head, prose):
    """Tables, macros, prototypes, types and comments over several lines, without a fence."""
    assert code_of(C, f"{prose}{head}\n{WHOLE}").strip() == f"{head}\n{WHOLE}".strip()


def test_fortran_over_several_lines_stays_whole():
    """Declarations with continuations and types before the procedures of a module."""
    head = "module m\n  use iso_c_binding\n  implicit none\n  integer, parameter :: table(3) = [1, &\n    2, 3]\n  type :: t\n    real :: x\n  end type\ncontains\n"
    whole = f"{head}{F_WHOLE}end module m\n"
    assert code_of(FORTRAN, f"The module (in Fortran:\n\n{whole}\nIt works.").strip() == whole.strip()


def test_linkage_in_a_block_is_kept():
    """``extern "C" { ... }`` around the entry point, without a fence."""
    code = code_of(CUDA, f'Answer:\n\nextern "C" {{\n{WHOLE}}}\n\nThat is all.')
    assert code.strip() == f'extern "C" {{\n{WHOLE}}}'


def test_fortran_is_continued_to_its_end():
    """The same for Fortran, where the end has a name or none, and procedures inside have ends of their own."""
    assert code_of(FORTRAN, F_BODY + "program p\nend program\n") == FORTRAN.stem + F_BODY
    body = "  call inner()\ncontains\n  subroutine inner()\n    y = 1\n  end subroutine inner\nend subroutine axpy\n"
    assert code_of(FORTRAN, body + "subroutine axpy(n)\nend\n") == FORTRAN.stem + body
    half = "contains\n  integer function half(i)\n    integer, intent(in) :: i\n    half = i / 2\n  end function half\n"
    assert code_of(FORTRAN, f"  y = a * x + y\n{half}{F_BODY}program p\nend program\n") == f"{FORTRAN.stem}  y = a * x + y\n{half}{F_BODY}"
    assert code_of(FORTRAN, "  y = y + a * x\nend\nend\n") == FORTRAN.stem + "  y = y + a * x\nend\n"


@pytest.mark.parametrize("whole", [F_WHOLE, F_MODULE, F_WHOLE.upper()], ids=["subroutine", "module", "capitals"])
@pytest.mark.parametrize("frame", ["{}", "```fortran\n{}```\n", "Here is the subroutine axpy:\n\n{}\nThe function ends here.\n"])
def test_fortran_in_prose_is_found(whole, frame):
    """A whole subroutine, or a module with it, is cut out of its fence or the prose around it."""
    assert code_of(FORTRAN, frame.format(whole)).strip() == whole.strip()


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "  \n\t\n",
        "```c\n```",
        "I'm sorry, I cannot help with that.",
        "```rust\nfn axpy() { }\n```",
        "<think>\nvoid axpy(int n) { }",
        "```sh\ngcc -O3 axpy.c;\n```",
    ],
)
def test_no_code_gives_none(answer):
    """An answer without code of the language stays empty, and says why: the prompt's own code is no answer."""
    found = extract(C, answer)
    assert found.code == ""
    assert found.problem == "no code in the answer"


def test_a_call_is_no_definition():
    """A program that only calls the function is a continuation, not a whole answer."""
    assert code_of(C, "    axpy(n, a, x, y);\n}").startswith(C.stem)


def test_an_answer_of_ten_megabytes_is_refused():
    """With its length, and at once."""
    found = extract(C, WHOLE + "x" * 10_000_000)
    assert found.code == ""
    assert "10,000,1" in found.problem


HOSTILE = {
    "fences": "```c\n",
    "backticks": "`",
    "thoughts": "<think>",
    "comments": "/*",
    "quotes": '"\\',
    "raw": 'R"x(',
    "brackets": "{",
    "closing": "}",
    "calls": "a(",
    "functions": "void f() { }\n",
    "axpys": "void axpy(int n) { }\n",
    "nested": "struct s { void f() { }\n",
    "heads": "a\n",
    "mains": "int main() { }\n",
    "lines": "\n",
    "blanks": " ",
    "subroutines": "subroutine s()\n",
    "ends": "end\n",
    "types": "integer(1) pure ",
    "directives": "#if\\\n",
    "blocks": "```c\nvoid f() { g(); }\n```\n",
    "uses": "```c\nvoid axpy(int n) { }\n```\n",
    "letters": "a",
    "semicolons": ";",
}


def seconds(piece, length):
    """Time to read so many characters of a piece again and again, in the language that it is made for, by the processor's clock; the best of two."""
    task = FORTRAN if piece in (HOSTILE["subroutines"], HOSTILE["ends"], HOSTILE["types"]) else C
    text = (piece * (length // len(piece) + 1))[:length]
    best = 1e9
    for _ in range(2):
        begin = time.process_time()
        extract(task, text)
        best = min(best, time.process_time() - begin)
    return best


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_time_is_linear(piece):
    """Eight times the length takes nowhere near sixty-four times the time, whatever is repeated."""
    assert seconds(piece, 40_000) < 24 * max(seconds(piece, 5_000), 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_the_longest_answer_is_read_in_seconds(piece):
    """As long as an answer may be, whatever is repeated."""
    assert seconds(piece, MOST_CHARACTERS) < 40


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_every_reference_is_found_in_an_answer(task):
    """As a fenced answer and as bare text each reference solution comes out as it is."""
    assert code_of(task, f"Here:\n\n```{task.language}\n{task.reference}```\nDone.").strip() == task.reference.strip()
    assert code_of(task, task.reference).strip() == task.reference.strip()


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_generation_stops_at_the_end_of_the_function(task):
    """The end is found in the reference, at its last line, and not before."""
    end = end_of_answer(task, task.reference + "\n\n/* more */\n")
    assert end is not None
    assert not task.reference[end:].strip()
    assert end_of_answer(task, task.reference[: end - 1]) is None


@given(st.text(alphabet="{}()\"'/*\\\n #=;`~ab", max_size=200))
def test_any_text_is_read(text):
    """Nothing makes the readers raise, and functions lie within the text."""
    for language in ("c", "fortran", "python"):
        for f in functions(text, language):
            assert 0 <= f.begin <= f.body <= f.end <= len(text)
    extract(C, text)
    extract(FORTRAN, text)
