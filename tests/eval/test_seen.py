"""What compilers see of an answer: its own lines, and which of its conditional parts they take."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft import sandbox
from hpcraft.errors import UnreadableError
from hpcraft.eval.seen import differs, needs_preprocessor, seen
from hpcraft.sandbox.outcome import Job
from hpcraft.sandbox.races import with_static_schedules

CODE = """#include <omp.h>
#define PAR _Pragma("omp parallel for")
#if defined(__clang__)
#define HINT _Pragma("clang loop vectorize(enable)")
#else
#define HINT
#endif
#ifdef _OPENMP
#define ONE(i) y[i] = 1
#endif
void f(int n, double *y) {
    PAR
    for (int i = 0; i < n; i++) ONE(i);
    HINT
    for (int i = 0; i < n; i++) y[i] += 1;
}
"""


def test_only_macros_and_conditionals_need_the_preprocessor():
    """Includes, pragmas, comments and strings don't."""
    assert not needs_preprocessor('#include <a.h>\n#pragma omp parallel\n// #define A\nconst char *s = "\\n#if 0\\n";\n')
    assert needs_preprocessor("#define A 1\n")
    assert needs_preprocessor("%:ifdef A\n#endif\n")
    assert needs_preprocessor('void f() { _Pragma("omp barrier") }')


def test_own_lines_are_kept_and_numbered():
    """Lines of headers go; what a header's macro left in an own line stays."""
    text = '# 0 "./a.c"\n# 1 "/usr/include/x.h" 1 3\nint hidden;\n# 2 "./a.c" 2\nint shown;\n\n# 4 "./a.c" 3 4\nint from_a_macro\n# 4 "./a.c"\n;\n'
    found = seen(text)
    assert "hidden" not in found.text
    assert "shown" in found.text
    assert "from_a_macro" in found.text
    assert found.lines == {2, 4}


def test_the_compilers_agree_where_only_hints_differ(compiles):
    """What gcc and clang with its sanitizer make of hints for one of them is no difference; a part with work is."""
    both = []
    for check in ("none", "race"):
        with sandbox.build(Job(files={"a.c": CODE.encode()}, language="c", model="openmp", links=False, check=check)) as build:
            assert build.ok, build.outcome.message
            both.append(seen(build.preprocessed("a.c")))
    assert "#pragma omp parallel for" in both[0].text
    assert "y[i] = 1" in both[0].text
    assert differs(CODE, *both) == ""
    worked = CODE.replace("#define HINT\n", "#define HINT y[0] = 2;\n")
    assert differs(worked, *both) == "lines 6 to 6"


@pytest.mark.ci
@pytest.mark.parametrize("times", [64, 100], ids=["more than is looked at", "more than may be written"])
def test_too_much_for_one_compiler_is_told(times, compiles):
    """Whichever check's compiler it is meant for: what isn't looked at must not pass."""
    macros = "\n".join([f"#define A {'int a;' * 4}", *(f"#define {b} {' '.join([a] * times)}" for a, b in zip("ABC", "BCD", strict=True))])
    job = Job(files={"a.c": f"#ifdef __clang__\n{macros}\nD\nD\nD\n#endif\n".encode()}, language="c", model="openmp")
    assert "int a" not in seen(sandbox.preprocess(job, "a.c")).text
    with pytest.raises(UnreadableError):
        seen(sandbox.preprocess(replace(job, check="race"), "a.c"))


@given(st.lists(st.sampled_from(["int a;", "#if A", "#else", "#endif", '# 1 "b"', "", "x\\", "/*", "*/"]), max_size=12))
def test_one_compiler_never_differs_from_itself(lines):
    """Whatever the text, two equal views of it are equal."""
    one = seen("\n".join(['# 1 "./a.c"', *lines]))
    assert differs("\n".join(lines), one, one) == ""


@pytest.mark.parametrize(
    ("code", "by_turns"),
    [
        ("#pragma omp for schedule(dynamic) nowait", "#pragma omp for schedule(static, 1) nowait"),
        ("#pragma omp for schedule(dynamic, 64)", "#pragma omp for schedule(static, 64)"),
        ("#pragma omp for schedule(dynamic, f(n))", "#pragma omp for schedule(static, f(n))"),
        ("#pragma omp for \\\n  schedule(nonmonotonic : guided,2)", "#pragma omp for \\\n  schedule(static,2)"),
        ('_Pragma("omp for schedule(runtime)")', '_Pragma("omp for schedule(static, 1)")'),
        ("!$omp do schedule(guided) &\n!$omp& private(i)", "!$omp do schedule(static, 1) &\n!$omp& private(i)"),
        ("#pragma omp for schedule(static)", "#pragma omp for schedule(static)"),
        ("schedule(dynamic);", "schedule(dynamic);"),
    ],
)
def test_the_race_detector_sees_threads_take_turns(code, by_turns):
    """Where a directive leaves it open which thread does what; no line moves."""
    assert with_static_schedules(code) == by_turns
