"""Compile and run untrusted code; knows nothing of models, tasks or benchmarks."""
