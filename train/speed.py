"""How fast a model trains: tokens a second, and the share of the device's matrix products that reach the model (MFU).

Operations are counted as in Chowdhery et al. 2022 ("PaLM", appendix B): for each token 6 for each weight of a matrix product, 4 where it isn't learnt, and
12 x layers x width x length for attention, a backward pass counting twice a forward one; what is computed anew to save memory doesn't count. Of an
encoder with a decoder each side counts for its own tokens, and attention to what was read for those that are written. The rate that they are held
against is measured on this device, not read from a data sheet.
Not covered: texts that a model writes itself to learn from them, whose time lowers the MFU.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpcraft.train.batches import Batch

_SIZE_CPU, _SIZE_GPU = 1024, 8192
_REPEATS = 5
_ON_READ = re.compile(r"(EncDecAttention\.[kv]|encoder_attn\.[kv]_proj)\.weight$")
"""A decoder's weights that are applied to what the encoder has read, as T5's kind and BART's name them."""


class Operations:
    """Counts the operations of a model's training steps."""

    def __init__(self, model: Any) -> None:
        head = model.get_output_embeddings()
        # Of tokens and of positions: they are looked up, not multiplied, but for one that is the head, too.
        looked_up = {
            id(module.weight) for module in model.modules() if type(module).__name__.endswith("Embedding") and hasattr(module, "weight")
        }
        named = [(name, p) for name, p in model.named_parameters() if p.dim() > 1 and id(p) not in looked_up]
        if head is not None and id(head.weight) in looked_up:
            named.append(("head", head.weight))
        two = model.config.is_encoder_decoder
        encoder = {id(p) for p in model.get_encoder().parameters()} - looked_up if two else set()
        config = model.config.get_text_config()
        self.reading, self.writing = 0.0, 0.0
        """Operations on weights for each token that an encoder reads, and for each that the decoder, or the only stack, learns."""
        for name, weight in named:
            once = float(weight.numel()) * (6.0 if weight.requires_grad else 4.0)
            if two and (id(weight) in encoder or _ON_READ.search(name)):
                self.reading += once
            else:
                self.writing += once
        self._attended = 12.0 * float(config.hidden_size)
        self._reading_layers = float(config.num_hidden_layers) if two else 0.0
        self._layers = float(_decoder_layers(config) if two else config.num_hidden_layers)

    def per_token(self, length: int) -> float:
        """Of a model of one stack, for each token of rows of ``length`` tokens."""
        return self.writing + self._attended * self._layers * length

    def of(self, batch: Batch, learnt: int) -> float:
        """Of a batch in which ``learnt`` tokens are learnt; padding costs nothing here, so it lowers the MFU."""
        written = batch["labels"].shape[-1]
        if not self._reading_layers:
            return learnt * self.per_token(written)
        length = batch["input_ids"].shape[-1]
        mask = batch.get("attention_mask")
        read = batch["input_ids"].numel() if mask is None else int(mask.sum())
        reading = self.reading + self._attended * self._reading_layers * length
        return read * reading + learnt * self.per_token(written + length)


def _decoder_layers(config: Any) -> int:
    """Layers of the decoder behind an encoder: T5's and BART's configurations have names of their own for it."""
    found = next((getattr(config, name) for name in ("num_decoder_layers", "decoder_layers") if getattr(config, name, None)), None)
    return int(found or config.num_hidden_layers)


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
