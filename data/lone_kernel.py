"""A CUDA kernel without the host function that launches it, for translators that are to write the kernel alone.

Not covered: work that several kernels share, and kernels with a parameter that the sequential function lacks, such as the place of a result:
they mean nothing without their host function.
"""

from __future__ import annotations

from hpcraft.data.trees import functions, has_specifier, parameter_names, parse, text_of


def lone_kernel(code: str, source: str) -> str | None:
    """The kernel of ``code`` with its device functions; None where it can't stand alone.

    Args:
        code: CUDA C++.
        source: the sequential function, the last one of this C code, whose parameters the kernel may have.
    """
    root = parse(code, "cuda")
    kernels = [f for f in functions(root) if has_specifier(f, "__global__")]
    sequential = list(functions(parse(source)))
    if len(kernels) != 1 or not sequential or not set(parameter_names(kernels[0])) <= set(parameter_names(sequential[-1])):
        return None
    on_device = [f for f in functions(root) if has_specifier(f, "__global__") or has_specifier(f, "__device__")]
    return "\n".join(text_of(f) for f in on_device) + "\n"
