"""Wrappers around a right answer in Python with numba (`hpcraft.eval.wrappers`); entries return nothing there.

The wrapper itself is interpreted: only what it calls need share its loops.
"""

from __future__ import annotations

from collections.abc import Callable

from hpcraft.eval.wrappers import Wrapped

_HEADERS = "import os\nimport sys\n\nimport numpy as np\n"


def _whole(of: Wrapped, body: str) -> str:
    """The right answer, and the entry point behind it."""
    return f"{_HEADERS}{of.right.rstrip()}\n\n\nKEPT = {{}}\n\n\ndef {of.signature.name}({', '.join(of.names)}):\n{body}"


def _called(of: Wrapped) -> str:
    return f"    {of.right_name}({', '.join(of.names)})\n"


def _only_when(condition: str) -> Callable[[Wrapped], str]:
    """Right under a condition on the size, and nothing otherwise."""
    return lambda of: f"    if {condition.format(of=of)}:\n    {_called(of)}"


def _not_a_number(of: Wrapped) -> str:
    return "".join(f"    {p.name}[...] = {'np.nan' if p.dtype.kind == 'f' else '-1'}\n" for p in of.outputs)


def _ends(how: str) -> Callable[[Wrapped], str]:
    return lambda _of: f"    {how}(0)\n"


def _one_less(of: Wrapped) -> str:
    return f"    {of.right_name}({of.names_with(f'max({of.size} - 1, 0)')})\n"


def _replayed(*, same_size: bool) -> Callable[[Wrapped], str]:
    """The results of the first call that had work to do, or of the last one of this size, put over the right ones."""

    def body(of: Wrapped) -> str:
        key = of.size if same_size else "0"
        text = f"{_called(of)}    if {key} in KEPT:\n"
        for at, p in enumerate(of.outputs):
            text += f"        length = min({p.name}.size, KEPT[{key}][{at}].size)\n"
            text += f"        {p.name}.reshape(-1)[:length] = KEPT[{key}][{at}][:length]\n"
        copies = ", ".join(f"{p.name}.reshape(-1).copy()" for p in of.outputs)
        return f"{text}    elif {of.size} > 1:\n        KEPT[{key}] = ({copies},)\n"

    return body


def _left_alone(*, last: bool) -> Callable[[Wrapped], str]:
    """The last or first element that the right answer changes keeps what it held."""

    def body(of: Wrapped) -> str:
        before = "".join(f"    old_{p.name} = {p.name}.reshape(-1).copy()\n" for p in of.outputs)
        after = ""
        for p in of.outputs:
            after += f"    now = {p.name}.reshape(-1)\n    changed = np.flatnonzero(now != old_{p.name})\n    if changed.size:\n"
            after += f"        now[changed[{-1 if last else 0}]] = old_{p.name}[changed[{-1 if last else 0}]]\n"
        return before + _called(of) + after

    return body


_BODIES: dict[str, Callable[[Wrapped], str]] = {
    "nan": _not_a_number,
    "exit": _ends("sys.exit"),
    "exit-at-once": _ends("os._exit"),
    "replay": _replayed(same_size=False),
    "replay-of-a-size": _replayed(same_size=True),
    "small-sizes": _only_when("{of.amount} < {of.most}"),
    "large-sizes": _only_when("{of.amount} > 64"),
    "multiples-of-four": _only_when("({of.amount}) % 4 == 0"),
    "one-less": _one_less,
    "last-left": _left_alone(last=True),
    "first-left": _left_alone(last=False),
}


def answers(of: Wrapped) -> dict[str, str]:
    """Bad answers by name."""
    return {name: _whole(of, make(of)) for name, make in _BODIES.items()}
