"""Compiler-aware tokenization: canonical names and layout, BPE with byte fallback, closed vocabularies, Hugging Face files.

``rename`` and ``restore`` stand here as functions. The module of the first is had by ``from hpcraft.tokenizer.rename import ..``.
"""

from hpcraft.tokenizer.rename import Renamed, rename, restore

__all__ = ["Renamed", "rename", "restore"]
