"""Compiled steps: whether torch can compile on this machine, what is compiled, and what is better left as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hpcraft.errors import first_line
from hpcraft.train.precision import has_bf16

if TYPE_CHECKING:
    import torch

_EAGER = "eager"


def compile_fault(device: str) -> str:
    """Why torch can't compile for ``device``, or nothing where it can.

    It is tried: beside a compiler it takes headers of Python, OpenMP or Triton, and each of these may be missing.
    """
    import torch

    try:
        torch.compile(_probe)(torch.ones(8, device=device))
    except Exception as error:  # noqa: BLE001 - dynamo, inductor and Triton raise kinds of their own, and a compiler may fail in any way
        torch._dynamo.reset()
        return first_line(getattr(error, "inner_exception", None) or error)  # dynamo's own first line names the backend alone
    return ""


def _probe(x: torch.Tensor) -> torch.Tensor:
    return (2 * x + 1).cos().sum()


def compile_steps(model: Any, device: str) -> None:
    """Have the model's calls compiled, with the attention that is quickest in compiled steps.

    In bfloat16 on a CPU a third of a step went into the backward pass of the fused attention, which is slow on rows of some hundred
    tokens; in float32 the fused one is quicker than the compiled formula, by a quarter.
    """
    if device == "cpu" and has_bf16() and model.config._attn_implementation != _EAGER:
        model.fused_attention = model.config._attn_implementation
        model.set_attn_implementation(_EAGER)
    model.compile()


@contextmanager
def uncompiled(model: Any, device: str) -> Iterator[None]:
    """Leave what is called inside uncompiled, on a CPU.

    Validation has batches of many lengths, and code for one of them is compiled longer than the uncompiled one takes for all.
    On a GPU it stays compiled, since flex attention is of no use otherwise.
    """
    import torch

    if device != "cpu" or getattr(model, "_compiled_call_impl", None) is None:
        yield
        return
    fused = getattr(model, "fused_attention", "")
    if fused:
        model.set_attn_implementation(fused)
    try:
        with torch.compiler.set_stance("force_eager"):
            yield
    finally:
        if fused:
            model.set_attn_implementation(_EAGER)
