"""Languages: by suffix, and by content where the suffix doesn't say."""

from __future__ import annotations

import pytest

from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.languages import form_of, language_of


@pytest.mark.parametrize(
    ("path", "text", "form", "language"),
    [
        ("a.h", "int f(int x);\n", "", "c"),
        ("a.h", '#ifdef __cplusplus\nextern "C" {\n#endif\nint f(int);\n#ifdef __cplusplus\n}\n#endif\n', "", "c"),
        ("a.h", "#ifndef __cplusplus\nint f(int);\n#else\nclass A { };\n#endif\n", "", "c"),
        ("a.h", "#ifdef __cplusplus\nint g;\n#endif\nnamespace a { int f(int); }\n", "", "cpp"),
        ("a.h", "class A;\nvoid f(const A &a);\n", "", "cpp"),
        ("a.h", "#include <vector>\n", "", "cpp"),
        ("a.h", 'extern "C" {\nint f(int);\n}\n', "", "cpp"),
        ("a.h", "__device__ inline int f(int x) { return x; }\n", "", "cuda"),
        ("a.h", "#define HOST __device__\nint f(int);\n", "", "c"),
        ("a.h", "      integer n\n      parameter (n = 3)\n      common /blk/ x(n)\n", "fixed", "fortran"),
        ("a.h", "! constants\ninteger, parameter :: n = 3\n", "free", "fortran"),
        ("a.h", "typedef struct { double real; } complex;\nint integer(complex *x);\n", "", "c"),
        ("a.inc", "c     sizes\n      real*8 a(10), b\n      save a\n", "fixed", "fortran"),
        ("a.fh", "integer :: x\n", "free", "fortran"),
        ("a.inc", "static int x[] = {1, 2};\n", "", "c"),
        ("a.inc", "std::vector<int> x;\n", "", "cpp"),
        ("a.inc", "words and words\n", "", None),
        ("a.inc", "<?php echo 1; ?>\n", "", None),
        ("a.cl", "__kernel void k(__global int *x) { }\n", "", "c"),
        ("a.cl", "(defun f (x) x)\n", "", None),
        ("a.c", "template <class T> T f(T x);\n", "", "cpp"),
        ("a.c", "#ifdef __cplusplus\nnamespace a {\n#endif\nint x;\n", "", "c"),
        ("a.cpp", "template <class T> __global__ void k(T *x) { }\n", "", "cuda"),
        ("a.cpp", "void f() { k<int><<<dim3(a, b), 2>>>(x); }\n", "", "cuda"),
        ("a.f", "program p\ninteger :: i\ni = 1\nend\n", "free", "fortran"),
        ("a.F90", "program p\nend\n", "free", "fortran"),
        ("a.txt", "program p\n", "", None),
    ],
)
def test_suffix_and_content_tell_the_language(path: str, text: str, form: str, language: str | None) -> None:
    """Form and language as the pipeline asks for them."""
    assert form_of(path, text) == form
    assert language_of(path, blank_fortran(text) if form else blank_c(text), form) == language


def test_comments_and_strings_go_as_a_compiler_sees_them() -> None:
    """Raw strings and spliced comments end where they end."""
    assert blank_c('x = R"a(" /* )a" + 1; // c \\\n d\ny') == 'x = "" + 1;  \ny'
    assert blank_c('a \'b\' "c\\"d" /* e */ f') == "a '' \"\"   f"
