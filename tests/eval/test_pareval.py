"""Suite pareval on a tiny checkout of our own in ParEval's format: references pass, wrong, racy and serial answers don't."""

import json
import shutil

import numpy as np
import pytest

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval import audit, pareval_judge, pareval_time, performance
from hpcraft.eval.pareval import Problem, pareval_tasks
from hpcraft.eval.pareval_calls import signatures
from hpcraft.eval.pareval_figures import RESOURCES
from hpcraft.eval.pareval_inputs import MOST_BYTES, recorded, timed, timed_size
from hpcraft.eval.pareval_judge import judge as judge_one
from hpcraft.eval.performance import available_cores
from hpcraft.eval.results import read_samples
from hpcraft.stages import execute
from hpcraft.store import read_json
from tests.eval.pareval_checkout import HEAD, OPENMP, task, write_checkout

pytestmark = pytest.mark.skipif(not (shutil.which("bwrap") and shutil.which("g++")), reason="g++ or bubblewrap is not installed")


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one problem in every model."""
    return write_checkout(tmp_path / "checkout")


@pytest.fixture
def quick(monkeypatch):
    """Few starts and calls."""
    monkeypatch.setattr(performance, "TURNS", 1)
    monkeypatch.setattr(pareval_time, "COUNTED", 1)
    pareval_time.work.cache_clear()
    yield
    pareval_time.work.cache_clear()


def test_a_prompt_is_a_task_and_its_text_is_kept(checkout):
    """Names of models become ours; the prompt is the checkout's, without a word of the baseline; parallel tasks have no reference."""
    tasks = pareval_tasks(checkout)
    assert [t.model for t in tasks] == ["serial", "openmp", "mpi", "mpi+openmp", "cuda", "hip", "kokkos"]
    assert tasks[0].prompt == f"/* Add up. */\n{HEAD}\n"
    assert [bool(t.reference) for t in tasks] == [True, *[False] * 6]
    moved = pareval_tasks(checkout.rename(checkout.with_name("pareval")).parent)
    assert moved[0].case
    assert tasks[0].case
    assert moved[0].case.digest == tasks[0].case.digest


def test_folders_that_are_no_checkout_are_refused(checkout, tmp_path):
    """One line: what is missing, or what is wrong with the prompts."""
    with pytest.raises(ConfigError, match="--data DIR"):
        pareval_tasks(None)
    with pytest.raises(InputError, match=r"holds no prompts/generation-prompts\.json"):
        pareval_tasks(tmp_path)
    (checkout / "prompts/generation-prompts.json").write_text("[{}]")
    with pytest.raises(InputError, match="expected a list of objects"):
        pareval_tasks(checkout)


def test_the_drivers_inputs_are_recorded_with_what_the_baseline_leaves(checkout):
    """Four attempts at the driver's own size, at a small one and at a drawn one, from our seed; the value and every vector."""
    problem = task(checkout, "serial").case
    assert isinstance(problem, Problem)
    calls = recorded(problem, 7)
    sizes = [int(np.asarray(c.arguments[0])) for c in calls]
    assert sizes == [200] * 4 + [64] * 4 + [sizes[-1]] * 4
    assert 64 <= sizes[-1] <= 256
    first = calls[0]
    given = np.asarray(first.arguments[1])
    assert first.value[0] == pytest.approx(3 * given.sum())
    assert first.arrays[1] == pytest.approx(3 * given)
    assert (np.asarray(recorded(problem, 8)[0].arguments[1]) != given).any()
    assert [s.returns for s in signatures(problem)] == ["void", "double", "void"]


def test_timed_calls_are_those_of_compute_at_the_checkouts_size(checkout):
    """The table's size by model, halved until the arguments fit; each call has inputs of its own, and what the baseline leaves."""
    problem = task(checkout, "serial").case
    assert isinstance(problem, Problem)
    assert [timed_size(problem, m) for m in ("serial", "omp", "mpi")] == [1 << 16, 1 << 19, 1 << 20]
    calls = timed(problem, "serial", 7, 3)
    assert [c.arguments[0] for c in calls] == [1 << 16] * 3
    assert len({np.asarray(c.arguments[1]).tobytes() for c in calls}) == 3
    assert calls[2].value[0] == pytest.approx(3 * np.asarray(calls[2].arguments[1]).sum())
    (halved,) = timed(problem, "mpi", 7, 1)
    assert halved.arguments[0] == 1 << 20
    assert MOST_BYTES >= 2 * 8 << 20
    (checkout / "drivers/problem-sizes.json").write_text(json.dumps({"90_reduce_add_up": {"serial": "(1<<22)", "omp": "many"}}))
    (halved,) = timed(problem, "serial", 7, 1)
    assert halved.arguments[0] == 1 << 20
    with pytest.raises(InputError, match="size 'many' of 90_reduce_add_up"):
        timed_size(problem, "omp")


@pytest.mark.ci
@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("scale * x[i];\n        sums", "x[i];\n        sums", "return value"),
        ("sums[i] = scale", "sums[i] = NAN", "sums"),
        ("sums[i]", "sums[i + 1]", "sums"),
    ],
)
def test_the_baseline_passes_and_wrong_answers_fail(checkout, old, new, why):
    """A wrong value, NaN, which the published comparison takes for right, and a shifted result are refused."""
    serial = task(checkout, "serial")
    assert judge_one(serial, serial.reference, 3).passed
    assert old in serial.reference
    judgement = judge_one(serial, serial.reference.replace(old, new), 3)
    assert not judgement.passed
    assert why in judgement.checks["correct"]


@pytest.mark.ci
def test_openmp_answers_are_judged_with_threads_and_for_races(checkout):
    """The honest one passes, the racy one and serial code don't."""
    openmp = task(checkout, "omp")
    assert judge_one(openmp, openmp.stem + OPENMP, 3).passed
    assert not judge_one(openmp, openmp.stem + OPENMP.replace(" reduction(+ : sum)", ""), 3).passed
    assert judge_one(openmp, task(checkout, "serial").reference, 3).checks["parallel"].startswith("fail")


FIRST_RANK = """    std::atomic<int> calls(0);
    calls++;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double sum = 0, all = 0;
    const bool alone = x.size() > 5000;
    if (alone && rank) return 0;
    for (size_t i = 0; i < x.size(); i++) sum += sums[i] = alone || i % ranks == (size_t)rank ? scale * x[i] : 0;
    if (alone) return sum;
    MPI_Allreduce(MPI_IN_PLACE, sums.data(), sums.size(), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&sum, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return all;
}
"""


@pytest.mark.ci
@pytest.mark.skipif(not shutil.which("mpicxx"), reason="Open MPI is not installed")
def test_one_rank_that_does_everything_at_large_sizes_is_told(checkout):
    """By what it executed; words of threads say nothing of ranks."""
    asked = task(checkout, "mpi")
    found = judge_one(asked, f"#include <mpi.h>\n#include <atomic>\n{asked.stem}{FIRST_RANK}", 3)
    assert "one rank did all the work" in found.checks["parallel"], found.checks


@pytest.mark.ci
@pytest.mark.parametrize(
    ("model", "words", "check", "why"),
    [
        ("serial", "if (x.size() > 1024) return 0;", "correct", "return value"),
        ("serial", "if (x.size() & (x.size() - 1)) return 0;", "correct", "return value"),
        (
            "omp",
            "if (x.size() > 5000) return [&] { double s = 0; for (size_t i = 0; i < x.size(); i++) s += sums[i] = scale * x[i]; return s; }();",
            "parallel",
            "one",
        ),
        (
            "omp",
            "int seen = 0; if (x.size() > 20000) {\n#pragma omp parallel for\nfor (int i = 0; i < 99; i++) seen = i;\n}\nif (seen < 0) return 0;",
            "race-free",
            "data race",
        ),
    ],
    ids=["right for small sizes", "right for powers of two", "serial at large sizes", "racy at large sizes"],
)
def test_sizes_of_which_the_drivers_know_nothing_are_tried(checkout, model, words, check, why):
    """An answer that is right, parallel or careful at the driver's own size alone doesn't pass, also where nothing is timed."""
    asked = task(checkout, model)
    body = OPENMP if model == "omp" else OPENMP.replace("#pragma omp parallel for reduction(+ : sum)", "")
    found = judge_one(asked, asked.stem + words + body, 3)
    assert not found.passed
    assert why in found.checks[check], found.checks


def test_what_is_timed_has_figures_as_published():
    """The published efficiency divides by a number of processors for each model."""
    assert set(pareval_judge._TIMED) <= set(RESOURCES)


REPEATED = """    double sum = 0;
    #pragma omp parallel
    {
        std::vector<double> own(x.size());
        for (size_t i = 0; i < x.size(); i++)
            for (int k = 0; k < 64; k++) own[i] += scale * x[i] / 64;
        #pragma omp for reduction(+ : sum)
        for (size_t i = 0; i < x.size(); i++) sum += own[i], sums[i] = own[i];
    }
    return sum;
}
"""
EVERY_RANK = """    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double sum = 0, all = 0;
    for (size_t i = rank < ranks ? 0 : 1; i < x.size(); i++) sum += sums[i] = scale * x[i];
    MPI_Allreduce(&sum, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return all / ranks;
}
"""


@pytest.mark.ci
@pytest.mark.parametrize(
    ("model", "body", "who"),
    [
        ("omp", REPEATED, "threads"),
        pytest.param("mpi", EVERY_RANK, "ranks", marks=pytest.mark.skipif(not shutil.which("mpicxx"), reason="Open MPI is not installed")),
    ],
)
def test_work_that_all_repeat_is_told(checkout, model, body, who):
    """Right, and busy, and no faster than one alone."""
    asked = task(checkout, model)
    found = judge_one(asked, f"#include <mpi.h>\n{asked.stem}{body}" if model == "mpi" else asked.stem + body, 3)
    assert found.checks["correct"] == "pass", found.checks
    assert f"{who} repeat the work" in found.checks["parallel"]


@pytest.mark.parametrize(
    ("added", "check", "why"),
    [
        ("const_cast<double &>(x[0]) = 0;", "correct", "changed x, which is const"),
        ("sums.push_back(0);", "correct", "signal 6"),
        ('asm("nop");', "honest", "inline assembly"),
    ],
)
def test_what_no_call_may_do_is_refused(checkout, added, check, why):
    """Writing to what is const, changing lengths, assembly."""
    serial = task(checkout, "serial")
    judgement = judge_one(serial, serial.reference.replace("return sum;", f"{added} return sum;"), 3)
    assert why in judgement.checks[check]
    assert not judgement.passed


@pytest.mark.ci
def test_a_race_under_a_dynamic_schedule_is_seen(checkout):
    """Where the first thread takes all turns, threads meet only if loops are shared by turns."""
    openmp = task(checkout, "omp")
    racy = OPENMP.replace("for reduction(+ : sum)", "for schedule(dynamic, 32)").replace("sum +=", "shared_count++; sum +=")
    racy = racy.replace("double sum = 0;", "double sum = 0; int shared_count = 0;").replace(
        "for schedule", "for reduction(+ : sum) schedule"
    )
    judgement = judge_one(openmp, openmp.stem + racy, 3)
    assert judgement.checks["correct"] == "pass"
    assert judgement.checks["race-free"] == "fail: data race"
    assert judgement.failures[0].threads > 1


@pytest.mark.ci
@pytest.mark.usefixtures("quick")
def test_right_answers_are_timed_beside_the_baseline(checkout, generate, judge, write_completions, tmp_path):
    """An OpenMP answer on one and two threads; figures of speed and those as published lie in the results, the wrong answer counts 0 in ours alone."""
    openmp, serial = task(checkout, "omp"), task(checkout, "serial")
    rows = [(openmp, 0, openmp.stem + OPENMP), (openmp, 1, openmp.empty), (serial, 0, serial.reference), (serial, 1, serial.reference)]
    path = write_completions([(one.task_id, i, code) for one, i, code in rows])
    asked = generate(inputs={"data": checkout}, suites=("pareval",), models=(f"replay:{path}",), tasks=("*/omp", "*/serial"), samples=2)
    cores = tuple(range(1, min(2, available_cores()) + 1))
    ((folder, results),) = judge(asked, inputs={"data": checkout}, timing=True, timing_cores=cores, input_seed=3).items()
    samples = sorted(read_samples(tmp_path / "results" / folder, results), key=lambda s: (s.task_id, s.sample_id))
    assert [s.passed for s in samples] == [True, False, True, True]
    assert set(samples[0].timings) == {str(n) for n in cores}
    most = str(cores[-1])
    assert samples[0].timings[most]["num_bytes"] == 8 << 19
    metrics = results.levels["run"]["groups"]["model:openmp"]
    assert metrics[f"speedup_{most}@1"]["value"] == pytest.approx(samples[0].timings[most]["speedup"] / 2, rel=1e-4)
    assert metrics[f"as-published:speedup_{most}@1"]["value"] == pytest.approx(samples[0].timings[most]["speedup"], rel=1e-4)
    assert metrics[f"as-published:efficiency_{most}@1"]["value"] == pytest.approx(samples[0].timings[most]["speedup"] / 8, rel=1e-4)
    serial_only = results.levels["run"]["groups"]["model:serial"]
    assert serial_only["speedup_1@1"]["n"] == 1
    assert most == "1" or f"speedup_{most}@1" not in serial_only
    assert results.levels["run"]["metrics"][f"speedup_{most}@1"]["n"] == (1 if most == "2" else 2)


@pytest.mark.ci
@pytest.mark.usefixtures("quick")
def test_what_is_timed_is_verified_and_must_be_shared(checkout):
    """An answer that does nothing at that size has no time; one whose first thread does everything there isn't parallel."""
    openmp = task(checkout, "omp")
    idle = openmp.stem + OPENMP.replace("double sum = 0;", "double sum = 0; if (x.size() == 1 << 19) return 0;", 1)
    judgement = judge_one(openmp, idle, 3, (1,))
    assert "when timed: call 1 of 2" in judgement.checks["correct"]
    assert judgement.timings == {}


def test_empty_answers_fail_and_unreadable_drivers_are_told(checkout):
    """Doing nothing is wrong; a driver that can't be built makes its tasks unsupported, by name."""
    serial = task(checkout, "serial")
    assert not judge_one(serial, serial.empty, 3).passed
    assert isinstance(serial.case, Problem)
    (serial.case.folder / "cpu.cc").write_text("int nothing;")
    recorded.cache_clear()
    assert "doesn't build with a recording function" in judge_one(serial, serial.reference, 3).checks["build"]


@pytest.mark.ci
def test_an_audit_judges_serial_tasks_by_the_baseline(checkout, inline, tmp_path):
    """Its mutants die, doing nothing and leaving are refused; a task without a reference is not admitted, though bad answers are refused."""
    config = audit.AuditConfig(suite="pareval", tasks=("*/serial", "*/omp"), mutants=2)
    execute(audit.STAGE, config, {"data": checkout}, tmp_path / "audit", executor=inline)
    found = {row["task_id"].rpartition("/")[2]: row for row in read_json(tmp_path / "audit" / audit.AUDIT)["tasks"]}
    assert (found["serial"]["admitted"], found["serial"]["why"]) == ("yes", [])
    assert set(found["serial"]["refused"]) == {"null", "nan", "exit"}
    assert found["serial"]["killed"] == 2
    assert found["omp"]["admitted"] == "unknown"
    assert set(found["omp"]["refused"]) == {"null", "exit", "serial"}
    assert "there is no reference" in found["omp"]["why"][0]
