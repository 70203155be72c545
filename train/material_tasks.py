"""The tasks of fine-tuning in one table: which input each reads, and its examples of a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from hpcraft.progress import track
from hpcraft.records import Pair
from hpcraft.shards import read_rows
from hpcraft.tokenizer.requests import teachable
from hpcraft.train import material_complete, material_mpi
from hpcraft.train.material_complete import completion_examples
from hpcraft.train.material_instruct import instruction_examples
from hpcraft.train.material_mpi import halves, mpi_examples
from hpcraft.train.material_openmp import openmp_examples
from hpcraft.train.tasks import TESTS, Example, Maker, as_answered, examples, way_back

if TYPE_CHECKING:
    from hpcraft.train.finetune import FinetuneConfig

INPUT_OF = {"translate": "pairs", "openmp": "corpus", "mpi": "corpus", "complete": "corpus", "instruct": "instructions"}
"""Task to the input that it reads."""
MOST_VALID = 150
"""Examples that are measured at most."""
_OWN = ("c", "cpp")
"""Languages that the format of hpcraft's own models takes."""
_OPENMP = ("c", "cpp", "cuda", "fortran")


def gather(config: FinetuneConfig, folder: Path, split: str, seed: int, *, own: bool) -> list[Example]:
    """The examples of a split.

    Args:
        config: names the task.
        folder: the input that the task reads.
        split: ``train``, with the repeats of an epoch, or ``valid``.
        seed: of the choice.
        own: whether they are for a model of hpcraft's own.
    """
    if config.task == "translate":
        return _translations(config, folder, split, own=own)
    most = config.max_examples if split == "train" else min(config.max_examples, MOST_VALID)
    if config.task == "instruct":
        return instruction_examples(folder, split, most=most, seed=seed)
    if config.task == "complete":
        return completion_examples(folder, split, most=most, seed=seed, languages=material_complete.LANGUAGES)
    if config.task == "mpi":
        return mpi_examples(folder, split, most=most, seed=seed, languages=_OWN if own else material_mpi.LANGUAGES)
    languages = _OWN if own else _OPENMP
    repeats = config.negative_repeats
    return openmp_examples(folder, split, most=most, seed=seed, languages=languages, negative_repeats=repeats)


def _translations(config: FinetuneConfig, folder: Path, split: str, *, own: bool) -> list[Example]:
    proved = [pair for pair in teachable(read_rows(folder, "pairs", Pair)) if pair.split == split]
    pairs = as_answered(track(proved, "reading pairs", len(proved)), config.cuda_answer)
    back = {"cuda2c": config.cuda2c_repeats, "omp2c": config.omp2c_repeats}
    if split == "valid":
        once = {task: min(1.0, often) for task, often in back.items()}
        return [*examples(pairs, {TESTS: min(1.0, config.tests_repeats) if own else 0}), *way_back(proved, config.cuda_answer, once)]
    repeats = {"openmp": config.openmp_repeats, "cuda": config.cuda_repeats, TESTS: config.tests_repeats if own else 0}
    more = way_back(proved, config.cuda_answer, back, mined_repeats=config.mined_repeats)
    return [*examples(pairs, repeats, mined_repeats=config.mined_repeats), *more]


def fitting(items: Sequence[Example], make: Maker, longest: int) -> tuple[list[Example], Counter[str]]:
    """The examples that become rows, and why the others don't; MPI programs that are too long are cut until they do."""
    kept: list[Example] = []
    rejections: Counter[str] = Counter()
    for item in track(items, "reading examples", len(items)):
        waiting = [item]
        while waiting:
            part = waiting.pop()
            row = make(part, None, Random(0))
            if row is not None and len(row.ids) <= longest:
                kept.append(part)
            elif part.task == "mpi" and (parts := halves(part)):
                waiting += reversed(parts)
            else:
                rejections["too long" if row is not None else "no answer can be written"] += 1
    return kept, rejections
