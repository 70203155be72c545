"""The verifier refuses wrong translations for the right reason, and a bad one doesn't harm its neighbours."""

from __future__ import annotations

import shutil

import pytest

from hpcraft.data.programs import Program
from hpcraft.data.verify import has_tools, verify
from hpcraft.errors import MachineError
from hpcraft.records import Candidate, Finding
from hpcraft.sandbox.outcome import Outcome, Verdict

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")

SUM = "double total(int n, const double *x) {\n    double s = 0.0;\n    for (int i = 0; i < n; i++) s += x[i];\n    return s;\n}\n"
SCALE = "void scale(int n, double a, double *x) {\n    for (int i = 0; i < n; i++)\n        x[i] = a * x[i];\n}\n"
SUM_TESTS = ("1 [1]", "33 [33]", "1000 [1000]")
SCALE_TESTS = ("1 2.0 [1]", "7 -1.25 [7]", "300 0.5 [300]")
GOOD_SUM = SUM.replace("    for", "#pragma omp parallel for reduction(+:s)\n    for")
GOOD_SCALE = SCALE.replace("    for", "#pragma omp parallel for\n    for")

WRONG_SUMS = {
    "race": SUM.replace("    for", "#pragma omp parallel for\n    for"),
    "not-parallel": SUM,
    "comment": SUM.replace("    for", "    // #pragma omp parallel for\n    for"),
    "forgotten": GOOD_SUM.replace("return s", "return 0.5 * s"),
}
WRONG_SCALES = {
    "off-by-one": GOOD_SCALE.replace("int i = 0", "int i = 1"),
    "beyond": GOOD_SCALE.replace("i < n", "i <= n"),
    "endless": GOOD_SCALE.replace("    for", "    volatile int on = 1;\n    while (on) {}\n    for", 1).replace(
        "#pragma omp parallel for\n", "", 1
    )
    + "\nvoid other(int n, double *x) {\n#pragma omp parallel for\n    for (int i = 0; i < n; i++) x[i] = 0;\n}\n",
    "leaves": "#include <stdlib.h>\n" + GOOD_SCALE.replace("#pragma", "    exit(0);\n#pragma"),
    "crashes": GOOD_SCALE.replace("#pragma", "    x = 0;\n#pragma"),
    "syntax": GOOD_SCALE.replace("a * x[i];", "a * x[i"),
    "unknown-name": GOOD_SCALE.replace("a * x[i]", "factor * x[i]"),
    "macro": "#define for while\n" + GOOD_SCALE,
    "renamed": GOOD_SCALE.replace("scale", "rescale"),
    "signature": GOOD_SCALE.replace("double a", "float a"),
    "hidden": GOOD_SCALE.replace("void scale", "static void scale"),
    "single": GOOD_SCALE.replace("parallel for", "parallel for num_threads(1)"),
}


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    """All wrong candidates and two right ones, verified together."""
    candidates = [_candidate("good-sum", SUM, GOOD_SUM, SUM_TESTS), _candidate("good-scale", SCALE, GOOD_SCALE, SCALE_TESTS)]
    candidates += [_candidate(name, SUM, target, SUM_TESTS) for name, target in WRONG_SUMS.items()]
    candidates += [_candidate(name, SCALE, target, SCALE_TESTS) for name, target in WRONG_SCALES.items()]
    found = list(verify(candidates, seed=11))
    assert [f.candidate_id for f in found] == [c.candidate_id for c in candidates]
    return {f.candidate_id: f for f in found}


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("race", {"race", "differs"}),
        ("not-parallel", {"not-parallel"}),
        ("comment", {"not-parallel"}),
        ("forgotten", {"differs"}),
        ("off-by-one", {"differs"}),
        ("beyond", {"differs"}),
        ("endless", {"target:time_limit"}),
        ("leaves", {"target:runtime_error"}),
        ("crashes", {"target:runtime_error"}),
        ("syntax", {"no-entry", "target:compile_error"}),
        ("unknown-name", {"target:compile_error"}),
        ("macro", {"target:compile_error"}),
        ("renamed", {"no-entry"}),
        ("signature", {"target:signature"}),
        ("hidden", {"target:compile_error"}),
        ("single", {"not-parallel"}),
    ],
)
def test_wrong_translation_is_refused(findings: dict[str, Finding], name: str, reasons: set[str]) -> None:
    """Each seeded fault is refused, and the reason says what it is."""
    finding = findings[name]
    assert not finding.accepted
    assert finding.reason in reasons, finding.log


def test_right_translations_survive_their_neighbours(findings: dict[str, Finding]) -> None:
    """Right candidates are accepted though most of their batch doesn't compile, crashes or never ends."""
    for name in ("good-sum", "good-scale"):
        assert findings[name].accepted, findings[name]
        assert findings[name].level == "run"
        assert len(findings[name].valid_tests) == 3
        assert 0 < findings[name].mutants_killed <= findings[name].mutants_total
        assert findings[name].killing_tests


def test_tests_that_the_source_fails_are_dropped() -> None:
    """A test that reads out of bounds is no test; a source without valid tests, and tests that notice nothing, are refused."""
    still = "void still(int n, double *x) {\n    for (int i = 0; i < n; i++) x[i] = x[i];\n}\n"
    candidates = [
        _candidate("short", SCALE, GOOD_SCALE, ("7 2.0 [3]", *SCALE_TESTS)),
        _candidate("none", SCALE, GOOD_SCALE, ("7 2.0 [3]",)),
        _candidate("odd", SCALE, GOOD_SCALE, ("7 2.0",)),
        _candidate("still", still, still.replace("    for", "#pragma omp parallel for\n    for"), ("5 [5]",)),
    ]
    short, none, odd, unnoticed = verify(candidates, seed=1, race=False)
    assert short.accepted
    assert "7 2.0 [3]" not in short.valid_tests
    assert (none.reason, odd.reason) == ("no-valid-tests", "tests")
    assert unnoticed.reason == "no-mutant-killed"


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_cuda_is_compiled_and_must_launch() -> None:
    """A kernel with its launch passes at the level compile; one without a launch, or with an error, doesn't."""
    good = (
        "__global__ void k(int n, double a, double *x) {\n  int i = blockIdx.x * blockDim.x + threadIdx.x;\n  if (i < n) x[i] = a * x[i];\n}\n"
        'extern "C" void scale(int n, double a, double *x) {\n  double *d;\n  cudaMalloc(&d, n * sizeof(double));\n'
        "  cudaMemcpy(d, x, n * sizeof(double), cudaMemcpyHostToDevice);\n  k<<<(n + 255) / 256, 256>>>(n, a, d);\n"
        "  cudaMemcpy(x, d, n * sizeof(double), cudaMemcpyDeviceToHost);\n  cudaFree(d);\n}\n"
    )
    unlaunched = good.replace("k<<<(n + 255) / 256, 256>>>(n, a, d);", "")
    broken = good.replace("cudaFree(d)", "cudaFree(e)")
    targets = {"good": good, "unlaunched": unlaunched, "broken": broken}
    candidates = [_candidate(name, SCALE, target, SCALE_TESTS, model="cuda") for name, target in targets.items()]
    found = {f.candidate_id: f for f in verify(candidates, seed=2)}
    assert found["good"].accepted
    assert found["good"].level == "compile"
    assert found["unlaunched"].reason == "not-parallel"
    assert found["broken"].reason == "target:compile_error"


def test_missing_sandbox_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any isolation nothing is judged: the machine is blamed, not the candidate."""
    monkeypatch.setattr("hpcraft.sandbox.folders._version", lambda: -1)
    which = shutil.which
    monkeypatch.setattr("hpcraft.sandbox.bubblewrap.shutil.which", lambda tool, **words: None if tool == "bwrap" else which(tool, **words))
    with pytest.raises(MachineError, match="bubblewrap"):
        list(verify([_candidate("good", SCALE, GOOD_SCALE, SCALE_TESTS)]))
    with pytest.raises(MachineError, match="bubblewrap"):
        has_tools("openmp")


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [(Verdict.RACE, "race"), (Verdict.TIME_LIMIT, "target:time_limit"), (Verdict.MEMORY_LIMIT, "target:runtime_error")],
)
def test_only_a_report_of_a_race_is_called_race(verdict: Verdict, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the race detector a program may also be too slow or end otherwise, and the reason says which."""
    monkeypatch.setattr(Program, "races", lambda *_args, **_keywords: {0: Outcome(verdict=verdict)})
    [finding] = verify([_candidate("good", SCALE, GOOD_SCALE, SCALE_TESTS)], num_mutants=0)
    assert finding.reason == reason


def test_a_race_under_a_dynamic_schedule_is_found_though_one_thread_may_take_all() -> None:
    """All threads write one flag, which no result depends on; four iterations are over before a second thread is awake."""
    racy = """void scale(int n, double a, double *x) {
    int any = 0;
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < n; i++) {
        x[i] = a * x[i];
        any = 1;
    }
    if (!any && n > 0) x[0] = 0;
}
"""
    [finding] = verify([_candidate("racy", SCALE, racy, ("4 0.5 [4]",))], num_mutants=6)
    assert finding.reason == "race"


def _candidate(name: str, source: str, target: str, tests: tuple[str, ...], model: str = "openmp") -> Candidate:
    return Candidate(
        candidate_id=name, signature=source.partition("{")[0].strip(), source=source, target=target, target_model=model, tests=tests
    )
