"""The second witness: what the compiled object asks the linker for."""

from __future__ import annotations

import re
from collections.abc import Collection

from hpcraft.data.parallel.flow import mpi_name
from hpcraft.data.parallel.messages import MOVES_DATA

_STARTS: dict[str, tuple[str, ...]] = {
    "openmp": ("GOMP_parallel", "GOMP_teams", "__kmpc_fork"),
    "offload": ("GOMP_target_ext", "__tgt_target"),
    "openacc": ("GOACC_parallel", "GOACC_kernels"),
    "cuda": ("cudaLaunch", "__cudaLaunch", "cuLaunchKernel", "__cudaPushCallConfiguration"),
    "kokkos": ("_ZN6Kokkos",),
}
"""How the names begin that only work in the model leaves behind."""
_KOKKOS = re.compile(r"begin(?:Parallel(?:For|Reduce|Scan))|ParallelFor|ParallelReduce|ParallelScan")


def uses(model: str, symbols: Collection[str]) -> bool:
    """Whether an object that leaves ``symbols`` undefined calls the runtime of a model for parallel work."""
    if model == "mpi":
        return any(_moves(symbol) for symbol in symbols)
    found = [s for s in symbols if s.startswith(_STARTS[model])]
    return any(_KOKKOS.search(s) for s in found) if model == "kokkos" else bool(found)


def by_symbols(model: str, symbols: Collection[str]) -> str:
    """Why the object can't be in the model; empty when it can."""
    if model == "serial":
        other = [name for name in (*_STARTS, "mpi") if uses(name, symbols)]
        return f"uses {other[0]} where serial code was asked" if other else ""
    missing = [part for part in model.split("+") if not uses(part, symbols)]
    return f"the compiled code never calls the {missing[0]} runtime for it" if missing else ""


def _moves(symbol: str) -> bool:
    return mpi_name(re.sub(r"(_f08)?(ts)?_*$", "", symbol.lower())) in MOVES_DATA
