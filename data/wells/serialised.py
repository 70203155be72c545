"""The well ``serialised``: real CUDA kernels are the target, and the source is what a rule makes of them.

A kernel is cut out of its file with what it needs (`hpcraft.data.plain_kernel`), its threads become loops (`hpcraft.data.serialise`), and its
host function is written by rule (`hpcraft.data.host_function`). Held-out packages come first, then what a hash says.

Not covered: kernels with barriers, those that make no sense to the grammar before macros are written out (they are no units), and arrays whose
length the text doesn't tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tree_sitter import Node

from hpcraft.data.device_code import as_c
from hpcraft.data.host_function import with_host
from hpcraft.data.material import Material
from hpcraft.data.outline import includes, written_names
from hpcraft.data.plain_kernel import PlainKernel, plain_kernel
from hpcraft.data.serialise import loops_of
from hpcraft.data.trees import KEYWORDS, parse, text_of, walk
from hpcraft.data.typedefs import MATH
from hpcraft.data.wells.ground import Ground
from hpcraft.errors import InputError
from hpcraft.records import CodeUnit, PairOrigin
from hpcraft.sandbox.abi import Signature

ORIGIN: PairOrigin = "serialised"
_AFFIX = re.compile(r"^(?:kern(?:el)?|cuda)_|_(?:kern(?:el)?|gpu)$|Kernel$", re.IGNORECASE)


def draw(ground: Ground, limit: int) -> Iterator[Material]:
    """At most ``limit`` kernels of the corpus, each with its sequential form."""
    if "cuda" not in ground.targets or False not in ground.launches:
        return  # real kernels are right under launches of their own
    found: list[Material] = []
    for root, unit in ground.units("kernels", "cuda", lambda unit: unit.language != "fortran"):
        try:
            found.append(_material(ground, root, unit))
        except InputError as error:
            ground.refuse(ORIGIN, error)
    yield from ground.chosen(ORIGIN, found, limit, model="cuda")


def _material(ground: Ground, root: Node, unit: CodeUnit) -> Material:
    dialect, macros = ground.names.dialect(unit.package), ground.names.macros(unit.package)
    kernel = plain_kernel(root, unit.name.rpartition("::")[2], dialect, macros, unit.launches)
    signature, source = sequential(kernel)
    code = "\n".join([*kernel.helpers, kernel.code])
    try:
        target = with_host(code, source, signature)
    except InputError as error:
        known = re.search(r"by rule: (the length of|\w+ \w+)", str(error))
        raise InputError(f"{'length-unknown' if known and known[1] == 'the length of' else 'no-host'}: {error}") from error
    return Material.of_unit(ORIGIN, unit, signature.prototype(), source, [("cuda", target)], seed=ground.seed)


def sequential(kernel: PlainKernel) -> tuple[Signature, str]:
    """The sequential function that does what a kernel does, and its signature.

    Raises:
        InputError: no rule fits; the words before the colon are a key to count it under.
    """
    function = next(n for n in walk(parse(kernel.code, "cuda")) if n.type == "function_definition")
    body = as_c(loops_of(function))
    helpers = [_helper(text) for text in kernel.helpers]
    taken = set(re.findall(r"[A-Za-z_]\w*", "\n".join([kernel.code, *helpers])))
    name = _AFFIX.sub("", kernel.name).strip("_")
    free = name.isidentifier() and name not in taken | KEYWORDS | MATH
    signature = replace(kernel.signature, name=name if free else kernel.name)
    signature = replace(
        signature, parameters=tuple(replace(p, const=p.const or name_reads(p.name, body)) if p.pointer else p for p in signature.parameters)
    )
    lines = "\n".join(f"    {line}" if line.strip() else "" for line in body.splitlines())
    code = "\n".join([*helpers, f"{signature.prototype()}\n{{\n{lines}\n}}\n"])
    source = "\n".join([*(headers := includes(code)), *([""] if headers else []), code])
    if parse(source).has_error:
        raise InputError("c++: it is no C")
    return signature, source


def _helper(text: str) -> str:
    if text.startswith("#"):
        return text
    code = as_c(text)
    return f"static {code}" if code.rstrip().endswith("}") and not code.startswith(("typedef", "enum", "struct")) else code


def name_reads(name: str, body: str) -> bool:
    """Whether a body only reads an array: each use is an element of it, and none is written."""
    nodes: Sequence[Node] = list(walk(parse(f"void f() {{ {body} }}")))
    uses = [n for n in nodes if n.type == "identifier" and text_of(n) == name]
    plain = all(
        n.parent is not None and n.parent.type == "subscript_expression" and n.parent.child_by_field_name("argument") == n for n in uses
    )
    return plain and name not in written_names(list(nodes))
