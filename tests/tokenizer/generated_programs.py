"""Small C programs made by chance, whose few spellings mean something else in every scope.

Not covered: macros, and anything that only C++ has.
"""

from __future__ import annotations

from hypothesis import strategies as st

_NAMES = ("a", "b", "c", "v0", "m0", "index")


@st.composite
def c_programs(draw: st.DrawFn) -> str:
    """A translation unit that compiles: globals, a structure, a type, and functions that shadow them."""
    names = list(_NAMES)
    member = draw(st.sampled_from(names))
    tag = draw(st.sampled_from(names))
    globals_ = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    parts = [f"struct {tag} {{ int {member}; struct {tag} *next; }};", *(f"int {name} = {i};" for i, name in enumerate(globals_))]
    for k in range(draw(st.integers(1, 3))):
        parameters = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        scope = {*globals_, *parameters}
        head = ", ".join(f"int {name}" for name in parameters)
        parts.append(
            f"int fun{k}({head}, struct {tag} *here) {{ {_block(draw, scope, member, tag, 3)} return {draw(st.sampled_from(sorted(scope)))}; }}"
        )
    return "\n".join(parts) + "\n"


def _block(draw: st.DrawFn, scope: set[str], member: str, tag: str, depth: int) -> str:
    """Statements in a scope that declares names of its own."""
    declared: set[str] = set()
    parts: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        known = sorted(scope | declared)
        name, used = draw(st.sampled_from(_NAMES)), draw(st.sampled_from(known))
        kind = draw(
            st.sampled_from(["declare", "assign", "member", "for", "if", "label", "type", "enum"] if depth else ["assign", "member"])
        )
        if kind == "declare" and name not in declared:
            parts.append(
                f"int {name}_ = {used}; {{ int {name} = {name}_; {_block(draw, scope | declared | {name}, member, tag, depth - 1)} }}"
            )
        elif kind == "for":
            body = _block(draw, scope | declared | {name}, member, tag, depth - 1)
            parts.append(f"for (int {name} = 0; {name} < 3; {name}++) {{ {body} }}")
        elif kind == "if":
            parts.append(f"if ({used} * 2) {{ {_block(draw, scope | declared, member, tag, depth - 1)} }} else {used}--;")
        elif kind == "label":
            parts.append(f"if (here) goto {name}{depth}{len(parts)}; {name}{depth}{len(parts)}: ;")
        elif kind == "type":
            parts.append(f"{{ typedef int {name}; {name} *pointer = &here->{member}; *pointer = sizeof({name}); }}")
        elif kind == "enum":
            parts.append(f"{{ enum {{ {name} = 5 }}; here->{member} = {name}; }}")
        elif kind == "member":
            parts.append(f"here->{member} += {used}; here->next = (struct {tag} *)0;")
        else:
            parts.append(f"{used} = {used} + 1;")
    # Each block is a scope, so that labels are the only thing that needs a number.
    return " ".join(parts)
