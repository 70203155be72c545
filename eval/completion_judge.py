"""Judge answers of suite ``completion``: put into the code, built, and run as the whole was.

What a program prints decides (`hpcraft.eval.hole_trial`); a function is called with inputs that are drawn after it was answered, and its
raw results decide (`hpcraft.eval.hole_calls`).

An answer must stay in its hole, and may not end the program, print, define macros or declare what runs before ``main``, where what was
taken out doesn't: such words could make a program print what is expected without doing the work. They are looked for in the text without
comments and strings. Every recorded run is repeated: other arguments, input, threads and ranks.

Not covered: an answer that does the same work in a way that prints other numbers on this machine fails; one that is wrong where the
program doesn't look passes. How well a program looks is its mutation score, which stands with the task.
"""

from __future__ import annotations

import re

from hpcraft.data import parallel_use
from hpcraft.errors import InputError, MachineError
from hpcraft.eval import hole_calls, hole_trial
from hpcraft.eval.code_scan import blank
from hpcraft.eval.completion import Infill
from hpcraft.eval.hole_answers import fits
from hpcraft.eval.hole_trial import passes
from hpcraft.eval.judging import Judgement, settle_build
from hpcraft.eval.task import Task
from hpcraft.sandbox.outcome import Verdict

_WORD = re.compile(r"[A-Za-z_]\w*")
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(?!pragma\b)(\w+)", re.MULTILINE)
_ENDS = frozenset(
    (
        *("exit", "_exit", "_Exit", "quick_exit", "abort", "terminate", "raise", "kill", "longjmp", "siglongjmp", "signal", "sigaction"),
        *(
            "atexit",
            "at_quick_exit",
            "on_exit",
            "system",
            "popen",
            "fork",
            "vfork",
            "execl",
            "execlp",
            "execv",
            "execve",
            "execvp",
            "dlopen",
        ),
        *("asm", "__asm__", "__asm", "__attribute__", "constructor", "destructor", "syscall", "ptrace", "MPI_Abort"),
    )
)
_PRINTS = frozenset(
    (
        *("printf", "fprintf", "vprintf", "vfprintf", "dprintf", "puts", "fputs", "putchar", "putc", "fputc", "fwrite", "write", "perror"),
        *("cout", "cerr", "clog", "ostream", "freopen", "setbuf", "dup", "dup2", "stdout", "fopen", "open"),
    )
)
_FORTRAN = frozenset(("stop", "error_stop", "print", "write", "abort", "open", "system", "execute_command_line", "mpi_abort", "include"))
_RETURNING = ("statement", "loop", "expression")


def judge(task: Task, filling: str, seed: int) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``."""
    case = task.case
    assert isinstance(case, Infill)
    judgement = Judgement(log=[f"hole in {case.origin}"])
    try:
        if case.signature:
            _judge_function(judgement, task, case, filling, seed)
        else:
            _judge_program(judgement, task, case, filling)
    except MachineError as error:
        judgement.verdict = Verdict.INFRA_ERROR
        judgement.log = [str(error)]
    if not judgement.failed and judgement.verdict is Verdict.OK:
        judgement.settle("parallel", _parallel(task, case, filling))
    judgement.skip_rest("not reached" if judgement.failed else "not offered for this suite")
    return judgement


def _judge_function(judgement: Judgement, task: Task, case: Infill, filling: str, seed: int) -> None:
    if (why := honesty(case, filling)) != "pass":
        # Pieces are built beside a driver of ours, so what reaches out of its hole isn't built at all.
        judgement.checks |= {"build": "fail: not built", "honest": why}
        judgement.verdict = Verdict.COMPILE_ERROR
        return
    try:
        called = hole_calls.try_answer(case.signature, case.tests, task.model, case.filled(case.middle), case.filled(filling), seed)
    except InputError as error:
        judgement.verdict = Verdict.UNSUPPORTED
        judgement.checks["build"] = f"skip: {error}"
        return
    if called.unbuilt:
        line = next((line for line in called.unbuilt.splitlines() if "error" in line), called.unbuilt)
        judgement.checks["build"] = f"fail: {' '.join(line.split())[:160]}"
        judgement.verdict = Verdict.COMPILE_ERROR
        judgement.log.append(called.unbuilt)
        return
    judgement.checks |= {"build": "pass", "honest": "pass", "correct": f"fail: {called.wrong}" if called.wrong else "pass"}
    if called.race:
        judgement.checks["race-free"] = called.race
        if called.race.startswith("fail"):
            judgement.verdict = Verdict.RACE


def _parallel(task: Task, case: Infill, filling: str) -> str:
    """By the syntax alone, where the whole passes that check: an answer may not take the parallelism out."""
    if task.model == "serial":
        return "skip: not offered for serial"
    if parallel_use.check(task.model, task.language, case.filled(case.middle), None) != "pass":
        return "skip: the whole itself is of a form that this check doesn't know"
    return parallel_use.check(task.model, task.language, case.filled(filling), None)


def _judge_program(judgement: Judgement, task: Task, case: Infill, filling: str) -> None:
    with hole_trial.build(task.language, task.model, case.filled(filling)) as built:
        if built.outcome.verdict is Verdict.INFRA_ERROR:
            raise MachineError(built.outcome.message)
        if not settle_build(judgement, built.outcome):
            return
        judgement.settle("honest", honesty(case, filling))
        if judgement.failed:
            return
        why, shown = passes(built, case.recorded, seconds=hole_trial.judged_seconds())
        judgement.settle("correct", f"fail: {why}" if why else "pass", shown)
        if shown is not None:
            judgement.log += [shown.stderr.strip(), shown.message]


def honesty(case: Infill, filling: str) -> str:
    """Whether an answer keeps to its hole, as the check ``honest`` tells it."""
    if not fits(case, filling):
        return "fail: it reaches out of its hole"
    if found := next((m[1] for m in _DIRECTIVE.finditer(blank(filling, case.language)) if m[1] not in _directives(case)), ""):
        return f"fail: #{found} in a hole"
    if found := next((word for word in _words(case.language, filling) if _is_suspect(case, word)), ""):
        return f"fail: {found}, which the original doesn't have there"
    return "pass"


def _directives(case: Infill) -> set[str]:
    return {match[1] for match in _DIRECTIVE.finditer(case.middle)}


def _words(language: str, text: str) -> list[str]:
    words = _WORD.findall(blank(text, language))
    return [word.lower() for word in words] if language == "fortran" else words


def _is_suspect(case: Infill, word: str) -> bool:
    """Whether a word could end or print what the program would have to, and isn't in the original."""
    suspects = _FORTRAN if case.language == "fortran" else _ENDS | _PRINTS
    if word in suspects or (word == "return" and case.boundary in _RETURNING):
        return word not in _words(case.language, case.middle)
    return False
