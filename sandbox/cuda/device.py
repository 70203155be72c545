"""The GPUs of this machine: what a box must show of them, and for which architecture nvcc builds.

What is asked: the nodes of NVIDIA's driver, its library, and its own tool for the rest. Not covered: AMD's GPUs, and shares of one
GPU (MIG), which a site hands out through CUDA_VISIBLE_DEVICES.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hpcraft.sandbox.outcome import Job

_NODES = ("nvidiactl", "nvidia-uvm")
_LIBRARY = "libcuda.so.1"
_BESIDE_SYSTEM = (
    Path("/usr/local/nvidia/lib64"),
    Path("/usr/local/nvidia/lib"),
    Path("/run/nvidia/driver/usr/lib64"),
    Path("/usr/lib/wsl/lib"),
)
"""Where drivers are mounted into containers and virtual machines without being told to the loader."""
READ = ("/sys/bus/pci", "/sys/devices", "/sys/class/drm", "/sys/module/nvidia")
"""What the driver's library reads outside of its own files."""
_PATIENCE_SECONDS = 20.0
_PASSED_ON = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """What a program needs to reach the GPUs."""

    name: str
    """Of the first GPU, with its driver."""
    architecture: str
    """nvcc's name of it, such as ``sm_90``; empty where the driver's tool can't say, and nvcc's own choice is built."""
    nodes: tuple[str, ...]
    """Paths under /dev."""
    libraries: tuple[Path, ...]
    """The folder of the driver's library, where the system's loader doesn't know it."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of a run: no cache of compiled kernels that would outlive it, and the site's choice of GPUs."""
        chosen = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        libraries = {"LD_LIBRARY_PATH": ":".join(map(str, self.libraries))} if self.libraries else {}
        return {"CUDA_CACHE_DISABLE": "1", **chosen, **libraries}


def on_device(job: Job) -> bool:
    """Whether a job's device code is to run on a GPU."""
    return job.cuda == "device" and job.model == "cuda"


@functools.cache
def device() -> Device | str:
    """The GPUs of this machine, or what is missing."""
    numbered = sorted(str(path) for path in Path("/dev").glob("nvidia[0-9]*"))
    if not numbered:
        return "no NVIDIA GPU is on this machine (there is no /dev/nvidia0); allowed: the level emulate, or a machine with one"
    known = _LIBRARY in _loaded()
    folder = next((place for place in _BESIDE_SYSTEM if (place / _LIBRARY).exists()), None)
    if not known and folder is None:
        return f"the driver's library {_LIBRARY} is not on this machine; install NVIDIA's driver, or allowed: the level emulate"
    found = _ask("name", "compute_cap", "driver_version")
    name, capability, driver = found if len(found) == 3 else ("", "", "")
    capability = capability if re.fullmatch(r"\d+\.\d+", capability) else ""
    return Device(
        name=f"{name}, driver {driver}" if name else "a GPU of NVIDIA's",
        architecture=f"sm_{capability.replace('.', '')}" if capability else "",
        nodes=(*numbered, *(f"/dev/{node}" for node in _NODES if Path("/dev", node).exists())),
        libraries=() if known or folder is None else (folder,),
    )


def _loaded() -> str:
    """What the system's loader knows."""
    tool = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    return "" if tool is None else subprocess.run([tool, "-p"], capture_output=True, text=True, check=False).stdout


def _ask(*fields: str) -> list[str]:
    """Facts of the first GPU, by the driver's own tool."""
    places = (os.environ.get("PATH", ""), *(str(place.parent / "bin") for place in _BESIDE_SYSTEM))
    tool = shutil.which("nvidia-smi", path=":".join(places))
    if tool is None:
        return []
    words = [tool, f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    try:
        told = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:  # as after a fault of the GPU
        return []
    first = told.stdout.strip().partition("\n")[0] if told.returncode == 0 else ""
    return [word.strip() for word in first.split(",")]
