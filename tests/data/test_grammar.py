"""The grammar of kernels: every template is right in all three versions, draws repeat, and families never straddle splits."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft import sandbox
from hpcraft.data.grammar import TEMPLATES, MadePair, draw, family_split
from hpcraft.data.trees import normalised, parse, uses_model
from hpcraft.data.verify import verify
from hpcraft.records import Candidate
from hpcraft.sandbox.abi import (
    Argument,
    CallResult,
    Signature,
    compare_results,
    decode_results,
    encode_calls,
    parse_test,
)
from hpcraft.sandbox.drivers import driver_source
from hpcraft.sandbox.outcome import Limits, Run

needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.mark.parametrize("template", TEMPLATES)
def test_template_writes_code_that_parses(template: str) -> None:
    """Each template gives C, OpenMP and CUDA that parse, with a prototype and tests that can be read."""
    for number in range(20):
        pair = draw(1, number, template=template)
        signature = Signature.parse(pair.signature)
        assert pair.family.startswith(template)
        assert len({parse_test(signature, test).text() for test in pair.tests}) >= 3
        assert not parse(pair.source).has_error
        assert not parse(pair.targets["cuda"], "cuda").has_error
        assert all(uses_model(code, model) for model, code in pair.targets.items())
        assert not uses_model(pair.source, "openmp")


@needs_bwrap
def test_every_template_agrees_with_its_openmp() -> None:
    """A draw of every template passes the verifier: same results, no race, tests that kill mutants."""
    candidates = [_candidate(template, 0, "openmp") for template in TEMPLATES]
    findings = list(verify(candidates, seed=3))
    assert [f"{f.candidate_id}: {f.reason} {f.log}" for f in findings if not f.accepted] == []
    assert all(f.level == "run" and f.mutants_killed for f in findings)


@needs_bwrap
def test_every_template_agrees_with_its_cuda() -> None:
    """A draw of every template passes the verifier as CUDA: emulated, it gives the same results, touches nothing it shouldn't and has no race."""
    candidates = [_candidate(template, 1, "cuda") for template in TEMPLATES]
    findings = list(verify(candidates, seed=3, batch_size=len(candidates)))
    assert [f"{f.candidate_id}: {f.reason} {f.log}" for f in findings if not f.accepted] == []
    assert {f.level for f in findings} == {"emulate"}


@needs_bwrap
def test_every_template_is_right_as_cuda() -> None:
    """Run on the CPU with a fiber for each thread, the CUDA version of every template gives what the sequential one gives."""
    pairs = [draw(2, number, template=template) for template in TEMPLATES for number in range(2)]
    signatures = [replace(Signature.parse(p.signature), name=f"entry{i}") for i, p in enumerate(pairs)]
    calls = [(i, parse_test(s, t).arguments([i, k])) for i, s in enumerate(signatures) for k, t in enumerate(pairs[i].tests)]
    expected = _call_all(signatures, calls, {"all.c": _together(pairs, [p.source for p in pairs])})
    on_cpu = [re.sub(r"(\w+)<<<(.+)>>>\((.*)\);", _launch, p.targets["cuda"]) for p in pairs]
    shim = Path(__file__).with_name("cuda_on_cpu.h").read_bytes()
    got = _call_all(signatures, calls, {"cuda_on_cpu.h": shim, "all.cpp": b'#include "cuda_on_cpu.h"\n' + _together(pairs, on_cpu)})
    assert len(expected) == len(got) == len(calls)
    differing = {
        pairs[f].targets["cuda"]: why for at, (f, _) in enumerate(calls) if (why := compare_results(signatures[f], expected[at], got[at]))
    }
    assert differing == {}


def test_draws_repeat() -> None:
    """The same seed and number give the same pair, another seed another one."""
    assert draw(4, 2) == draw(4, 2)
    assert draw(4, 2) != draw(5, 2)


def test_split_follows_the_family() -> None:
    """Every split gets families, most of them go to training, and a family has one split only."""
    families = [draw(0, number).family for number in range(400)]
    splits = [family_split(f) for f in families]
    assert set(splits) == {"train", "valid", "test"}
    assert splits.count("train") > 0.6 * len(splits)
    assert splits == [family_split(f) for f in families]


def test_renaming_does_not_change_the_normalised_text() -> None:
    """Layout, names, numbers, braces and the width of types don't make a function a new one; an operator does."""
    one = "void f(int n, float *x)\n{\n  for (int i = 0; i < n; i++) { x[i] = 2.0f * x[i]; }\n}\n"
    other = "/* scale */ void scale_all(long count, double *data) { for (long k = 0; k < count; k++) data[k] = 3.5 * data[k]; }"
    assert normalised(one) == normalised(other)
    assert normalised(one) != normalised(one.replace("*  x", "+ x").replace("2.0f *", "2.0f +"))


def _candidate(template: str, number: int, model: str) -> Candidate:
    pair = draw(2, number, template=template)
    return Candidate(
        candidate_id=template,
        signature=pair.signature,
        source=pair.source,
        target=pair.targets[model],
        target_model=model,
        tests=pair.tests,
    )


def _launch(match: re.Match[str]) -> str:
    """A launch as a call of the shim; the two halves of the geometry part at the one comma outside parentheses."""
    geometry, depth, at = match[2], 0, 0
    while depth or geometry[at] != ",":
        depth += (geometry[at] == "(") - (geometry[at] == ")")
        at += 1
    return f"launch({geometry[:at]}, {geometry[at + 1 :]}, [&] {{ {match[1]}({match[3]}); }});"


def _together(pairs: list[MadePair], codes: list[str]) -> bytes:
    lines = []
    for number, (pair, code) in enumerate(zip(pairs, codes, strict=True)):
        name = Signature.parse(pair.signature).name
        lines.append(re.sub(rf"\b{name}(?=_kernel)", f"entry{number}", re.sub(rf"\b{name}\b", f"entry{number}", code)))
    return "\n".join(lines).encode()


def _call_all(signatures: list[Signature], calls: list[tuple[int, list[Argument]]], files: dict[str, bytes]) -> dict[int, CallResult]:
    driver = {"driver.c": driver_source(signatures, fork=True).encode()}
    data = Run(data={"inputs.bin": encode_calls(signatures, calls)}, collect=("outputs.bin",), limits=Limits(wall_seconds=60))
    outcome = sandbox.run(sandbox.Job(files={**files, **driver}, language="cpp", flags=("-w", "-O0"), run=data))
    return decode_results(signatures, [f for f, _ in calls], outcome.outputs.get("outputs.bin", b""))
