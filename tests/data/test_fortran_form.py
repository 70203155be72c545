"""Fixed-form Fortran becomes free form that says the same."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.fortran_form import to_free
from hpcraft.tokenizer.fortran_form import looks_fixed

WORDS = st.sampled_from(["X", "Y1", "ALPHA", "+", "*", "(", ")", ",", "1.5D0", "'it''s'", '"a ! b"', "'C'", ".AND.", "=", "FOO_BAR"])
STATEMENTS = st.lists(WORDS, min_size=1, max_size=60).map(lambda words: "X" + " ".join(words))
COMMENTS = st.text(alphabet="abc XYZ'\"!&$0", max_size=30).map(lambda text: "C " + text)


def fixed(statement: str, comments: list[str], cut: int) -> str:
    """A statement in fixed form, cut blindly every ``cut`` columns, with comments between its lines."""
    parts = [statement[at : at + cut] for at in range(0, len(statement), cut)]
    lines = [f"      {parts[0]}"]
    for number, part in enumerate(parts[1:]):
        if number < len(comments):
            lines.append(comments[number])
        lines.append(f"     &{part}")
    return "\n".join(lines) + "\n"


@settings(max_examples=200, deadline=None)
@given(statement=STATEMENTS, comments=st.lists(COMMENTS, max_size=3))
def test_a_statement_cut_at_the_last_column_is_joined_to_itself(statement: str, comments: list[str]) -> None:
    """Wherever column 72 falls, also inside names and strings, the joined line is the statement."""
    lines = to_free(fixed(statement, comments, 66)).splitlines()
    used = comments[: max(0, (len(statement) - 1) // 66)]
    code = [line for line in lines if not line.startswith("!")]
    assert len(code) == 1
    outside = code[0].strip()
    assert outside.replace(" ", "") == statement.replace(" ", "")
    assert [line.rstrip() for line in lines if line.startswith("!")] == [("!" + c[1:]).rstrip() for c in used]


@settings(max_examples=100, deadline=None)
@given(statements=st.lists(st.tuples(STATEMENTS, st.lists(COMMENTS, max_size=2)), max_size=6))
def test_no_column_rule_is_left(statements: list[tuple[str, list[str]]]) -> None:
    """Every line of the result is a comment, or a statement that no continuation mark follows."""
    text = "".join(fixed(statement, comments, 50) for statement, comments in statements)
    for line in to_free(text).splitlines():
        assert line.startswith(("!", "      ")) or not line
        assert line[5:6] in ("", " ") or line.startswith("!")


@given(text=st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_converts(text: str) -> None:
    """Whatever a file holds, conversion ends and gives lines."""
    assert to_free(text).endswith("\n")
    looks_fixed(text)


def test_directives_conditional_lines_and_labels_stay() -> None:
    """Sentinels of both spellings, their continuations and labels survive; comments never become directives."""
    text = "c$omp parallel do\n!$OMP& private(i)\nC$    X = 1\n*$acc loop\n  100 CONTINUE\nC$ note that this is prose\nd     write(*,*) x\n"
    assert to_free(text).splitlines() == [
        "!$omp parallel do private(i)",
        "!$ X = 1",
        "!$acc loop",
        "100   CONTINUE",
        "! $ note that this is prose",
        "!     write(*,*) x",
    ]


def test_trailing_comments_and_sequence_numbers_go_but_not_from_strings() -> None:
    """An exclamation mark ends a line outside strings alone; columns 73 to 80 are no code."""
    text = "      X = 'a!b' ! c\n" + "      Y = 1".ljust(72) + "00010\n" + "     &+ 2\n"
    assert to_free(text).splitlines() == ["      X = 'a!b'", "      Y = 1+ 2"]


def test_a_string_over_two_lines_keeps_the_blanks_up_to_column_72() -> None:
    """Fixed form counts them, so the joined string has them."""
    text = "      S = 'ab\n     &cd'\n"
    assert to_free(text) == "      S = 'ab" + " " * (66 - len("S = 'ab")) + "cd'\n"


def test_long_lines_beyond_72_are_kept_where_code_runs_across() -> None:
    """A file compiled with long lines isn't cut in the middle of a word."""
    line = "      CALL " + "LONG" * 18 + "(X)"
    assert to_free(line + "\n").strip() == line.strip()


def test_free_form_in_a_fixed_suffix_is_noticed() -> None:
    """A .f file in free form is left as it is."""
    assert not looks_fixed("program p\nimplicit none\ninteger :: i\nprint *, 'hello', &\n  i\nend program\n")
    assert looks_fixed("C     x\n      PROGRAM P\n      END\n")
    assert looks_fixed("\tPROGRAM P\n10\tCONTINUE\n\tEND\n")


SAMPLE = """\
*> \\brief scales and sums, in the manner of LAPACK
      SUBROUTINE DSCSUM( N, ALPHA, X, INCX,
     $                   TOTAL, INFO )
C     .. Scalar Arguments ..
      INTEGER            INCX, INFO, N
      DOUBLE PRECISION   ALPHA, TOTAL
      DOUBLE PRECISION   X( * )
      INTEGER            I
      DOUBLE PRECISION   ZERO
      PARAMETER          ( ZERO = 0.0D+0 )
      CHARACTER*80       MESSAGE
      DATA               MESSAGE / 'a message that goes on and on to the
     $ next line!' /
      INFO = 0
      IF( N.LT.0 .OR.
     $    INCX.LE.0 ) THEN
         INFO = -1
         RETURN
      END IF
      TOTAL = ZERO
c$omp parallel do
c$omp+ private(i)
      DO 10 I = 1, N*INCX, INCX
         X( I ) = ALPHA*X( I )
   10 CONTINUE
      GO TO 30
   20 CONTINUE
   30 DO 40 I = 1, N*INCX, INCX
         TOTAL = TOTAL + X( I ) ! add
   40 CONTINUE
      IF( MESSAGE( 40: 60 ).EQ.'next line!' ) INFO = 1
      END
"""


@pytest.mark.skipif(not shutil.which("gfortran"), reason="gfortran is missing")
def test_both_forms_compile_to_the_same_code(tmp_path: Path) -> None:
    """The compiler makes the same assembly of a LAPACK-like routine in fixed and in converted form."""
    (tmp_path / "a.f").write_text(SAMPLE)
    (tmp_path / "a.f90").write_text(to_free(SAMPLE))
    made = []
    for name, flag in (("a.f", "-ffixed-form"), ("a.f90", "-ffree-line-length-none")):
        done = subprocess.run(
            ["gfortran", "-S", "-O1", "-g0", "-fopenmp", flag, "-o", "-", name], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        made.append([line for line in done.stdout.splitlines() if ".file" not in line])
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("line", "free"),
    [
        ("IF (P . GE. 0.E0 .AND. X.EQ.0. OR. Y) GOTO 10", "IF (P .GE. 0.E0 .AND. X.EQ.0.OR. Y) GOTO 10"),
        ("CALL F(A, FOUT IERR, 'X  Y Z')", "CALL F(A, FOUTIERR, 'X  Y Z')"),
        ("X = 1 000.5 + A * * 2", "X = 1000.5 + A ** 2"),
        ("10    FORMAT(1X, I5 2X)", "10    FORMAT(1X, I5 2X)"),
        ("DATA X /4HAB'D/, Y /3H!  /", "DATA X /4HAB'D/, Y /3H!  /"),
        ("WRITE(*,*) 5HA ! B, Y ! comment", "WRITE(*,*) 5HA ! B, Y"),
        ("DATA ZERO,HALF/ 0.0 D 0 , 5 . D - 1 /", "DATA ZERO,HALF/ 0.0D0 , 5 . D - 1 /"),
        ("DATA X/0.51329 91127 D -1/", "DATA X/0.5132991127D-1/"),
        ("DATA X/-1. E0, 1.E0, A/", "DATA X/-1.E0, 1.E0, A/"),
        ("STOP'please stop'", "STOP 'please stop'"),
        ("DO 10 I = 1, N", "DO 10 I = 1, N"),
        ("REAL*8 FUNCTION F(A, B)", "REAL*8 FUNCTION F(A, B)"),
        ("IF (A .EQ. 'X . GE. Y') B = 'C D'", "IF (A .EQ. 'X . GE. Y') B = 'C D'"),
    ],
)
def test_blanks_that_free_form_refuses_go(line: str, free: str) -> None:
    """Numbers, operators and names in brackets are closed up; strings, formats, Hollerith constants and keywords stay."""
    label = "" if line[0].isdigit() else "      "
    assert to_free(f"{label}{line}\n") == f"{label}{free}\n"


def test_a_sentinel_behind_column_1_stays_a_comment() -> None:
    """Fixed form takes it for a comment, and free form must too."""
    assert to_free("      !$omp parallel\n      X = 1\n").splitlines()[0] == "      ! $omp parallel"


def test_a_digit_in_column_6_continues_a_directive() -> None:
    """Any character but blank and zero does."""
    assert to_free("c$omp parallel\nc$omp1private(x)\nc$omp0barrier\n").splitlines() == ["!$omp parallel private(x)", "!$omp barrier"]


def test_free_form_that_begins_with_a_comments_letter_is_noticed() -> None:
    """Statements such as `call f(x)` in column 1 are no comments."""
    assert not looks_fixed("call f(x)\ncontains\ndo i = 1, n\n")
    assert looks_fixed("call f(x) is what this does\nC     do i\n      x = 1\n")


BLANKS = """\
      SUBROUTINE S(A, N, R)
      INTEGER N, I, FOUTIERR
      REAL A(N), R
      CHARACTER*8 C
      FOUTIERR = 1 000
      R = 1.5 E 1 + A( FOUT IERR ) * * 2
      DO 10 I = 1, N
         IF (A(I) . GT. 0. OR. A(I).LT. - 1 0.) R = R + 1
   10 CONTINUE
      C = 'A  B '' C'
      WRITE(*, 20) R
   20 FORMAT(1X, F8 . 3 2X, 'A  B')
      END
"""


@pytest.mark.skipif(not shutil.which("gfortran"), reason="gfortran is missing")
def test_blanks_change_nothing_in_the_code(tmp_path: Path) -> None:
    """The compiler makes the same of a routine full of blanks in both forms, but for the text of its format."""
    made = []
    for form, text in (("fixed", BLANKS), ("free", to_free(BLANKS))):
        (tmp_path / "a").write_text(text)
        command = ["gfortran", "-x", "f77", f"-f{form}-form", "-S", "-O1", "-g0", "-w", "-std=legacy", "-o", "-", "a"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        made.append([line for line in done.stdout.splitlines() if ".file" not in line])
    assert made[0] == made[1]
