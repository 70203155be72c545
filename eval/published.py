"""Estimators as others have published them, wrong values included, so that their tables can be reproduced beside ours.

Never a figure of ours: each function says what is wrong with it, and `hpcraft.eval.metrics` has the right one.
ParEval's are those of its ``analysis/metrics.py``, HPCTransEval's that of its ``EvalEngine/code_verification.py``; the normalised perplexity is that of the first studies of HPC code models.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, exp

import numpy as np

from hpcraft.sandbox.abi import Array


def _pareval_combinations(n: int, r: int) -> int:
    """C(n, r), but 1 where it should be 0."""
    return 1 if n < r else comb(n, r)


def pareval_speedup_at_k(baseline_seconds: float, valid_seconds: Sequence[float], k: int) -> float:
    """speedup_n@k of one task as ParEval's code computes it.

    Times are sorted ascending, so that the weights go to the slowest, combinations that don't exist count 1, and samples that are
    wrong have been dropped before. Right for k = 1 alone: times 1, 2, 4 against 4 give 2.667 for k = 2 (true: 3.333) and 7.0 for
    k = 3, above the best single speed-up of 4.
    """
    if not valid_seconds:
        return 0.0
    count = len(valid_seconds)
    weights = [_pareval_combinations(j - 1, k - 1) / _pareval_combinations(count, k) for j in range(1, count + 1)]
    return sum(weight * baseline_seconds / seconds for weight, seconds in zip(weights, sorted(valid_seconds), strict=True))


def pareval_efficiency_at_k(baseline_seconds: float, valid_seconds: Sequence[float], k: int, resources: int) -> float:
    """efficiency_n@k of one task as ParEval's code computes it: as wrong as its speed-up, by a number of resources fixed in its code."""
    return pareval_speedup_at_k(baseline_seconds, valid_seconds, k) / resources


def pareval_build_at_k(built: Sequence[bool], num_configurations: int, k: int) -> float:
    """build@k of one task as ParEval's code computes it: over rows of runs.

    A sample that builds has a row for each configuration that it is run in, one that doesn't has a single row: five of ten samples
    built, with seven configurations, give 0.875 for k = 1 (true: 0.5).
    """
    successes = sum(built) * num_configurations
    rows = successes + built.count(False)
    return 1.0 - (comb(rows - successes, k) / comb(rows, k) if rows - successes >= k else 0.0)


def lexer_normalised_perplexity(total_nats: float, num_lexer_tokens: int, num_lexer_rules: int) -> float:
    """exp(total / (lexer tokens * number of regular expressions of the lexer)), published as "normalised perplexity".

    It says little of a model: 3.0 per lexer token becomes 1.015 with the 76 rules of a C++ lexer, and the value moves with the
    lexer's version. See `hpcraft.eval.likelihood` for figures that can be compared.
    """
    return exp(total_nats / (num_lexer_tokens * num_lexer_rules))


def mpirigen_location_score(gold: Sequence[tuple[int, int]], predicted: Sequence[tuple[int, int]], variance: int) -> float:
    """The location score of one program as MPIrigen's code computes it, from lines and places of calls.

    It is recall alone: surplus calls cost nothing, and one call may satisfy several. Line and place are glued into one number, so that
    the tenth place of a line is its first, and calls of one number are one; a line may be off only where the place is the same, a place
    only by tenths of that number, so that place 9 is beside place 0 of the next line.
    """
    found = [_taken_for(_glued(*where), variance) for where in predicted]
    wanted = {_glued(*where) for where in gold}
    return sum(any(where in near for near in found) for where in wanted) / len(wanted) if wanted else 0.0


def _glued(line: int, place: int) -> float:
    return round(float(f"{line}.{place}"), 2)


def _taken_for(where: float, variance: int) -> frozenset[float]:
    """The numbers of gold calls that a predicted one satisfies."""
    if not variance:
        return frozenset((where,))
    lines = np.arange(where - variance, where + variance + 1)
    places = np.arange(where - variance / 10, where + 0.1 + variance / 10, 0.1)
    return frozenset(round(float(number), 2) for number in (*lines, *places))


def allclose_of_hpctranseval(expected: Sequence[Array], got: Sequence[Array]) -> bool:
    """Whether outputs agree as HPCTransEval's code has it: 1e-7 relative and absolute, NaN equal to NaN.

    The bound lies below the rounding unit of its floats, so that a sum in another order fails; a result that is NaN all over, as
    ``acosh`` has on its inputs in [0, 1), passes for any other that is.
    """
    return all(np.allclose(a, e, rtol=1e-7, atol=1e-7, equal_nan=True) for e, a in zip(expected, got, strict=True))
