"""All attacks, in the order of the list."""

from __future__ import annotations

from tests.sandbox.attacks import compiling, disk, elsewhere, files, memory, more, mpi, network, output, privilege, processes

ATTACKS = (
    *processes.ATTACKS,
    *memory.ATTACKS,
    *disk.ATTACKS,
    *output.ATTACKS,
    *files.ATTACKS,
    *network.ATTACKS,
    *privilege.ATTACKS,
    *compiling.ATTACKS,
    *mpi.ATTACKS,
    *more.ATTACKS,
    *elsewhere.ATTACKS,
)
