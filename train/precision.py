"""Whether training may compute in bfloat16."""

from __future__ import annotations

from pathlib import Path


def has_bf16() -> bool:
    """Whether the device multiplies bfloat16 natively, so that autocast is a gain and not a loss."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})
