"""Functions that no test can say anything of, by their prototype alone."""

from __future__ import annotations

from hpcraft.sandbox.abi import Signature

NO_PARAMETERS, NO_OUTPUT = "no-parameters", "no-output"


def why_untestable(signature: Signature) -> str:
    """Why tests would show nothing: there is nothing to vary, or nothing to compare; empty where they may."""
    if not signature.parameters:
        return NO_PARAMETERS
    if signature.returns == "void" and all(p.const for p in signature.arrays):
        return NO_OUTPUT
    return ""
