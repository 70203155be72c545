"""``hpcraft release``: a run's model as a Hub repository that plain transformers loads, with a card made from the run's own figures.

Weights are safetensors, the architecture is a stock one, and nothing needs remote code. Figures, packages and licences are
read from the results and manifests of the run, never typed. Nothing is uploaded.
Not covered: GGUF itself; llama.cpp's converter reads the folder, as docs/tokenizer.md shows.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from hpcraft.command import Command, say
from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import MODEL_FILE, TOKENIZER_FILES, TOKENIZER_MODEL, read_facts
from hpcraft.store import MANIFEST, Manifest, read_json, read_manifest, write_json, write_text
from hpcraft.train.provenance import Provenance, read_provenance

_PLACES = ("mutual/translator", "finetune/model", "pretrain/model")
"""Where a run has its model, best first."""
_LICENCE = "other"
_HUB_FILES = ("config.json", "generation_config.json", *TOKENIZER_FILES, TOKENIZER_MODEL, MODEL_FILE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One figure of the released model, as the judge wrote it."""

    suite: str
    suite_version: int
    level: str
    metric: str
    value: float
    ci95: tuple[float, float]
    n: int
    date: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft release``."""
    parser.add_argument("run", type=Path, help="run folder of a recipe, such as runs/quickstart")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="new or empty folder for the repository")
    parser.add_argument("--name", help="name of the model (default: the run's)")
    parser.add_argument("--model", metavar="STAGE/FOLDER", help=f"which model of the run (default: the first of {', '.join(_PLACES)})")


def main(args: argparse.Namespace) -> int:
    """Write the repository."""
    name = args.name or args.run.resolve().name
    written = release(args.run, args.to, name=name, place=args.model)
    say(
        args,
        {"folder": str(args.to), "files": written},
        f"release: {len(written)} files -> {args.to}; look at README.md before you share it",
    )
    return 0


def release(run: Path, to: Path, *, name: str, place: str | None = None) -> list[str]:
    """Write a Hub repository of a run's model into ``to``; returns its files.

    Raises:
        InputError: the run has no finished model.
        ConfigError: ``to`` isn't empty.
    """
    if not run.is_dir():
        raise InputError(f"{run}: no such folder; give the folder of a run")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ConfigError(f"{to}: not an empty folder; give a new one")
    model = _find_model(run, place)
    stage = _stage_of(model, run)
    to.parent.mkdir(parents=True, exist_ok=True)
    # The folder gets its name when it is whole, so half a release is never taken for one.
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as beside:
        whole = Path(beside) / "release"
        whole.mkdir()
        _write(whole, name, model, read_manifest(stage), read_provenance(run), list(_scores(run, model, stage)))
        if to.exists():
            to.rmdir()
        whole.rename(to)
    return sorted(p.relative_to(to).as_posix() for p in to.rglob("*") if p.is_file())


def _write(folder: Path, name: str, model: Path, manifest: Manifest, provenance: Provenance, scores: list[Score]) -> None:
    """Write the files of the repository."""
    for weights in sorted(model.glob("*.safetensors*")):
        shutil.copyfile(weights, folder / weights.name)
    for file in _HUB_FILES:
        if (model / file).is_file():
            shutil.copyfile(model / file, folder / file)
    _clean_config(folder)
    write_text(folder / "README.md", _card(name, model, manifest, provenance, scores))
    for suite, text in _eval_results(name, scores).items():
        write_text(folder / ".eval_results" / f"{suite}.yaml", text)
    write_json(folder / "provenance.json", provenance.as_json())


def _find_model(run: Path, place: str | None) -> Path:
    for candidate in (place,) if place else _PLACES:
        folder = run / str(candidate)
        if (folder / "config.json").is_file() and (folder / "model.safetensors").is_file():
            return folder
    raise InputError(f"{run}: no model in {place or ', '.join(_PLACES)}; run the recipe to its end, or name the place with --model")


def _stage_of(model: Path, run: Path) -> Path:
    """The folder of the stage that made the model."""
    for folder in (model, *model.parents):
        if (folder / MANIFEST).is_file():
            return folder
        if folder == run:
            break
    raise InputError(f"{model}: the stage that made it isn't finished; run the recipe again, it resumes")


def _clean_config(folder: Path) -> None:
    config = read_json(folder / "config.json")
    if "auto_map" in config:
        raise InputError(f"{folder}: the model's config asks for remote code (auto_map), which a release may not")
    # Transformers 5 writes class names that transformers 4 and vLLM don't know.
    tokenizer = read_json(folder / "tokenizer_config.json") | {"tokenizer_class": "PreTrainedTokenizerFast"}
    write_json(folder / "tokenizer_config.json", tokenizer)


def _names_of(model: Path, stage: Path, run: Path) -> Iterator[str]:
    """How the run's results call the model: ``hf:@model/SUB`` only where the answers were made by this very output of its stage."""
    wanted = read_manifest(stage).outputs_sha256
    manifests = [read_manifest(path.parent) for path in run.glob(f"*/{MANIFEST}")]
    judged = {m.inputs.get("completions") for m in manifests if m.stage == "judge"}
    if any(m.outputs_sha256 in judged and m.inputs.get("model") == wanted for m in manifests):
        yield "hf:@model/" + model.relative_to(stage).as_posix()


def _is_of(name: str, model: Path, names: set[str]) -> bool:
    kind, _, where = name.partition(":")
    return name in names or (kind == "hf" and not where.startswith("@") and Path(where).resolve() == model.resolve())


def _scores(run: Path, model: Path, stage: Path) -> Iterator[Score]:
    """The figures of the released model; `reference` and `null` are yardsticks, and a run may judge other models too."""
    names = set(_names_of(model, stage, run))
    for path in sorted((run / "judge").glob("*/*/results.json")):
        results = read_json(path)
        if not _is_of(str(results.get("model", "")), model, names) or results.get("limited"):
            continue
        for level, figures in sorted(results["levels"].items()):
            for metric, figure in sorted(figures["metrics"].items()):
                low, high = figure["ci95"]
                yield Score(
                    suite=results["suite"],
                    suite_version=int(results["suite_version"]),
                    level=level,
                    metric=metric,
                    value=float(figure["value"]),
                    ci95=(float(low), float(high)),
                    n=int(figure["n"]),
                    date=str(results["created"])[:10],
                )


def _card(name: str, model: Path, manifest: Manifest, provenance: Provenance, scores: list[Score]) -> str:
    facts = read_facts(model)
    front = {
        "license": _LICENCE,
        "license_name": "see-the-licences-of-the-training-data-below",
        "language": ["code"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["hpc", "code", "hpcraft", *facts.tasks],
        "model-index": [{"name": name, "results": _index(scores)}],
    }
    lines = [
        "---",
        yaml.safe_dump(front, sort_keys=False, allow_unicode=True).rstrip(),
        "---",
        f"# {name}",
        "",
        f"A small decoder made by hpcraft {manifest.versions.get('hpcraft', '')}: it was taught {', '.join(facts.tasks) or 'to continue code'}.",
        "Its answers are drafts: compile and run them, as hpcraft does, before you trust them.",
        "",
        "```python",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        f'model, tokenizer = AutoModelForCausalLM.from_pretrained("{name}"), AutoTokenizer.from_pretrained("{name}")',
        "```",
        "The prompts that it knows are written by `hpcraft.tokenizer.prompt`; `hpcraft.inference.load(folder).translate(...)` does all of it.",
        "",
        "## Results",
        "",
        *(_table(scores) if scores else ["The run has no judged results of this model."]),
        "",
        "CUDA results say their level: `compile` (built only), `emulate` (run on the CPU) or `device`.",
        "",
        "## Training data",
        "",
        *provenance.lines(),
        "",
    ]
    return "\n".join(lines)


def _table(scores: list[Score]) -> list[str]:
    head = ["| suite | level | metric | value | 95 % interval | tasks |", "|---|---|---|---|---|---|"]
    return head + [f"| {s.suite} | {s.level} | {s.metric} | {s.value:.3f} | {s.ci95[0]:.3f} to {s.ci95[1]:.3f} | {s.n} |" for s in scores]


def _index(scores: list[Score]) -> list[dict[str, object]]:
    """The ``results`` of ``model-index``: one entry for each suite and level."""
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.suite, score.level), []).append(score)
    return [
        {
            "task": {"type": "text-generation", "name": "HPC code"},
            "dataset": {"type": f"hpcraft-{suite}", "name": f"hpcraft {suite}", "config": level, "revision": str(group[0].suite_version)},
            "metrics": [{"type": s.metric, "name": f"{s.metric} ({level})", "value": round(s.value, 4)} for s in group],
        }
        for (suite, level), group in groups.items()
    ]


def _eval_results(name: str, scores: list[Score]) -> dict[str, str]:
    """The newer form of results: suite to the text of its file."""
    files: dict[str, list[dict[str, object]]] = {}
    for s in scores:
        if not s.metric.startswith("pass"):
            continue
        entry: dict[str, object] = {
            "dataset": {"id": f"hpcraft/{s.suite}", "task_id": f"{s.suite}_{s.level}", "revision": str(s.suite_version)},
            "value": round(100 * s.value, 2),
            "date": s.date,
            "notes": f"{name}: {s.metric}, level {s.level}, {s.n} tasks, 95 % interval {100 * s.ci95[0]:.1f} to {100 * s.ci95[1]:.1f}",
        }
        files.setdefault(s.suite, []).append(entry)
    return {suite: yaml.safe_dump(entries, sort_keys=False) for suite, entries in files.items()}


COMMAND = Command(
    summary="write a Hub repository of a trained model",
    example="hpcraft release runs/quickstart --to my-model",
    add_arguments=add_arguments,
    main=main,
)
