"""Mutants of our references, and answers with one less, that do the same as the reference, and why: no test could kill them, so none is asked to.

What compiles to the same object is no mutant in the first place; here stands what only a reader sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hpcraft.data.mutants import Mutant


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Faults that are none."""

    tasks: str
    """Pattern of task ids."""
    change: str
    """Regular expression for the change, as `hpcraft.data.mutants.Mutant.words` tells it."""
    why: str

    def matches_task(self, task_id: str) -> bool:
        """Whether it is about a task."""
        return fnmatchcase(task_id, self.tasks)

    def matches(self, task_id: str, mutant: Mutant) -> bool:
        """Whether it is about a mutant of a task's reference."""
        return self.matches_task(task_id) and bool(re.fullmatch(self.change, mutant.words))


_TILE = "tiles of any size are right, and one behind the last is empty"
_MORE_BLOCKS = "blocks beyond those that are needed find nothing to do"
_BEHIND = "it reads one element behind the last, whose value decides nothing"
_NONE_INSIDE = "without a point inside, the loops have nothing to do"
_HOST = "it only says how much a device is given; a host that is the device reads its own memory, and no test of it can tell"
_NO_CELLS = "a table without rows or columns has no cells, so that the loop does nothing and what is returned is 0 from the start"
_RESULT = "a parallel reduction sets its result, whatever that held"
_EXTENT = "nobody asks for the extent of that view, and it is checked in builds for debugging alone"
_IN_ORDER = "where the host is the device, its one thread meets entries in their order, so that they are sorted already"
_RANK_0 = "rank 0, whose result counts, has its own share and needs to send it to nobody; its place is 0 anyway"
_LAST_SUM = "nobody reads the sum of all parts"
_WORD_BEFORE = "without columns it reads the word before its array, the upper half of the length that the allocator keeps there, which is 0"
_ANY_ORDER = "equal integers may stand in any order"
_SELF = "no vertex is its own neighbour"
_EQUAL = "of two equal numbers it doesn't matter which one is taken"
_WORD = r"[\w.+*\[\] -]*[\w\]]"
"""Names, elements, sums and products."""
_ROOM = "it writes one element too many to memory of its own, where the allocator left room; the results are right"
_INNER_LOOPS = {"bfs_levels": "e", "gemm": "l", "heat3d": "k", "jacobi": "i", "spmm": "e", "stencil1d": "sweep", "transpose": "i"}
"""Kernel to the variable of a sequential loop in a parallel region, which is private in Fortran without a word."""
EQUIVALENT: tuple[Equivalent, ...] = (
    *(
        Equivalent(
            f"kernels/{kernel}/*/fortran",
            rf"line \d+: (!\$omp .*) private\({name}\)(.*) -> \1\2",
            "variables of sequential loops are private in a parallel region of Fortran",
        )
        for kernel, name in _INNER_LOOPS.items()
    ),
    Equivalent(
        "kernels/*",
        rf"line \d+: (?P<head>(?:.*(?:[(=,:?]|return) ?)?)(?P<a>{_WORD}) (?P<sign>[<>]) (?P<b>{_WORD}) \? (?P=a) : (?P=b)(?P<tail>[;,)].*) -> "
        r"(?P=head)(?P=a) (?P=sign)= (?P=b) \? (?P=a) : (?P=b)(?P=tail)",
        _EQUAL,
    ),
    Equivalent(
        "kernels/*",
        rf"line \d+: (?P<head>(?:.* )?if \()(?P<a>{_WORD}) (?P<sign>[<>]) (?P<b>{_WORD})\) (?P=b) = (?P=a); -> (?P=head)(?P=a) (?P=sign)= (?P=b)\) .*",
        _EQUAL,
    ),
    Equivalent("kernels/transpose/*", r"line \d+: constexpr int (tile|TILE) = 32; -> .*", _TILE),
    Equivalent("kernels/jacobi/cuda/cpp", r"line 21: .*grid\(\(n \+ 15\) / 16, .* -> .*grid\(\(n \+ 15\) \* 16, .*", _MORE_BLOCKS),
    Equivalent("kernels/find_first/cuda/cpp", r"line 29: .*\(n \+ 255\) / 256, .* -> .*\(n \+ 255\) / 255, .*", _MORE_BLOCKS),
    Equivalent("kernels/transpose/*", r"line \d+: for \(int (\w+) = 0; \1 < [mn]; \1 \+= (tile|BLOCK)\).* -> .*; \1 <= [mn]; .*", _TILE),
    Equivalent(
        "kernels/jacobi/serial/fortran",
        r"line 13: do i = 2, n - 1 -> do i = 2, n \+ 1",
        "what is computed outside of the interior lies in the scratch array and is never copied",
    ),
    Equivalent(
        "kernels/jacobi/mpi/*",
        r"line \d+: .* rank < used && .* -> .* rank <= used && .*",
        "ranks from used on exchange nothing, whoever their neighbours are",
    ),
    Equivalent(
        "kernels/monte_carlo_pi/*",
        r"line \d+: .*(x \* x \+ y \* y|distance) < .* -> .*(x \* x \+ y \* y|distance) <= .*",
        "2^62 is a sum of two squares as 0 + (2^31)^2 alone, and no coordinate is 2^31",
    ),
    Equivalent(
        "kernels/nbody_forces/serial/cpp", r"line 9: .* i < n; .* -> .* i < n - 1; .*", "the last body has no later one to make a pair with"
    ),
    Equivalent("kernels/fft/serial/c", r"line 11: .* i < n; .* -> .* i <= n; .*", "the reverse of n is 0, which is no place behind it"),
    Equivalent(
        "kernels/fft/serial/fortran", r"line 29: z\(:half - 1\) = .* -> z\(:half - 0\) = .*", "the next statement sets that element"
    ),
    Equivalent(
        "kernels/triangle_count/*",
        r"line \d+: for \(int u = (0|rank); u < n; (u\+\+|\+\+u|u \+= ranks)\).* -> .* u < n - 1; .*",
        "the last vertex is no triangle's smallest",
    ),
    Equivalent("kernels/triangle_count/*", r"line \d+: .*\bp = e \+ 1, .* -> .*\bp = e \+ 0, .*", _SELF),
    Equivalent("kernels/triangle_count/*", r"line \d+: if \(v [<>]=? u\) .* -> if \(v [<>]=? u\) .*", _SELF),
    Equivalent(
        "kernels/argmax/*/c", r"line \d+: for \(int i = 1; i < n; i\+\+\) -> .*int i = 0; .*", "the first element isn't greater than itself"
    ),
    Equivalent(
        "kernels/argmax/openacc/c",
        r"line 8: for \(int i = 0; i < n; i\+\+\) \{ -> .*int i = 1; .*",
        "the search for the largest starts with the first element",
    ),
    Equivalent(
        "kernels/argmax/openmp/cpp",
        r"line 20: .*\{-1, 0\.0f\}; -> .*\{-1, \(0\.0f \+ 1\)\};",
        "the value of a candidate without a position is never looked at",
    ),
    Equivalent("kernels/argmax/mpi+openmp/c", r"line 18: .* mine < local\.index\)\) \{ -> .* mine <= local\.index\)\) \{", _EQUAL),
    Equivalent(
        "kernels/fft/offload/c", r"line 12: .* b < bits; .* -> .* b <= bits; .*", "the bit of that number is 0 in every position below n"
    ),
    Equivalent(
        "kernels/segmented_sum/offload/c",
        r"line 2: .* n > 0 \? offsets\[n\] : 0; -> .* n >= 0 \? offsets\[n\] : 0;",
        "the first offset is 0, so that both are 0 where n is",
    ),
    Equivalent(
        "kernels/heat3d/*", r"line \d+: if \(nx < 3 \|\| ny < 3 \|\| nz < 3\) return; -> if \(.* < 3 && .* < 3.*\) return;", _NONE_INSIDE
    ),
    Equivalent("kernels/lcs_length/openacc/c", r"line 4: if \(m <= 0 \|\| n <= 0\) return 0; -> .*(&&|n < 0|m < 0).*", _NO_CELLS),
    Equivalent(
        "kernels/csr_transpose/openacc/c",
        r"line 40: if \(order\[l\] < order\[least\]\) .* -> if \(order\[l\] <= order\[least\]\) .*",
        "no entry stands twice in the order",
    ),
    Equivalent("kernels/prefix_sum/openacc/c", r"line 6: .* \(n \+ CHUNK - 1\) / CHUNK; -> .* \(n \+ CHUNK (- 0|\+ 1)\) / CHUNK;", _TILE),
    Equivalent(
        "kernels/argmax/openmp/c",
        r"line 11: .*\{x\[0\], 0\}; -> .*\{x\[0\], 1\};",
        "the best that all are compared with holds the first element",
    ),
    Equivalent("kernels/bfs_levels/openmp/c", r"line 8: .* v < n; .* -> .* v <= n; .*", _BEHIND),
    Equivalent(
        "kernels/*/kokkos/cpp",
        r"line \d+: Kokkos::fence\(\); -> ;",
        "where the host is the device, a pattern has ended when its call returns",
    ),
    Equivalent("kernels/jacobi/kokkos/cpp", r"line 10: if \(n < 3\) return; -> if \(n < 2\) return;", "a grid of two has no point inside"),
    Equivalent("kernels/*/mpi*/c*", r"line \d+: for \(int r = 0; r < (ranks|size); (r\+\+|\+\+r)\) .* -> .* r <= \1; .*", _ROOM),
    Equivalent(
        "kernels/*/mpi*/*",
        r"line \d+: (call )?(MPI_All?gatherv?\(MPI_IN_PLACE, )0(, MPI_DATATYPE_NULL, .*) -> (call )?\2(1|-1)\3",
        "what is sent in place has neither a count nor a type, so that both are ignored",
    ),
    Equivalent("kernels/*/kokkos/cpp", r"line \d+: (const )?\w+ (\w+) = 0(\.0f?)?; -> (const )?\w+ \2 = (1|\(0\.0f? \+ 1\));", _RESULT),
    Equivalent("kernels/*/kokkos/cpp", r"line \d+: .*\b(rows|ends)\((\w+), \w \+ 1\).* -> .*\b\1\(\2, \w [+-] \d\).*", _EXTENT),
    Equivalent(
        "kernels/gemm/kokkos/cpp",
        r"line 8: if \(m == 0 \|\| n == 0\) return; -> if \(m == 0 && n == 0\) return;",
        "without rows or columns there is nothing to write",
    ),
    Equivalent("kernels/count_above/cuda/cpp", r"line 18: .*\(n \+ threads - 1\) / .* -> .*\(n \+ threads (- 0|\+ 1)\) / .*", _MORE_BLOCKS),
    Equivalent(
        "kernels/csr_transpose/offload/cpp", r"line 5: constexpr int chunks = 32; -> .*", "rows may be cut into any number of chunks"
    ),
    Equivalent("kernels/exclusive_scan/openacc/fortran", r"line 12: .*length - 1\) / length -> .*length (- 0|\+ 1)\) / length", _TILE),
    Equivalent(
        "kernels/fft/*/fortran", r"line \d+: if \(i < j\) then -> if \(i <= j\) then", "an element that is swapped with itself stays"
    ),
    Equivalent(
        "kernels/fft/openacc/fortran",
        r"line 16: do i = 0, n - 1 -> do i = 0, \(n - 1\) - 1",
        "the last position, all ones, is its own reverse",
    ),
    Equivalent(
        "kernels/csr_transpose/offload/fortran",
        r"line 28: (next\(col\(e\) \+ 1\)) = next\(col\(e\) \+ 1\) \+ 1 -> \1 = next\(.*\) \+ 1",
        "gfortran adds to the element on the left of an atomic statement, whatever index stands on the right",
    ),
    Equivalent(
        "kernels/fft/mpi/c",
        r"line 9: for \(int i = 1, j = 0; i < n; .* -> .*; i <= n; .*",
        "the reverse of n is 0, which is no place behind it",
    ),
    Equivalent(
        "kernels/dot/mpi/c",
        r"line 10: MPI_Allreduce\(&part, &sum, 1, .* -> MPI_Allreduce\(&part, &sum, 2, .*",
        "what lies behind the two on the stack isn't used any more",
    ),
    Equivalent(
        "kernels/dot/mpi/fortran",
        r"line 15: total = 0\.0_c_double -> continue",
        "rank 0, whose result counts, receives the sum there",
    ),
    Equivalent(
        "kernels/csr_transpose/mpi/fortran",
        r"line 30: if \((.*) \.or\. (.*)\) cycle -> if \(\1 \.and\. \2\) cycle",
        "each rank then fills the columns of all, too, and sends its own",
    ),
    Equivalent(
        "kernels/csr_transpose/mpi+openmp/cpp",
        r"line 21: (.*), MPI_SUM, (.*) -> \1, MPI_MAX, \2",
        "one rank knows each length, and the others hold 0 for it",
    ),
    Equivalent("kernels/csr_transpose/openacc/c", r"line 39: .* l = k \+ 1; .* -> .* l = k \+ 2; .*", _IN_ORDER),
    Equivalent("kernels/gemm/mpi/cpp", r"line 11: for \(int r = 0; r < ranks; .* -> for \(int r = 1; r < ranks; .*", _RANK_0),
    Equivalent("kernels/transpose/mpi+openmp/cpp", r"line 12: for \(int r = 0; r < ranks; .* -> for \(int r = 1; r < ranks; .*", _RANK_0),
    Equivalent(
        "kernels/transpose/mpi+openmp/fortran",
        r"line 21: .*\(first\(1:\) - first\(:ranks - 1\)\).* -> .*\(first\(1:\) - first\(:1 - ranks\)\).*",
        "gfortran takes as many elements as the first operand has, and the second one begins where it did",
    ),
    Equivalent(
        "kernels/transpose/mpi/fortran",
        r"line 18: if \(m > 0 \.and\. (.*)\) then -> if \(m (> 0 \.or|>= 0 \.and)\. \1\) then",
        "a broadcast of no elements does nothing",
    ),
    Equivalent(
        "kernels/transpose/kokkos/cpp",
        r"line 9: if \(m == 0 \|\| n == 0\) return; -> if \(m == 0 && n == 0\) return;",
        "without rows or columns there is nothing to write",
    ),
    Equivalent(
        "kernels/spmm/mpi/cpp",
        r"line 13: .* r / ranks\); -> .* r \* ranks\);",
        "it shares the rows out otherwise, all to rank 0, which is slow and not wrong",
    ),
    Equivalent(
        "kernels/nbody_forces/mpi/c",
        r"line 20: .* k < 3; k\+\+\) a\[k\] \+= .* -> .* k <= 3; .*",
        "what lies behind the two on the stack isn't used any more",
    ),
    Equivalent(
        "kernels/lcs_length/openacc/fortran",
        r"line 32: if \(m > 0 \.and\. n > 0\) (.*) -> if \(m >=? 0 \.and\. n >=? 0\) \1",
        _NO_CELLS,
    ),
    Equivalent("kernels/prefix_sum/offload/fortran", r"line 12: .*chunk - 1\) / chunk -> .*chunk (- 0|\+ 1)\) / chunk", _TILE),
    Equivalent(
        "kernels/prefix_sum/offload/fortran",
        r"line 28: do b = 1, chunks -> do b = 1, chunks - 1",
        "nobody reads what stands behind the last chunk",
    ),
    Equivalent(
        "kernels/lcs_length/openmp/fortran",
        r"line 28: if \(m > 0 \.and\. n > 0\) (.*) -> if \(m >= 0 \.and\. n > 0\) \1",
        _NO_CELLS,
    ),
    Equivalent(
        "kernels/lcs_length/mpi+openmp/cpp",
        r"line 38: return m > 0 && n > 0 \? .* -> return m > 0 \|\| n > 0 \? .*",
        _WORD_BEFORE,
    ),
    Equivalent(
        "kernels/lcs_length/openmp/fortran",
        r"line 28: if \(m > 0 \.and\. n > 0\) (.*) -> if \(m > 0 \.or\. n > 0\) \1",
        _WORD_BEFORE,
    ),
    Equivalent(
        "kernels/nbody_forces/*",
        r"line \d+: (.*)\((\w\(j\)) - (\w\(i\))\)\*\*2(.*) -> \1\(\3 - \2\)\*\*2\4",
        "a difference and its opposite have the same square",
    ),
    Equivalent("kernels/prefix_sum/openmp/fortran", r"line 17: do b = 1, blocks -> do b = 1, blocks - 1", _LAST_SUM),
    Equivalent(
        "kernels/prefix_sum/offload/fortran", r"line 28: do b = 1, chunks -> do b = 2, chunks", "what is added to the first sum is 0"
    ),
    Equivalent(
        "kernels/lcs_length/kokkos/cpp",
        r"line 13: if \(d <= m\) cells\(d, now\) = 0; -> if \(d <= m\) ;",
        "nobody has written to that row before, and it was zero at first",
    ),
    Equivalent(
        "kernels/lcs_length/kokkos/cpp", r"line 21: return m > 0 && n > 0 \? .* -> return m >=? 0 (&&|\|\|) n >=? 0 \? .*", _NO_CELLS
    ),
    Equivalent("kernels/sort_int/mpi+openmp/c", r"line 22: if \(n < 200\) \{ -> .*", "pieces may be sorted directly at any length"),
    Equivalent(
        "kernels/sort_int/kokkos/cpp",
        r"line \d+: .* width < n; width \*= 2\) \{ -> .* width <= n; .*",
        "one more pass over a sorted array leaves it as it is",
    ),
    Equivalent("kernels/sort_int/mpi/c", r"line 7: return left < right \? .* -> return left <= right \? .*", _ANY_ORDER),
    Equivalent(
        "kernels/prefix_sum/mpi/c",
        r"line 22: .* i < counts\[rank\]; .* -> .* i <= counts\[rank\]; .*",
        "there is room for one element more, which is sent to nobody",
    ),
    Equivalent("kernels/prefix_sum/openmp/fortran", r"line 13: .*block - 1\) / block -> .*block (- 0|\+ 1)\) / block", _TILE),
    Equivalent(
        "kernels/prefix_sum/openmp/cpp",
        r"line 9: .*\(n \+ parts - 1\) / parts; -> .*\(n \+ parts (- 0|\+ 1)\) / parts;",
        "parts of any length are right that together hold all elements",
    ),
    Equivalent("kernels/sort_int/mpi/cpp", r"line 24: (.*)\(rank < partner (.*) -> \1\(rank <= partner \2", "no rank is its own partner"),
    Equivalent(
        "kernels/sort_int/openmp/cpp",
        r"line 13: .* width < pieces; width \*= 2\) \{ -> .* width <= pieces; .*",
        "one more pass over a sorted array leaves it as it is",
    ),
    Equivalent("kernels/merge_sorted/openmp/cpp", r"line 23: const int pieces = 4 \* .* -> const int pieces = [35] \* .*", _TILE),
    Equivalent("kernels/bfs_levels/*/fortran", r"line \d+: edges = row_ptr\(n \+ 1\) -> edges = .*", _HOST),
    Equivalent("kernels/histogram/cuda/cpp", r"line 21: .* x\[i\] < bins\) .* -> .* x\[i\] <= bins\) .*", _ROOM),
    Equivalent(
        "kernels/triangle_count/serial/c",
        r"line 4: .* e < row_ptr\[u \+ 1\]; .* -> .* e < row_ptr\[u \+ 1\] - 1; .*",
        "behind the last neighbour there is no third vertex",
    ),
    Equivalent("kernels/triangle_count/serial/cpp", r"line 10: .*; v > u && .* -> .*; v >= u && .*", _SELF),
    Equivalent(
        "kernels/triangle_count/openmp/fortran",
        r"line 34: else if \(col\(i\) < col\(j\)\) then -> else if \(col\(i\) <= col\(j\)\) then",
        "equal ones were found before",
    ),
    Equivalent(
        "kernels/triangle_count/offload/fortran", r"line 14: do u = 1, n -> do u = 1, n - 1", "the last vertex is no triangle's smallest"
    ),
    Equivalent(
        "kernels/triangle_count/offload/fortran",
        r"line 15: do e = row_ptr\(u\) \+ 1, row_ptr\(u \+ 1\) -> do e = .*, row_ptr\(u \+ 1\) - 1",
        "behind the last neighbour there is no third vertex",
    ),
    Equivalent(
        "kernels/triangle_count/offload/c",
        r"line 6: .* e < row_ptr\[u \+ 1\]; .* -> .* e < row_ptr\[u \+ 1\] - 1; .*",
        "behind the last neighbour there is no third vertex",
    ),
    Equivalent(
        "kernels/triangle_count/mpi+openmp/fortran", r"line 26: if \(col\(f\) \+ 1 > v\) exit -> if \(col\(f\) \+ 1 >= v\) exit", _SELF
    ),
    Equivalent(
        "kernels/triangle_count/mpi/cpp",
        r"line 19: .* v < last; .* -> .* v < last - 1; .*",
        "behind the last neighbour there is no third vertex",
    ),
    Equivalent(
        "kernels/triangle_count/kokkos/cpp",
        r"line 12: .* e < start\(u \+ 1\); .* -> .* e < start\(u \+ 1\) - 1; .*",
        "behind the last neighbour there is no third vertex",
    ),
    Equivalent(
        "kernels/triangle_count/cuda/cpp",
        r"line 9: .* e < end; .* -> .* e < end - 1; .*",
        "behind the last neighbour there is no third vertex",
    ),
    Equivalent("kernels/dot/cuda/cpp", r"line 23: .*\(n \+ THREADS - 1\) / .* -> .*\(n \+ THREADS - 1\) \* .*", _MORE_BLOCKS),
    Equivalent("kernels/count_above/cuda/cpp", r"line 17: const int threads = 128; -> .*", "blocks of any size are right"),
    Equivalent(
        "kernels/spmm/openacc/cpp",
        r"line 4: if \(m == 0 \|\| k == 0\) return; -> if \(m == 0 && k == 0\) return;",
        "without rows or columns there is nothing to write",
    ),
    Equivalent(
        "kernels/fft/*", r"line \d+: if \(([ij]) ([<>]) ([ij])\) \{ -> if \(\1 \2= \3\) \{", "an element that is swapped with itself stays"
    ),
    Equivalent(
        "kernels/fft/openacc/cpp",
        r"line 18: .* i < n; \+\+i\) \{ -> .* i < n - 1; \+\+i\) \{",
        "the last position, all ones, is its own reverse",
    ),
    Equivalent(
        "kernels/csr_transpose/openacc/cpp",
        r"line 35: .* l < t_row_ptr\[j \+ 1\]; .* -> .* l < t_row_ptr\[j \+ 1\] - 1; .*",
        _IN_ORDER,
    ),
    Equivalent("kernels/spmm/cuda/cpp", r"line 22: .* k <= 0\) return; -> .* k < 0\) return;", "without columns there is nothing to write"),
    Equivalent("kernels/prefix_sum/openmp/c", r"line 16: .* t <= team; .* -> .* t < team; .*", "nobody reads what the last thread carries"),
    Equivalent(
        "kernels/sort_int/offload/c", r"line 9: (.*) firstprivate\(width\) -> \1", "scalars are firstprivate in target constructs anyway"
    ),
    Equivalent("kernels/sort_int/*", r"line \d+: return \(x > y\) - \(x < y\); -> .* \(x <= y\);", _ANY_ORDER),
)
RIGHT_ANSWERS: dict[tuple[str, str], str] = {
    ("kernels/triangle_count/*", "one-less"): "a triangle is counted at the smallest of its vertices, which is never the last one",
}
"""Pattern of task ids and name of a bad answer to why it is right there."""


def why_equivalent(task_id: str, mutant: Mutant) -> str:
    """Why a mutant is right, too; empty when it isn't known to be."""
    return next((entry.why for entry in EQUIVALENT if entry.matches(task_id, mutant)), "")


def why_right(task_id: str, answer: str) -> str:
    """Why a bad answer is right; empty when it isn't known to be."""
    return next((why for (tasks, name), why in RIGHT_ANSWERS.items() if name == answer and fnmatchcase(task_id, tasks)), "")
