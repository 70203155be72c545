"""The canonical layout: the same program on fewer tokens, and nothing more to lay out in what is laid out."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.errors import ConfigError
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.lexer import LANGUAGES, lex

# The same examples each time: odd texts are searched for by `benchmarks/tokenizer_fuzz.py`, and what it finds is written down below.
LAW = settings(max_examples=200, deadline=None, derandomize=True)
C_WORDS = """{ } ( ) ; , = : :: < > >> <<< + - & # ## % %: . ... / * ? if else for do case default struct enum template operator return
x int L _s 1 0xE "a" 'c' #define #include #error " ' \\ R" // /* */ é ` @"""
C_SPACED = (
    "// c",
    "/* c */",
    "/* c\n * d */",
    'R"(a\n b)"',
    "\n",
    " ",
    " \\\n",
    " \\ \n",
    "\r",
    "\f",
    "\0",
    "\ufeff",
    "#pragma omp",
    "#include <a>",
)
C_PARTS = st.sampled_from((*C_WORDS.split(), *C_SPACED))
C_TEXTS = st.lists(C_PARTS, max_size=40).map("".join)
FORTRAN_WORDS = """'it''s' x 10 1. .eq. ; ( ) / * = , % 5Habcde ' " \\ ! & # c d $ . _ 0 é !$"""
FORTRAN_SPACED = ("\n!$omp do &\n!$omp& x\n", "\n!$ x\n", "! c\n", "\n", "&\nx", "&\n &y", "\n     &x", "\n      ", "\t", " ", "'a b'", "\n#if x\n",
                  "\nc c\n", "end if", "\n!dir$ ivdep\n", " c", "* ", "\n     1", "\r", "\f", "\x1e")  # fmt: skip
FORTRAN_PARTS = st.sampled_from((*FORTRAN_WORDS.split(), *FORTRAN_SPACED, "x" * 70, "'" + "y " * 50 + "'", '"' + "z" * 64))
FORTRAN_TEXTS = st.lists(FORTRAN_PARTS, max_size=30).map("".join)


@LAW
@given(text=C_TEXTS, language=st.sampled_from(("c", "cpp", "cuda")), comments=st.booleans())
def test_a_layout_of_c_is_its_own(text: str, language: str, comments: bool) -> None:
    """What is laid out stays as it is, whatever the text, with comments and without."""
    laid = canonical(text, language, comments=comments)
    assert canonical(laid, language, comments=comments) == laid


@LAW
@given(text=FORTRAN_TEXTS, form=st.sampled_from(("", "fixed", "free", "wide")), comments=st.booleans())
def test_a_layout_of_fortran_is_its_own(text: str, form: str, comments: bool) -> None:
    """Likewise in all forms, also where the text alone says which, and no line is longer than the form allows."""
    laid = canonical(text, "fortran", form=form, comments=comments)
    assert canonical(laid, "fortran", form=form, comments=comments) == laid
    for line in laid.split("\n"):
        assert len(line) <= (132 if form in ("", "free") else 72) or "!" in line or "#" in line or "&" in line.rstrip("&")


@LAW
@given(text=C_TEXTS)
def test_a_layout_keeps_the_tokens(text: str) -> None:
    """Outside directives no token is lost, made or cut; a backslash that splices lines, also with blanks behind it, is none."""
    text = re.sub(r"[#%\r\ufeff]", "", text) + "\n"
    text = re.sub(r"(\\[ \t]*)+\n", " \n", text)
    before = [t.text for t in lex(text, "cpp") if t.kind not in ("space", "newline", "comment")]
    after = [t.text for t in lex(canonical(text, "cpp"), "cpp") if t.kind not in ("space", "newline", "comment")]
    assert after == before


@pytest.mark.parametrize(
    ("language", "source", "comments", "lines"),
    [
        ("c", "\\}", False, ["\\ /**/", "}"]),
        ("c", "x\\\\", False, ["x\\ /**/"]),
        ("c", "//\n%/*\n L", True, ["//", "% /*", " L"]),
        ("c", '/**/#include ,"/*"', False, ['#include ,"/*"']),
        ("c", "#/*", True, ["#/*"]),
        ("c", "##;%:", False, ["##;%:"]),
        ("c", "%:#else}", False, ["# #else}"]),
        ("c", '"/* c\n */"', False, ['" /*', '*/"']),
        ("c", '#include <a>/**/R"(a\n b)"', False, ['#include <a> /**/ R"(a', ' b)"']),
        ("c", "/**/\ufeff", False, ["\ufeff\ufeff"]),
        ("fortran", "c\n0m", False, ["*", "      0m"]),
        ("fortran", " C", False, [" C"]),
        ("fortran", "c\n      x=1! " + "y" * 61, True, ["*", "!", "! " + "y" * 61, "      x=1"]),
        ("fortran", "*\n\t!\tx\n", True, ["*", "!     x"]),
        ("fortran", "c\n" + "      PRINT '" + "x" * 60 + "'", False, ["      PRINT", f"     & '{'x' * 60}'"]),
        ("fortran", f"{'x' * 131}+y !$ z", True, ["! $ z", f"{'x' * 130}&", "&x+y"]),
        ("fortran", "x='( 5Habcde , i )'", False, ["x='( 5Habcde , i )'"]),
        ("fortran", "      WRITE(*,*) 5HA ! B, y\n     &+1", False, ["*", "      WRITE(*,*) 5HA ! B,y+1"]),
        ("fortran", "3Hx* ;", False, ["3Hx*"]),
        ("fortran", "c\n      5Habcde5Habcde" + "x" * 60, False, ["      5Habcde5Habcde" + "x" * 52, "     &" + "x" * 8]),
        ("fortran", ".s ..", False, [".s .."]),
        ("fortran", "n&\n#\n! c\np", True, ["n&", "#", "! c", "p"]),
        ("fortran", " #x", False, [" #x"]),
    ],
)
def test_odd_text_is_laid_out_once(language: str, source: str, comments: bool, lines: list[str]) -> None:
    """Texts whose layout changed when it was laid out again, or lost what it held."""
    laid = canonical(source, language, comments=comments)
    assert laid.splitlines() == lines
    assert canonical(laid, language, comments=comments) == laid


@given(text=st.text(max_size=200), language=st.sampled_from(LANGUAGES))
@settings(max_examples=150, deadline=None)
def test_any_text_is_laid_out(text: str, language: str) -> None:
    """Whatever a file holds, it has a layout, of whole lines."""
    laid = canonical(text, language, comments=True)
    assert not laid or laid.endswith("\n")


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("int a[2] = { 1, 2 }, b; enum e { A, B = 2 };", ["int a[2]={1,2},b;", "enum e{", "A,", "B=2", "};"]),
        ("typedef struct { int x; } s;", ["typedef struct{", "int x;", "}s;"]),
        ("switch (x) { case 1: f(); break; default : g(); }", ["switch(x){", "case 1:", "f();", "break;", "default:", "g();", "}"]),
        ("for_each(a, b, [&](int i) { x[i] = 0; });", ["for_each(a,b,[&](int i){", "x[i]=0;", "});"]),
        ("k <<< g , b >>> ( x );", ["k<<<g,b>>>(x);"]),
        ("template <class T, int N = 3> void f();", ["template<class T,int N=3>", "void f();"]),
        ("vector<vector<int> > v; vector<vector<int>> w;", ["vector<vector<int> >v;", "vector<vector<int>>w;"]),
        ("x = a - -b + + +c / *p; y = z< ::w; i = 0xE + 1;", ["x=a- -b+ + +c/ *p;", "y=z< ::w;", "i=0xE +1;"]),
        ("do x++; while (x < 3); if (a) b(); else { c(); }", ["do", "x++;", "while(x<3);", "if(a)", "b();", "else{", "c();", "}"]),
        ('f("a" PRIu64, "b"_s, L"c" "d", R"(x\n y)");', ['f("a" PRIu64,"b"_s,L"c""d",R"(x', ' y)");']),
        ("#define F( x )  ( x ) + \\\n  1\n#define G ( 1 )\n#  if A  &&  B", ["#define F(x) (x)+1", "#define G (1)", "#if A&&B"]),
        ("#pragma omp parallel for \\\n  private ( i )\nint x;", ["#pragma omp parallel for private(i)", "int x;"]),
        ("#if 0\nwe don't\n  go  it's;\n#endif\nint  x;", ["#if 0", "we don't", "go it's;", "#endif", "int x;"]),
        ("#include <a.h> /* b\n c */\nint x;", ["#include <a.h>", "int x;"]),
        ("in\\\nt x;\n%:define A  1\nint a<:2:>;", ["int x;", "#define A 1", "int a<:2:>;"]),
        ("struct s { unsigned f : 3; T operator ( ) (int) const { return 1; } };",
         ["struct s{", "unsigned f:3;", "T operator()(int)const{", "return 1;", "}", "};"]),
    ],
)  # fmt: skip
def test_lines_of_c(source: str, lines: list[str]) -> None:
    """One statement, brace, head, label or directive to a line; blanks only where two tokens would become one."""
    assert canonical(source, "cuda").splitlines() == lines


def test_comments_stay_where_they_stand() -> None:
    """With comments, one that has a line keeps it and one behind code stays behind it."""
    source = "/* a\n   * b */\nint  x ; // c\n    // d\nf( 1 , /* e */ 2 );\n"
    assert canonical(source, comments=True) == "/* a\n * b */\nint x; // c\n// d\nf(1, /* e */2);\n"


FREE = """module m ! a module
  use  iso_c_binding
contains
  subroutine  s ( n , x )
    integer , intent ( in ) :: n ; real ( 8 ) :: x ( n )
!$OMP  parallel do  private ( i ) &
!$omp&   shared ( x )
    do i = 1 , n
      if ( x(i) .gt. 1. .and. n == 1 ) x ( i ) = x ( i ) * 2.0d0 + & ! twice
           &  1
!$    x(i) = x(i)
    end do
#ifdef A
    print * , 'it''s &
         &on ! two lines'
#endif
  end subroutine
end module
"""


def test_lines_of_free_form() -> None:
    """Continued lines are joined, strings stay, directives and preprocessor lines stand in column 1."""
    assert canonical(FREE, "fortran").splitlines() == [
        "module m",
        "use iso_c_binding",
        "contains",
        "subroutine s(n,x)",
        "integer,intent(in)::n",
        "real(8)::x(n)",
        "!$omp parallel do private(i) shared(x)",
        "do i=1,n",
        "if(x(i).gt.1. .and.n==1) x(i)=x(i)*2.0d0+1",
        "!$ x(i)=x(i)",
        "end do",
        "#ifdef A",
        "print*,'it''s on ! two lines'",
        "#endif",
        "end subroutine",
        "end module",
    ]


def test_lines_of_fixed_form() -> None:
    """Labels, continuation marks and sentinels keep their columns; what stands beyond column 72 is no code."""
    source = "\n".join(
        [
            "C comment",
            "      PROGRAM  P".ljust(72) + "00000010",
            "\tX = 1",
            "10\tCONTINUE",
            "c$OMP PARALLEL DO PRIVATE ( I )",
            "c$OMP+SHARED ( X )",
            "      CALL S ( 'A string of two lines, whose blanks up to the end",
            "     +count' , 1.5D0 )",
            "c$    X = 2",
            "      END",
        ]
    )
    assert canonical(source, "fortran").splitlines() == [
        "      PROGRAM P",
        "      X=1",
        "10    CONTINUE",
        "!$omp PARALLEL DO PRIVATE(I) SHARED(X)",
        "      CALL S(",
        "     &'A string of two lines, whose blanks up to the end       count',",
        "     &1.5D0)",
        "!$    X=2",
        "      END",
    ]


@pytest.mark.parametrize("form", ["fixed", "free"])
def test_long_statements_are_broken(form: str) -> None:
    """A string longer than a line is cut, and reads as itself again."""
    string = "'" + 'ab  cd&!"' * 40 + "'"
    begin = "      " if form == "fixed" else ""
    width = 66 if form == "fixed" else 120
    cut = [f"PRINT *,{string}"[at : at + width] for at in range(0, len(string) + 8, width)]
    source = "\n     &".join(cut) if form == "fixed" else "&\n&".join(cut)
    laid = canonical(f"{begin}{source}\n", "fortran", form=form)
    joined = "".join(line[6:] if form == "fixed" else line.removeprefix("&").removesuffix("&") for line in laid.splitlines())
    assert joined == f"PRINT*,{string}"


C_PROGRAM = """
#include <stdio.h>
#define MAX( a , b )  ( ( a ) > ( b ) ? ( a ) : \\
    ( b ) )
enum color { RED , GREEN = 3 , BLUE } ;
struct point { int x : 3 ; int y ; } ;
static const int table [ ] = { 1 , 2 , 3 , } ;
int f ( int n , struct point * p ) {
  int i = 0 , s = 0 ;
again :
  switch ( n ) { case 1 : case 2 : s = - - n ; break ; default : s = n - - 1 ; }
  for ( ; i < n ; i ++ ) if ( i % 2 ) s += i / ( * & i ) ; else s -= + + i ;
  do s ++ ; while ( s < 0 ) ;
  if ( s == 7 ) goto again ;
  * p = ( struct point ) { . x = 1 , . y = MAX ( s , n ) } ;
  return printf ( "%d\\n" "a  b" , s ) ? table [ 1 ] : GREEN ;
}
"""
CPP_PROGRAM = """
#include <vector>
template < typename T , int N = ( 3 > 2 ) > struct box { T v [ N ] { } ; T operator ( ) ( int i ) const { return v [ i ] ; } } ;
unsigned long long operator "" _k ( unsigned long long x ) { return x * 1000 ; }
namespace a { namespace b { int g ( std :: vector < std :: vector < int > > & v ) ; } }
int a :: b :: g ( std :: vector < std :: vector < int > > & v ) {
  int s = 0 ; auto h = [ & ] ( int i ) { s += i ; return 2_k + i ; } ;
  for ( auto & r : v ) for ( int i : r ) { h ( i ) ; }
  box < box < int > > q { } ; const char * t = R"(a
   b)" ;
  if constexpr ( sizeof ( int ) == 4 ) s += t [ 1 ] ; return s + q . v [ 0 ] ( 0 ) ;
}
"""


@pytest.mark.parametrize(("compiler", "source", "language"), [("gcc", C_PROGRAM, "c"), ("g++", CPP_PROGRAM, "cpp")])
@pytest.mark.parametrize("comments", [False, True])
def test_c_compilers_see_the_same_program(compiler: str, source: str, language: str, comments: bool, tmp_path: Path) -> None:
    """The assembly of a program doesn't change with its layout."""
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    options = ["-S", "-w", "-g0", "-o", "-", "-x", "c" if language == "c" else "c++"]
    assert assembly([compiler, *options], source, tmp_path) == assembly(
        [compiler, *options], canonical(source, language, comments=comments), tmp_path
    )


@pytest.mark.parametrize("form", ["free", "fixed"])
def test_gfortran_sees_the_same_program(form: str, tmp_path: Path) -> None:
    """Likewise in Fortran; nothing is written or read, whose calls hold line numbers."""
    if not shutil.which("gfortran"):
        pytest.skip("no gfortran")
    source = FREE.replace("print * ,", "c =").replace("integer ,", "integer i ; character(40) c ; integer ,", 1)
    if form == "fixed":
        source = (
            "      SUBROUTINE S ( N , X , C )\n\tINTEGER N , I\n      REAL * 8 X ( N )\n      CHARACTER * 80 C\n"
            "c$omp parallel do private ( i ) \nc$omp+ shared ( x )\n      DO 10 I = 1 , N\n"
            "      IF ( X ( I ) . GT . 1. .AND. N . EQ . 1 ) X ( I ) = X ( I ) * 2 . 0 D 0\n     $   + 1\n"
            "10\tCONTINUE\n      C = 'a string of two lines, whose blanks\n     1 count'\n      END\n"
        )
    command = [
        "gfortran",
        f"-f{form}-form",
        "-cpp",
        "-DA",
        "-fopenmp",
        "-S",
        "-w",
        "-std=legacy",
        "-J",
        str(tmp_path),
        "-o",
        "-",
        "-x",
        "f95",
    ]
    before = assembly(command, source, tmp_path)
    assert "GOMP_parallel" in before
    assert assembly(command, canonical(source, "fortran", form=form), tmp_path) == before


def assembly(command: list[str], source: str, folder: Path) -> str:
    """What a compiler makes of a text."""
    (folder / "unit").write_text(source)
    done = subprocess.run([*command, "unit"], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_unknown_language_and_form_are_refused() -> None:
    """The message names what is allowed."""
    with pytest.raises(ConfigError, match="expected one of c, cpp, cuda, fortran"):
        canonical("", "ada")
    with pytest.raises(ConfigError, match="expected one of free, fixed, wide"):
        canonical("", "fortran", form="punched")


def test_a_lone_quote_ends_its_own_line_only() -> None:
    """A brace behind it has ended the line already, and what follows is on another."""
    laid = canonical('ifR"(a\n b)"{(\n{', "c")
    assert laid == 'ifR"(a\nb)"{\n({\n'
    assert canonical(laid, "c") == laid
