"""Counted loops in one spelling: what is changed, what is left alone, and that functions mean what they meant."""

from __future__ import annotations

import shutil

import pytest

from hpcraft.data.grammar import draw
from hpcraft.data.plain_loops import plain_loops
from hpcraft.data.trees import parse
from hpcraft.data.verify import verify
from hpcraft.verification import Candidate


def plain(body: str, *, head: str = "int n, int *a", bare: bool = False) -> str:
    """A function's body in plain loops, blanks as one."""
    code = plain_loops(f"void f({head}) {{ {body} }}", bare=bare)
    assert not parse(code).has_error
    return " ".join(code.partition("{")[2].rpartition("}")[0].split())


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("int i; for (i = 0; i <= n - 1; ++i) a[i] = 0;", "for (int i = 0; i < n; i++) a[i] = 0;"),
        ("int i, k; k = 1; for (i = k; i < n; i += 1) a[i] = k;", "int k; k = 1; for (int i = k; i < n; i++) a[i] = k;"),
        ("int i = 0; while (i < n) { a[i] = 0; i++; }", "for (int i = 0; i < n; i++) { a[i] = 0; }"),
        ("int i; i = 0; for (; i < n; i = i + 1) a[i] = 0;", "for (int i = 0; i < n; i++) a[i] = 0;"),
        (
            "int i, j; for (i = 0; i < n; i++) for (j = i; j < n; j++) a[i] += j;",
            "for (int i = 0; i < n; i++) for (int j = i; j < n; j++) a[i] += j;",
        ),
    ],
)
def test_loops_are_spelled_plainly(body: str, wanted: str) -> None:
    """Counters are declared in heads, steps are increments, and whole heads are made of what stands around."""
    assert plain(body) == wanted


@pytest.mark.parametrize(
    "body",
    [
        "int i; for (i = 0; i < n; i++) if (a[i]) break; a[0] = i;",
        "int i = 0; while (i < n) { if (a[i]) continue; i++; }",
        "int i = 0; while (i < n) { a[i] = 0; i++; } a[0] = i;",
        "int s = 0; for (; n > 0; n--) a[n] = s;",
        "int i = 2; i++; while (i < n) { a[i] = 0; i++; }",
        "for (int i = n - 1; i >= 0; i--) a[i] = 0;",
        "for (int i = 0; i <= n - 2; i++) a[i] = 0;",
        "for (int i = 0; i < n; i += 2) a[i] = 0;",
        "static int i; for (i = 0; i < n; i++) a[i] = 0;",
        "int i; { int i; for (i = 0; i < n; i++) a[i] = 0; } i = 1; a[0] = i;",
        "int i; for (i = 0; i < n; i++) { for (i = 0; i < 3; i++) a[i] = 0; }",
        "int j; for (int i = 0; i < n; i++) for (j = j; j < 3; j++) a[i] = 0;",
        "static int i = 0; while (i < n) { a[i] = 0; i++; }",
        "for (int i = 0;;) while (i < n) { a[i] = 0; i++; }",
        "for (int i = -5; i <= -1; i++) a[i + 5] = 0;",
        "for (int i = 0; i <= n - -1; i++) a[i] = 0;",
        "double x = 2.5; for (int i = 0; i <= x - 1; i++) a[i] = 0;",
        "for (float t = .5; t <= n - 1; t += 2) a[0]++;",
        "for (int i = 0; i <= strlen(a) - 1; i++) a[i] = 0;",
        "for (int i = 0; i <= a[0] - 1; i++) a[i] = 0;",
    ],
)
def test_what_would_mean_something_else_stays(body: str) -> None:
    """Counters that are read outside, steps that ``continue`` would skip, other directions and steps."""
    assert plain(body) == body


def test_the_least_value_without_a_sign_has_no_value_below() -> None:
    """``i <= n - 1`` holds for every ``i`` where ``n`` is an unsigned 0."""
    assert plain("for (int i = 0; i <= n - 1; i++) a[i] = 0;", head="unsigned n, int *a") == "for (int i = 0; i <= n - 1; i++) a[i] = 0;"


def test_braces_around_one_loop_alone_are_kept_unless_asked() -> None:
    """A block of a loop and more keeps them anyhow."""
    body = "for (int i = 0; i < n; i++) { for (int j = 0; j < n; j++) { a[i] += j; } }"
    assert plain(body) == body
    assert plain(body, bare=True) == "for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) { a[i] += j; }"
    more = body.replace("} }", "} a[i]--; }")
    assert plain(more, bare=True) == more


def test_an_else_stays_where_it_belongs() -> None:
    """Without its braces a loop would give it to an if of its own."""
    body = "if (n) for (int i = 0; i < n; i++) { for (int j = 0; j < n; j++) if (a[j]) a[j] = 0; } else a[0] = 1;"
    assert plain(body, bare=True) == body


@pytest.mark.parametrize(
    "code", ["void f(int n { for (", "#define SZ 5u\nvoid f(int *a) { int i; for (i = 0; i <= SZ - 1; i++) a[i] = 0; }\n"]
)
def test_code_that_can_not_be_read_whole_stays(code: str) -> None:
    """What doesn't parse, and what directives may mean."""
    assert plain_loops(code) == code


@pytest.mark.ci
@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_drawn_kernels_mean_what_they_meant() -> None:
    """Proved as translations are, for kernels of many authors."""
    drawn = [draw(5, number, targets=["openmp"]) for number in range(60)]
    pairs = [(pair, changed) for pair in drawn if (changed := plain_loops(pair.source, bare=True)) != pair.source]
    assert len(pairs) > 15
    candidates = [
        Candidate(
            candidate_id=str(number),
            signature=pair.signature,
            source=pair.source,
            source_model="serial",
            target=changed,
            target_model="serial",
            tests=pair.tests,
        )
        for number, (pair, changed) in enumerate(pairs)
    ]
    found = {pairs[int(f.candidate_id)][1]: f.reason for f in verify(candidates, race=False, min_killed=0.0)}
    assert not {code: why for code, why in found.items() if why}
