"""The suite of held-out pairs: references pass, and serial, wrong, racy and empty translations don't."""

import shutil

import pytest

from hpcraft.errors import ConfigError
from hpcraft.eval import audit, translation_judge
from hpcraft.eval.extract import extract
from hpcraft.eval.generate import STAGE as GENERATE
from hpcraft.eval.results import level_figures
from hpcraft.eval.suites import find_suite, translation_tasks, way_back_tasks
from hpcraft.eval.text_metrics import compare_with_gold
from hpcraft.records import Pair
from hpcraft.samples import Completion, Sample
from hpcraft.shards import ShardWriter
from hpcraft.stages import Report, Stage, execute
from hpcraft.store import read_json, read_jsonl

SIGNATURE = "void scale(int n, double a, const double *x, double *y)"
SOURCE = SIGNATURE + " {\n    for (int i = 0; i < n; i++) y[i] = a * x[i] + 1.0;\n}\n"
OPENMP = SIGNATURE + " {\n#pragma omp parallel for\n    for (int i = 0; i < n; i++) y[i] = a * x[i] + 1.0;\n}\n"
CUDA = (
    "__global__ void k(int n, double a, const double *x, double *y) {\n    int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
    "    if (i < n) y[i] = a * x[i] + 1.0;\n}\n"
    f'extern "C" {SIGNATURE} {{\n    double *dx, *dy;\n    cudaMalloc(&dx, n * 8);\n    cudaMalloc(&dy, n * 8);\n'
    "    cudaMemcpy(dx, x, n * 8, cudaMemcpyHostToDevice);\n    k<<<(n + 255) / 256, 256>>>(n, a, dx, dy);\n"
    "    cudaMemcpy(y, dy, n * 8, cudaMemcpyDeviceToHost);\n}\n"
)

needs_clang = pytest.mark.skipif(not any(map(shutil.which, ("clang-19", "clang"))), reason="clang is not installed")
needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")


def pair(pair_id, model, split="test", origin="made"):
    """A pair of the same source."""
    return Pair(
        pair_id=pair_id,
        origin=origin,
        family="scale",
        signature=SIGNATURE,
        source=SOURCE,
        target=OPENMP if model == "openmp" else CUDA,
        target_model=model,
        level="run" if model == "openmp" else "emulate",
        tests=("100 2.5 [100] [100]", "1 0.5 [1] [1]"),
        mutants_killed=1,
        mutants_total=1,
        package="",
        version="",
        path="",
        licence="Apache-2.0",
        split=split,
    )


@pytest.fixture
def pairs(tmp_path):
    """A finished folder of pairs, two of them held out."""

    def run(_config, work):
        with ShardWriter(work.out, "pairs", Pair) as writer:
            for row in (pair("a", "openmp"), pair("b", "cuda", origin="mined"), pair("c", "openmp", split="train")):
                writer.write(row)
        return Report()

    from hpcraft.eval.judge import JudgeConfig

    execute(Stage(name="pairs", summary="", example="", config=JudgeConfig, inputs={}, run=run), JudgeConfig(), {}, tmp_path / "pairs")
    return tmp_path / "pairs"


def test_only_held_out_pairs_are_tasks(pairs):
    """A task for each pair of the test split, with the sequential C in the prompt and none of the target."""
    tasks = translation_tasks(pairs)
    assert [(t.task_id, t.model, t.level, t.group) for t in tasks] == [
        ("translation/a", "openmp", "run", "made"),
        ("translation/b", "cuda", "emulate", "mined"),
    ]
    assert "y[i] = a * x[i] + 1.0" in tasks[0].prompt
    assert "#pragma omp" not in tasks[0].prompt
    with pytest.raises(ConfigError, match="--pairs"):
        translation_tasks(None)


@pytest.mark.usefixtures("compiles")
@needs_nvcc
@needs_clang
def test_reference_and_null_are_the_measuring_sticks(pairs, generate, judge):
    """1.0 and 0.0 at each level, broken down by origin and model."""
    completions = generate(suites=("translation",), models=("reference", "null"), inputs={"pairs": pairs})
    results = judge(completions, inputs={"pairs": pairs})
    for level in ("run", "emulate"):
        assert results["translation/reference"].levels[level]["metrics"]["pass@1"]["value"] == 1.0
        assert results["translation/null"].levels[level]["metrics"]["pass@1"]["value"] == 0.0
        for name in ("bleu", "chrf", "codebleu-hpc", "parableu-hpc"):
            assert results["translation/reference"].levels[level]["metrics"][name]["value"] == 1.0
            assert results["translation/null"].levels[level]["metrics"][name]["value"] < 0.9
    assert "tok:none" in results["translation/reference"].versions["bleu"]
    assert set(results["translation/reference"].levels["run"]["groups"]) == {"origin:made", "model:openmp", "language:c", "made/openmp"}
    assert not results["translation/reference"].limited


@pytest.mark.usefixtures("compiles")
@needs_nvcc
@needs_clang
def test_bad_translations_fail_for_their_own_reason(pairs, write_completions, generate, judge, tmp_path):
    """Serial, wrong, racy, not building, without code: each is refused by the check that it concerns."""
    answers = {
        SOURCE: "parallel",
        OPENMP.replace("+ 1.0", "+ 2.0"): "correct",
        OPENMP.replace("y[i] =", "y[0] = y[i] ="): "race-free|correct",
        OPENMP.replace("double", "doubel"): "build",
        OPENMP.replace("#pragma", "#if 0\n#pragma").replace("for\n", "for\n#endif\n"): "parallel",
        "static int count;\n"
        + OPENMP.replace("y[i] =", "{\n#ifndef __clang__\ncount++;\n#endif\ny[i] =").replace("1.0;", "1.0; }"): "honest",
        OPENMP.replace("#pragma", "#ifndef scale\n#pragma").replace("for\n", "for\n#endif\n"): "parallel",
        "": "build",
        f"Here you are:\n```c\n{OPENMP}```\n": "",
    }
    path = write_completions([("translation/a", i, text) for i, text in enumerate(answers)])
    completions = generate(suites=("translation",), models=(f"replay:{path}",), samples=len(answers), inputs={"pairs": pairs})
    (name,) = judge(completions, inputs={"pairs": pairs})
    samples = list(read_jsonl(tmp_path / "results" / name / "samples.jsonl", Sample))
    assert len(samples) == len(answers)
    for sample, check in zip(samples, answers.values(), strict=True):
        failed = {c for c, result in sample.checks.items() if result.startswith("fail")}
        assert sample.passed == (not check), sample
        assert not check or failed & set(check.split("|")), sample


def test_what_was_not_built_is_not_left_open(pairs):
    """An answer that is refused before it is built fails the check that build@k counts, and says why."""
    task = translation_tasks(pairs)[0]
    completion = Completion(task_id=task.task_id, sample_id=0, completion=SOURCE, model="m", prompt_sha256="", sampling={})
    (judged,) = translation_judge.judge([translation_judge.Question(task=task, completion=completion, code=SOURCE)], 1, workers=1)
    assert judged.judgement.checks["build"] == "fail: not built, nothing in it is openmp"
    assert judged.judgement.checks["parallel"].startswith("fail")
    assert not judged.judgement.passed


def test_answers_are_compared_with_the_gold_text(pairs, write_completions):
    """The code in an answer is scored, not the prose around it; figures stand beside pass@k at each level."""
    tasks = {t.task_id: t for t in translation_tasks(pairs)}
    rows = [("translation/a", 0, f"Here:\n```c\n{OPENMP}```\n"), ("translation/a", 1, ""), ("translation/b", 0, CUDA)]
    assert find_suite("translation").gold
    texts = compare_with_gold(
        tasks, read_jsonl(write_completions(rows), Completion), lambda t, text: extract(t, text).code, total=len(rows)
    )
    samples = [
        Sample(
            task_id=task_id,
            sample_id=number,
            model="m",
            passed=False,
            level=tasks[task_id].level,
            checks={"build": "pass"},
            verdict="ok",
            seconds=0.0,
            log="",
        )
        for task_id, number, _ in rows
    ]
    levels = level_figures(tasks, samples, texts)
    assert levels["emulate"]["metrics"]["bleu"] == {"value": 1.0, "ci95": [1.0, 1.0], "n": 1}
    assert levels["run"]["metrics"]["chrf"]["value"] == 0.5
    assert levels["run"]["metrics"]["pass@1"]["value"] == 0.0
    assert "bleu" not in level_figures(tasks, samples)["run"]["metrics"]


def test_the_judge_passes_its_workers_on(monkeypatch):
    """The number of workers that it is given is that of the verifier."""
    seen: list[int] = []

    def verify(_candidates, **options):
        seen.append(options["workers"])
        return iter(())

    monkeypatch.setattr("hpcraft.data.verify.verify", verify)
    assert list(translation_judge.judge([], 1, 3)) == []
    assert seen == [3]


def test_the_generate_stage_declares_the_pairs():
    """A recipe finds the stage ``pairs`` by itself."""
    assert GENERATE.inputs["pairs"].stage == "pairs"
    assert GENERATE.inputs["pairs"].optional


@pytest.mark.ci
@needs_clang
def test_an_audit_admits_a_pair_with_good_tests(pairs, inline, tmp_path):
    """A pair whose tests tell right from wrong is admitted: what is right for small sizes alone fails at the largest of them."""
    config = audit.AuditConfig(suite="translation", tasks=("translation/a",), mutants=2)
    execute(audit.STAGE, config, {"pairs": pairs}, tmp_path / "audit", executor=inline)
    (row,) = read_json(tmp_path / "audit" / audit.AUDIT)["tasks"]
    assert (row["admitted"], row["why"]) == ("yes", [])
    assert {"null", "exit", "serial", "small-sizes", "one-less"} <= set(row["refused"])


# ---------------------------------------------------------------- back to C


def test_held_out_pairs_go_back_too(pairs):
    """A task for each parallel side, with the wanted function in the prompt and none of its C; the way there has its own suite."""
    tasks = way_back_tasks(pairs)
    assert [(t.task_id, t.model, t.level, t.group) for t in tasks] == [
        ("translation-to-c/a", "serial", "run", "made openmp"),
        ("translation-to-c/b", "serial", "run", "mined cuda"),
    ]
    assert all("Write this function: void scale(" in " ".join(t.prompt.replace("\n *", " ").split()) for t in tasks)
    assert [(t.reference, t.back.model, t.back.head) for t in tasks if t.back] == [
        (SOURCE, "openmp", SIGNATURE),
        (SOURCE, "cuda", SIGNATURE),
    ]
    assert not any(t.source for t in tasks)
    with pytest.raises(ConfigError, match="--pairs"):
        way_back_tasks(None)


def test_answers_in_c_are_judged_by_the_pairs_own_c(pairs):
    """The gold C passes; one that is wrong, one with threads and the empty function fail for what they are."""
    task = way_back_tasks(pairs)[1]
    answers = (SOURCE, SOURCE.replace("i < n", "i < n - 1"), OPENMP, SIGNATURE + " {}\n")
    questions = [
        translation_judge.Question(
            task=task, completion=Completion(task_id=task.task_id, sample_id=i, completion=code, model="m", prompt_sha256=""), code=code
        )
        for i, code in enumerate(answers)
    ]
    checks = [j.judgement.checks for j in translation_judge.judge(questions, 1, workers=1)]
    assert (checks[0]["build"], checks[0]["correct"], checks[0]["honest"]) == ("pass", "pass", "pass")
    assert checks[1]["correct"].startswith("fail: differs")
    assert checks[2]["build"].startswith("fail: not built, #pragma omp")
    assert checks[3]["correct"].startswith("fail: differs")
