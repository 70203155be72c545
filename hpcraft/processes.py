"""How this project starts processes of its own code."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from multiprocessing.context import ForkServerContext

from hpcraft.errors import MachineError

_LONGEST = 107 - len("/pymp-12345678/listener-12345678")
"""Bytes of a folder in which the standard library can still make a socket (`sun_path` of unix(7))."""


def worker_context() -> ForkServerContext:
    """The context to start workers in; `MachineError` where the folder for temporary files has too long a name for a socket.

    Not fork: the parent has threads of Arrow's, and a fork may copy their locks held.
    """
    folder = tempfile.gettempdir()
    if len(os.fsencode(folder)) > _LONGEST:
        raise MachineError(
            f"worker processes need a socket in TMPDIR, whose name is too long: {folder}; set one of at most {_LONGEST} bytes"
        )
    return multiprocessing.get_context("forkserver")
