"""The well ``transcribed``: real loops of Fortran are the target, and the source is what they are in C by rule.

Sequential Fortran is the loop as it stands there (`hpcraft.data.fortran_outline`); for Fortran with OpenMP PSyclone, where it is installed, says whether
the loop can be parallel and writes the directive. C with OpenMP and CUDA come from the loop in C, by the rules that loops of C have. Held-out packages come
first, then what a hash says. What is set aside without translations is the loop in C.

Not covered: what the rule can't say in C, directives that stand in the real code, loops of which PSyclone makes an inner one parallel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hpcraft.data import psyclone
from hpcraft.data.fortran_outline import FortranLoop, fortran_loops
from hpcraft.data.material import Material
from hpcraft.data.parallelise import cuda_versions, openmp_versions
from hpcraft.data.target_models import SERIAL
from hpcraft.data.wells.ground import Ground
from hpcraft.records import CodeUnit, PairOrigin
from hpcraft.shards import read_rows

ORIGIN: PairOrigin = "transcribed"
_DO = re.compile(r"\bdo\b", re.IGNORECASE)


def draw(ground: Ground, limit: int) -> Iterator[Material]:
    """At most ``limit`` loops of the corpus's Fortran, each in C."""
    units = (u for u in read_rows(ground.corpus, "functions", CodeUnit) if u.language == "fortran" and _DO.search(u.text))
    found = [(unit, loop) for unit in units for loop in fortran_loops(unit.text, lambda error: ground.refuse(ORIGIN, error))]
    found.sort(key=lambda one: ground.rank(one[0].split, one[1].outlined.code()))
    # One by one: PSyclone takes a tenth of a second for each.
    ranked = (
        Material.of_unit(ORIGIN, unit, loop.outlined.signature, loop.outlined.code(), versions, seed=ground.seed, floors=loop.floors)
        for unit, loop in found
        if (versions := list(_versions(ground, loop)))
    )
    yield from ground.first(ORIGIN, ranked, limit, model=SERIAL)


def _versions(ground: Ground, loop: FortranLoop) -> Iterator[tuple[str, str]]:
    if "fortran" in ground.targets:
        yield "fortran", loop.code()
    if "fortran+openmp" in ground.targets and psyclone.is_here() and (directive := psyclone.openmp_directive(loop.plain())):
        yield "fortran+openmp", loop.code(directive)
    if "openmp" in ground.targets:
        yield from (("openmp", loop.outlined.code(pragma=pragma)) for pragma in openmp_versions(loop.outlined))
    if "cuda" in ground.targets:
        yield from (("cuda", code) for code in cuda_versions(loop.outlined, ground.seed, ground.launches))
