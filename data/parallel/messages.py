"""MPI: whether ranks exchange data, and each does a share of the work that depends on which rank it is.

Not covered: how large the shares are; whether what is sent is needed.
"""

from __future__ import annotations

from collections.abc import Iterable

from hpcraft.data.parallel.flow import buffers, mpi_name
from hpcraft.data.parallel.outline import Kind, Step, words
from hpcraft.data.parallel.work import Answer, Share, divided

MOVES_DATA = words(
    "send bsend ssend rsend isend issend ibsend irsend send_init recv irecv recv_init mrecv imrecv sendrecv sendrecv_replace isendrecv psend_init"
    " precv_init bcast ibcast bcast_init reduce ireduce reduce_init allreduce iallreduce allreduce_init reduce_scatter reduce_scatter_block"
    " ireduce_scatter ireduce_scatter_block scan iscan exscan iexscan gather igather gatherv igatherv scatter iscatter scatterv iscatterv"
    " allgather iallgather allgather_init allgatherv iallgatherv allgatherv_init alltoall ialltoall alltoallv ialltoallv alltoallw ialltoallw"
    " neighbor_allgather neighbor_allgatherv neighbor_alltoall neighbor_alltoallv neighbor_alltoallw put get accumulate get_accumulate fetch_and_op"
    " compare_and_swap rput rget raccumulate win_allocate_shared"
)
"""MPI calls by which ranks exchange data; a barrier isn't one."""

_NUMBERS: dict[str, tuple[int, ...]] = {
    "comm_rank": (1,),
    "comm_size": (1,),
    "group_rank": (1,),
    "group_size": (1,),
    "cart_coords": (3,),
    "cart_get": (3,),
    "cart_shift": (3, 4),
    "cart_rank": (2,),
    "get_count": (2,),
    "get_elements": (2,),
}
"""Where calls leave what differs from rank to rank, or depends on how many there are."""
_RECEIVES = words("recv irecv mrecv sendrecv sendrecv_replace scatter scatterv scan exscan alltoall alltoallv fetch_and_op")
"""Calls that give ranks different values."""


def mpi(answer: Answer) -> str:
    """Why the ranks don't share the work; empty when they do."""
    calls = [step for step in answer.program.parts() if step.kind is Kind.CALL and mpi_name(step.name)]
    if not any(mpi_name(step.name) in MOVES_DATA for step in calls):
        return "no MPI call that moves data"
    numbers = _numbers(calls)
    if not numbers:
        return "no rank asks which one it is: all do the same"
    share = Share.of(answer, numbers)
    functions = answer.program.functions
    roots = [functions[answer.entry]] if answer.entry in functions else list(functions.values())
    written = {name for root in roots for name in divided(answer, root.below, share) if not share.data or name in share.data}
    if not written:
        return "no work depends on the rank: every rank does all, or one does"
    return "" if answer.matters(written) else "what the ranks compute apart is never used"


def _numbers(calls: Iterable[Step]) -> set[str]:
    found: set[str] = set()
    for step in calls:
        name = mpi_name(step.name)
        places = [step.arguments[i].base for i in _NUMBERS.get(name, ()) if i < len(step.arguments)]
        found.update(places)
        if name in _RECEIVES:
            found.update(buffers(step)[-1:])
    return found - {""}
