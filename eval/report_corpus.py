"""What the report says of the corpus: mined and kept, as the manifests of ``mine`` and ``prepare`` count it.

Nothing is counted again; a figure that a stage didn't give is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcraft.eval.report_text import LANGUAGES, MODELS
from hpcraft.store import Manifest, read_manifest

_SHOWN_ROWS = 14


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One row of a breakdown."""

    name: str
    files: int
    size_bytes: int
    share: float
    """Of all bytes in the breakdown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakdown:
    """Files and bytes by one property."""

    title: str
    meaning: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejections:
    """How many rows a stage dropped, by reason, most frequent first."""

    stage: str
    total: int
    reasons: tuple[tuple[str, int, float], ...]
    """Reason, rows, share of the stage's rejections."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Units:
    """What was cut out of the kept files, by language."""

    language: str
    functions: int
    loops: int
    """With a directive."""
    programs: int
    kernels: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """What was mined and what was kept of it."""

    mined_files: int | None
    mined_bytes: int | None
    packages: int | None
    kept_files: int | None
    kept_bytes: int | None
    breakdowns: tuple[Breakdown, ...]
    units: tuple[Units, ...]
    rejections: tuple[Rejections, ...]
    copies: tuple[tuple[str, int], ...] = ()
    """What was found to be there twice, or to be a benchmark's, with how often."""


def read_corpus(mine: Path | None, prepare: Path | None) -> Corpus | None:
    """What the manifests of ``mine`` and ``prepare`` say, or None when neither was given."""
    mined = read_manifest(mine) if mine else None
    prepared = read_manifest(prepare) if prepare else None
    if mined is None and prepared is None:
        return None
    by_package = _metric(mined, "by_package")
    by_language = _metric(prepared, "by_language")
    kept = _breakdowns(prepared)
    return Corpus(
        mined_files=_total(by_package, "files"),
        mined_bytes=_total(by_package, "bytes"),
        packages=len(by_package) or None,
        kept_files=_total(by_language, "files"),
        kept_bytes=_total(by_language, "bytes"),
        breakdowns=(*_breakdown_of_mine(by_package), *kept),
        units=_units(prepared),
        rejections=tuple(r for m in (mined, prepared) if m and (r := rejections(m))),
        copies=tuple(_copies(prepared)) if prepared else (),
    )


def rejections(manifest: Manifest) -> Rejections | None:
    """The rejections of a stage, None when there were none."""
    total = sum(manifest.rejections.values())
    if not total:
        return None
    ordered = sorted(manifest.rejections.items(), key=lambda r: (-r[1], r[0]))
    return Rejections(stage=manifest.stage, total=total, reasons=tuple((reason, n, n / total) for reason, n in ordered))


def _units(prepared: Manifest | None) -> tuple[Units, ...]:
    counts: Any = prepared.metrics.get("units", {}) if prepared else {}
    kinds: dict[str, Mapping[str, int]] = {kind: counts.get(kind, {}) for kind in ("functions", "loops", "programs", "kernels")}
    languages = {language for languages in kinds.values() for language, n in languages.items() if n}
    names: list[str] = sorted(languages, key=lambda n: (-kinds["functions"].get(n, 0), n))
    return tuple(Units(language=LANGUAGES.get(n, n), **{kind: kinds[kind].get(n, 0) for kind in kinds}) for n in names)


def _copies(prepared: Manifest) -> Iterator[tuple[str, int]]:
    """What a corpus without them had looked for; what wasn't looked for isn't there."""
    metrics: Any = prepared.metrics
    duplicates, leakage = metrics.get("duplicates", {}), metrics.get("leakage", {})
    words = {
        "exact": "Files with the text of another, removed",
        "near": "Near duplicates of another file, removed",
        "leak": "Files too like one of another split, removed",
        "units": "Units whose text or tree is there already, removed",
    }
    yield from ((said, duplicates[kind]) for kind, said in words.items() if kind in duplicates)
    if leakage:
        yield f"Pairs of files in two splits that are as alike as {leakage['threshold']:g}, left", leakage["pairs"]
    yield from ((f"Files and units with a text of suite {suite}, removed", n) for suite, n in metrics.get("contamination", {}).items())
    if metrics.get("contamination") == {}:
        yield "Files and units with a text of a suite", 0


def _metric(manifest: Manifest | None, name: str) -> Mapping[str, Mapping[str, int]]:
    value: Any = manifest.metrics.get(name) if manifest else None
    return value if isinstance(value, dict) else {}


def _total(parts: Mapping[str, Mapping[str, int]], what: str) -> int | None:
    return sum(p[what] for p in parts.values()) if parts else None


def _breakdown_of_mine(by_package: Mapping[str, Mapping[str, int]]) -> Iterable[Breakdown]:
    if by_package:
        meaning = "Every source file taken from each package, before any cleaning."
        yield Breakdown(title="Mined, by package", meaning=meaning, parts=_parts(by_package, {}, _total(by_package, "bytes") or 1))


def _breakdowns(prepared: Manifest | None) -> list[Breakdown]:
    kinds: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
        ("by_package", "Kept, by package", "What is left of each package after cleaning and removing duplicates.", {}),
        ("by_language", "Kept, by language", "The language is decided by the file's name and its text.", LANGUAGES),
        ("by_licence", "Kept, by licence", "SPDX expression, read from the file or from the package's copyright file.", {}),
        (
            "by_model",
            "Kept, by parallel model",
            "Found in the text. A file may use several models and then counts in each; serial means none was found.",
            MODELS,
        ),
        ("by_split", "Kept, by split", "Whole packages go to one split, so that no package is in both training and test.", {}),
    )
    found = ((title, meaning, names, _metric(prepared, key)) for key, title, meaning, names in kinds)
    whole = _total(_metric(prepared, "by_language"), "bytes") or 1
    return [Breakdown(title=t, meaning=m, parts=_parts(values, names, whole)) for t, m, names, values in found if values]


def _parts(values: Mapping[str, Mapping[str, int]], names: Mapping[str, str], whole: int) -> tuple[Part, ...]:
    ordered = sorted(values.items(), key=lambda item: (-item[1]["bytes"], item[0]))
    if len(ordered) > _SHOWN_ROWS + 1:
        rest = [v for _, v in ordered[_SHOWN_ROWS:]]
        others = {"files": sum(v["files"] for v in rest), "bytes": sum(v["bytes"] for v in rest)}
        ordered = [*ordered[:_SHOWN_ROWS], (f"{len(rest)} others", others)]
    return tuple(
        Part(name=names.get(n, n) or "none", files=v["files"], size_bytes=v["bytes"], share=v["bytes"] / whole) for n, v in ordered
    )
