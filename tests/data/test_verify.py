"""The verifier refuses wrong translations for the right reason, and a bad one doesn't harm its neighbours."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from hpcraft.data.programs import Program
from hpcraft.data.verify import has_tools, verify
from hpcraft.errors import MachineError
from hpcraft.sandbox import folders
from hpcraft.sandbox.outcome import Outcome, Verdict
from hpcraft.verification import Candidate, Finding
from tests.data.translations import CUDA_SCALE, CUDA_SUM, GOOD_SCALE, GOOD_SUM, SCALE, SCALE_TESTS, SUM, SUM_TESTS

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")

WRONG_SUMS = {
    "race": SUM.replace("    for", "#pragma omp parallel for\n    for"),
    "not-parallel": SUM,
    "comment": SUM.replace("    for", "    // #pragma omp parallel for\n    for"),
    "forgotten": GOOD_SUM.replace("return s", "return 0.5 * s"),
    "unset": GOOD_SUM.replace("s = 0.0", "s").replace("#pragma", "    if (n < 0) s = 0.0;\n#pragma"),
}
COUNTED = GOOD_SCALE.replace("#pragma", "    static int calls;\n    if (calls++) a = 0;\n#pragma")
"""Right in its first call, which is what each call of a test is."""
WRONG_SCALES = {
    "off-by-one": GOOD_SCALE.replace("int i = 0", "int i = 1"),
    "beyond": GOOD_SCALE.replace("i < n", "i <= n"),
    "read-beyond": GOOD_SCALE.replace("x[i] = a * x[i];", "{ double next = x[i + 1]; x[i] = a * x[i]; if (next == 0.1) continue; }"),
    "read-beside-a-local": GOOD_SCALE.replace("#pragma", "    double own[2] = {a, a};\n#pragma").replace(
        "x[i] = a * x[i];", "{ double next = own[i + 1]; x[i] = a * x[i]; if (next == 0.1) continue; }"
    ),
    "endless": GOOD_SCALE.replace("#pragma", "    volatile int on = 1;\n    while (on) {}\n#pragma"),
    "leaves": "#include <stdlib.h>\n" + GOOD_SCALE.replace("#pragma", "    exit(0);\n#pragma"),
    "crashes": GOOD_SCALE.replace("#pragma", "    x = 0;\n#pragma"),
    "syntax": GOOD_SCALE.replace("a * x[i];", "a * x[i"),
    "unknown-name": GOOD_SCALE.replace("a * x[i]", "factor * x[i]"),
    "macro": "#define for while\n" + GOOD_SCALE,
    "renamed": GOOD_SCALE.replace("scale", "rescale"),
    "signature": GOOD_SCALE.replace("double a", "float a"),
    "hidden": GOOD_SCALE.replace("void scale", "static void scale"),
    "unwritten": "#include <stdlib.h>\n"
    + GOOD_SCALE.replace("#pragma", "    double *rest = malloc(n * sizeof *rest);\n#pragma").replace("a * x[i]", "a * x[i] + rest[i]"),
    "single": GOOD_SCALE.replace("parallel for", "parallel for num_threads(1)"),
}


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    """All wrong candidates and the right ones, verified together."""
    candidates = [_candidate("good-sum", SUM, GOOD_SUM, SUM_TESTS), _candidate("good-scale", SCALE, GOOD_SCALE, SCALE_TESTS)]
    candidates.append(_candidate("counted", SCALE, COUNTED, SCALE_TESTS))
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
        ("unset", {"differs"}),
        ("beyond", {"differs"}),
        ("read-beyond", {"target:memory"}),
        ("read-beside-a-local", {"target:memory"}),
        ("endless", {"target:time_limit"}),
        ("leaves", {"target:runtime_error"}),
        ("crashes", {"target:runtime_error"}),
        ("syntax", {"no-entry", "target:compile_error"}),
        ("unknown-name", {"target:compile_error"}),
        ("macro", {"target:compile_error"}),
        ("renamed", {"no-entry"}),
        ("signature", {"target:signature"}),
        ("hidden", {"target:compile_error"}),
        ("unwritten", {"differs"}),
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
    for name in ("good-sum", "good-scale", "counted"):
        assert findings[name].accepted, findings[name]
        assert findings[name].level == "run"
        assert len(findings[name].valid_tests) == 3
        assert 0 < findings[name].mutants_killed <= findings[name].mutants_total
        assert findings[name].killing_tests


def test_tests_that_the_source_fails_are_dropped() -> None:
    """A test that reads out of bounds is no test; a source without valid tests, and tests that notice nothing, are refused."""
    candidates = [
        _candidate("short", SCALE, GOOD_SCALE, ("7 2.0 [3]", *SCALE_TESTS)),
        _candidate("none", SCALE, GOOD_SCALE, ("7 2.0 [3]",)),
        _candidate("odd", SCALE, GOOD_SCALE, ("7 2.0",)),
        _candidate("empty", SCALE, GOOD_SCALE, ("0 2.0 [3]",)),
    ]
    short, none, odd, unnoticed = verify(candidates, seed=1, race=False)
    assert short.accepted
    assert "7 2.0 [3]" not in short.valid_tests
    assert (none.reason, odd.reason) == ("no-valid-tests", "tests")
    assert unnoticed.reason in ("no-mutant-killed", "few-mutants-killed")


@pytest.fixture(scope="module")
def emulated() -> dict[str, Finding]:
    """Right CUDA targets and wrong ones, verified together."""
    scales = {
        "good-scale": CUDA_SCALE,
        "unlaunched": CUDA_SCALE.replace("k<<<(n + 255) / 256, 256>>>(n, a, d);", ""),
        "broken": CUDA_SCALE.replace("cudaFree(d)", "cudaFree(e)"),
        "off-by-one": CUDA_SCALE.replace("if (i < n)", "if (i > 0 && i < n)"),
        "beyond": CUDA_SCALE.replace("if (i < n)", "if (i <= n)"),
        "host-pointer": CUDA_SCALE.replace("(n, a, d);", "(n, a, x);"),
        "uncopied": CUDA_SCALE.replace("  cudaMemcpy(d, x, n * sizeof(double), cudaMemcpyHostToDevice);\n", ""),
        "endless": CUDA_SCALE.replace("if (i < n)", "volatile int on = 1;\n  while (on) {}\n  if (i < n)"),
        "tensor": CUDA_SCALE.replace(
            "if (i < n)", 'asm("mma.sync.aligned.m8n8k4.row.col.f64 {%0}, {%0}, {%0}, {%0};" : "+d"(a));\n  if (i < n)'
        ),
    }
    sums = {"good-sum": CUDA_SUM, "racy": CUDA_SUM.replace("atomicAdd(s, x[i])", "*s += x[i]")}
    candidates = [_candidate(name, SCALE, target, SCALE_TESTS, model="cuda") for name, target in scales.items()]
    candidates += [_candidate(name, SUM, target, SUM_TESTS, model="cuda") for name, target in sums.items()]
    return {f.candidate_id: f for f in verify(candidates, seed=2)}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unlaunched", "not-parallel"),
        ("broken", "target:compile_error"),
        ("off-by-one", "differs"),
        ("beyond", "target:memory"),
        ("host-pointer", "target:memory"),
        ("uncopied", "target:memory"),
        ("endless", "target:time_limit"),
        ("tensor", "target:unsupported"),
        ("racy", "race"),
    ],
)
def test_wrong_cuda_is_refused_by_what_it_does(emulated: dict[str, Finding], name: str, reason: str) -> None:
    """Emulated, a wrong target of CUDA is told as one of OpenMP is, and also what it does to memory."""
    assert not emulated[name].accepted
    assert emulated[name].reason == reason, emulated[name].log


def test_right_cuda_runs_and_its_faults_are_noticed(emulated: dict[str, Finding]) -> None:
    """Right targets pass at the level emulate beside neighbours that don't build, crash or never end."""
    for name in ("good-scale", "good-sum"):
        finding = emulated[name]
        assert finding.accepted, finding
        assert finding.level == "emulate"
        assert 0 < finding.target_mutants_total <= 2 * finding.target_mutants_killed
        assert finding.coverage == 1.0
        assert len(finding.outputs) == len(finding.valid_tests) == 3


@pytest.mark.ci
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_cuda_without_its_emulation_is_only_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding says how far it went: a target that is wrong when it runs passes at the level compile."""
    monkeypatch.setattr("hpcraft.data.verify.cuda_level", lambda: "compile")
    wrong = CUDA_SCALE.replace("if (i < n)", "if (i > 0 && i < n)")
    found = list(verify([_candidate("wrong", SCALE, wrong, SCALE_TESTS, model="cuda")], seed=2, num_mutants=2))
    assert [(f.accepted, f.level, f.target_mutants_total) for f in found] == [(True, "compile", 0)]
    broken = CUDA_SCALE.replace("cudaFree(d)", "cudaFree(e)")
    [finding] = verify([_candidate("broken", SCALE, broken, SCALE_TESTS, model="cuda")], seed=2, num_mutants=0)
    assert finding.reason == "target:compile_error"


@pytest.mark.ci
def test_tests_must_run_the_lines_and_notice_faults_of_either_side() -> None:
    """Lines that no test runs, and statements of which most do nothing, are each a reason; the side is named."""
    rare = SCALE.replace("    for", "    if (n > 5000) {\n        a = 0;\n    }\n    for")
    idle = "".join(f"        junk = junk + {k};\n" for k in range(12))
    dead = SCALE.replace("    for", f"    int junk = 0;\n    {{\n{idle}    }}\n    for")
    hollow = GOOD_SCALE.replace("#pragma", f"    int junk = 0;\n    {{\n{idle}    }}\n#pragma", 1)
    candidates = [
        _candidate("rare", rare, GOOD_SCALE, SCALE_TESTS),
        _candidate("dead", dead, GOOD_SCALE, SCALE_TESTS),
        _candidate("hollow", SCALE, hollow, SCALE_TESTS),
        _candidate("good", SCALE, GOOD_SCALE, SCALE_TESTS),
    ]
    found = {f.candidate_id: f for f in verify(candidates, seed=4, race=False, num_mutants=12, min_coverage=1.0)}
    assert {name: f.reason for name, f in found.items()} == {
        "rare": "not-covered",
        "dead": "few-mutants-killed",
        "hollow": "target:few-mutants-killed",
        "good": "",
    }
    assert found["rare"].coverage == pytest.approx(0.75)
    assert next(verify(candidates[:1], seed=4, race=False, min_killed=0.1)).accepted  # unless lines or faults are asked for


def test_those_tests_are_kept_that_tell_the_most() -> None:
    """Of more valid tests than are wanted, one without a single iteration goes first, and what is told is of the kept ones."""
    tests = ("0 1.0 [0]", "0 2.0 [0]", "9 0.5 [9]", "0 3.0 [0]")
    [finding] = verify([_candidate("good", SCALE, GOOD_SCALE, tests)], seed=5, race=False, max_tests=2)
    assert finding.accepted
    assert len(finding.valid_tests) == len(finding.outputs) == 2
    assert "9 0.5 [9]" in finding.valid_tests
    odd = GOOD_SCALE.replace("a * x[i]", "(n == 7 ? 0.0 : a) * x[i]")
    [judged] = verify([_candidate("odd", SCALE, odd, ("9 0.5 [9]", "7 0.5 [7]"))], seed=5, race=False, max_tests=1)
    assert judged.valid_tests == ("9 0.5 [9]",)
    assert judged.reason == "differs"  # by a test that isn't kept
    [only] = verify([_candidate("good", SCALE, GOOD_SCALE, tests[:2])], seed=5, race=False)
    assert only.coverage < 1.0


def test_without_faults_all_else_is_asked_as_before() -> None:
    """A source must give its results twice, and its lines must run, whether or not faulty versions are tried."""
    forgetful = SCALE.replace("    for", "    double more;\n    if (n > 5) a += more * 1e-300;\n    for")
    rare = SCALE.replace("    for", "    if (n > 5000) {\n        a = 0;\n    }\n    for")
    candidates = [
        _candidate("forgetful", forgetful, GOOD_SCALE, SCALE_TESTS),
        _candidate("rare", rare, GOOD_SCALE, SCALE_TESTS),
        _candidate("good", SCALE, GOOD_SCALE, SCALE_TESTS),
    ]
    one, two, good = verify(candidates, seed=4, race=False, num_mutants=0, min_coverage=1.0)
    assert one.valid_tests == SCALE_TESTS[:1], one
    assert two.reason == "not-covered"
    assert two.coverage == pytest.approx(0.75)
    assert (good.accepted, good.coverage, good.mutants_total) == (True, 1.0, 0)
    [again] = verify(candidates[:1], seed=4, race=False, num_mutants=0, proved=True)
    assert again.valid_tests == SCALE_TESTS  # a second run would have told, but who knows its source needs none


def test_what_a_target_failed_is_named() -> None:
    """Those valid tests on which it was wrong; one that fails the heaviest isn't tried on the others."""
    late = GOOD_SCALE.replace("a * x[i]", "(n == 7 ? 0.0 : a) * x[i]")
    wrong = GOOD_SCALE.replace("a * x[i]", "a + x[i]")
    targets = {"late": late, "wrong": wrong, "good": GOOD_SCALE}
    found = {f.candidate_id: f for f in verify([_candidate(n, SCALE, t, SCALE_TESTS) for n, t in targets.items()], race=False)}
    assert {name: f.failed_tests for name, f in found.items()} == {"late": SCALE_TESTS[1:2], "wrong": SCALE_TESTS[2:], "good": ()}


@pytest.mark.parametrize("model", ["openmp", "cuda", "serial"])
def test_what_differs_can_be_tried_on_every_test(model: str) -> None:
    """So that all tests that tell it are known, while what is right is judged as ever."""
    good = {"openmp": GOOD_SCALE, "cuda": CUDA_SCALE, "serial": SCALE}[model]
    some = good.replace("a * x[i]", "(n == 1 ? a : 2.0) * x[i]")
    made = [_candidate(n, SCALE, t, SCALE_TESTS, model=model) for n, t in (("some", some), ("good", good))]
    wrong, right = verify(made, race=False, num_mutants=0, every_test=True)
    assert (wrong.reason, wrong.failed_tests, wrong.tests_passed) == ("differs", SCALE_TESTS[1:], 1)
    assert (right.accepted, right.failed_tests, right.tests_passed) == (True, (), 3)


@pytest.mark.parametrize("model", ["openmp", "cuda"])
def test_targets_can_be_built_and_not_run(model: str) -> None:
    """What builds with the right entry is taken, whatever it does, and its level says that it wasn't run; the rest is refused as ever."""
    good = {"openmp": GOOD_SCALE, "cuda": CUDA_SCALE}[model]
    targets = {"wrong": good.replace("a * x[i]", "a + x[i]"), "broken": good.replace("x[i];", "x[i] +;"), "none": "int nothing;"}
    found = {
        f.candidate_id: f
        for f in verify([_candidate(n, SCALE, t, SCALE_TESTS, model=model) for n, t in targets.items()], num_mutants=0, run_targets=False)
    }
    assert {name: f.reason for name, f in found.items() if name != "none"} == {"wrong": "", "broken": "target:compile_error"}
    assert not found["none"].accepted
    assert (found["wrong"].level, found["wrong"].valid_tests, found["wrong"].tests_passed) == ("compile", SCALE_TESTS, 0)


def test_faults_that_cannot_stand_side_by_side_are_built_alone() -> None:
    """A place that wants a constant where none is known makes the program of all faults unbuildable; each fault by itself still counts."""
    sized = SCALE.replace("    for", '    _Static_assert(7 + 1 == 8, "size");\n    for')
    [finding] = verify([_candidate("sized", sized, GOOD_SCALE, SCALE_TESTS)], seed=6, race=False, num_mutants=20)
    assert finding.accepted, finding
    assert finding.mutants_killed >= 3
    assert finding.coverage == 1.0


def test_what_the_race_detector_does_not_offer_is_not_the_machines_fault() -> None:
    """An order between iterations that it would take for a race refuses that candidate alone, by name."""
    ordered = SCALE.replace("    for", "#pragma omp parallel for ordered(1)\n    for").replace(
        "        x[i] = a * x[i];\n",
        "    {\n#pragma omp ordered depend(sink: i - 1)\n        x[i] = a * x[i];\n#pragma omp ordered depend(source)\n    }\n",
    )
    candidates = [_candidate("ordered", SCALE, ordered, SCALE_TESTS), _candidate("good", SCALE, GOOD_SCALE, SCALE_TESTS)]
    found = {f.candidate_id: f for f in verify(candidates, seed=8, num_mutants=0)}
    assert found["ordered"].reason == "target:unsupported", found["ordered"]
    assert "doacross" in found["ordered"].log
    assert found["good"].accepted


@pytest.mark.ci
def test_batches_side_by_side_find_what_one_after_the_other_does() -> None:
    """Worker processes change neither the order nor a word of the findings, and leave nothing in the folder for temporary files."""
    wrong = GOOD_SCALE.replace("a * x[i]", "x[i] + a")
    targets = (GOOD_SCALE, wrong, "int nothing;", GOOD_SCALE, wrong)
    candidates = [_candidate(str(number), SCALE, target, SCALE_TESTS) for number, target in enumerate(targets)]
    before = set(Path(tempfile.gettempdir()).glob(f"{folders.PREFIX}{os.getpid()}-*"))
    alone, beside = (list(verify(candidates, seed=8, race=False, num_mutants=2, batch_size=2, workers=w)) for w in (1, 2))
    assert beside == alone
    assert [f.accepted for f in alone] == [True, False, False, True, False]
    assert set(Path(tempfile.gettempdir()).glob(f"{folders.PREFIX}{os.getpid()}-*")) == before


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
