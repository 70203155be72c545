"""Small finished stages that the tests of training share."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcraft.data.host_function import with_host
from hpcraft.records import Function, Pair
from hpcraft.sandbox.abi import Signature
from hpcraft.shards import ShardWriter
from hpcraft.stages import Execution, execute
from hpcraft.tokenizer.train import STAGE as TOKENIZER
from hpcraft.tokenizer.train import TokenizerConfig
from hpcraft.train.finetune import STAGE as FINETUNE
from hpcraft.train.finetune import FinetuneConfig
from hpcraft.train.pretrain import STAGE as PRETRAIN
from hpcraft.train.pretrain import PretrainConfig
from tests.tokenizer.corpus_folder import corpus_folder, finish

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
torch.set_num_threads(1)  # models of seconds are quicker without threads that wait for each other

OPERATIONS = ("+", "-", "*")
ARRAYS = ("x", "flux", "rho", "energy")
TINY = PretrainConfig(depth=1, row_tokens=64, batch_rows=4, max_steps=4, max_seconds=60, context=512)


def source(number: int) -> str:
    """One of several sequential functions."""
    array, operation = ARRAYS[number % 4], OPERATIONS[number % 3]
    return f"void kernel{number}(int n, double *{array}, const double *b)\n{{\n    for (int i = 0; i < n; i++)\n        {array}[i] = b[i] {operation} {number};\n}}\n"


def openmp(number: int) -> str:
    """The same with a directive."""
    return source(number).replace("    for", "    #pragma omp parallel for\n    for")


def cuda(number: int) -> str:
    """The same as a launch."""
    array, operation = ARRAYS[number % 4], OPERATIONS[number % 3]
    return (
        f"__global__ void k(int n, double *{array}, const double *b) {{ int i = threadIdx.x; if (i < n) {array}[i] = b[i] {operation} {number}; }}\n"
        f'extern "C" void kernel{number}(int n, double *{array}, const double *b) {{ k<<<1, 256>>>(n, {array}, b); }}\n'
    )


def cuda_that_runs(number: int) -> str:
    """The same with a host function that copies."""
    kernel = cuda(number).splitlines()[0]
    return with_host(f"{kernel}\n", source(number), Signature.parse(signature(number)))


def signature(number: int) -> str:
    """Its prototype."""
    return f"void kernel{number}(int n, double *{ARRAYS[number % 4]}, const double *b)"


def make_pair(number: int, target_model: str, split: str) -> Pair:
    """A pair of functions."""
    return Pair(
        pair_id=f"{target_model}{number}",
        origin="made",
        family=f"family{number}",
        signature=signature(number),
        source=source(number),
        target=openmp(number) if target_model == "openmp" else cuda(number),
        target_model=target_model,
        level="run" if target_model == "openmp" else "compile",
        tests=("3 [3] [3]", "7 [7] [7]"),
        mutants_killed=1,
        mutants_total=2,
        package="demo",
        version="1",
        path="",
        licence="Apache-2.0",
        split=split,
    )


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with a corpus, a tokenizer and pairs."""
    run = tmp_path_factory.mktemp("run")
    corpus_folder(run / "prepare")
    pairs = run / "pairs"
    pairs.mkdir()
    with ShardWriter(pairs, "pairs", Pair) as shards:
        for number in range(10):
            for model in ("openmp", "cuda"):
                shards.write(make_pair(number, model, "valid" if number >= 8 else "train"))
    with ShardWriter(pairs, "monolingual", Function) as functions:
        for number in range(20, 24):
            functions.write(
                Function(
                    function_id=f"function{number}",
                    signature=signature(number),
                    source=source(number),
                    tests=("3 [3] [3]", "5 [5] [5]", "7 [7] [7]"),
                    package="demo",
                    version="1",
                    path="a.c",
                    licence="MIT",
                    split="train",
                )
            )
    finish(pairs, "pairs")
    execute(TOKENIZER, TokenizerConfig(vocab_size=800), {"corpus": run / "prepare", "pairs": pairs}, run / "tokenizer")
    return run


@pytest.fixture(scope="session")
def base(run_folder: Path) -> Execution:
    """A base model of four steps."""
    return execute(PRETRAIN, TINY, {"corpus": run_folder / "prepare", "tokenizer": run_folder / "tokenizer"}, run_folder / "pretrain")


@pytest.fixture(scope="session")
def tuned(run_folder: Path, base: Execution) -> Path:
    """A model that knows the eight training pairs by heart."""
    config = FinetuneConfig(max_steps=90, max_seconds=280, learning_rate=1e-2, shuffled_share=0.0, tests_repeats=1, batch_tokens=2048)
    execute(FINETUNE, config, {"base": run_folder / "pretrain", "pairs": run_folder / "pairs"}, run_folder / "finetune")
    return run_folder / "finetune"
