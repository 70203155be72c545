"""The constructs and clauses of OpenMP (to 6.0) and OpenACC (to 3.3), and which words of a directive make its construct.

Names are lower case with one blank between words, as in ``target teams distribute parallel for``; Fortran's ``do`` stays ``do``,
and its ends are constructs of their own, as in ``end parallel do``.

Not covered: which clause is allowed on which construct; vendors' extensions (``ompx``), whose words are kept as unknown.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

ATOMIC_KINDS = ("read", "write", "update", "compare", "capture")
"""Words that belong to the name of an atomic construct, in the order in which the name has them."""

_LEAVES = """
allocate; allocators; assumes; assume; atomic; barrier; begin assumes; begin declare target; begin declare variant; begin metadirective;
 cancel; cancellation point; critical; declare induction; declare mapper; declare reduction;
declare simd; declare target; declare variant; depobj; dispatch; distribute; end assumes; end declare target; end declare variant;
end metadirective; error; flush; fuse; groupprivate; interchange; interop; loop; masked; master; metadirective; nothing; ordered;
parallel; requires; reverse; scan; scope; section; sections; simd; single; split; stripe; target; target data; target enter data;
target exit data; target update; target variant dispatch; task; task iteration; taskgraph; taskgroup; taskloop; taskwait; taskyield; teams;
threadprivate; tile; unroll; workdistribute; workshare
"""
_COMBINED = """
{for} simd; taskloop simd; masked taskloop; masked taskloop simd; master taskloop; master taskloop simd; target loop; target simd;
target workdistribute; teams workdistribute; target teams workdistribute; parallel sections; parallel workshare; parallel loop;
parallel single; parallel scope; parallel masked; parallel master; parallel masked taskloop; parallel masked taskloop simd;
parallel master taskloop; parallel master taskloop simd; target parallel; target parallel loop; target teams; target teams loop; teams loop
"""
_LOOPS = ("parallel {for}", "parallel {for} simd")
_DISTRIBUTES = ("distribute simd", *(f"distribute {loop}" for loop in _LOOPS))
_TEAMS = (*(f"teams {name}" for name in ("distribute", *_DISTRIBUTES)),)
_TARGETS = (*(f"target {name}" for name in (*_LOOPS, *_TEAMS)),)
_BEGINS_NOTHING = """
allocate barrier cancel cancellation depobj error flush interop nothing requires scan section taskwait taskyield threadprivate groupprivate
"""

_ACC = """
atomic; cache; data; declare; enter data; exit data; host_data; init; kernels; kernels loop; loop; parallel; parallel loop; routine;
serial; serial loop; set; shutdown; update; wait
"""
_ACC_ENDS = ("atomic", "data", "host_data", "kernels", "kernels loop", "parallel", "parallel loop", "serial", "serial loop", "loop")

_CLAUSES = {
    "omp": """
absent acq_rel acquire adjust_args affinity align aligned allocate allocator append_args apply at atomic_default_mem_order bind capture
collapse collector combiner compare contains copyin copyprivate counts default defaultmap depend depth destroy detach device
device_safesync device_type dist_schedule doacross dynamic_allocators enter exclusive ext_implementation_defined_requirement fail filter
final firstprivate from full graph_id graph_reset grainsize has_device_addr hint holds if in_reduction inbranch inclusive indirect induction
inductor init init_complete initializer interop is_device_ptr lastprivate linear link local looprange map match memscope mergeable message
no_openmp no_openmp_constructs no_openmp_routines no_parallelism nocontext nogroup nontemporal notinbranch novariants nowait num_tasks
num_teams num_threads order ordered otherwise partial permutation priority private proc_bind read reduction relaxed release replayable
reproducible reverse_offload safelen safesync schedule self_maps seq_cst severity shared simd simdlen sizes task_reduction thread_limit
threads threadset to transparent unified_address unified_shared_memory uniform untied update use use_device_addr use_device_ptr
uses_allocators weak when write
""",
    "acc": """
async attach auto bind capture collapse copy copyin copyout create default default_async delete detach device device_num device_resident
device_type deviceptr dtype finalize firstprivate gang host if if_present independent link no_create nohost num_gangs num_workers pcopy
pcopyin pcopyout pcreate present present_or_copy present_or_copyin present_or_copyout present_or_create private read reduction self seq
tile update use_device vector vector_length wait worker write
""",
}

LIST_CLAUSES = frozenset(
    [
        "affinity",
        "aligned",
        "allocate",
        "copy",
        "copyin",
        "copyout",
        "copyprivate",
        "create",
        "defaultmap",
        "delete",
        "depend",
        "device_resident",
        "deviceptr",
        "enter",
        "exclusive",
        "firstprivate",
        "from",
        "has_device_addr",
        "host",
        "in_reduction",
        "inclusive",
        "is_device_ptr",
        "lastprivate",
        "link",
        "local",
        "map",
        "no_create",
        "nontemporal",
        "pcopy",
        "pcopyin",
        "pcopyout",
        "pcreate",
        "present",
        "present_or_copy",
        "present_or_copyin",
        "present_or_copyout",
        "present_or_create",
        "private",
        "reduction",
        "self",
        "shared",
        "task_reduction",
        "to",
        "uniform",
        "use_device",
        "use_device_addr",
        "use_device_ptr",
    ]
)
"""Clauses whose argument is a list of which the order, and the cut into several clauses, says nothing."""


def _entries(text: str) -> Iterator[str]:
    return (" ".join(entry.split()) for entry in text.split(";"))


def _openmp() -> Iterator[str]:
    begun = [*_entries(_LEAVES), *_entries(_COMBINED), "{for}", *_LOOPS, *_DISTRIBUTES, *_TEAMS, *_TARGETS]
    for name in begun:
        for spelled in {name.replace("{for}", "for"), name.replace("{for}", "do")}:
            yield spelled
            if spelled.split()[0] not in (*_BEGINS_NOTHING.split(), "end", "begin") and not spelled.startswith("declare"):
                yield f"end {spelled}"
    for cancelled in ("parallel", "for", "do", "sections", "taskgroup"):
        yield f"cancel {cancelled}"
        yield f"cancellation point {cancelled}"
    yield from (f"atomic {kind}" for kind in (*ATOMIC_KINDS, "update capture", "compare capture"))


def _openacc() -> Iterator[str]:
    yield from _entries(_ACC)
    yield from (f"end {name}" for name in _ACC_ENDS)
    yield from (f"atomic {kind}" for kind in ATOMIC_KINDS if kind != "compare")


CONSTRUCTS: dict[str, frozenset[str]] = {"omp": frozenset(_openmp()), "acc": frozenset(_openacc())}
"""The canonical names by the word behind ``#pragma`` or ``!$``."""

CLAUSES: dict[str, frozenset[str]] = {model: frozenset(names.split()) for model, names in _CLAUSES.items()}
"""The clauses likewise."""


@functools.cache
def by_spelling(model: str, *, fortran: bool) -> dict[str, str]:
    """Names as a program may spell them to canonical names.

    A key has blanks for underscores (OpenMP 6 writes ``declare_target``); Fortran's have no blanks at all, as ``enddo`` is allowed.
    """
    return {spelling(name, fortran=fortran): name for name in CONSTRUCTS[model]}


def spelling(name: str, *, fortran: bool) -> str:
    """The key of a name in `by_spelling`."""
    return name.lower().replace("_", "").replace(" ", "") if fortran else name.replace("_", " ")


@functools.cache
def most_words(model: str) -> int:
    """The number of words in the longest name."""
    return max(len(name.split()) for name in CONSTRUCTS[model])


_OTHER_PRAGMAS = """
omp ompx acc once pack push pop unroll nounroll ivdep novector vector simd GCC clang optimize STDC FP_CONTRACT FENV_ACCESS weak message region endregion
"""
_UNDERSCORED = ("declare ", "begin ", "end declare", "end assumes", "end metadirective", "task iteration", "cancellation", "target ")


def _directive_words() -> Iterator[str]:
    yield from _OTHER_PRAGMAS.split()
    for names in (*CONSTRUCTS.values(), *CLAUSES.values()):
        for name in names:
            yield from name.split()
    # OpenMP 6 spells what were two words with an underscore, as in ``declare_target``.
    yield from (name.replace(" ", "_") for name in _entries(_LEAVES) if name.startswith(_UNDERSCORED))


DIRECTIVE_WORDS = tuple(sorted(set(_directive_words())))
"""Words that have a meaning in a directive outside the brackets of a clause: constructs, clauses, and what other pragmas begin with."""

_IN_CLAUSES = """
static dynamic guided auto runtime monotonic nonmonotonic simd strict dims none shared private firstprivate default present saved
alloc to from tofrom storage release delete always close self ref ref_ptee ref_ptr ref_ptr_ptee iterator mapper
scalar aggregate pointer allocatable all all_memory in out inout inoutset mutexinoutset depobj source sink omp_cur_iteration
master primary spread thread concurrent reproducible unconstrained conditional task inscan original relaxed step val uval linear
parallel sections section for do loop taskgroup taskloop teams distribute target data enter exit update atomic cancel
targetsync prefer_type fr attr device_num ancestor host nohost any initial memspace traits allocator align
omp_priv omp_orig omp_in omp_out omp_var omp_idx omp_step omp_pool omp_team cgroup seq_cst acq_rel acquire
read write compare capture device user condition construct implementation kind arch isa vendor extension score requires uid
match_any match_all match_none dispatch target_device need_device_ptr need_device_addr interop nothing
fatal warning compilation execution fused grid identity interchanged intratile offsets reversed split unrolled
num dim length gang worker vector devnum queues readonly zero alwaysin alwaysout nvidia radeon multicore not_host current
present_or_copy min max and or iand ior ieor eqv neqv if collapse
"""
CLAUSE_WORDS = tuple(sorted(set(_IN_CLAUSES.split())))
"""Words that have a meaning inside the brackets of a clause, unless the program uses them as names: kinds, modifiers, operators."""

_FREQUENT = """
private firstprivate lastprivate shared reduction schedule collapse num_threads default nowait map tofrom dynamic guided static simd parallel
for do atomic critical target teams distribute single master barrier task depend gang worker vector copyin copyout present loop kernels
"""
FREQUENT_WORDS = frozenset(_FREQUENT.split())
"""Of `DIRECTIVE_WORDS` and `CLAUSE_WORDS` those that programs use most: what a tokenizer is measured on."""
