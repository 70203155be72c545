"""Comparing two models, and the leaderboard: what they say, and what they refuse."""

import json

import pytest

from hpcraft.cli import main
from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.compare import compare, text, verdict
from hpcraft.eval.leaderboard import build
from hpcraft.eval.results import Results, level_figures, to_json
from hpcraft.eval.suites import kernel_tasks
from hpcraft.samples import Sample
from hpcraft.store import sha256_file, write_json, write_jsonl

STUDY = ("axpy", "gemv", "gemm", "spmv", "jacobi", "cg")
MODELS = ("serial", "openmp", "mpi", "cuda")
TASKS = {t.task_id: t for t in kernel_tasks() if t.group in STUDY and t.model in MODELS and t.language != "python"}


@pytest.fixture
def results(tmp_path):
    """Write a results folder of a model that passes every task for which ``passes`` holds."""

    def write(model, passes, timed=None, **changes):
        folder = tmp_path / model / "kernels" / model
        rows = [
            Sample(
                task_id=t.task_id,
                sample_id=0,
                model=model,
                passed=passes(t),
                level=t.level,
                checks={"build": "pass"},
                verdict="ok",
                seconds=0.1,
                log="",
                timings={"2": {"threads": 2.0, "ranks": 1.0, "seconds": timed, "baseline_seconds": 4.0}} if timed and passes(t) else {},
            )
            for t in TASKS.values()
        ]
        write_jsonl(folder / "samples.jsonl", rows)
        fields = {
            "suite": "kernels",
            "suite_version": 1,
            "suite_hash": "ab" * 32,
            "model": model,
            "limited": False,
            "levels": level_figures(TASKS, rows),
            "unsupported": [],
            "num_tasks": 60,
            "seeds": {"inputs": 1, "run": 0},
            "toolchain": {},
            "machine": {"processor": "this", "cores": "2"},
            "isolation": {"tier": "bubblewrap", "rests_on": []},
            "cuda_level": "compile",
            "versions": {"hpcraft": "0.1.0"},
            "created": "2026-01-01T00:00:00+00:00",
            "samples_sha256": sha256_file(folder / "samples.jsonl"),
        }
        write_json(folder / "results.json", to_json(Results(**(fields | changes))))
        return folder

    return write


def test_a_clear_difference_is_called(results):
    """Twenty tasks more are enough, and levels are compared apart."""
    found = compare(results("weak", lambda t: False), results("strong", lambda t: t.model == "openmp"))
    assert [c.level for c in found] == ["emulate", "run"]
    assert found[1].difference.better == "B"
    assert "B (strong) is better" in verdict(found[1])
    assert found[1].difference.value == pytest.approx(18 / 54)
    assert "kernels/axpy/openmp/c" in text(found[1])


def test_other_figures_can_be_compared(results):
    """Builds alone, and speed where answers were timed; a figure that no sample has, and one that there isn't, are told."""
    slow, fast = (results(name, lambda t: t.model == "openmp", timed=seconds) for name, seconds in (("slow", 2.0), ("fast", 1.0)))
    by_speed = next(c for c in compare(slow, fast, "speedup_2@1") if c.level == "run")
    assert by_speed.difference.better == "B"
    assert {(t.a, t.b) for t in by_speed.tasks} == {(0.0, 0.0), (2.0, 4.0)}
    assert "speedup_2@1" in text(by_speed)
    assert all(c.difference.value == 0 for c in compare(slow, fast, "build@1"))
    assert {c.level for c in compare(slow, fast, "speedup_2@1")} == {"run"}
    untimed = results("untimed", lambda t: t.model == "openmp")
    with pytest.raises(InputError, match="no task has speedup_2@1 in both"):
        compare(untimed, fast, "speedup_2@1")
    with pytest.raises(InputError, match="pass@5"):
        compare(slow, fast, "pass@5")
    with pytest.raises(ConfigError, match="speedup_2@1"):
        compare(slow, fast, "speed")


def test_speeds_of_two_machines_are_not_compared(results):
    """What is right there is right here, but not how fast; a count of right answers needs no machine."""
    here, there = (
        results(name, lambda t: t.model == "openmp", timed=1.0, machine={"processor": name, "cores": "2"}) for name in ("slow", "fast")
    )
    assert compare(here, there, "pass@1")
    with pytest.raises(InputError, match=r"measured on slow \(2 cores\) and on fast \(2 cores\); judge both on one machine"):
        compare(here, there, "speedup_2@1")
    for unknown in ({}, {"processor": "several", "cores": "2"}):
        one, other = (results(name, lambda t: t.model == "openmp", timed=1.0, machine=unknown) for name in ("slow", "fast"))
        with pytest.raises(InputError, match="judge both on one machine"):
            compare(one, other, "speedup_2@1")


def test_what_cannot_be_told_is_said(results):
    """Equal models, and a difference of one task."""
    one = results("one", lambda t: t.task_id == "kernels/axpy/serial/c")
    none = results("none", lambda t: False)
    assert "can't tell" in verdict(compare(none, none)[1])
    assert "can't tell" in verdict(compare(none, one)[1])


def test_other_versions_of_a_suite_are_not_compared(results):
    """Figures over other tasks are refused in one line."""
    with pytest.raises(InputError, match="differs"):
        compare(results("a", lambda t: True), results("b", lambda t: True, suite_hash="cd" * 32))


def test_the_board_is_self_contained(results, tmp_path, capsys):
    """A page without anything from elsewhere, and the same figures as JSON and CSV, best first; names are escaped."""
    results("good", lambda t: True)
    results("<script>alert(1)<", lambda t: t.model == "serial")
    assert (
        main(["leaderboard", "build", str(tmp_path / "good"), str(tmp_path / "<script>alert(1)<"), "--out", str(tmp_path / "board")]) == 0
    )
    page = (tmp_path / "board" / "index.html").read_text()
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    board = json.loads((tmp_path / "board" / "leaderboard.json").read_text())
    assert [(t["suite"], t["level"]) for t in board["tables"]] == [("kernels", "run"), ("kernels", "emulate")]
    assert board["tables"][0]["rows"][0]["model"] == "good"
    assert board["tables"][0]["rows"][1]["groups"] == {"mpi": 0.0, "openmp": 0.0, "serial": 1.0}
    csv = (tmp_path / "board" / "leaderboard.csv").read_text().splitlines()
    assert len(csv) == 5
    assert csv[0].startswith("suite,")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v | {"limited": True}, "limited"),
        (lambda v: v | {"schema": "hpcraft.results/99"}, "schema"),
        (lambda v: {k: x for k, x in v.items() if k != "levels"}, "levels"),
        (lambda v: v | {"levels": {"run": {"metrics": {}, "groups": {}}}}, "damaged"),
        (lambda v: v | {"samples_sha256": "0" * 64}, "not the samples"),
        (lambda v: v | {"levels": {}}, "no figure"),
        (lambda v: json.loads(json.dumps(v).replace('"value": 1.0', '"value": 7.0')), "damaged"),
    ],
    ids=["limited", "schema", "missing", "empty", "samples", "no-level", "impossible"],
)
def test_damaged_or_partial_results_are_refused(results, change, words):
    """Nothing but whole results of a known schema gets onto a board."""
    folder = results("m", lambda t: True)
    path = folder / "results.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(InputError, match=words):
        build([folder])


def test_figures_rest_on_their_samples(results):
    """Results without samples, or with a pass@1 or a level that the samples don't give, are refused."""
    folder = results("m", lambda t: t.model == "serial")
    value = json.loads((folder / "results.json").read_text())
    for levels in ({"run": value["levels"]["run"]}, json.loads(json.dumps(value["levels"]).replace('"value": 0.0', '"value": 0.5'))):
        write_json(folder / "results.json", value | {"levels": levels})
        with pytest.raises(InputError, match="its samples give"):
            build([folder])
    write_json(folder / "results.json", value)
    assert len(build([folder / "results.json"])) == 2
    (folder / "samples.jsonl").unlink()
    for path in (folder, folder / "results.json"):
        with pytest.raises(InputError, match=r"samples\.jsonl: missing"):
            build([path])


def test_worse_answers_cannot_be_left_out(results):
    """One answer more to some task, its own share unchanged, and the board wants as many to all."""
    folder = results("m", lambda t: True)
    lines = (folder / "samples.jsonl").read_text().splitlines()
    (folder / "samples.jsonl").write_text("\n".join([*lines, lines[0].replace('"sample_id": 0', '"sample_id": 1')]) + "\n")
    value = json.loads((folder / "results.json").read_text())
    write_json(folder / "results.json", value | {"samples_sha256": sha256_file(folder / "samples.jsonl")})
    with pytest.raises(InputError, match="has 1 of 2 samples"):
        build([folder])


def test_what_is_no_result_is_refused(results, tmp_path):
    """A missing path, a file that isn't JSON, an empty folder, the same model twice."""
    folder = results("m", lambda t: True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.json").write_text('{"schema": "hpcr')
    for paths in ([tmp_path / "missing"], [tmp_path / "torn.json"], [tmp_path / "empty"], [folder, folder]):
        with pytest.raises(InputError):
            build(paths)
