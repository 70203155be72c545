"""Many untrusted functions in one program, so that one compiler call and one start serve dozens of them.

Theory of operation. Each piece of code lies in its own file, which another one includes under names of its own
(`hpcraft.data.pieces`); the driver of `hpcraft.sandbox.abi` calls them by number, each call in a forked child. A piece that
the compiler refuses is named by its file in the diagnostics; it is refused and the rest is built again. Pieces that could change the meaning of
others (macros, assembly, attributes, modules, text that doesn't parse) are built alone from the start. All of it happens in the sandbox.

Ranks of MPI can't be forked: their calls are made one after the other in the same processes, and a call that ends these is known by the record
that it doesn't leave. The calls behind it are made again, in a new start, but for those of the same piece and fault.

CUDA is compiled for a device, which runs nothing, or emulated (docs/cuda.md). What the emulation tells of a fault stands in the program's stderr, one
line for each call that ended so, in their order.

Not covered: C++ pieces.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hpcraft import sandbox
from hpcraft.data.pieces import CodeLanguage, Layout, Piece
from hpcraft.data.pieces_c import CPP, CUDA, C
from hpcraft.data.pieces_fortran import FORTRAN
from hpcraft.errors import MachineError
from hpcraft.sandbox import toolchains
from hpcraft.sandbox.abi import Argument, CallResult, Signature, decode_results, encode_calls
from hpcraft.sandbox.cuda import faults
from hpcraft.sandbox.drivers import driver_source
from hpcraft.sandbox.outcome import Check, CudaLevel, Job, Limits, Model, Outcome, Run, Verdict

__all__ = ["Call", "Piece", "Program", "build", "require_result"]

_LAYOUTS: dict[CodeLanguage, Layout] = {"c": C, "cpp": CPP, "cuda": CUDA, "fortran": FORTRAN}
_UNSUPPORTED = re.compile(r"\bpiece(\d+)\.inc:\d+: [^\n]*")
_FAULT = re.compile(r"^hpcraft-cuda: FAULT ([^\n]*)", re.MULTILINE)
_LOG_CHARACTERS = 2000
_DEFAULTS = {
    "address": 'const char *__asan_default_options(void) { return "symbolize=0:fast_unwind_on_fatal=1"; }\n',
    "race": 'const char *__tsan_default_options(void) { return "symbolize=0:halt_on_error=1"; }\n',
}
"""Names in reports cost most of the time of a call that fails; after the first race the others need not be listed."""
_RACE_CALLS = 3
"""ThreadSanitizer keeps four accesses of a place and updates them without locks: on a busy machine one run in a hundred misses a race of four threads."""
_OUTPUT_BYTES = 48 << 20
"""Room for one sanitizer report from every call of a batch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of one piece."""

    piece: int
    arguments: Sequence[Argument]
    fault: int = 0
    """Which of a piece's faults it chooses, where the piece is a schema."""


@dataclass(kw_only=True, slots=True)
class _Group:
    """Pieces that were built together."""

    build: sandbox.Build
    pieces: list[int]
    signatures: list[Signature]
    in_turn: bool
    """Whether calls share their processes, which a call may end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    """How a program is started."""

    threads: int
    ranks: int
    seconds: int
    """For each call."""


@dataclass(kw_only=True, slots=True)
class Program:
    """Pieces that were built, and why the others were not."""

    groups: list[_Group] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    """Piece to the compiler's words."""
    unsupported: set[int] = field(default_factory=set)
    """Those of ``refused`` that hold what the emulation of CUDA, or the race detector, doesn't offer."""
    ended: dict[int, Outcome] = field(default_factory=dict)
    """Piece to the outcome of a run that was ended as a whole, such as by a time limit or a sanitizer."""
    faults: dict[int, str] = field(default_factory=dict)
    """What the emulation told of a call that crashed, by the place of the call in the last `call`."""

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the programs."""
        for group in self.groups:
            group.build.close()

    def call(self, calls: Sequence[Call], *, threads: int = 1, ranks: int = 1, seconds: int = 2) -> dict[int, CallResult]:
        """Make calls, each in a child of its own but for MPI's; a call that left no record is absent from the result.

        Raises:
            MachineError: the sandbox itself failed.
        """
        results: dict[int, CallResult] = {}
        self.faults.clear()
        shape = _Shape(threads=threads, ranks=ranks, seconds=seconds)
        for group in self.groups:
            mine = [i for i, c in enumerate(calls) if c.piece in group.pieces]
            if mine:
                make = self._call_in_turn if group.in_turn else self._call_group
                results.update(make(group, calls, mine, shape))
        return results

    def _call_group(self, group: _Group, calls: Sequence[Call], mine: list[int], shape: _Shape) -> dict[int, CallResult]:
        outcome, found = self._once(group, calls, mine, shape)
        pieces = sorted({calls[i].piece for i in mine})
        if outcome.verdict is Verdict.OK:
            return found
        if len(pieces) == 1:
            self.ended[pieces[0]] = outcome
            return found
        # Somebody ended the whole program: what has a record is kept, the other pieces are called one by one.
        for piece in pieces:
            own = [i for i in mine if calls[i].piece == piece]
            if not all(i in found for i in own):
                alone, again = self._once(group, calls, own, shape)
                found.update(again)
                if alone.verdict is not Verdict.OK:
                    self.ended[piece] = alone
        return found

    def _call_in_turn(self, group: _Group, calls: Sequence[Call], mine: list[int], shape: _Shape) -> dict[int, CallResult]:
        found: dict[int, CallResult] = {}
        while mine:
            outcome, more = self._once(group, calls, mine, shape)
            found.update(more)
            at = next((n for n, i in enumerate(mine) if i not in more), None)
            if outcome.verdict is Verdict.OK or at is None:
                break
            late = outcome.verdict is Verdict.TIME_LIMIT
            if late and at > 0:  # many calls took their time; each has an alarm of its own
                mine = mine[at:]
                continue
            ended_by = signal.SIGALRM if late else outcome.signal or 0
            found[mine[at]] = CallResult(
                index=mine[at], crashed=True, signal=ended_by, guards_intact=True, const_intact=True, value=None, arrays=()
            )
            mine = [i for i in mine[at + 1 :] if (calls[i].piece, calls[i].fault) != (calls[mine[at]].piece, calls[mine[at]].fault)]
        return found

    def _once(self, group: _Group, calls: Sequence[Call], mine: list[int], shape: _Shape) -> tuple[Outcome, dict[int, CallResult]]:
        numbers = [group.pieces.index(calls[i].piece) for i in mine]
        data = encode_calls(group.signatures, [(n, calls[i].arguments) for n, i in zip(numbers, mine, strict=True)], seconds=shape.seconds)
        limits = Limits(wall_seconds=min(60.0, 15.0 + 2 * shape.seconds * len(mine)), output_bytes=_OUTPUT_BYTES)
        run = Run(threads=shape.threads, ranks=shape.ranks, data={"inputs.bin": data}, collect=("outputs.bin",), limits=limits)
        outcome = group.build.run(run)
        require_result(outcome)
        records = decode_results(group.signatures, numbers, outcome.outputs.get("outputs.bin", b""))
        ended = [mine[index] for index, record in sorted(records.items()) if record.exit_code == faults.EXIT_CODE]
        told = _FAULT.findall(outcome.stderr)
        if len(told) == len(ended):  # else somebody wrote such lines himself
            self.faults.update(zip(ended, told, strict=True))
        return outcome, {mine[index]: record for index, record in records.items()}

    def races(self, calls: Sequence[Call], *, threads: int) -> dict[int, Outcome | None]:
        """Call pieces that were built with the race check; piece to the outcome that wasn't clean, None where it was.

        The calls are made without children of their own where the build has none, so one report ends a run: the pieces of a group with a
        report are called again one by one. Each call is made several times, since the detector misses some meetings.
        """
        calls = [call for call in calls for _ in range(_RACE_CALLS)]
        reports: dict[int, Outcome | None] = {}
        for group in self.groups:
            mine = [i for i, c in enumerate(calls) if c.piece in group.pieces]
            pieces = sorted({calls[i].piece for i in mine})
            together = self._unclean(group, calls, mine, threads)
            if together is None or len(pieces) == 1:
                reports.update(dict.fromkeys(pieces, together))
                continue
            for piece in pieces:
                reports[piece] = self._unclean(group, calls, [i for i in mine if calls[i].piece == piece], threads)
        return reports

    def _unclean(self, group: _Group, calls: Sequence[Call], mine: list[int], threads: int) -> Outcome | None:
        """The outcome of some calls, None where all of them were clean."""
        outcome, found = self._once(group, calls, mine, _Shape(threads=threads, ranks=1, seconds=10))
        return None if outcome.verdict is Verdict.OK and len(found) == len(mine) else outcome


def require_result(outcome: Outcome) -> None:
    """Refuse an outcome that says nothing about the program.

    Raises:
        MachineError: the sandbox failed, or the machine lacks a tool.
    """
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        raise MachineError(outcome.message or f"sandbox: {outcome.verdict}")


def build(
    pieces: Sequence[Piece],
    *,
    language: CodeLanguage = "c",
    model: Model = "serial",
    check: Check = "none",
    flags: tuple[str, ...] = (),
    fork: bool = True,
    cuda: CudaLevel = "compile",
) -> Program:
    """Build pieces into as few programs as possible.

    Args:
        pieces: entry points; their names may repeat.
        language: of the pieces; that of the model ``cuda`` is its own.
        model: ``serial``, ``openmp``, ``mpi`` or ``cuda``.
        check: sanitizer.
        flags: more flags for the compiler.
        fork: make each call in a child of its own, if the model isn't MPI.
        cuda: the level of CUDA: ``compile``, where nothing can be called, or ``emulate``.

    Raises:
        MachineError: the sandbox itself failed or lacks a tool.
    """
    layout = _LAYOUTS["cuda" if model == "cuda" else language]
    settings = _Settings(layout=layout, model=model, check=check, flags=flags, fork=fork and model != "mpi", cuda=cuda)
    return _build(pieces, range(len(pieces)), settings)


def _build(pieces: Sequence[Piece], chosen: Sequence[int], settings: _Settings) -> Program:
    program = Program()
    together = [i for i in chosen if settings.layout.is_tame(pieces[i].code)]
    alone = [i for i in chosen if i not in set(together)]
    while together:
        group, outcome = _compile(pieces, together, settings)
        if outcome is None:
            program.groups.append(group)
            break
        named = _culprits(outcome, together, settings.layout)
        _refuse(program, named, outcome)
        if not named and len(together) > 1:
            # Nobody is named (a linker's word, a limit of the compiler): halves find the culprit in few steps.
            half = len(together) // 2
            for part in (together[:half], together[half:]):
                _merge(program, _build(pieces, part, settings))
            break
        if not named:
            _refuse(program, {together[0]: _words(outcome)}, outcome)
        together = [i for i in together if i not in program.refused]
    for index in alone:
        group, outcome = _compile(pieces, [index], settings)
        if outcome is None:
            program.groups.append(group)
        else:
            _refuse(program, {index: _words(outcome)}, outcome)
    return program


def _refuse(program: Program, words: dict[int, str], outcome: Outcome) -> None:
    program.refused.update(words)
    if outcome.verdict is Verdict.UNSUPPORTED:
        program.unsupported.update(words)


def _culprits(outcome: Outcome, together: list[int], layout: Layout) -> dict[int, str]:
    """Pieces in whose own text the compiler found errors, with its words; a tame piece isn't wrong because of another."""
    found: dict[int, list[str]] = {}
    if outcome.verdict is Verdict.UNSUPPORTED and (told := _UNSUPPORTED.search(outcome.message)):
        return {int(told[1]): told[0][:_LOG_CHARACTERS]} if int(told[1]) in together else {}
    for match in layout.culprit.finditer(outcome.compile.stderr if outcome.compile else ""):
        if int(match[1]) in together:
            found.setdefault(int(match[1]), []).append(match[0])
    return {piece: "\n".join(lines)[:_LOG_CHARACTERS] for piece, lines in found.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settings:
    layout: Layout
    model: Model
    check: Check
    flags: tuple[str, ...]
    fork: bool
    cuda: CudaLevel


def _merge(program: Program, other: Program) -> None:
    program.groups += other.groups
    program.refused |= other.refused
    program.unsupported |= other.unsupported


def _compile(pieces: Sequence[Piece], chosen: list[int], settings: _Settings) -> tuple[_Group, Outcome | None]:
    cuda, layout = settings.model == "cuda", settings.layout
    signatures = [replace(pieces[i].signature, name=layout.entry(pieces[i], i)) for i in chosen]
    files = layout.files({i: pieces[i] for i in chosen}, settings.model)
    if not cuda or settings.cuda == "emulate":
        defaults = "" if cuda else _DEFAULTS.get(settings.check, "")
        files["driver.c"] = (driver_source(signatures, mpi=settings.model == "mpi", fork=settings.fork) + defaults).encode()
    job = Job(
        files=files,
        language=layout.language,
        model=settings.model,
        flags=settings.flags,
        check=settings.check,
        cuda=settings.cuda if cuda else "auto",
    )
    built = sandbox.build(job)
    if not built.ok:
        built.close()
        if built.outcome.verdict is not Verdict.UNSUPPORTED or _lacking(job, layout):
            require_result(built.outcome)
    group = _Group(build=built, pieces=chosen, signatures=signatures, in_turn=settings.model == "mpi")
    return group, None if built.ok else built.outcome


def _lacking(job: Job, layout: Layout) -> bool:
    """Whether it is the machine that can't build such jobs, not the pieces that hold what isn't offered."""
    return isinstance(toolchains.choose(replace(job, files={layout.probe: b""})), toolchains.Unsupported)


def _words(outcome: Outcome) -> str:
    text = outcome.compile.stderr if outcome.compile and outcome.verdict is not Verdict.UNSUPPORTED else outcome.message
    return text[:_LOG_CHARACTERS]
