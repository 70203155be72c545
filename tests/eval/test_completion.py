"""Suite completion: programs and functions of our own are taken apart, right answers pass, cheats and wrong ones don't."""

import json
import re
import shutil
from dataclasses import replace
from typing import cast

import pytest

from hpcraft.data.holes import BOUNDARIES
from hpcraft.decoding import Reply
from hpcraft.errors import ConfigError, InputError
from hpcraft.eval import audit, hole_admission
from hpcraft.eval.completion import Infill, completion_tasks
from hpcraft.eval.completion_judge import honesty
from hpcraft.eval.completion_judge import judge as judge_one
from hpcraft.eval.extract import end_of_answer, extract
from hpcraft.eval.generate import GenerateConfig
from hpcraft.eval.hf_model import HuggingFace
from hpcraft.eval.hole_admission import TasksConfig
from hpcraft.eval.hole_tasks import STAGE
from hpcraft.eval.judge_shards import judged as judged_all
from hpcraft.eval.models import Answer, Ask
from hpcraft.eval.prompts import chat_request
from hpcraft.eval.suites import find_suite
from hpcraft.inference import Generator, ModelFacts
from hpcraft.records import Function, HoleTask, Pair
from hpcraft.samples import Completion
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import execute
from hpcraft.store import read_json, read_manifest
from hpcraft.tokenizer.fim import FAMILIES
from hpcraft.tokenizer.requests import HOLE
from tests.eval.conftest import Inline
from tests.eval.hole_programs import CLOCK, FORTRAN, LICENCE, PROGRAM, RACY, SCALE, UNSEEN


@pytest.fixture(scope="module")
def holes(tmp_path_factory):
    """The tasks of one program in C and one in Fortran, from a folder of plain files."""
    if not (shutil.which("bwrap") and shutil.which("gcc") and shutil.which("gfortran")):
        pytest.skip("gcc, gfortran or bubblewrap is not installed")
    folder = tmp_path_factory.mktemp("completion")
    sources = folder / "sources"
    sources.mkdir()
    (sources / "dot.c").write_text(f"/* {LICENCE} */\n{PROGRAM}")
    (sources / "sums.f90").write_text(f"! {LICENCE}\n{FORTRAN}")
    (sources / "unseen.c").write_text(f"/* {LICENCE} */\n{UNSEEN}")
    (sources / "clock.c").write_text(f"/* {LICENCE} */\n{CLOCK}")
    (sources / "unlicensed.c").write_text(PROGRAM)
    execute(STAGE, TasksConfig(mutants=1, holes=1), {"data": sources}, folder / "holes", executor=Inline())
    return folder / "holes"


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """The tasks of a function that is called from outside."""
    if not (shutil.which("bwrap") and shutil.which("gcc")):
        pytest.skip("gcc or bubblewrap is not installed")
    folder = tmp_path_factory.mktemp("functions")
    (folder / "pairs").mkdir()
    row = Function(
        function_id="1",
        signature="void scale(int n, double a, const double *x, double *y)",
        source=SCALE,
        tests=("1 2.5 [1] [1]", "7 -1.5 [7] [7]"),
        package="own",
        version="1",
        path="scale.c",
        licence="MIT",
        split="test",
    )
    racy = replace(row, function_id="2", model="openmp", path="racy.c", source=RACY)
    with ShardWriter(folder / "pairs", "monolingual", Function) as writer:
        writer.write(row)
        writer.write(racy)
    with ShardWriter(folder / "pairs", "pairs", Pair):
        pass
    execute(STAGE, TasksConfig(), {"data": folder / "pairs"}, folder / "holes", executor=Inline())
    return folder / "holes"


def task_of(folder, pattern):
    """The first task whose id holds a text."""
    return next(t for t in completion_tasks(folder) if pattern in t.task_id)


def case_of(task):
    """The hole of a task."""
    assert isinstance(task.case, Infill)
    return task.case


def judged(task, answer, seed=1):
    """The checks of an answer, taken out of what a model said."""
    return judge_one(task, extract(task, answer).code, seed)


# ---------------------------------------------------------------- making tasks


def test_every_boundary_becomes_a_task_with_its_licence(holes):
    """Each task tells where it is from, and how many mutants its test killed; what can't be a test is told by reason."""
    tasks = list(read_rows(holes, "holes", HoleTask))
    assert {t.boundary for t in tasks} == set(BOUNDARIES)
    assert {(t.path, t.licence) for t in tasks} == {("dot.c", "MIT"), ("sums.f90", "MIT")}
    assert all(0 < t.mutants_killed <= t.mutants_total for t in tasks)
    rejections = read_manifest(holes).rejections
    assert rejections["program: prints something else each time"] == 1
    assert rejections["file: no-licence"] == 1


def test_what_the_output_does_not_show_is_no_task(holes):
    """The variable that nothing prints can be left out unnoticed, so no hole is made of it."""
    assert all("unseen" not in t.middle for t in read_rows(holes, "holes", HoleTask))
    assert read_manifest(holes).rejections["hole: the test passes without it"] >= 1


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "no files"),
        ({"readme.txt": "hello"}, "no files"),
        ({"f.c": f"/* {LICENCE} */\nint f(void) {{ return 3; }}\n"}, "no program of one file"),
    ],
)
def test_a_folder_without_programs_is_told(files, why, tmp_path):
    """One line that says what was looked for."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=why):
        execute(STAGE, TasksConfig(), {"data": tmp_path}, tmp_path.parent / f"{tmp_path.name}-holes", executor=Inline())


def test_what_cannot_be_meant_is_refused():
    """Languages and splits are named where they are wrong."""
    with pytest.raises(ConfigError, match="python"):
        TasksConfig(languages=("python",))
    with pytest.raises(ConfigError, match="tset"):
        TasksConfig(splits=("tset",))


def test_a_stage_that_was_killed_goes_on(holes, tmp_path, monkeypatch):
    """What was taken apart before is not taken apart again, and the tasks are the same."""
    sources = holes.parent / "sources"
    config = TasksConfig(mutants=1, holes=1)

    class Interrupted(Inline):
        def map(self, function, tasks, *, folder, label):
            super().map(function, tasks, folder=folder, label=label)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(STAGE, config, {"data": sources}, tmp_path / "holes", executor=Interrupted())
    monkeypatch.setattr(hole_admission, "_tested", None)
    execute(STAGE, config, {"data": sources}, tmp_path / "holes", executor=Inline())
    assert read_manifest(tmp_path / "holes").outputs_sha256 == read_manifest(holes).outputs_sha256


# ---------------------------------------------------------------- judging


def test_references_pass_and_null_does_not(holes, functions, generate, judge):
    """1.0 and 0.0, of programs and of functions, through both stages."""
    for name, folder in (("programs", holes), ("functions", functions)):
        answers = generate(f"answers-{name}", {"data": folder}, suites=("completion",), models=("reference", "null"))
        results = judge(answers, f"results-{name}", {"data": folder})
        assert results["completion/reference"].levels["run"]["metrics"]["pass@1"]["value"] == 1.0
        assert results["completion/null"].levels["run"]["metrics"]["pass@1"]["value"] == 0.0
        assert "boundary:loop" in results["completion/null"].levels["run"]["groups"]


def test_other_ways_of_doing_it_pass(holes):
    """A right answer needn't be the original, and may stand among prose and repeated code."""
    loop = task_of(holes, "function/serial/c")
    other = "double s = 0;\nint i = n;\nwhile (i-- > 0) s += y[i] * x[i];\nreturn s;"
    assert judged(loop, other).passed
    assert judged(loop, f"Here it is:\n\n```c\n{other}\n```\nIt sums up.").passed
    whole = f"```c\nstatic double dot(int n, const double *x, const double *y)\n{{\n    {other}\n}}\n```"
    assert judged(loop, whole).passed


@pytest.mark.parametrize(
    ("answer", "check", "why"),
    [
        ('printf("dot 528.000\\n"); _Exit(0);', "honest", "_Exit|printf"),
        ("return 528; } int other(void) { return 0;", "correct", "printed something else"),
        ("#define printf(...) 0\nreturn 0;", "honest", "#define"),
        ("return 0;", "correct", "printed something else"),
        ("return x[0] *;", "build", "expected"),
        ("", "build", "no code"),
        ("while (1) ; return 0;", "correct", "did not end"),
    ],
)
def test_cheats_and_wrong_answers_fail(holes, answer, check, why, monkeypatch):
    """Each at the check that is for it."""
    monkeypatch.setattr("hpcraft.eval.hole_trial._SLOWER", 0.2)
    task = task_of(holes, "function/serial/c")
    completion = Completion(task_id=task.task_id, sample_id=0, completion=answer, model="test", prompt_sha256="")
    (sample,) = judged_all("completion", [(task, completion)], 1)
    assert not sample.passed
    assert sample.checks[check].startswith("fail")
    assert re.search(why, sample.checks[check])


def test_a_function_meets_inputs_that_nobody_knew(functions):
    """An answer that is right for one seed's contents alone fails, an equal one passes; what crashes or writes outside fails."""
    task = task_of(functions, "statement/serial/c")
    assert judged(task, "y[i] = 1 + x[i] * a;").passed
    assert not judged(task, "y[i] = 1 + x[i];").passed
    assert judged(task, "y[i] = 1 + x[i];").checks["correct"].startswith("fail: called with")
    assert judged(task, "y[n + 1] = y[i] = a * x[i] + 1;").checks["correct"].startswith("fail")
    assert judged(task, "y[i] = a * x[j] + 1;").checks["build"].startswith("fail")


def test_functions_of_real_code_that_race_are_left_out(functions):
    """Real code declares a helper outside of its loop, and all threads share it; that it is right most of the time doesn't make it a reference."""
    manifest = read_manifest(functions)
    assert manifest.rejections["function: isn't clean under the race detector"] == 1
    assert {case_of(t).origin for t in completion_tasks(functions)} == {"own 1 scale.c (MIT)"}


@pytest.mark.ci
def test_parallel_holes_must_stay_parallel(tmp_path, needs):
    """An answer that leaves the directive out, or races, is refused though its sums are right."""
    needs("openmp")
    code = "double total(int n, const double *x)\n{\n    double s = 0;\n#pragma omp parallel for reduction(+ : s)\n    for (int i = 0; i < n; i++) s += x[i];\n    return s;\n}\n"
    at, end = code.index("#pragma"), code.index("    return")
    row = HoleTask(
        hole_id="1",
        boundary="loop",
        language="c",
        model="openmp",
        prefix=code[:at],
        middle=code[at:end].rstrip(),
        suffix="\n" + code[end:],
        empty=";",
        runs=(),
        expected=(),
        signature="double total(int n, const double *x)",
        tests=("40 [40]",),
        mutants_killed=1,
        mutants_total=1,
        source="own",
        package="own",
        version="1",
        path="total.c",
        sha256="",
        licence="MIT",
        licence_evidence="",
        split="",
        start_line=4,
    )
    with ShardWriter(tmp_path, "holes", HoleTask) as writer:
        writer.write(row)
    (task,) = completion_tasks(tmp_path)
    assert judged(task, row.middle).passed
    assert judged(task, "for (int i = 0; i < n; i++) s += x[i];").checks["parallel"].startswith("fail")
    racy = judged(task, "#pragma omp parallel for\nfor (int i = 0; i < n; i++) s += x[i];")
    assert any(racy.checks[name].startswith("fail") for name in ("correct", "race-free"))


# ---------------------------------------------------------------- the folder and the prompts


def test_prompts_hold_both_sides_and_no_output(holes):
    """What the program prints isn't there, nor what was taken out."""
    for task in completion_tasks(holes):
        case = case_of(task)
        assert case.prefix + HOLE + case.suffix.rstrip() in task.prompt
        assert all(one.printed.strip() not in task.prompt for one in case.recorded)
        assert chat_request(task) == task.prompt
        assert task.leading == case.prefix


def test_a_folder_that_isnt_one_is_told(tmp_path, holes):
    """Missing, empty, and one with a task twice."""
    with pytest.raises(ConfigError, match="--data DIR"):
        completion_tasks(None)
    with pytest.raises(InputError, match="hpcraft eval tasks"):
        find_suite("completion").tasks(tmp_path)
    rows = list(read_rows(holes, "holes", HoleTask))
    with ShardWriter(tmp_path, "holes", HoleTask) as writer:
        for row in (rows[0], rows[0]):
            writer.write(row)
    with pytest.raises(InputError, match="damaged"):
        completion_tasks(tmp_path)
    with ShardWriter(tmp_path, "holes", HoleTask) as writer:
        writer.write(replace(rows[0], runs=(), tests=()))
    with pytest.raises(InputError, match="damaged"):
        completion_tasks(tmp_path)


# ---------------------------------------------------------------- holes


@pytest.mark.parametrize(
    ("boundary", "language", "answer", "kept"),
    [
        ("expression/serial/c", "c", "a + f(b, 1); // and\nmore();", "a + f(b, 1)"),
        ("statement/serial/c", "c", "if (a) {\n  b();\n} else {\n  c();\n}\nrest();", "if (a) {\n  b();\n} else {\n  c();\n}"),
        ("loop/serial/c", "c", "for (int i = 0; i < 3; i++) {\n  a();\n}\nrest();", "for (int i = 0; i < 3; i++) {\n  a();\n}"),
        (
            "loop/serial/fortran",
            "fortran",
            "do i = 1, 3\n  do j = 1, 2\n  end do\nend do\nx = 1\n",
            "do i = 1, 3\n  do j = 1, 2\n  end do\nend do",
        ),
        (
            "function/serial/fortran",
            "fortran",
            "r = 1\nif (m > 1) then\n  r = 2\nend if\nend function total\nx",
            "r = 1\nif (m > 1) then\n  r = 2\nend if\n",
        ),
    ],
)
def test_a_continuation_ends_where_its_kind_does(holes, boundary, language, answer, kept):
    """A model that knows only what stands before the hole goes on and on."""
    task = task_of(holes, boundary)
    assert task.language == language
    assert answer[: end_of_answer(task, answer)] == kept
    assert end_of_answer(task, kept[:8]) is None or kept[:8].strip() == kept


def test_words_of_the_original_are_no_cheat(holes):
    """What was taken out may return or print, and so may an answer."""
    case = case_of(task_of(holes, "function/serial/c"))
    assert honesty(case, case.middle) == "pass"
    assert honesty(case, "return 528; } int other(void) { return 0;") == "fail: it reaches out of its hole"
    loop = case_of(task_of(holes, "loop/serial/c"))
    assert honesty(loop, "return 1;").startswith("fail")


# ---------------------------------------------------------------- output and tokens


class Asked:
    """A model that writes down what it is asked, with a token for each word."""

    def __init__(self, vocabulary, *, context=10_000, chats=False, own=False):
        self.codec, self.facts = self, ModelFacts(context=context)
        self.chats, self.is_own, self._vocabulary = chats, own, vocabulary
        self.queries = []

    def vocabulary(self):
        return self._vocabulary

    def encode(self, text):
        return text.split()

    def replies(self, queries, _drawing, _done):
        self.queries += queries
        yield 0, Reply(text="0", finish="cut")


def test_models_get_what_they_were_taught(holes):
    """Both sides with tokens, shortened to what the model sees; a request; or what stands before. Ours must say that they can fill in."""
    task = task_of(holes, "function/serial/c")
    case = case_of(task)
    tokens = dict.fromkeys(FAMILIES[0], 0)
    ask = Ask(task=task, sample_id=0, seed=1)
    for generator, how in (
        (Asked(tokens), "both sides, with tokens"),
        (Asked(tokens, chats=True), "both sides, with tokens"),
        (Asked({}, chats=True), "both sides, as a request"),
        (Asked({}), "what stands before"),
        (Asked(tokens, own=True), "what stands before"),
        (Asked(tokens, context=60), "both sides, with tokens"),
    ):
        config = GenerateConfig(suites=("completion",), max_new_tokens=20)
        (answer,) = HuggingFace(cast("Generator", generator), config).answer([ask], set())
        assert isinstance(answer, Answer)
        (query,) = generator.queries
        assert answer.facts["hole"] == how
        assert query.chat is (how == "both sides, as a request")
        if how == "both sides, with tokens":
            before, behind = query.prompt.removeprefix(FAMILIES[0].begin).removesuffix(FAMILIES[0].end).split(FAMILIES[0].hole)
            assert case.prefix.endswith(before)
            assert case.suffix.startswith(behind)
            whole = len(case.prefix) + len(case.suffix)
            assert (len(before) + len(behind) < whole) is (generator.facts.context == 60)
        elif how == "what stands before":
            assert query.prompt == case.prefix


def test_tasks_name_what_they_were_run_with(holes):
    """The runs of a task are JSON that says arguments, input, ranks and threads."""
    for row in read_rows(holes, "holes", HoleTask):
        assert all(set(json.loads(run)) == {"args", "stdin", "ranks", "threads"} for run in row.runs)


@pytest.mark.ci
def test_an_audit_admits_holes_with_good_calls(functions, inline, tmp_path):
    """What leaves a hole empty or without numbers is refused, and so are faulty versions of what stood there."""
    execute(audit.STAGE, audit.AuditConfig(suite="completion", mutants=2), {"data": functions}, tmp_path / "audit", executor=inline)
    rows = read_json(tmp_path / "audit" / audit.AUDIT)["tasks"]
    assert len(rows) == 4
    assert all((row["admitted"], row["why"], row["killed"]) == ("yes", [], 2) for row in rows)
    assert all({"null"} <= set(row["refused"]) <= {"null", "nan"} for row in rows)
