"""Loads a model folder and lets it answer: completions, translations, test cases.

Prompts of like length are answered together (`hpcraft.decoding`). Anything that ``transformers`` loads can be asked, models that continue
texts and models that answer them; hpcraft's own also translate.
Not covered: quantised weights, several devices; a server such as vLLM loads the same folder for that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft.decoding import Codec, Drawing, HubCodec, OwnCodec, Query, Reply, Row, Written, batch_tokens, batches, write_batch
from hpcraft.errors import ConfigError, InputError, MachineError, first_line, is_out_of_memory
from hpcraft.progress import track
from hpcraft.store import read_json
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import BACK, Prompt, build_tests, build_translation, is_told_by_rule, parse_tests, parse_translation

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

FORMAT = "hpcraft.model/1"
MODEL_FILE = "hpcraft.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
TOKENIZER_MODEL = "tokenizer.model"
"""For llama.cpp's converter; the folder of a closed vocabulary has none."""
Item = tuple[str, str] | tuple[str, str, str]
"""Source, task, and perhaps the wanted prototype."""
DTYPES = ("auto", "float32", "bfloat16", "float16")
_NO_LIMIT = 1 << 30
_DEFAULT_CONTEXT = 2048
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """What hpcraft needs to know of a model beside its weights; ``hpcraft.json`` in its folder."""

    format: str = FORMAT
    tasks: tuple[str, ...] = ()
    """What it was taught: ``openmp``, ``cuda``, ``cuda2c``, ``omp2c``, ``tests``, ``fim``; empty for a model that was only pre-trained."""
    context: int = 1024
    cuda_answer: str = "whole"
    """``kernel`` where it was taught CUDA kernels without their host function, to write or to read."""


def require_torch() -> None:
    """Check that the libraries of the extra ``[train]`` are there, and keep them quiet and offline.

    Raises:
        MachineError: one is missing.
    """
    missing = [name for name in ("torch", "transformers", "accelerate", "safetensors") if find_spec(name) is None]
    if missing:
        raise MachineError(f"{', '.join(missing)} not installed; run: pip install 'hpcraft[train]'")
    # Threads that wait for each other by spinning were measured six times slower beside other processes on two cores, and threads that
    # sleep at once 7 to 12 % slower on cores of their own; a short spin does well in both places.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "100000")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def load(path: Path, *, dtype: str = "float32", device: str = "") -> Generator:
    """The model in a folder, ready to answer, on the GPU where there is one and none is named; one that isn't hpcraft's own with the tokenizer that ``AutoTokenizer`` finds.

    Raises:
        MachineError: torch or transformers is missing.
        InputError: the folder holds no model, or a damaged one.
    """
    require_torch()
    if (path / MODEL_FILE).is_file():
        model = load_model(path, dtype=dtype, device=device)
        return Generator(model, OwnCodec(bpe.load(path), model), read_facts(path))
    model = _load(path, dtype, device)
    tokenizer = load_tokenizer(path)
    return Generator(model, HubCodec(tokenizer, model), ModelFacts(context=_context(model.config, tokenizer)))


def load_model(folder: Path, *, dtype: str = "float32", device: str = "") -> LlamaForCausalLM:
    """One of hpcraft's models, on the GPU where there is one; no code from the folder is run.

    Raises:
        InputError: the folder holds no model, a damaged one, or one that its tokenizer doesn't fit.
    """
    if not (folder / "tokenizer.json").is_file():
        raise InputError(f"{folder}: not a model folder, tokenizer.json is missing; give the model/ of a training stage or a release")
    model: LlamaForCausalLM = _load(folder, dtype, device)
    if (folder / MODEL_FILE).is_file():
        check_fit(folder, model.config.vocab_size)
    return model


def _load(folder: Path, dtype: str, device: str) -> Any:
    """Weights as a model that continues texts, or that answers them where its config says so."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: not a model folder, config.json is missing; give the model/ of a training stage or a release")
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        config: Any = AutoConfig.from_pretrained(folder, **local)
        kind: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model, found = kind.from_pretrained(folder, dtype=getattr(torch, _resolved(dtype)), output_loading_info=True, **local)
        model = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    except Exception as error:  # noqa: BLE001 - transformers and safetensors raise many kinds for damaged files
        if is_out_of_memory(error):
            raise MachineError(
                f"{folder}: out of memory while the model is loaded ({first_line(error)[:120]}); free some, or give a smaller model"
            ) from None
        raise InputError(
            f"{folder}: the model can't be loaded ({' '.join(str(error).split())[:160]}); get the whole model, config.json and its weights"
        ) from None
    if missing := sorted(found["missing_keys"]):  # without those that are another's, or that the architecture does without
        raise InputError(f"{folder}: {len(missing)} weights are missing, such as {missing[0]}, and would be random; get the whole model")
    return model


def _resolved(dtype: str) -> str:
    """The type of the weights that ``auto`` stands for: bfloat16 on a GPU that has it, else float32, which is exact and quick enough."""
    import torch

    if dtype != "auto":
        return dtype
    return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"


def load_tokenizer(folder: Path) -> Any:
    """Anybody's tokenizer, as ``AutoTokenizer`` finds it; no code from the folder is run.

    Raises:
        InputError: there is none, or a damaged one.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    file = folder / "tokenizer.json"
    try:
        if file.is_file() and not (folder / "tokenizer_config.json").is_file():
            return PreTrainedTokenizerFast(tokenizer_file=str(file))
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # noqa: BLE001 - as for the weights
        raise InputError(
            f"{folder}: the tokenizer can't be loaded ({' '.join(str(error).split())[:160]}); put its files beside the weights"
        ) from None


def _context(config: Any, tokenizer: Any) -> int:
    """How many tokens a model can see: what its config says, else its tokenizer."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    for name in ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "seq_length"):
        if isinstance(found := getattr(text, name, None), int) and found > 0:
            return found
    longest = int(tokenizer.model_max_length)
    return longest if longest < _NO_LIMIT else _DEFAULT_CONTEXT


def find_folder(where: str) -> Path:
    """The folder that a model's name stands for: itself, or the snapshot of a repository in the Hub's cache on this machine.

    Raises:
        InputError: neither is there, or it is an adapter without its model.
    """
    path = Path(where)
    if (path / "config.json").is_file():
        return path
    if (path / "adapter_config.json").is_file():
        raise InputError(f"{where}: an adapter, not a model; give the folder model/ beside it, or merge it into its base first")
    if not path.exists() and _REPOSITORY.fullmatch(where):
        require_torch()
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(where, "config.json")
        if isinstance(found, str):
            return Path(found).parent
        raise InputError(f"{where}: no such folder, nor is it in the Hub's cache here; fetch it first: hf download {where}")
    raise InputError(f"{where}: {'holds no config.json' if path.exists() else 'no such folder'}; give a folder that transformers can load")


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
    return ModelFacts(
        tasks=tuple(value.get("tasks", ())), context=int(value.get("context", 1024)), cuda_answer=str(value.get("cuda_answer", "whole"))
    )


class Generator:
    """A model that answers prompts."""

    def __init__(self, model: Any, codec: Codec, facts: ModelFacts) -> None:
        self.model = model
        self.codec = codec
        self.facts = facts

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that hpcraft trained the model with."""
        assert isinstance(self.codec, OwnCodec)
        return self.codec.tokenizer

    @property
    def is_own(self) -> bool:
        """Whether hpcraft trained the model."""
        return isinstance(self.codec, OwnCodec)

    @property
    def chats(self) -> bool:
        """Whether prompts can be put as a conversation."""
        return isinstance(self.codec, HubCodec) and self.codec.chats

    def replies(self, queries: Sequence[Query], drawing: Drawing, done: Collection[int] = ()) -> Iterator[tuple[int, Reply]]:
        """Answer queries batch by batch, each with its index; a batch of which all are ``done`` is left out.

        Batches are cut from all queries, so that one that was interrupted is made again from the same rows.
        """
        rows: list[Row] = []
        missing: list[int] = []
        for query in queries:
            ids = self.codec.encode(query.prompt, chat=query.chat)
            kept = self._shortened(ids, drawing)
            missing.append(len(ids) - len(kept))
            rows.append(Row(ids=kept, seed=query.seed, cut=query.cut))
        fitting = [i for i, row in enumerate(rows) if row.ids]
        for i in (i for i, row in enumerate(rows) if not row.ids and i not in done):
            yield i, Reply(text="", finish="no-room", prompt_tokens=missing[i])
        found = batches([len(rows[i].ids) for i in fitting], drawing.max_new_tokens, batch_tokens(self.model))
        for batch in found:
            indices = [fitting[i] for i in batch]
            if all(i in done for i in indices):
                continue
            room = drawing.max_new_tokens
            if not self.model.config.is_encoder_decoder:
                room = min(room, self.facts.context - max(len(rows[i].ids) for i in indices))
            written = self._write([rows[i] for i in indices], replace(drawing, max_new_tokens=room))
            for i, one in zip(indices, written, strict=True):
                if i in done:
                    continue
                if isinstance(one, Exception):
                    yield i, Reply(text="", finish="error", error=f"{type(one).__name__}: {' '.join(str(one).split())[:200]}")
                else:
                    seen = len(rows[i].ids)
                    yield i, Reply(text=one.text, finish=one.finish, prompt_tokens=seen + missing[i], tokens_cut=missing[i])

    def _write(self, rows: list[Row], drawing: Drawing) -> list[Written | Exception]:
        """The answers to a batch; one that the model can't take is halved, until it is known which row is to blame."""
        try:
            return list(write_batch(self.model, self.codec, rows, drawing))
        except Exception as error:  # noqa: BLE001 - a model may raise anything: out of memory, an id that it doesn't know
            if len(rows) == 1:
                return [error]
        middle = len(rows) // 2
        return self._write(rows[:middle], drawing) + self._write(rows[middle:], drawing)

    def _shortened(self, ids: list[int], drawing: Drawing) -> list[int]:
        """A prompt that leaves room for the answer; empty where hpcraft's own can't."""
        if isinstance(self.codec, HubCodec):
            room = self.facts.context
            if not self.model.config.is_encoder_decoder:
                room = max(room - drawing.max_new_tokens, room // 2)
            return self.codec.shorten(ids, room)
        return ids if len(ids) < self.facts.context else []

    def complete(self, prompts: Sequence[str], **sampling: Any) -> list[list[str]]:
        """Continue each prompt until the end token, which isn't part of the answer; as `completions`, but the texts alone.

        Returns:
            For each prompt, in order, its answers; none written for a prompt that fills the context.
        """
        return [[reply.text for reply in replies] for replies in self.completions(prompts, **sampling)]

    def completions(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        top_p: float = 1.0,
        samples: int = 1,
        seed: int = 0,
    ) -> list[list[Reply]]:
        """Continue each prompt, and say how each answer ended.

        Args:
            prompts: texts in the format that the model was taught.
            max_new_tokens: longest answer; prompt and answer together never exceed the model's context.
            temperature: 0 always takes the likeliest token.
            top_p: share of the probability that is drawn from.
            samples: answers to each prompt; more than one needs a temperature.
            seed: of the draws.
        """
        if samples > 1 and temperature <= 0:
            raise ConfigError(f"samples: {samples} equal answers at temperature 0; give a temperature or one sample")
        queries = [
            Query(prompt=prompt, seed=(seed * 1_000_003 + number) * 1_000_003 + sample)
            for number, prompt in enumerate(prompts)
            for sample in range(samples)
        ]
        drawing = Drawing(max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p)
        replies = dict(track(self.replies(queries, drawing), "answering", len(queries)))
        return [[replies[number * samples + sample] for sample in range(samples)] for number in range(len(prompts))]

    def translate(self, items: Sequence[Item], **sampling: Any) -> list[list[str]]:
        """Translate functions; as `translations`, but the code alone."""
        return [[reply.text for reply in replies] for replies in self.translations(items, **sampling)]

    def translations(self, items: Sequence[Item], **sampling: Any) -> list[list[Reply]]:
        """Translate functions, and say how each answer ended.

        Args:
            items: each a source, its task (a key of `hpcraft.tokenizer.prompt.TASKS`, such as a target model for a source in C), and for ``cuda2c``
                perhaps the prototype of the C function that is wanted.
            sampling: as for `completions`.

        Raises:
            InputError: the model wasn't taught one of the tasks.
        """
        for item in items:
            self._check_task(item[1])
        prompts = [self.translation_prompt(*item) for item in items]
        answered = zip(items, prompts, self.completions([p.text for p in prompts], **sampling), strict=True)
        return [
            [replace(reply, text=read_translation(prompt, reply.text, item[0])) for reply in replies] for item, prompt, replies in answered
        ]

    def translation_prompt(self, source: str, task: str, head: str = "") -> Prompt:
        """The prompt of a translation; CUDA on its way back is read as this model was taught it, the kernel alone or with its host function.

        Raises:
            InputError: CUDA without a function.
        """
        if task != BACK["cuda"]:
            return build_translation(source, task)
        from hpcraft.data.lone_kernel import kernel_to_read, wanted_head

        head = head or wanted_head(source)
        alone = kernel_to_read(source, head) if self.facts.cuda_answer == "kernel" else None
        return build_translation(alone or source, task, head=head)

    def write_tests(self, sources: Sequence[str], **sampling: Any) -> list[list[tuple[str, ...]]]:
        """Write test cases for C functions; each answer is a list of tests in the notation of `hpcraft.sandbox.abi`."""
        self._check_task("tests")
        prompts = [build_tests(source) for source in sources]
        answered = zip(prompts, self.complete([p.text for p in prompts], **sampling), strict=True)
        return [[parse_tests(prompt, answer) for answer in answers] for prompt, answers in answered]

    def _check_task(self, task: str) -> None:
        if task not in self.facts.tasks:
            known = ", ".join(self.facts.tasks) or "no task, it is only pre-trained"
            raise InputError(f"the model was not taught {task!r}; it knows {known}")


def read_translation(prompt: Prompt, answer: str, source: str, wanted: str = "") -> str:
    """The code that an answer to `build_translation` stands for, with what rules say.

    CUDA is completed; OpenMP's directives stand before their loops, with the private names that these need and without those that can't be; and where a rule says all of the way back from CUDA no edit counts.

    Args:
        prompt: what was asked.
        answer: what was written.
        source: what was to be translated.
        wanted: prototype of the host function, where it isn't the source's.
    """
    if is_told_by_rule(prompt):
        from hpcraft.data.scopes import stands_alone

        if stands_alone(code := parse_translation(prompt, "")):
            return code
    code = parse_translation(prompt, answer)
    if prompt.task == "openmp":
        from hpcraft.data.loop_directives import with_loop_directives
        from hpcraft.data.private_names import with_known_privates

        return with_known_privates(with_loop_directives(code))
    if prompt.task != "cuda":
        return code
    from hpcraft.data.host_function import completed

    return completed(code, source, wanted)
