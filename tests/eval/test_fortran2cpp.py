"""Suite fortran2cpp on a tiny checkout of our own in its formats: references pass, constants, idle and wrong answers don't, dirty records are told."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval import audit
from hpcraft.eval.extract import extract
from hpcraft.eval.fortran2cpp import fortran2cpp_tasks
from hpcraft.eval.fortran2cpp_functions import ahead
from hpcraft.eval.fortran2cpp_judge import expected_of, judge
from hpcraft.eval.fortran2cpp_output import first_difference, literals, near, results, tokens_of
from hpcraft.eval.fortran2cpp_parts import cut
from hpcraft.eval.judging import published_word
from hpcraft.eval.results import level_figures
from hpcraft.eval.task import Task
from hpcraft.samples import Sample
from hpcraft.stages import execute
from hpcraft.store import read_json

run = pytest.mark.skipif(
    not (shutil.which("bwrap") and shutil.which("g++") and shutil.which("gfortran")), reason="compilers or bubblewrap are not installed"
)

FORTRAN = """program squares
  implicit none
  integer :: i
  real :: total
  total = 0.0
  do i = 1, 30
    total = total + real(i * i)
  end do
  print *, "Total: ", total
  print *, "Mean: ", total / 30.0, total > 1.0
end program squares
"""
CPP = """#include <iostream>

int main() {
    float total = 0;
    for (int i = 1; i <= 30; ++i) {
        total += i * i;
    }
    std::cout << "Total: " << total << std::endl;
    std::cout << "Mean: " << total / 30 << " " << (total > 1) << std::endl;
    return 0;
}
"""
CONSTANT = '#include <cstdio>\nint main() { puts("Total: 9455 Mean: 315.166656 T"); }\n'
TESTED_FORTRAN = """module area_mod
  implicit none
contains
  integer function area(w, h)
    integer, intent(in) :: w, h
    area = w * h
    if (w > 100) area = area + 1
  end function area
end module area_mod

program test_area
  use area_mod
  implicit none
  if (area(3, 4) /= 12) then
    write(*,*) "failed"
    call exit(1)
  end if
  write(*,*) "All tests passed."
end program test_area
"""
TESTED_CPP = """#include <cassert>
#include <iostream>

struct Box { int w, h; };

bool is_close(int a, int b) { return a == b; }

int area(int w, int h) {
    int found = w * h;
    if (w > 100) found += 1;
    return found;
}

int main() {
    Box box{3, 4};
    assert(is_close(area(box.w, box.h), 12) && "small");
    assert(area(101, 2) == 203);
    std::cout << "All C++ tests passed." << std::endl;
}
"""
AREA = "int area(int w, int h) {\n    return w * h + (w > 100);\n}\n"


def answer(fortran, cpp):
    """An assistant's last message."""
    return {"role": "assistant", "content": f"Here.\n\n```fortran\n{fortran}```\n\nand\n\n```cpp\n{cpp}```\nDone.\n"}


@pytest.fixture
def checkout(tmp_path):
    """A dialogue that is told three times, growing, and two pairs, one of which is that dialogue's."""
    folder = tmp_path / "checkout"
    (folder / "data").mkdir(parents=True)
    messages = [
        {"role": "user", "content": "Translate:\n```fortran\nfunction area\n```"},
        answer("integer function area\nend\n", "int area();\n"),
        {"role": "user", "content": "Add tests."},
        answer(TESTED_FORTRAN, TESTED_CPP),
    ]
    rows = [{"id": 7, "messages": messages[:n]} for n in (2, 4, 3)]
    (folder / "data/dialogue_test.json").write_text(json.dumps(rows))
    (folder / "data/dialogue_train.json").write_text("not read")
    pairs = [{"id": "a", "fortran_code": FORTRAN, "cpp_code": CPP}, {"id": "b", "fortran_code": TESTED_FORTRAN, "cpp_code": TESTED_CPP}]
    (folder / "data/pairs_test.jsonl").write_text("".join(json.dumps(p) + "\n" for p in pairs))
    return folder


def task(checkout, end):
    """A task by the end of its id."""
    return next(t for t in fortran2cpp_tasks(checkout) if t.task_id.endswith(end))


def judged(checkout, end, code):
    """The judgement of an answer as a model would give it."""
    one = task(checkout, end)
    found = extract(one, code)
    assert not found.problem
    return judge(one, found.code, 1)


def pair(tmp_path, fortran, cpp):
    """The whole-program task of a pair."""
    (tmp_path / "one_test.jsonl").write_text(json.dumps({"id": 1, "fortran_code": fortran, "cpp_code": cpp}))
    return task(tmp_path, "1/program")


def test_each_program_is_asked_once_whole_and_as_functions(checkout):
    """Beginnings of a dialogue are no tasks of their own; tests and their values stand in no prompt for functions."""
    tasks = fortran2cpp_tasks(checkout)
    assert [t.task_id for t in tasks] == [
        "fortran2cpp/dialogue-test/7/program",
        "fortran2cpp/dialogue-test/7/functions",
        "fortran2cpp/pairs-test/a/program",
    ]
    functions = tasks[1]
    assert "int area(int w, int h);" in functions.prompt
    assert "struct Box" in functions.prompt
    assert not any(words in functions.prompt for words in ("203", "All tests", "assert(", "is_close"))
    assert "main" not in functions.reference


def test_a_main_that_is_asked_for_stays_in_the_answer(checkout):
    """The answer's own program is what is run; of functions a main is taken out."""
    assert extract(task(checkout, "a/program"), f"Sure:\n```cpp\n{CPP}```\n").code == CPP
    assert "main" not in extract(task(checkout, "functions"), AREA + "int main() { return 0; }\n").code


def test_folders_that_are_no_checkout_are_refused(checkout, tmp_path):
    """One line each: no folder, nothing in it, cut JSON, other JSON, records without messages."""
    with pytest.raises(ConfigError, match="--data DIR"):
        fortran2cpp_tasks(None)
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="other: holds no data"):
        fortran2cpp_tasks(tmp_path / "other")
    path = checkout / "data/dialogue_test.json"
    for text, why in (("[{", "not JSON"), ('{"a": 1}', "expected a list"), ('[{"id": 1}]', "record 0: no messages")):
        path.write_text(text)
        with pytest.raises(InputError, match=why):
            fortran2cpp_tasks(checkout)
    path.unlink()
    (checkout / "data/pairs_test.jsonl").write_text('{"id": 1}\n{"id"\n')
    with pytest.raises(InputError, match=r"pairs_test\.jsonl:2: not JSON"):
        fortran2cpp_tasks(checkout)


def test_pointers_of_git_lfs_are_named(checkout):
    """A file whose content was never fetched isn't left out without a word: one line with its name and the command, as for missing files."""
    (checkout / "data" / "more_test.jsonl").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(InputError, match=r"contents of data/more_test\.jsonl; run `git lfs pull`") as caught:
        fortran2cpp_tasks(checkout)
    assert caught.value.exit_code == 3


def test_constants_and_classes_without_a_fence_are_code():
    """Lines with a point in a number are no prose."""
    text = CPP.replace("int main", "const float LIMIT = 2.5f;\nclass A {\npublic:\n    int a = 1;\n};\nint main")
    one = Task(
        task_id="x", prompt="", stem="", language="cpp", model="serial", level="run", group="", prototype="int main(void)", reference=""
    )
    assert extract(one, text).code == text
    assert extract(one, f"Here it is.\nNote that double values are used (6.5 digits).\n\n{text}\nDone.\n").code.strip() == text.strip()


@run
def test_the_published_program_passes_and_the_published_measure_is_told(checkout):
    """It prints what the Fortran prints, in its own layout."""
    judgement = judged(checkout, "a/program", CPP)
    assert judgement.passed, judgement.checks
    assert published_word("\n".join(judgement.log)) == "pass"


@run
@pytest.mark.parametrize(
    ("code", "check", "why"),
    [
        ("int main() { return 0; }\n", "correct", "printed 0 words"),
        (CONSTANT, "honest", "results that it prints"),
        (CPP.replace("<= 30", "< 30"), "correct", "printed 8555 instead of 9455"),
        (CPP.replace("return 0", "return 1"), "correct", "exit code 1 instead of 0"),
        (CPP.replace("Mean", "Average"), "correct", "printed average instead of mean"),
        (
            CPP.replace("float total = 0;", 'float total = 0; std::system("true");').replace("<ios", "<cstdlib>\n#include <ios"),
            "honest",
            "starts",
        ),
        (CPP.replace("float total = 0", "flaot total = 0"), "build", "flaot"),
    ],
)
def test_wrong_programs_fail_for_the_right_reason(checkout, code, check, why):
    """Nothing printed, results written down, off by one, exit code, words, processes, what doesn't build."""
    judgement = judged(checkout, "a/program", code)
    assert not judgement.passed
    assert judgement.checks[check].startswith("fail")
    assert why in judgement.checks[check]


@run
def test_programs_whose_output_is_no_evidence_are_told(checkout, tmp_path):
    """All in the text, C++ that prints something else, Fortran that fails, doesn't build or prints the time."""
    assert (
        "stands in its own text" in judged(checkout, "7/program", TESTED_CPP).checks["build"]
        or "doesn't do" in judged(checkout, "7/program", TESTED_CPP).checks["build"]
    )
    for fortran, cpp, why in (
        (FORTRAN, CPP.replace("<= 30", "<= 31"), "the published C++ doesn't do what the Fortran does: printed"),
        (FORTRAN, "int main() {", "the published C++ doesn't build"),
        (FORTRAN.replace("end program", "stop 3\nend program"), CPP, "ended with exit code 3"),
        (FORTRAN.replace("integer ::", "intger ::"), CPP, "the Fortran program doesn't build"),
        ('program p\n  print *, "Done"\nend program\n', '#include <cstdio>\nint main() { puts("Done"); }\n', "stands in its own text"),
        ("program p\n  integer(8) :: t\n  call system_clock(t)\n  print *, t\nend program\n", CPP, "something else each time"),
    ):
        one = pair(tmp_path, fortran, cpp)
        assert why in expected_of(one.case, one.model).problem
        assert judge(one, cpp, 1).verdict == "unsupported"


@pytest.mark.ci
@run
def test_functions_are_judged_by_the_main_that_nobody_saw(checkout):
    """Any right body passes, with helpers under the names of the harness's too, and with or without the types of the prompt."""
    for code in (AREA, "struct Box { int w, h; };\nbool is_close(int a, int b) { return a < b; }\n" + AREA):
        judgement = judged(checkout, "functions", code)
        assert judgement.passed, judgement.checks


@pytest.mark.ci
@run
@pytest.mark.parametrize(
    ("code", "check", "why"),
    [
        ("int area(int w, int h) { return w * h; }\n", "correct", "1 of 2 assertions"),
        ("int area(int w, int h) { return 0; }\n", "correct", "2 of 2 assertions"),
        ("#include <cstdlib>\nint area(int w, int h) { exit(0); }\n", "correct", "before the tests did"),
        (AREA.replace("return", 'std::cout << "All"; return'), "correct", "printed"),
        ("int area(int w) { return w; }\n", "build", "area"),
        (AREA + "void *operator new(std::size_t n) { return malloc(n); }\n", "honest", "which the harness"),
        (AREA + 'struct Early { Early() { fopen("/proc/self/cmdline", "r"); } } early;\n', "honest", "opens or moves files"),
    ],
)
def test_wrong_functions_fail_for_the_right_reason(checkout, code, check, why):
    """A case that the prompt doesn't show, nothing, leaving, printing, another signature, standing for the library, looking for the word."""
    judgement = judged(checkout, "functions", code)
    assert not judgement.passed
    assert judgement.checks[check].startswith("fail")
    assert why in judgement.checks[check]


@run
def test_tests_that_refuse_nothing_are_told(tmp_path):
    """A main whose assertions hold for functions that do nothing can't judge."""
    cpp = TESTED_CPP.replace("is_close(area(box.w, box.h), 12)", "area(1, 1) < 9").replace("area(101, 2) == 203", "true")
    pair(tmp_path, TESTED_FORTRAN, cpp)
    judgement = judge(task(tmp_path, "functions"), AREA, 1)
    assert (judgement.verdict, "do nothing" in judgement.checks["build"]) == ("unsupported", True)


def test_pairs_that_cannot_be_cut_are_asked_whole():
    """Templates, namespaces, other names, no program: there are no functions to ask for."""
    assert cut(TESTED_FORTRAN, TESTED_CPP) is not None
    assert cut(TESTED_FORTRAN, TESTED_CPP.replace("int area(int w", "template <class T> int area(T w")) is None
    assert cut(TESTED_FORTRAN, TESTED_CPP.replace("struct Box", "namespace n { int k; }\nstruct Box")) is None
    assert cut(TESTED_FORTRAN, TESTED_CPP.replace("area", "surface")) is None
    assert cut(TESTED_FORTRAN.partition("program")[0], TESTED_CPP) is None
    parts = cut(TESTED_FORTRAN, TESTED_CPP)
    assert parts is not None
    assert (parts.types, parts.others, parts.names) == (("Box",), ("is_close",), ("area",))
    assert ahead(parts, AREA) == parts.given
    assert ahead(parts, "struct Box {};" + AREA) == ""


def test_outputs_are_words_and_numbers():
    """Layout, exponents of Fortran, signs, logicals and case say nothing; values and order do."""
    assert list(tokens_of(" Total:   1.5D+02, x1 (3,-4) T\n")) == ["total", 150.0, "x1", 3.0, -4.0, "true"]
    assert first_difference(tuple(tokens_of("A 1.00000000 T")), tuple(tokens_of("a 1 1")), "") == ""
    assert "item 2 of 2" in first_difference(tuple(tokens_of("a 2")), tuple(tokens_of("a 3")), "")
    assert not near(0.4, 0.0)
    assert near(float("nan"), float("nan"))
    assert not near(float("inf"), 1e300)
    assert results(tuple(tokens_of("9455 3 315.17 30")), ("i <= 30",)) == (9455.0, 315.17)
    assert literals("x2 = 1.5d0 + .5e-3f") == [1.5, 5e-4]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.floats(min_value=-1e-7, max_value=1e-7))
def test_numbers_agree_with_what_rounding_leaves_of_them(value, change):
    """Printed to six digits, as C++ prints, a number is the same; a thousandth more is another."""
    assert near(value, float(f"{value:.6g}"))
    assert near(value, value * (1 + change)) or value.is_integer()
    if abs(value) > 1e-30:
        assert not near(value, value * 1.001)


def test_the_published_measure_is_a_figure_beside_ours(checkout):
    """Its share of the answers of tasks that have it; an answer that passes there alone counts there alone."""
    one, other, _ = fortran2cpp_tasks(checkout)
    samples = [
        Sample(
            task_id=task_id,
            sample_id=number,
            model="m",
            passed=False,
            level="run",
            checks={"build": "pass", "correct": "fail: printed 0 words"},
            verdict="ok",
            seconds=0.0,
            log=f"{word}printed as published: pass",
        )
        for task_id, number, word in (
            (one.task_id, 0, "as published: pass\n"),
            (one.task_id, 1, "as published: fail\n"),
            (other.task_id, 0, ""),
        )
    ]
    found = level_figures({t.task_id: t for t in (one, other)}, samples)["run"]["metrics"]
    assert (found["as-published"]["value"], found["pass@1"]["value"]) == (0.5, 0.0)


@run
@pytest.mark.ci
def test_an_audit_tells_outputs_that_show_little(checkout, inline, tmp_path):
    """Functions whose tests notice faults are admitted; a program whose output hides them isn't, and both refuse what does nothing."""
    config = audit.AuditConfig(suite="fortran2cpp", tasks=("*/functions", "*/a/program"), mutants=3)
    execute(audit.STAGE, config, {"data": checkout}, tmp_path / "audit", executor=inline)
    found = {row["task_id"].rpartition("/")[2]: row for row in read_json(tmp_path / "audit" / audit.AUDIT)["tasks"]}
    assert (found["functions"]["admitted"], found["functions"]["killed"]) == ("yes", 3)
    assert found["program"]["admitted"] == "no"
    assert "total >= 1" in str(found["program"]["survivors"])
    assert all(set(row["refused"]) == {"null", "exit"} for row in found.values())
