"""A recipe that is wrong is refused with one line that says what to do; a right one resolves to typed configs."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from hpcraft import recipe
from hpcraft.errors import ConfigError, InputError
from hpcraft.recipe import Recipe, load

GOOD = """\
name: toy
seed: 7
stages:
  make:
    parts: 2
    sources: [a, b]
  count:
"""


@pytest.fixture
def write(tmp_path: Path, toys: ModuleType) -> Path:
    """A good recipe of the toy stages."""
    path = tmp_path / "toy.yaml"
    path.write_text(GOOD)
    return path


def read(path: Path, text: str, *overrides: str) -> Recipe:
    """Write and load a recipe."""
    path.write_text(text)
    return load(path, overrides)


def test_good_recipe(write: Path) -> None:
    """Defaults are filled in, lists become tuples, inputs are wired to the stage of their kind."""
    found = load(write)
    make, count = found.stages
    assert (found.name, found.seed) == ("toy", 7)
    assert (make.config.parts, make.config.sources, make.config.style) == (2, ("a", "b"), "plain")
    assert count.inputs == {"parts": "make"}


def test_resolved_recipe_reads_back_the_same(write: Path, tmp_path: Path) -> None:
    """What a run writes as ``recipe.yaml`` is itself a recipe, of the same experiment."""
    found = load(write, ["make.limit=3"])
    again = read(tmp_path / "again.yaml", yaml.safe_dump(found.as_dict(), sort_keys=False))
    assert again == found


def test_a_folder_of_the_users_may_be_a_stage(tmp_path: Path) -> None:
    """Suite ``completion`` is read from the tasks that the recipe makes, suite ``pareval`` from a checkout; a stage that comes later is none."""
    text = """\
name: holes
stages:
  mine: {sources: ["path:./code"]}
  tasks: {inputs: {data: mine}}
  generate: {suites: [completion], inputs: {data: tasks}}
  judge: {inputs: {data: tasks}}
  ask: {uses: generate, suites: [pareval], inputs: {data: ./ParEval}}
  look: {uses: judge, timing: true, inputs: {completions: ask, data: ./ParEval}}
"""
    found = {plan.name: plan.inputs for plan in read(tmp_path / "holes.yaml", text).stages}
    assert found["tasks"] == {"data": "mine"}
    assert found["generate"]["data"] == "tasks"
    assert found["judge"] == {"completions": "generate", "data": "tasks"}
    assert found["look"] == {"completions": "ask", "data": "./ParEval"}
    with pytest.raises(ConfigError, match="input 'data' is stage 'tasks', which doesn't stand before it"):
        read(tmp_path / "late.yaml", text.replace("  tasks: {inputs: {data: mine}}\n", ""))


def test_two_stages_of_a_kind(write: Path) -> None:
    """``uses`` lets a kind stand twice, and ``inputs`` says which of them, or which finished folder, is read."""
    text = """\
name: toy
stages:
  big: {uses: make, parts: 9}
  small: {uses: make}
  both: {uses: count, inputs: {parts: small}}
  other: {uses: count, inputs: {parts: ../elsewhere/make}}
"""
    found = read(write, text)
    assert [plan.inputs for plan in found.stages[2:]] == [{"parts": "small"}, {"parts": "../elsewhere/make"}]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 7", "sede: 7", "no key 'sede', did you mean 'seed'?"),
        ("parts: 2", "part: 2", "stages.make: no key 'part', did you mean 'parts'?"),
        ("  make:", "  maek:", "stages.maek: no stage 'maek', did you mean 'make'?"),
        ("  make:", "  make:\n    inputs: {parts: make}", "no input 'parts'"),
        ("  count:", "  count: {inputs: {part: make}}", "no input 'part', did you mean 'parts'?"),
        ("  count:", "  count: {inputs: {parts: mak}}", "is stage 'mak', which doesn't stand before it, did you mean 'make'?"),
        ("  count:", "  count: {inputs: [make]}", "stages.count.inputs: expected INPUT: STAGE"),
        ("  count:", "  count: 3", "stages.count: expected keys and values (got 3)"),
        ("  count:", "  count: {uses: [make]}", "no stage"),
        ("  count:", "  ../count: {uses: count}", "names the stage's folder"),
        ("seed: 7", "seed: much", "seed: expected a whole number"),
        ("seed: 7", "seed: -1", "seed: expected a whole number from 0 to 4294967295 (got -1)"),
        ("seed: 7", "seed: true", "seed: expected a whole number"),
        ("name: toy", "name: ../toy", "names the run folder"),
        ("name: toy", "name: ..", "names the run folder"),
        ("name: toy", "schema: hpcraft.recipe/9\nname: toy", "schema 'hpcraft.recipe/9', this version reads"),
        ("name: toy", "name: toy\nname: toy", "key 'name' stands twice"),
        ("parts: 2", "parts: 2\n    parts: 3", "key 'parts' stands twice"),
        ("name: toy", "1: toy", "no key 1"),
    ],
)
def test_wrong_key_or_value_is_one_clear_line(write: Path, old: str, new: str, message: str) -> None:
    """Each mistake names what was given and what is allowed, the nearest right word where there is one."""
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        read(write, GOOD.replace(old, new, 1))
    assert message in str(caught.value)
    assert str(write) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("parts: '2'", "parts: Input should be a valid integer (got '2')"),
        ("parts: 2.5", "parts: Input should be a valid integer"),
        ("parts: true", "parts: Input should be a valid integer"),
        ("parts: -1", "parts: must not be negative"),
        ("scale: wide", "scale: Input should be a valid number"),
        ("label: 3", "label: Input should be a valid string (got 3)"),
        ("loud: 1", "loud: Input should be a valid boolean"),
        ("limit: none", "limit: Input should be a valid integer"),
        ("style: odd", "style: Input should be 'plain' or 'fancy' (got 'odd')"),
        ("sources: a", "sources: Input should be a valid array (got 'a')"),
        ("sources: [a, 1]", "sources.1: Input should be a valid string (got 1)"),
    ],
)
def test_wrong_type_is_refused(write: Path, value: str, message: str) -> None:
    """Types are read strictly: nothing is guessed from text, and the message shows what was given."""
    with pytest.raises(ConfigError) as caught:
        read(write, GOOD.replace("parts: 2\n    sources: [a, b]", value))
    assert message in str(caught.value)


@pytest.mark.parametrize(("text", "scale"), [("2", 2.0), ("1e-3", 0.001), ("5E+2", 500.0), (".5", 0.5)])
def test_numbers_as_people_write_them(write: Path, text: str, scale: float) -> None:
    """A whole number does for a fraction, and 1e-3 is a number."""
    assert read(write, GOOD.replace("parts: 2", f"scale: {text}")).stages[0].config.scale == scale


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("make.parts=9", "parts", 9),
        ("stages.make.parts=9", "parts", 9),
        ("make.sources=[x, y]", "sources", ("x", "y")),
        ("make.sources=[debian:hypre, path:./src]", "sources", ("debian:hypre", "path:./src")),
        ("make.label=a=b", "label", "a=b"),
        ("make.label=[", None, None),
        ("make.limit=null", "limit", None),
    ],
)
def test_set(write: Path, override: str, key: str | None, value: object) -> None:
    """``--set`` changes a value as YAML would give it; text that isn't YAML stays text."""
    if key is None:
        assert load(write, [override]).stages[0].config.label == "["
    else:
        assert getattr(load(write, [override]).stages[0].config, key) == value


def test_set_reaches_the_head_empty_stages_and_inputs(write: Path) -> None:
    """The seed, a stage without a body and an input that the recipe doesn't mention can be set."""
    found = load(write, ["seed=9", "count.factor=2", "make.sources=[]", "count.inputs.parts=./made"])
    assert (found.seed, found.stages[1].config.factor, found.stages[1].inputs) == (9, 2, {"parts": "./made"})


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("make.parts", "expected KEY=VALUE"),
        ("make.partz=1", "no key 'partz', did you mean 'parts'?"),
        ("maek.parts=1", "the recipe has no 'maek', did you mean 'make'?"),
        ("sede=1", "no key 'sede', did you mean 'seed'?"),
        ("make.parts.deep=1", "the recipe has no 'parts'"),
        ("make.parts=many", "parts: Input should be a valid integer"),
        ("stages=3", "stages: expected at least one of"),
        ("=3", "no key ''"),
    ],
)
def test_bad_set_is_refused(write: Path, override: str, message: str) -> None:
    """A wrong ``--set`` says what the recipe has."""
    with pytest.raises(ConfigError) as caught:
        load(write, [override])
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "just words", "name: [", "a: b: c", "\x00\x01"])
def test_not_a_recipe(write: Path, text: str) -> None:
    """Text that is no YAML mapping is refused in one line."""
    with pytest.raises(ConfigError) as caught:
        read(write, text)
    assert str(write) in str(caught.value)


def test_a_missing_a_binary_file_and_a_folder(tmp_path: Path) -> None:
    """What cannot be read as text is an input error, with exit code 3."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\x7fELF\xff\xfe\x00")
    for path, message in [(tmp_path / "none.yaml", "no such recipe"), (binary, "not a text file"), (tmp_path, "not a text file")]:
        with pytest.raises(InputError, match=message) as caught:
            load(path)
        assert caught.value.exit_code == 3


@pytest.mark.parametrize("kind", recipe.STAGES)
def test_every_kind_of_stage_is_there(kind: str) -> None:
    """Each module of the table has a stage of that very name, with a help text for every setting, and plain values as defaults."""
    stage = importlib.import_module(recipe.STAGES[kind]).STAGE
    assert stage.name == kind
    for source in stage.inputs.values():
        assert source.stage in recipe.STAGES or (source.stage == "" and (source.foreign or source.model))
        assert source.help
    for f in dataclasses.fields(stage.config):
        assert f.metadata.get("help"), f"{kind}.{f.name} has no help"


def test_the_recipes_of_the_repository_load(root: Path) -> None:
    """Every recipe in ``recipes/`` is valid."""
    paths = sorted((root / "recipes").glob("*.yaml"))
    assert paths
    for path in paths:
        assert load(path).stages


def test_a_bare_null_among_words_is_the_word() -> None:
    """``models: [reference, null]`` names the model ``null``, though YAML reads it as nothing."""
    stage = recipe.load_stage("generate")
    config = recipe.build_config(stage, {"models": recipe.parse_value("[reference, null]")}, where="test")
    assert config.models == ("reference", "null")
