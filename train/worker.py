"""One process of a training run under torchrun: ``python -m hpcraft.train.worker FOLDER``."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hpcraft.errors import HpcError, MachineError, Stopped
from hpcraft.inference import require_torch
from hpcraft.progress import set_quiet
from hpcraft.recipe import build_config
from hpcraft.stages import Work
from hpcraft.store import JSON, read_json, write_json
from hpcraft.train.agent import end_with_parent
from hpcraft.train.launch import LATE, plain


def main(folder: Path) -> int:
    """Call the function that the plan in ``folder`` names; rank 0 writes what came of it."""
    require_torch()
    import torch
    import torch.distributed as dist

    plan = read_json(folder / "plan.json")
    leader = os.environ.get("RANK") == "0"
    if not leader:
        set_quiet(True)
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if gpu else "gloo")
    try:
        # torchrun's own number counts those that came, so what was asked for must be told apart from it.
        expected = int(plan["processes"]) * int(os.environ.get("SLURM_JOB_NUM_NODES", "1") if plan["requeued"] else 1)
        if dist.get_world_size() != expected:
            raise MachineError(f"{dist.get_world_size()} of {expected} processes found each other; look at the network between the nodes")
        stage = _named(plan["stage"])
        config = build_config(stage, plan["config"], where=stage.name)
        work = Work(out=Path(plan["out"]), inputs={name: Path(path) for name, path in plan["inputs"].items()}, seed=plan["seed"])
        fitted = _named(plan["function"])(config, work)
    except HpcError as error:
        if isinstance(error, Stopped) and plan["requeued"]:
            # Slurm puts the job back by itself, but for one whose time is up; that isn't the driver's concern.
            if leader and signal.SIGUSR1.name in str(error):
                (folder / LATE).touch()
        elif leader or not isinstance(error, Stopped):
            _write_first(folder / "error.json", {"kind": type(error).__name__, "message": str(error), "exit_code": error.exit_code})
        return error.exit_code if isinstance(error, Stopped) else 1
    if leader:
        write_json(folder / "result.json", {"fitted": [plain(one) for one in fitted]})
    dist.barrier()
    dist.destroy_process_group()
    return 0


def _write_first(path: Path, value: JSON) -> None:
    """Write an error, unless another rank has: what comes later is often what came of it."""
    own = path.with_name(f".{path.name}.{os.environ.get('RANK', '0')}")
    write_json(own, value)
    with contextlib.suppress(FileExistsError):
        os.link(own, path)  # whole or not at all, and never over another's
    own.unlink()


def _named(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


if __name__ == "__main__":
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; torchrun passes on what its caller decides
    sys.exit(main(Path(sys.argv[1])))
