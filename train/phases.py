"""What a pre-training run does: texts become tokens, and a model goes through its phases on them.

`prepare` runs once; `learn` runs on every rank. A finished phase leaves its weights in a hidden folder, from which the next begins, so that a
run that was killed goes on with the phase that it was in.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from hpcraft.command import note
from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import ModelFacts, load, load_tokenizer
from hpcraft.store import read_json, sha256_file, write_json
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import END
from hpcraft.train import checkpoint, tokens
from hpcraft.train.base_tokenizer import tokenizer_folder
from hpcraft.train.batches import Row, by_length, padded
from hpcraft.train.corpus_source import CorpusSource
from hpcraft.train.export import base_folder, save_others
from hpcraft.train.folder import save_model
from hpcraft.train.hub_rows import check_tokenizer
from hpcraft.train.launch import plain
from hpcraft.train.loop import Fitted, Running, fit, memory_told
from hpcraft.train.material import Mix, texts, validation_texts
from hpcraft.train.objectives.entities import measure, tagger_of, take_encoder
from hpcraft.train.objectives.noise import NoiseTables
from hpcraft.train.objectives.objective import Objective
from hpcraft.train.objectives.specials import NONE, Specials
from hpcraft.train.objectives.table import NEEDS_TABLES, OBJECTIVES, Mixture
from hpcraft.train.packing import check_causal, keeps_apart
from hpcraft.train.presets import DECODER, HEAD_WIDTH, build, learning_rate
from hpcraft.train.pretrain import DONE, TOKENS
from hpcraft.train.watch import LAST, Budget, Validation

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from hpcraft.stages import Work
    from hpcraft.train.pretrain import Phase, PretrainConfig

ENTITIES = "entities.json"
"""Precision, recall and F1 of each kind of entity on the valid split, where a phase learns them."""
_TOKENS_OF = {"train": f"{TOKENS}/train", "valid": f"{TOKENS}/valid"}
_WHOLE = frozenset(("backtranslate", "entities"))
"""Objectives that work with a model's parts, or generate with it."""
_ANNOTATED = frozenset(("words", "entities"))
"""Objectives that look at the syntax; ``fill`` does so where its option ``syntax`` is above 0."""


def prepare(config: PretrainConfig, work: Work, tokenizer: Path) -> dict[str, int]:
    """Tokenize the texts; counts for the manifest.

    Raises:
        ConfigError: objectives that there aren't, or that don't go together.
        InputError: the corpus is too small.
    """
    for phase in config.all_phases:
        _check(phase, config)
    annotated = any(
        name in _ANNOTATED or phase.options.get(name, {}).get("syntax") for phase in config.all_phases for name in phase.objectives
    )
    ours = config.architecture == DECODER and is_own(bpe.load_any(tokenizer))
    mix = Mix(
        documents=config.document_characters,
        functions=config.function_characters if ours else 0,
        directives=config.directive_examples if ours else 0,
    )
    corpus = work.inputs["corpus"]
    tokens.write(work.out / _TOKENS_OF["train"], texts(corpus, "train", mix, work.seed), tokenizer, annotated=annotated)
    valid = validation_texts(corpus, config.valid_characters, work.seed)
    tokens.write(work.out / _TOKENS_OF["valid"], valid, tokenizer, annotated=annotated, num_workers=1)
    num_bytes: Counter[str] = Counter()
    for text in valid:
        num_bytes[text.language] += len(text.text.encode())
    write_json(work.out / TOKENS / "valid_bytes.json", dict(num_bytes))
    found = tokens.Tokens(work.out / _TOKENS_OF["train"])
    if (shown := found.fewest_in_an_epoch) < config.batch_rows * config.row_tokens:
        raise InputError(
            f"{corpus}: too small, the {shown} tokens that an epoch shows don't fill one step of {config.batch_rows} x {config.row_tokens}; "
            "mine more, or give smaller batch_rows"
        )
    return {"texts": len(found), "text_tokens": found.num_tokens}


def _check(phase: Phase, config: PretrainConfig) -> None:
    Mixture(dict(phase.objectives))
    for name in phase.objectives:
        own = phase.options.get(name, {})
        length = (own.get("denoise", {}) if name == "backtranslate" else own).get("length", 0)
        if length > config.row_tokens:
            raise ConfigError(
                f"objective {name}: length {length} is more than the row_tokens of {config.row_tokens}, so its texts would be cut"
            )
    if config.sharding == "fsdp" and (whole := sorted(_WHOLE & set(phase.objectives))):
        raise ConfigError(f"objective {whole[0]}: needs the whole model in each process; give sharding=ddp")
    wanted = "decoder" if config.architecture == DECODER else "encoder-decoder"
    for name in phase.objectives:
        found = _architecture(name)
        if found != wanted and not (found == "tagger" and wanted == "encoder-decoder"):
            raise ConfigError(f"objective {name}: is for {found}s, not for {wanted}s; give architecture={found}, or another objective")


def _architecture(name: str) -> str:
    from importlib import import_module

    module, _, kind = OBJECTIVES[name][0].partition(":")
    return str(getattr(import_module(module), kind).architecture)


def specials_of(folder: Path, tokenizer: Tokenizer, base: Path | None) -> Specials:
    """The control tokens of a tokenizer of ours, or what stands for them in one of others and in the config of its model."""
    if is_own(tokenizer):
        return Specials.of(tokenizer)
    start = read_json(base / "config.json").get("decoder_start_token_id") if base else None
    return Specials.of_hub(load_tokenizer(folder), first=start)


def is_own(tokenizer: Tokenizer) -> bool:
    """Whether `hpcraft tokenizer train` made it."""
    return tokenizer.token_to_id(END) is not None


# ---------------------------------------------------------------- on every rank


def learn(config: PretrainConfig, work: Work) -> list[Fitted]:
    """Go through the phases; on rank 0 ``model/`` is written."""
    with memory_told(work.out):
        return _learn(config, work)


def _learn(config: PretrainConfig, work: Work) -> list[Fitted]:
    import torch

    from hpcraft.train.trainer import agreed, barrier, rank, world

    folder = tokenizer_folder(work.inputs, work.out)
    tokenizer = bpe.load_any(folder)
    specials = specials_of(folder, tokenizer, base_folder(work.inputs["base"]) if "base" in work.inputs else None)
    done = work.out / DONE
    found: list[Fitted] = []
    torch.manual_seed(work.seed)
    model = _model(config, work, tokenizer)
    for number, phase in enumerate(config.all_phases):
        weights, facts = done / f"{number}.pt", done / f"{number}.json"
        # One rank looks, since all must go the same way.
        [known] = agreed([float(rank() == 0 and _is_over(weights, facts))])
        spread = world() > 1 and config.sharding == "fsdp"
        if not known:
            fitted = _phase(config, work, tokenizer, specials, phase, number, model)
            if rank() == 0:
                checkpoint.save_weights(weights, fitted.weights or model.state_dict(), "the weights of the phase")
                write_json(facts, {"fitted": plain(fitted), "weights_sha256": sha256_file(weights)})
        barrier()
        found.append(Fitted(**read_json(facts)["fitted"]))
        if spread:
            model = _model(config, work, tokenizer)  # the other one is spread over the ranks
        if known or spread:
            model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    if rank() == 0:
        names = {name for phase in config.all_phases for name in phase.objectives}
        if is_own(tokenizer):
            save_model(model, folder, work.out / "model", ModelFacts(context=config.context, tasks=("fim",) if "fill" in names else ()))
        else:
            save_others(model, folder, work.out / "model")
    barrier()
    return found


def _is_over(weights: Path, facts: Path) -> bool:
    """Whether a phase has left its weights as they were written; damaged ones are named, and the phase goes on from its newest checkpoint."""
    if not facts.is_file():
        return False
    try:
        if weights.is_file() and sha256_file(weights) == read_json(facts).get("weights_sha256"):
            return True
    except InputError:
        pass  # the facts themselves are
    note(f"note: {weights}: damaged; the phase is made again")
    return False


def num_parameters(out: Path) -> int:
    """Parameters of the model that was written."""
    from safetensors import safe_open

    total = 0
    for file in (out / "model").glob("*.safetensors"):
        with safe_open(file, "pt") as weights:
            total += sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118 - it is no mapping
    return total


def entities_f1(out: Path) -> float | None:
    """F1 over all entities on the valid split, or None where no phase learnt them."""
    return float(read_json(out / ENTITIES)["all"]["f1"]) if (out / ENTITIES).is_file() else None


def _model(config: PretrainConfig, work: Work, tokenizer: Tokenizer) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    if "base" in work.inputs:
        if config.size:
            raise ConfigError(f"size {config.size!r}: a base has its own; leave one of the two out")
        generator = load(base_folder(work.inputs["base"]), device="cpu")
        if not generator.is_own and "tokenizer" not in work.inputs:
            check_tokenizer(generator, str(work.inputs["base"]))
        if config.architecture == DECODER and config.context > generator.facts.context:
            raise ConfigError(f"context: {config.context} is more than the {generator.facts.context} that {work.inputs['base']} can see")
        model: Any = generator.model
        if model.config.is_encoder_decoder != (config.architecture != DECODER):
            kind = "encoder-decoder" if model.config.is_encoder_decoder else DECODER
            raise InputError(f"{work.inputs['base']}: its model is of kind {kind}; give architecture={kind}")
        check_causal(model, work.inputs["base"])
        if model.config.model_type != "t5" and any(
            _architecture(name) == "tagger" for phase in config.all_phases for name in phase.objectives
        ):
            raise InputError(f"{work.inputs['base']}: entities are learnt by models of T5's kind, and this is a {model.config.model_type}")
        return model
    kind = AutoModelForCausalLM if config.architecture == DECODER else AutoModelForSeq2SeqLM
    return kind.from_config(build(config.architecture, config.layers, tokenizer, config.context))


def _phase(config: PretrainConfig, work: Work, tokenizer: Tokenizer, specials: Specials, phase: Phase, number: int, model: Any) -> Fitted:
    import torch

    from hpcraft.train.trainer import Feed, rank, world

    torch.manual_seed(work.seed + number)  # of the head of a tagger; the same where a run goes on with this phase
    train = tokens.Tokens(work.out / _TOKENS_OF["train"])
    objective = _objective(phase, config, specials, tokenizer, train)
    micro = _micro_rows(config, world())
    learner = tagger_of(model) if objective.architecture == "tagger" else model
    source = CorpusSource(
        tokens=train,
        objective=objective,
        width=config.row_tokens,
        step_rows=config.batch_rows,
        rows=micro,
        seed=work.seed + number,
        apart="base" in work.inputs and objective.architecture == DECODER and not _packs(model, work),
    )
    validation = _validation(config, work, objective, specials)
    names = "-".join(phase.objectives)
    fitted = fit(
        learner,
        Feed(source=source, rows=micro, beside=config.beside, complete=objective.complete if objective.cycle else None),
        _budget(config, phase, learner),
        work.out if len(config.all_phases) == 1 else work.out / f"phase-{number + 1}-{names}",
        seed=work.seed,
        validation=validation,
        label=f"pretrain: {names}" if config.phases else "pretrain",
        running=Running(
            accumulate=config.batch_rows // (micro * world()),
            sharding=config.sharding,
            compile=config.compile,
            recompute=config.recompute,
            tensorboard=config.tensorboard,
            packed=objective.architecture == DECODER and not source.apart,
        ),
    )
    if learner is not model:
        take_encoder(model, learner)
        if validation and rank() == 0:
            found = measure(learner, validation.batches)
            table = {kind: {"precision": s.precision, "recall": s.recall, "f1": s.f1} for kind, s in found.items()}
            write_json(work.out / ENTITIES, table)
    return fitted


def _budget(config: PretrainConfig, phase: Phase, learner: Any) -> Budget:
    return Budget(
        max_steps=phase.max_steps,
        max_seconds=phase.max_seconds,
        learning_rate=phase.learning_rate
        or config.learning_rate
        or learning_rate(learner.config.get_text_config().hidden_size / HEAD_WIDTH),
        checkpoint_seconds=config.checkpoint_seconds,
        evaluations=config.evaluations,
        select=phase.select or config.select,
        patience=0 if phase.select == LAST else config.patience,
    )


def _packs(model: Any, work: Work) -> bool:
    """Whether a base keeps packed texts apart; where it doesn't, a note says so."""
    if kept := keeps_apart(model):
        return kept
    note(
        f"note: {work.inputs['base']}: lets texts in one row see each other, so each gets a row of its own; give row_tokens near their length"
    )
    return False


def _objective(phase: Phase, config: PretrainConfig, specials: Specials, tokenizer: Tokenizer, train: tokens.Tokens) -> Objective:
    tables = None
    if set(phase.objectives) & NEEDS_TABLES:
        languages = sorted({tokens.LANGUAGES[n] for n in set(train.texts["language"].tolist())})
        tables = NoiseTables.of(tokenizer, (train.document(n) for n in range(len(train)) if not train.texts[n]["ready"]), languages)
    options: dict[str, dict[str, Any]] = {name: dict(phase.options.get(name, {})) for name in phase.objectives}
    for name, own in options.items():
        inner = own.setdefault("denoise", {}) if name == "backtranslate" else own
        inner.setdefault("length", config.row_tokens)
    return Mixture(dict(phase.objectives)).make(options | {n: o for n, o in phase.options.items() if n not in options}, specials, tables)


def _micro_rows(config: PretrainConfig, processes: int) -> int:
    """Rows that a process computes at a time.

    Raises:
        ConfigError: the rows of a step can't be shared evenly.
    """
    micro = config.micro_rows or config.batch_rows // processes
    if micro < 1 or config.batch_rows % (micro * processes):
        raise ConfigError(
            f"batch_rows {config.batch_rows}: can't be shared by {processes} processes with {micro} rows at a time; give a multiple of the two"
        )
    return micro


def _validation(config: PretrainConfig, work: Work, objective: Objective, specials: Specials) -> Validation | None:
    valid = tokens.Tokens(work.out / _TOKENS_OF["valid"])
    if not len(valid):
        return None
    if objective.architecture != "decoder":
        source = CorpusSource(
            tokens=valid, objective=objective, width=config.row_tokens, step_rows=config.batch_rows, rows=config.batch_rows, seed=work.seed
        )
        # What back-translation would add isn't measured: it changes with the model.
        batches = [b for maker in source.window(0, 0, 0) or [] if "into" not in (b := maker())]
        return Validation(batches=batches, num_bytes=0) if batches else None
    rows: dict[str, list[Row]] = {}
    for number in range(len(valid)):
        document = valid.document(number)
        begin = specials.end if specials.text == NONE else specials.text
        rows.setdefault(document.language, []).extend(_windows(document.ids.tolist(), config.context, begin))
    batches, languages = [], []
    for language, some in sorted(rows.items()):
        for batch in by_length(some, 4 * config.context, Random(work.seed)):
            batches.append(padded(batch))
            languages.append(language)
    num_bytes = read_json(work.out / TOKENS / "valid_bytes.json")
    return Validation(batches=batches, num_bytes=sum(num_bytes.values()), languages=tuple(languages), bytes_by_language=num_bytes)


def _windows(ids: list[int], context: int, begin: int) -> Iterator[Row]:
    """Windows of a text, each behind a token that begins or ends one: what isn't predicted would have its bytes counted and not its bits."""
    for at in range(0, len(ids), context - 1):
        yield Row((begin, *ids[at : at + context - 1]), 1)
