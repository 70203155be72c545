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
_ROOM = "it writes one element too many to memory of its own, where the allocator left room; the results are right"
EQUIVALENT: tuple[Equivalent, ...] = (
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
        r"line \d+: .*x \* x \+ y \* y < .* -> .*x \* x \+ y \* y <= .*",
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
        r"line \d+: for \(int u = 0; u < n; u\+\+\).* -> .* u < n - 1; .*",
        "the last vertex is no triangle's smallest",
    ),
    Equivalent("kernels/triangle_count/serial/c", r"line 8: .* p = e \+ 1, .* -> .* p = e \+ 0, .*", "no vertex is its own neighbour"),
    Equivalent("kernels/triangle_count/*", r"line \d+: if \(v (<=|>=) u\) .* -> if \(v [<>] u\) .*", "no edge leads to its own vertex"),
    Equivalent(
        "kernels/argmax/*/c", r"line \d+: for \(int i = 1; i < n; i\+\+\) -> .*int i = 0; .*", "the first element isn't greater than itself"
    ),
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
    Equivalent("kernels/*/mpi/c", r"line \d+: for \(int r = 0; r < ranks; r\+\+\) .* -> .* r <= ranks; .*", _ROOM),
    Equivalent("kernels/histogram/cuda/cpp", r"line 21: .* x\[i\] < bins\) .* -> .* x\[i\] <= bins\) .*", _ROOM),
    Equivalent(
        "kernels/triangle_count/cuda/cpp",
        r"line 9: .* e < end; .* -> .* e < end - 1; .*",
        "behind the last neighbour there is no third vertex",
    ),
    Equivalent("kernels/dot/cuda/cpp", r"line 23: .*\(n \+ THREADS - 1\) / .* -> .*\(n \+ THREADS - 1\) \* .*", _MORE_BLOCKS),
    Equivalent("kernels/count_above/cuda/cpp", r"line 17: const int threads = 128; -> .*", "blocks of any size are right"),
    Equivalent("kernels/spmm/cuda/cpp", r"line 22: .* k <= 0\) return; -> .* k < 0\) return;", "without columns there is nothing to write"),
    Equivalent("kernels/prefix_sum/openmp/c", r"line 16: .* t <= team; .* -> .* t < team; .*", "nobody reads what the last thread carries"),
    Equivalent(
        "kernels/sort_int/offload/c", r"line 9: (.*) firstprivate\(width\) -> \1", "scalars are firstprivate in target constructs anyway"
    ),
    Equivalent("kernels/sort_int/*", r"line \d+: return \(x > y\) - \(x < y\); -> .* \(x <= y\);", "equal integers may stand in any order"),
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
