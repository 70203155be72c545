"""A83 and A84 of the list of attacks: very many programs at once, and a clock that jumps."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hpcraft.sandbox import Job, Limits, Run, Verdict, build

Need = Callable[..., None]
_LISTEN = b"""#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int n, char **v) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(18999)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s, (void *)&a, sizeof a) || listen(s, 1) || !fopen("same", "wx") || !fopen("/dev/shm/same", "wx")) return 1;
    return puts(v[1]) < 0;
}
"""


@pytest.mark.ci
def test_a_thousand_programs_share_no_name(need: Need) -> None:
    """A thousand runs, fifty at a time, each with the same port, file and shared memory: all are ok, each has its own answer."""
    need("bwrap", "gcc")
    with build(Job(files={"a.c": _LISTEN}, language="c", min_isolation="bubblewrap")) as built, ThreadPoolExecutor(50) as pool:
        limits = Limits(wall_seconds=60.0, memory_mb=16, disk_mb=1)
        outcomes = list(pool.map(lambda number: built.run(Run(args=(f"number {number}",), limits=limits)), range(1000)))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.OK}
    assert [outcome.stdout for outcome in outcomes] == [f"number {number}\n" for number in range(1000)]


def test_a_step_of_the_clock_changes_no_verdict(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """While the wall clock jumps by days, honest programs are ok and endless ones meet their limit, not earlier or later."""
    need("bwrap", "gcc")
    jumps = itertools.count()
    monkeypatch.setattr(time, "time", lambda: 1e9 * (-1) ** next(jumps) + 2e9)
    monkeypatch.setattr(time, "time_ns", lambda: int(time.time() * 1e9))
    for code, verdict in ((b"int main(void) { return 0; }", Verdict.OK), (b"int main(void) { for (;;); }", Verdict.TIME_LIMIT)):
        with build(Job(files={"a.c": code}, language="c")) as built:
            outcome = built.run(Run(limits=Limits(wall_seconds=0.5)))
        assert outcome.verdict is verdict
        assert outcome.wall_seconds < 3
