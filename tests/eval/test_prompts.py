"""Prompts: nothing of the tests stands in them, and the styles are kept apart."""

import re

import numpy as np
import pytest

from hpcraft.eval.extract import extract
from hpcraft.eval.generate import STAGE as GENERATE
from hpcraft.eval.generate import GenerateConfig
from hpcraft.eval.judge import STAGE as JUDGE
from hpcraft.eval.judge import JudgeConfig
from hpcraft.eval.models import prompt_hash
from hpcraft.eval.prompt_styles import STYLES, in_style
from hpcraft.eval.prompts import chat_request
from hpcraft.eval.results import read_results
from hpcraft.eval.suites import kernel_tasks, translation_tasks
from hpcraft.records import Pair
from hpcraft.samples import Completion
from hpcraft.shards import ShardWriter
from hpcraft.stages import execute
from hpcraft.store import read_jsonl
from tests.eval.report_run import finish, make_pairs

TASKS = kernel_tasks()
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w.])")


def all_prompts():
    """Every text that a model of any kind is given for the kernels, with its task."""
    for task in TASKS:
        for style in STYLES:
            styled = in_style(task, style)
            yield styled, styled.prompt
            yield styled, chat_request(styled)


def test_no_prompt_holds_anything_of_the_tests():
    """No size, no element of an input or expected output of several seeds, no tolerance, and no line of the reference but those of the head."""
    seen: dict[str, set[float]] = {}
    for kernel in {task.group: task.kernel for task in TASKS}.values():
        assert kernel
        values = {float(n) for n in (*kernel.sizes, *kernel.random_sizes)}
        for seed in (1, 2):
            for call in list(kernel.calls(seed))[:6]:
                expected = [e for output in kernel.oracle(call) for e in (output.values, output.tolerance)]
                for value in (*call, *expected):
                    values |= set(np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()[:200].tolist())
        seen[kernel.name] = {v for v in values if v not in (0, 1, 2, 3, 4, 5)}  # those stand in sentences such as "5-point"
    for task, prompt in all_prompts():
        assert task.kernel
        numbers = {float(n) for n in _NUMBER.findall(prompt)}
        told = {float(n) for n in _NUMBER.findall(task.kernel.summary)}  # what a computation is may need a number, such as of bins
        assert not (numbers - told) & seen[task.kernel.name], (task.task_id, prompt)
        assert len(told & seen[task.kernel.name]) <= 1, task.task_id
        prompted = {line.strip() for line in prompt.splitlines()} - {line.strip() for line in task.stem.splitlines()}
        leaked = [line.strip() for line in task.reference.splitlines() if len(line.strip()) > 12 and line.strip() in prompted]
        assert not leaked, task.task_id


def test_no_prompt_of_a_translation_holds_its_tests_or_target(tmp_path):
    """The C is there, as it is what is to be translated; the tests and the other side are not."""
    with ShardWriter(tmp_path, "pairs", Pair) as shards:
        for pair in make_pairs(20):
            shards.write(pair)
    tasks = translation_tasks(finish(tmp_path, "pairs"))
    assert tasks
    for task in tasks:
        assert task.pair
        for prompt in (task.prompt, chat_request(task)):
            assert task.source.strip() in prompt
            assert not [test for test in task.pair.tests if test in prompt]
            assert task.pair.target.strip() not in prompt


def test_the_styles_of_the_study():
    """The words of the study, with and without its keyword; the head of the function follows, as the judge calls it."""
    tasks = {t.task_id: t for t in TASKS}
    axpy = tasks["kernels/axpy/openmp/c"]
    assert in_style(axpy, "plain") is axpy
    assert in_style(axpy, "study").prompt.startswith("/* axpy OpenMP */\n")
    assert in_style(axpy, "study-hint").prompt.startswith("/* axpy OpenMP function */\n")
    assert in_style(tasks["kernels/cg/mpi/fortran"], "study-hint").prompt.startswith("! cg MPI subroutine\nsubroutine cg(")
    assert 'extern "C" void axpy(' in in_style(tasks["kernels/axpy/cuda/cpp"], "study").prompt
    for task in TASKS:
        prompts = {in_style(task, style).prompt for style in STYLES}
        assert len(prompts) == len({prompt_hash(in_style(task, style)) for style in STYLES}) == 3
        assert all(p.endswith(task.stem) for p in prompts)
        assert len({extract(in_style(task, style), task.reference).code for style in STYLES}) == 1


@pytest.mark.usefixtures("compiles")
def test_results_of_two_styles_are_never_mixed(inline, tmp_path):
    """The judge judges by the style that was asked, its figures rest on another hash of the suite, and a change of style asks again."""
    hashes = []
    for style in ("plain", "study-hint"):
        config = GenerateConfig(models=("reference",), tasks=("kernels/axpy/serial/c",), prompt_style=style)
        execute(GENERATE, config, {}, tmp_path / style)
        (completion,) = read_jsonl(tmp_path / style / "kernels" / "reference" / "completions.jsonl", Completion)
        assert completion.sampling["prompt_style"] == style
        execute(JUDGE, JudgeConfig(), {"completions": tmp_path / style}, tmp_path / f"{style}-results", executor=inline)
        results = read_results(tmp_path / f"{style}-results" / "kernels" / "reference")
        assert results.levels["run"]["metrics"]["pass@1"]["value"] == 1
        hashes.append(results.suite_hash)
    assert hashes[0] != hashes[1]
