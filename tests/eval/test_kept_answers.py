"""Answers that cost something are kept when the list of models or suites changes, and by what they were made of alone."""

import json
from typing import ClassVar

import pytest

from hpcraft.errors import InputError, PartialError
from hpcraft.eval import models
from hpcraft.eval.generate import STAGE, GenerateConfig
from hpcraft.eval.models import Answer, AskError
from hpcraft.samples import Completion
from hpcraft.stages import execute
from hpcraft.store import read_jsonl

TASKS = ("kernels/axpy/serial/c", "kernels/axpy/openmp/c", "kernels/axpy/mpi/c")
PROGRAM = "program p\n  print *, 1 + 1\nend program\n"


class Counted:
    """A model that counts what it is asked, and fails where it is told to."""

    asked: ClassVar[list[str]] = []
    fails = ""

    def answer(self, asks, done):
        """A text that depends on the seed."""
        for ask in asks:
            if ask.key not in done:
                Counted.asked.append(ask.task.task_id)
                failed = Counted.fails and Counted.fails in ask.task.task_id
                yield AskError("the server stopped") if failed else Answer(ask=ask, text=f"answer {ask.seed}")


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Ask models the tasks into one folder; ``null`` is the counted one."""
    monkeypatch.setitem(models.KINDS, "null", lambda where, folder, config: Counted())
    Counted.asked, Counted.fails = [], ""

    def run(*names, incomplete=False, inputs=None, seed=0, **config):
        asked = GenerateConfig(models=names, **{"tasks": TASKS, **config})
        return execute(STAGE, asked, inputs or {}, tmp_path / "out", incomplete=incomplete, seed=seed)

    return run


def answers(folder, suite="kernels", model="null"):
    """The texts in a folder."""
    return [c.completion for c in read_jsonl(folder / suite / model / "completions.jsonl", Completion)]


@pytest.mark.parametrize("incomplete", [True, False])
def test_another_list_of_models_asks_only_what_is_new(ask, tmp_path, incomplete):
    """One model can't be loaded: with the list mended, made longer or shorter, what the other one answered isn't asked again."""
    broken = f"hf:{tmp_path / 'none'}"
    if incomplete:
        done = ask("null", broken, incomplete=True)
        assert isinstance(done.fault, InputError)
        assert done.manifest.missing == [f"kernels/{models.label(broken)}"]
        first = answers(tmp_path / "out")
    else:
        with pytest.raises(InputError, match=r"missing: kernels/hf-.*are kept"):
            ask("null", broken)
        first = answers(tmp_path / "out.partial")
    for names in (("null", "reference"), ("null",), ("null", "reference")):
        assert not ask(*names).manifest.missing
        assert answers(tmp_path / "out") == first
        assert {p.parent.name for p in (tmp_path / "out").glob("*/*/completions.jsonl")} == set(names)
        assert not (tmp_path / "out" / ".answers").exists()
    assert sorted(Counted.asked) == sorted(TASKS)


def test_a_folder_that_lacks_something_is_never_up_to_date(ask, tmp_path):
    """The same command tries again what failed, and nothing else."""
    broken = f"hf:{tmp_path / 'none'}"
    for _ in range(2):
        done = ask("null", broken, incomplete=True)
        assert done.fault
        assert not done.skipped
    assert len(Counted.asked) == len(TASKS)


def test_answers_of_a_server_that_stops_are_kept_one_by_one(ask, tmp_path):
    """Two of three were answered: the third alone is asked by a later run with another list."""
    Counted.fails = "openmp"
    done = ask("reference", "null", incomplete=True)
    assert isinstance(done.fault, PartialError)
    assert done.manifest.missing == ["kernels/null"]
    Counted.fails = ""
    ask("null")
    assert len(answers(tmp_path / "out")) == 3
    assert Counted.asked == [*TASKS, "kernels/axpy/openmp/c"]


@pytest.mark.parametrize("change", [{"seed": 1}, {"temperature": 0.5}, {"tasks": TASKS[:2]}, {"prompt_style": "study"}])
def test_what_decides_the_answers_is_asked_again(ask, change):
    """Another seed, another way to draw, other tasks, other prompts."""
    ask("null")
    ask("null", **change)
    assert len(Counted.asked) == 3 + len(change.get("tasks", TASKS))


def test_changed_answers_are_not_taken(ask, tmp_path):
    """A finished folder whose files were edited is no source of answers."""
    ask("null")
    path = tmp_path / "out" / "kernels" / "null" / "completions.jsonl"
    path.write_text(path.read_text().replace("answer", "edited"))
    ask("null", "reference")
    assert all(text.startswith("answer") for text in answers(tmp_path / "out"))


def test_a_suite_that_cannot_be_read_for_once_costs_no_answers(ask, tmp_path):
    """Its folder is broken and mended again: what was answered before is there."""
    data = tmp_path / "data"
    data.mkdir()
    text = json.dumps({"id": 1, "fortran_code": PROGRAM, "cpp_code": "int main() { return 0; }"}) + "\n"
    (data / "x_test.jsonl").write_text(text)
    asked = {"suites": ("kernels", "fortran2cpp"), "tasks": (), "limit": 1, "inputs": {"data": data}}
    ask("null", **asked)
    num_asked = len(Counted.asked)
    (data / "x_test.jsonl").write_text("{")
    done = ask("null", incomplete=True, **asked)
    assert done.manifest.missing == ["fortran2cpp/null"]
    (data / "x_test.jsonl").write_text(text)
    ask("null", **asked)
    assert answers(tmp_path / "out", "fortran2cpp")
    assert len(Counted.asked) == num_asked
