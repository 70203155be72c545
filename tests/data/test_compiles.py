"""Whether documents compile: with their package's headers, in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hpcraft import sandbox
from hpcraft.data.compiles import Headers, answer, compile_documents, job_of
from hpcraft.records import Document
from hpcraft.sandbox import Job, Outcome, Verdict
from tests.data.documents import document

HEADERS = {
    "p": Headers(
        {
            "include/lib/api.h": b'#include "lib/types.h"\nnumber twice(number);\n',
            "include/lib/types.h": b"typedef double number;\n",
            "other/lib/api.h": b"#error the wrong one\n",
            "src/own.h": b"#include <near.h>\n#define OWN 1\n",
            "src/near.h": b"#define NEAR 1\n",
            "src/mpi.h": b"#error not this one\n",
            "src/wrong.h": b"int f( {\n",
            "src/part.c": b"int part;\n",
        }
    )
}


def compiled(*documents: Document) -> list[str]:
    """The answers, in order."""
    return list(compile_documents(documents, HEADERS, workers=2))


def test_headers_are_found_by_the_ends_of_their_paths() -> None:
    """Beside the file that asks, then a public one, then the nearest; never a source, never one from outside."""
    headers = HEADERS["p"]
    assert headers.find("own.h", "src/a.c") == "src/own.h"
    assert headers.find("lib/api.h", "src/a.c") == "include/lib/api.h"
    assert headers.find("../src/own.h", "include/x.h") == "src/own.h"
    assert headers.find("part.c", "src/a.c") is None
    assert headers.find("mpi.h", "test/a.c") is None
    assert headers.find("../../../etc/passwd", "src/a.c") is None
    assert headers.reached("src/a.c", b'#include "own.h"\n#  include <lib/api.h>\n#include "none.h"\n') == {
        "src/own.h": "",
        "src/near.h": "src",
        "include/lib/api.h": "include",
        "include/lib/types.h": "include",
    }


def test_headers_that_include_each_other_end() -> None:
    """A circle is walked once."""
    headers = Headers({"a.h": b'#include "b.h"\n', "b.h": b'#include "a.h"\n'})
    assert list(headers.reached("x.c", b'#include "a.h"\n')) == ["a.h", "b.h"]


def test_documents_compile_with_their_own_headers() -> None:
    """Every language; nothing is linked, so what is missing elsewhere doesn't matter; and answers keep the order."""
    texts = [
        ("src/a.c", '#include "own.h"\n#include <lib/api.h>\nnumber f(void) { return twice(OWN + NEAR); }\n'),
        ("src/b.h", "int f(void);\n"),
        ("src/wrong.c", '#include "wrong.h"\n'),
        ("src/c.cc", "#include <vector>\nint g(const std::vector<int> &v) { return v.at(0); }\n"),
        ("src/d.f90", "subroutine s(x)\n  use other\n  real :: x\nend subroutine\n"),
        ("src/e.f", "      SUBROUTINE S(X)\n      REAL X\n      CALL ELSEWHERE(X)\n      END\n"),
        ("src/none.c", '#include "config.h"\nint x;\n'),
        ("src/part.c", "int part(int x)\n{\n    return y;\n}\n"),
    ]
    answers = compiled(*(document(path, text, "p") for path, text in texts))
    assert answers[0] == answers[3] == answers[5] == "yes"
    assert answers[1] == "no: not tried, it is a header"
    assert answers[2].startswith("no: src/wrong.h:1:")
    assert answers[4] == "no: not tried, module other is in another file"
    assert answers[6] == "no: src/none.c:1:10: fatal error: config.h: No such file or directory"
    assert "error: ‘y’ undeclared" in answers[7]
    assert compiled() == []


def test_mpi_comes_from_the_machine() -> None:
    """A header that asks for it counts, and one of the package's own named mpi.h doesn't."""
    d = document("test/m.c", "#include <mpi.h>\nint rank(void) { int r; MPI_Comm_rank(MPI_COMM_WORLD, &r); return r; }\n", "p")
    job = job_of(d, HEADERS["p"])
    assert isinstance(job, Job)
    assert (job.model, list(job.files)) == ("mpi+openmp", ["test/m.c"])
    (found,) = compiled(d)
    assert found == "yes" or found.startswith("no: not tried, mpicc is not on this machine")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(verdict=Verdict.OK), "yes"),
        (Outcome(verdict=Verdict.UNSUPPORTED, message="nvcc is not on this machine; install it"), "no: not tried, nvcc is not on this machine; install it"),
        (Outcome(verdict=Verdict.INFRA_ERROR), "no: not tried, infra_error"),
        (Outcome(verdict=Verdict.COMPILE_ERROR, message="a.c:1:\n error:" + "x" * 500), "no: a.c:1: error:" + "x" * 183),
    ],
)  # fmt: skip
def test_answers_are_one_short_line(outcome: Outcome, said: str) -> None:
    """Yes, why not, or why it wasn't tried."""
    assert answer(outcome) == said


def test_odd_paths_are_not_tried() -> None:
    """A name that a box can't have."""
    assert compiled(document("src/a b.c", "int x;\n", "p")) == ["no: not tried, its path has odd characters"]


def test_documents_are_taken_as_answers_are() -> None:
    """The stream of documents may be endless."""

    def endless() -> Iterator[Document]:
        while True:
            yield document("src/b.h", "int f(void);\n", "p")
            yield document("src/a.c", "int x;\n", "p")

    answers = compile_documents(endless(), HEADERS, workers=1)
    assert [next(answers) for _ in range(3)] == ["no: not tried, it is a header", "yes", "no: not tried, it is a header"]


def test_a_job_may_end_at_its_objects() -> None:
    """Then there is nothing to run, and the outcome is that of the build."""
    job = Job(files={"a.c": b"int g(void);\nint f(void) { return g(); }\n"}, language="c", links=False)
    with sandbox.build(job) as built:
        assert built.ok
        assert not built.runnable
        assert built.symbols() == {"g"}
        assert built.run(job.run) == built.outcome
