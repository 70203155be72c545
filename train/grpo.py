"""GRPO by trl's trainer (DeepSeekMath, arXiv:2402.03300): answers to a function are compared with each other, and those above their mean become likelier.

Theory of operation. In each step the model answers a few functions several times, all drawn from the weights of the moment; a `Rewarder` says what each answer is worth, and
one step of AdamW follows. Advantages are rewards less the mean of their group, not divided by its deviation (Dr. GRPO, arXiv:2503.20783): else a group whose answers differ by
whether they build would count as much as one whose answers differ by whether they are right. The order of functions is laid down before the first step, and trl's numbers at random
are part of a checkpoint, so that a run that was killed goes on as if it hadn't been. Checkpoints are the Trainer's, put where they survive (`hpcraft.train.checkpoint`).
SIGTERM, SIGINT and SIGUSR1 end the run behind the step that is under way, with a checkpoint.

trl reads prompts and answers through the tokenizer. That it adds nothing to a prompt is checked; answers are read from their token ids, since trl leaves special tokens out of texts.
Not covered: several devices, vLLM, encoder-decoders.
"""

from __future__ import annotations

import json
import logging
import shutil
import signal
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import torch
from datasets import Dataset
from safetensors.torch import load_model
from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from trl import GRPOConfig, GRPOTrainer  # pyright: ignore[reportPrivateImportUsage]  # as its documentation has it

from hpcraft.errors import InputError, MachineError, Stopped
from hpcraft.inference import Generator, load_tokenizer
from hpcraft.progress import Advance, bar
from hpcraft.store import JSON, append_jsonl, drop_torn_tail, write_text
from hpcraft.tokenizer.prompt import END
from hpcraft.train import checkpoint
from hpcraft.train.loop import SCRATCH, SIGNALS, Signals, signalled
from hpcraft.train.precision import has_bf16
from hpcraft.train.reward import Graded, Question, Rewarder

SCHEMA = "hpcraft.reinforce_step/1"
STEPS, ANSWERS = "steps.jsonl", "answers.jsonl"
_CHECKPOINTS, _TRAINER, _ = SCRATCH
_LOGGED = {
    "loss": "loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "entropy": "entropy",
    "kl": "kl",
    "mean_tokens": "completions/mean_length",
}
"""Names of ours to those of trl, which has ``kl`` only where it is weighed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How long and how hard to train, and how answers are drawn."""

    max_steps: int
    max_seconds: float
    learning_rate: float
    kl_weight: float
    samples: int
    functions_per_step: int
    temperature: float
    max_new_tokens: int
    checkpoint_seconds: float
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reinforced:
    """What a run came to."""

    steps: int
    by_time: bool
    answers: int
    accepted: int
    groups: int
    equal_groups: int
    """Of them, those whose answers all had the same reward."""
    rewards: list[float]
    """Means of the steps, in their order."""
    reasons: Counter[str]
    """Why answers weren't accepted."""


def reinforce(
    generator: Generator, folder: Path, questions: Sequence[Question], rewarder: Rewarder, course: Course, out: Path
) -> Reinforced:
    """Train the model of ``generator`` in place; afterwards it is on the device where it was.

    Args:
        generator: one of hpcraft's own models.
        folder: that it was loaded from.
        questions: the functions, in the order in which they are asked; after the last one they are shuffled.
        rewarder: says what answers are worth.
        course: how long and how hard.
        out: gets ``steps.jsonl``, ``answers.jsonl`` and, while it runs, hidden checkpoints, which the stage removes once its manifest is written.

    Raises:
        InputError: the tokenizer reads prompts otherwise than hpcraft does.
        MachineError: several GPUs are visible.
        Stopped: a signal came; a checkpoint was written.
    """
    if torch.cuda.device_count() > 1:
        raise MachineError("reinforce uses one GPU, and several are visible; show it one: CUDA_VISIBLE_DEVICES=0 hpcraft reinforce ..")
    found = checkpoint.newest(out / _CHECKPOINTS)
    log = _Log(out, found.step if found else 0, course.samples)
    with bar("reinforce", course.max_steps) as advance, signalled() as signals, warnings.catch_warnings():
        # trl's own settings have the old name.
        warnings.filterwarnings("ignore", message=".*gradient_checkpointing. is deprecated", category=FutureWarning)
        conductor = Conductor(course, log, signals, advance, out / _CHECKPOINTS, found.facts["seconds"] if found else 0.0)
        trainer = _trainer(generator, folder, questions, rewarder, course, out, conductor)
        advance(found.step if found else 0)
        device = generator.model.device
        if found and found.facts["over"]:
            load_model(generator.model, found.folder / "model.safetensors")
        else:
            trainer.train(resume_from_checkpoint=str(found.folder) if found else None)
        generator.model.to(device)
        if conductor.stopped_by:
            number = signal.Signals(conductor.stopped_by)
            raise Stopped(
                f"reinforce: stopped by {number.name} at step {trainer.state.global_step}; run the same command again to go on from there",
                exit_code=SIGNALS[number],
            )
    return _result(log, course)


def _trainer(
    generator: Generator, folder: Path, questions: Sequence[Question], rewarder: Rewarder, course: Course, out: Path, conductor: Conductor
) -> GRPOTrainer:
    tokenizer = _checked_tokenizer(generator, folder, questions)
    ends = set(generator.codec.ends)

    def rewards(prompts: Any, completions: Any, completion_ids: Sequence[list[int]], number: Sequence[int], **_: Any) -> list[float | None]:
        del prompts, completions  # texts without special tokens
        answers = [_read(generator, ids, ends) for ids in completion_ids]
        graded = rewarder.grade(conductor.step + 1, [questions[n] for n in number], answers)
        conductor.graded = graded
        return rewards_of(graded)

    order = _order(len(questions), course)
    logging.getLogger("trl").setLevel(logging.ERROR)  # it warns of answers without a reward, which are counted here
    trainer = _Trainer(
        model=generator.model,
        reward_funcs=rewards,
        args=_arguments(out / _TRAINER, course),
        train_dataset=Dataset.from_dict({"prompt": [questions[n].prompt.text for n in order], "number": order}),
        processing_class=tokenizer,
        callbacks=[conductor],
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    return trainer


class _Trainer(GRPOTrainer):  # type: ignore[misc, unused-ignore]
    """trl's trainer, which tells nobody that it runs and writes no card."""

    def _send_telemetry(self) -> None:
        pass

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Nothing: `hpcraft release` writes one."""


def _arguments(folder: Path, course: Course) -> GRPOConfig:
    return GRPOConfig(
        output_dir=str(folder),
        max_steps=course.max_steps,
        learning_rate=course.learning_rate,
        lr_scheduler_type="constant",
        # A group at a time; answers are drawn for all groups of a step at once, and are never older than the weights.
        per_device_train_batch_size=course.samples,
        gradient_accumulation_steps=course.functions_per_step,
        num_generations=course.samples,
        max_completion_length=course.max_new_tokens,
        temperature=course.temperature,
        generation_kwargs={"use_cache": True},  # the config of a model that was trained says no
        beta=course.kl_weight,
        scale_rewards="none",
        shuffle_dataset=False,  # its own order can't be taken up again in a second epoch
        gradient_checkpointing=False,
        bf16=has_bf16(),
        use_cpu=not torch.cuda.is_available(),
        logging_steps=1,
        save_strategy="no",
        disable_tqdm=True,
        report_to=[],
        seed=course.seed,
    )


def _order(num_questions: int, course: Course) -> list[int]:
    """Which function is asked when: all once as they stand, then again and again, shuffled anew."""
    wanted = course.max_steps * course.functions_per_step
    order: list[int] = []
    epoch = 0
    while len(order) < wanted:
        numbers = list(range(num_questions))
        if epoch:
            Random(f"{course.seed}/{epoch}").shuffle(numbers)
        order += numbers
        epoch += 1
    return order[:wanted]


def _checked_tokenizer(generator: Generator, folder: Path, questions: Sequence[Question]) -> Any:
    """The tokenizer as trl wants it, when it reads every prompt as hpcraft does."""
    tokenizer = load_tokenizer(folder)
    tokenizer.padding_side = "left"
    for question in questions:
        text = question.prompt.text
        if list(tokenizer(text=[text])["input_ids"][0]) != generator.codec.encode(text):
            raise InputError(
                f"{folder}: tokenizer_config.json has the tokenizer add to prompts or change them; make the model folder again"
            )
    if tokenizer.eos_token_id not in generator.codec.ends or tokenizer.pad_token_id is None:
        raise InputError(f"{folder}: tokenizer_config.json doesn't name the tokens that end and pad texts; make the model folder again")
    return tokenizer


def _read(generator: Generator, ids: Sequence[int], ends: set[int]) -> str:
    """An answer's text, with the token that ends it where the model wrote that one."""
    end = next((place for place, token in enumerate(ids) if token in ends), None)
    if end is None:
        return generator.codec.decode(ids).replace(END, "")  # spelled in other tokens it ends nothing
    return generator.codec.decode(ids[:end]) + END


# ---------------------------------------------------------------- between two steps


class Conductor(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Says what a step came to, saves, and ends the run."""

    def __init__(self, course: Course, log: _Log, signals: Signals, advance: Advance, root: Path, seconds_before: float) -> None:
        self.course, self.log, self.signals, self.advance, self.root = course, log, signals, advance, root
        self.graded: list[Graded] = []
        """Of the step that is under way."""
        self.step = log.last_step
        self.stopped_by = 0
        self._began = time.monotonic() - seconds_before
        self._last_saved = seconds_before
        self._over = False
        """Whether the budget is used up."""

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002 - the Trainer gives them
        """Whether to save and whether to stop."""
        self.step = state.global_step
        seconds = self._seconds()
        self.stopped_by = self.signals.number
        self._over = seconds >= self.course.max_seconds or self.step >= self.course.max_steps
        ends = bool(self.stopped_by) or self._over
        control.should_training_stop = control.should_training_stop or ends
        control.should_save = ends or seconds - self._last_saved >= self.course.checkpoint_seconds
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: JSON | None = None, **_: Any) -> Any:  # noqa: ARG002 - the Trainer gives them
        """One line for a step; the Trainer's summary of the whole run isn't one."""
        if logs and "reward" in logs and self.graded:
            graded, self.graded = self.graded, []
            more = {name: logs[key] for name, key in _LOGGED.items() if logs.get(key) is not None}
            line = self.log.write(graded, seconds=round(self._seconds(), 2), **more)
            self.advance(1, f"reward {line['reward']:.2f}, {line['accepted']} of {line['answers']} accepted")
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Put the Trainer's checkpoint where it survives a crash in the middle of writing."""
        self._last_saved = self._seconds()
        written = Path(args.output_dir) / f"checkpoint-{state.global_step}"

        def move(aside: Path) -> None:
            for path in written.iterdir():
                shutil.move(path, aside / path.name)
            written.rmdir()

        checkpoint.save(self.root, state.global_step, {"seconds": self._last_saved, "over": self._over}, move)
        return control


class _Log:
    """``steps.jsonl`` and ``answers.jsonl``: what was written after the checkpoint that a run goes on from is dropped."""

    def __init__(self, out: Path, last_step: int, samples: int) -> None:
        self.steps, self.answers, self.last_step, self.samples = out / STEPS, out / ANSWERS, last_step, samples
        for path in (self.steps, self.answers):
            drop_torn_tail(path)
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
            write_text(path, "".join(line for line in lines if json.loads(line)["step"] <= last_step))

    def write(self, graded: Sequence[Graded], **more: float) -> JSON:
        """Add a step; its line is returned."""
        for one in graded:
            append_jsonl(self.answers, one)
        rewards = [reward for reward in rewards_of(graded) if reward is not None]
        # By place: with few functions one may be asked twice in a step.
        groups = [rewards_of(graded[at : at + self.samples]) for at in range(0, len(graded), self.samples)]
        line: JSON = {
            "schema": SCHEMA,
            "step": graded[0].step,
            "reward": fmean(rewards) if rewards else 0.0,
            "answers": len(graded),
            "accepted": sum(not one.reason for one in graded),
            "groups": len(groups),
            "equal_groups": sum(len(set(group)) == 1 for group in groups),
            "reasons": dict(sorted(Counter(one.reason for one in graded if one.reason).items())),
            **{name: round(value, 6) for name, value in more.items()},
        }
        with self.steps.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return line

    def lines(self) -> list[JSON]:
        """All steps so far."""
        return [json.loads(line) for line in self.steps.read_text(encoding="utf-8").splitlines()]


def rewards_of(graded: Sequence[Graded]) -> list[float | None]:
    """The rewards alone."""
    return [one.reward for one in graded]


def _result(log: _Log, course: Course) -> Reinforced:
    lines = log.lines()
    reasons: Counter[str] = Counter()
    for line in lines:
        reasons.update(line["reasons"])
    return Reinforced(
        steps=len(lines),
        by_time=len(lines) < course.max_steps,
        **{name: sum(line[name] for line in lines) for name in ("answers", "accepted", "groups", "equal_groups")},
        rewards=[line["reward"] for line in lines],
        reasons=reasons,
    )
