"""Figures against cases computed by hand, against brute force, and against what others published."""

import dataclasses
import random
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.eval import kernel_judge
from hpcraft.eval.judging import NOT_TIMED
from hpcraft.eval.metrics import (
    at_k,
    best_of_k,
    efficiency,
    fast_p,
    mean,
    of_sums,
    pass_at_k,
    proficiency,
    share,
    speedup,
    speedup_max_at_k,
    speedup_n_at_k,
)
from hpcraft.eval.pareval_figures import pareval_figures
from hpcraft.eval.performance import processors_of
from hpcraft.eval.published import pareval_build_at_k, pareval_efficiency_at_k, pareval_speedup_at_k
from hpcraft.eval.results import figures, level_figures
from hpcraft.eval.speed_figures import speed_figures
from hpcraft.eval.suites import kernel_tasks
from hpcraft.samples import Sample

VALUES = st.lists(st.floats(0, 100), min_size=1, max_size=7)


def sample(task_id, sample_id, *, passed, build="pass", verdict="ok", level="run"):
    """A judged sample."""
    return Sample(
        task_id=task_id,
        sample_id=sample_id,
        model="m",
        passed=passed,
        level=level,
        checks={"build": build},
        verdict=verdict,
        seconds=0.0,
        log="",
    )


@pytest.mark.parametrize(
    ("n", "c", "k", "value"),
    [(10, 3, 1, 0.3), (4, 2, 2, 1 - 1 / 6), (5, 0, 5, 0.0), (5, 1, 5, 1.0), (3, 3, 2, 1.0), (2, 1, 2, 1.0), (20, 2, 10, 1 - 90 / 380)],
)
def test_at_k_is_the_unbiased_estimator(n, c, k, value):
    """1 - C(n-c, k) / C(n, k), with C(a, b) = 0 for a < b."""
    assert at_k(n, c, k) == pytest.approx(value)


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, 1, 4), (3, 1, 0), (3, -1, 1)])
def test_at_k_refuses_what_has_no_meaning(n, c, k):
    """More successes or draws than samples are a mistake of the caller."""
    with pytest.raises(ValueError, match="at_k"):
        at_k(n, c, k)


def test_the_interval_resamples_tasks():
    """Half of 100 tasks passed: about 0.5 +- 0.098; equal values give an interval without width."""
    figure = mean([1.0] * 50 + [0.0] * 50)
    assert figure.value == 0.5
    assert figure.n == 100
    assert figure.ci95[0] == pytest.approx(0.4, abs=0.02)
    assert figure.ci95[1] == pytest.approx(0.6, abs=0.02)
    assert mean([1.0] * 50 + [0.0] * 50) == figure


def test_invalid_samples_count_as_zero():
    """A sample that doesn't build lowers pass@1 and build@1; a task weighs the same with one sample or two."""
    found = figures(
        [
            [sample("a", 0, passed=True), sample("a", 1, passed=False, build="fail: x", verdict="compile_error")],
            [sample("b", 0, passed=False)],
        ]
    )
    assert found["pass@1"]["value"] == 0.25
    assert found["build@1"]["value"] == 0.75
    assert found["pass@1"]["n"] == 2
    assert "pass@5" not in found


def test_levels_are_never_mixed_and_unsupported_is_no_failure():
    """CUDA that was only built has figures of its own; a task without a compiler is in none."""
    tasks = {t.task_id: t for t in kernel_tasks()}
    samples = [
        sample("kernels/axpy/openmp/c", 0, passed=True),
        sample("kernels/gemm/openmp/c", 0, passed=False),
        sample("kernels/axpy/cuda/cpp", 0, passed=True, level="compile"),
        sample("kernels/gemm/cuda/cpp", 0, passed=False, level="compile", verdict="unsupported"),
    ]
    levels = level_figures(tasks, samples)
    assert levels["run"]["metrics"]["pass@1"]["value"] == 0.5
    assert levels["compile"]["metrics"]["pass@1"] == {"value": 1.0, "ci95": [0.025, 1.0], "n": 1}
    assert levels["run"]["groups"]["kernel:axpy"]["pass@1"]["value"] == 1.0


@given(VALUES, st.integers(1, 7))
def test_the_best_of_k_is_that_of_all_subsets(values, k):
    """Brute force over every choice of k samples; for k = 1 it is the mean, for k = N the largest."""
    k = min(k, len(values))
    subsets = list(combinations(values, k))
    assert best_of_k(values, k) == pytest.approx(sum(map(max, subsets)) / len(subsets))
    assert best_of_k(values, 1) == pytest.approx(sum(values) / len(values))
    assert best_of_k(values, len(values)) == pytest.approx(max(values))


@given(VALUES)
def test_more_tries_are_never_worse(values):
    """The expected best of k + 1 is at least that of k; the order of samples says nothing."""
    best = [best_of_k(values, k) for k in range(1, len(values) + 1)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(best))
    assert best == pytest.approx([best_of_k(values[::-1], k) for k in range(1, len(values) + 1)])


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 8))
def test_pass_at_k_is_the_best_of_zeros_and_ones(successes, k):
    """The two estimators are one."""
    k = min(k, len(successes))
    assert at_k(len(successes), sum(successes), k) == pytest.approx(best_of_k([float(s) for s in successes], k))


@pytest.mark.parametrize("k", [0, 4])
def test_best_of_k_refuses_what_has_no_meaning(k):
    """More draws than samples are a mistake of the caller."""
    with pytest.raises(ValueError, match="best_of_k"):
        best_of_k([1.0, 2.0, 3.0], k)


def test_an_invalid_sample_has_no_speed():
    """Speed-up 0, which lowers the mean of the task; a time of 0 is a mistake."""
    assert speedup(4.0, None) == 0.0
    assert speedup(4.0, 2.0) == 2.0
    assert efficiency(4.0, 2.0, 4) == 0.5
    assert speedup_n_at_k([[speedup(4.0, None), speedup(4.0, 1.0)]], 1).value == 2.0
    with pytest.raises(ValueError, match="above 0"):
        speedup(4.0, 0.0)


def test_the_maximum_names_its_processors():
    """speedup_max@k is speedup_n@k at the best n; a tie goes to fewer processors."""
    tasks = {1: [[1.0, 1.0], [1.0, 0.0]], 4: [[3.0, 2.0], [2.5, 0.0]], 8: [[2.0, 2.0], [2.0, 0.0]], 16: [[3.0, 2.0], [2.5, 0.0]]}
    best = speedup_max_at_k(tasks, 2)
    assert best.processors == 4
    assert best.figure == speedup_n_at_k(tasks[4], 2)
    assert best.figure.value == pytest.approx((3.0 + 2.5) / 2)


def test_fast_p_counts_what_is_right_and_fast():
    """fast_0 is correctness; the threshold itself is not enough."""
    tasks = [0.0, 0.5, 1.0, 2.0]
    assert fast_p(tasks, 0).value == 0.75
    assert fast_p(tasks, 1).value == 0.25
    assert fast_p(tasks, 2).value == 0.0


def test_pareval_weights_the_slowest():
    """The values of ParEval's code and the true ones: 2.667 for 3.333, 7.0 for 4.0 (above the best single 4.0), 0.875 for 0.5."""
    times = [1.0, 2.0, 4.0]
    ours = [best_of_k([speedup(4.0, t) for t in times], k) for k in (1, 2, 3)]
    theirs = [pareval_speedup_at_k(4.0, times, k) for k in (1, 2, 3)]
    assert ours == pytest.approx([7 / 3, 10 / 3, 4.0])
    assert theirs == pytest.approx([7 / 3, 8 / 3, 7.0])
    assert pareval_efficiency_at_k(4.0, times, 3, 8) == pytest.approx(7 / 8)
    built = [True] * 5 + [False] * 5
    assert pareval_build_at_k(built, 7, 1) == pytest.approx(0.875)
    assert pass_at_k([built], 1).value == 0.5


def test_pareval_drops_what_is_wrong():
    """A wrong sample lowers our figure and leaves ParEval's as it was."""
    assert pareval_speedup_at_k(4.0, [2.0], 1) == 2.0
    assert best_of_k([speedup(4.0, 2.0), speedup(4.0, None)], 1) == 1.0
    assert pareval_speedup_at_k(4.0, [], 1) == 0.0


@given(VALUES)
def test_pareval_is_right_for_one_try(speedups):
    """One try is a mean in any order, as long as all samples are valid."""
    valid = [s + 0.1 for s in speedups]
    assert pareval_speedup_at_k(1.0, [1 / s for s in valid], 1) == pytest.approx(best_of_k(valid, 1))


@pytest.mark.parametrize(
    ("suggestions", "correct", "in_model", "score"),
    [
        (0, 0, 0, 0),
        (3, 0, 3, 0),
        (3, 1, 2, 0.25),
        (3, 3, 2, 0.25),
        (3, 1, 3, 0.5),
        (3, 3, 3, 0.75),
        (1, 1, 1, 1),
        (1, 1, 0, 0.25),
        (1, 0, 1, 0),
    ],
)
def test_proficiency_by_its_rules(suggestions, correct, in_model, score):
    """Every line of the study's table."""
    assert proficiency(suggestions, correct, in_model) == score


def test_proficiency_refuses_more_than_there_is():
    """More correct suggestions than suggestions are a mistake of the caller."""
    with pytest.raises(ValueError, match="proficiency"):
        proficiency(1, 2, 1)


@pytest.mark.parametrize(("values", "low", "high"), [([0.5], 0.0125, 0.9875), ([0.625] * 4, 0.2485, 0.851)])
def test_tasks_that_are_alike_have_an_interval(values, low, high):
    """One task, or several of one share, say little of others; the width goes over into that of all and of none."""
    found = share(values)
    assert found.ci95 == pytest.approx((low, high), abs=1e-3)


def test_a_share_of_all_or_none_has_an_interval():
    """Where nothing can be resampled: Clopper and Pearson's, 0.025 ** (1 / n) from the end."""
    assert share([1.0] * 36).ci95 == pytest.approx((0.9026, 1.0), abs=1e-4)
    assert share([0.0] * 36).ci95 == pytest.approx((0.0, 0.0974), abs=1e-4)
    assert share([0.0, 1.0] * 18) == mean([0.0, 1.0] * 18)
    with pytest.raises(ValueError, match="outside"):
        share([2.0, 0.0])


def test_the_interval_covers_what_it_says():
    """200 draws of 60 tasks whose mean is known: about 95 % of the intervals hold it."""
    rng = random.Random(5)
    held = 0
    for _ in range(200):
        tasks = [rng.choice([0.0, 0.2, 0.6, 1.0]) for _ in range(60)]
        low, high = mean(tasks).ci95
        held += low <= 0.45 <= high
    assert 180 <= held <= 198


def test_sums_are_scored_together():
    """A ratio of sums is not a mean of ratios; the interval comes from tasks, and is the same each time."""
    rows = [(1, 2), (8, 10), (3, 3)] * 10
    figure = of_sums(rows, lambda sums: np.asarray(sums[..., 0] / sums[..., 1]))
    assert figure.value == pytest.approx(12 / 15)
    assert figure.n == 30
    assert figure.ci95[0] < figure.value < figure.ci95[1]
    assert figure == of_sums(rows, lambda sums: np.asarray(sums[..., 0] / sums[..., 1]))


# ---------------------------------------------------------------- the two mistakes of MuSL's evaluator


def musl_scores(candidates, judge, finishing):
    """pass@k input as MuSL's ``eval_passk`` makes it: one case object repeated, results taken as they finish."""
    cases = []
    for task, answers in enumerate(candidates):
        case = {"task": task}
        cases += [case] * len(answers)
        for answer in answers:
            case["answer"] = answer  # the same object each time: the last answer is in all of them
    results = [judge(cases[i]["task"], cases[i]["answer"]) for i in finishing]
    width = len(candidates[0])
    return [results[i : i + width] for i in range(0, len(results), width)]


def is_right(_task, answer):
    """The judge of these tests."""
    return answer == "right"


def test_musl_judges_the_last_candidate_alone():
    """A task with one right answer of four: pass@1 is 0.25, MuSL's 0 or 1 by where the right one stands."""
    for answers, theirs in ((["right", "wrong", "wrong", "wrong"], 0.0), (["wrong", "wrong", "wrong", "right"], 1.0)):
        scores = musl_scores([answers], is_right, range(4))
        assert pass_at_k(scores, 1).value == theirs
        assert pass_at_k(scores, 4).value == theirs
        rows = [sample("t", i, passed=is_right(0, a)) for i, a in enumerate(answers)]
        assert figures([rows])["pass@1"]["value"] == 0.25


def test_musl_mixes_tasks_in_the_order_of_finishing():
    """Results zipped as they finish belong to other tasks; ours are found by task and sample, in whatever order they come."""
    candidates = [["right"] * 5, ["wrong"] * 5]
    finishing = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9]
    assert pass_at_k(musl_scores(candidates, is_right, finishing), 5).value == 1.0
    tasks = {t.task_id: t for t in kernel_tasks()}
    names = ["kernels/axpy/openmp/c", "kernels/gemm/openmp/c"]
    rows = [sample(names[i // 5], i % 5, passed=is_right(0, candidates[i // 5][i % 5])) for i in finishing]
    assert level_figures(tasks, rows)["run"]["metrics"]["pass@5"]["value"] == 0.5


def test_musl_pass_at_5_is_wrong_on_a_whole_set():
    """On 233 tasks with 20 answers each, one mistake alone makes pass@1, @5 and @10 equal."""
    rng = random.Random(7)
    rates = [rng.betavariate(0.6, 1.1) for _ in range(233)]
    candidates = [["right" if rng.random() < rate else "wrong" for _ in range(20)] for rate in rates]
    truth = [[answer == "right" for answer in answers] for answers in candidates]
    theirs = musl_scores(candidates, is_right, range(233 * 20))
    assert len({pass_at_k(theirs, k).value for k in (1, 5, 10)}) == 1
    true = [pass_at_k(truth, k).value for k in (1, 5, 10)]
    assert true[0] + 0.2 < true[1] < true[2]


def test_proficiency_stands_beside_pass_at_k():
    """One right suggestion alone is an expert's; a second that isn't parallel makes a novice; what holds no code is a wrong one."""
    tasks = {t.task_id: t for t in kernel_tasks()}
    right = sample("kernels/axpy/openmp/c", 0, passed=True)
    assert level_figures(tasks, [right])["run"]["metrics"]["proficiency"]["value"] == 1.0
    prose = sample("kernels/axpy/openmp/c", 1, passed=False)
    prose = dataclasses.replace(prose, checks=kernel_judge.judge(tasks[prose.task_id], " ", 1).checks)
    assert level_figures(tasks, [right, prose])["run"]["metrics"]["proficiency"]["value"] == 0.5
    serial = sample("kernels/axpy/openmp/c", 2, passed=False)
    serial = dataclasses.replace(serial, checks={"build": "pass", "parallel": "fail: nothing in it is openmp"})
    assert level_figures(tasks, [right, prose, serial])["run"]["metrics"]["proficiency"]["value"] == 0.25


def timed(task_id, sample_id, *, passed=True, **seconds):
    """A sample with times on so many cores against a baseline of 8 seconds, as ``c4=2.0``."""
    timings = {
        name[1:]: {"threads": float(name[1:]), "ranks": 1.0, "seconds": value, "baseline_seconds": 8.0} for name, value in seconds.items()
    }
    return dataclasses.replace(sample(task_id, sample_id, passed=passed), timings=timings)


def test_speed_stands_beside_pass_at_k():
    """Two tasks, one of them with a wrong answer: speed-ups 4 and 0, 2 and 8 on four cores."""
    found = figures(
        [
            [timed("a", 0, c1=8.0, c4=2.0), sample("a", 1, passed=False)],
            [timed("b", 0, c1=16.0, c4=4.0), timed("b", 1, c1=4.0, c4=1.0)],
        ]
    )
    assert found["speedup_4@1"]["value"] == pytest.approx((2 + 5) / 2)
    assert found["efficiency_4@1"]["value"] == pytest.approx((2 + 5) / 8)
    assert found["speedup_1@1"]["value"] == pytest.approx((0.5 + 1.25) / 2)
    assert found["speedup_max@1"] == found["speedup_4@1"] | {"processors": 4}
    assert found["fast_1@1"]["value"] == pytest.approx(0.75)
    assert "speedup_4@1" not in figures([[sample("a", 0, passed=True)]])


def test_tasks_on_which_nobody_is_timed_have_no_part_in_speed():
    """However many wrong answers they have; right ones say so themselves."""
    tasks = {t.task_id: t for t in kernel_tasks()}
    names = ["kernels/axpy/openmp/c", "kernels/gemm/openmp/c"]
    wrong = dataclasses.replace(sample(names[1], 0, passed=False), level="run")
    rows = [dataclasses.replace(timed(names[0], 0, c2=2.0), level="run"), wrong]
    assert level_figures(tasks, rows, cores=[2])["run"]["metrics"]["speedup_2@1"]["value"] == 2.0
    nobody = dataclasses.replace(wrong, checks={"fast": f"{NOT_TIMED}a call is over at once"})
    found = level_figures(tasks, [rows[0], nobody], cores=[2])["run"]["metrics"]["speedup_2@1"]
    assert (found["value"], found["n"]) == (4.0, 1)


def test_a_right_answer_without_a_time_costs_its_own_task_alone():
    """The machine could not measure it: the figure of two tries is over the other task."""
    whole, partly = ([timed(name, i, c2=2.0) for i in range(5)] for name in "ab")
    found = speed_figures([whole, [*partly[:4], timed("b", 4, c1=4.0)]])
    assert (found["speedup_2@1"]["n"], found["speedup_2@5"]["n"]) == (2, 1)
    assert found["speedup_2@5"]["value"] == 4.0


def test_wrong_answers_count_only_where_their_tasks_are_timed():
    """A sequential task has no part in the figures of four processors, whether its answers are right or not; nothing right is a figure of 0."""
    rows = [[timed("a", 0, c1=2.0)], [sample("b", 0, passed=False)], [timed("c", 0, c4=2.0)]]
    found = speed_figures(rows, [{1}, {1}, {4}])
    assert (found["speedup_1@1"]["value"], found["speedup_1@1"]["n"]) == (2.0, 2)
    assert (found["speedup_4@1"]["value"], found["speedup_4@1"]["n"]) == (4.0, 1)
    assert speed_figures([[sample("a", 0, passed=False)]], [{1, 4}])["speedup_4@1"]["value"] == 0.0
    assert processors_of("serial", (1, 4)) == {1}
    assert processors_of("mpi+openmp", (4,)) == {4}


def test_figures_as_pareval_publishes_them_stand_beside_ours():
    """Its weights, its resources, its dropped answers, its builds by runs; by hand, for answers of 1, 2 and 4 seconds against 4."""

    def one(sample_id, seconds, *, passed=True, build="pass", baseline=4.0):
        times = {"2": {"threads": 2.0, "ranks": 1.0, "seconds": seconds, "baseline_seconds": baseline}}
        return dataclasses.replace(sample("pareval/x/omp", sample_id, passed=passed, build=build), timings=times if passed else {})

    rows = [[one(0, 1.0), one(1, 2.0, baseline=9.0), one(2, 4.0), one(3, 0.0, passed=False), one(4, 0.0, passed=False, build="fail: x")]]
    rows.append([one(i, 0.0, passed=False) for i in range(5)])
    found = pareval_figures(rows, ["openmp", "openmp"], [{2}, {2}])
    first = found["as-published:speedup_2@1"]
    assert (first["value"], first["n"]) == (pytest.approx((4 + 2 + 1) / 3, abs=1e-6), 1)
    assert found["as-published:speedup_2@5"]["value"] == pytest.approx(7.0)
    assert found["as-published:efficiency_2@1"]["value"] == pytest.approx(7 / 3 / 8, abs=1e-6)
    assert found["as-published:build@1"]["value"] == pytest.approx((12 / 13 + 1) / 2, abs=1e-6)
    assert speed_figures(rows, [{2}, {2}])["speedup_2@1"]["value"] == pytest.approx((4 + 4.5 + 1) / 5 / 2)
    assert pareval_figures([rows[1]], ["openmp"], [{2}])["as-published:speedup_2@1"] == {"value": 0.0, "ci95": [0.0, 0.0], "n": 0}
    assert "as-published:speedup_max@1" not in found


def test_what_could_not_be_timed_is_no_failure():
    """A right answer without a time at some number of cores is left out there; a wrong one counts 0 everywhere."""
    found = figures([[timed("a", 0, c2=4.0)], [timed("b", 0, c4=2.0)], [sample("c", 0, passed=False)]])
    assert found["speedup_2@1"] == figures([[timed("a", 0, c2=4.0)], [sample("c", 0, passed=False)]])["speedup_2@1"]
    assert found["speedup_2@1"]["n"] == 2
    assert found["speedup_4@1"]["value"] == 2.0
    assert found["pass@1"]["n"] == 3


def test_the_best_number_of_cores_is_sought_over_the_same_tasks():
    """A sequential task that is fast on one core doesn't make one core the best for parallel ones."""
    rows = [[timed("a", 0, c1=1.0, c4=4.0)], [timed("b", 0, c1=0.1)]]
    found = speed_figures(rows, [{1, 4}, {1}])
    assert found["speedup_1@1"]["n"] == 2
    assert (found["speedup_max@1"]["processors"], found["speedup_max@1"]["n"]) == (1, 1)
    assert found["speedup_max@1"]["value"] == pytest.approx(8.0)
    assert "speedup_max@1" not in speed_figures(rows[1:], [{1}]) | speed_figures([rows[1], [timed("c", 0, c4=2.0)]], [{1}, {4}])
