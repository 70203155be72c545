"""What stays of a document that holds a benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft.data.code_tokens import code_words
from hpcraft.data.contamination import Checked, check, write_index
from hpcraft.data.decontaminate import Benchmarks, Rules, load_index
from hpcraft.data.tree_hash import tree_hash
from hpcraft.data.units import cut_units
from hpcraft.errors import InputError
from hpcraft.eval.benchmarks import STAGE, BenchmarksConfig, suite_texts
from hpcraft.records import BenchmarkText, CodeUnit, Document
from hpcraft.stages import execute

AXPY = "void my_axpy(int count, double s, const double *in, double *out) {\n    for (int q = 0; q < count; q++) out[q] += s * in[q];\n}\n"
CG = (Path(__file__).parents[2] / "eval" / "kernels" / "references" / "cg.serial.c").read_text()
REFERENCES = [t for t in suite_texts("kernels") if t.kind == "reference" and "/kokkos/" not in t.task_id and t.language != "python"]
"""No document is in Python, and functions with ``KOKKOS_LAMBDA``, a macro that the grammar doesn't know, aren't cut out of files."""
OWN = "int rank_of(struct comm *c)\n{\n    return c->rank;\n}\n"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Benchmarks:
    """The index of our suites, as a worker has it."""
    folder = tmp_path_factory.mktemp("index")
    execute(STAGE, BenchmarksConfig(), {}, folder / "benchmarks")
    assert write_index(folder / "index.npz", folder=folder / "benchmarks", paths=(), rules=Rules()) is not None
    return load_index(str(folder / "index.npz"))


def document(text: str) -> Document:
    """A document with a text."""
    return Document(
        document_id="1" * 64, source="path:x", package="x", version="1", path="a.c", sha256="0" * 64, language="c", form="", models=(),
        licence="MIT", licence_evidence="spdx-header", split="train", text=text,
    )  # fmt: skip


def unit(text: str, start_line: int, kind: str = "function") -> CodeUnit:
    """A unit of the document that begins at a line."""
    return CodeUnit(
        unit_id=f"{start_line:064x}", kind=kind, document_id="1" * 64, name="f", language="c", models=(), directive="", source="path:x", package="x",
        version="1", path="a.c", sha256="0" * 64, licence="MIT", licence_evidence="spdx-header", split="train", start_line=start_line,
        tree_sha256=tree_hash("c", text), text=text,
    )  # fmt: skip


def test_a_copy_takes_the_whole_document_out(index: Benchmarks) -> None:
    """Nothing stays of a file that holds a reference solution, and the row says which."""
    found = check(index, document(OWN + CG), [unit(OWN, 1), unit(CG, 5)])
    assert found.whole
    assert not found.units
    (row,) = found.rows
    assert (row.suite, row.how, row.share, row.unit_id, row.path) == ("kernels", "ngram", 1.0, "", "a.c")
    assert row.task_id.startswith("kernels/cg/")


def test_a_renamed_axpy_goes_with_its_loops_and_the_rest_stays(index: Benchmarks) -> None:
    """A short function with a benchmark's tree is left out as a unit, and so is the loop inside; file, program and neighbours stay."""
    text = OWN + AXPY
    loop = unit("for (int q = 0; q < count; q++) out[q] += s * in[q];\n", 6, "loop")
    program = unit(text, 1, "program")
    found = check(index, document(text), [program, unit(OWN, 1), unit(AXPY, 5), loop])
    assert not found.whole
    assert [(u.kind, u.start_line) for u in found.units] == [("program", 1), ("function", 1)]
    (row,) = found.rows
    assert (row.how, row.unit_id, row.task_id.split("/")[1]) == ("tree", f"{5:064x}", "axpy")


def test_a_renamed_solver_takes_its_document_along(index: Benchmarks) -> None:
    """A long function of the same tree is a copy with other names."""
    solver = CG[CG.index("void cg(") :].replace("residual", "rho").replace("alpha", "step").replace("cg(", "solve_it(")
    renamed = solver.replace("tolerance", "eps_tol").replace("max_iterations", "most").replace("row_ptr", "begin").replace("val", "entry")
    assert index.hits("c", OWN + renamed) is None or renamed != solver
    found = check(index, document(OWN + renamed), [unit(OWN, 1), unit(renamed, 5)])
    assert found.whole
    assert len(found.rows) == 1
    assert found.rows[0].unit_id == ""


def test_a_clean_document_stays_whole(index: Benchmarks) -> None:
    """Nothing is taken from a file that holds no benchmark, and a unit without a tree is no hit."""
    bare = replace(unit(OWN, 1), tree_sha256="")
    assert check(index, document(OWN), [bare]) == Checked(whole=False, units=[bare], rows=[])


def test_no_benchmark_means_no_index(tmp_path: Path) -> None:
    """Without anything to compare with no file is written; a folder that can't be read is an error."""
    assert write_index(tmp_path / "x.npz", folder=None, paths=(), rules=Rules()) is None
    assert not (tmp_path / "x.npz").exists()
    with pytest.raises(InputError, match="no such file or folder"):
        write_index(tmp_path / "x.npz", folder=None, paths=(str(tmp_path / "nothing"),), rules=Rules())


@pytest.mark.parametrize("reference", REFERENCES[::4], ids=lambda t: t.task_id)
def test_units_as_they_are_cut_are_known_by_their_trees(reference: BenchmarkText, index: Benchmarks) -> None:
    """The functions that are cut out of a file with a reference have the trees of the index, in the middle of other code too."""
    own = "subroutine own(a)\n  real :: a\n  a = 1.0\nend subroutine own\n" if reference.language == "fortran" else OWN
    whole = replace(document(f"{own}\n{reference.text}\n{own}"), language=reference.language)
    functions = [u for u in cut_units(whole) if u.kind == "function"]
    indexed = [u for u in functions if len(code_words(u.language, u.text)) >= index.rules.min_tree_words]
    assert indexed
    assert [u.name for u in indexed if index.tree_hit(u.tree_sha256) is None] == []
    assert [u.name for u in functions if index.tree_hit(u.tree_sha256) is not None and u.name in ("own", "rank_of")] == []
