"""The stage pretrain: objectives, phases, several processes, Slurm, and bases of others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from hpcraft import inference
from hpcraft.errors import ConfigError, InputError, MachineError
from hpcraft.executor import ExecutorConfig, make_executor
from hpcraft.stages import Work, execute
from hpcraft.store import read_json, write_json
from hpcraft.tokenizer import bpe
from hpcraft.train import phases, presets, tokens, worker
from hpcraft.train.corpus_source import CorpusSource
from hpcraft.train.objectives.specials import Specials
from hpcraft.train.objectives.table import Mixture
from hpcraft.train.pretrain import STAGE, Phase, PretrainConfig
from hpcraft.train.stream import Place, Stream

SMALL: dict[str, Any] = {"depth": 1, "row_tokens": 64, "batch_rows": 4, "max_seconds": 1e6, "context": 128}


def inputs(run_folder: Path) -> dict[str, Path]:
    """A corpus and its tokenizer."""
    return {"corpus": run_folder / "prepare", "tokenizer": run_folder / "tokenizer"}


def losses(folder: Path) -> list[float]:
    """The loss of each step."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if line["split"] == "train"]


# ---------------------------------------------------------------- sizes


def test_sizes_are_about_what_their_names_say() -> None:
    """With the vocabularies that go with them; the learning rate falls with the width."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    class Fake:
        """A tokenizer's size."""

        def __init__(self, size: int) -> None:
            self.size = size

        def get_vocab_size(self) -> int:
            return self.size

        def token_to_id(self, _: str) -> int:
            return 1

    wanted = {"3m": 3e6, "10m": 10e6, "30m": 30e6, "60m": 60e6, "125m": 125e6, "220m": 220e6, "350m": 350e6, "0.8b": 0.8e9, "0.9b": 0.9e9}
    for architecture, sizes in presets.SIZES.items():
        kind = AutoModelForCausalLM if architecture == presets.DECODER else AutoModelForSeq2SeqLM
        for name, depth in sizes.items():
            config = presets.build(architecture, depth, Fake(2048 if name == "3m" else 8192 if depth < 14 else 16384), 1024)  # type: ignore[arg-type]
            with torch.device("meta"):
                count = kind.from_config(config).num_parameters()
            assert count == pytest.approx(wanted[name], rel=0.2), (architecture, name, count)
    assert presets.learning_rate(8) == presets.learning_rate(4) / 2
    with pytest.raises(ConfigError, match="size '12m': no such decoder, did you mean"):
        PretrainConfig(size="12m")


# ---------------------------------------------------------------- the stage


def test_phases_follow_each_other_and_the_encoder_learns_entities(run_folder: Path, tmp_path: Path) -> None:
    """CodeRosetta's phases in small: each goes on from the one before, and the model loads as a T5."""
    settings = {"words": {}, "entities": {}, "backtranslate": {"denoise": {"languages": ["c", "fortran"]}, "max_new_tokens": 16}}
    phases = tuple(
        Phase(objectives={name: 1.0}, options={name: options} if options else {}, max_steps=3, max_seconds=1e6)
        for name, options in settings.items()
    )
    config = PretrainConfig(**{**SMALL, "architecture": "encoder-decoder", "phases": phases})
    done = execute(STAGE, config, inputs(run_folder), tmp_path / "out")
    assert done.manifest.rows["steps"] == 9
    for number, name in enumerate(settings, start=1):
        assert len(losses(tmp_path / "out" / f"phase-{number}-{name}")) >= 2
    assert done.manifest.metrics["valid_bits_per_byte"] is None
    model = inference.load_model(tmp_path / "out" / "model")
    assert type(model).__name__ == "T5ForConditionalGeneration"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        *("entities.json", "manifest.json", "model", "phase-1-words", "phase-2-entities", "phase-3-backtranslate"),
    ]


@pytest.mark.parametrize("syntax", [0.0, 0.5])
def test_a_decoder_learns_to_fill_in_the_middle(syntax: float, run_folder: Path, tmp_path: Path) -> None:
    """At token level, and with the syntax of the texts at its level too, beside whole texts; the model says that it can."""
    objectives = {"causal": 0.5, "fill": 0.5}
    config = PretrainConfig(**{**SMALL, "max_steps": 4, "objectives": objectives, "options": {"fill": {"syntax": syntax}}, "beside": True})
    execute(STAGE, config, inputs(run_folder), tmp_path / "out")
    assert inference.read_facts(tmp_path / "out" / "model").tasks == ("fim",)


def test_a_corpus_smaller_than_a_step_is_refused(run_folder: Path, tmp_path: Path) -> None:
    """By what one epoch shows of it: functions stand there in several wordings, of which an epoch shows one."""
    phases.prepare(PretrainConfig(**SMALL), Work(out=tmp_path, inputs=inputs(run_folder), seed=0), run_folder / "tokenizer")
    found = tokens.Tokens(tmp_path / phases._TOKENS_OF["train"])
    between = (found.fewest_in_an_epoch + found.num_tokens) // 2
    assert found.fewest_in_an_epoch < between < found.num_tokens
    with pytest.raises(InputError, match=rf"too small, the {found.fewest_in_an_epoch} tokens that an epoch shows don't fill"):
        execute(STAGE, PretrainConfig(**{**SMALL, "batch_rows": between // 64}), inputs(run_folder), tmp_path / "large")


def test_memory_that_runs_out_while_texts_become_tokens_is_told(run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is smaller then."""

    def full(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(phases, "prepare", full)
    with pytest.raises(MachineError, match=r"out of memory \(MemoryError\); give smaller document_characters"):
        execute(STAGE, PretrainConfig(**SMALL), inputs(run_folder), tmp_path / "out")


ONE: dict[str, Any] = {"objectives": {"spans": 1.0}, "max_steps": 2, "max_seconds": 9.0}
"""A phase."""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"objectives": {"cusal": 1.0}}, "did you mean 'causal'"),
        ({"objectives": {"words": 1.0}}, "give architecture=encoder-decoder"),
        ({"objectives": {"instruct": 1.0}}, "objective 'instruct': expected one of causal"),
        ({"objectives": {"causal": 1.0}, "options": {"fill": {}}}, "not in the mixture"),
        ({"batch_rows": 5, "micro_rows": 2}, "batch_rows 5: can't be shared"),
        ({"size": "10m", "depth": 3}, "depth 3: size '10m' has its own"),
        ({"row_tokens": 1024, "context": 512}, "row_tokens: 1024 is more than the context of 512"),
        ({"phases": [Phase(**ONE, select="valid_los")]}, "select 'valid_los': expected one of last, valid_loss"),
        ({"architecture": "encoder-decoder", "phases": [Phase(**ONE, select="valid_bits_per_byte")]}, "is measured for decoders only"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], message: str, run_folder: Path, tmp_path: Path) -> None:
    """One line that says what to give."""
    with pytest.raises(ConfigError, match=message):
        execute(STAGE, PretrainConfig(**{**SMALL, **given}), inputs(run_folder), tmp_path / "out")


# ---------------------------------------------------------------- several processes


SHAPES: dict[str, dict[str, Any]] = {
    "decoder": {},
    "encoder-decoder": {"architecture": "encoder-decoder", "objectives": {"spans": 1.0}},
    "tagger": {"architecture": "encoder-decoder", "objectives": {"entities": 1.0}},
}


@pytest.mark.ci
@pytest.mark.parametrize(("sharding", "kind"), [("ddp", "decoder"), ("fsdp", "decoder"), ("ddp", "encoder-decoder"), ("ddp", "tagger")])
def test_two_processes_learn_what_one_learns(sharding: str, kind: str, run_folder: Path, tmp_path: Path) -> None:
    """The same losses but for rounding, and a whole model of the right class."""
    settings = {**SMALL, "max_steps": 6, **SHAPES[kind]}
    config = PretrainConfig(**settings)
    execute(STAGE, config, inputs(run_folder), tmp_path / "one")
    shared = PretrainConfig(**{**settings, "processes": 2, "micro_rows": 1, "sharding": sharding})
    done = execute(STAGE, shared, inputs(run_folder), tmp_path / "two")
    assert done.manifest.metrics["processes"] == 2
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=2e-3)
    assert read_json(tmp_path / "two" / "model" / "config.json")["architectures"] == [
        "LlamaForCausalLM" if kind == "decoder" else "T5ForConditionalGeneration"
    ]
    one, two = (inference.load_model(tmp_path / name / "model").state_dict() for name in ("one", "two"))
    assert all(torch.allclose(one[name], two[name], atol=2e-2) for name in one)
    # How many processes shared the work makes nothing stale.
    assert execute(STAGE, config, inputs(run_folder), tmp_path / "two").skipped


def test_fewer_processes_than_were_asked_for_are_refused(tmp_path: Path) -> None:
    """What torchrun counts are those that came."""
    write_json(tmp_path / "plan.json", {"processes": 2, "requeued": False})
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    subprocess.run([sys.executable, "-m", "hpcraft.train.worker", str(tmp_path)], env={**os.environ, **alone}, check=False)
    assert "1 of 2 processes found each other" in read_json(tmp_path / "error.json")["message"]


def test_the_first_error_is_the_one_that_is_told(tmp_path: Path) -> None:
    """What other processes say is often what came of it; nothing half written stays."""
    for words in ("cause", "consequence"):
        worker._write_first(tmp_path / "error.json", {"message": words})
    assert read_json(tmp_path / "error.json") == {"message": "cause"}
    assert [path.name for path in tmp_path.iterdir()] == ["error.json"]


def command(run_folder: Path, out: Path, *more: str) -> list[str]:
    """The stage as a person types it."""
    given = {"corpus": "prepare", "tokenizer": "tokenizer"}
    words = [
        sys.executable,
        "-m",
        "hpcraft",
        "pretrain",
        *(w for name, folder in given.items() for w in (f"--{name}", str(run_folder / folder))),
    ]
    return [*words, "-o", str(out), "--depth", "1", "--row-tokens", "64", "--batch-rows", "4", "--max-seconds", "1e6", *more]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "then"), [(("--processes", "2", "--sharding", "fsdp"), ()), ((), ("--processes", "2", "--sharding", "fsdp"))]
)
def test_a_run_that_was_killed_goes_on_with_another_number_of_processes(
    first: tuple[str, ...], then: tuple[str, ...], run_folder: Path, tmp_path: Path
) -> None:
    """From a checkpoint of two processes with one, and of one with two, to the same losses as a run that nothing stopped."""
    out, steps = tmp_path / "out", ["--max-steps", "40", "--context", "128", "--learning-rate", "1e-3"]
    killed = subprocess.Popen(
        command(run_folder, out, *steps, *first, "--checkpoint-seconds", "0"), stderr=subprocess.DEVNULL, start_new_session=True
    )
    partial = out.with_name("out.partial")
    deadline = time.monotonic() + 200
    while not list(partial.glob(".checkpoints/step-1?/checkpoint.json")) and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert list(partial.glob(".checkpoints/step-*/checkpoint.json"))
    quiet = {"check": True, "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run(command(run_folder, out, *steps, *then), **quiet)  # type: ignore[call-overload]
    subprocess.run(command(run_folder, tmp_path / "whole", *steps), **quiet)  # type: ignore[call-overload]
    assert losses(out) == pytest.approx(losses(tmp_path / "whole"), rel=5e-3)


def test_a_place_holds_for_another_number_of_rows(run_folder: Path, tmp_path: Path) -> None:
    """Half as many rows in a micro-batch are twice as many micro-batches: the same rows follow."""
    texts = [tokens.Text(f"int a{n} = {n};\n" * 9, "c") for n in range(300)]
    tokens.write(tmp_path / "t", texts, run_folder / "tokenizer", annotated=False)
    objective = Mixture({"causal": 1.0}).make({"causal": {"length": 128}}, Specials.of(bpe.load(run_folder / "tokenizer")))

    def rows_from(place: Place, rows: int, count: int) -> list[list[int]]:
        source = CorpusSource(tokens=tokens.Tokens(tmp_path / "t"), objective=objective, width=128, step_rows=4, rows=rows, seed=3)
        found: list[list[int]] = []
        for batch in Stream(source, place):
            found += batch["input_ids"].tolist()
            if len(found) >= count:
                break
        return found[:count]

    whole = rows_from(Place(), 4, 40)
    facts = {"epoch": 0, "window": 0, "offset": 4, "skipped": 1}
    assert rows_from(Place.read(facts, 2.0), 2, 20) == whole[20:40]


@pytest.mark.ci
def test_an_error_in_a_process_is_one_clear_line(run_folder: Path, tmp_path: Path) -> None:
    """With the exit code that it has in one process."""
    done = subprocess.run(
        command(run_folder, tmp_path / "out", "--context", "128", "--processes", "2", "--batch-rows", "3"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("hpcraft: batch_rows 3: can't be shared by 2 processes")


REQUEUE = """
import subprocess, sys, time
from pathlib import Path
for _ in range(3000):
    if list(Path(sys.argv[1]).glob(".checkpoints/step-*/checkpoint.json")): break
    time.sleep(0.1)
job = subprocess.run(["squeue", "--noheader", "--format=%i"], capture_output=True, text=True).stdout.split()[0]
print(subprocess.run(["scontrol", "requeue", job]).returncode)
"""


@pytest.mark.slow  # Slurm lets a job that is put back wait for two minutes
@pytest.mark.usefixtures("slurm")
def test_a_job_of_slurm_trains_with_two_processes_and_goes_on_when_it_is_put_back(run_folder: Path, tmp_path: Path) -> None:
    """A real node; the job is requeued in the middle, as by preemption, and the result is that of a run that nothing stopped."""
    config = {**SMALL, "max_steps": 30, "processes": 2, "checkpoint_seconds": 0.0}
    executor = make_executor(ExecutorConfig(kind="slurm", cpus_per_task=2, time_minutes=10))
    partial = tmp_path / "out.partial"
    requeue = subprocess.Popen([sys.executable, "-c", REQUEUE, str(partial)], stdout=subprocess.PIPE, text=True)
    try:
        execute(STAGE, PretrainConfig(**config), inputs(run_folder), tmp_path / "out", executor=executor)
    finally:
        requeue.terminate()
    assert requeue.communicate()[0].strip() == "0"
    execute(STAGE, PretrainConfig(**{**config, "processes": 1}), inputs(run_folder), tmp_path / "whole")
    assert losses(tmp_path / "out") == pytest.approx(losses(tmp_path / "whole"), rel=5e-3)


@pytest.mark.slow  # two minutes of Slurm's time, and two more until it starts the job again
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("slurm")
def test_a_job_whose_time_is_up_saves_and_goes_on(run_folder: Path, tmp_path: Path) -> None:
    """A real node ends the job after two minutes; the only checkpoint is that of the signal before, from which the job goes on to its end."""
    config = {**SMALL, "max_steps": 10**6, "max_seconds": 100.0, "checkpoint_seconds": 1e6}
    executor = make_executor(ExecutorConfig(kind="slurm", cpus_per_task=1, time_minutes=2))
    done = execute(STAGE, PretrainConfig(**config), inputs(run_folder), tmp_path / "out", executor=executor)
    lines = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines if line["split"] == "train"]
    assert steps == sorted(set(steps))
    assert steps[-1] == done.manifest.rows["steps"]
    assert lines[-1]["seconds"] >= 100.0


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 500])
def test_every_token_of_a_text_is_predicted_once(length: int) -> None:
    """In validation, whose bits are held against all bytes of the texts; no window is longer than what the model sees."""
    ids = list(range(100, 100 + length))
    rows = list(phases._windows(ids, 128, 1))
    assert [number for row in rows for number in row.ids[1:]] == ids
    assert all(row.ids[0] == 1 and len(row.ids) <= 128 and row.num_given == 1 for row in rows)
