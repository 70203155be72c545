"""GRPO on a model of seconds: that trl reads our prompts and answers as they are, what a run writes, and what a crash costs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft import inference
from hpcraft.errors import ConfigError, InputError, MachineError
from hpcraft.inference import MODEL_FILE
from hpcraft.records import Function, Pair
from hpcraft.shards import ShardWriter
from hpcraft.stages import Report, Work
from hpcraft.store import read_json, write_json
from hpcraft.tokenizer.prompt import build_translation
from hpcraft.train import reinforce
from hpcraft.train.reinforce import ReinforceConfig
from hpcraft.verification import Candidate, Finding
from tests.train.conftest import make_pair, source

pytest.importorskip("trl")

QUICK = ReinforceConfig(
    max_steps=3,
    samples=4,
    functions_per_step=2,
    max_new_tokens=40,
    learning_rate=1e-3,
    temperature=1.5,
    valid_functions=0,
    checkpoint_seconds=1e-6,
)


def lines(path: Path) -> list[dict[str, object]]:
    """The objects of a JSON lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def finding(candidate: Candidate, reason: str) -> Finding:
    """What a verifier may say."""
    return Finding(
        candidate_id=candidate.candidate_id, accepted=not reason, reason=reason, level="run", valid_tests=candidate.tests,
        killing_tests=candidate.tests, mutants_killed=1, mutants_total=2, log="",
    )  # fmt: skip


def short(candidates: Iterable[Candidate]) -> Iterator[Finding]:
    """A verifier that takes what is no longer than its source and its directive: answers differ in it even when they are all nonsense."""
    for c in candidates:
        yield finding(c, "" if not c.target or len(c.target) % 2 else "differs")


def refusing(candidates: Iterable[Candidate]) -> Iterator[Finding]:
    """A verifier that takes sources alone."""
    for c in candidates:
        yield finding(c, "not-parallel" if c.target else "")


def work_of(run_folder: Path, model: Path, out: Path) -> Work:
    """The stage's work."""
    out.mkdir(exist_ok=True)
    return Work(out=out, inputs={"model": model, "pairs": run_folder / "pairs"}, seed=0)


def weights(folder: Path) -> bytes:
    """Of a model folder."""
    return (folder / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(run_folder: Path, tuned: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """A run without a crash, measured before and after."""
    out = tmp_path_factory.mktemp("whole")
    return out, reinforce.run(replace(QUICK, valid_functions=1), work_of(run_folder, tuned, out), short)


def test_a_run_learns_and_says_what_it_did(whole: tuple[Path, Report], tuned: Path) -> None:
    """Other weights, a line for each step and each answer, measurements before and after, and nothing hidden but what the stage drops at its end."""
    out, report = whole
    assert weights(out / "model") != weights(tuned / "model")
    assert inference.load(out / "model").facts == inference.load(tuned / "model").facts
    steps = lines(out / "steps.jsonl")
    assert [line["step"] for line in steps] == [1, 2, 3]
    assert all(line["answers"] == 8 and line["groups"] == 2 and {"reward", "loss", "entropy", "grad_norm"} <= set(line) for line in steps)
    answers = lines(out / "answers.jsonl")
    assert len(answers) == report.rows["answers"] == 24
    assert report.metrics["accepted"] == sum(not a["reason"] for a in answers)
    before, after = lines(out / "rounds.jsonl")
    assert (before["number"], after["number"]) == (0, 1)
    assert set(before["translator"]) == set(after["translator"]) == {"openmp/run"}  # type: ignore[call-overload]
    assert {path.name for path in out.glob(".*")} <= set(reinforce.STAGE.scratch)


def test_only_the_train_split_is_asked(whole: tuple[Path, Report]) -> None:
    """Pairs 8 and 9 are of the valid split."""
    asked = {str(a["function_id"]) for a in lines(whole[0] / "answers.jsonl")}
    assert asked
    assert not asked & {"openmp8", "openmp9"}


class CrashError(Exception):
    """The power went."""


def test_a_killed_run_goes_on_as_if_it_hadn_t_been(run_folder: Path, tuned: Path, tmp_path: Path, whole: tuple[Path, Report]) -> None:
    """While the third step is judged: the same answers, the same rewards and the same weights, and no answer is judged twice."""
    judged: list[str] = []
    calls: list[int] = []

    def failing(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        made = list(candidates)
        calls.append(len(made))
        if len(calls) == 4:  # sources, and three steps
            raise CrashError
        judged.extend(c.candidate_id for c in made)
        yield from short(made)

    work = work_of(run_folder, tuned, tmp_path / "broken")
    with pytest.raises(CrashError):
        reinforce.run(QUICK, work, failing)
    assert [line["step"] for line in lines(work.out / "steps.jsonl")] == [1, 2]
    reinforce.run(QUICK, work, failing)
    assert len(judged) == len(set(judged))
    for name in ("answers.jsonl", "model/model.safetensors"):
        assert (work.out / name).read_bytes() == (whole[0] / name).read_bytes(), name


def test_a_used_up_budget_is_not_overdrawn_by_a_second_run(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """A crash between the last step and the end: the weights are those of the last step, and no step is added."""
    config = replace(QUICK, max_steps=50, max_seconds=1e-6)
    work = work_of(run_folder, tuned, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reinforce, "_finish", lambda *_: (_ for _ in ()).throw(CrashError()))
        with pytest.raises(CrashError):
            reinforce.run(config, work, short)
    before = weights(tmp_path / "model")
    assert before != weights(tuned / "model")
    report = reinforce.run(config, work, short)
    assert report.rows["steps"] == 1
    assert "budget of seconds after 1 of 50 steps" in " ".join(report.notes)
    assert weights(tmp_path / "model") == before


def test_equal_rewards_teach_nothing_and_say_so(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """Where nothing is worth anything the weights stay as they were, which is told."""
    report = reinforce.run(QUICK, work_of(run_folder, tuned, tmp_path), refusing)
    assert report.metrics["equal_groups"] == report.metrics["groups"] == 6
    assert "every answer had the same reward, so nothing was learnt" in " ".join(report.notes)
    assert weights(tmp_path / "model") == weights(tuned / "model")


def test_answers_that_differ_but_are_never_right_are_told(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """Something may be learnt from them, and it is said what."""

    def wrong(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        for c in candidates:
            yield finding(c, "" if not c.target else "differs" if len(c.target) % 2 else "target:compile_error")

    report = reinforce.run(QUICK, work_of(run_folder, tuned, tmp_path), wrong)
    assert report.metrics["accepted"] == 0
    assert "of 24 answers was accepted" in " ".join(report.notes)


# ---------------------------------------------------------------- what trl makes of prompts and answers


def test_padding_on_the_left_changes_no_likelihood(run_folder: Path, tuned: Path) -> None:
    """Padded rows come without positions from trl; a model with rotary ones says the same of an answer all the same."""
    import torch

    generator = inference.load(tuned / "model")
    ids = generator.codec.encode(build_translation(source(0), "openmp").text)
    plain = generator.model(torch.tensor([ids])).logits[0]
    mask = torch.tensor([[0] * 7 + [1] * len(ids)])
    padded = generator.model(torch.tensor([[generator.codec.pad] * 7 + ids]), attention_mask=mask).logits[0, 7:]
    assert torch.allclose(plain, padded, atol=1e-4)


def test_answers_keep_their_markers_and_their_end(tuned: Path) -> None:
    """Markers are read from token ids; an answer that only spells the end has none."""
    from hpcraft.train.grpo import _read

    generator = inference.load(tuned / "model")
    ends = set(generator.codec.ends)
    text = "<|1|>#pragma omp parallel for\n"
    ids = generator.codec.encode(text)
    assert _read(generator, [*ids, *ends, 0, 0], ends) == text + "<|end|>"
    assert _read(generator, ids, ends) == text


def test_a_tokenizer_that_adds_to_prompts_is_refused(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """A beginning of text in front of each prompt would be another task than the model was taught."""
    import shutil

    shutil.copytree(tuned / "model", tmp_path / "model")
    path = tmp_path / "model/tokenizer.json"
    value = read_json(path)
    value["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|text|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<|text|>": {"id": "<|text|>", "ids": [2], "tokens": ["<|text|>"]}},
    }
    write_json(path, value)
    with pytest.raises(InputError, match="add to prompts"):
        reinforce.run(QUICK, work_of(run_folder, tmp_path / "model", tmp_path / "out"), short)


# ---------------------------------------------------------------- what can't be done


def test_a_missing_trl_is_told_with_the_command(run_folder: Path, tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setattr(reinforce, "find_spec", lambda name: None)
    with pytest.raises(MachineError, match=r"trl.* not installed; run: pip install 'hpcraft\[train,rl\]'"):
        reinforce.run(QUICK, work_of(run_folder, tuned, tmp_path), short)
    assert MachineError.exit_code == 4


def test_a_model_without_the_task_is_refused(run_folder: Path, tuned: Path, base: object, tmp_path: Path) -> None:
    """One that was only pre-trained, one of others', and a target that nobody taught."""
    with pytest.raises(InputError, match="not taught 'openmp'; it knows no task"):
        reinforce.run(QUICK, work_of(run_folder, run_folder / "pretrain", tmp_path), short)
    with pytest.raises(InputError, match="not taught 'mpi'"):
        reinforce.run(replace(QUICK, targets=("mpi",)), work_of(run_folder, tuned, tmp_path), short)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for path in (tuned / "model").iterdir():
        if path.name != MODEL_FILE:
            (foreign / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="not one of hpcraft's own models"):
        reinforce.run(QUICK, work_of(run_folder, foreign, tmp_path), short)


def test_nothing_to_ask_is_told(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """Validation pairs alone; and a function whose tests tell nothing of it."""
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    with ShardWriter(pairs, "pairs", Pair) as shards:
        shards.write(make_pair(8, "openmp", "valid"))
    with ShardWriter(pairs, "monolingual", Function):
        pass
    with pytest.raises(InputError, match="nothing in the train split can be asked for openmp"):
        reinforce.run(QUICK, work_of(tmp_path, tuned, tmp_path / "out"), short)
    with pytest.raises(InputError, match=r"none of \d+ functions can be asked \(too long\)"):
        reinforce.run(replace(QUICK, max_new_tokens=510), work_of(run_folder, tuned, tmp_path / "long"), short)


def test_functions_with_blunt_tests_are_left_out(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """No answer to them would ever be accepted, so they are counted and not asked; pairs were proved before."""

    def strict(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        for c in candidates:
            yield finding(c, "" if c.target else "no-mutant-killed")

    report = reinforce.run(replace(QUICK, max_steps=1), work_of(run_folder, tuned, tmp_path), strict)
    assert report.rejections == {"no-mutant-killed": 4}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samples": 1}, "nothing to be compared with"),
        ({"temperature": 0.0}, "temperature: 0.0 is not above zero"),
        ({"kl_weight": -0.1}, "kl_weight: -0.1 is below zero"),
        ({"targets": ("fortran",)}, "'fortran' is not one of"),
        ({"targets": ()}, "targets: none given"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(change: dict[str, object], words: str) -> None:
    """One line that says what is allowed."""
    with pytest.raises(ConfigError, match=words):
        replace(QUICK, **change)  # type: ignore[arg-type]


def test_the_command_loads_no_trl_before_it_runs() -> None:
    """Its help works without the extra."""
    import subprocess

    code = "import sys, hpcraft.reinforce; assert not {'torch', 'trl', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
