"""Graphs of operators and what a compiler makes of them: graphs are whole, both languages are written, and they do the same."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data import loopy_code
from hpcraft.data.material import Known
from hpcraft.data.operator_graphs import draw
from hpcraft.data.verify import has_tools, verify
from hpcraft.data.wells import composed
from hpcraft.verification import Candidate

needs_loopy = pytest.mark.skipif(not loopy_code.is_here(), reason="loopy isn't installed")


@given(st.integers(0, 10**6))
def test_graphs_are_whole(seed: int) -> None:
    """Each node reads what comes before it, everything is read by something but the last, and only matrices are reduced."""
    graph = draw(Random(seed))
    for number, node in enumerate(graph.nodes):
        assert all(part < number for part in node.parts)
        assert (graph.uses(number) == 0) == (number == len(graph.nodes) - 1)
        if node.kind == "reduce":
            assert graph.nodes[node.parts[0]].shape == "matrix"
    assert draw(Random(seed)) == graph


def test_graphs_differ() -> None:
    """Most of many draws are of operators that no other draw has in the same numbers."""
    assert len({draw(Random(seed)).family for seed in range(300)}) > 200


@needs_loopy
def test_a_graph_is_compiled_to_both() -> None:
    """The head is the same; the kernel's blocks are those that its indices are computed with, and its guards compare signed numbers."""
    for seed in range(12):
        graph = draw(Random(seed))
        made = loopy_code.compiled(graph, "work", Random(seed))
        head = next(line for line in made.source.splitlines() if " work(" in line)
        assert f'extern "C" {head}\n' in made.cuda
        assert "restrict" not in made.source + made.cuda
        assert "int32_t" not in made.source
        blocks = re.search(r"dim3 threads\((\d+)", made.cuda)
        assert blocks
        assert f"{blocks[1]} * bx" in made.cuda
        assert "  int bx = blockIdx.x" in made.cuda


@needs_loopy
def test_rows_are_shared_by_threads() -> None:
    """The directive stands before the loop over rows, and what is declared in front of it is private."""
    source = "void f(float *out, int n)\n{\n  float t1;\n\n  for (int i = 0; i <= -1 + n; ++i)\n    out[i] = t1;\n}\n"
    assert "\n#pragma omp parallel for private(t1)\n  for (int i" in loopy_code.with_openmp(source)


@pytest.mark.ci
@needs_loopy
def test_what_is_drawn_holds_when_it_is_run() -> None:
    """Sources are different, repeatable, and proved in both models; only kernels under launches of their own are drawn."""
    for target in ("openmp", "cuda"):
        if why := has_tools(target):
            pytest.skip(why)
    found = list(composed.draw(3, 8, ("openmp", "cuda"), Known()))
    assert len({m.source for m in found}) == len(found) == 8
    assert [m.source for m in composed.draw(3, 8, ("openmp", "cuda"), Known())] == [m.source for m in found]
    candidates = [
        Candidate(candidate_id=f"{number}/{model}", signature=m.signature, source=m.source, source_model="serial", target=code, target_model=model, tests=m.tests)
        for number, m in enumerate(found)
        for model, code in m.targets
    ]  # fmt: skip
    findings = list(
        verify(iter(candidates), seed=3, race=True, num_mutants=3, min_killed=0.5, min_coverage=0.8, max_tests=5, batch_size=16)
    )
    assert {f.candidate_id: f.reason for f in findings if f.reason} == {}
    assert len(findings) == 16
    assert {model for m in composed.draw(3, 2, ("openmp", "cuda"), Known(), launches=(True,)) for model, _ in m.targets} == {"openmp"}
