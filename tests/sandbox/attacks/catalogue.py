"""All attacks, in the order of the list."""

from __future__ import annotations

from tests.sandbox.attacks import disk, files, memory, output, processes

ATTACKS = (*processes.ATTACKS, *memory.ATTACKS, *disk.ATTACKS, *output.ATTACKS, *files.ATTACKS)
