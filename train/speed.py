"""How fast a model trains: tokens a second, and the share of the device's matrix products that reach the model (MFU).

Operations per token are counted as in Chowdhery et al. 2022 ("PaLM", appendix B): 6 for each weight of a matrix product, 4 where it isn't learnt, and
12 x layers x width x length for attention, a backward pass counting twice a forward one; what is computed anew to save memory doesn't count. The
rate that they are held against is measured on this device, not read from a data sheet.
Not covered: encoders with a decoder, whose two sides see different numbers of tokens.
"""

from __future__ import annotations

import time
from typing import Any

_SIZE_CPU, _SIZE_GPU = 1024, 8192
_REPEATS = 5


def flops_per_token(model: Any, length: int) -> float | None:
    """Operations of a training step for each token of rows of ``length`` tokens; None for an encoder with a decoder."""
    if model.config.is_encoder_decoder:
        return None
    config = model.config.get_text_config()
    embedding = model.get_input_embeddings().weight
    head = model.get_output_embeddings()
    matrices = [p for p in model.parameters() if p.dim() > 1 and p is not embedding]
    if head is not None and head.weight is embedding:
        matrices.append(embedding)
    weights = sum(float(p.numel()) * (6.0 if p.requires_grad else 4.0) for p in matrices)
    return weights + 12.0 * float(config.num_hidden_layers) * float(config.hidden_size) * length


def matmul_rate(dtype: Any) -> float:
    """Operations a second that this device reaches in products of square matrices, the best of some tries."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = _SIZE_GPU if device == "cuda" else _SIZE_CPU
    left = torch.randn(size, size, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(_REPEATS + 1):
        begin = time.perf_counter()
        product = left @ left
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
        del product
    return 2.0 * size**3 / best
