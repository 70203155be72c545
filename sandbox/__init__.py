"""Compile and run untrusted code; knows nothing of models, tasks or benchmarks."""

from hpcraft.sandbox.builder import Build, build, preprocess, run
from hpcraft.sandbox.outcome import CompileOutcome, Isolation, Job, Limits, Outcome, Run, Verdict
from hpcraft.sandbox.pool import run_inputs, run_keyed, run_many
from hpcraft.sandbox.sweep import Swept

__all__ = [
    "Build",
    "CompileOutcome",
    "Isolation",
    "Job",
    "Limits",
    "Outcome",
    "Run",
    "Swept",
    "Verdict",
    "build",
    "preprocess",
    "run",
    "run_inputs",
    "run_keyed",
    "run_many",
]
