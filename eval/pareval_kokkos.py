"""Functions of ParEval in Kokkos, called from outside: views around the sequential function's containers, as the checkout's driver makes them.

Theory of operation. The calls are those of the checkout's driver for processors (`hpcraft.eval.pareval_inputs`); the shim copies their containers into
views of the prompt's types, and back. How long the sides of a matrix are is what the driver for Kokkos says by name; where it doesn't, both are ``N``.

Not covered: views of strings; a Kokkos that was built for a device.
"""

from __future__ import annotations

import re

from hpcraft.errors import InputError
from hpcraft.eval.pareval import Problem
from hpcraft.eval.pareval_calls import HEADERS, Slot, signatures, slots

KOKKOS_HEADERS = f"{HEADERS}#include <Kokkos_Core.hpp>\n" + "".join(
    f"#if __has_include(<{name}>)\n#include <{name}>\n#endif\n" for name in ("Kokkos_Sort.hpp", "Kokkos_StdAlgorithms.hpp")
)
"""What answers may take for granted, as the checkout's driver includes most of Kokkos ahead of them."""
_VIEW = re.compile(
    r"^Kokkos::View<\s*(?P<const>const\s+)?(?P<item>[\w:<>]+?)\s*(?P<sides>\*+|\[\d+\])\s*>\s*(?:const\s*)?&?\s*(?P<name>\w+)$"
)
_SIDES = r"\bctx->{name}\s*=\s*Kokkos::View<[^;]*?>\(\s*\"[^\"]*\"\s*,\s*ctx->(\w+)\s*,\s*ctx->(\w+)\s*\)"


def kokkos_shim(problem: Problem) -> str:
    """The translation unit between the driver and the answer.

    Raises:
        InputError: a parameter that no rule knows.
    """
    sequential = problem.sequential
    if sequential is None:
        raise InputError(f"{problem.name}: the checkout has no serial prompt beside it")
    by_name = {slot.name: slot for slot in slots(sequential)}
    give, run, take = (f'extern "C" {signature.prototype()} {{' for signature in signatures(sequential))
    parameters = [text.strip() for text in re.split(r",(?![^<]*>)", problem.parameters)]
    declared: list[str] = []
    given: list[str] = []
    taken: list[str] = []
    arguments: list[str] = []
    made: list[str] = []
    for text in parameters:
        name = text.split()[-1].lstrip("&*")
        slot = by_name.get(name)
        if slot is None:
            raise InputError(f"{problem.name}: the sequential function has no {name}")
        if not slot.container:
            declared.append(f"static {slot.item} hpcraft_v_{name};")
            given.append(f"    hpcraft_v_{name} = {name};")
            arguments.append(f"hpcraft_v_{name}")
            continue
        view = _VIEW.match(text)
        if view is None:
            raise InputError(f"{problem.name}: parameter {text!r} is of a form that is not known")
        plain = f"Kokkos::View<{view['item']}{view['sides']}>"
        # A view that is static would be freed after Kokkos has ended.
        declared.append(f"static {plain} *hpcraft_v_{name};")
        given += [f"    delete hpcraft_v_{name};", f"    hpcraft_v_{name} = new {plain}({_extents(problem, slot, view)});"]
        given += [f"    if (n_{name}) memcpy((void *)hpcraft_v_{name}->data(), {name}, n_{name} * sizeof({slot.raw}));"]
        taken.append(f"    if (n_{name} && hpcraft_v_{name}->size() * sizeof({view['item']}) != n_{name} * sizeof({slot.raw})) abort();")
        taken += [f"    if (n_{name}) memcpy({name}, (const void *)hpcraft_v_{name}->data(), n_{name} * sizeof({slot.raw}));"]
        if view["const"]:
            made.append(f"    Kokkos::View<const {view['item']}{view['sides']}> hpcraft_a_{name} = *hpcraft_v_{name};")
        # What isn't const may be another view afterwards.
        arguments.append(f"hpcraft_a_{name}" if view["const"] else f"*hpcraft_v_{name}")
    returned = "" if sequential.returns == "void" else f"{sequential.returns} value = "
    called = [
        f"    {returned}{problem.function}({', '.join(arguments)});",
        "    Kokkos::fence();",
        *(["    return value;"] if returned else []),
    ]
    head = f"{problem.returns} {problem.function}({problem.parameters});"
    lines = [KOKKOS_HEADERS, problem.structs, head, *declared, give, *given, "}", run, *made, *called, "}", take, *taken, "}", ""]
    return "\n".join(lines)


def _extents(problem: Problem, slot: Slot, view: re.Match[str]) -> str:
    """The arguments of a view's constructor."""
    count = f"n_{slot.name} * sizeof({slot.raw}) / sizeof({slot.item})"
    sides = view["sides"]
    if sides.startswith("["):
        return f'"{slot.name}"'
    if len(sides) == 1:
        return f'"{slot.name}", {count}'
    path = problem.folder / "kokkos.cc"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    found = re.search(_SIDES.format(name=slot.name), text)
    scalars = {s.name for s in slots(problem.called) if not s.container}
    if found is None and "N" in scalars and not {"M", "K"} & scalars:
        return f'"{slot.name}", N, N'
    if found is None or len(sides) > 2:
        raise InputError(f"{problem.name}: the driver doesn't say the sides of {slot.name}")
    return f'"{slot.name}", {found[1]}, {found[2]}'
