"""``hpcraft pairs``: sequential C and other code that does the same work, mostly parallel, each pair verified by running it.

Writes ``pairs-*.parquet`` (`Pair`): *made* ones from the grammar, *composed* ones from a compiler, and from the corpus those of the wells in `hpcraft.data.wells.table`; and ``monolingual-*.parquet``
(`Function`): real functions of the training split with valid tests and no pair, for mutual supervision: sequential ones, and OpenMP and CUDA that was set aside.

Splits: a pair from the corpus stands in its package's split; a made one in that of its family (template and structural choices), by hash. No two sources
in the output have the same normalised text (`hpcraft.data.trees.normalised`) or tree, so none is in two splits; with the folder of the stage ``benchmarks``
none has the tree of a benchmark's function or holds a benchmark's text.

Targets are OpenMP and CUDA; of the grammar and of the corpus's Fortran also Fortran, sequential or with OpenMP; of the grammar also C++ and C with MPI,
where a kernel can be written so.

A pair enters when both sides build and agree on at least ``min_tests`` tests (CUDA by its emulation), these tests run the lines of the source and tell
faulty versions of either side from it. Each test stands there with what the source left behind (`hpcraft.data.recorded`).

Theory of operation. Candidates follow from inputs and seed alone. They flow: sources are drawn, verified in batches by worker processes, and written in the
order in which they were drawn, and only what is on its way is in memory, beside hashes of all sources and what was found in the corpus. Findings of finished batches are kept in ``.parts/`` of
the partial folder, so a later call draws those sources again but begins to verify where an interrupted one stopped.

``metrics["pairs"]`` is ``{origin: {target_model: {split: n}}}``, ``metrics["kernels"]`` counts the sources tried by origin, ``metrics["rates"]`` is
``{origin: {target_model: {"tried": n, "proved": n}}}``, and ``metrics["mutants"]`` and ``metrics["target_mutants"]`` say how many faults the tests of the
pairs killed. Rejections are counted as ``origin:target_model:reason``; ``left_out`` are sources that were there before, and benchmarks'.

Not covered: pairs that call other functions of their package.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import chain, islice, tee
from pathlib import Path
from typing import Any, Literal

from hpcraft.data.grammar import TARGETS
from hpcraft.data.material import Known, Launches, Material, made, tree
from hpcraft.data.pairs_tally import Tally
from hpcraft.data.pairs_tools import tools_here, usable
from hpcraft.data.target_models import SERIAL, SOURCE_ONLY
from hpcraft.data.verify import verify
from hpcraft.data.wells import composed
from hpcraft.data.wells.ground import Ground
from hpcraft.data.wells.table import drawn
from hpcraft.errors import ConfigError
from hpcraft.progress import track
from hpcraft.records import Function, Pair, PairOrigin
from hpcraft.shards import ShardWriter
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import read_json, sha256_json, write_json
from hpcraft.verification import Candidate, Finding

_DEFAULT_TARGETS = ("openmp", "cuda")
_LAUNCHES: dict[str, Launches] = {"own": (False,), "any": (True,), "both": (True, False)}
_PARTS = ".parts"


@dataclass(frozen=True, kw_only=True, slots=True)
class PairsConfig:
    """How many pairs are tried, and what a pair must show."""

    made: int = option(400, help="kernels drawn from the grammar; each gives one candidate for every target that it can be written in")
    composed: int = option(
        0, help="graphs of operators that loopy compiles to C and CUDA, as HPCTransCompile has its pairs made by a compiler"
    )
    mined_limit: int = option(400, help="sequential loops of the corpus that are tried")
    directives_limit: int = option(
        400, help="pieces of the corpus's OpenMP code that are tried, as the target of what they are without directives"
    )
    serialised_limit: int = option(
        400,
        help="CUDA kernels of the corpus that are tried, as the target of the loops that they stand for; not with cuda_launch any, since they are right under their own launch",
    )
    transcribed_limit: int = option(
        400,
        help="loops of the corpus's Fortran that are tried, as the target of what they are in C by rule; parallel by PSyclone where it is installed",
    )
    targets: tuple[str, ...] = option(
        _DEFAULT_TARGETS,
        help="what to translate to: openmp, cuda, fortran (sequential), fortran+openmp, and for kernels of the grammar also cpp (sequential) and mpi (in C)",
    )
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
    min_coverage_mined: float = option(0.8, help="the same of a source from the corpus, whose tests are proposed by rule")
    race: bool = option(True, help="run OpenMP targets, in C or Fortran, under the race detector")
    monolingual_share: float = option(
        0.3, help="share of the corpus's training code that is set aside without translation: loops as C, OpenMP and CUDA as what they are"
    )
    made_monolingual_share: float = option(
        0.0,
        help="share of the grammar's training kernels that are set aside without translation, as C, OpenMP or CUDA, for mutual to translate",
    )
    batch_size: int = option(96, help="candidates built into one program")

    def __post_init__(self) -> None:
        """Refuse values that can't be meant."""
        if not self.targets or any(t not in TARGETS for t in self.targets):
            raise ConfigError(f"targets: expected some of {', '.join(TARGETS)} (got {', '.join(self.targets) or 'none'})")
        for name in ("made", "composed", "mined_limit", "directives_limit", "serialised_limit", "transcribed_limit"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more")
        for name in ("tests_per_pair", "min_tests", "num_mutants", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more")
        if self.min_tests > self.tests_per_pair:
            raise ConfigError(f"min_tests must not be more than tests_per_pair ({self.tests_per_pair})")
        for name in ("min_killed", "min_coverage", "min_coverage_mined", "monolingual_share", "made_monolingual_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie between 0 and 1")


def run(config: PairsConfig, work: Work) -> Report:
    """Draw, outline, verify, and write what holds."""
    report = Report()
    targets, race = usable(config, report, corpus="corpus" in work.inputs)
    known = Known.of(work.inputs.get("benchmarks"))
    real = list(_real(config, work, targets, known))  # of a whole corpus few are kept
    kernels = made(
        work.seed, config.made, targets, known, launches=_LAUNCHES[config.cuda_launch], monolingual_share=config.made_monolingual_share
    )
    graphs = composed.draw(work.seed, config.composed, targets, known, launches=_LAUNCHES[config.cuda_launch])
    tally = Tally(each_cuda=config.cuda_launch == "both")
    with ShardWriter(work.out, "pairs", Pair) as pair_shards, ShardWriter(work.out, "monolingual", Function) as function_shards:
        judged = _judged(config, work, chain(real, graphs, kernels), race=race)
        for material, findings in track(judged, "verify pairs", total=len(real) + config.composed + config.made):
            pairs, functions = _assemble(config, material, findings, tally.reasons)
            tally.add(material, pairs)
            for pair in pairs:
                pair_shards.write(pair)
            for function in functions:
                function_shards.write(function)
    report.rows = {"pairs": pair_shards.rows, "monolingual": function_shards.rows}
    report.rejections = dict(tally.reasons)
    report.metrics |= tally.metrics() | {"left_out": dict(known.left_out)}
    return report


def _real(config: PairsConfig, work: Work, targets: tuple[str, ...], known: Known) -> Iterator[Material]:
    """What the wells give of the corpus, where there is one."""
    if "corpus" not in work.inputs:
        return
    ground = Ground(
        corpus=work.inputs["corpus"],
        seed=work.seed,
        targets=targets,
        known=known,
        launches=_LAUNCHES[config.cuda_launch],
        monolingual_share=config.monolingual_share,
    )
    limits: dict[PairOrigin, int] = {
        "directives": config.directives_limit,
        "serialised": config.serialised_limit,
        "mined": config.mined_limit,
        "transcribed": config.transcribed_limit,
    }
    yield from drawn(ground, limits)


def _candidates(number: int, material: Material) -> Iterator[Candidate]:
    """One candidate for each version; a source without versions is checked alone."""
    for version, (model, target) in enumerate(material.targets or ((SOURCE_ONLY, ""),)):
        yield Candidate(
            candidate_id=f"{number}/{version}",
            signature=material.signature,
            source=material.source,
            source_model=material.model,
            target=target,
            target_model=model,
            tests=material.tests,
        )


def _num_candidates(material: Material) -> int:
    return max(1, len(material.targets))


def _judged(config: PairsConfig, work: Work, materials: Iterable[Material], *, race: bool) -> Iterator[tuple[Material, list[Finding]]]:
    """Each material with the findings of its candidates, in order; those in between wait."""
    waiting: deque[Material] = deque()

    def candidates() -> Iterator[Candidate]:
        for number, material in enumerate(materials):
            waiting.append(material)
            yield from _candidates(number, material)

    findings = _verified(config, work, candidates(), race=race)
    for first in findings:
        material = waiting.popleft()
        yield material, [first, *islice(findings, _num_candidates(material) - 1)]


def _verified(config: PairsConfig, work: Work, candidates: Iterator[Candidate], *, race: bool) -> Iterator[Finding]:
    """Findings in the order of the candidates; those of finished batches are read from the partial folder."""
    folder = work.out / _PARTS
    part = 0
    while (path := _part(folder, part)).exists():
        written = read_json(path)
        judged = list(islice(candidates, len(written["findings"])))
        if written.get("key") != _key(judged):
            # The code that draws kernels or cuts functions is another than that of the run that is gone on with.
            candidates = chain(judged, candidates)
            for old in sorted(folder.glob("findings-*.json"))[part:]:
                old.unlink()
            break
        yield from map(_finding, written["findings"])
        part += 1
    candidates, given = tee(candidates)
    stream = verify(
        candidates,
        seed=int(sha256_json(["pairs", work.seed])[:8], 16),
        race=race,
        num_mutants=config.num_mutants,
        min_killed=config.min_killed,
        min_coverage=min(config.min_coverage, config.min_coverage_mined),
        max_tests=config.tests_per_pair,
        batch_size=config.batch_size,
    )
    while batch := list(islice(stream, config.batch_size)):
        judged = list(islice(given, len(batch)))
        write_json(_part(folder, part), {"key": _key(judged), "findings": [asdict(f) for f in batch]})
        yield from batch
        part += 1


def _part(folder: Path, number: int) -> Path:
    return folder / f"findings-{number:05d}.json"


def _key(candidates: Sequence[Candidate]) -> str:
    return sha256_json([asdict(c) for c in candidates])


def _finding(row: dict[str, Any]) -> Finding:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Finding(**fields)


def _assemble(config: PairsConfig, material: Material, findings: list[Finding], reasons: Counter[str]) -> tuple[list[Pair], list[Function]]:
    """The pairs of a material, or what it is as a monolingual function; everything else is counted."""
    pairs: list[Pair] = []
    taken: set[str] = set()
    for (model, target), finding in zip(material.targets, findings, strict=False):
        tests = material.chosen(finding.valid_tests, finding.killing_tests, config.tests_per_pair)
        reason = finding.reason or _too_little(config, material, finding, tests)
        if reason:
            reasons[f"{material.origin}:{model}:{reason}"] += 1
        elif model not in taken or (model == "cuda" and config.cuda_launch == "both"):
            taken.add(model)
            pairs.append(_pair(material, model, target, finding, tests))
    alone = material.origin == "mined" or material.model != SERIAL or not material.targets
    if not taken and alone and material.split == "train":
        best = max(findings, key=lambda f: (bool(f.killing_tests), len(f.valid_tests)))
        tests = material.chosen(best.valid_tests, best.killing_tests, config.tests_per_pair)
        reason = _why_no_source(config, material, best, tests)
        if not reason:
            return [], [_function(material, best, tests)]
        if not material.targets:
            reasons[f"{material.origin}:source:{reason}"] += 1
    return pairs, []


def _why_no_source(config: PairsConfig, material: Material, finding: Finding, tests: tuple[str, ...]) -> str:
    """What a function without a translation lacks to be the source of a pair, whatever became of its translations; empty for nothing."""
    if not finding.valid_tests:
        return finding.reason or "no-valid-tests"
    if finding.mutants_killed < max(1, config.min_killed * finding.mutants_total):
        return "few-mutants-killed" if finding.mutants_killed else "no-mutant-killed"
    return _too_little(config, material, finding, tests)


def _too_little(config: PairsConfig, material: Material, finding: Finding, tests: tuple[str, ...]) -> str:
    """What an accepted candidate lacks, empty for nothing."""
    if len(tests) < config.min_tests:
        return "few-tests"
    if material.model == "cuda":
        return ""  # which of its lines run isn't looked at
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
        model=material.model,
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
        tree_sha256=tree(material.source, "cuda" if material.model == "cuda" else "c"),
        split=material.split,
    )


def _identity(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


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
    scratch=(_PARTS,),
    version=9,  # statics that keep their value, names of its own, tests of too much data
)
COMMAND = STAGE.command
