"""Whether a new pair would repeat another one, or a benchmark.

C that was written of real OpenMP or CUDA may be a function that stands in the validation or test split, or in a suite: then the model would be taught what it is
measured on. Compared are normalised texts and trees, as for pairs (`hpcraft.data.material`). Functions without a translation were compared with all others
when pairs were made, so of them and of their translations only benchmarks are looked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from hpcraft.data.material import Known
from hpcraft.data.target_models import SERIAL
from hpcraft.records import Function, Pair, PairOrigin
from hpcraft.shards import read_rows

_ORIGIN: PairOrigin = "mutual"


class Fresh:
    """What is known of other pairs and benchmarks; read when the first new pair is looked at."""

    def __init__(self, pairs: Path, benchmarks: Path | None) -> None:
        """Remember where to look.

        Args:
            pairs: folder of the stage ``pairs``.
            benchmarks: that of ``benchmarks``; without it no benchmark is looked for.
        """
        self._pairs, self._benchmarks = pairs, benchmarks
        self._written: dict[tuple[str, str], str] = {}

    def why_not(self, function: Function, target_model: str, text: str) -> str:
        """Why a function and its translation should not become a pair: ``seen-before``, ``benchmark``, or empty.

        The same question has the same answer; C is new until it was found new for another function.
        """
        alone = replace(self._known, seen=set(), left_out=Counter())
        if function.model == SERIAL:
            return _objection(alone, function.source, [(target_model, text)])
        place = (function.function_id, text)
        if place not in self._written:
            self._written[place] = _objection(self._known, text, ())
        return self._written[place] or _objection(alone, text, [(function.model, function.source)])

    @cached_property
    def _known(self) -> Known:
        known, noted = Known.of(self._benchmarks), Known()
        for pair in read_rows(self._pairs, "pairs", Pair):
            noted.is_new(_ORIGIN, pair.source, ())
        for function in read_rows(self._pairs, "monolingual", Function):
            if function.model == SERIAL:
                noted.is_new(_ORIGIN, function.source, ())
        known.seen |= noted.seen
        return known


def _objection(known: Known, source: str, others: Sequence[tuple[str, str]]) -> str:
    known.left_out.clear()
    return "" if known.is_new(_ORIGIN, source, others) else next(iter(known.left_out)).rpartition(":")[2]
