"""Where a report comes from: recipe, machine, versions, times and the command, out of the stages' manifests.

The run folder around the stages, where there is one, adds the recipe and the command that was typed.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpcraft import __version__
from hpcraft.eval.report_text import duration
from hpcraft.store import Manifest, read_json, read_manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class StageRow:
    """One stage that the report was made from."""

    name: str
    seconds: float
    rows: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    created: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The page's header and its last section."""

    title: str
    version: str
    facts: tuple[tuple[str, str], ...]
    stages: tuple[StageRow, ...]
    seconds: float
    versions: tuple[tuple[str, str], ...]
    recipe_text: str


def read_origin(inputs: Mapping[str, Path], title: str) -> Origin:
    """What is known of the run that ``inputs`` belong to; ``title`` goes before the recipe's name."""
    manifests = {name: read_manifest(folder) for name, folder in inputs.items()}
    run = _run_folder(inputs.values())
    recipe_text = (run / "recipe.yaml").read_text(encoding="utf-8", errors="replace") if run else ""
    recipe = _recipe_name(recipe_text)
    newest = max(manifests.values(), key=lambda m: m.created)
    seconds = sum(m.seconds for m in manifests.values())
    facts = (
        ("Recipe", recipe or "none: stages were run one by one"),
        ("Date", newest.created.replace("T", " ").replace("+00:00", " UTC")),
        ("Machine", _machine(newest)),
        (
            "Versions",
            ", ".join(f"{n} {newest.versions[n]}" for n in ("hpcraft", "python", "torch", "transformers") if n in newest.versions),
        ),
        ("Time, all stages together", duration(seconds)),
        ("Command", _command(run) or _own_command(inputs)),
    )
    return Origin(
        title=title or recipe or "stages of a run",
        version=__version__,
        facts=facts,
        stages=tuple(_row(name, m) for name, m in sorted(manifests.items(), key=lambda item: (item[1].created, item[0]))),
        seconds=seconds,
        versions=tuple(sorted(_merged(manifests.values()).items())),
        recipe_text=recipe_text,
    )


def _run_folder(folders: Iterable[Path]) -> Path | None:
    """The run that all ``folders`` stand in, if they stand in one."""
    parents = {f.resolve().parent for f in folders}
    run = parents.pop() if len(parents) == 1 else None
    return run if run and (run / "recipe.yaml").is_file() else None


def _recipe_name(text: str) -> str:
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return ""
    return str(value.get("name", "")) if isinstance(value, dict) else ""


def _command(run: Path | None) -> str:
    """What was typed to run the recipe; the program by its name, wherever it lies."""
    words = read_json(run / "env.json").get("command") if run and (run / "env.json").is_file() else None
    if not isinstance(words, list) or not words:
        return ""
    return shlex.join([Path(str(words[0])).name, *map(str, words[1:])]).replace("__main__.py", "python -m hpcraft", 1)


def _own_command(inputs: Mapping[str, Path]) -> str:
    return shlex.join(["hpcraft", "report", *(w for name, folder in inputs.items() for w in (f"--{name}", str(folder))), "-o", "report"])


def _machine(manifest: Manifest) -> str:
    host = manifest.host
    return f"{host.get('system', '?')} {host.get('machine', '?')}, {host.get('cores', '?')} cores"


def _row(name: str, manifest: Manifest) -> StageRow:
    return StageRow(
        name=name,
        seconds=manifest.seconds,
        rows=tuple(manifest.rows.items()),
        notes=tuple(manifest.notes),
        created=manifest.created.replace("T", " ").replace("+00:00", ""),
        sha256=manifest.outputs_sha256,
    )


def _merged(manifests: Iterable[Manifest]) -> dict[str, str]:
    """Versions over all stages; where stages differ, all of them are named."""
    found: dict[str, list[str]] = {}
    for manifest in manifests:
        for name, version in manifest.versions.items():
            if version not in found.setdefault(name, []):
                found[name].append(version)
    return {name: " and ".join(versions) for name, versions in found.items()}
