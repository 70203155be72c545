"""Units: what is cut out of a document, and what is said of it."""

from __future__ import annotations

import pickle

import pytest

from hpcraft.data.mpi_programs import is_incorrect
from hpcraft.data.syntax import parse
from hpcraft.data.units import cut_units, left_out
from hpcraft.records import CodeUnit
from tests.data.documents import document


def units(path: str, text: str, kind: str = "") -> list[CodeUnit]:
    """The units of a text, of one kind if asked."""
    return [unit for unit in cut_units(document(path, text)) if kind in ("", unit.kind)]


def loops(path: str, text: str) -> list[tuple[int, str]]:
    """First line and directive of each loop."""
    return [(unit.start_line, unit.directive) for unit in units(path, text, "loop")]


# ---------------------------------------------------------------- functions


def test_functions_and_loops_are_cut_out() -> None:
    """The loop's directive is kept apart, an #ifdef around it is looked through, and a loop without one has none."""
    text = (
        "static int add(int a,\n    int b)\n{\n    return a + b;\n}\n"
        "void f(int n, double *x)\n{\n    for (int i = 0; i < n; ++i)\n        x[i] = 0;\n"
        "#ifdef _OPENMP\n#pragma omp parallel for \\\n    schedule(static)\n#endif\n    /* here */\n    for (int i = 0; i < n; ++i) {\n        x[i] += 1;\n    }\n}\n"
    )
    found = units("a.c", text)
    assert [(u.kind, u.name, u.start_line) for u in found] == [
        ("function", "add", 1),
        ("function", "f", 6),
        ("loop", "f", 8),
        ("loop", "f", 15),
    ]
    assert found[2].directive == ""
    assert found[3].directive == "#pragma omp parallel for schedule(static)"
    assert found[3].text == "for (int i = 0; i < n; ++i) {\n    x[i] += 1;\n}\n"
    assert found[3].models == ("openmp",)
    assert found[0].models == found[2].models == ()


def test_a_parsed_tree_gives_the_same_units() -> None:
    """The caller may have parsed already; and units cross processes."""
    d = document("a.c", "/* Adds. */\nint add(int a, int b)\n{\n    return a + b;\n}\n")
    found = cut_units(d, parse(d.language, d.text))
    assert found == cut_units(d) == pickle.loads(pickle.dumps(found))
    assert (found[0].signature, found[0].comment) == ("int add(int a, int b)", "Adds.")


@pytest.mark.parametrize(
    ("text", "name", "signature", "comment"),
    [
        (
            "/**\n * @brief Scales.\n *\n * @param n  length\n */\nstatic inline void\nscale(int n, /* in */ double *x)\n{\n    x[0] *= n;\n}\n",
            "scale",
            "static inline void scale(int n, double *x)",
            "@brief Scales.\n\n@param n  length",
        ),
        ("// One.\n/// Two.\nint f()\n{\n    return 1;\n}\n", "f", "int f()", "One.\nTwo."),
        (
            "/*--------------------\n * Solve\n *--------------------*/\n\nint solve( void )\n{\n    return 1;\n}\n",
            "solve",
            "int solve( void )",
            "Solve",
        ),
        ("int x; /* of x */\nint f()\n{\n    return 1;\n}\n", "f", "int f()", ""),
        ("/* far */\n\n\nint f()\n{\n    return 1;\n}\n", "f", "int f()", ""),
        ("/* Copyright 2020 A. B. */\nint f()\n{\n    return 1;\n}\n", "f", "int f()", ""),
        (
            "template <class T>\ntemplate <int N>\nauto S<T>::f(T x) const\n    -> int\n{\n    return N;\n}\n",
            "S<T>::f",
            "template <class T> template <int N> auto S<T>::f(T x) const -> int",
            "",
        ),
        ("struct P {\n    // Makes.\n    P(int a)\n      : x(a)\n    { }\n    int x;\n};\n", "P::P", "P(int a)", "Makes."),
        ("namespace n {\nclass Q {\n    bool operator==(const Q &o) const\n    {\n        return true;\n    }\n};\n}\n", "Q::operator==", "bool operator==(const Q &o) const", ""),
        ("X::~X()\n{\n    free(p);\n}\n", "X::~X", "X::~X()", ""),
        ("void X(solve)(int n)\n{\n    g(n);\n}\n", "X(solve)", "void X(solve)(int n)", ""),
    ],
)  # fmt: skip
def test_names_heads_and_comments_of_c_and_cpp(text: str, name: str, signature: str, comment: str) -> None:
    """The name is qualified, the head is one line without the body, the comment has no signs and no licence."""
    (found,) = units("a.cpp", text, "function")
    assert (found.name, found.signature, found.comment) == (name, signature, comment)


def test_a_macro_with_a_block_is_no_function() -> None:
    """OpenFOAM's forAll looks like a function within a function."""
    text = "void f(L &list)\n{\n    forAll(list, i)\n    {\n        list[i] = 0;\n        g(i);\n    }\n}\n"
    assert [u.name for u in units("a.cpp", text, "function")] == ["f"]


def test_fortran_units_of_both_forms() -> None:
    """Fixed form is converted first; continued directives are one line; an END directive annotates nothing."""
    fixed = (
        "      SUBROUTINE F(X, N)\n      INTEGER N, I\n      REAL X(N)\nC$OMP PARALLEL DO\nC$OMP+ PRIVATE(I)\n"
        "      DO 10 I = 1, N\n        X(I) = X(I) +\n     &    1.0\n   10 CONTINUE\nC$OMP END PARALLEL DO\n      DO I = 1, N\n        X(I) = 0\n      END DO\n      END\n"
    )
    found = units("a.f", fixed)
    assert [(u.kind, u.name, u.directive) for u in found] == [
        ("function", "F", ""),
        ("loop", "F", "!$omp PARALLEL DO PRIVATE(I)"),
        ("loop", "F", ""),
    ]


def test_names_heads_and_comments_of_fortran() -> None:
    """Module and contained procedures; the comment stands in front, or right after the head; results belong to the head."""
    text = (
        "module m\ncontains\n"
        "!> Doubles x.\n!! @param x what to double\n"
        "pure function twice(x) &\n    result(y) ! here\n  real, intent(in) :: x\n  real :: y\n  y = 2 * x\nend function\n"
        "subroutine outer(n)\n  !\n  ! --- Works on n.\n  !     Twice.\n  integer :: n\n  call inner\ncontains\n"
        "  subroutine inner\n    n = n + 1\n  end subroutine\nend subroutine\nend module\n"
    )
    found = units("a.f90", text, "function")
    assert [(u.name, u.signature, u.comment) for u in found] == [
        ("twice", "pure function twice(x) result(y)", "Doubles x.\n@param x what to double"),
        ("outer", "subroutine outer(n)", "--- Works on n.\n    Twice."),
        ("inner", "subroutine inner", ""),
    ]


def test_long_short_and_broken_functions_are_left_out() -> None:
    """Only functions of 3 to 200 lines that parse are units."""
    long = "int f(void)\n{\n" + "    g();\n" * 200 + "}\n"
    text = f"int one(void) {{ return 1; }}\n{long}int broken(void)\n{{\n    int = ;\n    return (;\n}}\n"
    assert units("a.c", text) == []


# ---------------------------------------------------------------- loops

_PLAIN = "for (i = 0; i < n; ++i) x[i] = 0;\n"


@pytest.mark.parametrize(
    ("front", "directive"),
    [
        ("#pragma omp parallel for Private(j) \\\n   reduction(+:S) // sums\n", "#pragma omp parallel for Private(j) reduction(+:S)"),
        ("#pragma omp simd\n/* why */\n// and\n", "#pragma omp simd"),
        ("#pragma acc parallel loop copy(x[0:n])\n", "#pragma acc parallel loop copy(x[0:n])"),
        ("#if defined(_OPENMP)\n#pragma omp parallel for\n#endif\n", "#pragma omp parallel for"),
        ("#ifdef _OPENMP\n#pragma omp parallel for\n#else\n#pragma acc kernels\n#endif\n", "#pragma omp parallel for"),
        ("#pragma omp parallel for\n#ifdef FAST\n#pragma ivdep\n#endif\n", "#pragma omp parallel for"),
        ("#pragma omp for\n#pragma ivdep\n", "#pragma omp for"),
        ('_Pragma("omp parallel for schedule(static)")\n', "#pragma omp parallel for schedule(static)"),
        ("#  pragma omp target teams distribute parallel for map(to: x)\n", "# pragma omp target teams distribute parallel for map(to: x)"),
    ],
)
def test_directives_in_front_of_a_loop(front: str, directive: str) -> None:
    """What stands between directive and loop is looked through; clauses and case stay."""
    assert [d for _, d in loops("a.c", f"void f(int n, int *x)\n{{\n    int i;\n{front}    {_PLAIN}}}\n")] == [directive]


@pytest.mark.parametrize(
    ("front", "found"),
    [
        ("#pragma omp single\n", []),
        ("#pragma omp critical\n", []),
        ("#pragma omp task\n", []),
        ("#pragma omp parallel\n{ g();\n", []),
        ("#pragma omp parallel\n#pragma omp master\n", []),
        ("#pragma omp parallel for\nfor (j = 0; j < n; ++j)\n", ["#pragma omp parallel for"]),
        ("#pragma omp parallel\n#pragma omp for\n", ["#pragma omp for"]),
        ("for (t = 0; t < 9; ++t) {\n#pragma omp barrier\n", [""]),
        ("#pragma omp declare simd\n;", [""]),
    ],
)
def test_loops_of_a_construct_are_neither(front: str, found: list[str]) -> None:
    """Inside a construct, in front of another directive's block, or around a directive; one that stands alone has no block."""
    end = "}" if "{" in front else ""
    assert [d for _, d in loops("a.c", f"void f(int n, int *x)\n{{\n{front}    {_PLAIN}{end}\n}}\n")] == found


def test_negatives_are_heads_of_nests_without_directives() -> None:
    """Inner loops belong to their nest; a time loop around an annotated loop is neither, a plain loop beside it in there is a negative."""
    text = (
        "void f(int n, int *x)\n{\n"
        "for (int i = 0; i < n; ++i)\n    for (int j = 0; j < n; ++j)\n        x[i] += j;\n"
        "for (int t = 0; t < 9; ++t) {\n"
        "#pragma omp parallel for\nfor (int i = 0; i < n; ++i)\n    for (int j = 0; j < n; ++j)\n        x[i] += j;\n"
        "for (int i = 0; i < n; ++i)\n    x[i] = t;\n"
        "}\n"
        "#pragma omp barrier\n"
        "for (int i = 0; i < n; ++i) x[i] = 1;\n"
        "while (n) n--;\n}\n"
    )
    assert loops("a.c", text) == [(3, ""), (8, "#pragma omp parallel for"), (11, ""), (15, "")]
    assert loops("a.c", text.replace("#pragma omp", "#pragma gcc")) == []


def test_range_based_loops_are_loops() -> None:
    """C++'s second kind of for."""
    text = "void f(std::vector<int> &v)\n{\n#pragma omp parallel for\n    for (auto &x : v)\n        x = 0;\n    for (auto &x : v)\n        x = 1;\n}\n"
    assert loops("a.cpp", text) == [(4, "#pragma omp parallel for"), (6, "")]


def test_fortran_loops_with_and_without_directives() -> None:
    """Regions, continued directives, comments between, concurrent loops; loops that wait for a condition are no examples."""
    text = (
        "subroutine f(x, n)\n  integer :: n, i, j\n  real :: x(n)\n"
        "  do concurrent (i = 1:n)\n    x(i) = 0\n  end do\n"  # 4
        "!$omp parallel private(j)\n  do i = 1, n\n    x(i) = 1\n  end do\n"  # 8: within a region
        "  !$OMP DO Schedule(static) & ! fair\n  !$omp&  reduction(+:s)\n\n  ! why\n  do i = 1, n\n    do j = 1, n\n      x(i) = 2\n    end do\n  end do\n  !$omp end do\n"  # 15
        "!$omp end parallel\n  do while (x(1) > 0)\n    x(1) = 0\n  end do\n"
        "!$omp parallel\n!$omp single\n!$omp end single\n!$omp end parallel\n"
        "#ifdef _OPENACC\n!$acc parallel loop\n#endif\n  do 10 i = 1, n\n10  x(i) = 3\n"  # 32
        "  do j = 1, n\n    do i = 1, n\n      x(i) = 4\n    end do\n  end do\nend subroutine\n"  # 34
    )
    assert loops("a.f90", text) == [(4, ""), (15, "!$OMP DO Schedule(static) reduction(+:s)"), (32, "!$acc parallel loop"), (34, "")]


def test_a_directive_of_a_block_is_not_one_of_the_loop_behind_it_in_fortran() -> None:
    """The region may hold more than the loop."""
    text = "subroutine f(x)\n  real :: x(9)\n!$omp parallel\n  do i = 1, 9\n    x(i) = 0\n  end do\n  call g\n!$omp end parallel\nend\n"
    assert loops("a.f90", text) == []


# ---------------------------------------------------------------- programs

_MPI = "#include <mpi.h>\nint main(int argc, char **argv)\n{\n    MPI_Init(&argc, &argv);\n    MPI_Barrier(MPI_COMM_WORLD);\n    MPI_Finalize();\n    return 0;\n}\n"
_MPI_FORTRAN = "program p\n  use mpi\n  integer :: e\n  call MPI_INIT(e)\n  call mpi_finalize(e)\nend program\n"


def test_an_mpi_program_is_the_whole_document() -> None:
    """C, C++ and Fortran, with a main program that starts and ends MPI."""
    for path, text in (("src/a.c", _MPI), ("src/a.cc", _MPI.replace("MPI_Init(", "MPI_Init_thread(")), ("src/a.f90", _MPI_FORTRAN)):
        (found,) = units(path, text, "program")
        assert (found.name, found.text, found.start_line, found.models) == (path[4:], text, 1, ("mpi",))
        assert found.tree_sha256


@pytest.mark.parametrize(
    "text",
    [
        _MPI.replace("MPI_Finalize()", "done()"),
        _MPI.replace("int main(", "int not_main("),
        _MPI.replace("    MPI_Init", "    // MPI_Init"),
        _MPI_FORTRAN.replace("program p", "subroutine p").replace("end program", "end subroutine"),
        _MPI_FORTRAN.replace("call mpi_finalize(e)", "! call mpi_finalize(e)"),
    ],
)
def test_a_part_of_an_mpi_program_is_none(text: str) -> None:
    """A comment calls nothing."""
    assert units("a.f90" if "subroutine" in text or "program" in text else "a.c", text, "program") == []


@pytest.mark.parametrize(
    ("path", "incorrect"),
    [
        ("test/mpi/errors/coll/allgather.c", True),
        ("bad/a.c", True),
        ("MPI-CorrBench/micro/a.c", True),
        ("src/bad_init.c", True),
        ("tests/deadlock2.c", True),
        ("src/terror/a.c", False),
        ("examples/badger.c", False),
        ("errors.c", False),
        ("src/trace.c", False),
    ],
)
def test_programs_that_are_wrong_on_purpose_are_left_out(path: str, incorrect: bool) -> None:
    """The path tells, and the reason can be counted."""
    d = document(path, _MPI)
    assert is_incorrect(path) is incorrect
    assert left_out(d, parse(d.language, d.text)) == ("incorrect-mpi-program" if incorrect else "")
    assert ([u for u in cut_units(d) if u.kind == "program"] == []) is incorrect
    plain = document(path, "int f(void)\n{\n    return 1;\n}\n")
    assert left_out(plain, parse(plain.language, plain.text)) == ""


# ---------------------------------------------------------------- kernels


def test_kernels_have_their_launches() -> None:
    """Chevrons with template arguments, launch functions, several launches, none; the function stays a unit of its own."""
    text = (
        "// Adds.\ntemplate <class T>\n__global__ void __launch_bounds__(256) k(int n, T *x)\n{\n    x[threadIdx.x] = n;\n}\n"
        "__global__ void unused(int *p)\n{\n    *p = 1;\n}\n"
        "namespace q {\n__global__ void h(int *p)\n{\n    *p = 1;\n}\n}\n"
        "void S::run()\n{\n    k<double><<<dim3(1),\n        2, 0, s>>>(1, p);\n    q::h<<<1, 2>>>(p);\n"
        "    CHECK(cudaLaunchKernel((void *)k<float>, g, b, args, 0, s));\n    hipLaunchKernelGGL(HIP_KERNEL_NAME(k<int>), g, b, 0, 0, 1, p);\n}\n"
    )
    found = units("a.cu", text)
    assert [(u.kind, u.name) for u in found if u.name != "S::run"] == [
        ("function", "k"),
        ("kernel", "k"),
        ("function", "unused"),
        ("kernel", "unused"),
        ("function", "h"),
        ("kernel", "h"),
    ]
    by_name = {u.name: u for u in found if u.kind == "kernel"}
    assert by_name["k"].launches == (
        "k<double><<<dim3(1), 2, 0, s>>>(1, p);",
        "cudaLaunchKernel((void *)k<float>, g, b, args, 0, s)",
        "hipLaunchKernelGGL(HIP_KERNEL_NAME(k<int>), g, b, 0, 0, 1, p);",
    )
    assert by_name["unused"].launches == ()
    assert by_name["h"].launches == ("q::h<<<1, 2>>>(p);",)
    assert by_name["k"].signature == "template <class T> __global__ void __launch_bounds__(256) k(int n, T *x)"
    assert by_name["k"].comment == "Adds."
    assert by_name["k"].text.startswith("template <class T>\n__global__ void")


def test_hip_and_cuda_fortran_kernels() -> None:
    """HIP is read by CUDA's grammar; CUDA Fortran minds no case."""
    hip = '#include "hip/hip_runtime.h"\n__global__ void k(int *p)\n{\n    *p = 1;\n}\nvoid f(int *p)\n{\n    hipLaunchKernelGGL(k, 1, 2, 0, 0, p);\n    k<<<1, 2>>>(p);\n}\n'
    (found,) = units("a.hip", hip, "kernel")
    assert (found.language, found.launches) == ("cpp", ("hipLaunchKernelGGL(k, 1, 2, 0, 0, p);", "k<<<1, 2>>>(p);"))
    fortran = (
        "module m\ncontains\nattributes(global) subroutine Add(x)\n  real :: x(*)\n  x(threadIdx%x) = 1\nend subroutine\n"
        "subroutine run(x)\n  real, device :: x(*)\n  call add<<<1, 32>>>(x)\nend subroutine\nend module\n"
    )
    (found,) = units("a.cuf", fortran, "kernel")
    assert (found.name, found.launches) == ("Add", ("call add<<<1, 32>>>(x)",))


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "text",
    [
        "\n",
        "}" * 500 + "\n",
        "#pragma omp parallel for\n",
        "int f() { for (;;) { #pragma omp\n",
        "/* never closed\n#pragma omp for\nfor (;;) x;\n",
        '_Pragma("omp parallel for\n',
        "#ifdef A\n#pragma omp for\n#else\n",
        "void f()\n{\n" + "for (;;)\n" * 150 + ";\n}\n",
        "int x = " + "(" * 20000 + "1" + ")" * 20000 + ";\nint f(void)\n{\n    return " + "+".join("a" * 3000) + ";\n}\n",
        "k<<<\n__global__ void k(\n",
        "int caf\xe9(int \xfc)\n{\n    return \xfc;\n}\n#pragma omp for\nfor (;;)\n    \xfc = 1;\n",
    ],
)  # fmt: skip
def test_broken_texts_give_few_units_and_no_error(text: str) -> None:
    """Whatever was mined, in any language."""
    for path in ("a.c", "a.cpp", "a.cu", "a.f90"):
        for unit in units(path, text):
            assert unit.text.strip()
            assert unit.start_line >= 1
