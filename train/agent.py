"""torchrun, ended with whoever started it: ``python -m hpcraft.train.agent ARGUMENTS``.

torchrun's processes lead sessions of their own, so that they would go on, and write checkpoints beside those of the next run, after theirs was killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    end_with_parent()
    from torch.distributed.run import main

    sys.argv[0] = "torchrun"
    main()
