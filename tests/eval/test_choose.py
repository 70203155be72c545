"""Choosing one of several answers: the one that holds on tests written on the spot, never by the suite's own."""

import json

import pytest

from hpcraft.errors import InputError
from hpcraft.eval.choose import STAGE, ChooseConfig
from hpcraft.samples import Completion
from hpcraft.stages import execute
from hpcraft.store import read_json, read_jsonl
from tests.eval.test_babeltower import C, row

OPENMP = """void axpy(int n, double a, const double *x, double *y) {
    #pragma omp parallel for
    for (int i = 0; i < n; i++) y[i] += a * x[i];
}
"""
SERIAL = OPENMP.replace("    #pragma omp parallel for\n", "")
WRONG = OPENMP.replace("a * x[i]", "x[i]")
RACY = OPENMP.replace("y[i] +=", "y[0] = 0; y[i] +=")
HIDDEN = '__attribute__((no_sanitize("thread"))) ' + OPENMP
KERNEL = """__global__ void axpy(int n, double a, const double *x, double *y) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) y[i] += a * x[i];
}
"""


@pytest.fixture
def choose(tmp_path, generate, write_completions):
    """Choose among answers to tasks of suite kernels; gives the chosen ones by task, and the stage's figures."""

    def run(rows, samples):
        path = write_completions(rows)
        tasks = tuple(sorted({task for task, _, _ in rows}))
        completions = generate(suites=("kernels",), models=(f"replay:{path}",), samples=samples, tasks=tasks)
        execute(STAGE, ChooseConfig(), {"completions": completions}, tmp_path / "chosen")
        (found,) = (tmp_path / "chosen").glob("*/*/completions.jsonl")
        return {c.task_id: c for c in read_jsonl(found, Completion)}, read_json(tmp_path / "chosen" / "manifest.json")

    return run


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
def test_the_answer_that_holds_is_chosen_and_says_why(choose, needs, judge, tmp_path):
    """Serial, wrong and racy ones come behind it, and tricks on the checks, wherever they stand and however often they were written."""
    needs("openmp")
    answers = [SERIAL, WRONG, WRONG, RACY, HIDDEN, HIDDEN, OPENMP]
    chosen, manifest = choose([("kernels/axpy/openmp/c", i, text) for i, text in enumerate(answers)], len(answers))
    answer = chosen["kernels/axpy/openmp/c"]
    assert answer.completion == OPENMP
    assert answer.sample_id == 0
    assert (answer.sampling["chosen"], answer.sampling["chosen_of"], answer.sampling["chosen_sample"]) == ("verified", 7, 6)
    assert manifest["rows"] == {"tasks": 1, "answers": 7}
    assert list(manifest["metrics"].values()) == [{"verified": 1}]
    (results,) = judge(tmp_path / "chosen").values()
    assert results.levels["run"]["metrics"]["pass@1"]["value"] == 1.0


@pytest.mark.usefixtures("compiles")
def test_where_nothing_holds_or_can_be_shown_it_is_said(choose, needs):
    """The task is answered all the same: nothing is dropped."""
    needs("openmp")
    rows = [("kernels/axpy/openmp/c", i, text) for i, text in enumerate([WRONG, SERIAL])]
    rows += [("kernels/axpy/mpi/c", i, text) for i, text in enumerate(["int a;", "int b;"])]
    chosen, _ = choose(rows, 2)
    assert {task: answer.sampling["chosen"] for task, answer in chosen.items()} == {
        "kernels/axpy/openmp/c": "nothing holds",
        "kernels/axpy/mpi/c": "nothing could be shown",
    }
    assert chosen["kernels/axpy/mpi/c"].completion == "int a;"


@pytest.mark.usefixtures("compiles")
def test_a_kernel_alone_is_tried_under_a_host_function_by_rule(choose, needs):
    """What is written down is the kernel as it was answered."""
    needs("cuda")
    answers = [KERNEL.replace("i < n", "i < n - 1"), KERNEL]
    chosen, _ = choose([("kernels/axpy/cuda/cpp", i, text) for i, text in enumerate(answers)], 2)
    answer = chosen["kernels/axpy/cuda/cpp"]
    assert (answer.completion, answer.sampling["chosen"]) == (KERNEL, "verified")


@pytest.mark.usefixtures("compiles")
def test_c_for_a_kernel_is_tried_beside_its_emulation(tmp_path, generate, write_completions, needs):
    """The kernel is launched by rule, and what it leaves when emulated decides; C that is right for another kernel is refused."""
    needs("cuda")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "unit_tests.tiny.jsonl").write_text(json.dumps(row()) + "\n")
    answers = [C.replace("+ 1.5f", "- 1.5f"), C.replace("i = 0", "i = 1"), C]
    path = write_completions([("babeltower/tiny-4/c", i, text) for i, text in enumerate(answers)])
    completions = generate(
        suites=("babeltower",), models=(f"replay:{path}",), samples=3, tasks=("babeltower/tiny-4/c",), inputs={"data": folder}
    )
    execute(STAGE, ChooseConfig(), {"completions": completions, "data": folder}, tmp_path / "chosen")
    (found,) = (tmp_path / "chosen").glob("*/*/completions.jsonl")
    (chosen,) = read_jsonl(found, Completion)
    assert (chosen.completion, chosen.sampling["chosen"], chosen.sampling["chosen_sample"]) == (C, "verified", 2)


def test_a_folder_without_answers_is_told(tmp_path):
    """In one line."""
    with pytest.raises(InputError, match="not a finished stage folder"):
        execute(STAGE, ChooseConfig(), {"completions": tmp_path}, tmp_path / "chosen")
