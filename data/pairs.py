"""``hpcraft pairs``: sequential C and parallel code that does the same work, each pair verified by running it.

Writes ``pairs-*.parquet`` (`Pair`): *made* ones from the grammar, *mined* ones from loops of the corpus; and ``monolingual-*.parquet``
(`Function`): mined sequential functions of the training split with valid tests and no pair, for mutual supervision.

Splits: a mined pair stands in its package's split; a made one in that of its family (template and structural choices), by hash. No two sources
in the output have the same normalised text (`hpcraft.data.trees.normalised`) or tree, so none is in two splits; with the folder of the stage ``benchmarks``
none has the tree of a benchmark's function or holds a benchmark's text.

A pair enters when both sides build and agree on at least ``min_tests`` tests (CUDA by its emulation), these tests run the lines of the source and tell
faulty versions of either side from it. Each test stands there with what the source left behind (`hpcraft.data.recorded`).

Theory of operation. Candidates follow from inputs and seed alone. They are verified in batches; findings of finished batches are kept in
``.parts/`` of the partial folder, so a later call begins where an interrupted one stopped. Pairs are assembled in the end.

``metrics["pairs"]`` is ``{origin: {target_model: {split: n}}}``, ``metrics["kernels"]`` counts the sources tried by origin, ``metrics["rates"]`` is
``{origin: {target_model: {"tried": n, "proved": n}}}``, and ``metrics["mutants"]`` and ``metrics["target_mutants"]`` say how many faults the tests of the
pairs killed. Rejections are counted as ``origin:target_model:reason``; ``left_out`` are sources that were there before, and benchmarks'.

Not covered: pairs that call other functions of their package.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from hpcraft.data.material import Known, Material, made, mined, tree
from hpcraft.data.verify import SOURCE_ONLY, cuda_level, has_tools, lacks_tool, verify
from hpcraft.errors import ConfigError, MachineError
from hpcraft.progress import track
from hpcraft.records import Candidate, Finding, Function, Pair
from hpcraft.shards import ShardWriter
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import read_json, sha256_json, write_json

_TARGETS = ("openmp", "cuda")
_PARTS = ".parts"
_INSTALL = {"cuda": "apt-get install g++", "race": "apt-get install clang-19 libomp-19-dev libclang-rt-19-dev"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PairsConfig:
    """How many pairs are tried, and what a pair must show."""

    made: int = option(400, help="kernels drawn from the grammar; each gives one candidate for every target")
    mined_limit: int = option(400, help="loops of the corpus that are tried")
    targets: tuple[str, ...] = option(_TARGETS, help="parallel models to translate to: openmp, cuda")
    cuda_launch: Literal["own", "any", "both"] = option(
        "own",
        help="own: a CUDA kernel is right under its own launch; any: by strided loops under any, as far as a reduction allows; both: a pair of each, for "
        "translators that write the second and read both on the way back to C",
    )
    tests_per_pair: int = option(5, help="at most this many tests are kept with a pair")
    min_tests: int = option(3, help="a pair with fewer valid tests is rejected")
    num_mutants: int = option(6, help="faulty versions of each side that the tests are tried on")
    min_killed: float = option(0.5, help="share of the mutants of each side that the tests must kill; at least one in any case")
    min_coverage: float = option(1.0, help="share of the lines of a made source that its tests must run")
    min_coverage_mined: float = option(0.8, help="the same of a mined source, whose tests are proposed by rule")
    race: bool = option(True, help="run OpenMP targets under the race detector")
    monolingual_share: float = option(0.3, help="share of the mined training loops that is set aside without translation")
    batch_size: int = option(96, help="candidates built into one program")

    def __post_init__(self) -> None:
        """Refuse values that can't be meant."""
        if not self.targets or any(t not in _TARGETS for t in self.targets):
            raise ConfigError(f"targets: expected some of {', '.join(_TARGETS)} (got {', '.join(self.targets) or 'none'})")
        for name in ("made", "mined_limit"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more")
        for name in ("tests_per_pair", "min_tests", "num_mutants", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more")
        if self.min_tests > self.tests_per_pair:
            raise ConfigError(f"min_tests must not be more than tests_per_pair ({self.tests_per_pair})")
        for name in ("min_killed", "min_coverage", "min_coverage_mined", "monolingual_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie between 0 and 1")


def run(config: PairsConfig, work: Work) -> Report:
    """Draw, outline, verify, and write what holds."""
    report = Report()
    targets, race = _machine(config, report)
    known = Known.of(work.inputs.get("benchmarks"))
    materials = _materials(config, work, targets, known)
    candidates = [c for number, m in enumerate(materials) for c in _candidates(number, m)]
    findings = _verified(config, work, candidates, race=race)
    pairs, functions = _assemble(config, materials, findings, report)
    with ShardWriter(work.out, "pairs", Pair) as pair_shards:
        for pair in pairs:
            pair_shards.write(pair)
    with ShardWriter(work.out, "monolingual", Function) as function_shards:
        for function in functions:
            function_shards.write(function)
    shutil.rmtree(work.out / _PARTS, ignore_errors=True)
    report.rows = {"pairs": len(pairs), "monolingual": len(functions)}
    report.metrics |= _metrics(materials, pairs) | {"left_out": dict(known.left_out)}
    return report


def _machine(config: PairsConfig, report: Report) -> tuple[tuple[str, ...], bool]:
    """The targets and checks that this machine has tools for; the others are noted.

    Raises:
        MachineError: no compiler, no sandbox, or no target left.
    """
    if missing := has_tools("openmp"):
        raise MachineError(missing)
    targets, race = config.targets, config.race
    if "cuda" in targets and (missing := has_tools("cuda")):
        targets = tuple(t for t in targets if t != "cuda")
        report.notes.append(f"no CUDA pairs: {missing}; {_INSTALL['cuda']}")
    elif "cuda" in targets and cuda_level() == "compile":
        report.notes.append(f"CUDA pairs were compiled, not run: nothing here emulates them; {_INSTALL['cuda']}")
    if race and "openmp" in targets and (missing := has_tools("openmp", race=True)):
        race = False
        report.notes.append(f"OpenMP pairs were not checked for races: {missing}; {_INSTALL['race']}")
    if not targets:
        raise MachineError(f"none of the targets {', '.join(config.targets)} can be compiled here; {_INSTALL['cuda']} or add openmp")
    return targets, race


def tools_here(config: PairsConfig) -> dict[str, str]:
    """Which of the tools that may be left out are here, so that pairs are made again when one is installed."""
    lacks: dict[str, str] = {}
    if "cuda" in config.targets:
        lacks["cuda"] = lacks_tool("cuda")
        if cuda_level() == "compile":
            lacks["cuda-emulation"] = "it compiles"
    if config.race and "openmp" in config.targets:
        lacks["race"] = lacks_tool("openmp", race=True)
    return {name: "missing" if why else "here" for name, why in lacks.items()}


def _materials(config: PairsConfig, work: Work, targets: tuple[str, ...], known: Known) -> list[Material]:
    any_launch, both = config.cuda_launch != "own", config.cuda_launch == "both"
    found: list[Material] = []
    if "corpus" in work.inputs and config.mined_limit:
        share = config.monolingual_share
        found += mined(
            work.inputs["corpus"], work.seed, config.mined_limit, targets, known, monolingual_share=share, any_launch=any_launch, both=both
        )
    found += made(work.seed, config.made, targets, known, any_launch=any_launch, both=both)
    return found


def _candidates(number: int, material: Material) -> Iterator[Candidate]:
    """One candidate for each version; a source without versions is checked alone."""
    for version, (model, target) in enumerate(material.targets or ((SOURCE_ONLY, ""),)):
        yield Candidate(
            candidate_id=f"{number}/{version}",
            signature=material.signature,
            source=material.source,
            target=target,
            target_model=model,
            tests=material.tests,
        )


def _verified(config: PairsConfig, work: Work, candidates: Sequence[Candidate], *, race: bool) -> dict[str, Finding]:
    """Findings by candidate; those of finished batches are read from the partial folder."""
    folder = work.out / _PARTS
    size = config.batch_size
    findings: dict[str, Finding] = {}
    part = 0
    while (path := _part(folder, part)).exists():
        findings.update((f.candidate_id, f) for f in _read_part(path))
        part += 1
    stream = verify(
        candidates[part * size :],
        seed=int(sha256_json(["pairs", work.seed])[:8], 16),
        race=race,
        num_mutants=config.num_mutants,
        min_killed=config.min_killed,
        min_coverage=min(config.min_coverage, config.min_coverage_mined),
        max_tests=config.tests_per_pair,
        batch_size=size,
    )
    stream = track(stream, "verify pairs", total=len(candidates) - part * size)
    while batch := list(islice(stream, size)):
        write_json(_part(folder, part), {"findings": [asdict(f) for f in batch]})
        findings.update((f.candidate_id, f) for f in batch)
        part += 1
    return findings


def _part(folder: Path, number: int) -> Path:
    return folder / f"findings-{number:05d}.json"


def _read_part(path: Path) -> Iterator[Finding]:
    for row in read_json(path)["findings"]:
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        yield Finding(**fields)


def _assemble(
    config: PairsConfig, materials: Sequence[Material], findings: dict[str, Finding], report: Report
) -> tuple[list[Pair], list[Function]]:
    """Pairs and monolingual functions in the order of the materials; everything else is counted."""
    pairs: list[Pair] = []
    functions: list[Function] = []
    reasons: Counter[str] = Counter()
    for number, material in enumerate(materials):
        own = [findings[c.candidate_id] for c in _candidates(number, material)]
        taken: set[str] = set()
        for (model, target), finding in zip(material.targets, own, strict=False):
            tests = material.chosen(finding.valid_tests, finding.killing_tests, config.tests_per_pair)
            reason = finding.reason or _too_little(config, material, finding, tests)
            if reason:
                reasons[f"{material.origin}:{model}:{reason}"] += 1
            elif model not in taken or (model == "cuda" and config.cuda_launch == "both"):
                taken.add(model)
                pairs.append(_pair(material, model, target, finding, tests))
        if not taken and material.origin == "mined" and material.split == "train":
            best = max(own, key=lambda f: (bool(f.killing_tests), len(f.valid_tests)))
            tests = material.chosen(best.valid_tests, best.killing_tests, config.tests_per_pair)
            if best.killing_tests and len(tests) >= config.min_tests:
                functions.append(_function(material, best, tests))
            elif not material.targets:
                reasons[f"{material.origin}:source:{best.reason or 'few-tests'}"] += 1
    report.rejections = dict(reasons)
    return pairs, functions


def _too_little(config: PairsConfig, material: Material, finding: Finding, tests: tuple[str, ...]) -> str:
    """What an accepted candidate lacks, empty for nothing."""
    if len(tests) < config.min_tests:
        return "few-tests"
    lines = config.min_coverage if material.origin == "made" else config.min_coverage_mined
    return "not-covered" if finding.coverage < lines else ""


def _outputs(finding: Finding, tests: tuple[str, ...]) -> tuple[str, ...]:
    recorded = dict(zip(finding.valid_tests, finding.outputs, strict=True))
    return tuple(recorded[test] for test in tests)


def _pair(material: Material, model: str, target: str, finding: Finding, tests: tuple[str, ...]) -> Pair:
    return Pair(
        pair_id=_identity(material.source, model, target),
        origin=material.origin,
        family=material.family,
        signature=material.signature,
        source=material.source,
        target=target,
        target_model=model,
        level=finding.level,
        tests=tests,
        outputs=_outputs(finding, tests),
        seed=finding.seed,
        coverage=finding.coverage,
        mutants_killed=finding.mutants_killed,
        mutants_total=finding.mutants_total,
        target_mutants_killed=finding.target_mutants_killed,
        target_mutants_total=finding.target_mutants_total,
        package=material.package,
        version=material.version,
        path=material.path,
        sha256=material.sha256,
        licence=material.licence,
        licence_evidence=material.licence_evidence,
        tree_sha256=tree(material.source),
        split=material.split,
    )


def _function(material: Material, finding: Finding, tests: tuple[str, ...]) -> Function:
    return Function(
        function_id=_identity(material.source),
        signature=material.signature,
        source=material.source,
        tests=tests,
        outputs=_outputs(finding, tests),
        seed=finding.seed,
        coverage=finding.coverage,
        package=material.package,
        version=material.version,
        path=material.path,
        sha256=material.sha256,
        licence=material.licence,
        licence_evidence=material.licence_evidence,
        tree_sha256=tree(material.source),
        split=material.split,
    )


def _identity(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


def _metrics(materials: Sequence[Material], pairs: Sequence[Pair]) -> dict[str, object]:
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for pair in pairs:
        by_split = counts.setdefault(pair.origin, {}).setdefault(pair.target_model, {})
        by_split[pair.split] = by_split.get(pair.split, 0) + 1
    kernels = Counter(m.origin for m in materials)
    rates: dict[str, dict[str, dict[str, int]]] = {}
    for origin, model in sorted({(m.origin, model) for m in materials for model, _ in m.targets}):
        tried = [[name for name, _ in m.targets].count(model) for m in materials if m.origin == origin]
        with_model = sum(min(count, 1) if model == "openmp" else count for count in tried)
        proved = sum(1 for p in pairs if (p.origin, p.target_model) == (origin, model))
        rates.setdefault(origin, {})[model] = {"tried": with_model, "proved": proved}
    return {
        "pairs": counts,
        "kernels": dict(kernels),
        "rates": rates,
        "mutants": {"killed": sum(p.mutants_killed for p in pairs), "total": sum(p.mutants_total for p in pairs)},
        "target_mutants": {"killed": sum(p.target_mutants_killed for p in pairs), "total": sum(p.target_mutants_total for p in pairs)},
        "coverage": round(sum(p.coverage for p in pairs) / len(pairs), 4) if pairs else None,
    }


STAGE = Stage(
    name="pairs",
    summary="make translation pairs from a grammar and from mined loops, each verified by running it",
    example="hpcraft pairs --corpus runs/quickstart/prepare --made 400 -o pairs",
    config=PairsConfig,
    inputs={
        "corpus": Input(stage="prepare", help="the output folder of prepare, for mined pairs", optional=True),
        "benchmarks": Input(
            stage="benchmarks", help="folder of benchmarks' texts whose functions must not be among the sources", optional=True
        ),
    },
    run=run,
    outside=tools_here,
)
COMMAND = STAGE.command
