"""The well ``directives``: real OpenMP code is the target, and the source is the same code with its directives taken off.

A whole function is taken where it can stand alone with what it needs of its file; otherwise each statement behind a directive that starts threads, made
a function of its own (`hpcraft.data.outline.regions`). Such a region comes as CUDA too, where a rule fits its loop. Held-out packages come
first, then what a hash says.

Not covered: code that asks the runtime for threads (``omp_get_thread_num``), C++, directives within macros.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from hpcraft.data.material import Material
from hpcraft.data.outline import declarations, includes, regions, resolved
from hpcraft.data.parallelise import cuda_versions
from hpcraft.data.standalone import closure, global_variable, kept_variable
from hpcraft.data.target_text import not_parallel
from hpcraft.data.trees import function_name, functions, parse, prototype, text_of, top_level, walk
from hpcraft.data.typedefs import MATH, Dialect
from hpcraft.data.wells.ground import Ground
from hpcraft.errors import InputError
from hpcraft.records import CodeUnit, PairOrigin
from hpcraft.sandbox.abi import Signature

ORIGIN: PairOrigin = "directives"
_STARTS = re.compile(r"#[ \t]*pragma[ \t]+omp[ \t]+parallel\b")
_STATIC = re.compile(r"^(?:(?:static|inline|extern)\s+)+")


class _Cut(NamedTuple):
    """One piece of code, both ways."""

    signature: str
    source: str
    targets: tuple[tuple[str, str], ...]


def draw(ground: Ground, limit: int) -> Iterator[Material]:
    """At most ``limit`` functions and regions of the corpus's OpenMP code in C, each with its sequential form."""
    units = ground.units("functions", "c", lambda unit: unit.language == "c" and bool(_STARTS.search(unit.text)))
    found = [
        Material.of_unit(ORIGIN, unit, cut.signature, cut.source, cut.targets, seed=ground.seed)
        for root, unit in units
        for cut in _cuts(ground, root, unit)
    ]
    yield from ground.chosen(ORIGIN, found, limit, model="openmp")


def _cuts(ground: Ground, root: Node, unit: CodeUnit) -> list[_Cut]:
    """The whole function, or its regions; what can't stand alone is counted."""
    dialect = ground.names.dialect(unit.package)
    if "openmp" in ground.targets:
        try:
            return [_whole(root, unit.name, dialect)]
        except InputError:
            pass  # its regions may stand alone all the same
    found = []
    for region in regions(unit.text, dialect):
        versions = [("openmp", region.code(annotated=True))] if "openmp" in ground.targets else []
        if "cuda" in ground.targets:
            versions += [("cuda", code) for code in cuda_versions(region, ground.seed, ground.launches)]
        if versions and region.loop:
            found.append(_Cut(region.signature, region.code(), tuple(versions)))
    left = len(_STARTS.findall(unit.text)) - len(found)
    ground.known.left_out[f"{ORIGIN}:source:not-alone"] += max(0, left)
    return found


def _whole(root: Node, name: str, dialect: Dialect) -> _Cut:
    """A whole function with what it needs of its file.

    Raises:
        InputError: it can't stand alone.
    """
    function = next((f for f in functions(root) if function_name(f) == name), None)
    if function is None or function.has_error:
        raise InputError(f"{name}: it isn't readable alone")
    plain, kept = (_text(function, dialect, directives=directives) for directives in (False, True))
    again = next((f for f in functions(parse(plain))), None)
    if again is None:
        raise InputError(f"{name}: it isn't readable alone")
    signature = Signature.parse(prototype(again))
    needed = [n for n in closure(again, list(top_level(root))) if n.start_byte != function.start_byte]
    if any(n.type == "declaration" and global_variable(n) for n in needed):
        raise InputError(f"{name}: it uses a global variable")
    if any(map(kept_variable, (function, *needed))):
        raise InputError(f"{name}: a variable of it keeps its value from call to call")
    helpers = [n for n in sorted(needed, key=lambda n: n.start_byte) if n.type != "declaration" or "(" not in text_of(n)]
    own = {function_name(n) for n in helpers if n.type == "function_definition"}
    for call in (n for n in walk(again) if n.type == "call_expression"):
        if (called := text_of(call.child_by_field_name("function"))) not in MATH | own:
            raise InputError(f"{name}: it calls {called}")
    beside = [_text(n, dialect, directives=False) if n.type == "function_definition" else text_of(n).strip() for n in helpers]
    source, target = (_assembled([*beside, _STATIC.sub("", code)]) for code in (plain, kept))
    if why := not_parallel(target, "openmp", name):
        raise InputError(f"{name}: its threads share no work: {why}")
    return _Cut(signature.prototype(), source, (("openmp", target),))


def _text(function: Node, dialect: Dialect, *, directives: bool) -> str:
    code = dialect.expressions.written_out(" " * function.start_point.column + text_of(function))
    text = resolved(code, dialect, declarations(function), directives=directives)
    if not text:
        raise InputError("it has conditions of the preprocessor")
    return text


def _assembled(parts: list[str]) -> str:
    code = "\n\n".join(parts) + "\n"
    headers = includes(code)
    return "\n".join([*headers, *([""] if headers else []), code])
