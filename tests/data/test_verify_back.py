"""The verifier on the way back: sequential C for OpenMP and CUDA, judged by what its source does."""

from __future__ import annotations

import shutil

import pytest

from hpcraft.data.verify import verify
from hpcraft.verification import Candidate, Finding
from tests.data.translations import CUDA_SCALE, GOOD_SCALE, GOOD_SUM, SCALE, SCALE_TESTS, SUM, SUM_TESTS

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


def _back(name: str, source: str, source_model: str, target: str, tests: tuple[str, ...] = SCALE_TESTS) -> Candidate:
    signature = "double total(int n, const double *x)" if "total" in source else "void scale(int n, double a, double *x)"
    return Candidate(
        candidate_id=name,
        signature=signature,
        source=source,
        source_model=source_model,
        target=target,
        target_model="serial",
        tests=tests,
    )


BACKWARD = SCALE.replace("int i = 0; i < n; i++", "int i = n - 1; i >= 0; i--")
WRONG_SERIAL = {
    "off-by-one": (SCALE.replace("int i = 0", "int i = 1"), "differs"),
    "beyond": (SCALE.replace("i < n", "i <= n"), "target:runtime_error"),
    "uninitialised": (
        SCALE.replace("    for", "    double b[3];\n    if (n > 1) b[0] = a;\n    for").replace("= a *", "= b[n > 299] *"),
        "differs",
    ),
    "endless": (SCALE.replace("    for", "    volatile int on = 1;\n    while (on) {}\n    for"), "target:time_limit"),
    "threads": (GOOD_SCALE, "not-serial"),
    "hidden-threads": (SCALE.replace("    for", '    _Pragma("omp parallel for")\n    for'), "not-serial"),
    "device": (CUDA_SCALE, "not-serial"),
    "library": (
        SCALE.replace("    for", "    extern int omp_get_max_threads(void);\n    n = omp_get_max_threads() ? n : 0;\n    for"),
        "not-serial",
    ),
    "another": (SCALE.replace("scale", "rescale"), "no-entry"),
    "types": (SCALE.replace("double a", "float a"), "target:signature"),
}


@pytest.fixture(scope="module")
def back() -> dict[str, Finding]:
    """Sequential targets of a sequential source, of one in OpenMP and of one in CUDA, verified together."""
    candidates = [
        _back("c", SCALE, "serial", BACKWARD),
        _back("openmp", GOOD_SCALE, "openmp", SCALE),
        _back("openmp-sum", GOOD_SUM, "openmp", SUM, SUM_TESTS),
        _back("cuda", CUDA_SCALE, "cuda", SCALE),
        _back("cuda-wrong", CUDA_SCALE, "cuda", WRONG_SERIAL["off-by-one"][0]),
        _back("openmp-wrong", GOOD_SUM, "openmp", SUM.replace("s += x[i]", "s -= x[i]"), SUM_TESTS),
        _back("cuda-beyond", CUDA_SCALE.replace("i < n", "i <= n"), "cuda", SCALE),
        _back("strange", SCALE, "fortran", SCALE),
        *(_back(f"serial-{name}", SCALE, "serial", code) for name, (code, _) in WRONG_SERIAL.items()),
    ]
    found = list(verify(candidates, seed=11, race=False))
    assert [f.candidate_id for f in found] == [c.candidate_id for c in candidates]
    return {f.candidate_id: f for f in found}


@pytest.mark.parametrize(("name", "level"), [("c", "run"), ("openmp", "run"), ("openmp-sum", "run"), ("cuda", "emulate")])
def test_a_right_sequential_target_is_accepted_at_its_sources_level(back: dict[str, Finding], name: str, level: str) -> None:
    """What a sequential, threaded or emulated source leaves behind is what its C is held to; faults of either side are noticed."""
    finding = back[name]
    assert finding.accepted, finding.reason + finding.log
    assert finding.level == level
    assert finding.mutants_killed
    assert finding.target_mutants_killed
    assert finding.coverage == (0.0 if name == "cuda" else 1.0)


@pytest.mark.parametrize("name", WRONG_SERIAL)
def test_a_wrong_sequential_target_is_refused(back: dict[str, Finding], name: str) -> None:
    """Wrong results, reads beyond an array, parallel code and another function are each refused for what they are."""
    assert back[f"serial-{name}"].reason == WRONG_SERIAL[name][1], back[f"serial-{name}"].log


def test_a_source_that_is_parallel_judges_by_what_it_does(back: dict[str, Finding]) -> None:
    """A target that differs from its emulated or threaded source is refused; a source that the emulation finds at fault judges nothing."""
    assert back["cuda-wrong"].reason == "differs"
    assert back["openmp-wrong"].reason == "differs"
    assert back["cuda-beyond"].reason == "no-valid-tests"
    assert back["strange"].reason == "unsupported"


def test_cuda_that_is_not_emulated_judges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an emulation a source in CUDA can't be run, and nothing is said about its translation."""
    monkeypatch.setattr("hpcraft.data.verify.cuda_level", lambda: "compile")
    [finding] = verify([_back("cuda", CUDA_SCALE, "cuda", SCALE)])
    assert (finding.accepted, finding.reason) == (False, "unsupported")
