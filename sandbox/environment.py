"""The environment variables of a box: an allow-list, never the host's environment with things taken out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from hpcraft.sandbox import python, toolchains
from hpcraft.sandbox.cuda import build as emulation
from hpcraft.sandbox.cuda.device import Device, device, on_device
from hpcraft.sandbox.outcome import Job, Run
from hpcraft.sandbox.tools import archer, find, symbolizer

_MPI = {
    # Shared memory only: there is no network, and copying out of another process is refused by the filter.
    "OMPI_MCA_btl": "self,vader",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    "OMPI_MCA_pml": "ob1",
    "OMPI_MCA_osc": "^rdma,ucx",  # in a box the one offers itself for windows and can't make them, and what the other puts there is not whole
    "OMPI_MCA_plm": "isolated",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_odls_base_sigkill_timeout": "0",  # after a rank failed, don't wait a second for the others
    # The launcher stops and continues everything between two calls; mpirun would pass that on, and say so.
    "OMPI_MCA_ess_base_forward_signals": "none",
    "PRTE_MCA_ess_base_forward_signals": "none",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    # In a box of its own the name root means nothing; without one, the refusal would be the machine's, not the program's.
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}
_SANITIZERS = {
    # The leak detector traces its own process, which the filter refuses.
    # Ranks are watched by a preloaded library, which has no part in what the sanitizer replaces.
    "ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=16:abort_on_error=0:verify_asan_link_order=0",
    "UBSAN_OPTIONS": "print_stacktrace=0",
    "TSAN_OPTIONS": "ignore_noninstrumented_modules=1:exitcode=66",
}
_HOST = {
    # Signals are the emulation's; what is allocated in one way and freed in another is no fault of memory.
    "ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=16:verify_asan_link_order=0:handle_segv=0:handle_sigbus=0:use_sigaltstack=0"
    ":detect_stack_use_after_return=0:alloc_dealloc_mismatch=0:new_delete_type_mismatch=0"
}
_LITTER = "128"
"""Memory of `malloc` is filled with the complement, 0x7F, huge as any number: what is read without having been written shall not be right by luck."""


def environment(tools: Iterable[str], job: Job, run: Run | None = None) -> dict[str, str]:
    """The variables for a compile step, or for a run."""
    folders = [str(Path(tool).parent) for tool in tools]
    variables = {"PATH": ":".join(dict.fromkeys([*folders, "/usr/local/bin", "/usr/bin", "/bin"])), **_libraries(tools)}
    if job.model.startswith("mpi"):
        variables.update(_MPI)
    variables |= toolchains.variables(job, running=run is not None)
    if run is None:
        return variables
    variables |= {"OMP_NUM_THREADS": str(run.threads), "OMP_DYNAMIC": "false", "PYTHONDONTWRITEBYTECODE": "1"}
    if run.pin:
        variables |= _pinned(job)
    else:
        # Threads that have nothing to do sleep: they shall not look busy, and leave cores that others want to them.
        variables["OMP_WAIT_POLICY"] = "passive"
        if run.calls:
            variables["MALLOC_PERTURB_"] = _LITTER
    if job.language == "python":
        variables |= python.variables(job, run)
    if job.check != "none":
        variables |= _checked(job)
    if on_device(job) and isinstance(gpu := device(), Device):
        variables |= gpu.environment
    if emulation.emulated(job):
        variables |= _HOST if job.check == "host" else {}
        variables |= {**emulation.ENVIRONMENT, "HPCRAFT_CUDA_SCHEDULE": str(run.schedule)}
    return variables


def _pinned(job: Job) -> dict[str, str]:
    """Each thread keeps to one of the cores that the box was given; ranks share them, so that there the kernel places the threads."""
    return {"OMP_PROC_BIND": "false"} if job.model.startswith("mpi") else {"OMP_PROC_BIND": "close", "OMP_PLACES": "threads"}


def _checked(job: Job) -> dict[str, str]:
    """What the sanitizers' runtimes are told; gcc's read line numbers by themselves, clang's by a program."""
    variables = dict(_SANITIZERS)
    clang = next((found for name in ("clang", "clang++") if (found := find(name))), None)
    reader = symbolizer(clang) if clang else None
    if job.check == "race" and job.model == "offload":
        variables["OMP_NUM_TEAMS"] = "2"  # else the runtime has one, which races with nobody
    if job.check == "race" and clang:
        variables["OMP_TOOL_LIBRARIES"] = str(archer(clang))
    if reader and (job.check == "race" or job.compiler == "clang"):
        variables = {
            name: f"{value}:external_symbolizer_path={reader}" if name in _SANITIZERS else value for name, value in variables.items()
        }
    return variables


def _libraries(tools: Iterable[str]) -> dict[str, str]:
    """The host's library path where a module system set one, as far as the box can see it."""
    roots = [Path("/usr"), *toolchains.folders_outside(tools)]
    wanted = [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    kept = [folder for folder in wanted if any(Path(folder).is_relative_to(root) for root in roots)]
    return {"LD_LIBRARY_PATH": ":".join(kept)} if kept else {}
