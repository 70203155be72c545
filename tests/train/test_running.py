"""How a run uses the machine: compiled, with activations computed anew, with batches made beside it, and where memory runs out."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from hpcraft.errors import InputError, MachineError
from hpcraft.train import compiling
from hpcraft.train.batches import Batch, Row
from hpcraft.train.compiling import compile_fault, compile_steps, uncompiled
from hpcraft.train.loop import Running, fit, memory_told
from hpcraft.train.packing import together
from tests.train.runs import batches, budget, tiny, told
from tests.train.test_loop import without_dropout


def packed(number: int) -> Iterator[Batch]:
    """Rows of two texts each, of other lengths in each."""
    random = torch.Generator().manual_seed(number)
    for _ in range(4):
        texts = [tuple(torch.randint(3, 60, (length,), generator=random).tolist()) for length in (9, 15, 13, 11)]
        yield together([[Row(texts[0], 1), Row(texts[1], 1)], [Row(texts[2], 1), Row(texts[3], 1)]], 24, 0)


def unpacked(number: int) -> Iterator[Batch]:
    """The same texts, each in a row of its own."""
    for batch in packed(number):
        starts = [(row, int(at)) for row in range(2) for at in torch.nonzero(batch["position_ids"][row] == 0).flatten()]
        groups = []
        for row, at in starts:
            end = next((later for same_row, later in starts if same_row == row and later > at), 24)
            groups.append([Row(tuple(batch["input_ids"][row, at:end].tolist()), 1)])
        yield together(groups, 24, 0)


def trained(kind: Callable[[int], Iterator[Batch]], folder: Path, running: Running) -> list[float]:
    """The losses of some steps."""
    fit(without_dropout("decoder"), kind, budget(max_steps=6), folder, seed=1, running=running)
    return [line[3] for line in told(folder)]


@pytest.mark.parametrize(
    "running",
    [
        Running(packed=True),
        Running(packed=True, recompute=True),
        pytest.param(Running(packed=True, compile=True), marks=pytest.mark.slow),  # a compiler of C++ is waited for
    ],
    ids=["plain", "recompute", "compile"],
)
def test_packed_texts_are_learnt_as_apart_however_it_is_computed(running: Running, tmp_path: Path) -> None:
    """The losses are those of the texts in rows of their own, computed plainly."""
    assert trained(packed, tmp_path / "packed", running) == pytest.approx(trained(unpacked, tmp_path / "apart", Running()), rel=1e-2)


@pytest.mark.ci
@pytest.mark.parametrize(("bf16", "attention"), [(True, "eager"), (False, "sdpa")])
def test_validation_is_not_compiled(bf16: bool, attention: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its many lengths would each be compiled; it has the fused attention, and the steps after it have theirs again."""
    compiled: list[str] = []

    def take_note(graph: torch.fx.GraphModule, _: object) -> Callable[..., object]:
        compiled.append(str(graph))
        return graph.forward

    model, ids = tiny().eval(), torch.tensor([[5, 6, 7]])
    monkeypatch.setattr(compiling, "has_bf16", lambda: bf16)
    monkeypatch.setattr(model, "compile", lambda: torch.nn.Module.compile(model, backend=take_note))
    compile_steps(model, "cpu")
    assert model.config._attn_implementation == attention
    with torch.no_grad(), uncompiled(model, "cpu"):
        assert model.config._attn_implementation == "sdpa"
        plain = model(input_ids=ids).logits
    assert not compiled
    assert model.config._attn_implementation == attention
    torch.testing.assert_close(model(input_ids=ids).logits, plain)
    assert compiled
    torch._dynamo.reset()


def test_where_nothing_can_be_compiled_training_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The losses are those of a run that asked for nothing of the kind."""
    monkeypatch.setattr("hpcraft.train.compiling.compile_fault", lambda _device: "no compiler")
    assert trained(packed, tmp_path / "a", Running(packed=True, compile=True)) == trained(packed, tmp_path / "b", Running(packed=True))
    said = "note: compile: torch can't compile on this machine (no compiler); training goes on without, which is slower"
    assert capsys.readouterr().err.count(said) == 1


@pytest.mark.slow  # torch's compiler takes a while to load
def test_a_machine_without_a_compiler_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By torch's own words about what it looked for."""
    torch._dynamo.reset()  # what another test has compiled is known here
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    assert "no-such-compiler" in compile_fault("cpu")


def test_a_model_keeps_its_cache(tmp_path: Path) -> None:
    """The Trainer switches it off for training; what is saved would answer without it wherever it is loaded."""
    model = tiny()
    fit(model, batches(), budget(max_steps=1), tmp_path / "run", seed=1)
    assert model.config.use_cache is True
    model.save_pretrained(tmp_path / "model")
    assert '"use_cache": false' not in "".join(path.read_text() for path in (tmp_path / "model").glob("*.json"))


# ---------------------------------------------------------------- a process beside


def failing(error: Exception) -> Callable[[int], Iterator[Batch]]:
    """Batches of which the third can't be made."""

    def epoch(number: int) -> Iterator[Batch]:
        for count, batch in enumerate(batches()(number)):
            if count == 2:
                raise error
            yield batch

    return epoch


@pytest.mark.parametrize("beside", [False, True])
def test_an_error_in_the_making_of_batches_is_its_own_line(beside: bool, tmp_path: Path) -> None:
    """Also from the process beside, whose traceback torch would put in its place."""
    with pytest.raises(InputError) as caught:
        fit(tiny(), failing(InputError("x: no such text; mine more")), budget(), tmp_path, seed=1, running=Running(beside=beside))
    assert str(caught.value) == "x: no such text; mine more"


@pytest.mark.ci
def test_a_process_beside_that_was_killed_is_told(tmp_path: Path) -> None:
    """As the kernel kills one that takes too much memory."""
    driver = os.getpid()

    def killed(number: int) -> Iterator[Batch]:
        for batch in batches()(number):
            if os.getpid() != driver:
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    with pytest.raises(MachineError, match=r"the process that makes batches died, as when memory runs out .*beside=false"):
        fit(tiny(), killed, budget(), tmp_path, seed=1, running=Running(beside=True))


SIGNALLED = """
import os, signal, sys
from pathlib import Path
from hpcraft.errors import Stopped
from hpcraft.train.loop import Running, fit
from tests.train.runs import batches, budget, tiny

def signalling(number):
    for count, batch in enumerate(batches()(number)):
        if count == 4 and number == 0:
            os.killpg(0, signal.SIGTERM)
        yield batch

if __name__ == "__main__":
    try:
        fit(tiny(), signalling, budget(checkpoint_seconds=1e9), Path(sys.argv[1]), seed=1, running=Running(beside=True))
    except Stopped as stopped:
        sys.exit(stopped.exit_code)
"""


@pytest.mark.ci
def test_a_signal_to_all_processes_ends_the_run_with_a_checkpoint(tmp_path: Path) -> None:
    """As Slurm and `timeout` send it, also to the process that makes batches."""
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED, str(tmp_path)], capture_output=True, text=True, check=False, start_new_session=True
    )
    assert done.returncode == 143, done.stderr
    assert list((tmp_path / ".checkpoints").glob("step-*/checkpoint.json"))


# ---------------------------------------------------------------- memory


@pytest.mark.ci
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "MemoryError"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "[Errno 12] Cannot allocate memory"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "CUDA out of memory. Tried to allocate 2 GiB"),
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_memory_that_runs_out_is_told_whatever_says_so(error: Exception, said: str, beside: bool, tmp_path: Path) -> None:
    """An error without a word, one of the system and one of torch, here and in the process beside; with what to lower."""
    with pytest.raises(MachineError, match=r"^out of memory \(.+\); give smaller micro_rows.*no checkpoint was written yet$") as caught:
        fit(tiny(), failing(error), budget(), tmp_path, seed=1, running=Running(beside=beside))
    assert beside or f"({said})" in str(caught.value)


def test_what_was_told_is_not_told_again(tmp_path: Path) -> None:
    """A run inside a stage tells it first; other errors of the system pass."""
    with pytest.raises(MachineError) as caught, memory_told(tmp_path), memory_told(tmp_path, "mine less"):
        raise MemoryError
    assert str(caught.value) == "out of memory (MemoryError); mine less; no checkpoint was written yet"
    with pytest.raises(FileNotFoundError), memory_told(tmp_path):
        (tmp_path / "x").read_text()


ALONE = """
import runpy, sys
sys.argv = ["training_mfu.py", *"--depth 1 --context 64 --vocabulary 300 --micro-rows 2 --steps 2 --eager".split()]
runpy.run_path("benchmarks/training_mfu.py", run_name="__main__")
ours = {name for name in sys.modules if name.startswith("hpcraft.tokenizer") or name.partition(".")[0] in
        ("pydantic", "rich", "polars", "peft", "tree_sitter", "submitit", "datasets", "trl", "sacrebleu", "rensa")}
assert not ours, ours
"""


@pytest.mark.ci
def test_the_measure_of_a_device_needs_few_packages(root: Path) -> None:
    """It has to run where nothing of hpcraft is installed: torch, transformers, tokenizers, safetensors and pyarrow are there, and no compiled part of ours."""
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"mfu"' in done.stdout
