"""The data set card of a corpus, ``README.md``: written from counts alone, so that it says what was measured and nothing else.

Its head is the YAML that the Hugging Face Hub and ``datasets.load_dataset`` read. Names that come out of mined packages are shown as code, with
everything that would be markup taken away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import PurePath
from typing import Any

from hpcraft import __version__
from hpcraft.data.card_words import KNOWN_LIMITS, LANGUAGE_NAMES, NAMES, UNITS, hub_licences, reason_words, size_category
from hpcraft.data.facts import CONFIGS, SPLITS, Facts, rank
from hpcraft.data.redact import EMAIL, SECRET

_LONGEST_TABLE = 40
PLOT_TITLES = {
    "languages": "Megabytes by language",
    "models": "Files by parallel model",
    "licences": "Megabytes by licence",
    "packages": "Megabytes by package",
    "constructs": "Constructs found most often",
    "clauses": "Clauses found most often",
    "sizes": "Files by size",
    "years": "Files by the year of their last change",
    "rejections": "Files left out, by reason",
}
"""Plot name to what it shows."""


def card(facts: Facts, plots: Iterable[str] = ()) -> str:
    """The whole card.

    Args:
        facts: the counts of the corpus.
        plots: names of the plots that lie beside it under ``statistics/``.
    """
    shown = set(plots)
    parts = chain(
        [_head(facts), "# HPC code corpus", ""],
        _summary(facts),
        _loading(facts),
        _sources(facts),
        _sized(facts, "Licences", "by_licence", _LICENCES, "licences", shown),
        _sized(facts, "Languages", "by_language", "", "languages", shown),
        _sized(facts, "Parallel models", "by_model", _MODELS, "models", shown),
        _counted(facts, shown),
        _shapes(shown),
        _splits(facts),
        _removed(facts, shown),
        _duplicates(facts),
        _decontamination(facts),
        _repairs(facts),
        _reproduce(facts),
        ["## Known limits", "", *(f"- {limit}" for limit in KNOWN_LIMITS), ""],
        _citation(),
    )
    return "\n".join(parts).rstrip() + "\n"


_LICENCES = (
    "Every row has an SPDX expression (`licence`) and what it rests on (`licence_evidence`). The licence of each file binds whoever uses it; "
    "the card's own list is a summary."
)
_MODELS = "A file with two models counts under both; `serial` has none."


def front_matter(facts: Facts) -> dict[str, Any]:
    """The YAML head as a mapping."""
    languages = [name for name, _, _ in facts.sized("by_language")]
    models = [name for name, _, _ in facts.sized("by_model") if name != "serial"]
    configs = []
    for config, name in CONFIGS.items():
        files = [{"split": SPLITS[split], "path": f"{name}-*-{split}.parquet"} for split in SPLITS if facts.shards.get(name, {}).get(split)]
        if files:
            configs.append({"config_name": config, "data_files": files, **({"default": True} if config == "documents" else {})})
    return {
        "pretty_name": "HPC code corpus",
        "license": hub_licences(facts.counts("by_licence")),
        "language": ["code"],
        "programming_language": [LANGUAGE_NAMES.get(name, name) for name in languages],
        "task_categories": ["text-generation"],
        "size_categories": [size_category(facts.files)],
        "tags": list(dict.fromkeys(["code", "hpc", *(LANGUAGE_NAMES.get(name, name).lower() for name in languages), *models])),
        "configs": configs,
    }


def _head(facts: Facts) -> str:
    import yaml

    return f"---\n{yaml.safe_dump(front_matter(facts), sort_keys=False, allow_unicode=True)}---\n"


def _summary(facts: Facts) -> Iterator[str]:
    mined = facts.counts("mined")
    came = f", out of {mined['files']:,} files ({_mb(mined['bytes'])}) that were mined" if mined else ""
    packages = f" of {len(facts.counts('by_package')):,} packages"
    yield f"{facts.files:,} files ({_mb(facts.bytes)}){packages}{came}, with the licence and the provenance of each. Made by hpcraft {__version__}."
    yield ""
    rows = [(config, f"`{name}-*`", f"{facts.rows.get(name, 0):,}") for config, name in CONFIGS.items() if name in facts.rows]
    yield from _table(("configuration", "files", "rows"), rows)
    units = facts.counts("units")
    languages = sorted({language for counts in units.values() for language in counts})
    if languages:
        yield from _table(
            ("unit", *(str(LANGUAGE_NAMES.get(name, name)) for name in languages)),
            [(UNITS.get(kind, _code(kind)), *(f"{counts.get(name, 0):,}" for name in languages)) for kind, counts in units.items()],
        )


def _loading(facts: Facts) -> Iterator[str]:
    first = next((config for config, name in CONFIGS.items() if config != "documents" and facts.shards.get(name)), "documents")
    split = next((s for s in SPLITS if facts.shards.get(CONFIGS[first], {}).get(s)), "train")
    yield from ("## Loading", "", "```python", "from datasets import load_dataset", "")
    yield from (f'{first} = load_dataset("FOLDER_OR_REPOSITORY", "{first}", split="{SPLITS[split]}")', "```", "")


def _sources(facts: Facts) -> Iterator[str]:
    sources = facts.counts("sources")
    sizes = {name: (files, size) for name, files, size in facts.sized("by_package")}
    rows = []
    for package in sorted(set(sources) | set(sizes)):
        source = sources.get(package, {})
        files, size = sizes.get(package, (0, 0))
        rows.append((_code(package), _code(source.get("source", "")), _code(source.get("version", "")), f"{files:,}", _mb(size)))
    yield from ("## Sources", "")
    yield from _table(("package", "source", "version", "files kept", "size"), rows)


def _sized(facts: Facts, title: str, metric: str, words: str, plot: str, shown: set[str]) -> Iterator[str]:
    rows = facts.sized(metric)
    if not rows:
        return
    yield from (f"## {title}", "", *([words, ""] if words else []))
    name = title.removesuffix("s").lower()
    total = sum(size for _, _, size in rows) or 1
    yield from _table(
        (name, "files", "size", "share"),
        [(_code(NAMES.get(key, key)), f"{files:,}", _mb(size), f"{size / total:.1%}") for key, files, size in rows],
    )
    yield from _pictures(shown, (plot,))


def _counted(facts: Facts, shown: set[str]) -> Iterator[str]:
    for title, metric, plot in (("Constructs", "by_construct", "constructs"), ("Clauses", "by_clause", "clauses")):
        ranked = facts.ranked(metric)
        if ranked:
            yield from (f"## {title}", "")
            yield from _table((title.removesuffix("s").lower(), "found"), [(_code(key), f"{count:,}") for key, count in ranked])
            yield from _pictures(shown, (plot,))


def _splits(facts: Facts) -> Iterator[str]:
    by_split = facts.sized("by_split")
    if not by_split:
        return
    yield from ("## Splits", "", "Whole packages are for training, validation or testing.")
    if leakage := facts.counts("leakage"):
        yield f"Every pair of documents of two splits was compared: {leakage['pairs']:,} are as alike as {leakage['threshold']:g} (Jaccard similarity"
        yield "of lexer shingles after renaming)."
    yield ""
    packages: dict[str, list[str]] = {}
    kept = facts.counts("by_package")
    for package, split in sorted(facts.counts("splits").items()):
        if package in kept:
            packages.setdefault(split, []).append(package)
    rows = []
    for split, files, size in sorted(by_split, key=lambda row: list(SPLITS).index(row[0]) if row[0] in SPLITS else len(SPLITS)):
        names = packages.get(split, [])
        more = f" and {len(names) - _LONGEST_TABLE} more" if len(names) > _LONGEST_TABLE else ""
        rows.append((SPLITS.get(split, split), f"{files:,}", _mb(size), ", ".join(map(_code, names[:_LONGEST_TABLE])) + more))
    yield from _table(("split", "files", "size", "packages"), rows)


def _removed(facts: Facts, shown: set[str]) -> Iterator[str]:
    if not facts.rejections:
        return
    yield from ("## What was left out", "")
    yield from _table(
        ("reason", "files", "what it means"),
        [(_code(reason), f"{count:,}", reason_words(reason)) for reason, count in rank(facts.rejections)],
        longest=len(facts.rejections),
    )
    yield from _pictures(shown, ("rejections",))


def _duplicates(facts: Facts) -> Iterator[str]:
    counts = facts.counts("duplicates")
    if not counts:
        return
    words = {
        "exact": "files with the text of another",
        "near": "near duplicates of another file",
        "leak": "files too like one of another split",
        "clusters": "documents that stand for others",
        "units": "units whose text or tree is there already",
    }
    yield from (
        "## Duplicates",
        "",
        "The column `cluster` names the document that stands for all near duplicates of a row; `cluster_files` counts them.",
        "",
    )
    yield from _table(("found", "number"), [(words.get(key, _code(key)), f"{int(count):,}") for key, count in counts.items()])


def _decontamination(facts: Facts) -> Iterator[str]:
    counts = facts.counts("contamination")
    folders = [PurePath(str(path)).name for path in facts.config.get("decontaminate") or ()]
    yield from ("## Decontamination", "")
    if "contamination" not in facts.metrics:
        yield from ("The corpus was not compared with any benchmark.", "")
        return
    share = f"{float(facts.config.get('benchmark_share', 0.5)):.0%}"
    yield f"Documents that hold {share} of the 12-token runs of a benchmark's text, and functions with the syntax tree of a benchmark's, were left out."
    yield "`contamination-*.parquet` names each with the task that it holds." if counts else "None was found."
    if folders:
        yield f"Compared with folders of the maker's own too: {', '.join(map(_code, folders))}."
    yield ""
    if counts:
        yield from _table(("suite", "left out"), [(_code(suite), f"{count:,}") for suite, count in rank(counts)])


def _repairs(facts: Facts) -> Iterator[str]:
    for title, metric, head, words in (
        ("Redactions", "redactions", "what", f"Replaced by `{SECRET}` and `{EMAIL}`, before duplicates were removed."),
        ("Encodings", "encodings", "encoding", "In which the files were written, before duplicates were removed; the text is UTF-8."),
    ):
        ranked = facts.ranked(metric)
        if ranked:
            yield from (f"## {title}", "", words, "")
            yield from _table((head, "number"), [(_code(key), f"{count:,}") for key, count in ranked])


def _reproduce(facts: Facts) -> Iterator[str]:
    import yaml

    sources = list(dict.fromkeys(str(s["source"]) for s in facts.counts("sources").values() if s.get("source")))
    made_from = facts.counts("made_from")
    config = {key: list(value) if isinstance(value, tuple) else value for key, value in facts.config.items()}
    if config.get("decontaminate"):
        config["decontaminate"] = [PurePath(str(path)).name for path in config["decontaminate"]]
    recipe = {
        "schema": "hpcraft.recipe/1",
        "name": "corpus",
        "seed": facts.seed,
        "stages": {"mine": {"sources": sources}, **made_from, "prepare": config},
    }
    yield from ("## How to make it again", "", f"With hpcraft {__version__}, `hpcraft run recipe.yaml` where `recipe.yaml` holds:", "")
    yield from ("```yaml", yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True).rstrip(), "```", "")
    yield "Paths are those of the maker's computer. The same versions of the sources (see the table above) and the same options give the same"
    yield from ("bytes; `manifest.json` holds the hashes of all files.", "")


def _citation() -> Iterator[str]:
    yield from ("## Citation", "", "```bibtex", "@misc{hpcraft_corpus,", "  title = {HPC code corpus made by hpcraft},")
    yield from (f"  note = {{hpcraft {__version__}; cite the packages of the table above for their code}}", "}", "```")


def _shapes(shown: set[str]) -> Iterator[str]:
    pictures = list(_pictures(shown, ("packages", "sizes", "years")))
    if pictures:
        yield from ("## Packages, sizes and years", "", *pictures)


def _pictures(shown: set[str], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name in shown:
            yield from (f"![{PLOT_TITLES[name]}](statistics/{name}.png)", "")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], longest: int = _LONGEST_TABLE) -> Iterator[str]:
    """A Markdown table; of a long one the first rows, and how many are left out."""
    if not rows:
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows[:longest]:
        yield f"| {' | '.join(row)} |"
    yield ""
    if len(rows) > longest:
        yield from (f"{len(rows) - longest:,} more are in `statistics.json`.", "")


def _code(name: object) -> str:
    """A name as code, on one line, without what would end the code or the cell."""
    text = re.sub(r"\s+", " ", re.sub(r"[`|\x00-\x08\x0b-\x1f\x7f]", " ", str(name))).strip()
    return f"`{text}`" if text else ""


def _mb(size: int) -> str:
    return f"{size / 1e6:,.2f} MB"
