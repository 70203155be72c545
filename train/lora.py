"""Low-rank adapters by peft: put on a model, saved beside it, and merged into its weights.

The model's own weights stand still. What is saved is peft's own format, which others load; what is merged is a model like any other.
Not covered: quantised weights, adapters on adapters.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft.errors import ConfigError, MachineError

if TYPE_CHECKING:
    from peft import PeftModel

ALL_LINEAR = "all-linear"
"""Every linear layer but the one that gives the vocabulary."""


def require_peft() -> None:
    """Check that peft is there.

    Raises:
        MachineError: it isn't.
    """
    if find_spec("peft") is None:
        raise MachineError("peft not installed, which makes adapters; run: pip install 'hpcraft[train]', or give lora_rank 0")


def with_adapter(model: Any, *, rank: int, alpha: float, dropout: float, targets: tuple[str, ...], seed: int) -> PeftModel:
    """A model with a new adapter on it, which alone is learnt.

    Args:
        model: whose weights stand still.
        rank: of the adapter's matrices.
        alpha: its weight is ``alpha`` / ``rank``.
        dropout: share of its inputs that is left out while it learns.
        targets: names of the layers that get one, as they end.
        seed: of its first weights.

    Raises:
        ConfigError: the model has no layer of such a name.
    """
    import torch
    from peft import LoraConfig, TaskType, get_peft_model

    kind = TaskType.SEQ_2_SEQ_LM if model.config.is_encoder_decoder else TaskType.CAUSAL_LM
    chosen: Any = ALL_LINEAR if targets == (ALL_LINEAR,) else list(targets)
    config = LoraConfig(task_type=kind, r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=chosen)  # type: ignore[arg-type, unused-ignore]  # peft divides it by the rank
    torch.manual_seed(seed)
    try:
        with warnings.catch_warnings():
            # Of GPT-2's layers, which have their weights the other way round, it sets this itself and says so.
            warnings.filterwarnings("ignore", message="fan_in_fan_out is set to False", category=UserWarning)
            adapted = get_peft_model(model, config)
    except ValueError as error:
        raise ConfigError(f"lora_targets: {', '.join(targets)}: {' '.join(str(error).split())[:160]}; give {ALL_LINEAR}") from None
    return adapted  # type: ignore[no-any-return, unused-ignore]


def save_adapter(adapted: PeftModel, folder: Path, base: str) -> None:
    """Write an adapter as peft loads it; ``base`` tells who loads it what it belongs to."""
    adapted.peft_config["default"].base_model_name_or_path = base
    adapted.save_pretrained(str(folder), save_embedding_layers=False)


def merged(adapted: PeftModel) -> Any:
    """The model with its adapter in its weights, of the class that it had before."""
    model: Any = adapted.merge_and_unload()  # pyright: ignore[reportCallIssue]  # a tensor or a module, to pyright
    # The mark of an adapter would have transformers look for one in the merged folder.
    model._hf_peft_config_loaded = False
    return model
