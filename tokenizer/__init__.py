"""Compiler-aware tokenization: canonical names, byte-level BPE, Hugging Face files."""
