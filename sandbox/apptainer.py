"""The tier ``apptainer``: a container of the site's Apptainer (or Singularity) where user namespaces are not given to users."""

from __future__ import annotations

import shutil

from hpcraft.sandbox.jail import Jail
from hpcraft.sandbox.packages import install_command


def contained() -> Jail | str:
    """The tier as it works here, or why it doesn't."""
    program = shutil.which("apptainer") or shutil.which("singularity")
    if program is None:
        return f"apptainer is not installed; {install_command('apptainer')}"
    raise NotImplementedError
