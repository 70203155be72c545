"""What the report says of training: the curves that ``pretrain``, ``finetune`` and ``mutual`` logged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcraft.eval.report_files import read_objects
from hpcraft.eval.report_plots import Line, line_plot
from hpcraft.store import Manifest, read_manifest

METRICS = "metrics.jsonl"
_SPLITS = {"train": "training", "valid": "validation"}
_MAX_POINTS = 400
"""More would be finer than the screen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """One training run: where it ended, and its plots as SVG."""

    stage: str
    part: str
    """The folder inside the stage's, where a stage trains several models."""
    steps: int
    tokens: int
    seconds: float
    valid_loss: float | None
    """The last one measured."""
    valid_bits: float | None
    first_valid_bits: float | None
    parameters: int | None
    plots: tuple[str, ...]


def read_curves(folder: Path) -> list[Curve]:
    """The curves in a training folder: one for each ``metrics.jsonl`` in it that isn't empty.

    Raises:
        InputError: a log is damaged.
    """
    manifest = read_manifest(folder)
    logs = sorted(o.path for o in manifest.outputs if Path(o.path).name == METRICS)
    return [curve for log in logs if (curve := _curve(manifest, folder, Path(log)))]


def _curve(manifest: Manifest, folder: Path, log: Path) -> Curve | None:
    points = list(read_objects(folder / log, "step", "split"))
    if not points:
        return None
    by_split = {s: [p for p in points if p["split"] == s] for s in _SPLITS}
    valid_loss = [float(p["loss"]) for p in by_split["valid"] if p.get("loss") is not None]
    valid_bits = [float(p["bits_per_byte"]) for p in by_split["valid"] if p.get("bits_per_byte") is not None]
    part = "" if log.parent == Path() else log.parent.as_posix()
    return Curve(
        stage=manifest.stage,
        part=part,
        steps=max(int(p["step"]) for p in points),
        tokens=max(int(p.get("tokens") or 0) for p in points),
        seconds=max(float(p.get("seconds") or 0) for p in points),
        valid_loss=valid_loss[-1] if valid_loss else None,
        valid_bits=valid_bits[-1] if valid_bits else None,
        first_valid_bits=valid_bits[0] if len(valid_bits) > 1 else None,
        parameters=_parameters(manifest.metrics),
        plots=(*_plots(title := " ".join(filter(None, (manifest.stage, part))), by_split), *_by_language(title, points)),
    )


def _parameters(metrics: Mapping[str, Any]) -> int | None:
    found = next((metrics[k] for k in ("parameters", "num_parameters") if k in metrics), None)
    return int(found) if isinstance(found, int | float) else None


def _plots(name: str, by_split: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    x_end = max(p.get("tokens") or p["step"] for points in by_split.values() for p in points)
    for key, label in (("loss", "loss (nats per token)"), ("bits_per_byte", "bits per byte")):
        lines = []
        for style, (split, words) in enumerate(_SPLITS.items()):
            kept = _thinned([(p.get("tokens") or p["step"], p[key]) for p in by_split[split] if p.get(key) is not None])
            if kept:
                lines.append(Line(label=words, x=[x for x, _ in kept], y=[y for _, y in kept], style=style))
        if lines:
            title = f"{name}: {label} against tokens seen, for {' and '.join(line.label for line in lines)} data"
            yield line_plot(re.sub(r"\W+", "-", f"{name}-{key}"), lines, title=title, x_label="tokens seen", y_label=label, x_end=x_end)


def _by_language(name: str, points: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Bits per byte of each language on validation data, where several were measured."""
    languages = sorted({p["split"] for p in points if p["split"].startswith("valid/")})
    if len(languages) < 2:
        return
    lines = []
    for style, split in enumerate(languages):
        measured = [(p["tokens"], p["bits_per_byte"]) for p in points if p["split"] == split]
        lines.append(Line(label=split.removeprefix("valid/"), x=[x for x, _ in measured], y=[y for _, y in measured], style=style))
    title = f"{name}: bits per byte of validation data against tokens seen, by language"
    slug = re.sub(r"\W+", "-", f"{name}-languages")
    yield line_plot(slug, lines, title=title, x_label="tokens seen", y_label="bits per byte", x_end=max(p["tokens"] for p in points))


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most `_MAX_POINTS` of ``points``, evenly spaced, the last one always among them."""
    stride = -(-len(points) // _MAX_POINTS)
    return points[::-1][::stride][::-1] if points else []
