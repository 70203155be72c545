"""Calls through shared memory: what comes back, and what a hostile program can't do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.errors import ConfigError
from hpcraft.sandbox import Build, Job, Limits, Outcome, Run, Verdict, build
from hpcraft.sandbox.abi import Argument, Signature
from hpcraft.sandbox.calls import INSTRUCTIONS, Calls, Counter, Round, image
from hpcraft.sandbox.counters import missing, uncounted_because
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Model, Tier

AXPY = Signature.parse("double axpy(int n, double a, const double *x, double *y)")
HEAD = "double axpy(int n, double a, const double *x, double *y) {\n"
LOOP = "for (int i = 0; i < n; i++) y[i] += a * x[i];\n"
USUAL = "#define _GNU_SOURCE\n#include <fcntl.h>\n#include <pthread.h>\n#include <signal.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/mman.h>\n#include <sys/wait.h>\n#include <unistd.h>\n"
SHORT = Limits(wall_seconds=3.0)
NUM = 1000

Arguments = list[Argument]


def arguments(seed: int, n: int = NUM) -> Arguments:
    """One call's arguments."""
    rng = np.random.default_rng(seed)
    return [n, 2.0, rng.standard_normal(n), rng.standard_normal(n)]


def calls(all_arguments: list[list[Arguments]], fenced: bool = False, /, **shape: int) -> Calls:
    """Rounds of calls of the one function."""
    rng = np.random.default_rng(0)
    return Calls(
        (AXPY,), tuple(Round(images=tuple(image([AXPY], 0, a, rng, fenced=fenced) for a in one), **shape) for one in all_arguments)
    )


@contextmanager
def built(code: str, model: Model = "serial", tier: Tier | None = None) -> Iterator[Build]:
    """A program around a function of ours."""
    files = {"candidate.c": (USUAL + code).encode(), "driver.c": caller_source([AXPY], mpi=model.startswith("mpi")).encode()}
    with build(Job(files=files, language="c", model=model, tier=tier, min_isolation=tier or "landlock")) as made:
        assert made.ok, made.outcome
        yield made


def called(code: str, num: int = 3, limits: Limits = SHORT, model: Model = "serial", tier: Tier | None = None, **shape: int) -> Outcome:
    """Call a function so many times in one round."""
    with built(code, model, tier) as made:
        return made.run(Run(calls=calls([[arguments(i) for i in range(num)]], **shape), limits=limits))


def right(outcome: Outcome, index: int) -> bool:
    """Whether a call left what it must on every rank, and touched nothing else."""
    _n, a, x, y = arguments(index)
    ranks = outcome.called[index].ranks
    return all(np.allclose(r.arrays[1], np.add(y, np.multiply(a, x))) and r.guards_intact and r.const_intact for r in ranks)


@pytest.fixture(autouse=True)
def tools(need: Callable[..., None]) -> None:
    """What every test here needs."""
    need("bwrap", "gcc")


@pytest.mark.parametrize("tier", ["bubblewrap+cgroup", "bubblewrap", "landlock", "none"])
def test_every_tier_calls(tier: Tier) -> None:
    """Results, returned values, time and the thread that did the work come back, for two rounds of one box."""
    with built(f"{HEAD}{LOOP}return n / 2.0;\n}}\n", tier=tier) as made:
        outcome = made.run(Run(calls=calls([[arguments(0), arguments(1)], [arguments(0)]]), limits=Limits(wall_seconds=20.0)))
    assert outcome.ok, outcome
    assert [(c.round, c.index) for c in outcome.called] == [(0, 0), (0, 1), (1, 0)]
    assert right(outcome, 0)
    assert right(outcome, 1)
    assert all(c.ranks[0].value == NUM / 2 and c.still and 0 < c.seconds < 20 for c in outcome.called)
    assert all(c.tasks[0].tid == 0 and c.tasks[0].pid == c.tasks[1].pid and 0 < c.tasks[1].seconds < 1 for c in outcome.called)


@pytest.mark.skipif(not all(map(shutil.which, ("mpicc", "mpirun"))), reason="Open MPI is not installed")
def test_every_rank_has_arguments_of_its_own() -> None:
    """Each rank is called with full copies, and what each leaves comes back; nothing is said about stopping."""
    body = "int r; MPI_Comm_rank(MPI_COMM_WORLD, &r); if (r == 1) return r;\n"
    outcome = called(f"#include <mpi.h>\n{HEAD}{body}{LOOP}return r;\n}}\n", model="mpi", ranks=3, limits=Limits(wall_seconds=20.0))
    assert outcome.ok, outcome
    assert outcome.stderr == ""
    assert [r.value for r in outcome.called[2].ranks] == [0, 1, 2]
    first, second, third = (r.arrays[1] for r in outcome.called[2].ranks)
    assert np.array_equal(first, third)
    assert np.array_equal(second, arguments(2)[3])


def test_an_idle_call_costs_little() -> None:
    """A thousand empty calls are made in a second or so, and the clock sees some microseconds of each."""
    with built(f"{HEAD}return 0;\n}}\n") as made:
        outcome = made.run(Run(calls=calls([[arguments(0, 1)] * 1000]), limits=Limits(wall_seconds=20.0)))
    assert outcome.ok, outcome
    assert np.median([c.seconds for c in outcome.called]) < 2e-4
    assert outcome.cpu_seconds < 2


CHEATS = {
    # name: code, what is wrong with call 1: `time` (not ended), `wrong` (other results), `guards`, `const`, or the verdict
    "works-on-after-done": (
        (
            f"static int n_; static double a_; static const double *x_; static double *y_;\nstatic void *later(void *p) {{ usleep(3000); int n = n_; double a = a_, *y = y_; const double *x = x_; {LOOP} return p; }}\n"
            f"{HEAD}pthread_t t; n_ = n; a_ = a; x_ = x; y_ = y; pthread_create(&t, 0, later, 0); return 0;\n}}\n"
        ),
        "wrong",
    ),
    "a-thread-that-waits-for-inputs": (
        (
            "static double *volatile y_; static const double *volatile x_; static volatile double before;\n"
            "static void *spy(void *p) { for (;;) if (x_ && x_[0] != before) { before = x_[0]; y_[1] = 99; } }\n"
            f"{HEAD}pthread_t t; if (!x_) {{ before = x[0]; x_ = x; y_ = y; pthread_create(&t, 0, spy, 0); }}\n{LOOP}return 0;\n}}\n"
        ),
        "",
    ),
    "changes-a-const-input": (f"{HEAD}{LOOP}((double *)x)[n - 1] += 1; return 0;\n}}\n", "const"),
    "changes-it-back": (f"{HEAD}double *z = (double *)x; z[0] += 1; z[0] -= 1; {LOOP} return 0;\n}}\n", "const"),
    "opens-the-lock-of-const": (
        f"{HEAD}mprotect((void *)((uintptr_t)x & ~4095UL), 16384, PROT_READ | PROT_WRITE); ((double *)x)[0] = 1; return 0;\n}}\n",
        "const",
    ),
    "writes-behind-an-array": (f"{HEAD}{LOOP}y[n] = 1; return 0;\n}}\n", "guards"),
    "writes-before-an-array": (f"{HEAD}{LOOP}y[-1] = 1; return 0;\n}}\n", "guards"),
    "unmaps-its-memory": (f"{HEAD}{LOOP}munmap((void *)((uintptr_t)y & ~4095UL), 4096); return y[0];\n}}\n", Verdict.SIGNALED),
    "cuts-its-file-short": (f'{HEAD}{LOOP}truncate(".call-0", 0); return 0;\n}}\n', Verdict.SIGNALED),
    "sends-the-file-away": (f'{HEAD}{LOOP}unlink(".call-0"); unlink(".const"); return 0;\n}}\n', ""),
    "stops-itself": (f"{HEAD}{LOOP}raise(SIGSTOP); return 0;\n}}\n", Verdict.TIME_LIMIT),
    "leaves": (f"{HEAD}{LOOP}_exit(0);\n}}\n", Verdict.OK),
    "forges-done": (
        f"{HEAD}uint32_t *w = (uint32_t *)((uintptr_t)y & ~4095UL); while (w[0] == 0 || w[0] > 9 || w[1]) w -= 1024; w[1] = w[0] + 1; usleep(20000);\n{LOOP}return 0;\n}}\n",
        "wrong",
    ),
    "a-child-answers": (f"{HEAD}{LOOP}if (fork() == 0) return 0; for (;;) pause();\n}}\n", ""),
    "a-child-answers-later": (f"{HEAD}if (fork() == 0) {{ usleep(5000); {LOOP} _exit(0); }} return 0;\n}}\n", "wrong"),
}


@pytest.mark.parametrize(("code", "what"), CHEATS.values(), ids=CHEATS.keys())
def test_a_hostile_program_gains_nothing(code: str, what: str) -> None:
    """Whatever it does, a call has right results, or shows what was wrong with it; the launcher survives."""
    outcome = called(code, num=2)
    if isinstance(what, Verdict):
        assert outcome.verdict is what, outcome
        assert len(outcome.called) < 2
        assert outcome.progress[0].begun == len(outcome.called) + 1
    elif what == "const":
        assert outcome.verdict is Verdict.SIGNALED or not outcome.called[0].ranks[0].const_intact
        assert outcome.progress[0].fault in ("const", ""), outcome.progress
    elif what == "guards":
        assert not outcome.called[0].ranks[0].guards_intact
        assert outcome.called[0].ranks[0].const_intact
    else:
        assert right(outcome, 0) == (what == ""), outcome


def test_a_spy_stands_still_between_two_calls() -> None:
    """A thread that never rests uses the processor while the clock runs, and not while arguments are laid out, which takes longer."""
    code = (
        "static volatile long looked;\nstatic void *spy(void *p) { for (;;) looked++; return p; }\n"
        f"{HEAD}static pthread_t t; if (!t) pthread_create(&t, 0, spy, 0);\nusleep(1000); return 0;\n}}\n"
    )
    with built(code) as made:
        outcome = made.run(Run(calls=calls([[arguments(0, 1_000_000)] * 8]), limits=Limits(wall_seconds=20.0)))
    assert outcome.ok, outcome
    assert all(c.still for c in outcome.called)
    assert len([t for t in outcome.called[-1].tasks if t.tid]) == 2
    busy = [max(t.seconds for t in c.tasks if t.tid) for c in outcome.called]
    assert sum(busy) < sum(c.seconds for c in outcome.called) + 1e-3 * len(busy)
    assert outcome.wall_seconds > 2 * sum(c.seconds for c in outcome.called)


def test_the_crashing_call_is_known() -> None:
    """How many calls had begun tells which one it was, and the program's own word which memory it touched."""
    outcome = called(f"{HEAD}static int k; if (++k == 3) ((double *)x)[5] = 1;\n{LOOP}return 0;\n}}\n", num=4)
    assert outcome.verdict is Verdict.SIGNALED
    assert (outcome.progress[0].begun, outcome.progress[0].ended, outcome.progress[0].fault) == (3, 2, "const")
    assert right(outcome, 1)


@pytest.mark.parametrize(
    ("code", "n", "fault"),
    [
        ("x[n] == 1", 8, "const"),
        ("y[n] == 1", 8, "call"),
        ("x[-1] == 1", 7, "const"),
        ("y[-1] == 1", 9, "call"),
        ("y[n - 1] == x[n - 1] && x[0] == y[0]", 8, ""),
        ("y[n - 1] == x[n - 1] && x[0] == y[0]", 9, ""),
    ],
)
def test_reading_beside_an_array_is_a_fault_where_a_call_is_fenced(code: str, n: int, fault: str) -> None:
    """Behind where it ends with a page, else before; the same program passes where it isn't, and fences hinder neither right code nor later calls."""
    with built(f"{HEAD}volatile int same = {code}; (void)same;\n{LOOP}return 0;\n}}\n") as made:
        sent = [arguments(i, n) for i in range(4)]
        for fenced in (False, True):
            outcome = made.run(Run(calls=calls([sent, sent], fenced), limits=SHORT))
            if fenced and fault:
                assert outcome.verdict is Verdict.SIGNALED
                assert (outcome.progress[0].ended, outcome.progress[0].fault) == (0, fault)
            else:
                assert outcome.ok, outcome
                assert len(outcome.called) == 8
                assert all(r.guards_intact and r.const_intact for c in outcome.called for r in c.ranks)


def test_what_was_never_written_is_huge() -> None:
    """Neither the stack nor fresh memory holds zeros that would make a function right by luck."""
    unwritten = (
        "volatile double local[64]; double *volatile fresh = malloc(n * sizeof *fresh); y[0] = local[9]; y[1] = fresh[n / 2]; return 0;"
    )
    outcome = called(f"{HEAD}{unwritten}\n}}\n")
    assert outcome.ok, outcome
    assert all((np.abs(c.ranks[0].arrays[1][:2]) > 1e300).all() for c in outcome.called)


def test_addresses_differ_between_calls() -> None:
    """An answer that remembers where its arrays lay finds others there."""
    outcome = called(f"{HEAD}{LOOP}return (double)((uintptr_t)y % 100000);\n}}\n", num=12)
    assert len({c.ranks[0].value for c in outcome.called}) > 3


def test_impossible_calls_are_refused() -> None:
    """No rounds, or more ranks than there is room for, are errors of the caller's."""
    with built(f"{HEAD}return 0;\n}}\n") as made:
        for wrong in (Calls((AXPY,), ()), calls([[arguments(0)]], ranks=65)):
            with pytest.raises(ConfigError, match="rounds"):
                made.run(Run(calls=wrong))


@given(st.lists(st.integers(0, 300), max_size=5), st.integers(0, 2**31), st.booleans())
def test_arrays_never_overlap(lengths: list[int], seed: int, fenced: bool) -> None:
    """In any layout arrays are aligned, apart from each other by a guard zone, and hold what they must; a page lies beside a fenced one."""
    declared = ", ".join(("const " if i % 2 else "") + f"float *p{i}" for i in range(len(lengths)))
    signature = Signature.parse(f"void f({declared or 'void'})")
    rng = np.random.default_rng(seed)
    values = [rng.standard_normal(n).astype(np.float32) for n in lengths]
    made = image([signature], 0, values, rng, fenced=fenced)
    for const in (True, False):
        part, end, before = made.const if const else made.open, 0, 0
        for parameter, place, value in zip(signature.parameters, made.places, values, strict=True):
            if parameter.const is const:
                assert place is not None
                assert place.begin % 64 == 0
                assert place.begin >= end + 256
                end = place.begin + place.num_bytes
                assert part[place.begin : end] == value.tobytes()
                if fenced and place.num_bytes % 64:
                    assert place.begin % 4096 == 0
                    assert place.begin - 4096 >= before
                elif fenced:
                    assert end % 4096 == 0
                    end += 4096
                before = end
        assert len(part) >= end + 256
        assert len(part) % 64 == 0


def test_a_round_alone_has_its_own_threads() -> None:
    """The number of threads is the round's, be there one or several."""
    code = f"#include <omp.h>\n{HEAD}return omp_get_max_threads();\n}}\n"
    with built(code, "openmp") as made:
        for shape in ([3], [3, 2]):
            rounds = tuple(calls([[arguments(0)]], threads=n).rounds[0] for n in shape)
            outcome = made.run(Run(calls=Calls((AXPY,), rounds), limits=Limits(wall_seconds=20.0)))
            assert [c.ranks[0].value for c in outcome.called] == shape


@given(seed=st.integers(0, 1000), lengths=st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)))
def test_what_is_read_from_a_guard_zone_shows(seed: int, lengths: tuple[int, int, int]) -> None:
    """Beside each array of any type stand NaN, numbers of extreme size, or such integers, with random bytes in them; arrays are as they were."""
    signature = Signature.parse("void f(const float *x, const double *y, const char *z, int *w)")
    rng = np.random.default_rng(seed)
    given: Arguments = [
        rng.random(lengths[0], np.float32),
        rng.random(lengths[1]),
        rng.integers(0, 9, lengths[2]).astype(np.int8),
        np.arange(3, dtype=np.int32),
    ]
    made = image([signature], 0, given, rng)
    for part, parameters in ((made.const, (0, 1, 2)), (made.open, (3,))):
        for index in parameters:
            place = made.places[index]
            assert place is not None
            end = place.begin + place.num_bytes
            assert part[place.begin : end] == np.asarray(given[index]).tobytes()
            before, after = part[place.begin - 16 : place.begin], part[-(-end // 8) * 8 :][:16]
            for guard in (before, after):
                assert not (np.abs(np.frombuffer(guard, np.float64)) < 1e300).any()
                assert not (np.abs(np.frombuffer(guard, np.float32)) < 3e38).any()
                assert (np.abs(np.frombuffer(guard, np.int32).astype(np.int64)) > 8_000_000).all()
            assert len({bytes(part[i : i + 4]) for i in range(-(-end // 8) * 8, -(-end // 8) * 8 + 128, 4)}) > 16


# ---------------------------------------------------------------- counters

FAULTS, CLOCK = Counter(kind=1, config=2), Counter(kind=1, config=1)
"""Of the kernel's own making, which every machine has: page faults, and nanoseconds on processors."""
TOUCH = "static void touch(int n) { char *p = mmap(0, n * 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); for (int i = 0; i < n; i++) p[i * 4096L] = 1; munmap(p, n * 4096L); }\n"


def counted(code: str, counter: Counter, tier: Tier, num: int = 3, model: Model = "serial", **shape: int) -> list[int]:
    """What was counted in each call of a program."""
    with built(code, model, tier) as made:
        outcome = made.run(Run(calls=replace(calls([[arguments(i) for i in range(num)]], **shape), counter=counter), limits=Limits()))
    assert outcome.ok, outcome
    assert [one.uncounted for one in outcome.called] == [0] * num
    return [one.counted for one in outcome.called if one.counted is not None]


@pytest.mark.parametrize("tier", ["bubblewrap+cgroup", "bubblewrap", "landlock", "none"])
def test_what_a_call_does_is_counted_from_outside(tier: Tier) -> None:
    """In each call what is done in it, by threads and processes that it starts and that have ended, too."""
    body = """static int turn; int pages = 100 * ++turn; pthread_t t; touch(pages);
    pthread_create(&t, 0, (void *(*)(void *))(void *)touch, (void *)(intptr_t)pages); pthread_join(t, 0);
    if (turn == 3 && !fork()) { touch(5000); _exit(0); } while (wait(0) > 0) {}
    return 0;"""
    found = counted(f"{TOUCH}{HEAD}{LOOP}{body}\n}}\n", FAULTS, tier)
    assert all(least <= count < least + 150 for count, least in zip(found, (200, 400, 5600), strict=True)), found


def test_the_kernels_counter_tells_the_time_that_the_launcher_reads() -> None:
    """Time on processors, by the one and by the other."""
    body = "for (volatile long i = 0; i < 20000000; i++) {}"
    with built(f"{HEAD}{LOOP}{body}\nreturn 0;\n}}\n", "serial", "bubblewrap") as made:
        [one] = made.run(Run(calls=replace(calls([[arguments(0)]]), counter=CLOCK), limits=Limits())).called
    used = sum(task.seconds for task in one.tasks if not task.tid)
    assert one.counted is not None
    assert one.counted / 1e9 == pytest.approx(used, rel=0.2)


def test_a_program_can_count_nothing_while_it_is_counted() -> None:
    """The filter that lets the launcher count is not the program's."""
    body = 'return syscall(298, "", 0, -1, -1, 0) < 0 && errno == EPERM ? 1 : 2;'
    with built(
        f"#include <errno.h>\n#include <sys/syscall.h>\n{HEAD}{LOOP}{body.replace('298', 'SYS_perf_event_open')}\n}}\n", tier="bubblewrap"
    ) as made:
        [one] = made.run(Run(calls=replace(calls([[arguments(0)]]), counter=FAULTS), limits=SHORT)).called
    assert one.ranks[0].value == 1


def test_a_counter_that_the_machine_lacks_is_told() -> None:
    """With the kernel's error, and everything else is there."""
    with built(f"{HEAD}{LOOP}return 0;\n}}\n", tier="bubblewrap") as made:
        outcome = made.run(Run(calls=replace(calls([[arguments(0)]]), counter=Counter(kind=1, config=9999)), limits=SHORT))
    assert (outcome.called[0].counted, right(outcome, 0)) == (None, True)
    assert outcome.called[0].uncounted > 0
    assert uncounted_because(outcome.called[0].uncounted)


def test_instructions_are_counted_where_the_processor_does() -> None:
    """A loop of so many iterations takes some instructions in each, and twice as many take twice as much."""
    if why := missing(INSTRUCTIONS):
        pytest.skip(why)
    loop = "long m = n == 1000 ? 20000000 : 40000000; for (volatile long i = 0; i < m; i++) {}"
    with built(f"{HEAD}{LOOP}{loop}\nreturn 0;\n}}\n", tier="bubblewrap") as made:
        made_calls = replace(calls([[arguments(0), arguments(0, 1001)]]), counter=INSTRUCTIONS)
        one, two = (c.counted for c in made.run(Run(calls=made_calls, limits=Limits(wall_seconds=20.0))).called)
    assert one is not None
    assert two is not None
    assert 4e7 < one < 4e8
    assert two / one == pytest.approx(2, rel=0.05)
