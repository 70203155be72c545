"""Whether torch can compile a model on this machine, which a recipe may ask for and only some machines can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcraft.errors import first_line

if TYPE_CHECKING:
    import torch


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
