"""MPI calls matched one to one: hand-computed cases, laws, and what the published metric lets through."""

import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.eval.agreement import Found, scores
from hpcraft.eval.mpi_insertion import Call, Program, calls_of_labels, calls_of_program, insertion_figures, matching
from hpcraft.eval.published import mpirigen_location_score

C = """int main(int argc, char **argv) {
    int rank; double x[4];
    MPI_Init(NULL, 0);
    CHECK(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    MPI_Send((void *)&x[0], 4, MPI_DOUBLE, 1, 0, MPI_COMM_WORLD); MPI_Send(&x[2], (1), MPI_DOUBLE, 1, 0, MPI_COMM_WORLD);
    // MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
}
"""
FORTRAN = """program p
  use mpi
  call MPI_Init(ierr)
  call mpi_send(x(1), n, MPI_DOUBLE, &
    1, 0, comm, ierr)
  t = MPI_Wtime()
end program
"""
CALLS = st.lists(st.builds(Call, st.integers(1, 6), st.just(1), st.sampled_from(["MPI_Send", "MPI_Recv"]), st.just(())), max_size=5)


def call(line, name, *arguments):
    """A call that stands alone on its line."""
    return Call(line, 1, name, arguments)


def test_calls_of_a_program():
    """Inside macros and two on a line; what a comment holds is no call; arguments are normalised."""
    assert calls_of_program(C, "c") == [
        Call(3, 1, "MPI_Init", ("0", "0")),
        Call(4, 1, "MPI_Comm_rank", ("MPI_COMM_WORLD", "&rank")),
        Call(5, 1, "MPI_Send", ("x", "4", "MPI_DOUBLE", "1", "0", "MPI_COMM_WORLD")),
        Call(5, 2, "MPI_Send", ("x+2", "1", "MPI_DOUBLE", "1", "0", "MPI_COMM_WORLD")),
        Call(7, 1, "MPI_Finalize", ()),
    ]
    assert calls_of_program(FORTRAN, "fortran") == [
        Call(3, 1, "mpi_init", ("ierr",)),
        Call(4, 1, "mpi_send", ("x", "n", "mpi_double", "1", "0", "comm", "ierr")),
        Call(6, 1, "mpi_wtime", ()),
    ]


def test_calls_of_labels():
    """The two forms of labels, with brackets inside, and an answer that breaks off."""
    text = "(6, MPI_Init(&argc, &argv);) (12 2, MPI_Send(f(a, (b)), NULL, MPI_INT, 0, 0, c);) prose (13 1, MPI_Finalize("
    found = calls_of_labels(text)
    assert found[:2] == [
        Call(6, 1, "MPI_Init", ("&argc", "&argv")),
        Call(12, 2, "MPI_Send", ("f(a,(b))", "0", "MPI_INT", "0", "0", "c")),
    ]
    assert [c.name for c in found[2:]] == ["MPI_Finalize"]
    assert calls_of_labels("nothing of the kind") == []


def test_a_program_is_like_itself():
    """All figures are 1 at tolerance 0."""
    calls = calls_of_program(C, "c")
    assert all(figure.value == 1.0 for figure in insertion_figures([Program(calls, calls)], 0).values())


def test_figures_by_hand():
    """Of four gold calls: one right, one with a wrong argument, one a line off, one missing; and a surplus call."""
    gold = [call(1, "MPI_Init", "0", "0"), call(2, "MPI_Send", "x"), call(5, "MPI_Recv", "x"), call(9, "MPI_Finalize")]
    answer = [
        call(1, "MPI_Init", "0", "0"),
        call(2, "MPI_Send", "y"),
        call(6, "MPI_Recv", "x"),
        call(7, "MPI_Barrier", "c"),
        call(8, "MPI_Bcast"),
    ]
    exact, near = (insertion_figures([Program(gold, answer)], tolerance) for tolerance in (0, 1))
    assert exact["mpi-name-precision"].value == pytest.approx(3 / 5)
    assert exact["mpi-name-recall"].value == pytest.approx(3 / 4)
    assert exact["mpi-name-f1"].value == pytest.approx(6 / 9)
    assert exact["mpi-location-f1-within-0"].value == pytest.approx(4 / 9)
    assert exact["mpi-arguments-f1-within-0"].value == pytest.approx(2 / 9)
    assert near["mpi-location-f1-within-1"].value == pytest.approx(6 / 9)
    assert near["mpi-arguments-f1-within-1"].value == pytest.approx(4 / 9)
    assert near["mpi-program-within-1"].value == 0.0


def test_one_call_satisfies_one():
    """A single call doesn't stand for three equal ones, and each surplus call costs."""
    gold, one = [call(n, "MPI_Send") for n in (1, 2, 3)], [call(2, "MPI_Send")]
    assert insertion_figures([Program(gold, one)], 2)["mpi-location-recall-within-2"].value == pytest.approx(1 / 3)
    assert insertion_figures([Program(one, gold)], 2)["mpi-location-precision-within-2"].value == pytest.approx(1 / 3)


@given(CALLS, CALLS, st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_no_matching_is_larger(gold, predicted, tolerance):
    """Brute force over every way to pair the calls; each call is in one pair at most, and pairs agree."""
    pairs = matching(gold, predicted, lambda c: c.name, tolerance)
    assert all(g.name == p.name and abs(g.line - p.line) <= tolerance for g, p in pairs)
    padded = [*predicted, *[None] * len(gold)][:5]
    best = max(
        sum(p is not None and p.name == g.name and abs(p.line - g.line) <= tolerance for g, p in zip(gold, order, strict=False))
        for order in permutations(padded, len(gold))
    )
    assert len(pairs) == best


@given(CALLS, CALLS, st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_the_sides_exchange_precision_and_recall(gold, predicted, tolerance):
    """F1 has no direction; a larger tolerance never lowers it."""
    forth, back = (insertion_figures([Program(*sides)], tolerance) for sides in ((gold, predicted), (predicted, gold)))
    name = f"mpi-location-{{}}-within-{tolerance}"
    assert forth[name.format("f1")] == back[name.format("f1")]
    assert forth[name.format("precision")].value == pytest.approx(back[name.format("recall")].value)
    wider = insertion_figures([Program(gold, predicted)], tolerance + 1)[f"mpi-location-f1-within-{tolerance + 1}"]
    assert wider.value >= forth[name.format("f1")].value


def test_programs_without_a_match_stay():
    """They count 0 and are not left out of the mean."""
    good, bad = Program([call(1, "MPI_Init")], [call(1, "MPI_Init")]), Program([call(1, "MPI_Init")], [])
    figures = insertion_figures([good, bad], 0)
    assert figures["mpi-name-recall"].value == 0.5
    assert figures["mpi-name-recall"].n == 2
    assert figures["mpi-program-within-0"].value == 0.5


def test_nothing_found_and_nothing_to_find():
    """Precision without a prediction is 0, unless there was nothing to predict."""
    assert [figure.value for figure in scores([Found(0, 0, 2)])] == [0.0, 0.0, 0.0]
    assert [figure.value for figure in scores([Found(0, 0, 0)])] == [1.0, 1.0, 1.0]


def test_the_published_metric_is_one_sided():
    """Calls on every line score 1 there; one call satisfies three; place 10 is place 1; a shifted line with another place is lost."""
    gold = [(3, 1), (7, 1)]
    everywhere = [(line, 1) for line in range(1, 11)]
    assert mpirigen_location_score(gold, everywhere, 0) == 1.0
    sends = Program([call(line, "MPI_Send") for line, _ in gold], [call(line, "MPI_Send") for line, _ in everywhere])
    assert insertion_figures([sends], 0)["mpi-location-f1-within-0"].value == pytest.approx(4 / 12)
    assert mpirigen_location_score([(1, 1), (2, 1), (3, 1)], [(2, 1)], 1) == 1.0
    assert mpirigen_location_score([(12, 10)], [(12, 1)], 0) == 1.0
    assert mpirigen_location_score([(12, 2)], [(13, 1)], 1) == 0.0
    assert mpirigen_location_score([(12, 1), (12, 10), (14, 1)], [(12, 1)], 0) == 0.5
    assert mpirigen_location_score([(12, 9)], [(13, 0)], 1) == 1.0
    assert mpirigen_location_score([], [(13, 1)], 1) == 0.0


def rescored(path):
    """What the script that scores published predictions says of a file."""
    script = Path(__file__).parents[2] / "benchmarks" / "mpirigen_rescoring.py"
    return subprocess.run([sys.executable, str(script), str(path)], capture_output=True, text=True, check=False)


def test_published_predictions_are_scored_both_ways(tmp_path):
    """A small file in the published form: surplus calls and wrong names cost nothing there, and both here."""
    gold = "(1 1, MPI_Init(0, 0);) (4 1, MPI_Send(x);)"
    predicted = "1 1, MPI_Init(0, NULL);) (4 1, MPI_Recv(x);) (5 1, MPI_Send(x);) (9 1, MPI_Barrier(c);)"
    rows = [{"pred": f"<|endoftext|>{predicted}", "label": f" {gold}  <|endoftext|>"}, {"pred": gold, "label": gold}]
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = rescored(path).stdout.splitlines()
    assert lines[0] == "2 programs, 4 gold calls, 6 predicted calls"
    assert lines[1] == (
        "within 0 lines: precision 0.500  recall 0.750  f1 0.600  f1 with arguments 0.600  whole programs 0.500  published 1.000"
    )
    assert lines[2].startswith("within 1 lines: precision 0.667  recall 1.000  f1 0.800")


def test_a_file_of_another_form_is_one_line(tmp_path):
    """It says which line, and what is expected."""
    path = tmp_path / "predictions.jsonl"
    path.write_text('{"pred": "x"}\n')
    done = rescored(path)
    assert done.returncode == 3
    assert done.stderr.startswith(f"{path}:1: expected an object")
