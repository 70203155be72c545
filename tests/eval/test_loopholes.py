"""The 28 loopholes of published evaluators, and the tests that show each of them shut: a list, whose entries are checked to exist.

The cheats themselves are judged where they stand; of those in test_cheats.py only the quick ones by `make test`, of those in other languages none.
"""

import ast
import re
from pathlib import Path

import pytest

from hpcraft.eval.suites import kernel_tasks

TESTS = Path(__file__).parents[1]
CHEATS = "eval/test_cheats.py"
ELSEWHERE = "eval/test_cheats_elsewhere.py"
PARALLEL = "data/test_parallel_cheats.py"
LOOPHOLES: dict[int, tuple[str, list[str]]] = {
    # number: what it is, and FILE::NAME of a cheat or test
    1: (
        "verdict or times on stdout",
        [f"{CHEATS}::verdict-on-stdout", f"{CHEATS}::A58-words-of-a-judge", f"{ELSEWHERE}::cuda-prints-a-verdict"],
    ),
    2: (
        "exit before the checks",
        [
            f"{CHEATS}::A56-exit-in-the-call",
            f"{CHEATS}::A56-exit-before-main",
            f"{CHEATS}::A56-at-exit",
            f"{ELSEWHERE}::fortran-stops",
            f"{ELSEWHERE}::mpi-finalizes",
            f"{ELSEWHERE}::cuda-stops-the-device",
        ],
    ),
    3: ("calls the reference", [f"{CHEATS}::calls-the-reference"]),
    4: ("reads expected values", [f"{CHEATS}::reads-expected-values", f"{CHEATS}::A58-looks-for-answers"]),
    5: ("overwrites tests", [f"{CHEATS}::overwrites-the-driver", f"{CHEATS}::A58-forged-records"]),
    6: ("preprocessor games", [f"{CHEATS}::A57-macros", f"{CHEATS}::A57-types-by-macros", f"{CHEATS}::includes-the-driver"]),
    7: (
        "NaN and infinity",
        [f"{CHEATS}::A60-not-a-number", f"{CHEATS}::A60-infinity", f"{ELSEWHERE}::fortran-not-a-number", f"{ELSEWHERE}::cuda-not-a-number"],
    ),
    8: (
        "right for few sizes",
        [
            f"{CHEATS}::A65-right-for-small",
            f"{CHEATS}::A65-right-for-multiples-of-four",
            f"{ELSEWHERE}::openmp-right-for-small",
            f"{ELSEWHERE}::fortran-right-for-small",
            f"{ELSEWHERE}::cuda-right-for-small",
            f"{ELSEWHERE}::cuda-right-for-the-sizes-that-are-written",
            f"{ELSEWHERE}::cuda-hangs-above-small",
            "eval/test_pareval.py::test_sizes_of_which_the_drivers_know_nothing_are_tried",
            f"{ELSEWHERE}::mpi-right-for-multiples-of-the-ranks",
            "eval/test_performance.py::test_what_is_timed_is_verified",
            "eval/test_kernel_judge.py::test_another_solver_shows_at_the_size_that_is_timed",
        ],
    ),
    9: (
        "replays results",
        [
            f"{CHEATS}::A62-remembers-pointers",
            f"{CHEATS}::A62-remembers-results",
            f"{ELSEWHERE}::openmp-remembers-by-size",
            f"{ELSEWHERE}::fortran-remembers-by-size",
            f"{ELSEWHERE}::cuda-keeps-its-input-on-the-device",
            "eval/test_run_evidence.py::test_who_knows_its_input_again_is_told",
            "sandbox/test_calls.py::test_addresses_differ_between_calls",
        ],
    ),
    10: (
        "stale memory",
        [f"{CHEATS}::A60-returns-old-memory", f"{ELSEWHERE}::cuda-copies-nothing-back", f"{ELSEWHERE}::cuda-launch-that-fails"],
    ),
    11: (
        "changes inputs",
        [
            f"{CHEATS}::A59-changes-an-input",
            f"{CHEATS}::A57-own-comparison",
            f"{ELSEWHERE}::fortran-changes-an-input",
            f"{ELSEWHERE}::cuda-changes-an-input",
        ],
    ),
    12: ("own clocks", [f"{CHEATS}::A57-own-clock", f"{CHEATS}::A57-own-openmp-clock", f"{CHEATS}::A57-own-mpi-clock"]),
    13: (
        "works on after the call",
        [
            f"{CHEATS}::A61-works-on-in-the-background",
            f"{ELSEWHERE}::cpp-detaches-a-thread",
            f"{ELSEWHERE}::openmp-starts-a-thread",
            f"{ELSEWHERE}::mpi-waits-for-nothing",
        ],
    ),
    14: (
        "slows the baseline",
        [
            f"{CHEATS}::claims-the-processor",
            f"{ELSEWHERE}::openmp-claims-the-processor",
            "sandbox/test_calls.py::test_a_spy_stands_still_between_two_calls",
        ],
    ),
    15: (
        "no parallel code",
        [
            f"{ELSEWHERE}::one-chunk-for-who-comes-first",
            f"{ELSEWHERE}::cuda-one-thread-and-a-bit",
            f"{ELSEWHERE}::cuda-one-thread-above-small",
            "eval/test_pareval.py::test_one_rank_that_does_everything_at_large_sizes_is_told",
            f"{PARALLEL}::barrier-alone",
            f"{PARALLEL}::in-a-comment",
            f"{PARALLEL}::rank-0-alone",
            "eval/test_kernel_judge.py::test_a_serial_loop_with_a_pragma_in_a_comment_is_not_openmp",
            "eval/test_run_evidence.py::test_threads_are_watched",
            "eval/test_run_evidence.py::test_ranks_are_watched",
            "eval/test_work_counts.py::test_ranks_that_all_do_everything_are_refused_by_the_judge",
        ],
    ),
    16: (
        "races",
        [
            f"{CHEATS}::A65-race-that-loses",
            f"{CHEATS}::A65-race-without-the-sanitizer",
            f"{CHEATS}::does-not-build-for-the-race-detector",
            f"{ELSEWHERE}::A65-race-told-by-the-size-of-a-lock",
            f"{ELSEWHERE}::A65-race-told-by-an-address",
            f"{ELSEWHERE}::A65-race-told-by-the-runtimes-limits",
            f"{ELSEWHERE}::openmp-races-above-small",
            f"{ELSEWHERE}::openacc-races-above-small",
            f"{ELSEWHERE}::cuda-races-above-small",
            f"{ELSEWHERE}::openacc-race-beside-a-routine",
            f"{ELSEWHERE}::python-race-beside-a-compiled-function",
        ],
    ),
    17: (
        "less precision",
        [
            f"{CHEATS}::single-precision",
            f"{CHEATS}::fast-math-by-a-pragma",
            f"{CHEATS}::fast-math-by-an-attribute",
            f"{ELSEWHERE}::half-precision",
            f"{ELSEWHERE}::openmp-single-precision",
            f"{ELSEWHERE}::fortran-single-precision",
            f"{ELSEWHERE}::cuda-single-precision",
            f"{ELSEWHERE}::offload-single-precision",
        ],
    ),
    18: (
        "aggregates of times",
        [
            "eval/test_performance.py::test_the_slowest_rank_is_the_time",
            "eval/test_performance.py::test_a_machine_that_is_too_slow_refuses",
            "eval/test_performance.py::test_faster_than_the_machine_is_no_time",
        ],
    ),
    19: ("known seeds", [f"{CHEATS}::test_answers_to_other_inputs_are_refused"]),
    20: (
        "constant outputs",
        [f"{CHEATS}::does-nothing", f"{CHEATS}::zeros", "eval/test_kernel_judge.py::test_doing_nothing_is_never_right"],
    ),
    21: ("libraries", [f"{CHEATS}::weak-library", f"{CHEATS}::loads-a-library"]),
    22: ("processes that live on", [f"{CHEATS}::forks", f"{CHEATS}::runs-a-shell"]),
    23: ("the network", [f"{CHEATS}::downloads"]),
    24: ("shared caches", [f"{CHEATS}::spoils-a-cache", "sandbox/test_cache_builds.py::test_a_hostile_source_does_not_reach_the_cache"]),
    25: (
        "contamination",
        [
            "data/test_contamination.py::test_a_copy_takes_the_whole_document_out",
            "data/test_contamination.py::test_a_renamed_axpy_goes_with_its_loops_and_the_rest_stays",
            "data/test_decontaminate.py::test_prompts_are_found_by_their_words",
            "data/test_decontaminate.py::test_a_renamed_function_is_found_by_its_tree",
            "data/test_decontaminate.py::test_babeltower_is_found_where_it_was_planted",
        ],
    ),
    26: (
        "dropped samples",
        [
            "eval/test_metrics.py::test_invalid_samples_count_as_zero",
            f"{CHEATS}::names-what-is-not-emulated",
            f"{CHEATS}::speaks-for-the-emulation",
        ],
    ),
    27: ("answers in the prompt", ["eval/test_loopholes.py::test_prompts_hold_no_example_values"]),
    28: (
        "more than what is given",
        [f"{CHEATS}::more-threads-than-given", f"{CHEATS}::spawns-ranks", f"{ELSEWHERE}::fortran-more-threads-than-given"],
    ),
}


def test_all_loopholes_are_listed():
    """There are 28."""
    assert sorted(LOOPHOLES) == list(range(1, 29))


@pytest.mark.parametrize("name", sorted({name for _, names in LOOPHOLES.values() for name in names}))
def test_what_shuts_a_loophole_exists(name):
    """A test of that name, or a cheat in the table of its file."""
    path, _, inside = name.partition("::")
    tree = ast.parse((TESTS / path).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    keys = {key.value for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys if isinstance(key, ast.Constant)}
    assert inside in functions | keys


@pytest.mark.parametrize("task", kernel_tasks(), ids=lambda t: t.task_id)
def test_prompts_hold_no_example_values(task):
    """Nothing to print back: no list of numbers, no expected value."""
    assert not re.search(r"-?\d+\.\d+\s*,\s*-?\d+|\d+\s*,\s*\d+\s*,\s*\d+|expected|example", task.prompt, re.IGNORECASE)
