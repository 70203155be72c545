"""Recipes: a whole experiment as one YAML file, read into typed configs.

A recipe names its stages in order. Each key below ``stages`` is a folder of the run; ``uses`` names the
kind of stage when it differs from the key, ``inputs`` says which stage (or finished folder) each input is, and
every other key belongs to the config of that kind.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from hpcraft.command import check_seed
from hpcraft.errors import ConfigError, InputError
from hpcraft.errors import nearest as nearest
from hpcraft.stages import Stage

SCHEMA = "hpcraft.recipe/1"

STAGES: dict[str, str] = {
    "mine": "hpcraft.data.mine",
    "benchmarks": "hpcraft.eval.benchmarks",
    "prepare": "hpcraft.data.prepare",
    "tokenizer": "hpcraft.tokenizer.train",
    "pairs": "hpcraft.data.pairs",
    "pretrain": "hpcraft.train.pretrain",
    "finetune": "hpcraft.train.finetune",
    "mutual": "hpcraft.mutual",
    "reinforce": "hpcraft.reinforce",
    "tasks": "hpcraft.eval.hole_tasks",
    "generate": "hpcraft.eval.generate",
    "choose": "hpcraft.eval.choose",
    "judge": "hpcraft.eval.judge",
    "report": "hpcraft.eval.report",
}
"""Kind of stage to the module that has it as ``STAGE``."""

_RECIPE_KEYS = ("schema", "name", "seed", "stages")
_STAGE_KEYS = ("uses", "inputs")
_NULL = "null"
"""In a list of words YAML's null is a word: the model that answers nothing."""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class StagePlan:
    """One stage of a recipe, ready to run."""

    name: str
    stage: Stage[Any]
    config: Any
    inputs: dict[str, str]
    """Input name to the name of an earlier stage, or to a path when it holds a slash."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """A resolved recipe."""

    name: str
    seed: int
    stages: tuple[StagePlan, ...]

    def as_dict(self) -> dict[str, Any]:
        """The recipe with every default written out, as YAML would hold it."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "seed": self.seed,
            "stages": {p.name: {"uses": p.stage.name, "inputs": p.inputs, **_listed(dataclasses.asdict(p.config))} for p in self.stages},
        }


def load_stage(kind: str) -> Stage[Any]:
    """The stage of a kind.

    Raises:
        ConfigError: no such kind.
    """
    if kind not in STAGES:
        raise ConfigError(f"no stage {kind!r}{nearest(kind, STAGES)}; stages are {', '.join(STAGES)}")
    return cast("Stage[Any]", import_module(STAGES[kind]).STAGE)


def load(path: Path, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe and apply ``--set`` overrides such as ``stages.mine.max_files=10`` or ``mine.max_files=10``.

    Raises:
        InputError: the file is missing.
        ConfigError: it isn't YAML, or a key or value is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such recipe; see recipes/ for examples") from None
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise InputError(f"{path}: not a text file ({error})") from None
    try:
        value = _read_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: a recipe is a mapping with the keys {', '.join(_RECIPE_KEYS)}")
    for override in overrides:
        _override(value, override)
    return _resolve(value, str(path))


def build_config(stage: Stage[Any], given: Mapping[str, Any], *, where: str) -> Any:
    """A stage's config from plain values.

    Raises:
        ConfigError: an unknown key (the nearest right one is named), a missing one, or a wrong type or value.
    """
    known = [f.name for f in dataclasses.fields(stage.config)]
    for key in given:
        if key not in known:
            raise ConfigError(f"{where}: no key {key!r}{nearest(key, known)}; {stage.name} has {', '.join(known) or 'no keys of its own'}")
    given = {key: [_NULL if v is None else v for v in value] if isinstance(value, list) else value for key, value in given.items()}
    try:
        # As JSON, because only there strict reading still takes a list for a tuple; "3" is no number, 3 is no text.
        return TypeAdapter(stage.config).validate_json(json.dumps(dict(given), default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        got = f" (got {first['input']!r})" if key and first["type"] != "missing" else ""
        raise ConfigError(f"{where}: {key + ': ' if key else ''}{first['msg'].removeprefix('Value error, ')}{got}") from None


def parse_value(text: str) -> Any:
    """A flag's text as YAML would read it: numbers, booleans, lists; text that isn't YAML stays text."""
    try:
        return _read_yaml(text)
    except yaml.YAMLError:
        return text


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: 1e-3 is a number (PyYAML's rules take it for text), and a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, refusing a second value for a key."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d[\d_]*(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


def _read_yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


def _override(value: dict[str, Any], override: str) -> None:
    dotted, equals, text = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override}: expected KEY=VALUE, such as mine.max_files=10")
    parts = dotted.split(".")
    if parts[0] not in _RECIPE_KEYS:
        if len(parts) == 1:
            raise ConfigError(f"--set {override}: no key {dotted!r}{nearest(dotted, _RECIPE_KEYS)}; give STAGE.KEY=VALUE")
        parts.insert(0, "stages")
    at = value
    for depth, part in enumerate(parts[:-1]):
        below = at.get(part)
        if below is None and (part in at or (depth == 2 and part == "inputs")):
            below = at[part] = {}
        if not isinstance(below, dict):
            raise ConfigError(
                f"--set {override}: the recipe has no {part!r}{nearest(part, map(str, at))}; it has {', '.join(map(str, at))}"
            )
        at = below
    at[parts[-1]] = parse_value(text)


def _resolve(value: dict[str, Any], where: str) -> Recipe:
    for key in value:
        if key not in _RECIPE_KEYS:
            raise ConfigError(f"{where}: no key {key!r}{nearest(key, _RECIPE_KEYS)}; a recipe has {', '.join(_RECIPE_KEYS)}")
    if value.get("schema", SCHEMA) != SCHEMA:
        raise ConfigError(f"{where}: schema {value['schema']!r}, this version reads {SCHEMA!r}")
    name, seed, stages = value.get("name"), value.get("seed", 0), value.get("stages")
    if not isinstance(name, str) or not _WORD.fullmatch(name):
        raise ConfigError(f"{where}: name: expected a word of letters, digits, '-' and '_', which names the run folder (got {name!r})")
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise ConfigError(f"{where}: seed: expected a whole number (got {seed!r})")
    check_seed(seed, f"{where}: seed")
    if not isinstance(stages, dict) or not stages:
        raise ConfigError(f"{where}: stages: expected at least one of {', '.join(STAGES)}")
    plans: list[StagePlan] = []
    for key, body in stages.items():
        plans.append(_plan(str(key), body or {}, [p.name for p in plans], where))
    return Recipe(name=name, seed=seed, stages=tuple(plans))


def _plan(name: str, body: Any, earlier: list[str], where: str) -> StagePlan:
    if not isinstance(body, dict):
        raise ConfigError(f"{where}: stages.{name}: expected keys and values (got {body!r})")
    if not _WORD.fullmatch(name):
        raise ConfigError(f"{where}: stages.{name}: expected a word of letters, digits, '-' and '_', which names the stage's folder")
    try:
        stage = load_stage(str(body.get("uses", name)))
    except ConfigError as error:
        raise ConfigError(f"{where}: stages.{name}: {error}") from None
    given = {k: v for k, v in body.items() if k not in _STAGE_KEYS}
    config = build_config(stage, given, where=f"{where}: stages.{name}")
    chosen = body.get("inputs") or {}
    if not isinstance(chosen, dict):
        raise ConfigError(
            f"{where}: stages.{name}.inputs: expected INPUT: STAGE (got {chosen!r}); inputs are {', '.join(stage.inputs) or 'none'}"
        )
    for key in chosen:
        if key not in stage.inputs:
            raise ConfigError(
                f"{where}: stages.{name}.inputs: no input {key!r}{nearest(key, stage.inputs)}; {stage.name} has {', '.join(stage.inputs)}"
            )
    inputs: dict[str, str] = {}
    for key, spec in stage.inputs.items():
        source = str(chosen.get(key, spec.stage))
        if "/" in source or source in earlier:
            inputs[key] = source
        elif key in chosen or not spec.optional:
            raise ConfigError(
                f"{where}: stages.{name}: input {key!r} is stage {source!r}, which doesn't stand before it{nearest(source, earlier)}"
            )
    return StagePlan(name=name, stage=stage, config=config, inputs=inputs)


def _listed(value: Any) -> Any:
    """Tuples as lists, which YAML can say."""
    if isinstance(value, dict):
        return {k: _listed(v) for k, v in value.items()}
    return [_listed(v) for v in value] if isinstance(value, tuple | list) else value
