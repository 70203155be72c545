"""Main programs around functions that nobody trusts, of two kinds.

The one reads its calls from a file and writes results to another; with ``fork`` each call is made in a child of its own, so that many
functions can be tried in one program (`driver.h`). The other is called through shared memory by the launcher, which also keeps
the time (`caller.h`, for Python `caller.py`). Neither holds an expected value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from hpcraft.sandbox.abi import DTYPES, Signature
from hpcraft.sandbox.caller import Function, Taken


def driver_source(signatures: Sequence[Signature], *, mpi: bool = False, fork: bool = False) -> str:
    """C source of a main program that calls ``signatures`` by their position.

    Args:
        signatures: entry points with distinct names.
        mpi: initialise MPI first; every rank makes every call, rank 0 writes the results.
        fork: make each call in a child of its own, so that a crash loses that call alone.
    """
    defines = "#define _GNU_SOURCE\n" + ("#define HPCRAFT_MPI\n" if mpi else "") + ("#define HPCRAFT_FORK\n" if fork else "")
    needs = "#include <stddef.h>\n#include <stdbool.h>\n"
    cases = "".join(f"    case {i}: call_{i}(call); return;\n" for i in range(len(signatures)))
    dispatch = f'static void dispatch(uint32_t function, call_t *call) {{\n    switch (function) {{\n{cases}    default: fail("no such function");\n    }}\n}}\n'
    return (
        defines + _runtime("litter.h") + _runtime("driver.h") + needs + "".join(_caller(i, s) for i, s in enumerate(signatures)) + dispatch
    )


def caller_source(signatures: Sequence[Signature], *, mpi: bool = False, kokkos: bool = False) -> str:
    """Source of a main program whose calls are made through shared memory (`calls`).

    Args:
        signatures: entry points with distinct names.
        mpi: initialise MPI first; every rank is called.
        kokkos: initialise Kokkos first; the source is C++ then, else C.
    """
    head = "#define _GNU_SOURCE\n" if not kokkos else "#define HPCRAFT_KOKKOS\n#include <Kokkos_Core.hpp>\n"
    head += "#define HPCRAFT_MPI\n" if mpi else ""
    cases = "".join(f"    case {i}: hpcraft_call_{i}(); return;\n" for i in range(len(signatures)))
    dispatch = f'static void hpcraft_dispatch(uint32_t function) {{\n    switch (function) {{\n{cases}    default: hpcraft_fail("no such function");\n    }}\n}}\n'
    linkage = 'extern "C" ' if kokkos else ""
    return (
        head
        + _runtime("litter.h")
        + _runtime("caller.h")
        + "".join(_shared_caller(i, s, linkage) for i, s in enumerate(signatures))
        + dispatch
    )


TRACED = "hpcraft_traced.py"
"""Where `traced_source` lies, beside a main program whose calls are traced."""


def python_caller_source(signatures: Sequence[Signature], shapes: Mapping[str, Sequence[str]], module: str, *, traced: bool = False) -> str:
    """The same in Python: calls the functions of those names in ``module``, which lies beside it.

    Args:
        signatures: entry points with distinct names.
        shapes: for arrays of more than one dimension, the parameters that give the extents.
        module: the name of the module.
        traced: look for races (`traced.py`).
    """
    functions = [
        Function(
            name=signature.name,
            returns="" if signature.returns == "void" else DTYPES[signature.returns],
            parameters=[
                Taken(name=p.name, dtype=DTYPES[p.ctype], pointer=p.pointer, const=p.const, shape=tuple(shapes.get(p.name, ())))
                for p in signature.parameters
            ],
        )
        for signature in signatures
    ]
    if not traced:
        return f"{_runtime('caller.py')}\n\nmain({functions!r}, {module!r})\n"
    begin = f"from {TRACED.removesuffix('.py')} import install\n\nwith open('{module}.py') as file:\n    code = file.read()\n"
    return f"{_runtime('caller.py')}\n\n{begin}main({functions!r}, {module!r}, install(code))\n"


def traced_source() -> str:
    """What a main program with traced calls imports."""
    return _runtime("traced.py")


@cache
def _runtime(name: str) -> str:
    return Path(__file__).with_name(name).read_text()


def _shared_caller(number: int, signature: Signature, linkage: str) -> str:
    lines = [f"{linkage}{signature.prototype()};", f"static void hpcraft_call_{number}(void) {{"]
    of, after = len(signature.parameters), []
    for i, p in enumerate(signature.parameters):
        if p.pointer:
            kind = f"{'const ' if p.const else ''}{p.ctype}"
            array = f"hpcraft_array({i}, {of}, sizeof({kind}), {int(p.const)}, "
            lines.append(f"    {kind} *a{i} = ({kind} *){array}0);")
            after.append(f"    {array}1);")
        else:
            lines.append(f"    uint64_t w{i} = hpcraft_word({i}); {p.ctype} a{i}; memcpy(&a{i}, &w{i}, sizeof a{i});")
    arguments = ", ".join(f"a{i}" for i in range(len(signature.parameters)))
    if signature.returns == "void":
        lines.append(f"    {signature.name}({arguments});")
    else:
        lines.append(f"    {signature.returns} value = {signature.name}({arguments});")
        lines.append("    memcpy(hpcraft_call + HPCRAFT_PAGE + 8, &value, sizeof value);")
    return "\n".join([*lines, *after, "}", ""])


def _caller(number: int, signature: Signature) -> str:
    lines = [f"{signature.prototype()};", f"static void call_{number}(call_t *call) {{"]
    for i, p in enumerate(signature.parameters):
        if p.pointer:
            lines.append(f"    {p.ctype} *a{i} = take_array(call, sizeof({p.ctype}), {int(p.const)});")
        else:
            lines.append(f"    uint64_t w{i}; take(&w{i}, 8); {p.ctype} a{i}; memcpy(&a{i}, &w{i}, sizeof a{i});")
    arguments = ", ".join(f"a{i}" for i in range(len(signature.parameters)))
    lines.append("    if (!enter(call)) return;")
    if signature.returns == "void":
        lines.append(f"    {signature.name}({arguments});")
    else:
        lines.append(f"    {signature.returns} value = {signature.name}({arguments});")
        lines.append("    memcpy(call->value, &value, sizeof value);")
    return "\n".join([*lines, "    leave(call);", "}", ""])
