"""Which variables depend on which others, by names alone and in no order: what the rank of a process decides, what reaches an output.

More is taken to depend than really does, so that code that works is never refused; what is found to be independent is so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from hpcraft.data.parallel.outline import Kind, Program, Step, words

QUIET = words(
    "printf fprintf puts putchar fflush free assert abort exit omp_get_wtime mpi_wtime malloc calloc omp_get_thread_num omp_get_num_threads"
    " omp_get_max_threads omp_get_num_procs __syncthreads sizeof cudafree cudadevicesynchronize cudagetlasterror fence sqrt fabs fabsf pow exp log sin cos"
    " fma fmin fmax min max abs int real dble size sum dot_product mod present allocated kind epsilon tiny huge __builtin_expect"
    " reserve clear __assert_fail"
)
"""Calls that write nothing but what they return."""

_BUFFERS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(words("send bsend ssend rsend isend issend ibsend irsend recv irecv mrecv bcast ibcast"), (0,)),
    **dict.fromkeys(
        words("send_init recv_init bcast_init sendrecv_replace put get accumulate rput rget raccumulate win_create file_write"), (0,)
    ),
    **dict.fromkeys(words("reduce ireduce allreduce iallreduce scan iscan exscan iexscan reduce_local"), (0, 1)),
    **dict.fromkeys(words("reduce_scatter reduce_scatter_block ireduce_scatter ireduce_scatter_block fetch_and_op allreduce_init"), (0, 1)),
    **dict.fromkeys(words("gather igather gatherv igatherv allgather iallgather allgatherv iallgatherv"), (0, 3)),
    **dict.fromkeys(words("alltoall ialltoall neighbor_allgather neighbor_allgatherv neighbor_alltoall scatter iscatter"), (0, 3)),
    **dict.fromkeys(words("scatterv iscatterv alltoallv ialltoallv alltoallw ialltoallw neighbor_alltoallv neighbor_alltoallw"), (0, 4)),
    "sendrecv": (0, 5),
    "isendrecv": (0, 5),
    "get_accumulate": (0, 3),
    "win_allocate": (4,),
    "win_allocate_shared": (4,),
    "win_shared_query": (4,),
    "pack": (0, 3),
    "unpack": (0, 3),
}
"""Which arguments of MPI's calls are data."""


def mpi_name(name: str) -> str:
    """``allreduce`` for ``MPI_Allreduce``, ``PMPI_Allreduce`` and Fortran's spellings; empty for other calls."""
    low = name.lower().removeprefix("p")
    return low.removeprefix("mpi_").removesuffix("_c") if low.startswith("mpi_") else ""


def buffers(step: Step) -> list[str]:
    """The variables that hold the data of a call of MPI."""
    return [step.arguments[i].base for i in _BUFFERS.get(mpi_name(step.name), ()) if i < len(step.arguments) and step.arguments[i].base]


_SENDS = words("send bsend ssend rsend isend issend ibsend irsend send_init psend_init put rput accumulate raccumulate")
_RECEIVES = words("recv irecv mrecv imrecv recv_init precv_init")
_WINDOWS = words("win_create win_allocate win_allocate_shared win_shared_query get rget")


class Link(NamedTuple):
    """A target depends on sources."""

    sources: frozenset[str]
    targets: frozenset[str]


class Flow:
    """The dependences of a program."""

    def __init__(self, program: Program) -> None:
        self._functions = program.functions
        self._scalars = program.scalars
        self._links: list[Link] = []
        for step in program.parts():
            self._links += self._of(step)
        self._links += _between_ranks(program)
        self.control = [link for step in program.parts() for link in _controlled(step)]
        """Assignments within branches and loops depend on the conditions, and those in a loop on what leaves it or goes on in it."""

    def derived(self, seeds: Iterable[str], *, by_branches: bool = False) -> set[str]:
        """The names that depend on ``seeds``, these among them."""
        found = set(seeds)
        links = [*self._links, *(self.control if by_branches else [])]
        while True:
            new = {t for link in links if not link.targets <= found and link.sources & found for t in link.targets} - found
            if not new:
                return found
            found |= new

    def _of(self, step: Step) -> Iterable[Link]:
        if step.kind is Kind.ASSIGN:
            yield Link(step.reads, frozenset({step.name}))
            if step.aliases:
                yield Link(frozenset({step.name}), step.aliases)
        elif step.kind is Kind.CALL:
            yield from self._of_call(step)
        elif step.kind is Kind.FUNCTION:
            returned = frozenset[str]().union(*(s.reads for s in step.parts() if s.kind is Kind.USE and s.name == "return"))
            yield Link(returned, frozenset({step.name}))

    def _of_call(self, step: Step) -> Iterable[Link]:
        if mpi_name(step.name):
            places = frozenset(buffers(step))
            yield Link(places, places)
            return
        function = self._functions.get(step.name)
        if function is not None:
            for parameter, argument in zip(function.parameters, step.arguments, strict=False):
                yield Link(argument.reads, frozenset({parameter.name}))
                if parameter.is_shared and argument.base:
                    yield Link(frozenset({parameter.name}), frozenset({argument.base}))
            if len(step.arguments) <= len(function.parameters):
                return
        yield Link(self._reads(step), frozenset(self.written_by(step)))

    def _reads(self, step: Step) -> frozenset[str]:
        return frozenset[str]().union(*(a.reads for a in step.arguments))

    def written_by(self, step: Step) -> set[str]:
        """The variables that a call of a function of somebody else's may write."""
        if step.name.lower() in QUIET:
            return set()
        return {a.base for a in step.arguments if a.base and (a.by_address or a.base not in self._scalars)} - {step.name}


def _controlled(step: Step) -> Iterable[Link]:
    if step.kind not in (Kind.BRANCH, Kind.LOOP):
        return
    inside = list(step.parts())
    jumps = [s.reads for s in inside if s.kind is Kind.BRANCH and any(of.kind is Kind.USE for of in s.parts())]
    reads = step.reads.union(*jumps) if step.kind is Kind.LOOP else step.reads
    yield Link(reads, frozenset(s.name for s in inside if s.kind is Kind.ASSIGN))


def _between_ranks(program: Program) -> Iterable[Link]:
    """What one rank sends another receives, whatever the names; what is put lies in a window."""
    calls = [step for step in program.parts() if step.kind is Kind.CALL]
    sent, received, shared = (
        frozenset(name for step in calls if mpi_name(step.name) in of for name in buffers(step)) for of in (_SENDS, _RECEIVES, _WINDOWS)
    )
    return [Link(sent, received | shared), Link(shared, shared)]


def outputs(program: Program, entry: str) -> set[str]:
    """What the caller of the entry point sees of it; without an entry point of that name, of every function."""
    functions = program.functions
    chosen: Collection[Step] = [functions[entry]] if entry in functions else functions.values()
    return {p.name for f in chosen for p in f.parameters if p.is_shared and not p.is_const} | {f.name for f in chosen}
