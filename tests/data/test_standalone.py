"""Functions that are taken out of their files."""

import pytest

from hpcraft.data.standalone import stand_alone
from hpcraft.errors import InputError

FILE = """#include <math.h>
#include "mine.h"
#define HALF 0.5
#define SQUARE(x) ((x) * (x) * UNIT)
#define UNIT 1.0
typedef double real;
static const double weights[3] = {1, 2, 3};
static int counter;
struct unused { int a; };
static double helper(double v) { return SQUARE(v) * HALF * weights[1]; }
static inline void scale(int n, double a, double *restrict x) {
    for (int i = 0; i < n; i++) x[i] = a * helper(x[i]);
}
void counted(int n, double *x) { for (int i = 0; i < n; i++) { x[i] = 1; counter++; } }
real total(int n, const real *x) { real s = 0; for (int i = 0; i < n; i++) s += x[i]; return s; }
"""


def test_what_a_function_needs_comes_along_and_nothing_else():
    """Helpers, constants and macros, also those that only macros name; headers of the standard library; what others need stays."""
    found = stand_alone(FILE, "scale")
    assert found.signature == "void scale(int n, double a, double *x)"
    assert found.taken == ("HALF", "SQUARE", "UNIT", "helper", "weights")
    assert found.headers_left == ("mine.h",)
    assert found.code.startswith("#include <math.h>\n\n#define HALF 0.5\n")
    assert "\nvoid scale(int n, double a, double *restrict x) {" in found.code
    assert "counter" not in found.code
    assert "unused" not in found.code


def test_a_name_of_its_own_is_no_global_variable():
    """Parameters, locals and members of structures may be called like a variable of the file; a macro of that name is one everywhere."""
    text = (
        "int n;\nstatic float sum;\nint count;\ndouble weight;\n#define scale 2\nstruct pair { int count; };\n"
        "void f(int n, float *x) {\n    struct pair p; p.count = n;\n    static const int offsets[2] = {0, 1};\n"
        "    float sum = 0, other = sum;\n    for (int weight = 0; weight < p.count; weight++) sum += x[weight];\n    int scale; x[0] = sum + other + offsets[1];\n}\n"
    )
    assert stand_alone(text).taken == ("pair", "scale")


def test_a_head_is_spelled_in_builtin_types():
    """The file's own name of a type means nothing to a caller."""
    found = stand_alone(FILE, "total")
    assert found.signature == "double total(int n, const double *x)"
    assert "typedef double real;\ndouble total(int n, const double *x) { real s" in found.code


def test_the_only_function_needs_no_name():
    """One function is meant."""
    assert stand_alone("void f(int n, float *x) { x[0] = n; }\n").name == "f"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (FILE, "", "several functions are defined here; name one behind a colon: helper, scale, counted, total"),
        (FILE, "nothing", "no function nothing is defined here; defined are: helper"),
        (FILE, "counted", "it uses the global variable counter; make it a parameter"),
        ("int n;\nvoid f(int k, float *x) { { int n = k; x[0] = n; } x[1] = n; }\n", "", "it uses the global variable n"),
        ("void f(int n, float *x) { static int calls; x[0] = n + calls++; }\n", "", "the variable calls keeps its value from call to call"),
        ("static int g(void) { static int *p, q = 1; return q++; }\nvoid f(int n, float *x) { x[0] = n * g(); }\n", "f", "keeps its value"),
        ("int x;\n", "", "no function is defined here"),
        ("void f(struct s *p) { p->a = 1; }\n", "", "prototype"),
        ("void f(double **rows, int n) { rows[0][0] = n; }\n", "", "prototype"),
        ("\0\0 not C at all }{", "", "no function is defined here"),
    ],
)
def test_what_cannot_stand_alone_is_one_line(text, name, words):
    """Each with what to do."""
    with pytest.raises(InputError) as error:
        stand_alone(text, name)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "code", "condition"),
    [
        ("#if 0\nvoid f(int *x) { *x = 3; }\n#endif\nvoid f(int *x) { *x = 2; }\n", "void f(int *x) { *x = 2; }\n", ""),
        ("#if 1\nvoid f(int *x) { *x = 3; }\n#else\nvoid f(int *x) { *x = 2; }\n#endif\n", "void f(int *x) { *x = 3; }\n", ""),
        ("#ifndef K_H\n#define K_H\nvoid f(int *x) { *x = 3; }\n#endif\n", "void f(int *x) { *x = 3; }\n", ""),
        ("#ifdef A\n#define C 1\n#else\n#define C 2\n#endif\nvoid f(int *x) { *x = C; }\n", None, "#ifdef A"),
        (
            "#ifdef A\nstatic int g(void) { return 1; }\n#elif defined(B)\nstatic int g(void) { return 2; }\n#endif\nvoid f(int *x) { *x = g(); }\n",
            None,
            "#ifdef A",
        ),
        ("#ifdef A\n#define C 1\n#endif\nvoid f(int *x) { *x = 2; }\n", "void f(int *x) { *x = 2; }\n", ""),
        ("#if 0\n#define C 1\n#endif\n#define C 2\nvoid f(int *x) { *x = C; }\n", "#define C 2\nvoid f(int *x) { *x = C; }\n", ""),
    ],
)
def test_conditions_of_the_preprocessor_are_told(text: str, code: str | None, condition: str) -> None:
    """What is never compiled isn't there, include guards are none, and of the others nobody knows which branch is meant."""
    found = stand_alone(text, "f")
    assert found.condition == condition
    assert code in (None, found.code)
