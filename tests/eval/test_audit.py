"""An audit admits tasks that tell right from wrong, and says of the others what they let through."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from hpcraft.cli import main
from hpcraft.errors import ConfigError, InputError, PartialError
from hpcraft.eval import audit, audit_task, kernel_judge
from hpcraft.eval.audit import AUDIT, LINES, AuditConfig
from hpcraft.eval.audit_task import AuditLine, audited
from hpcraft.eval.bad_answers import CHECKS, bad_answers
from hpcraft.eval.equivalent_mutants import EQUIVALENT, why_equivalent
from hpcraft.eval.judging import Judgement
from hpcraft.eval.kernel_trial import trial
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.kernels.axpy import AXPY
from hpcraft.eval.kernels.axpy import make_inputs as axpy_inputs
from hpcraft.eval.suites import kernel_tasks
from hpcraft.eval.task import Expected
from hpcraft.sandbox.outcome import Verdict
from hpcraft.stages import execute
from hpcraft.store import read_json, read_jsonl

SEED = 20


@pytest.fixture
def run_audit(tmp_path, inline):
    """Audit some tasks of the kernels in this process; gives what was found by task."""

    def run(*tasks, name="audit", **config):
        out = tmp_path / name
        execute(audit.STAGE, AuditConfig(suite="kernels", tasks=tasks, **config), {}, out, seed=SEED, executor=inline)
        return {row["task_id"]: row for row in read_json(out / AUDIT)["tasks"]}

    return run


# ---------------------------------------------------------------- the suite


@pytest.mark.ci
@pytest.mark.parametrize(("task_id", "language"), [("kernels/axpy/serial/c", "c"), ("kernels/prefix_sum/openmp/fortran", "fortran")])
def test_a_good_task_is_admitted(task_id, language, needs, run_audit):
    """Its reference passes, all bad answers are refused for their own reasons, mutants die."""
    needs(task_id.split("/")[2], language)
    row = run_audit(task_id, mutants=1)[task_id]
    assert row["admitted"] == "yes", (row["why"], row["survivors"])
    assert {*row["refused"], *row["left_out"]} == set(CHECKS)
    assert set(row["left_out"]) <= {"serial"}
    assert row["mutants"] == row["killed"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("task", kernel_tasks(), ids=lambda t: t.task_id)
def test_every_kernel_task_is_admitted(task, needs, run_audit):
    """As long as the machine can judge it."""
    needs(task.model, task.language)
    row = run_audit(task.task_id, mutants=3)[task.task_id]
    assert row["admitted"] != "no", (row["why"], row["survivors"])


# ---------------------------------------------------------------- weak tasks


@pytest.fixture
def weak_axpy(monkeypatch, compiles):
    """Put another axpy into the suite, and give it some of the bad answers."""

    def put(answers, **changes):
        monkeypatch.setitem(KERNELS, "axpy", replace(AXPY, **changes))
        monkeypatch.setattr(audit_task, "bad_answers", lambda *given: _some(bad_answers(*given), answers))

    trial.cache_clear()
    yield put
    trial.cache_clear()


def _some(found, answers):
    return replace(found, codes={name: found.codes[name] for name in answers})


def _anything_goes(arguments):
    return (Expected(values=arguments[2] + arguments[3], tolerance=np.full(arguments[0], np.inf)),)


def test_a_task_with_a_huge_tolerance_is_not_admitted(weak_axpy, run_audit):
    """Whatever is written is near enough."""
    weak_axpy(("null", "nan", "small-sizes"), oracle=_anything_goes)
    row = run_audit("kernels/axpy/serial/c", mutants=2)["kernels/axpy/serial/c"]
    assert row["admitted"] == "no"
    assert row["why"][:2] == ["the answer null passes", "the answer small-sizes passes"]
    assert "mutants of the reference survive" in row["why"][2]
    assert row["survivors"]


def _constant(_rng, size):
    return [size, 2.0, np.ones(size), np.full(size, 3.0)]


def test_a_task_with_constant_inputs_is_not_admitted(weak_axpy, run_audit):
    """One result serves for all calls."""
    weak_axpy(("null", "replay", "replay-of-a-size"), make_inputs=_constant)
    row = run_audit("kernels/axpy/serial/c", mutants=0)["kernels/axpy/serial/c"]
    assert row["why"] == ["the answer replay passes", "the answer replay-of-a-size passes"]


def _to_four(rng, size):
    return axpy_inputs(rng, -(-size // 4) * 4)


def test_a_task_with_few_sizes_is_not_admitted(weak_axpy, run_audit):
    """No call shows what happens with a rest."""
    weak_axpy(("null", "multiples-of-four"), make_inputs=_to_four)
    row = run_audit("kernels/axpy/serial/c", mutants=0)["kernels/axpy/serial/c"]
    assert row["why"] == ["the answer multiples-of-four passes"]


# ---------------------------------------------------------------- what the lines show


def _line(answer, kind, fate, failed="", **more):
    checks = {"build": "pass"} | ({failed: "fail: wrong"} if failed else {})
    return AuditLine(task_id="t", answer=answer, kind=kind, fate=fate, checks=checks, **more)


PASSED = _line("reference", "reference", "passed")


@pytest.mark.parametrize(
    ("lines", "admitted", "why"),
    [
        ([], "unknown", "there is no reference"),
        ([_line("reference", "reference", "refused", "correct")], "no", "the reference is refused (correct: wrong)"),
        ([PASSED, _line("serial", "bad", "refused", "parallel")], "yes", ""),
        ([PASSED, _line("serial", "bad", "refused", "correct")], "no", "the answer serial is refused for another reason (correct: wrong)"),
        ([PASSED, _line("exit", "bad", "passed")], "no", "the answer exit passes"),
        ([PASSED, _line("mutant-0", "mutant", "passed", change="c")], "no", "1 of 1 mutants of the reference survive"),
        ([PASSED, _line("mutant-0", "mutant", "passed", change="c", equivalent="so")], "yes", ""),
        (
            [PASSED, _line("mutant-0", "mutant", "not built"), _line("mutant-1", "mutant", "same object")],
            "unknown",
            "no mutant of the reference",
        ),
        ([_line("null", "bad", "refused", "correct")], "unknown", "there is no reference"),
        ([_line("null", "bad", "passed")], "no", "the answer null passes"),
    ],
)
def test_a_task_is_admitted_when_nothing_bad_passes(lines, admitted, why):
    """And every reason is told."""
    mutants = sum(line.kind == "mutant" and not line.equivalent for line in lines)
    found = audited("kernels/t", lines, {}, 1.0, mutants)
    assert found.admitted == admitted
    assert why in "".join(found.why)


def test_a_bad_answer_that_is_not_built_shows_nothing():
    """It isn't among the refused ones."""
    lines = [PASSED, _line("null", "bad", "not built"), _line("exit", "bad", "refused", "correct")]
    found = audited("babeltower/t", lines, {"nan": "no outputs"}, 1.0)
    assert set(found.refused) == {"exit"}
    assert found.left_out == {"nan": "no outputs", "null": "it isn't built"}


def test_what_the_machine_cannot_judge_is_unknown():
    """Neither admitted nor refused, with the reason."""
    line = AuditLine(task_id="t", answer="reference", kind="reference", fate="unsupported", checks={"build": "skip: no nvcc"})
    assert audited("kernels/t", [line], {}, 1.0).why == ("can't be judged here: no nvcc",)


@pytest.mark.parametrize(("min_killed", "admitted"), [(1.0, "no"), (0.5, "yes"), (0.6, "no")])
def test_fewer_mutants_may_do(min_killed, admitted):
    """As many as are asked must be killed."""
    lines = [PASSED, _line("mutant-0", "mutant", "passed"), _line("mutant-1", "mutant", "refused", "correct")]
    found = audited("kernels/t", lines, {}, min_killed)
    assert (found.score, found.admitted) == (0.5, admitted)


@pytest.mark.ci
def test_each_entry_of_the_equivalent_ones_belongs_to_some_mutant():
    """None is left over from a reference that has changed, and each says why."""
    from hpcraft.data.mutants import faulty_versions

    unused = set(EQUIVALENT)
    for task in kernel_tasks():
        rules = [e for e in unused if e.matches_task(task.task_id)]
        if rules:
            mutants = list(faulty_versions(task.reference, task.language))
            unused -= {e for e in rules if any(e.matches(task.task_id, m) for m in mutants)}
    assert not unused
    assert all(len(e.why.split()) > 3 for e in EQUIVALENT)


# ---------------------------------------------------------------- going on, failing, the command


@pytest.fixture
def judgements(monkeypatch):
    """Judge by a table instead of the sandbox: everything but the reference is refused by all checks. Gives the answers that were judged."""
    asked: list[str] = []
    table: dict[int, BaseException] = {}

    def judge(task, code, _seed):
        asked.append(code)
        if len(asked) in table:
            raise table[len(asked)]
        checks = dict.fromkeys(("build", "honest", "correct", "parallel"), "pass" if code == task.reference else "fail: bad") | {
            "build": "pass"
        }
        return Judgement(checks=checks)

    monkeypatch.setattr(audit_task, "_judged", judge)
    monkeypatch.setattr(kernel_judge, "object_sha256", lambda _task, code: code)
    return asked, table


def test_an_audit_that_was_stopped_goes_on_where_it_was(judgements, run_audit):
    """No answer is judged twice, and the result is that of an audit in one go."""
    asked, table = judgements
    table[6] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run_audit("kernels/axpy/serial/*", mutants=3)
    found = run_audit("kernels/axpy/serial/*", mutants=3)
    assert len(asked) == len(set(asked)) + 1  # the sixth, which was being judged
    assert found == run_audit("kernels/axpy/serial/*", mutants=3, name="at-once")


@pytest.mark.slow
def test_kill_9_loses_nothing(compiles, tmp_path):
    """What was judged before is in the end's lines as it was, word for word."""
    command = [sys.executable, "-m", "hpcraft", "eval", "audit", "kernels", "--tasks", "kernels/axpy/serial/c", "--mutants", "1"]
    command += ["--workers", "1", "-o", str(tmp_path / "audit")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    saved = tmp_path / "audit.partial" / ".shards" / "00000.jsonl"
    deadline = time.monotonic() + 120
    while not (saved.exists() and saved.read_bytes().count(b"\n") >= 3):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait(timeout=60)
    before = [line for line in saved.read_text().splitlines(keepends=True) if line.endswith("\n")]
    assert subprocess.run(command, check=False, timeout=600, capture_output=True).returncode == 0
    assert (tmp_path / "audit" / LINES).read_text().splitlines(keepends=True)[: len(before)] == before


def test_a_sandbox_that_fails_is_no_verdict(judgements, run_audit, monkeypatch):
    """The audit ends as partial, and the next one judges what is left."""
    whole = audit_task._judged
    monkeypatch.setattr(audit_task, "_judged", lambda *_: Judgement(verdict=Verdict.INFRA_ERROR, log=["no room"]))
    with pytest.raises(PartialError, match="no room"):
        run_audit("kernels/axpy/serial/c")
    monkeypatch.setattr(audit_task, "_judged", whole)
    assert run_audit("kernels/axpy/serial/c")["kernels/axpy/serial/c"]["admitted"] == "yes"


def test_the_command_says_what_is_not_admitted(judgements, inline, monkeypatch, tmp_path, capsys):
    """Exit code 1 and the reason; 0 where all is well; both again from the folder that is there."""
    monkeypatch.setattr(audit, "make_executor", lambda _config: inline)
    command = ["eval", "audit", "kernels", "--tasks", "kernels/axpy/serial/c", "--mutants", "2"]
    assert main([*command, "-o", str(tmp_path / "good")]) == 0
    assert "1 of 1 tasks admitted" in capsys.readouterr().out
    monkeypatch.setattr(audit_task, "_judged", lambda *_: Judgement(checks={"build": "pass"}))
    for _ in range(2):
        assert main([*command, "-o", str(tmp_path / "bad")]) == 1
        assert "the answer null passes" in capsys.readouterr().out
    assert main([*command, "--json", "-o", str(tmp_path / "bad")]) == 1
    assert json.loads(capsys.readouterr().out)["totals"]["no"] == 1


def test_python_has_bad_answers_and_mutants(judgements, run_audit):
    """Its tasks are admitted as those of other languages are."""
    row = run_audit("kernels/axpy/serial/python", mutants=4)["kernels/axpy/serial/python"]
    assert (row["admitted"], row["mutants"], row["killed"], len(row["refused"])) == ("yes", 4, 4, 12)


def test_every_answer_is_kept(judgements, run_audit, tmp_path):
    """With its checks, beside what they add up to."""
    run_audit("kernels/axpy/openmp/*", mutants=2)
    lines = list(read_jsonl(tmp_path / "audit" / LINES, AuditLine))
    assert {line.task_id for line in lines} == {f"kernels/axpy/openmp/{language}" for language in ("c", "cpp", "fortran", "python")}
    assert sum(line.kind == "mutant" for line in lines) == 8


def test_what_can_not_be_meant_is_refused(run_audit):
    """Numbers out of range, patterns that match nothing, a suite that has no answers."""
    with pytest.raises(ConfigError, match="perplexity measures likelihood"):
        AuditConfig(suite="perplexity")
    with pytest.raises(ConfigError, match="mutants=-1"):
        AuditConfig(suite="kernels", mutants=-1)
    with pytest.raises(InputError, match="no task of suite kernels matches nonsense"):
        run_audit("nonsense")


@pytest.mark.parametrize(
    ("before", "after", "known"),
    [
        ("const int m = a + b < n ? a + b : n;", "const int m = a + b <= n ? a + b : n;", True),
        ("return x[i] > top ? x[i] : top;", "return x[i] >= top ? x[i] : top;", True),
        ("if (x[i] > top) top = x[i];", "if (x[i] >= top) top = x[i];", True),
        ("a", "b", False),
        # The value, the condition or the index differs where the two are equal.
        ("m = a < n ? a : n + 1;", "m = a <= n ? a : n + 1;", False),
        ("m = k * a < n ? a : n;", "m = k * a <= n ? a : n;", False),
        ("if (x[i] > top) at = i;", "if (x[i] >= top) at = i;", False),
        ("while (a < b) b = a;", "while (a <= b) b = a;", False),
        ("m = a < n ? a : n;", "m = a > n ? a : n;", False),
    ],
)
def test_an_equivalent_mutant_is_known_by_its_change(before, after, known):
    """A minimum or maximum that takes the other one of two equal numbers does the same in every task; what only looks like it doesn't."""
    from hpcraft.data.mutants import Mutant

    assert bool(why_equivalent("kernels/t/serial/c", Mutant(code="", kind="relation", line=1, before=before, after=after))) is known
