"""Templates as text: a loop nest written once with choices, roles and holes, from which each draw makes another kernel.

``?(a ?| b ?)`` is a choice, remembered as a feature; nested ones too. ``@E(x[i], s)`` is an expression over all of these leaves,
``@B(..)`` a condition, ``@sqrt(..)``, ``@max(a, b)`` and the like the function for the element type, ``#0.5`` a literal of it.
``T`` is the element type, ``R`` a real one. Lines: ``par i 0 n, j 0 m {`` parallel loops (``reduce + sum`` at the end), ``seq`` a
loop in order, ``any`` one in any order, ``if``, ``while``, ``do``, ``atomic place += value;``, declarations and statements.
Parameters: ``n:size x:in[n] idx:in[n]int<m a:scalar s:int(1|2) inc:small``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hpcraft.data.grammar_code import Access, Atomic, For, If, Kernel, Let, Line, Node, Parallel, Param, Range, Reduce, While, words
from hpcraft.data.grammar_draft import FLOAT_VALUES, INT_VALUES, SIDE_VALUES, SIZE_VALUES, SMALL_VALUES, Draft
from hpcraft.data.grammar_holes import fill
from hpcraft.data.grammar_names import name_roles

_SIGN = re.compile(r"\?([()|])")
_PARAM = re.compile(r"(\w+):(\w+)(?:\[([^\]]*)\])?(?:\{([\w ]*)\})?(?:<([\w+*]+))?(?:\(([^)]*)\))?")
_TYPES = "unsigned long long|unsigned char|unsigned short|unsigned int|unsigned long|long long|int|long|short|char|float|double|bool|size_t"
_LET = re.compile(rf"^((?:const )?(?:{_TYPES})(?: \*)?)\s*([A-Za-z_]\w*)(?: = (.*))?$", re.DOTALL)
_TIGHT = re.compile(r"(?<=[\w)\]])([-+*/])(?=[\w(])")
_UPDATE = re.compile(r"^(.*?) (\+=|=) (.*)$")
_KINDS = {
    "real": (["float", "double"], [68, 32]),
    "num": (["float", "double", "int", "long", "unsigned int", "long long"], [50, 20, 22, 4, 2, 2]),
    "any": (["float", "double", "int", "unsigned char", "short", "unsigned int", "char", "unsigned short"], [46, 18, 20, 6, 3, 3, 2, 2]),
    "int": (["int", "unsigned int", "long", "long long", "short"], [74, 7, 9, 6, 4]),
    "byte": (["unsigned char", "unsigned char", "unsigned short", "int", "char"], [50, 20, 10, 14, 6]),
}
_VALUES = {"size": SIZE_VALUES, "side": SIDE_VALUES, "small": SMALL_VALUES, "flag": ("0", "1"), "mid": ("1", "2", "5", "9", "16", "33")}
SIZE_KINDS = ("size", "side", "small", "mid")
_ACCESS: dict[str, Access] = {"in": "in", "out": "out", "io": "inout", "host": "host"}
_SHORT_SIGNED = {"unsigned": "unsigned int"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A family of kernels."""

    params: str
    body: str
    kind: str = "num"
    stems: str = ""
    """Words that functions of this kind are named by."""
    result: str = "void"
    weight: float = 1.0


def compile_template(template: Template, draft: Draft) -> Kernel:
    """One kernel of the family."""
    kinds, weights = _KINDS[template.kind]
    draft.ctype = draft.rng.choices(kinds, weights)[0]
    draft.real = draft.ctype if draft.floating else draft.rng.choice(["float", "float", "double"])
    params, body, result = (_chosen(t, draft) for t in (template.params, template.body, template.result))
    given = [_param(m, draft) for m in _PARAM.finditer(_typed(params, draft))]
    draft.nonzero = {p.name for p in given if p.access == "in" and p.ctype in ("float", "double")}
    filled = fill(_typed(body, draft), draft)
    nodes = _Parser(filled, draft).nodes()
    roles = {m[1]: m[2] for m in _PARAM.finditer(params)}
    used = words(filled) | {word for p in given if p.name in words(filled) for word in words(f"{p.length} {p.bound}")}
    kept = tuple(p for p in given if p.name in used)
    kernel = Kernel(
        name="",
        params=kept,
        body=nodes,
        result=_typed(result, draft),
        features=tuple(draft.features),
        helpers=tuple(draft.helpers.values()),
    )
    return name_roles(kernel, roles, template.stems.split(), draft)


def _chosen(text: str, draft: Draft) -> str:
    """``text`` with its choices made, outermost first, so that what is dropped with an outer choice leaves no feature."""
    start = text.find("?(")
    while start >= 0:
        end, bars = _extent(text, start + 2)
        edges = [start, *bars, end]
        at = draft.rng.randrange(len(edges) - 1)
        draft.features.append(f"{len(edges) - 1}{at}")
        text = text[:start] + text[edges[at] + 2 : edges[at + 1]].strip(" ") + text[end + 2 :]
        start = text.find("?(")
    return text


def _extent(text: str, start: int) -> tuple[int, list[int]]:
    """Where a choice ends, and where its bars stand."""
    bars: list[int] = []
    depth = 1
    for match in _SIGN.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(match[1], 0)
        if depth == 0:
            return match.start(), bars
        if depth == 1 and match[1] == "|":
            bars.append(match.start())
    raise AssertionError(f"a choice without an end: {text[start:]}")


def _lines(text: str) -> list[str]:
    """One statement, head or closing brace a line, wherever the template's own lines end."""
    text = re.sub(r"([;{]) ?", r"\1\n", " ".join(text.split()))
    return [line.strip() for line in re.sub(r"\}(?! ?(?:else|while)) ?", "}\n", text).splitlines() if line.strip()]


def _typed(text: str, draft: Draft) -> str:
    return re.sub(r"\bR\b", draft.real, re.sub(r"\bT\b", draft.ctype, text))


def _param(match: re.Match[str], draft: Draft) -> Param:
    name, kind, length, ctype, bound, values = match.groups()
    if length is not None:
        text = (ctype or draft.ctype).strip()
        return Param(name=name, ctype=text, length=_spaced(length), access=_ACCESS[kind], bound=_spaced(bound or ""))
    if kind in ("scalar", "real", "int"):
        ctype = ctype or {"scalar": draft.ctype, "real": draft.real, "int": "int"}[kind]
        usual = FLOAT_VALUES if ctype in ("float", "double") else [v for v in INT_VALUES if "-" not in v or ctype in ("int", "long")]
        return Param(name=name, ctype=ctype, values=tuple(values.split("|")) if values else tuple(usual))
    return Param(name=name, ctype=ctype or "int", values=tuple(values.split("|")) if values else _VALUES[kind])


def _spaced(text: str) -> str:
    return _TIGHT.sub(r" \1 ", text)


class _Parser:
    def __init__(self, text: str, draft: Draft) -> None:
        self._lines = _lines(text)
        self._draft = draft
        self._at = 0

    def nodes(self) -> tuple[Node, ...]:
        """Nodes up to the end of the block; the closing line is left for the caller."""
        found: list[Node] = []
        while self._at < len(self._lines) and not self._lines[self._at].startswith("}"):
            line = self._lines[self._at]
            self._at += 1
            if line.endswith("{"):
                found.append(self._block(line[:-1].strip()))
            else:
                found += self._statements(line)
        return tuple(found)

    def _block(self, head: str) -> Node:
        word, _, rest = head.partition(" ")
        body = self.nodes()
        closing = self._lines[self._at]
        self._at += 1
        if word == "if":
            return If(_bare(rest), body, self._orelse(closing))
        if word == "while":
            return While(_bare(rest), body)
        if word == "do":
            return While(_bare(closing.partition("while")[2].strip(" ;")), body, last=True)
        if word == "par":
            return self._parallel(rest, body)
        return For(self._head(rest, ordered=word == "seq"), body)

    def _orelse(self, closing: str) -> tuple[Node, ...]:
        if closing == "}":
            return ()
        if "else if" in closing:
            return (self._block(closing[:-1].partition("else ")[2].strip()),)
        orelse = self.nodes()
        self._at += 1
        return orelse

    def _parallel(self, text: str, body: tuple[Node, ...]) -> Node:
        text, _, reduction = text.partition(" reduce ")
        heads = tuple(self._head(part, ordered=False) for part in text.split(","))
        if not reduction:
            return Parallel(heads=heads, body=body)
        op, name = reduction.split()
        ctype = next(m[1] for line in self._lines if (m := re.match(rf"([\w ]+?) {name}\b", line)) and m[1] not in ("par", "reduce"))
        return Parallel(heads=heads, body=body, reduce=Reduce(op=op, name=name, ctype=ctype))  # type: ignore[arg-type]

    def _head(self, text: str, *, ordered: bool) -> Range:
        text, _, also = text.partition(" also ")
        var, low, high, *step = text.split()
        forms = ["up"] * 14 + ["inclusive", "while", "open"] + ([] if ordered else ["down"])
        form = self._draft.rng.choice(forms)
        if step or also:
            form = "up"
        elif high.endswith("-1") and self._draft.rng.random() < 0.25:
            form = "shifted"
        by = step[0] if step else "1"
        return Range(var=var, low=_spaced(low), high=_spaced(high), step=by, form=form, also=also)  # type: ignore[arg-type]

    def _statements(self, line: str) -> Iterator[Node]:
        for text in line.rstrip(";").split(";"):
            statement = text.strip()
            if match := _LET.match(statement):
                yield Let(match[1], match[2], match[3] or "")
            elif statement.startswith("atomic "):
                update = _UPDATE.match(statement[7:])
                assert update, statement
                yield Atomic(update[1], update[2], update[3])  # type: ignore[arg-type]
            elif statement:
                yield Line(f"{' '.join(statement.split())};")


def _bare(condition: str) -> str:
    """A condition without the parentheses around all of it."""
    condition = condition.strip()
    if not condition.startswith("("):
        return condition
    depth = 0
    for position, character in enumerate(condition):
        depth += (character == "(") - (character == ")")
        if depth == 0 and position < len(condition) - 1:
            return condition
    return condition[1:-1].strip()
