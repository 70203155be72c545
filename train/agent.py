"""torchrun, ended with whoever started it: ``python -m hpcraft.train.agent ARGUMENTS``.

torchrun's processes lead sessions of their own, so that they would go on, and write checkpoints beside those of the next run, after theirs was killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

from hpcraft.store import write_json

DIED = "died.json"
"""File in the run's folder that tells which process died first without a word about it, and how."""
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def run(folder: Path) -> None:
    """Run torchrun by the arguments of this process, and leave word in ``folder`` of a process that died."""
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    try:
        main()
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        write_json(folder / DIED, {"name": f"rank {rank}", "exit_code": failure.exitcode})
        raise


if __name__ == "__main__":
    end_with_parent()
    sys.argv[0] = "torchrun"
    run(Path(sys.argv[-1]))
