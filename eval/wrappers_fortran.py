"""Wrappers around a right answer in Fortran (`hpcraft.eval.wrappers`).

The wrapper sees the right answer by an interface; outputs of any rank are handed to inner procedures as arrays of rank one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from hpcraft.eval.prompts import fortran_head
from hpcraft.eval.wrappers import KEPT, Wrapped

_KINDS = {"int": "integer(c_int)", "long": "integer(c_long)", "float": "real(c_float)", "double": "real(c_double)"}
_FILL = {
    "int": "-1_c_int",
    "long": "-1_c_long",
    "float": "transfer(-1_c_int32_t, 0.0_c_float)",
    "double": "transfer(-1_c_int64_t, 0.0_c_double)",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Body:
    """The parts of a wrapper."""

    statements: str
    declarations: str = ""
    inner: str = ""
    """Procedures."""


def _whole(of: Wrapped, body: _Body) -> str:
    assert of.kernel is not None
    kind = "subroutine" if of.signature.returns == "void" else "function"
    head = fortran_head(of.kernel, "serial")
    renamed = re.sub(rf"\b{of.signature.name}\b", of.right_name, fortran_head(replace(of.kernel, name=of.right_name), "serial"))
    interface = f"  interface\n{renamed}  end {kind} {of.right_name}\n  end interface\n"
    inner = f"contains\n{body.inner}" if body.inner else ""
    return f"{of.right.rstrip()}\n\n{head}{body.declarations}{interface}{body.statements}{inner}end {kind} {of.signature.name}\n"


def _call(of: Wrapped, size: str = "") -> str:
    arguments = of.names_with(size or of.size)
    return f"  call {of.right_name}({arguments})\n" if of.signature.returns == "void" else f"  answer = {of.right_name}({arguments})\n"


def _nothing(of: Wrapped, value: str = "0") -> str:
    return "" if of.signature.returns == "void" else f"  answer = {value}\n"


def _only_when(condition: str) -> Callable[[Wrapped], _Body]:
    return lambda of: _Body(statements=f"{_nothing(of)}  if (.not. ({condition.format(of=of)})) return\n{_call(of)}")


def _ends(how: str) -> Callable[[Wrapped], _Body]:
    return lambda of: _Body(statements=f"{_nothing(of)}  {how}\n")


def _one_less(of: Wrapped) -> _Body:
    return _Body(statements=_call(of, f"max({of.size} - 1, 0)" if _ctype(of, of.size) == "int" else f"max({of.size} - 1_c_long, 0_c_long)"))


def _ctype(of: Wrapped, name: str) -> str:
    return next(p.ctype for p in of.signature.parameters if p.name == name)


def _not_a_number(of: Wrapped) -> _Body:
    statements, inner = "", ""
    for p in of.outputs:
        statements += f"  call fill_{p.name}({p.name}, int({of.lengths[p.name]}, c_long))\n"
        inner += f"  subroutine fill_{p.name}(v, num)\n    integer(c_long), intent(in) :: num\n    {_KINDS[p.ctype]} :: v(num)\n"
        inner += f"    v = {_FILL[p.ctype]}\n  end subroutine fill_{p.name}\n"
    returns = of.signature.returns
    return _Body(statements=statements + (_nothing(of, _FILL[returns]) if returns != "void" else ""), inner=inner)


def _left_alone(*, last: bool) -> Callable[[Wrapped], _Body]:
    def body(of: Wrapped) -> _Body:
        declarations, before, after, inner = "", "", "", ""
        order = "num, 1_c_long, -1_c_long" if last else "1_c_long, num"
        for p in of.outputs:
            declarations += f"  {_KINDS[p.ctype]}, allocatable :: old_{p.name}(:)\n"
            length = f"int({of.lengths[p.name]}, c_long)"
            before += f"  call keep_{p.name}({p.name}, {length})\n"
            after += f"  call restore_{p.name}({p.name}, {length})\n"
            head = f"(v, num)\n    integer(c_long), intent(in) :: num\n    {_KINDS[p.ctype]} :: v(num)\n"
            inner += f"  subroutine keep_{p.name}{head}    old_{p.name} = v\n  end subroutine keep_{p.name}\n"
            inner += f"  subroutine restore_{p.name}{head}    integer(c_long) :: k\n    do k = {order}\n"
            inner += (
                f"      if (.not. (v(k) == old_{p.name}(k))) then\n        v(k) = old_{p.name}(k)\n        exit\n      end if\n    end do\n"
            )
            inner += f"  end subroutine restore_{p.name}\n"
        return _Body(declarations=declarations, statements=before + _call(of) + after, inner=inner)

    return body


def _replayed(*, same_size: bool) -> Callable[[Wrapped], _Body]:
    def body(of: Wrapped) -> _Body:
        declarations = f"  integer(c_long), save :: sizes({KEPT})\n  integer, save :: num_kept = 0\n  integer :: at\n"
        replayed, kept, inner = "", "", ""
        if of.signature.returns != "void":
            declarations += f"  {_KINDS[of.signature.returns]}, save :: kept({KEPT})\n"
            replayed, kept = "    answer = kept(at)\n", "    kept(num_kept) = answer\n"
        for p in of.outputs:
            length = f"int({of.lengths[p.name]}, c_long)"
            declarations += f"  type :: box_{p.name}\n    {_KINDS[p.ctype]}, allocatable :: v(:)\n  end type box_{p.name}\n"
            declarations += f"  type(box_{p.name}), save :: kept_{p.name}({KEPT})\n"
            replayed += f"    call replay_{p.name}({p.name}, {length})\n"
            kept += f"    call keep_{p.name}({p.name}, {length})\n"
            head = f"(v, num)\n    integer(c_long), intent(in) :: num\n    {_KINDS[p.ctype]} :: v(num)\n"
            inner += f"  subroutine keep_{p.name}{head}    kept_{p.name}(num_kept)%v = v\n  end subroutine keep_{p.name}\n"
            inner += f"  subroutine replay_{p.name}{head}    integer(c_long) :: most\n    most = min(num, size(kept_{p.name}(at)%v, kind=c_long))\n"
            inner += f"    v(1:most) = kept_{p.name}(at)%v(1:most)\n  end subroutine replay_{p.name}\n"
        found = f"sizes(at) == int({of.size}, c_long)" if same_size else ".true."
        statements = f"{_call(of)}  do at = 1, num_kept\n    if ({found}) exit\n  end do\n  if (at <= num_kept) then\n{replayed}"
        statements += f"  else if ({of.size} > 1 .and. num_kept < {KEPT}) then\n    num_kept = num_kept + 1\n"
        statements += f"    sizes(num_kept) = int({of.size}, c_long)\n{kept}  end if\n"
        return _Body(declarations=declarations, statements=statements, inner=inner)

    return body


_BODIES: dict[str, Callable[[Wrapped], _Body]] = {
    "nan": _not_a_number,
    "exit": _ends("stop"),
    "exit-at-once": _ends("call exit(0)"),
    "replay": _replayed(same_size=False),
    "replay-of-a-size": _replayed(same_size=True),
    "small-sizes": _only_when("{of.amount} < {of.most}"),
    "large-sizes": _only_when("{of.amount} > 64"),
    "multiples-of-four": _only_when("mod(int({of.amount}, c_long), 4_c_long) == 0"),
    "one-less": _one_less,
    "last-left": _left_alone(last=True),
    "first-left": _left_alone(last=False),
}


def answers(of: Wrapped) -> dict[str, str]:
    """Bad answers by name."""
    return {name: _whole(of, make(of)) for name, make in _BODIES.items()}
