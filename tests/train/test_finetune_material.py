"""What fine-tuning learns: which lines are taken off, what needs nothing, what is cut, and that questions are those of evaluation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft import inference
from hpcraft.errors import InputError
from hpcraft.eval.completion import completion_tasks
from hpcraft.eval.mpi_insertion import Program, calls_of_labels, calls_of_program, insertion_figures
from hpcraft.eval.prompts import chat_request
from hpcraft.eval.suites import translation_tasks, way_back_tasks
from hpcraft.records import HoleTask, Pair
from hpcraft.shards import ShardWriter
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.insertions import NONE, insertion_prompt, lines_of, numbered, parse_insertions, put_back, take_off, write_insertions
from hpcraft.tokenizer.prompt import ANSWER, END
from hpcraft.train.finetune import FinetuneConfig, part_of
from hpcraft.train.hub_rows import HubMaker
from hpcraft.train.material_complete import completion_examples
from hpcraft.train.material_instruct import instruction_examples
from hpcraft.train.material_mpi import lay_out, mpi_examples
from hpcraft.train.material_openmp import openmp_examples
from hpcraft.train.material_tasks import fitting, gather
from hpcraft.train.tasks import TESTS, Example, examples, make_row, own_maker, way_back
from tests.old_tokenizer import aged
from tests.tokenizer.corpus_folder import finish
from tests.train.conftest import make_pair, signature
from tests.train.tiny_bases import CANARY, EXCHANGE, FORTRAN_LOOP, PROGRAM, save_base, save_metaspace, task_corpus

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=20), max_size=12)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of all tasks."""
    return task_corpus(tmp_path_factory.mktemp("corpus") / "prepare")


@settings(max_examples=50, deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_what_is_taken_off_is_put_back(lines: list[str], rng: Random) -> None:
    """The answer that is taught gives the whole text again, but for the blanks at the ends of what was put in."""
    taken = tuple(sorted(rng.sample(range(len(lines)), rng.randint(0, len(lines)))))
    code, insertions = take_off(lines, taken)
    read = parse_insertions(write_insertions(insertions))
    assert read == insertions
    whole = lines_of(put_back(code, read))
    assert [line.strip() for line in whole] == [line.strip() for line in lines]
    assert numbered(code).count("\n") == len(lines) - len(taken)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_any_answer_is_read(answer: str) -> None:
    """Whatever a model writes, the code stays, with lines put in."""
    found = parse_insertions(answer)
    whole = lines_of(put_back("a;\nb;\n", found))
    assert len(whole) == 2 + len(found)
    assert [line for line in whole if line in ("a;", "b;")][:1]


def test_directives_keep_all_clauses_and_continuations(corpus: Path) -> None:
    """A loop's directive is its whole label; one over several lines is one; Fortran's are lines of comments."""
    found = openmp_examples(corpus, "train", most=100, seed=0, languages=("c", "fortran"))
    answers = {write_insertions(take_off(lines_of(e.target), e.taken)[1]) for e in found if e.taken}
    assert "(0 1, #pragma omp parallel for schedule(static, 3) if(n > 9))" in answers
    assert "(3 1, #pragma omp parallel for reduction(+:sum))" in answers
    assert "(0 1, !$omp parallel do private(i))" in answers
    assert all("omp" not in e.source for e in found)
    assert FORTRAN_LOOP.format(word="flux", number=0) in {e.source for e in found}


def test_loops_that_need_nothing_are_from_files_with_directives(corpus: Path) -> None:
    """A loop is a negative where its file is annotated elsewhere; its answer says that none is needed; none are shown on request."""
    found = openmp_examples(corpus, "train", most=100, seed=0, languages=("c",), negative_repeats=0.5)
    bare = [e for e in found if not e.taken]
    assert len(bare) == 8
    assert not any("elsewhere" in e.source for e in bare)
    assert {e.repeats for e in bare} == {0.5}
    assert all(e.source == e.target for e in bare)
    assert write_insertions(take_off(lines_of(bare[0].target), bare[0].taken)[1]) == NONE
    assert all(e.taken for e in openmp_examples(corpus, "train", most=100, seed=0, languages=("c",), negative_repeats=0))


def test_the_choice_depends_on_the_seed_alone(corpus: Path) -> None:
    """As many units as are asked for, the same for the same seed, others for another."""
    choices = [[e.source for e in openmp_examples(corpus, "train", most=4, seed=seed, languages=("c",))] for seed in (0, 0, 1)]
    assert choices[0] == choices[1] != choices[2]
    assert len(choices[0]) == 8


def test_statements_with_calls_stand_on_lines_of_their_own() -> None:
    """Broken lines, neighbours and bodies without brackets: the statement goes whole, and calls in conditions stay."""
    text = EXCHANGE.format(word="x", number=2)
    found = lay_out(text, "c")
    taken = [lines_of(found.target)[number].strip() for number in found.taken]
    assert taken == [
        "MPI_Send(x, n, MPI_DOUBLE, rank - 1, 2, MPI_COMM_WORLD);",
        "err = MPI_Recv(x, n, MPI_DOUBLE, rank + 1, 2, MPI_COMM_WORLD, &status);",
    ]
    assert "if (rank > 2)\n" in found.source
    assert "x[0] = err;" in found.source
    assert "MPI_Initialized(&flag)" in found.source
    assert "".join(found.target.split()) == "".join(text.split())
    assert [c.name for c in calls_of_program(found.target, "c")] == [c.name for c in calls_of_program(text, "c")]


@pytest.mark.parametrize(
    "text",
    [
        "void f() { for (int i = MPI_Wtime(); i; ) g(); }",
        "int f() { return MPI_Barrier(c); }",
        "void f() { MPI_Send(a, // the buffer\n  1); }",
        "#define S MPI_Send(a)\nvoid f() { S; }",
        "void f() { if (MPI_Init(0, 0)) g(); }",
    ],
)
def test_calls_that_are_no_plain_statement_stay(text: str) -> None:
    """Nothing is taken from heads, conditions, macros, and statements that mean something else on one line."""
    found = lay_out(text, "c")
    assert found.taken == ()
    assert found.source == found.target == text + "\n"


def test_evaluation_reads_the_answers_that_are_taught() -> None:
    """The metric of MPI insertion finds every call of a taught answer, as labels and in the program that they make."""
    found = lay_out(PROGRAM.format(work=""), "c")
    code, insertions = take_off(lines_of(found.target), found.taken)
    answer = write_insertions(insertions)
    gold = calls_of_program(found.target, "c")
    whole = calls_of_program(put_back(code, parse_insertions(answer)), "c")
    assert insertion_figures([Program(gold, whole)], 0)["mpi-program-within-0"].value == 1
    assert [(c.name, c.arguments) for c in calls_of_labels(answer)] == [(c.name, c.arguments) for c in gold]


def test_long_programs_are_cut_and_no_row_loses_its_separator(corpus: Path, run_folder: Path) -> None:
    """Every row of ours is within the limit, has its separator and its end, and each call is taught once."""
    tokenizer = bpe.load(run_folder / "tokenizer")
    items = mpi_examples(corpus, "train", most=100, seed=0, languages=("c",))
    make = own_maker(tokenizer, 300)
    kept, rejections = fitting(items, make, 300)
    assert not rejections
    assert len(kept) > len(items)
    assert sum(len(e.taken) for e in kept) == sum(len(e.taken) for e in items) > 300
    assert sorted("".join(e.target for e in kept)) == sorted("".join(e.target for e in items))
    for item in kept:
        row = make(item, None, Random(0))
        assert row is not None
        assert len(row.ids) <= 300
        assert row.ids[row.num_given - 1] == tokenizer.token_to_id(ANSWER)
        assert row.ids[-1] == tokenizer.token_to_id(END)


def test_holes_are_those_of_the_grammar(corpus: Path) -> None:
    """Each is a part of its function, and has a kind that the suite knows."""
    found = completion_examples(corpus, "train", most=100, seed=0, languages=("c",))
    assert {e.boundary for e in found} == {"expression", "statement", "loop", "function"}
    assert all(e.source and e.target.strip() and e.suffix for e in found)
    loop = next(e for e in found if e.boundary == "loop")
    assert loop.target.startswith("#pragma omp parallel for \\\n    reduction(+:sum)\n    for (")


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5000), st.integers(0, 20))
def test_every_example_is_seen_before_one_is_seen_again(count: int, seed: int) -> None:
    """Parts of an epoch hold each example once, and none is larger than what a step may wait for."""
    items: Any = range(count)
    num_parts = -(-count // 1024)
    for epoch in range(2):
        parts: list[Any] = [part_of(items, seed, epoch * num_parts + part) for part in range(num_parts)]
        assert sorted(item for part in parts for item in part) == list(items)
        assert max(map(len, parts)) <= 1024
        assert min(map(len, parts)) >= min(count, 512)


def test_the_test_split_is_in_no_example(corpus: Path) -> None:
    """No task reads it."""
    found: list[Example] = []
    for split in ("train", "valid"):
        found += openmp_examples(corpus, split, most=100, seed=0, languages=("c", "fortran"))
        found += mpi_examples(corpus, split, most=100, seed=0, languages=("c",))
        found += completion_examples(corpus, split, most=100, seed=0, languages=("c",))
    assert found
    assert not [e for e in found if CANARY in e.source + e.target + e.suffix]


def test_pairs_that_translators_are_not_taught_are_left_out(tmp_path: Path) -> None:
    """Pairs with C++, Fortran or MPI are neither learnt by fine-tuning nor asked by the suites, and hinder nothing."""
    pairs = [make_pair(number, "openmp", split) for number, split in enumerate(("train", "valid", "test"))]
    more = [
        replace(p, pair_id=f"{p.pair_id}-{model}", target_model=model)
        for p in pairs
        for model in ("cpp", "fortran", "fortran+openmp", "mpi")
    ]
    with ShardWriter(tmp_path / "pairs", "pairs", Pair) as shards:
        for pair in (*more, *pairs):
            shards.write(pair)
    finish(tmp_path / "pairs", "pairs")
    for split in ("train", "valid"):
        assert {e.task for e in gather(FinetuneConfig(), tmp_path / "pairs", split, 0, own=True)} == {"openmp", TESTS}
    assert [t.model for t in (*translation_tasks(tmp_path / "pairs"), *way_back_tasks(tmp_path / "pairs"))] == ["openmp", "serial"]


# ---------------------------------------------------------------- rows of others' models


def maker(folder: Path, kind: str, *, chat: bool = False, longest: int = 400) -> tuple[HubMaker, Any]:
    """A maker of rows, and the tokenizer."""
    generator = inference.load(save_base(folder, kind, chat=chat))
    return HubMaker(generator, longest, "base"), generator.codec.tokenizer  # type: ignore[attr-defined]  # it isn't one of ours


def both(make: HubMaker, tokenizer: Any, item: Example, seed: int = 0) -> tuple[str, str]:
    """Prompt and answer of a row, as text."""
    row = make(item, None, Random(seed))
    assert row is not None
    return tokenizer.decode(row.ids[: row.num_given]), tokenizer.decode(row.ids[row.num_given :])


def test_translations_are_asked_as_evaluation_asks_them(tmp_path: Path) -> None:
    """A held-out pair's prompt is that of the suite, continued or as a turn, and the answer is the target."""
    (tmp_path / "pairs").mkdir()
    pair = make_pair(3, "cuda", "test")
    with ShardWriter(tmp_path / "pairs", "pairs", Pair) as shards:
        shards.write(pair)
    finish(tmp_path / "pairs", "pairs")
    [task] = translation_tasks(tmp_path / "pairs")
    [item] = examples([pair], {"tests": 0})
    make, tokenizer = maker(tmp_path / "gpt2", "gpt2")
    assert both(make, tokenizer, item) == (task.prompt, pair.target + "<|endoftext|>")
    make, tokenizer = maker(tmp_path / "qwen2", "qwen2", chat=True, longest=900)
    prompt, answer = both(make, tokenizer, item)
    assert prompt == f"<|im_start|>user\n{chat_request(task)}<|im_end|>\n<|im_start|>assistant\n"
    assert answer == f"```cpp\n{pair.target.strip()}\n```<|im_end|>"


def test_holes_are_asked_as_evaluation_asks_them(tmp_path: Path) -> None:
    """With a model's own tokens, as a request, or as the end of a function: the answer ends with the token that ends texts."""
    item = Example(task="fim", source="int f(int a)\n{\n", target="    a++;\n    return a;", suffix="\n}\n", boundary="function")
    make, tokenizer = maker(tmp_path / "qwen2", "qwen2")
    assert both(make, tokenizer, item) == (
        f"<|fim_prefix|>{item.source}<|fim_suffix|>{item.suffix}<|fim_middle|>",
        item.target + "<|im_end|>",
    )
    make, tokenizer = maker(tmp_path / "llama", "llama", chat=True)
    prompt, answer = both(make, tokenizer, item)
    (tmp_path / "holes").mkdir()
    with ShardWriter(tmp_path / "holes", "holes", HoleTask) as shards:
        shards.write(hole_task(item))
    [task] = completion_tasks(tmp_path / "holes")
    assert task.prompt in prompt
    assert answer == f"```c\n{item.target}\n```</s>"
    make, tokenizer = maker(tmp_path / "gpt2", "gpt2")
    text = item.source + item.target + item.suffix
    rows = {both(make, tokenizer, item, seed) for seed in range(9)}
    assert {prompt for prompt, _ in rows} == {item.source, item.source + "    a++;\n"}
    assert {prompt + answer for prompt, answer in rows} == {text + "<|endoftext|>"}


def hole_task(item: Example) -> HoleTask:
    """The same as a task of the suite."""
    return HoleTask(
        hole_id="h", boundary=item.boundary, language="c", model="serial", prefix=item.source, middle=item.target, suffix=item.suffix,
        empty="", runs=(), expected=(), signature="int f(int a)", tests=("3",), mutants_killed=1, mutants_total=1, source="path:demo",
        package="demo", version="1", path="a.c", sha256="0", licence="MIT", licence_evidence="spdx-header", split="valid", start_line=1,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_lines_to_be_put_back_are_asked_in_words(tmp_path: Path, kind: str) -> None:
    """The code is numbered, the answer names places or says none, and its end is learnt, whatever the padding."""
    make, tokenizer = maker(tmp_path, kind)
    item = Example.of_lines("openmp", ["#pragma omp simd", "for (;;) x();"], (0,))
    prompt, answer = both(make, tokenizer, item)
    assert "1: for (;;) x();\n" in prompt
    assert "#pragma" not in prompt
    assert answer == "(0 1, #pragma omp simd)" + tokenizer.eos_token
    assert both(make, tokenizer, Example.of_lines("openmp", ["for (;;) x();"], ()))[1] == NONE + tokenizer.eos_token


def test_rows_that_would_teach_something_else_are_not_made(tmp_path: Path) -> None:
    """Text that spells a special token isn't learnt; what is too long is left out and counted."""
    make, _ = maker(tmp_path / "gpt2", "gpt2", longest=300)
    items = [Example.of_lines("openmp", lines, ()) for lines in (['puts("<|endoftext|>");'], ["x();"] * 200, ["x();"])]
    assert fitting(items, make, 300) == (items[2:], {"no answer can be written": 1, "too long": 1})
    make, _ = maker(tmp_path / "t5", "t5", longest=300)
    assert [make(item, None, Random(0)) is None for item in items] == [False, True, False]


def test_an_answer_is_spelt_as_it_is_behind_its_prompt(tmp_path: Path) -> None:
    """No blank comes in between where a tokenizer puts one before each text, and what is learnt is what the whole text is made of."""
    save_base(tmp_path, "llama")
    tokenizer = save_metaspace(tmp_path)
    make = HubMaker(inference.load(tmp_path), 400, "base")
    item = Example.of_lines("openmp", ["x();"], ())
    row = make(item, None, Random(0))
    assert row is not None
    prompt = insertion_prompt(item.source, "openmp", "c")
    assert list(row.ids) == [*tokenizer(prompt + NONE)["input_ids"], tokenizer.eos_token_id]
    assert tokenizer(NONE)["input_ids"] != list(row.ids[row.num_given : -1])


# ---------------------------------------------------------------- back to C


def test_the_way_back_has_real_code_as_its_target() -> None:
    """Each parallel side is a source, as the model is to read CUDA, and the C is what is learnt; only what is asked for is shown."""
    pairs = [make_pair(0, "openmp", "train"), make_pair(1, "cuda", "train")]
    found = way_back(pairs, "kernel", {"cuda2c": 0.5, "omp2c": 2.0})
    assert [(e.task, e.target, e.repeats) for e in found] == [("omp2c", pairs[0].source, 2.0), ("cuda2c", pairs[1].source, 0.5)]
    assert found[0].source == pairs[0].target
    assert found[1].source.startswith("__global__ void kernel1(")
    assert "<<<" not in found[1].source
    assert found[1].signature == signature(1)
    assert [e.task for e in way_back(pairs, "whole", {"cuda2c": 1.0})] == ["cuda2c"]
    assert "<<<" in way_back(pairs, "whole", {"cuda2c": 1.0})[0].source
    assert way_back(pairs, "kernel", {}) == []
    assert way_back([replace(pairs[1], origin="mined")], "kernel", {"cuda2c": 1.0}, mined_repeats=3)[0].repeats == 3


def test_a_kernel_with_a_parameter_of_its_own_is_not_read_alone() -> None:
    """What only the host function knows can't be told from the kernel."""
    pair = make_pair(1, "cuda", "train")
    more = replace(pair, target=pair.target.replace("k(int n,", "k(int total, int n,").replace("(n, ", "(n, n, "))
    assert way_back([more], "kernel", {"cuda2c": 1.0}) == []


def test_of_several_targets_the_way_there_shows_the_first_and_the_way_back_all() -> None:
    """No question has two answers."""
    first = make_pair(1, "cuda", "train")
    second = replace(first, target=first.target.replace("threadIdx.x", "blockIdx.x * blockDim.x + threadIdx.x"))
    assert [e.target for e in examples([first, second], {TESTS: 0})] == [first.target]
    assert len(way_back([first, second], "kernel", {"cuda2c": 1.0})) == 2


def test_the_way_back_becomes_rows_of_ours(run_folder: Path) -> None:
    """The prompt begins with the direction, the answer ends with its end; an old tokenizer is told of by name."""
    from types import SimpleNamespace

    from hpcraft.train.finetune import _check_tokens

    tokenizer = bpe.load(run_folder / "tokenizer")
    items = way_back([make_pair(0, "openmp", "train"), make_pair(1, "cuda", "train")], "kernel", {"cuda2c": 1.0, "omp2c": 1.0})
    for item in items:
        row = make_row(item, tokenizer, 3, Random(0))
        assert row is not None
        assert tokenizer.id_to_token(row.ids[0]) == f"<|{item.task}|>"
    old: Any = SimpleNamespace(tokenizer=aged(tokenizer))
    _check_tokens(old, [item for item in items if item.task == "cuda2c"])
    with pytest.raises(InputError, match=r"no token <\|omp2c\|>.*omp2c_repeats=0"):
        _check_tokens(old, items)


def test_instructions_may_hold_any_sign_and_must_be_utf_8(tmp_path: Path) -> None:
    """What ends a line elsewhere ends none of JSON; another encoding is named, with what mends it."""
    line = json.dumps({"instruction": "say\u2028it", "answer": "\x85 é"}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text(f"{line}\n", encoding="utf-8")
    [found] = [item for split in ("train", "valid") for item in instruction_examples(tmp_path, split, most=9, seed=0)]
    assert (found.source, found.target) == ("say\u2028it", "\x85 é")
    (tmp_path / "a.jsonl").write_bytes(line.encode("latin-1", errors="replace"))
    with pytest.raises(InputError, match=r"a\.jsonl: not UTF-8 .* iconv"):
        instruction_examples(tmp_path, "train", most=9, seed=0)
