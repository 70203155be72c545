"""``hf:`` models: batches that decide nothing, draws by seed, where answers end, prompts too long, conversations, faults."""

import collections
import shutil
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from hpcraft.errors import ConfigError, InputError, PartialError
from hpcraft.eval.answering import SHARD_ANSWERS
from hpcraft.eval.babeltower import TextPair
from hpcraft.eval.generate import STAGE, GenerateConfig
from hpcraft.eval.hf_model import HuggingFace
from hpcraft.eval.models import Answer, Ask
from hpcraft.eval.suites import kernel_tasks
from hpcraft.eval.task import Task, WayBack
from hpcraft.samples import Completion
from hpcraft.stages import execute
from hpcraft.store import read_jsonl
from tests.eval.tiny_models import KINDS, save_chain, save_model, torch

torch.set_num_threads(1)

from hpcraft.decoding import Drawing, Query, Reply, SeededDraw  # noqa: E402 - after torch is known to be there
from hpcraft.inference import Generator, ModelFacts, find_folder, load  # noqa: E402

TASKS = tuple(f"kernels/{kernel}/{model}/c" for kernel in ("axpy", "cg") for model in ("serial", "openmp", "mpi"))
PROMPTS = ("void f(int n) {", "x", "for (int i = 0; i < n; i++) { a[i] = b[i] + c[i]; }\n" * 3, "if (", "#pragma omp parallel for\n")
TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>"


def texts(generator, queries, drawing, done=()):
    """The answers by index."""
    return {i: reply.text for i, reply in generator.replies(queries, drawing, done)}


def rows(folder):
    """The completions of the only model in a folder."""
    (path,) = folder.glob("kernels/*/completions.jsonl")
    return list(read_jsonl(path, Completion))


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_answers_in_a_batch_are_those_of_single_rows(kind, tmp_path):
    """To the last token, against plain ``generate`` on one row without padding: positions and masks are right, whatever the kind."""
    generator = load(save_model(tmp_path, kind))
    assert generator.model.dtype == torch.float32
    together = texts(generator, [Query(prompt=p) for p in PROMPTS], Drawing(max_new_tokens=24))
    assert len(set(together.values())) > 2
    for i, prompt in enumerate(PROMPTS):
        ids = torch.tensor([generator.codec.encode(prompt)])
        alone = generator.model.generate(ids, max_new_tokens=24, do_sample=False, pad_token_id=257, eos_token_id=256)
        begin = 1 if kind == "t5" else ids.shape[1]
        assert together[i] == generator.codec.decode([t for t in alone[0, begin:].tolist() if t < 256])


def test_a_draw_depends_on_its_seed_alone(tmp_path):
    """The same answer alone, among others and in another order; other seeds give other answers."""
    generator = load(save_model(tmp_path))
    drawing = Drawing(max_new_tokens=24, temperature=1.0, top_p=0.9)
    queries = [Query(prompt=p, seed=seed) for p in PROMPTS for seed in (1, 2)]
    together = texts(generator, queries, drawing)
    backwards = texts(generator, queries[::-1], drawing)
    assert together == {len(queries) - 1 - i: text for i, text in backwards.items()}
    assert texts(generator, queries[3:4], drawing)[0] == together[3]
    assert all(together[i] != together[i + 1] for i in range(0, len(queries), 2))


def test_draws_have_the_shares_of_the_model():
    """Over many seeds each token comes as often as its probability says, and none outside of ``top_p``."""
    scores = torch.log(torch.tensor([[0.05, 0.45, 0.0, 0.3, 0.2]]))
    count = 4000

    def drawn(**drawing):
        draw = SeededDraw(range(count), Drawing(**drawing))
        return collections.Counter(draw(torch.zeros((count, 1)), scores.expand(count, -1)).argmax(dim=-1).tolist())

    found = drawn(temperature=1.0)
    for token, share in enumerate((0.05, 0.45, 0.0, 0.3, 0.2)):
        assert found[token] == pytest.approx(count * share, abs=4 * (count * share * (1 - share)) ** 0.5)
    kept = drawn(temperature=1.0, top_p=0.7)
    assert kept.keys() == {1, 3}
    assert kept[1] == pytest.approx(count * 0.6, abs=4 * (count * 0.24) ** 0.5)
    cold = drawn(temperature=0.5)
    assert cold[1] == pytest.approx(count * 0.45**2 / (0.05**2 + 0.45**2 + 0.3**2 + 0.2**2), abs=140)


def test_an_answer_ends_where_it_should(tmp_path):
    """At a word, where ``cut`` says, or at its length; each row of a batch by itself, and the text says no more."""
    generator = load(save_chain(tmp_path, "{abcdefg}\nhijk"))
    queries = [Query(prompt="{"), Query(prompt="{", cut=lambda text: text.find("}") + 1 or None), Query(prompt="h")]
    found = dict(generator.replies(queries, Drawing(max_new_tokens=30)))
    assert [found[i].finish for i in range(3)] == ["length", "cut", "length"]
    assert found[0].text == "abcdefg}\nhijk{abcdefg}\nhijk{ab"
    assert found[1].text == "abcdefg}"
    stopped = dict(generator.replies(queries, Drawing(max_new_tokens=30, stop=("gh", "ij"))))
    assert [(stopped[i].text, stopped[i].finish) for i in range(3)] == [("abcdefg}\nh", "cut"), ("abcdefg}", "cut"), ("", "cut")]


def test_a_cut_ends_the_work_too(tmp_path, monkeypatch):
    """Once all rows of a batch have ended the model isn't asked any more."""
    generator = load(save_chain(tmp_path, "{abcdefg}\nhijk"))
    steps = []
    forward = generator.model.forward

    def counted(*given, **named):
        steps.append(1)
        return forward(*given, **named)

    monkeypatch.setattr(generator.model, "forward", counted)
    texts(generator, [Query(prompt="{", cut=lambda text: text.find("}") + 1 or None)] * 3, Drawing(max_new_tokens=400))
    assert len(steps) < 12


def test_a_long_prompt_loses_its_beginning(tmp_path):
    """Its end is kept, with room for the answer, and how much was left out is told."""
    generator = load(save_model(tmp_path, max_position_embeddings=64))
    drawing = Drawing(max_new_tokens=20)
    (one,) = (reply for _, reply in generator.replies([Query(prompt="a" * 100 + PROMPTS[0] * 3)], drawing))
    assert one.tokens_cut == 100 + 45 - 44
    assert one.text == texts(generator, [Query(prompt=("a" * 100 + PROMPTS[0] * 3)[-44:])], drawing)[0]


def test_a_row_that_the_model_cannot_take_stops_no_other(tmp_path):
    """An id without an embedding: the other rows of the batch are answered as ever; the tokenizer's own padding has none either."""
    folder = save_model(tmp_path / "tiny", vocab_size=100, eos_token_id=1, pad_token_id=0)
    generator = load(folder)
    found = dict(generator.replies([Query(prompt=p) for p in ("ab", "a\xff", "abc")], Drawing(max_new_tokens=4)))
    assert [bool(found[i].error) for i in range(3)] == [False, True, False]
    assert found[0].text == texts(generator, [Query(prompt="ab")], Drawing(max_new_tokens=4))[0]


def test_done_batches_are_not_asked_again(tmp_path):
    """A batch is left out only when all of it is done; what is done in another comes from no second draw."""
    generator = load(save_model(tmp_path))
    queries = [Query(prompt=p, seed=i) for i, p in enumerate(PROMPTS)]
    drawing = Drawing(max_new_tokens=8, temperature=1.0)
    whole = texts(generator, queries, drawing)
    assert texts(generator, queries, drawing, done={0, 3}) == {i: whole[i] for i in (1, 2, 4)}
    assert texts(generator, queries, drawing, done=set(range(5))) == {}


def test_where_it_is_answered_decides_nothing(inline, tmp_path):
    """In this process, or in tasks of any size: the same completions, to the hash."""
    folder = save_model(tmp_path / "tiny", max_position_embeddings=2048)
    config = GenerateConfig(models=(f"hf:{folder}",), tasks=TASKS, samples=2, temperature=0.8, max_new_tokens=8)
    here = execute(STAGE, config, {}, tmp_path / "here").manifest
    there = execute(STAGE, config, {}, tmp_path / "there", executor=inline).manifest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpcraft.eval.answering.SHARD_ANSWERS", 3)
        cut = execute(STAGE, config, {}, tmp_path / "cut", executor=inline).manifest
    assert here.outputs_sha256 == there.outputs_sha256 == cut.outputs_sha256
    assert here.rows["completions"] == 12 < SHARD_ANSWERS
    assert rows(tmp_path / "here")[0].sampling["finish"] == "length"


def test_a_conversation_where_the_tokenizer_has_a_template(generate, tmp_path):
    """The prompt goes in as a turn of the user; ``never`` and ``always`` are obeyed."""
    folder = save_model(tmp_path / "tiny", chat_template=TEMPLATE, max_position_embeddings=2048)
    generator = load(folder)
    assert generator.codec.decode(generator.codec.encode("code", chat=True)) == "<user>code<assistant>"
    options = {"models": (f"hf:{folder}",), "tasks": ("kernels/axpy/serial/c",), "max_new_tokens": 4}
    found = {chat: rows(generate(chat, chat=chat, **options))[0] for chat in ("auto", "never")}
    assert [found[chat].sampling["chat"] for chat in ("auto", "never")] == [True, False]
    assert found["auto"].completion != found["never"].completion
    plain = save_model(tmp_path / "plain")
    with pytest.raises(ConfigError, match="no template"):
        generate("c", chat="always", **options | {"models": (f"hf:{plain}",)})


def test_a_repository_in_the_cache_of_the_hub(tmp_path, monkeypatch):
    """A name with one slash is looked up there, never downloaded; what isn't there is one line."""
    import huggingface_hub.file_download

    cache = tmp_path / "models--someone--tiny"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("abc123")
    save_model(cache / "snapshots" / "abc123")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.file_download, "HF_HUB_CACHE", str(tmp_path), raising=False)
    assert find_folder("someone/tiny") == cache / "snapshots" / "abc123"
    with pytest.raises(InputError, match="hf download someone/else"):
        find_folder("someone/else")


def test_a_broken_model_is_one_line(generate, tmp_path):
    """No tokenizer, damaged weights; the others are still answered."""
    folder = save_model(tmp_path / "tiny")
    shutil.copytree(folder, tmp_path / "bare")
    for path in (tmp_path / "bare").glob("tokenizer*"):
        path.unlink()
    with pytest.raises(InputError, match="tokenizer can't be loaded"):
        generate("a", models=(f"hf:{tmp_path / 'bare'}",), tasks=("kernels/axpy/serial/c",))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(InputError, match=r"can't be loaded.*are kept"):
        generate("b", models=(f"hf:{folder}", "null"), tasks=("kernels/axpy/serial/c",))


def test_a_model_that_raises_is_partial(generate, tmp_path):
    """Every prompt of the kernels has a letter that this one has no embedding for: exit code 5, and no completion is made up."""
    folder = save_model(tmp_path / "tiny", vocab_size=60, eos_token_id=1, pad_token_id=0)
    with pytest.raises(PartialError, match="unanswered, kernels/axpy/serial/c: IndexError"):
        generate("a", models=(f"hf:{folder}",), tasks=("kernels/axpy/serial/c",))


def test_a_kernel_alone_gets_its_host_function_where_it_is_to_be_run():
    """A translator's kernel for a task that asks for a host function is completed by rule; one that is only compared with a text isn't."""
    kernel = (
        "__global__ void axpy(int n, double a, const double *x, double *y) {\n for (int i = threadIdx.x; i < n; i++) y[i] += a * x[i];\n}\n"
    )

    def replies(queries, _drawing, _done):
        yield from ((number, Reply(text=kernel, finish="end")) for number, _ in enumerate(queries))

    generator: Any = SimpleNamespace(chats=False, is_own=True, facts=ModelFacts(tasks=("cuda",)), replies=replies)
    task = next(t for t in kernel_tasks() if t.task_id == "kernels/axpy/cuda/cpp")
    tasks = (task, replace(task, case=TextPair(kind="cuda")))
    found = HuggingFace(generator, GenerateConfig()).answer([Ask(task=t, sample_id=0, seed=0) for t in tasks], ())
    run, compared = (answer.text for answer in found if isinstance(answer, Answer))
    assert 'extern "C" void axpy(' in run
    assert "axpy_kernel<<<blocks, threads>>>(n, a, d_x, d_y);" in run
    assert "__global__ void axpy(" in compared
    assert "extern" not in compared


@pytest.mark.parametrize("tasks", [("cuda", "cuda2c"), ("cuda",)])
def test_cuda_is_asked_back_in_the_format_that_was_taught(tasks):
    """With the wanted function in the prompt, under its name; a translator that wasn't taught it gets the prompt of anybody."""
    kernel = "__global__ void k(float *d, int n) {\n int i = threadIdx.x;\n if (i < n) d[i] *= 2;\n}\n"
    head = "void twice(int n, float *x)"
    seen: list[str] = []

    def replies(queries, _drawing, _done):
        for number, query in enumerate(queries):
            seen.append(query.prompt)
            yield number, Reply(text="<|0|>for(int v2=0;v2<v1;v2++)\nv3[v2]*=2;\n}\n<|end|>", finish="end")

    codec: Any = SimpleNamespace(chats=False)
    generator: Any = Generator(None, codec, ModelFacts(tasks=tasks, cuda_answer="kernel"))
    generator.replies = replies
    task = Task(
        task_id="babeltower/1/c",
        prompt=f"/* Translate the kernel to {head}. */\n{kernel}",
        stem="",
        language="c",
        model="serial",
        level="run",
        group="C",
        prototype=head,
        reference="",
        back=WayBack(source=kernel, model="cuda", head=head),
    )
    model = HuggingFace.__new__(HuggingFace)
    model._generator, model._config, model._chat, model._tokens = generator, GenerateConfig(), False, None
    [answer] = model.answer([Ask(task=task, sample_id=0, seed=0)], ())
    assert isinstance(answer, Answer)
    if "cuda2c" not in tasks:
        assert seen[0].startswith("/* Translate")
        return
    assert seen[0].startswith("<|cuda2c|><|0|>void f0(int v1,float*v3){<|1|>__global__ void f0(float*v0,int v1){")
    assert answer.text.split() == [
        "void",
        "twice(int",
        "n,",
        "float",
        "*x)",
        "{",
        "for",
        "(int",
        "i",
        "=",
        "0;",
        "i",
        "<",
        "n;",
        "i++)",
        "x[i]",
        "*=",
        "2;",
        "}",
    ]
