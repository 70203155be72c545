"""Fortran's names are told by scope in both forms, and every text comes back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.tokenizer.fortran_form import form_of
from hpcraft.tokenizer.lexer import FORMS, lex
from hpcraft.tokenizer.rename import rename, restore

_PIECES = st.sampled_from(
    ["v0", "V1", "i0", "f1", "x", "Foo", " ", "     ", "      ", "\n", "\n", "\n     &", "\n      ", "\nC ", "\n!$omp ", "\nc$omp&", "\n!$ ", "&\n", "&\n&",
     "(", ")", "(/", "/)", "[", "]", "%", "=", "=>", "::", ",", ";", "'", '"', "!", "/", ".and.", ".", "1.", "1.0_dp", "2HAB", "9h", "z'f'", "\t", "\t1",
     "\r\n", "\0", "\ufeff", "é", "_", "$", "do ", "do 10 i=1,n", "if (", ") then", "end", "end do", "end if", "subroutine ", "function f(", "module m",
     "contains", "use m", "use m, only: a => b", "interface", "type t", "type(t) ", "procedure ", "real ", "integer, parameter :: ", "implicit none",
     "implicit real (a-h)", "common /c/ ", "call ", "block", "associate (", "select type (", "data ", "namelist /n/ ", "entry ", "include 'a'",
     "#define A(x) x", "#if A", "#else", "#endif", "private(", "reduction(+:", "x" * 66]
)  # fmt: skip
_TEXT = st.lists(_PIECES | st.text(max_size=3), max_size=60).map("".join)


@given(text=_TEXT, form=st.sampled_from(FORMS), seed=st.none() | st.integers(0, 9))
@settings(max_examples=400, deadline=None)
def test_any_text_round_trips(text: str, form: str, seed: int | None) -> None:
    """Whatever the text is, the lexer loses nothing and restoring gives it back byte for byte."""
    assert "".join(t.text for t in lex(text, "fortran", form)) == text
    assert restore(rename(text, "fortran", form=form, seed=seed)) == text


def _renamed(text: str, form: str = "free") -> str:
    renamed = rename(text, "fortran", form=form)
    assert restore(renamed) == text
    return renamed.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Each procedure has its own dummies; an END names what it ends, in any case.
        (
            "subroutine axpy(n, x)\nreal x(N)\nend subroutine AXPY\nsubroutine scal(n, x)\nreal x(n)\nend",
            "subroutine f0(i0, v0)\nreal v0(i0)\nend subroutine f0\nsubroutine f1(i1, v1)\nreal v1(i1)\nend",
        ),
        # Host association, a keyword that is a dummy, and one of a procedure from elsewhere.
        (
            "program p\nimplicit none\ninteger :: n\ncall s(k=n)\ncall other(k=n)\ncontains\nsubroutine s(k)\ninteger :: k, i\ni = k + n\nend subroutine\nend",
            (
                "program f0\nimplicit none\ninteger :: v0\ncall f1(v1=v0)\ncall f2(k=v0)\ncontains\nsubroutine f1(v1)\ninteger :: v1, v2\nv2 = v1 + v0\n"
                "end subroutine\nend"
            ),
        ),
        # A module of the text is read, renamings included; the kind of a literal is a name.
        (
            "module kinds\ninteger, parameter :: dp = kind(1.d0)\nend module\nsubroutine s\nuse kinds, only: wp => dp\nreal(wp) :: x\nx = 1.0_wp\nend",
            "module t0\ninteger, parameter :: v0 = kind(1.d0)\nend module\nsubroutine f0\nuse t0, only: v1 => v0\nreal(v1) :: v2\nv2 = 1.0_v1\nend",
        ),
        # Components are one symbol per spelling; constructors and bindings know them.
        (
            (
                "module m\ntype :: p\nreal :: x\ncontains\nprocedure :: len2 => p_len\nend type\ncontains\nreal function p_len(self)\nclass(p) :: self\n"
                "type(p) :: x\nx = p(x=1.)\np_len = x%x + self%x + x%len2()\nend function\nend module"
            ),
            (
                "module t0\ntype :: t1\nreal :: m0\ncontains\nprocedure :: m1 => f0\nend type\ncontains\nreal function f0(v0)\nclass(t1) :: v0\n"
                "type(t1) :: v1\nv1 = t1(m0=1.)\nf0 = v1%m0 + v0%m0 + v1%m1()\nend function\nend module"
            ),
        ),
        # The dummy that a binding passes goes with the procedure, also where the binding has another name.
        (
            (
                "module m\ntype :: p\nreal :: x\ncontains\nprocedure, pass(self) :: get => p_get\nprocedure, pass(b) :: put\nend type\ncontains\n"
                "real function p_get(self)\nclass(p) :: self\np_get = self%x\nend function\nsubroutine put(a, b)\nreal :: a\nclass(p) :: b\nend subroutine\n"
                "end module"
            ),
            (
                "module t0\ntype :: t1\nreal :: m0\ncontains\nprocedure, pass(v0) :: m1 => f0\nprocedure, pass(v1) :: f1\nend type\ncontains\n"
                "real function f0(v0)\nclass(t1) :: v0\nf0 = v0%m0\nend function\nsubroutine f1(v2, v1)\nreal :: v2\nclass(t1) :: v1\nend subroutine\n"
                "end module"
            ),
        ),
        # Procedures that override each other have dummies of one name.
        (
            (
                "module m\ntype, abstract :: a\ncontains\nprocedure(i), deferred :: run\nend type\ntype, extends(a) :: b\ncontains\nprocedure :: run => brun\n"
                "end type\nabstract interface\nsubroutine i(self)\nimport a\nclass(a) :: self\nend subroutine\nend interface\ncontains\nsubroutine brun(self)\n"
                "class(b) :: self\nend subroutine\nend module"
            ),
            (
                "module t0\ntype, abstract :: t1\ncontains\nprocedure(f0), deferred :: m0\nend type\ntype, extends(t1) :: t2\ncontains\nprocedure :: m0 => f1\n"
                "end type\nabstract interface\nsubroutine f0(v0)\nimport t1\nclass(t1) :: v0\nend subroutine\nend interface\ncontains\nsubroutine f1(v0)\n"
                "class(t2) :: v0\nend subroutine\nend module"
            ),
        ),
        # No word is reserved: what it is follows from where it stands.
        (
            "subroutine s\ninteger :: if, do, data(3), end\nif = 3\nif (if == 3) data(1) = if\ndo do = 1, 2\nend do\nend = do\nend",
            "subroutine f0\ninteger :: v0, v1, v2(3), v3\nv0 = 3\nif (v0 == 3) v2(1) = v0\ndo v1 = 1, 2\nend do\nv3 = v1\nend",
        ),
        # An intrinsic stays; an array of its name is the program's own; operators and literals stay.
        (
            "subroutine s(size)\nreal :: size(3), y\ny = sqrt(size(1)) ** 2\nif (.not. y .eq. 1. .or. .false.) y = abs(y)\nend",
            "subroutine f0(v0)\nreal :: v0(3), v1\nv1 = sqrt(v0(1)) ** 2\nif (.not. v1 .eq. 1. .or. .false.) v1 = abs(v1)\nend",
        ),
        # Implicit types bind the first letter; a type that is given doesn't.
        ("subroutine s(n, x)\nk = n\ny = x\ninteger z\nend", "subroutine f0(i0, v0)\ni1 = i0\nv1 = v0\ninteger v2\nend"),
        # I/O keywords stay, their values are names; names that input files know stay.
        (
            "subroutine s\nimplicit none\ninteger :: unit, ios, n\nnamelist /cfg/ n\nread (unit=unit, nml=cfg, iostat=ios)\nwrite (*, '(i0)') n\nend",
            "subroutine f0\nimplicit none\ninteger :: v0, v1, n\nnamelist /cfg/ n\nread (unit=v0, nml=cfg, iostat=v1)\nwrite (*, '(i0)') n\nend",
        ),
        # Names go on over lines; strings too, and what is in them stays.
        (
            "subroutine s(alpha, b)\nreal alpha, b\nal&\n&pha = b\nprint *, 'b &\n  & b', b ! b\nend",
            "subroutine f0(alpha, v0)\nreal alpha, v0\nal&\n&pha = v0\nprint *, 'b &\n  & b', v0 ! b\nend",
        ),
        # Directives and clauses go with their variables.
        (
            (
                "subroutine s(a, n, sum)\nreal a(n), sum\n!$omp parallel do private(i) &\n!$omp& reduction(+:sum) schedule(static, n)\ndo i = 1, n\n"
                "sum = sum + a(i)\nend do\n!$acc data copyin(a(1:n))\n!$ n = 1\nend"
            ),
            (
                "subroutine f0(v0, i0, v1)\nreal v0(i0), v1\n!$omp parallel do private(i1) &\n!$omp& reduction(+:v1) schedule(static, i0)\ndo i1 = 1, i0\n"
                "v1 = v1 + v0(i1)\nend do\n!$acc data copyin(v0(1:i0))\n!$ i0 = 1\nend"
            ),
        ),
        # Constructs have names and scopes.
        (
            (
                "subroutine s(x)\nimplicit none\nreal x\nouter: do\nblock\nreal x\nx = 1\nend block\nassociate (y => x)\ny = 2\nend associate\nexit outer\n"
                "end do outer\nend"
            ),
            (
                "subroutine f0(v0)\nimplicit none\nreal v0\nl0: do\nblock\nreal v1\nv1 = 1\nend block\nassociate (v2 => v0)\nv2 = 2\nend associate\nexit l0\n"
                "end do l0\nend"
            ),
        ),
        # Names of COMMON blocks and external procedures are global, members are local.
        (
            "subroutine a\ncommon /blk/ x\ncall b\nend\nsubroutine b\ncommon /BLK/ y\nsave /blk/\nx = y\nend",
            "subroutine f0\ncommon /v0/ v1\ncall f1\nend\nsubroutine f1\ncommon /v0/ v2\nsave /v0/\nv3 = v2\nend",
        ),
        # Macros know case, and what stands in their text is one name wherever it stands.
        (
            "#define CHECK(x) if (ierr /= 0) call stop_now(x)\nsubroutine s\ninteger ierr, check\nCHECK(check)\nend",
            "#define s0(v0) if (v1 /= 0) call f0(v0)\nsubroutine f1\ninteger v1, v2\ns0(v2)\nend",
        ),
        # A type may be a macro of a header.
        (
            '#include "h.h"\nsubroutine s\nPetscInt n\nPetscReal, save :: x(3)\nx(n) = y\nend',
            '#include "h.h"\nsubroutine f0\nPetscInt v0\nPetscReal, save :: v1(3)\nv1(v0) = y\nend',
        ),
        # What another module may have stays.
        (
            "subroutine s\nuse other\nimplicit none\nreal :: a\na = b\nend",
            "subroutine f0\nuse other\nimplicit none\nreal :: v0\nv0 = b\nend",
        ),
    ],
)
def test_names_follow_their_scopes(text: str, expected: str) -> None:
    """One symbol per name and scope, in the order of use."""
    assert _renamed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Comments, labels, marks of continuation and what stands behind column 72 are no names.
        (
            "C     X\n      SUBROUTINE S(X)\nc$omp parallel private(y)\n      DO 10 J=1,2"
            + " " * 55
            + "S0010\n     x    Y = X\n   10 X = 4HX    \n      END\n",
            "C     X\n      SUBROUTINE f0(v0)\nc$omp parallel private(v1)\n      DO 10 i0=1,2" + " " * 55 + "S0010\n     x    v1 = v0\n"
            "   10 v0 = 4HX    \n      END\n",
        ),
        # A line that gets too long goes on in the next; one that gets shorter is filled up where something follows.
        (
            "      SUBROUTINE LONGNAME(A)\n      A(1) = "
            + "+".join(["A(1)"] * 10)
            + "+A(12)\n      CALL LONGNAME(A)"
            + " " * 50
            + "LON00010\n",
            "      SUBROUTINE f0(v0)\n      v0(1) = "
            + "+".join(["v0(1)"] * 9)
            + "+\n     & v0(1)+v0(12)\n      CALL f0(v0)"
            + " " * 55
            + "LON00010\n",
        ),
        # The columns of a string that goes on count.
        (
            "      CALL LONGNAME('" + "x" * 51 + "\n     &xx')\n",
            "      CALL f0(      '" + "x" * 51 + "\n     &xx')\n",
        ),
        # Blanks in operators and exponents, a tab for the first six columns.
        ("\tSUBROUTINE S(X)\n\tIF (X . GT . 1.5 D 0) X = 0\n\tEND\n", "\tSUBROUTINE f0(v0)\n\tIF (v0 . GT . 1.5 D 0) v0 = 0\n\tEND\n"),
        # A keyword that touches a name: the name stays.
        (
            "      SUBROUTINE S(A)\n      DO10I=1,3\n   10 A = I\n      END\n",
            "      SUBROUTINE f0(v0)\n      DO10I=1,3\n   10 v0 = I\n      END\n",
        ),
    ],
)
def test_fixed_form_keeps_its_columns(text: str, expected: str) -> None:
    """Renamed lines mean what they meant, column for column."""
    assert _renamed(text, "fixed") == expected


def test_each_spelling_comes_back() -> None:
    """Cases are mixed as one likes; all are one name, and every place gets its own spelling back."""
    renamed = rename("subroutine Foo(N)\ninteger n\nn = N\nend subroutine FOO\n", "fortran")
    assert renamed.text == "subroutine f0(v0)\ninteger v0\nv0 = v0\nend subroutine f0\n"
    assert renamed.spellings == ((2, "n"), (3, "n"), (5, "FOO"))
    assert restore(renamed).endswith("FOO\n")


def test_canonical_names_of_the_text_are_skipped_in_any_case() -> None:
    """A name that stays and looks canonical takes its number away, whatever its case."""
    assert _renamed("subroutine s(x)\nuse other, only: V0\nx = V0\nend") == "subroutine f0(v1)\nuse other, only: V0\nv1 = V0\nend"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("C comment\n      X = 1\n", "fixed"),
        ("      X = 1 +\n     &    2\n", "fixed"),
        ("      x = 1 + &\n     &    2\n", "free"),
        ("program p\nend\n", "free"),
        ("contains ! c\ncall f(x)\n", "free"),
        ("C\n      X = " + "1+" * 40 + "1\n", "wide"),
        ("", "free"),
    ],
)
def test_form_is_found(text: str, form: str) -> None:
    """The form shows in what only one form has."""
    assert form_of(text) == form


_PROGRAM = """\
module shapes_mod
  implicit none
  integer, parameter :: dp = kind(1.d0)
  type :: grid_t
    real(dp), allocatable :: cells(:, :)
    integer :: rows = 0
  contains
    procedure :: fill
    generic :: set => fill
  end type
  interface norm
    module procedure norm_grid, norm_vec
  end interface
contains
  subroutine fill(self, value)
    class(grid_t), intent(inout) :: self
    real(dp), intent(in) :: value
    self%cells = value
  end subroutine
  pure function norm_grid(g) result(r)
    type(grid_t), intent(in) :: g
    real(dp) :: r
    r = sqrt(sum(g%cells**2))
  end function
  pure real(dp) function norm_vec(v)
    real(dp), intent(in) :: v(:)
    norm_vec = sqrt(sum(v**2))
  end function
end module
subroutine legacy(n, x)
  dimension x(n)
  common /state/ icount, total
  do 10 i = 1, n
10 total = total + x(i)
  icount = icount + int(total)
end subroutine
program main
  use shapes_mod
  implicit none
  type(grid_t) :: g
  integer :: i, rows
  real :: x(3) = [(real(i), i=1, 3)]
  external legacy
  allocate (g%cells(3, 3), stat=rows)
  call g%set(value=2.0_dp)
  g%rows = rows
  loop: do i = 1, 3
    if (i == 2) cycle loop
    g%cells(i, :) = norm(g) + norm(v=[1.0_dp, 2.0_dp])
  end do loop
  call legacy(3, x)
  write (*, '(i0, f8.3)') i, g%cells(1, 1)
end program
"""


@pytest.mark.skipif(shutil.which("gfortran") is None, reason="needs gfortran")
@pytest.mark.parametrize("seed", [None, 3])
def test_renamed_program_prints_the_same(tmp_path: Path, seed: int | None) -> None:
    """A program of modules, types, generic names, COMMON and implicit types means the same under other names."""
    outputs = []
    for name, text in (("a", _PROGRAM), ("b", rename(_PROGRAM, "fortran", seed=seed).text)):
        source = tmp_path / f"{name}.f90"
        source.write_text(text)
        subprocess.run(["gfortran", "-w", f"-J{tmp_path}", "-o", tmp_path / name, source], check=True)
        outputs.append(subprocess.run([tmp_path / name], capture_output=True, check=True).stdout)
    assert outputs[0] == outputs[1] != b""


def test_macros_of_the_command_line_stay_in_fortran() -> None:
    """A macro that the text asks for before it defines it, or without, may come from the command line."""
    source = """#ifdef USE_MPI
      call start(N)
#endif
#ifndef NMAX
#define NMAX 100
#endif
#define OWN 3
#if defined(BIG) && OWN > 1
      real a(NMAX), b(OWN)
#endif
      if (USE_MPI .gt. 0) a(1) = b(1)
      end
"""
    renamed = rename(source, "fortran", form="fixed")
    kept = {"USE_MPI", "NMAX", "BIG"}
    assert kept.isdisjoint(renamed.names.values())
    assert all(renamed.text.count(name) == source.count(name) for name in kept)
    assert "#define s0 3" in renamed.text
    assert restore(renamed) == source


def test_blanks_inside_names_of_fixed_form() -> None:
    """A name with blanks inside is the name without them, and stays; where no such name is known, its pieces stay wherever they stand."""
    source = """      SUBROUTINE SOLVE(N, OUTIERR, X)
      INTEGER N, OUT IERR, K
      REAL X(N), BE TA
      OUT IERR = 0
      IERR = 3
      IF (N .GT. 0) OUT IERR = N
      BETA = X(1) + BE TA * OUT  IERR
      CALL PUT ALL(X, OUT IERR, UN KNOWN)
      KNOWN = K
      END
      SUBROUTINE PUTALL(X, IERR, L)
      END
"""
    expected = """      SUBROUTINE f0(v0, OUTIERR, v1)
      INTEGER v0, OUT IERR, v2
      REAL v1(v0), BE TA
      OUT IERR = 0
      i0 = 3
      IF (v0 .GT. 0) OUT IERR = v0
      BETA = v1(1) + BE TA * OUT  IERR
      CALL PUT ALL(v1, OUT IERR, UN KNOWN)
      KNOWN = v2
      END
      SUBROUTINE PUTALL(v3, i1, i2)
      END
"""
    renamed = rename(source, "fortran", form="fixed")
    assert renamed.text == expected
    assert restore(renamed) == source
