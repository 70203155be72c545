"""Generation: names of models, what is written, and what an interruption leaves."""

import json

import pytest

from hpcraft.cli import main
from hpcraft.errors import ConfigError, InputError, PartialError, Stopped
from hpcraft.eval import models
from hpcraft.eval.generate import STAGE, GenerateConfig, model_files
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.models import Answer, AskError, label, prompt_hash
from hpcraft.eval.suites import kernel_tasks, select
from hpcraft.samples import Completion
from hpcraft.stages import Report, Stage, execute, fingerprint
from hpcraft.store import read_jsonl, read_manifest

ONE = ("kernels/axpy/serial/c", "kernels/axpy/openmp/c", "kernels/axpy/mpi/c")
TEN = tuple(f"kernels/{kernel}/{model}/c" for kernel in ("axpy", "gemv") for model in ("serial", "openmp", "mpi", "offload", "openacc"))


def rows(folder, model):
    """The completions of a model to the kernels."""
    return list(read_jsonl(folder / "kernels" / model / "completions.jsonl", Completion))


def test_the_kernel_suite_has_a_task_for_each_solution():
    """Every kernel is asked in C, C++ and Fortran, serial, OpenMP and MPI, and in CUDA; prompts end with the code to continue."""
    tasks = kernel_tasks()
    ids = {t.task_id for t in tasks}
    assert len(tasks) == len(ids)
    everywhere = {f"{model}/{language}" for model in ("serial", "openmp", "mpi") for language in ("c", "cpp", "fortran")} | {"cuda/cpp"}
    assert {f"kernels/{kernel}/{where}" for kernel in KERNELS for where in everywhere} <= ids
    assert all(t.prompt.endswith(t.stem) and t.stem for t in tasks)
    assert {t.level for t in tasks if t.model == "cuda"} == {"emulate"}
    assert [t.task_id for t in select(tasks, ["kernels/axpy/*/c"], 2)] == ["kernels/axpy/serial/c", "kernels/axpy/openmp/c"]


def test_reference_and_null_are_written(generate):
    """A folder for each model, a line for each answer, with the prompt's hash."""
    out = generate(models=("reference", "null"), tasks=ONE, samples=2)
    found = rows(out, "reference")
    assert [(c.task_id, c.sample_id) for c in found[:2]] == [("kernels/axpy/serial/c", 0), ("kernels/axpy/serial/c", 1)]
    assert len(found) == len(rows(out, "null")) == 6
    assert found[0].prompt_sha256 == prompt_hash(kernel_tasks()[0])
    assert "y[i] += a * x[i]" in found[0].completion
    assert "+=" not in rows(out, "null")[0].completion


class Slow:
    """A model that is killed at its third answer."""

    asked = 0

    def answer(self, asks, done):
        """Answers that depend on the seed, as draws do."""
        for ask in asks:
            if ask.key not in done:
                Slow.asked += 1
                if Slow.asked == 3:
                    raise Stopped("killed")
                yield Answer(ask=ask, text=f"{ask.task.task_id} {ask.seed}")


def test_an_interrupted_generation_ends_as_an_undisturbed_one(tmp_path, monkeypatch):
    """Seeds don't depend on where it stopped, and what was answered isn't asked again; a torn line is."""
    monkeypatch.setitem(models.KINDS, "null", lambda where, folder, config: Slow())
    config = GenerateConfig(models=("null",), tasks=TEN, samples=2)
    Slow.asked = 0
    with pytest.raises(Stopped):
        execute(STAGE, config, {}, tmp_path / "a", seed=3)
    partial = tmp_path / "a.partial" / ".answers" / "kernels" / "null" / "00000.part.jsonl"
    assert len(list(read_jsonl(partial, Completion))) == 2
    with partial.open("a") as file:
        file.write('{"task_id": "torn')
    execute(STAGE, config, {}, tmp_path / "a", seed=3)
    assert Slow.asked == 3 + 18
    execute(STAGE, config, {}, tmp_path / "b", seed=3)
    assert rows(tmp_path / "a", "null") == rows(tmp_path / "b", "null")
    assert len(rows(tmp_path / "a", "null")) == 20
    assert len({c.completion for c in rows(tmp_path / "a", "null")}) == 20
    execute(STAGE, config, {}, tmp_path / "c", seed=4)
    assert {c.completion for c in rows(tmp_path / "c", "null")}.isdisjoint(c.completion for c in rows(tmp_path / "b", "null"))


class Moody:
    """A model that raises at one task."""

    def answer(self, asks, done):
        """Answers but to the tasks in C++."""
        for ask in asks:
            if ask.key not in done:
                yield AskError(f"{ask.task.task_id}: out of memory") if ask.task.language == "cpp" else Answer(ask=ask, text="code")


def test_what_one_model_cannot_do_stops_nothing_else(tmp_path, monkeypatch):
    """A model that raises at some tasks, one that can't be loaded: the others are answered, and the first fault is told."""
    monkeypatch.setitem(models.KINDS, "null", lambda where, folder, config: Moody())
    config = GenerateConfig(models=("null", f"hf:{tmp_path}", "reference"), tasks=("kernels/axpy/serial/*",))
    with pytest.raises(PartialError, match=r"1 unanswered, kernels/axpy/serial/cpp: out of memory.*are kept") as caught:
        execute(STAGE, config, {}, tmp_path / "a")
    assert caught.value.exit_code == 5
    assert len(rows(tmp_path / "a.partial", "reference")) == 4
    assert len(list(read_jsonl(tmp_path / "a.partial/.answers/kernels/null/00000.part.jsonl", Completion))) == 3
    with pytest.raises(InputError, match=r"config\.json.*are kept"):
        execute(STAGE, GenerateConfig(models=(f"hf:{tmp_path}", "reference"), tasks=ONE), {}, tmp_path / "b")


def test_replay_takes_answers_from_a_file(generate, write_completions):
    """Completions made elsewhere become those of this run; a task without one is left out and counted."""
    path = write_completions([("kernels/axpy/serial/c", 0, "code")])
    out = generate(models=(f"replay:{path}",), tasks=ONE)
    assert [c.completion for c in rows(out, label(f"replay:{path}"))] == ["code"]


def test_replay_leaves_out_what_cannot_be_used(generate, tmp_path):
    """Answers to other prompts, second answers and lines that are none: told, and the rest is taken; a file of none is refused."""
    row = {"task_id": "kernels/axpy/serial/c", "sample_id": 0, "completion": "first", "model": "m", "prompt_sha256": ""}
    other = {**row, "task_id": "kernels/axpy/openmp/c", "prompt_sha256": "0" * 64}
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in (row, {**row, "completion": "second"}, other)) + "torn")
    out = generate(models=(f"replay:{path}",), tasks=ONE)
    assert [c.completion for c in rows(out, label(f"replay:{path}"))] == ["first"]
    notes = " ".join(read_manifest(out).notes)
    assert all(words in notes for words in ("1 lines left out, torn", "second answer", "1 answers left out, answered for another prompt"))
    path.write_text(json.dumps(other) + "\n")
    with pytest.raises(InputError, match="another prompt, as all are"):
        generate("none", models=(f"replay:{path}",), tasks=ONE)


def test_replay_tells_what_nobody_asked_for(generate, write_completions):
    """Ids that no suite has, tasks that a pattern leaves out and samples beyond those that are asked are counted by reason, with the first of each."""
    more = [("kernels/axpy/serial/d", 0, "a"), ("kernels/axpy/serial/e", 0, "b"), ("kernels/cg/serial/c", 0, "c")]
    path = write_completions([("kernels/axpy/serial/c", 0, "code"), *more, ("kernels/axpy/openmp/c", 1, "second")])
    out = generate(models=(f"replay:{path}",), tasks=ONE)
    assert [c.completion for c in rows(out, label(f"replay:{path}"))] == ["code"]
    notes = " ".join(read_manifest(out).notes)
    assert "2 lines left out, no such task (the first: line 2: 'kernels/axpy/serial/d'" in notes
    assert "1 lines left out, a task that isn't asked (the first: line 4: kernels/cg/serial/c)" in notes
    assert "1 lines left out, a sample that isn't asked (the first: line 5: kernels/axpy/openmp/c sample 1, and samples=1" in notes
    again = generate(models=(f"replay:{path}", "null"), tasks=ONE)  # now they come from the earlier folder
    assert set(read_manifest(out).notes) <= set(read_manifest(again).notes)


def test_replay_keeps_the_numbers_of_samples(generate, tmp_path):
    """Sample 1 doesn't take the place of a sample 0 that can't be read."""
    row = {"task_id": "kernels/axpy/serial/c", "sample_id": 1, "completion": "second", "model": "m", "prompt_sha256": ""}
    path = tmp_path / "answers.jsonl"
    path.write_text("not JSON\n" + json.dumps(row) + "\n")
    name = f"replay:{path}"
    out = generate(models=(name,), tasks=ONE, samples=2)
    assert [(c.sample_id, c.completion) for c in rows(out, label(name))] == [(1, "second")]
    assert rows(generate("one", models=(name,), tasks=ONE), label(name)) == []


def test_changed_answers_and_weights_are_asked_again(write_completions, tmp_path):
    """A replay file or a model folder outside the inputs is part of what decides the output; one inside isn't told twice."""
    path = write_completions([("kernels/axpy/serial/c", 0, "code")])
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "model.safetensors").write_bytes(b"a")
    config = GenerateConfig(models=(f"replay:{path}", f"hf:{tmp_path / 'tiny'}", "hf:@model/x", "null"))
    before = fingerprint(STAGE, config, {}, 0)
    assert before == fingerprint(STAGE, config, {}, 0)
    assert len(model_files(config)) == 2
    write_completions([("kernels/axpy/serial/c", 0, "other")])
    after = fingerprint(STAGE, config, {}, 0)
    assert after != before
    (tmp_path / "tiny" / "model.safetensors").write_bytes(b"b")
    assert fingerprint(STAGE, config, {}, 0) != after


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"models": ("refrence",)}, "did you mean 'reference'"),
        ({"models": ("hf",)}, "expected hf:FOLDER"),
        ({"models": ("openai:localhost",)}, "expected openai:BASE_URL#MODEL"),
        ({"models": ("openai:http://me:secret@host/v1#m",)}, "no key in the address"),
        ({"models": ("hf:x",), "samples": 2}, "equal answers"),
        ({"stop": ("",)}, "empty word"),
        ({"concurrency": 0}, "at least 1"),
        ({"models": ("reference:x",)}, "expected reference"),
        ({"models": ("null", "null")}, "two models"),
        ({"suites": ("kernel",)}, "did you mean 'kernels'"),
        ({"samples": 0}, "at least 1"),
        ({"temperature": -1.0}, "at least 0"),
    ],
)
def test_a_wrong_config_says_what_is_allowed(config, words):
    """One line with the nearest right name or the bound."""
    with pytest.raises(ConfigError, match=words):
        GenerateConfig(**config)


def test_missing_inputs_are_one_line(generate, tmp_path):
    """No pairs for translation, a folder that is no model, a pattern that matches nothing."""
    with pytest.raises(ConfigError, match="--pairs"):
        generate(suites=("translation",))
    with pytest.raises(InputError, match=r"config\.json"):
        generate(models=(f"hf:{tmp_path}",), tasks=ONE)
    with pytest.raises(ConfigError, match="input 'model'"):
        generate(models=("hf:@model/translator",), tasks=ONE)
    with pytest.raises(InputError, match="no task"):
        generate(tasks=("kernels/nothing/*",))


def test_eval_list_shows_suites_and_tasks(capsys):
    """The table of suites, and the tasks of one with their prompts."""
    assert main(["eval", "list"]) == 0
    assert "translation" in capsys.readouterr().out
    assert main(["eval", "list", "kernels", "--tasks", "kernels/cg/mpi/*", "--prompts"]) == 0
    shown = capsys.readouterr().out
    assert "kernels/cg/mpi/fortran" in shown
    assert "MPI is already initialised" in shown


def test_a_model_folder_answers(generate, tmp_path):
    """Any causal model that transformers loads continues the prompts; @model points into the stage's input."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    torch.manual_seed(0)
    tokenizer = Tokenizer(BPE({c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    folder = tmp_path / "mutual"

    def run(_config, work):
        sizes = {
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "max_position_embeddings": 2048,
        }
        transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=256, **sizes)).save_pretrained(work.out / "tiny")
        tokenizer.save(str(work.out / "tiny" / "tokenizer.json"))
        return Report()

    execute(Stage(name="mutual", summary="", example="", config=GenerateConfig, inputs={}, run=run), GenerateConfig(), {}, folder)
    out = generate(models=("hf:@model/tiny",), tasks=ONE, max_new_tokens=8, inputs={"model": folder})
    found = rows(out, "hf-model-tiny")
    assert [c.task_id for c in found] == ["kernels/axpy/serial/c", "kernels/axpy/openmp/c", "kernels/axpy/mpi/c"]
    assert all(0 < len(c.completion) <= 8 for c in found)
    assert found[0].model == "hf:@model/tiny"
