"""Loads a model folder and lets it answer: completions, translations, test cases.

Prompts of like length are answered together, padded on the left, with a cache of keys and values.
Not covered: quantised weights, several devices; a server such as vLLM loads the same folder for that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft.errors import ConfigError, InputError, MachineError
from hpcraft.progress import track
from hpcraft.store import read_json
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import END, PAD, Prompt, build_tests, build_translation, parse_tests, parse_translation

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

FORMAT = "hpcraft.model/1"
MODEL_FILE = "hpcraft.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
TOKENIZER_MODEL = "tokenizer.model"
"""For llama.cpp's converter; the folder of a closed vocabulary has none."""
_BATCH_TOKENS = 1 << 14


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """What hpcraft needs to know of a model beside its weights; ``hpcraft.json`` in its folder."""

    format: str = FORMAT
    tasks: tuple[str, ...] = ()
    """What it was taught: ``openmp``, ``cuda``, ``tests``; empty for a model that was only pre-trained."""
    context: int = 1024


def require_torch() -> None:
    """Check that the libraries of the extra ``[train]`` are there, and keep them quiet and offline.

    Raises:
        MachineError: one is missing.
    """
    missing = [name for name in ("torch", "transformers", "accelerate", "safetensors") if find_spec(name) is None]
    if missing:
        raise MachineError(f"{', '.join(missing)} not installed; run: pip install 'hpcraft[train]'")
    # Threads that wait for each other by spinning were measured six times slower beside other processes on two cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def load(path: Path) -> Generator:
    """The model in a folder, ready to answer.

    Raises:
        MachineError: torch or transformers is missing.
        InputError: the folder holds no model, or a damaged one.
    """
    require_torch()
    if (path / MODEL_FILE).is_file():
        return Generator(load_model(path), bpe.load(path), read_facts(path))
    # Somebody else's model: it continues text, and its own config says what ends it and how long it may be.
    model = load_model(path)
    from tokenizers import Tokenizer as Loader

    return Generator(
        model,
        Loader.from_file(str(path / "tokenizer.json")),
        ModelFacts(context=int(getattr(model.config, "max_position_embeddings", 1024))),
    )


def load_model(folder: Path) -> LlamaForCausalLM:
    """The model in a folder, in float32, on the GPU where there is one; no code from the folder is run.

    Raises:
        InputError: the folder holds no model, a damaged one, or one that its tokenizer doesn't fit.
    """
    import torch
    from transformers import AutoModelForCausalLM

    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: not a model folder, {name} is missing; give the model/ of a training stage or a release")
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, trust_remote_code=False, dtype=torch.float32)
    except Exception as error:  # noqa: BLE001 - transformers and safetensors raise many kinds for damaged files
        raise InputError(f"{folder}: the model can't be loaded ({' '.join(str(error).split())[:160]})") from None
    if (folder / MODEL_FILE).is_file():
        check_fit(folder, model.config.vocab_size)
    return model.to("cuda") if torch.cuda.is_available() else model


def check_fit(tokenizer_folder: Path, vocab_size: int) -> None:
    """Check that a tokenizer writes only ids that a model with ``vocab_size`` embeddings knows.

    Raises:
        InputError: it doesn't.
    """
    size = bpe.load(tokenizer_folder).get_vocab_size()
    if size != vocab_size:
        raise InputError(
            f"{tokenizer_folder}: the tokenizer has {size} tokens, the model {vocab_size}; give the tokenizer that the model was trained with"
        )


def read_facts(folder: Path) -> ModelFacts:
    """What a model was taught.

    Raises:
        InputError: the file is missing or of another format.
    """
    value = read_json(folder / MODEL_FILE)
    if value.get("format") != FORMAT:
        raise InputError(f"{folder / MODEL_FILE}: format {value.get('format')!r}, this version reads {FORMAT!r}")
    return ModelFacts(tasks=tuple(value.get("tasks", ())), context=int(value.get("context", 1024)))


class Generator:
    """A model that answers prompts."""

    def __init__(self, model: LlamaForCausalLM, tokenizer: Tokenizer, facts: ModelFacts) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.facts = facts

    def complete(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        top_p: float = 1.0,
        samples: int = 1,
        seed: int = 0,
    ) -> list[list[str]]:
        """Continue each prompt until the end token, which isn't part of the answer.

        Args:
            prompts: texts in the format that the model was taught.
            max_new_tokens: longest answer; prompt and answer together never exceed the model's context.
            temperature: 0 always takes the likeliest token.
            top_p: share of the probability that is drawn from.
            samples: answers to each prompt; more than one needs a temperature.
            seed: of the draws.

        Returns:
            For each prompt, in order, its answers; none written for a prompt that fills the context.
        """
        if samples > 1 and temperature <= 0:
            raise ConfigError(f"samples: {samples} equal answers at temperature 0; give a temperature or one sample")
        room = self.facts.context
        ids = [self.tokenizer.encode(prompt, add_special_tokens=False).ids for prompt in prompts]
        answers: list[list[str]] = [[""] * samples for _ in prompts]
        fitting = [i for i in range(len(ids)) if 0 < len(ids[i]) < room]
        batches = list(_batches(fitting, ids, max_new_tokens, samples))
        for number, batch in enumerate(track(batches, "answering")):
            longest = max(len(ids[i]) for i in batch)
            written = self._generate(
                [ids[i] for i in batch], min(max_new_tokens, room - longest), temperature, top_p, samples, seed * 1_000_003 + number
            )
            for i, texts in zip(batch, written, strict=True):
                answers[i] = texts
        return answers

    def translate(self, items: Sequence[tuple[str, str]], **sampling: Any) -> list[list[str]]:
        """Translate C functions.

        Args:
            items: pairs of C source and target model.
            sampling: as for `complete`.

        Raises:
            InputError: the model wasn't taught one of the target models.
        """
        for _, target_model in items:
            self._check_task(target_model)
        prompts = [build_translation(source, target_model) for source, target_model in items]
        return [[parse_translation(p, a) for a in answers] for p, answers in self._answer(prompts, sampling)]

    def write_tests(self, sources: Sequence[str], **sampling: Any) -> list[list[tuple[str, ...]]]:
        """Write test cases for C functions; each answer is a list of tests in the notation of `hpcraft.sandbox.abi`."""
        self._check_task("tests")
        return [[parse_tests(p, a) for a in answers] for p, answers in self._answer([build_tests(s) for s in sources], sampling)]

    def _answer(self, prompts: Sequence[Prompt], sampling: dict[str, Any]) -> Iterable[tuple[Prompt, list[str]]]:
        return zip(prompts, self.complete([p.text for p in prompts], **sampling), strict=True)

    def _check_task(self, task: str) -> None:
        if task not in self.facts.tasks:
            raise InputError(
                f"the model was not taught {task!r}; it knows {', '.join(self.facts.tasks) or 'no task, it is only pre-trained'}"
            )

    def _generate(
        self, rows: list[list[int]], max_new_tokens: int, temperature: float, top_p: float, samples: int, seed: int
    ) -> list[list[str]]:
        import torch

        ends = self._ends
        pad = ends[0] if self.tokenizer.token_to_id(PAD) is None else self.tokenizer.token_to_id(PAD)
        width = max(map(len, rows))
        ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows], device=self.model.device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=self.model.device)
        sampling = {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": 0} if temperature > 0 else {"do_sample": False}
        self.model.eval()
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            result = self.model.generate(  # pyright: ignore[reportAttributeAccessIssue]  # transformers declares its mixin too narrowly
                ids,
                attention_mask=mask,
                max_new_tokens=max_new_tokens,
                num_return_sequences=samples,
                pad_token_id=pad,
                eos_token_id=ends,
                use_cache=True,
                **sampling,
            )
        texts = [self._text(row[width:].tolist()) for row in result]
        return [texts[i : i + samples] for i in range(0, len(texts), samples)]

    @property
    def _ends(self) -> list[int]:
        """The tokens that end an answer."""
        own = self.tokenizer.token_to_id(END)
        if own is not None:
            return [own]
        ends = self.model.config.eos_token_id
        return list(ends) if isinstance(ends, list) else [0 if ends is None else ends]

    def _text(self, ids: list[int]) -> str:
        end = min((ids.index(e) for e in self._ends if e in ids), default=len(ids))
        return str(self.tokenizer.decode(ids[:end], skip_special_tokens=False))


def _batches(order: Sequence[int], ids: Sequence[Sequence[int]], max_new_tokens: int, samples: int) -> Iterator[list[int]]:
    """Indices of prompts of like length, as many as fit into memory together."""
    batch: list[int] = []
    for i in sorted(order, key=lambda i: (len(ids[i]), i)):
        if batch and (len(batch) + 1) * samples * (len(ids[i]) + max_new_tokens) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
