"""Suite hpctranseval on a tiny checkout of our own in its format: references pass, wrong, serial, racy and idle answers don't, dirty records are told."""

import json
import shutil

import numpy as np
import pytest

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval import audit, hpctranseval_time, performance
from hpcraft.eval.extract import extract
from hpcraft.eval.hpctranseval import LEVELS, Operator, hpctranseval_tasks
from hpcraft.eval.hpctranseval_inputs import DOMAINS, draw, published_inputs
from hpcraft.eval.hpctranseval_judge import judge
from hpcraft.eval.hpctranseval_trial import trial
from hpcraft.eval.judging import NOT_TIMED, published_word
from hpcraft.eval.published import allclose_of_hpctranseval
from hpcraft.stages import execute
from hpcraft.store import read_json

pytestmark = pytest.mark.skipif(not (shutil.which("bwrap") and shutil.which("gcc")), reason="gcc or bubblewrap is not installed")

SEED = 11
HEAD = "void default_function_kernel(float* compute, float* data) {"
LOOP = """
  #pragma omp parallel for
  for (int32_t i = 0; i < 300; ++i) {
    compute[i] = acoshf(data[i]);
  }
}
"""
ACOSH = HEAD + LOOP
BUFFERS = 'data: T.Buffer((30, 10), "float32"), compute: T.Buffer((30, 10), "float32")'
GELU = """void default_function_kernel(float* T_out, float* T_total, float* ph) {
  float big[4194304];
  T_total[0] = 0.000000e+00f;
  #pragma omp parallel for
  for (int32_t i = 0; i < 64; ++i) {
    for (int32_t j = 0; j < 65536; j += 8191) {
      big[((i * 65536) + j)] = max(ph[i], 0.000000e+00f);
    }
    T_out[i] = (big[((i * 65536) + 8191)] * ph[i]);
  }
  for (int32_t k = 0; k < 64; ++k) {
    T_total[0] = (T_total[0] + T_out[k]);
  }
}
"""


def record(op, code, inputs, outputs, buffers):
    """A record of the published form."""
    return {
        "op_name": op,
        "c_code": code,
        "cuda_code": 'extern "C" __global__ void default_function_kernel(float* compute, float* data) {}\n',
        "ir_code": f"@I.ir_module\nclass Module:\n    @T.prim_func\n    def main({buffers}):\n        pass\n",
        "op_args": "None",
        "input_shape": inputs,
        "output_shape": outputs,
    }


def write(folder, **levels):
    """A checkout with these records by level."""
    (folder / "HPCTransEval").mkdir(parents=True, exist_ok=True)
    for name, level in LEVELS.items():
        (folder / "HPCTransEval" / f"{name}.json").write_text(json.dumps(levels.get(level, [])))
    return folder


@pytest.fixture
def checkout(tmp_path):
    """One operator, one graph with a local array of 16 MiB, and an input that nothing uses."""
    graph = record(
        "graph_1",
        GELU,
        [[64], [3, 3]],
        [[3, 3], [64], [1]],
        'ph: T.Buffer((64,), "float32"), T_out: T.Buffer((64,), "float32"), T_total: T.Buffer((1,), "float32")',
    )
    return write(tmp_path, operator=[record("acosh", ACOSH, [[30, 10]], [[30, 10]], BUFFERS)], graph=[graph])


def task(folder, name="operator/000-acosh"):
    """A task by the end of its id."""
    return next(t for t in hpctranseval_tasks(folder) if t.task_id.endswith(name))


def operator_of(one):
    """What judges a task."""
    assert isinstance(one.case, Operator)
    return one.case


def dirty(folder, code, **changes):
    """What is told of a record that can't judge."""
    row = record("acosh", code, [[30, 10]], [[30, 10]], BUFFERS) | changes
    return trial(operator_of(task(write(folder, operator=[row]))), SEED).problem


def test_a_record_is_a_task_with_its_cuda_and_its_shapes(checkout):
    """Roles come from the intermediate form, unused inputs are none, and the prompt holds nothing of the reference."""
    acosh, graph = hpctranseval_tasks(checkout)
    assert isinstance(acosh.case, Operator)
    assert isinstance(graph.case, Operator)
    assert [(b.name, b.is_input, b.length) for b in acosh.case.buffers] == [("compute", False, 300), ("data", True, 300)]
    assert [(b.name, b.is_input) for b in graph.case.buffers] == [("T_out", False), ("T_total", False), ("ph", True)]
    assert (acosh.group, graph.group, acosh.model, acosh.language) == ("operator", "graph", "openmp", "c")
    assert "__global__" in acosh.prompt
    assert "data is an input, float[30][10]" in acosh.prompt.replace("\n *", "")
    assert "acoshf" not in acosh.prompt
    assert extract(acosh, f"```c\n{ACOSH}```\n").code.strip() == ACOSH.strip()


def test_folders_that_are_no_checkout_are_refused(checkout, tmp_path):
    """One line each: no folder, another folder, a missing file, cut JSON, a record without its code."""
    with pytest.raises(ConfigError, match="--data DIR"):
        hpctranseval_tasks(None)
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match=r"other: holds no HPCTransEval/IndependentOperator\.json"):
        hpctranseval_tasks(tmp_path / "other")
    path = checkout / "HPCTransEval/ComputationGraph.json"
    whole = path.read_text()
    path.write_text(whole[:100])
    with pytest.raises(InputError, match=r"ComputationGraph\.json: not JSON"):
        hpctranseval_tasks(checkout)
    path.write_text('[{"op_name": "x"}]')
    with pytest.raises(InputError, match="record 0: no c_code"):
        hpctranseval_tasks(checkout)
    path.unlink()
    with pytest.raises(InputError, match="missing in the checkout"):
        hpctranseval_tasks(checkout)


@pytest.mark.ci
def test_inputs_suit_the_function_and_no_two_seeds_share_them(checkout):
    """Acosh is asked above one, where it is finite; outputs are poisoned; the published inputs are those of its generator."""
    operator = operator_of(task(checkout))
    made = trial(operator, SEED)
    assert (made.problem, made.parallel, made.sanitized) == ("", True, True)
    assert "above one" in made.domains
    assert "unit" not in made.domains
    compute, data = (np.asarray(a) for a in made.rounds[0][0].arguments)
    assert np.isnan(compute).all()
    other = draw(operator, "above one", np.random.default_rng([SEED + 1, *operator.name.encode()]))
    assert (data != np.asarray(other[1])).any()
    given = published_inputs(operator)
    assert given is not None
    np.random.seed(42)
    assert (np.asarray(given[1]) == np.random.random((30, 10)).astype("float32").ravel()).all()
    assert all(np.isfinite(np.asarray(draw(operator, name, np.random.default_rng(1))[1])).all() for name in DOMAINS)


@pytest.mark.ci
def test_references_pass_even_with_large_local_arrays(checkout):
    """Both references pass every check, one of them with 16 MiB on its stack."""
    for name in ("operator/000-acosh", "graph/000-graph_1"):
        one = task(checkout, name)
        judgement = judge(one, one.reference, SEED)
        assert judgement.passed, judgement.checks
        # There is no published call where inputs are listed that the function never gets.
        assert published_word("\n".join(judgement.log)) == ("pass" if name.startswith("operator") else "")


@pytest.mark.ci
@pytest.mark.parametrize(
    ("old", "new", "check", "why"),
    [
        ("acoshf(data[i])", "data[i]", "correct", "compute"),
        ("acoshf(data[i])", "NAN", "correct", "is nan instead of"),
        ("i < 300", "i < 299", "correct", "1 of 300 elements wrong"),
        ("i < 300", "i <= 300", "correct", "outside an array"),
        ("compute[i] = acoshf(data[i]);", "compute[i] = acoshf(data[i]); data[i] = 2.0f;", "correct", "changed the input data"),
        ("  #pragma omp parallel for\n", "", "parallel", "no OpenMP construct"),
        ("float* data) {", "float* data) {\n  exit(0);", "correct", "ended"),
        ("float* data) {", '__attribute__((optimize("fast-math"))) float* data) {', "honest", "optimise"),
        ("acoshf(data[i])", "acoshf(data[i]) + undeclared", "build", "undeclared"),
    ],
)
def test_wrong_answers_fail_for_the_right_reason(checkout, old, new, check, why):
    """Identity, NaN, off by one, a changed input, serial code, leaving, tricks on the compiler, what doesn't build."""
    one = task(checkout)
    assert old in ACOSH
    judgement = judge(one, ACOSH.replace(old, new), SEED)
    assert not judgement.passed
    assert judgement.checks[check].startswith("fail")
    assert why in judgement.checks[check]


@pytest.mark.ci
def test_a_race_and_an_idle_function_fail(checkout):
    """A sum over a shared variable is found by its value or by the race detector; doing nothing leaves the poison."""
    graph = task(checkout, "graph/000-graph_1")
    racy = GELU.replace("    T_out[i] =", "    T_total[0] += 0.0f * i;\n    T_out[i] =")
    assert judge(graph, racy, SEED).checks["race-free"] == "fail: data race"
    assert "is nan instead of" in judge(graph, graph.empty, SEED).checks["correct"]


def test_threads_that_all_do_the_same_fail(checkout):
    """Each has all results for itself, and writes its part of them."""
    loop = "for (int32_t i = 0; i < 300; ++i)"
    code = f"{HEAD}\n#pragma omp parallel\n{{\nfloat own[300];\n{loop} {{ own[i] = 0; for (int k = 0; k < 64; k++) own[i] += acoshf(data[i]) / 64; }}\n"
    found = judge(hpctranseval_tasks(checkout)[0], f"{code}#pragma omp for\n{loop} compute[i] = own[i];\n}}\n}}\n", SEED)
    assert found.checks["correct"] == "pass", found.checks
    assert "all threads repeat the work" in found.checks["parallel"]


@pytest.mark.ci
def test_what_is_correct_in_another_way_passes(checkout):
    """Another formula within rounding, own max, helper functions and macros; the published bound would refuse the first."""
    one, graph = task(checkout), task(checkout, "graph/000-graph_1")
    formula = ACOSH.replace("acoshf(data[i])", "(float)log((double)data[i] + sqrt((double)data[i] * data[i] - 1.0))")
    assert judge(one, formula, SEED).passed
    own = "#define N 64\nstatic inline float max(float a, float b) { return a > b ? a : b; }\n" + GELU.replace("i < 64", "i < N")
    assert judge(graph, own, SEED).passed


@pytest.mark.ci
def test_right_answers_are_timed_where_that_tells_something(checkout, tmp_path, monkeypatch):
    """Beside the checkout's own C on one thread, each call with inputs of its own; a call that is over at once isn't timed, and passes."""
    monkeypatch.setattr(performance, "TURNS", 1)
    monkeypatch.setattr(hpctranseval_time, "COUNTED", 3)  # the shortest of several is short on busy cores, too
    slow = ACOSH.replace(
        "compute[i] = acoshf(data[i]);", "float s = data[i];\n    for (int32_t j = 0; j < 4000; ++j) s = cosf(s);\n    compute[i] = s;"
    )
    one = task(write(tmp_path / "slow", operator=[record("cosine", slow, [[30, 10]], [[30, 10]], BUFFERS)]), "000-cosine")
    judgement = judge(one, slow, SEED, (1,))
    assert judgement.passed, judgement.checks
    timing = judgement.timings["1"]
    assert timing["calls"] == 3
    assert timing["num_bytes"] == 1200
    assert timing["baseline_seconds"] > 1e-3
    assert timing["speedup"] == pytest.approx(timing["baseline_seconds"] / timing["seconds"])
    first, second, *_ = (np.asarray(known.arguments[1]) for known in hpctranseval_time.work(operator_of(one), "signed", SEED).known)
    assert (first != second).any()
    quick = judge(task(checkout), ACOSH, SEED, (1,))
    assert quick.passed
    assert quick.checks["fast"].startswith(f"{NOT_TIMED}not timed, a call of the checkout's own C takes")
    wrong = judge(task(checkout), ACOSH.replace("acoshf", "sinf"), SEED, (1,))
    assert not wrong.passed
    assert wrong.checks["fast"] == quick.checks["fast"]
    hpctranseval_time.untimed.cache_clear()
    monkeypatch.setattr(hpctranseval_time, "MOST_BYTES", 1000)
    assert "not timed, a call takes 0 MiB" in judge(task(checkout), ACOSH, SEED, (1,)).checks["fast"]
    hpctranseval_time.untimed.cache_clear()


@pytest.mark.ci
def test_records_that_cannot_judge_are_told(tmp_path):
    """Code that doesn't build, reads its output, leaves a part of it, accesses beyond arrays, is never finite, or lacks its roles."""
    assert "doesn't build" in dirty(tmp_path, ACOSH.replace("acoshf", "nothing"))
    assert "twice" in dirty(tmp_path, ACOSH.replace("acoshf(data[i])", "compute[i] + data[i]"))
    assert "twice" in dirty(tmp_path, ACOSH.replace("i < 300", "i < 150"))
    assert "twice" in dirty(tmp_path, ACOSH.replace("data[i]", "data[i + 200]"))
    local = ACOSH.replace("compute[i] =", "volatile float at[4];\n    at[i % 5] = data[i];\n    compute[i] = at[i % 5] * 0.0f +")
    assert "invalid memory accesses" in dirty(tmp_path, local)
    assert "never finite" in dirty(tmp_path, ACOSH.replace("acoshf(data[i])", "data[i] / 0.0f"))
    assert "can't be told" in dirty(tmp_path, ACOSH, input_shape=[[31, 10]])
    assert "MiB of arrays" in dirty(
        tmp_path, ACOSH, input_shape=[[1 << 26]], ir_code="def main(data: T.Buffer((67108864,), 'f'), compute: T.Buffer((30, 10), 'f')):\n"
    )


def test_a_record_that_cannot_judge_is_unsupported(tmp_path):
    """It is set apart with its reason, whatever the answer."""
    row = record("acosh", ACOSH.replace("i < 300", "i < 150"), [[30, 10]], [[30, 10]], BUFFERS)
    one = task(write(tmp_path, operator=[row]))
    judgement = judge(one, one.reference, SEED)
    assert (judgement.verdict, judgement.passed) == ("unsupported", False)
    assert "twice" in judgement.checks["build"]


def test_the_published_comparison_is_what_is_published():
    """NaN equals NaN, and a part in a million is too much."""
    nan, one = np.full(3, np.nan, np.float32), np.ones(3, np.float32)
    assert allclose_of_hpctranseval([nan], [nan])
    assert not allclose_of_hpctranseval([one], [one * np.float32(1 + 1e-6)])
    assert not allclose_of_hpctranseval([one], [nan])


@pytest.mark.ci
def test_an_audit_admits_a_record_with_good_inputs(tmp_path, inline):
    """Doing nothing, numbers that are none, leaving and the loop without threads are refused, faulty versions of the reference too."""
    folder = write(tmp_path / "checkout", operator=[record("acosh", ACOSH, [[30, 10]], [[30, 10]], BUFFERS)])
    config = audit.AuditConfig(suite="hpctranseval", mutants=3)
    execute(audit.STAGE, config, {"data": folder}, tmp_path / "audit", executor=inline)
    (row,) = read_json(tmp_path / "audit" / audit.AUDIT)["tasks"]
    assert (row["admitted"], row["why"], row["killed"]) == ("yes", [], 3)
    assert set(row["refused"]) == {"null", "nan", "exit", "serial"}
