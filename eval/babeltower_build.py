"""How answers of suite ``babeltower`` are built, and what their text and symbols may not hold.

Theory of operation. A kernel that the file's wrapper launches is compiled alone; the wrapper stands in a translation unit of its own, of which the answer
sees nothing: neither macros nor overloads of the answer's reach it, and the linker joins them by the kernel's name and parameters. Answers that
bring their own host function, and those in C, are compiled alone, too. The driver that calls them is a third unit.

Not covered: kernels that are templates or in a namespace: the wrapper asks for the prototype that the prompt shows.
"""

from __future__ import annotations

import re

from hpcraft import sandbox
from hpcraft.errors import MachineError
from hpcraft.eval import forbidden, forbidden_start, lone_threads
from hpcraft.eval.babeltower import UnitTests
from hpcraft.eval.lone_answers import declaration, exposed, head_of, more_than_one, tells_builds_apart
from hpcraft.eval.seen import by_own_macros, needs_preprocessor, seen
from hpcraft.eval.unit_tests import PRELUDE
from hpcraft.sandbox.abi import Parameter, Signature
from hpcraft.sandbox.drivers import driver_source
from hpcraft.sandbox.outcome import Check, CudaLevel, Job, Model

_MODELS: dict[str, Model] = {"c": "serial", "openmp": "openmp"}
"""Of the kinds of task that aren't CUDA."""
WRAPPER, DRIVER = "wrapper.cu", "driver.c"


def candidate_name(case: UnitTests) -> str:
    """The answer's own file."""
    return "candidate.cu" if case.on_device else "candidate.cpp"


def signature_of(case: UnitTests) -> Signature:
    """Of the function that is called from outside."""
    return case.wrapper_signature if case.on_device else case.c_signature


def chosen_signature(case: UnitTests) -> Signature:
    """Of the function that is called with the numbers of the threads that are to run, the first and the one behind the last."""
    signature = signature_of(case)
    numbers = tuple(Parameter(name=f"hpcraft_{n}", ctype="unsigned long long", pointer=False, const=False) for n in ("first", "behind"))
    return Signature(name="hpcraft_chosen", returns=signature.returns, parameters=(*numbers, *signature.parameters))


def job(case: UnitTests, code: str, *, check: Check = "none", level: CudaLevel = "auto", chosen: bool = False, fork: bool = True) -> Job:
    """What is built of an answer.

    Args:
        case: the line.
        code: the answer.
        check: of the sandbox.
        level: of CUDA.
        chosen: call it with the numbers of the threads that are to run, which is emulated.
        fork: make each call in a child of its own.
    """
    files = {candidate_name(case): _unit(case, code)}
    if case.kind == "cuda" and level != "compile":  # alone, it is the answer that a compiler is asked about
        files[WRAPPER] = _wrapper_unit(case, code)
    if level != "compile":
        files[DRIVER] = driver_source([chosen_signature(case) if chosen else signature_of(case)], fork=fork)
    if chosen:
        files[lone_threads.FILE] = _chosen_unit(case)
    return Job(
        files={name: text.encode(errors="replace") for name, text in files.items()},
        language="cpp",
        model=_MODELS.get(case.kind, "cuda"),
        cuda="emulate" if chosen else level,
        check=check,
        links=level != "compile",
        flags=("-Drestrict=__restrict__", *((lone_threads.FLAG,) if chosen else ())),
    )


def _unit(case: UnitTests, code: str) -> str:
    """The answer; a declaration gives its entry point C linkage, whether or not the answer does."""
    if case.kind == "cuda":
        return f"{PRELUDE}#line 1\n{exposed(code)}\n"
    return f'{PRELUDE}extern "C" {signature_of(case).prototype()};\n#line 1\n{code}\n'


def _wrapper_unit(case: UnitTests, code: str) -> str:
    return f'{PRELUDE}extern "C" {signature_of(case).prototype()};\n{declaration(code, case.kernel, head_of(case.cuda_code, case.kernel))};\n#line 1\n{case.wrapper}\n'


def _chosen_unit(case: UnitTests) -> str:
    """Host code in C between the driver and the function that launches."""
    signature, outer = signature_of(case), chosen_signature(case)
    call = f"{signature.name}({', '.join(p.name for p in signature.parameters)})"
    return (
        "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\nunsigned long long hpcraft_cuda_first, hpcraft_cuda_behind;\n"
        f"{signature.prototype()};\n{outer.prototype()};\n{outer.prototype()} {{\n"
        f"    hpcraft_cuda_first = hpcraft_first, hpcraft_cuda_behind = hpcraft_behind;\n    {'' if signature.returns == 'void' else 'return '}{call};\n}}\n"
    )


# ---------------------------------------------------------------- what it may not hold


def seen_of(case: UnitTests, code: str, build: sandbox.Build) -> str:
    """The answer as its compiler sees it: what the preprocessor leaves; of emulated CUDA, which was translated before it, what its own macros leave."""
    if not needs_preprocessor(code):
        return code
    try:
        if build.outcome.cuda_level == "emulate":
            return by_own_macros(code).text
        return seen(build.preprocessed(candidate_name(case))).text
    except MachineError:  # its conditionals need what stands in headers; the text as it is written is looked at
        return code


def honest(case: UnitTests, code: str, text: str, build: sandbox.Build) -> str:
    """The check ``honest``: what the answer's text and symbols may not hold."""
    name, model = candidate_name(case), _MODELS.get(case.kind, "cuda")
    others = [file for file in (WRAPPER, DRIVER) if file != WRAPPER or case.kind == "cuda"]
    undefined = frozenset[str]().union(*(build.symbols(file) for file in others)) if build.runnable else frozenset[str]()
    # What templates and headers leave in several objects is weak in each.
    own = {s: kind for file in others for s, kind in build.defined(file).items() if kind not in "WVu"} if build.runnable else {}
    entry = _entry_symbol(case, undefined)
    symbols = forbidden.Symbols(
        undefined=build.symbols(name), defined=build.defined(name), harness_undefined=undefined, harness_defined=own
    )
    why = forbidden.names_the_harness(code) or forbidden.names_the_harness(text)
    why = why or (tells_builds_apart(code) if case.on_device else "") or (more_than_one(text, case.kernel) if case.kind == "cuda" else "")
    if why:
        return f"fail: {why}"
    said = forbidden.check(model, "cpp" if case.on_device else "c", code, entry=entry, seen=text, symbols=symbols)
    if said == "pass" and (variable := forbidden_start.before_calls(text)):
        return f"fail: runs code before or after the calls (the initialiser of {variable})"
    return said


def _entry_symbol(case: UnitTests, undefined: frozenset[str]) -> str:
    """The name by which the linker knows the function that is called, mangled or not."""
    if case.kind != "cuda":
        return signature_of(case).name
    mangled = re.compile(rf"_Z{len(case.kernel)}{re.escape(case.kernel)}")
    return next((symbol for symbol in sorted(undefined) if mangled.match(symbol)), case.kernel)
