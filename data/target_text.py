"""What the text of a target alone says: whether it has the entry point, with the parameters of the source, and is parallel, or sequential, at all.

Whether work really is shared is `hpcraft.data.parallel_use`'s to say, as for answers to the tasks of a suite. Sequential code holds no directive, nor
anything else that is parallel by its word.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hpcraft.data import parallel_use
from hpcraft.data.directives import find_directives
from hpcraft.data.fortran_entry import head_of, read_head
from hpcraft.data.pieces_fortran import bound_name, procedures
from hpcraft.data.syntax import parse as parse_language
from hpcraft.data.syntax import walk_without
from hpcraft.data.target_models import TARGET_MODELS
from hpcraft.data.trees import function_name, functions, parallel_word, parse, prototype, text_of
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature

_CONDITIONAL = re.compile(r"^[ \t]*!\$(?:[ \t]|$)", re.MULTILINE)
_THREADS_OF_CPP = re.compile(r"^[ \t]*#[ \t]*include[ \t]*(<(?:execution|thread|future|barrier|latch|semaphore|stop_token)>)", re.MULTILINE)
"""Headers without which C++ has no threads."""
_PARALLEL_NAME = re.compile(r"(?:omp|acc|mpi|kmp|gomp)_\w+|openacc|mpi|mpi_f08|coshape|this_image|num_images", re.IGNORECASE)


class Objection(NamedTuple):
    """Why a text is refused."""

    reason: str
    log: str = ""


def objection(target: str, model: str, entry: Signature) -> Objection | None:
    """What speaks against a text as a target, None for nothing.

    Args:
        target: the code.
        model: its target model.
        entry: the prototype of the source.
    """
    kind = TARGET_MODELS.get(model)
    if kind is None:
        return Objection("unsupported", f"target model {model!r}; allowed: {', '.join(TARGET_MODELS)}")
    if kind.language == "fortran":
        return _fortran(target, model, entry)
    found = next((f for f in functions(parse(target, kind.language)) if function_name(f) == entry.name), None)
    if found is None:
        return Objection("no-entry", f"no function {entry.name}")
    try:
        given = Signature.parse(prototype(found).replace('extern "C"', ""))
    except InputError as error:
        return Objection("target:signature", str(error))
    if _types(given) != _types(entry):
        return Objection("target:signature", f"{given.prototype()} instead of {entry.prototype()}")
    if kind.is_serial:
        word = parallel_word(target) or next(iter(_THREADS_OF_CPP.findall(target)), "")
        return Objection("not-serial", f"{word} is of a parallel model") if word else None
    return _unshared(target, model, entry)


def _unshared(target: str, model: str, entry: Signature) -> Objection | None:
    why = not_parallel(target, model, entry.name)
    return Objection("not-parallel", why) if why else None


def not_parallel(code: str, model: str, entry: str) -> str:
    """Why code in a parallel target model shares no work when ``entry`` is called, empty where it does."""
    kind = TARGET_MODELS[model]
    verdict = parallel_use.check(kind.model, kind.task_language, code, None, entry=entry)
    return "" if verdict == "pass" else verdict.removeprefix("fail: ")


def _types(signature: Signature) -> tuple[str, list[tuple[str, bool]]]:
    return signature.returns, [(p.ctype, p.pointer) for p in signature.parameters]


# ---------------------------------------------------------------- Fortran


def _fortran(target: str, model: str, entry: Signature) -> Objection | None:
    found = next((p for p in procedures(target) if bound_name(p) == entry.name), None)
    if found is None:
        return Objection("no-entry", f'no procedure outside of modules with bind(c, name="{entry.name}")')
    try:
        given = read_head(found)
    except InputError as error:
        return Objection("target:signature", str(error))
    if given != head_of(entry):
        return Objection("target:signature", f"{given} instead of {head_of(entry)} for {entry.prototype()}")
    if TARGET_MODELS[model].is_serial:
        return Objection("not-serial", f"{word} is of a parallel model") if (word := _parallel_fortran(target)) else None
    return _unshared(target, model, entry)


def _parallel_fortran(code: str) -> str:
    """The first thing in Fortran that a sequential program has no use for, empty for none; comments and strings don't count."""
    if directives := find_directives("fortran", code):
        return directives[0].text.partition("\n")[0].strip()
    if found := _CONDITIONAL.search(code):
        return found[0].strip()
    for node in walk_without(parse_language("fortran", code), ("comment", "string_literal")):
        if node.type == "concurrent_statement" or node.type.startswith("coarray"):
            return text_of(node).partition("\n")[0]
        if node.type in ("identifier", "name", "module_name") and _PARALLEL_NAME.fullmatch(text_of(node)):
            return text_of(node)
    return ""
