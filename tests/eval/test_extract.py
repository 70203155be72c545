"""Code out of what models answer."""

import pytest

from hpcraft.eval.extract import extract
from hpcraft.eval.suites import kernel_tasks

TASKS = {t.task_id: t for t in kernel_tasks()}
C = TASKS["kernels/axpy/serial/c"]
FORTRAN = TASKS["kernels/axpy/serial/fortran"]
WHOLE = "void axpy(int n, double a, const double *x, double *y) {\n    for (int i = 0; i < n; i++) y[i] += a * x[i];\n}\n"


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
    ],
)
def test_the_whole_function_is_found(answer):
    """Fences, prose around them, several blocks and other line ends don't matter."""
    assert extract(C, answer).strip() == WHOLE.strip()


def test_an_answer_that_continues_the_prompt_is_joined_to_it():
    """A base model writes the body; what it rambles after the closing brace is cut."""
    code = extract(C, '    for (int i = 0; i < n; i++) { y[i] += a * x[i]; /* } */ }\n}\n\nint main() { printf("}"); }\n')
    assert code.startswith(C.stem)
    assert code.rstrip().endswith("}\n}".strip())
    assert "main" not in code


def test_fortran_is_continued_to_its_end():
    """The same for Fortran, where the end has a name or none."""
    code = extract(FORTRAN, "  y = a * x + y\nend subroutine axpy\nprogram p\nend program\n")
    assert code == FORTRAN.stem + "  y = a * x + y\nend subroutine axpy\n"


def test_fortran_is_continued_past_what_it_contains():
    """An internal procedure ends before the entry point does."""
    inside = "contains\n  integer function half(i)\n    integer, intent(in) :: i\n    half = i / 2\n  end function half\n"
    answer = f"  y = a * x + y\n{inside}end subroutine axpy\n"
    assert extract(FORTRAN, answer + "program p\nend program\n") == FORTRAN.stem + answer


def test_fortran_in_prose_is_found():
    """A whole subroutine is cut out of its fence."""
    whole = FORTRAN.stem + "  y = a * x + y\nend subroutine axpy\n"
    assert extract(FORTRAN, f"Here:\n```fortran\n{whole}```\n") == whole


@pytest.mark.parametrize("answer", ["", "  \n\t\n", "```c\n```"])
def test_no_code_gives_none(answer):
    """An empty answer stays empty: the prompt's own code is no answer."""
    assert extract(C, answer) == ""


def test_a_call_is_no_definition():
    """A program that only calls the function is a continuation, not a whole answer."""
    assert extract(C, "    axpy(n, a, x, y);\n}").startswith(C.stem)
