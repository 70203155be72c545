"""What is known of the candidates of a translation: which hold, on what that rests, and what nobody looked at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, log

from hpcraft.data.extents import Extent, extents
from hpcraft.data.honest import Honest
from hpcraft.data.parallel.c_text import strip
from hpcraft.data.sequential_form import sequential_form, with_launch
from hpcraft.data.standalone import Standalone
from hpcraft.data.target_models import SERIAL, SOURCE_ONLY
from hpcraft.data.target_text import not_parallel
from hpcraft.data.tester import propose
from hpcraft.data.untestable import NO_OUTPUT, NO_PARAMETERS, why_untestable
from hpcraft.data.verify import cuda_level, has_tools, lacks_tool, verify
from hpcraft.errors import InputError, MachineError
from hpcraft.eval.forbidden import trick
from hpcraft.eval.translate_speed import Speeds, measured
from hpcraft.sandbox.abi import Signature, parse_test
from hpcraft.verification import MIN_COVERAGE, MIN_KILLED, MIN_TESTS, Candidate, Finding

_OURS = re.compile(r"\bpiece\d+\.inc\b")
"""What compilers call a candidate or a function in their messages."""
_MISSING = re.compile(r"undefined reference to [^\n]*")
_LEVELS = ("compile", "emulate", "device", "run")
_SHOWN = 3
_SPEED_STEP = 1.25
"""Speeds that differ by less are equal: other work on the machine does as much."""
_TIMED = 4
"""The candidates that hold and are timed, the best by all other evidence."""
_LOG_LINES = 4
_PRINTS = re.compile(r"\b(?:v?f?printf|f?puts|f?putc|putchar|fwrite|perror)(?=\s*\()")
_UNTESTABLE = {
    NO_PARAMETERS: "it has no parameters that a test could set",
    NO_OUTPUT: "it returns nothing and is given no array that it may write",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One candidate, and what was found about it."""

    number: int
    """0 is the one that the model finds likeliest."""
    code: str
    times: int = 1
    """How often it was written."""
    cut: bool = False
    """Whether it was cut before its end."""
    holds: bool | None = None
    """None where nothing was run."""
    reason: str = ""
    """Why it doesn't hold: a reason of `hpcraft.data.verify`."""
    log: str = ""
    level: str = ""
    mutants_killed: int = 0
    """Of faulty versions of the candidate: how many the tests tell from it."""
    mutants_total: int = 0
    speedup: float | None = None
    """How many times as fast as the function at a large size; None where that wasn't measured."""

    @property
    def rank(self) -> tuple[float, ...]:
        """Larger is better: level, share of its faulty versions that are told from it, speed, how often it was written, the likeliest."""
        share = self.mutants_killed / self.mutants_total if self.mutants_total else 0.0
        speed = round(log(self.speedup) / log(_SPEED_STEP)) if self.speedup else -inf
        return (_LEVELS.index(self.level) if self.level in _LEVELS else -1, share, speed, self.times, -self.number)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known of all candidates; the best first."""

    choices: tuple[Choice, ...]
    verified: bool
    tests: tuple[str, ...] = ()
    """That the function itself passes cleanly, in the notation of `hpcraft.sandbox.abi`."""
    tests_by_rule: int = 0
    tests_by_model: int = 0
    """How many were proposed."""
    killing: int = 0
    """Tests that tell the function from a faulty version of it."""
    mutants_killed: int = 0
    mutants_total: int = 0
    coverage: float | None = 0.0
    """Share of the function's lines that the tests run; None for CUDA, whose lines aren't counted."""
    timed_test: str = ""
    """The call that speeds were measured with; empty where none were."""
    threads: int = 0
    """At which they were measured."""
    too_little: str = ""
    """Why the tests show little though candidates hold on them; empty where they are enough."""
    unknown: tuple[str, ...] = field(default=())
    """What wasn't looked at."""

    @property
    def chosen(self) -> Choice | None:
        """The best that holds; the likeliest whole one where nothing was run; None where none holds, or is whole."""
        return next((c for c in self.choices if (c.holds if self.verified else not (c.cut or c.reason))), None)

    @property
    def is_guess(self) -> bool:
        """Whether what is chosen was never run, or on too little to show anything."""
        return not self.verified or bool(self.doubt)

    @property
    def doubt(self) -> str:
        """Why what is chosen is a guess though it holds; empty where it isn't one, or nothing holds."""
        best = self.chosen
        if not self.verified or best is None:
            return ""
        if best.level == "compile":
            return "compiled, but never run"
        if best.mutants_killed < MIN_KILLED * best.mutants_total:
            return (
                f"the tests tell it from {best.mutants_killed} of {best.mutants_total} faulty versions of it, fewer than {MIN_KILLED:.0%}"
            )
        return self.too_little

    def lines(self) -> list[str]:
        """For a terminal."""
        if not self.verified:
            if self.chosen is None:
                why = next((c.log for c in self.choices if c.log), "")
                what = f"whole and parallel ({why})" if why else "whole"
                return [f"not verified: none of {len(self.choices)} different candidates is {what}, so none is shown"]
            return [
                f"not verified: candidate {self.chosen.number} of {len(self.choices)} is a guess that nothing was run for; add --verify"
            ]
        tests = f"{len(self.tests)} valid of {self.tests_by_rule} by rule and {self.tests_by_model} by the model"
        told = f"{self.mutants_killed} of {self.mutants_total} faulty versions of it"
        lines = "its lines weren't counted" if self.coverage is None else f"run {self.coverage:.0%} of its lines"
        found = [f"tests: {tests}; they tell the function from {told}, and {lines}"]
        holding = [c for c in self.choices if c.holds]
        found.append(f"candidates: {len(holding)} of {len(self.choices)} different ones hold")
        for choice in holding[:_SHOWN]:
            told = (
                f"{choice.mutants_killed} of {choice.mutants_total} faulty versions told from it"
                if choice.mutants_total
                else "no faulty versions tried"
            )
            written = "once" if choice.times == 1 else f"{choice.times} times"
            speed = f", {choice.speedup:.2f} times as fast on {self.threads} threads" if choice.speedup else ""
            cut = ", cut before its end" if choice.cut else ""
            found.append(f"  candidate {choice.number}: level {choice.level}, {told}, written {written}{cut}{speed}")
        refused = Counter(c.reason for c in self.choices if not c.holds)
        found += [f"  refused: {reason} ({count})" for reason, count in refused.most_common()]
        if self.doubt:
            found.append(f"the best is a guess all the same: {self.doubt}")
        if not holding and (log := next((c.log for c in self.choices if c.log), "")):
            found += [f"    {line}" for line in log.splitlines()[:_LOG_LINES]]
        return found + [f"not verified: {words}" for words in self.unknown]


def unverified(name: str, target_model: str, choices: Sequence[Choice]) -> Evidence:
    """Nothing is known of the function's candidates but what their text shows: that some of them share no work."""
    seen = []
    for choice in choices:
        why = "" if choice.cut or target_model == SERIAL else not_parallel(choice.code, target_model, name)
        seen.append(replace(choice, reason="not-parallel", log=why) if why else choice)
    return Evidence(choices=tuple(seen), verified=False, unknown=("anything",))


def judged(alone: Standalone, target_model: str, choices: Sequence[Choice], written: Sequence[str], *, seed: int) -> Evidence:
    """Write tests, run everything, and rank.

    Args:
        alone: the function.
        target_model: of the candidates: ``openmp``, ``cuda``, or ``serial`` for a function in one of these.
        choices: the candidates.
        written: tests of a model's.
        seed: of array contents.

    Raises:
        InputError: the function can't be tested: it doesn't build alone, or no test runs clean.
        MachineError: this machine lacks what the check needs.
    """
    _check_machine(alone, target_model)
    race = target_model != "openmp" or not has_tools("openmp", race=True)
    signature = Signature.parse(alone.signature)
    if (why := why_untestable(signature)) in _UNTESTABLE:
        raise InputError(f"{alone.name}: {_UNTESTABLE[why]}, so tests would show nothing")
    source, loops = runnable(alone)
    ruled = [test for group in propose(signature, loops, seed=seed) for test in group]
    tests = tuple(dict.fromkeys([*ruled, *(test for test in written if _readable(signature, test))]))
    # The function itself comes first: where the text of every candidate is enough to refuse it, nothing else is run.
    asked = [("", SOURCE_ONLY), *((c.code, target_model) for c in choices)]
    model = alone.model if target_model == SERIAL else SERIAL
    verifier = Honest(partial(verify, seed=seed, race=race, min_killed=0.0), trick)
    best, *findings = verifier(_candidates(alone.signature, source, model, asked, tests))
    _check_source(alone, best, extents(loops, signature))
    done = _ranked(_with(c, f) for c, f in zip(choices, findings, strict=True))
    speeds = Speeds(why_not="CUDA runs on the processor here" if target_model == "cuda" else "only translations to OpenMP are timed")
    if target_model == "openmp":
        holding = [c for c in done if c.holds][:_TIMED]
        speeds = measured(signature, source, [c.code for c in holding], seed=seed) if holding else Speeds(why_not="no candidate holds")
        fast = dict(zip((c.number for c in holding), speeds.speedups, strict=False))
        done = _ranked(replace(c, speedup=fast.get(c.number)) for c in done)
    return Evidence(
        choices=done,
        verified=True,
        tests=best.valid_tests,
        tests_by_rule=len(ruled),
        tests_by_model=len(tests) - len(dict.fromkeys(ruled)),
        killing=len(best.killing_tests),
        mutants_killed=best.mutants_killed,
        mutants_total=best.mutants_total,
        coverage=None if alone.model == "cuda" else best.coverage,
        timed_test=speeds.test,
        threads=speeds.threads,
        too_little=_too_little(best, alone),
        unknown=(*_untried(alone, best.valid_tests), *_unknown(target_model, alone.model, speeds, race=race)),
    )


def _too_little(source: Finding, alone: Standalone) -> str:
    if (count := len(source.valid_tests)) < MIN_TESTS:
        return f"{count} of its tests {'is' if count == 1 else 'are'} valid, fewer than {MIN_TESTS}"
    if alone.model != "cuda" and source.coverage < MIN_COVERAGE:
        return f"the tests run {source.coverage:.0%} of its lines, less than {MIN_COVERAGE:.0%}"
    if source.mutants_killed < MIN_KILLED * source.mutants_total:
        return f"the tests tell the function from {source.mutants_killed} of {source.mutants_total} faulty versions of it, fewer than {MIN_KILLED:.0%}"
    if found := _PRINTS.search(strip(alone.code)):
        return f"it prints ({found[0]}), which nobody compares"
    return ""


def _untried(alone: Standalone, tests: Sequence[str]) -> Iterator[str]:
    """What the function may be called with, and no test does."""
    signature = Signature.parse(alone.signature)
    called = [parse_test(signature, test).words for test in tests]
    for place, parameter in enumerate(signature.parameters):
        compared = re.search(rf"\b{re.escape(parameter.name)}\s*(?:<=?|>=?|==|!=)\s*[01]\b(?!\.)", alone.code)
        if (
            not parameter.pointer
            and parameter.dtype.kind == "i"
            and compared
            and all(isinstance(w := words[place], int) and w > 0 for words in called)
        ):
            yield f"{parameter.name} of 0 and below, for which no test ran clean"
    kinds = Counter(p.ctype for p in signature.parameters if p.pointer)
    if any(count > 1 for count in kinds.values()) and "restrict" not in alone.code:
        yield "arrays that overlap: each is one of its own in the tests"


def _check_machine(alone: Standalone, target_model: str) -> None:
    if missing := lacks_tool(target_model) or lacks_tool(alone.model):
        raise MachineError(missing)
    if alone.model == "cuda" and cuda_level() != "emulate":
        raise MachineError("a function in CUDA is run by the emulation, which needs clang or g++; run `hpcraft doctor`")


def _ranked(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    return tuple(sorted(choices, key=lambda c: (bool(c.holds), c.rank), reverse=True))


def _candidates(
    signature: str, source: str, source_model: str, asked: Sequence[tuple[str, str]], tests: tuple[str, ...]
) -> list[Candidate]:
    """One for each code and target model that is asked about."""
    return [
        Candidate(
            candidate_id=str(number),
            signature=signature,
            source=source,
            source_model=source_model,
            target=code,
            target_model=model,
            tests=tests,
        )
        for number, (code, model) in enumerate(asked)
    ]


def runnable(alone: Standalone) -> tuple[str, str]:
    """The function as it can be called, a kernel alone with a host function by rule; and the loops from which tests are proposed.

    Raises:
        InputError: a kernel alone that no rule can launch.
    """
    if alone.model != "cuda":
        return alone.code, alone.code
    try:
        loops = sequential_form(alone.code, alone.signature)
        return (with_launch(alone.code, loops, alone.signature) if alone.is_kernel else alone.code), loops
    except InputError as error:
        if alone.is_kernel:
            raise InputError(f"{alone.name}: no rule can launch this kernel ({error}); give the host function that launches it") from None
        return alone.code, alone.code


def _check_source(alone: Standalone, finding: Finding, lengths: Mapping[str, Extent]) -> None:
    """Say what is wrong with the function itself.

    Raises:
        InputError: something is.
    """
    if finding.reason == "unsupported":
        raise InputError(f"{alone.name}: it holds what can't be run here ({finding.log.strip()[:160]})")
    if finding.reason == "source:compile_error":
        lines = [missing[0]] if (missing := _MISSING.search(finding.log)) else []
        lines += [_OURS.sub("the function", line) for line in finding.log.splitlines() if "error" in line]
        raise InputError(
            f"{alone.name}: it doesn't build alone ({(lines or ['no reason given'])[0].strip()[:160]}); give a file that holds what it needs"
        )
    if not finding.valid_tests:
        raise InputError(f"{alone.name}: no test of it ran clean, so nothing can be shown ({finding.reason}); {_why_not_clean(lengths)}")
    if finding.reason == "no-mutant-killed" and alone.signature.startswith("void") and not any(e.written for e in lengths.values()):
        raise InputError(f"{alone.name}: it returns nothing and writes to none of its arrays, so tests show nothing")


def _why_not_clean(lengths: Mapping[str, Extent]) -> str:
    """What may be the matter with a function that no test runs clean on."""
    unknown = [f"{name} ({extent.reason})" for name, extent in lengths.items() if extent.expression is None]
    if not unknown:
        return "its arrays may be longer than its scalars tell, or it reads what it wasn't given"
    several = len(unknown) > 1
    return (
        f"how long {', '.join(unknown)} must be doesn't follow from {'their' if several else 'its'} indices, and tests with guessed lengths were tried; "
        "write the loop with bounds that are parameters"
    )


def _readable(signature: Signature, test: str) -> bool:
    try:
        parse_test(signature, test)
    except InputError:
        return False
    return True


def _with(choice: Choice, finding: Finding) -> Choice:
    return replace(
        choice,
        holds=finding.accepted,
        reason=finding.reason,
        log=_OURS.sub("candidate", finding.log),
        level=finding.level,
        mutants_killed=finding.target_mutants_killed,
        mutants_total=finding.target_mutants_total,
    )


def _unknown(target_model: str, source_model: str, speeds: Speeds, *, race: bool) -> tuple[str, ...]:
    found = ["sizes above those of the tests", f"how quick it is: {speeds.why_not}"]
    if not speeds.why_not:
        found = [f"other sizes above those of the tests than {speeds.test}"]
        if None in speeds.speedups:
            found.append("candidates without a speed, which leave something else there, by rounding or a fault, or don't end")
    if target_model == SERIAL:
        if source_model == "cuda":
            found.insert(0, "what the kernel does on a real device: it ran on the processor")
        elif source_model == "openmp":
            found.insert(0, "races of the function itself that change no result")
    elif target_model == "cuda":
        level = cuda_level()
        found.insert(0, "that it runs: this machine compiles CUDA only" if level == "compile" else "a real device: it ran on the processor")
    elif not race:
        found.insert(0, "races: this machine lacks clang's race detector")
    return tuple(found)
