"""Wrappers around a right answer in C, C++ and CUDA (`hpcraft.eval.wrappers`)."""

from __future__ import annotations

from collections.abc import Callable

from hpcraft.eval.wrappers import KEPT, Wrapped

_HEADERS = "#include <math.h>\n#include <stdlib.h>\n#include <string.h>\n"


def _whole(of: Wrapped, linkage: str, body: str) -> str:
    """The right answer, and the entry point behind it."""
    return f"{_HEADERS}{of.right.rstrip()}\n\n{linkage}{of.signature.prototype()} {{\n{body}}}\n"


def _only_when(condition: str) -> Callable[[Wrapped], str]:
    """Right under a condition on the size, and nothing otherwise."""

    def body(of: Wrapped) -> str:
        returned = "" if of.signature.returns == "void" else "return 0;"
        return f"    if (!({condition.format(of=of)})) {{ {returned or 'return;'} }}\n    {_return(of)}{of.right_name}({', '.join(of.names)});\n"

    return body


def _return(of: Wrapped) -> str:
    return "" if of.signature.returns == "void" else "return "


def _not_a_number(of: Wrapped) -> str:
    filled = "".join(f"    memset({p.name}, 0xff, (size_t)({of.lengths[p.name]}) * sizeof *{p.name});\n" for p in of.outputs)
    returns = of.signature.returns
    return filled + ("" if returns == "void" else f"    return {'NAN' if returns in ('float', 'double') else '-1'};\n")


def _ends(how: str) -> Callable[[Wrapped], str]:
    return lambda of: f"    {how}(0);\n" + ("" if of.signature.returns == "void" else "    return 0;\n")


def _one_less(of: Wrapped) -> str:
    return f"    {_return(of)}{of.right_name}({of.names_with(f'{of.size} > 0 ? {of.size} - 1 : {of.size}')});\n"


def _left_alone(*, last: bool) -> Callable[[Wrapped], str]:
    """The last or first element that the right answer changes keeps what it held."""

    def body(of: Wrapped) -> str:
        before, after = "", ""
        for p in of.outputs:
            size, steps = f"(size_t)({of.lengths[p.name]})", "k-- > 0;" if last else "k < num; k++"
            before += f"    {p.ctype} *old_{p.name} = ({p.ctype} *)malloc({size} * sizeof *{p.name} + 1);\n"
            before += f"    memcpy(old_{p.name}, {p.name}, {size} * sizeof *{p.name});\n"
            after += f"    for (size_t num = {size}, k = {'num' if last else '0'}; {steps})\n"
            after += f"        if (memcmp(&{p.name}[k], &old_{p.name}[k], sizeof *{p.name})) {{ {p.name}[k] = old_{p.name}[k]; break; }}\n"
            after += f"    free(old_{p.name});\n"
        return before + _called(of) + after + _answer(of)

    return body


def _called(of: Wrapped) -> str:
    kept = "" if of.signature.returns == "void" else f"{of.signature.returns} answer = "
    return f"    {kept}{of.right_name}({', '.join(of.names)});\n"


def _answer(of: Wrapped) -> str:
    return "" if of.signature.returns == "void" else "    return answer;\n"


def _replayed(*, same_size: bool) -> Callable[[Wrapped], str]:
    """The results of the first call that had work to do, or of the last one of this size, put over the right ones."""

    def body(of: Wrapped) -> str:
        text = f"    static long sizes[{KEPT}];\n    static int num_kept;\n"
        value = of.signature.returns != "void"
        text += f"    static {of.signature.returns} kept[{KEPT}];\n" if value else ""
        for p in of.outputs:
            text += f"    static {p.ctype} *kept_{p.name}[{KEPT}];\n    static size_t num_{p.name}[{KEPT}];\n"
        wanted = f"sizes[at] != (long){of.size}" if same_size else "0"
        text += f"{_called(of)}    int at = 0;\n    while (at < num_kept && {wanted}) at++;\n    if (at < num_kept) {{\n"
        text += "        answer = kept[at];\n" if value else ""
        for p in of.outputs:
            text += f"        size_t len_{p.name} = (size_t)({of.lengths[p.name]});\n"
            text += f"        if (len_{p.name} > num_{p.name}[at]) len_{p.name} = num_{p.name}[at];\n"
            text += f"        memcpy({p.name}, kept_{p.name}[at], len_{p.name} * sizeof *{p.name});\n"
        text += f"    }} else if ({of.size} > 1 && num_kept < {KEPT}) {{\n        sizes[num_kept] = (long){of.size};\n"
        text += "        kept[num_kept] = answer;\n" if value else ""
        for p in of.outputs:
            text += f"        num_{p.name}[num_kept] = (size_t)({of.lengths[p.name]});\n"
            text += f"        kept_{p.name}[num_kept] = ({p.ctype} *)malloc(num_{p.name}[num_kept] * sizeof *{p.name} + 1);\n"
            text += f"        memcpy(kept_{p.name}[num_kept], {p.name}, num_{p.name}[num_kept] * sizeof *{p.name});\n"
        return f"{text}        num_kept++;\n    }}\n{_answer(of)}"

    return body


_BODIES: dict[str, Callable[[Wrapped], str]] = {
    "nan": _not_a_number,
    "exit": _ends("exit"),
    "exit-at-once": _ends("_Exit"),
    "replay": _replayed(same_size=False),
    "replay-of-a-size": _replayed(same_size=True),
    "small-sizes": _only_when("{of.amount} < {of.most}"),
    "large-sizes": _only_when("{of.amount} > 64"),
    "multiples-of-four": _only_when("({of.amount}) % 4 == 0"),
    "one-less": _one_less,
    "last-left": _left_alone(last=True),
    "first-left": _left_alone(last=False),
}


def answers(of: Wrapped, language: str) -> dict[str, str]:
    """Bad answers by name."""
    linkage = 'extern "C" ' if language == "cpp" else ""
    return {name: _whole(of, linkage, make(of)) for name, make in _BODIES.items()}
