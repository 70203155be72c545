"""How far the device code of a job is taken on this machine: what the level ``auto`` comes to."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.sandbox.cuda.device import Device, device
from hpcraft.sandbox.outcome import Compiler, CudaLevel, Job
from hpcraft.sandbox.table import COMPILERS, DEVICE_MODELS, EMULATED
from hpcraft.sandbox.tools import find


def resolved(job: Job) -> Job:
    """The job with a level in place of ``auto``: the device, else the processor, else the compiler alone.

    A check, or several orders of blocks and threads, is what only the emulation has.
    """
    return replace(job, cuda=_level(job)) if job.cuda == "auto" and job.model in DEVICE_MODELS else job


def _level(job: Job) -> CudaLevel:
    emulating: list[Compiler] = [family for family, compilers in COMPILERS.items() if EMULATED in compilers]
    asks_more = job.check != "none" or job.run.schedules > 1
    if job.compiler not in emulating and not asks_more and job.model == "cuda" and find("nvcc") and isinstance(device(), Device):
        return "device"
    if job.compiler in emulating:
        return "emulate"
    own = "nvcc" if job.model == "cuda" else "hipcc"
    no_emulation = not any(find(COMPILERS[family][EMULATED]) for family in emulating)
    return "compile" if job.compiler != "auto" or (no_emulation and find(own)) else "emulate"
