"""MPIrigen's published predictions scored one to one, beside the published one-sided score of the same file.

    git clone https://github.com/Scientific-Computing-Lab/MPI-rigen
    python benchmarks/mpirigen_rescoring.py MPI-rigen/MonoCoder/final_results/MPI-rigen/bpe_1000_examples.jsonl

The file (1,000 lines; the repository has no licence, so nothing of it is here) holds on each line ``pred`` and ``label``: texts of labels
``(LINE PLACE, STATEMENT;)``, with ``<|endoftext|>`` before or behind them. Per tolerance in lines it is printed: precision, recall and F1 of calls matched
one to one by name and line (`hpcraft.eval.mpi_insertion`), F1 with all arguments, the share of programs that are right as a whole, and the published score of places
(`hpcraft.eval.published.mpirigen_location_score`: recall alone, blind to names; mean over programs that have a gold call), on labels as the published code reads them.
Its values stand in the last rows of ``scores_var_0.csv`` to ``scores_var_2.csv`` beside the file: 0.445, 0.625, 0.699.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from hpcraft.errors import InputError
from hpcraft.eval.mpi_insertion import TOLERANCES, Program, calls_of_labels, insertion_figures
from hpcraft.eval.published import mpirigen_location_score

END = "<|endoftext|>"
_LABEL = re.compile(r"(\d+) (\d+),\s*MPI_\w*\(")
Places = list[tuple[int, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """One line of the file."""

    program: Program
    """As we read it."""
    gold: Places
    """Line and place of each call as the published code reads it."""
    predicted: Places


def read(path: Path) -> Iterator[Scored]:
    """The lines of a file of predictions.

    Raises:
        InputError: a line is not of the published form.
    """
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            # The mark stands where the model's text was cut off from its prompt, mostly in the place of a bracket.
            gold, predicted = row["label"].replace(END, " "), row["pred"].replace(END, "(")
            program = Program(calls_of_labels(gold), calls_of_labels(predicted))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{path}:{number}: expected an object with the texts 'pred' and 'label', as MPIrigen publishes them") from None
        yield Scored(program=program, gold=published_places(gold), predicted=published_places(predicted))


def published_places(text: str) -> Places:
    """Line and place of labels, one at most between each bracket and the next semicolon."""
    found = (_LABEL.search(part) for part in re.findall(r"\((.*?);", text))
    return [(int(label[1]), int(label[2])) for label in found if label]


def figures(lines: list[Scored], tolerance: int) -> dict[str, float]:
    """Ours, and the published score, at one tolerance."""
    ours = {name: figure.value for name, figure in insertion_figures([line.program for line in lines], tolerance).items()}
    scores = [mpirigen_location_score(line.gold, line.predicted, tolerance) for line in lines if line.gold]
    return {
        **{part: ours[f"mpi-location-{part}-within-{tolerance}"] for part in ("precision", "recall", "f1")},
        "f1 with arguments": ours[f"mpi-arguments-f1-within-{tolerance}"],
        "whole programs": ours[f"mpi-program-within-{tolerance}"],
        "published": fmean(scores) if scores else 0.0,
    }


def main() -> int:
    """Score a file and print a row for each tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="bpe_1000_examples.jsonl of a clone of MPI-rigen")
    args = parser.parse_args()
    try:
        lines = list(read(args.file))
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 3
    gold, predicted = (sum(len(side[i]) for side in (line.program for line in lines)) for i in (0, 1))
    print(f"{len(lines)} programs, {gold} gold calls, {predicted} predicted calls")
    for tolerance in TOLERANCES:
        row = "  ".join(f"{name} {value:.3f}" for name, value in figures(lines, tolerance).items())
        print(f"within {tolerance} lines: {row}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
