"""Figures against cases computed by hand."""

import pytest

from hpcraft.eval.metrics import at_k, mean, paired_difference
from hpcraft.eval.results import figures, level_figures
from hpcraft.eval.suites import kernel_tasks
from hpcraft.records import Sample


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
    assert mean([1.0] * 7).ci95 == (1.0, 1.0)
    assert mean([1.0] * 50 + [0.0] * 50) == figure


def test_a_difference_is_paired():
    """A small gain on every task is clear although the tasks differ much; the same gain on a few is not."""
    a = [i / 100 for i in range(50)]
    assert paired_difference(a, [x + 0.01 for x in a]).better == "B"
    assert paired_difference([x + 0.01 for x in a], a).better == "A"
    assert paired_difference([0.0, 1.0] * 10, [1.0, 0.0] * 10).better == "unclear"


def test_few_tasks_never_decide():
    """Three tasks out of three are no evidence."""
    assert paired_difference([0.0] * 3, [1.0] * 3).better == "unclear"


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
    assert levels["compile"]["metrics"]["pass@1"] == {"value": 1.0, "ci95": [1.0, 1.0], "n": 1}
    assert levels["run"]["groups"]["kernel:axpy"]["pass@1"]["value"] == 1.0
