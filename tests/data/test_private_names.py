"""Private clauses: what isn't declared in front of a loop can't stand there, what is stays."""

from __future__ import annotations

import pytest

from hpcraft.data.private_names import with_known_privates

CODE = "void f(int n, double *x) {{\n    int k;\n    {{ int away; }}\n    #pragma omp parallel for{}\n    for (int i = 0; i < n; i++) {{\n        int j = i;\n        x[j] = n;\n    }}\n}}\n"


@pytest.mark.parametrize(
    ("clause", "wanted"),
    [
        (" private(i)", ""),
        (" private(i,i,i) schedule(static)", " schedule(static)"),
        (" private(k, i, k)", " private(k)"),
        (" firstprivate(n) lastprivate(k) private(j)", " firstprivate(n) lastprivate(k)"),
        (" private(away)", ""),
        (" reduction(+:n)", " reduction(+:n)"),
        ("", ""),
    ],
)
def test_clauses_name_what_is_there_once(clause: str, wanted: str) -> None:
    """Counters of the loop's own head, locals of its body and of another block go; parameters and locals in front stay."""
    assert with_known_privates(CODE.format(clause)) == CODE.format(wanted)


def test_other_directives_and_strange_code_stay() -> None:
    """Nothing but clauses is touched."""
    code = "#pragma once\nvoid f(int *x) {\n    #pragma unroll(4)\n    for (int i = 0; i < 4; i++) x[i] = 0;\n}\n"
    assert with_known_privates(code) == code
    assert with_known_privates("void f( {") == "void f( {"
