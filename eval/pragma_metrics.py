"""How well directives were predicted: construct, clauses and their arguments, beside what a constant answer would score.

Directives are read by `hpcraft.data.directives`. The order of clauses and of the names in a list says nothing, nor does the cut of a list
into several clauses; in C case counts. `EQUIVALENT` and `canonical` declare what else is the same. An answer that can't be
read is illegal: it matches nothing, and is counted. An empty text stands for "no directive" on either side.

A figure means something only above the baselines that `baselines` gives for the same gold directives: most loops are ``parallel for``
and have no clause.
Not covered: whether the directive is legal where it stands, or right: the compiler, the judge and the race detector tell that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hpcraft.data.directives import Directive, comparison_key, parse_directive
from hpcraft.errors import InputError
from hpcraft.eval.agreement import Found, named, scores
from hpcraft.eval.metrics import Figure, share

EQUIVALENT = {
    "omp": {"reduction(-:": "reduction(+:"},
    "acc": {f"{prefix}{clause}(": f"{clause}(" for clause in ("copy", "copyin", "copyout", "create") for prefix in ("p", "present_or_")},
}
"""How clauses begin that mean the same under another name: the deprecated ``-`` of OpenMP reductions, OpenACC's old synonyms."""
SAYS_NOTHING = frozenset(("collapse(1)",))
"""Clauses that change nothing."""


class PragmaPair(NamedTuple):
    """A loop's directive as it should be, and as it was predicted; empty for none."""

    gold: str
    """As in a text, or without ``#pragma omp`` before it."""
    predicted: str
    language: str = "c"


@dataclass(frozen=True, slots=True)
class Canonical:
    """What of a directive counts."""

    construct: str
    """With the model before it; empty for no directive."""
    items: frozenset[tuple[str, int]]
    """Clauses with one argument each, and how often they stand there."""

    @property
    def clauses(self) -> frozenset[str]:
        """Names of the clauses."""
        return frozenset(item.partition("(")[0] for item, _ in self.items)


NONE = Canonical("", frozenset())


def canonical(directive: Directive) -> Canonical:
    """A directive without what says nothing."""
    model, construct, argument, found = comparison_key(directive)
    items: Counter[str] = Counter()
    for item, count in found:
        name = next((new + item.removeprefix(old) for old, new in EQUIVALENT[model].items() if item.startswith(old)), item)
        if name not in SAYS_NOTHING:
            items[name] += count
    return Canonical(f"{model} {construct}" + (f"({argument})" if argument else ""), frozenset(items.items()))


def pragma_figures(pairs: Sequence[PragmaPair]) -> dict[str, Figure]:
    """All figures: whole directives, constructs, clauses and arguments, each clause alone, and illegal answers."""
    gold = [_gold(pair) for pair in pairs]
    answers = [_predicted(pair) for pair in pairs]
    both = list(zip(gold, answers, strict=True))
    result = {
        "pragma-exact": share([float(g == a) for g, a in both]),
        "pragma-construct": share([float(a is not None and g.construct == a.construct) for g, a in both]),
        "pragma-illegal": share([float(a is None) for a in answers]),
    }
    read = [(g, a or NONE) for g, a in both]
    result |= named("pragma-clauses", scores([_found(g.clauses, a.clauses) for g, a in read]))
    result |= named("pragma-arguments", scores([_found_items(g, a) for g, a in read]))
    for clause in sorted({clause for g, a in read for clause in g.clauses | a.clauses}):
        presence = [(g.clauses & {clause}, a.clauses & {clause}) for g, a in read]
        result |= named(f"pragma-{clause}", scores([_found(g, a) for g, a in presence]))
        result[f"pragma-{clause}-accuracy"] = share([float(g == a) for g, a in presence])
    return result


def baselines(pairs: Sequence[PragmaPair]) -> dict[str, Figure]:
    """What constant answers score: the commonest directive, the commonest construct, and never giving a clause."""
    gold = [_gold(pair) for pair in pairs]
    commonest, construct = (Counter(values).most_common(1)[0][0] for values in (gold, [g.construct for g in gold]))
    result = {
        "pragma-exact": share([float(g == commonest) for g in gold]),
        "pragma-construct": share([float(g.construct == construct) for g in gold]),
    }
    for clause in sorted({clause for g in gold for clause in g.clauses}):
        result[f"pragma-{clause}-accuracy"] = share([float(clause not in g.clauses) for g in gold])
    return result


def _gold(pair: PragmaPair) -> Canonical:
    found = _read(pair.gold, pair.language)
    if found is None:
        raise InputError(f"gold directive {pair.gold[:60]!r}: can't be read; give a directive such as `#pragma omp parallel for`")
    return found


def _predicted(pair: PragmaPair) -> Canonical | None:
    return _read(pair.predicted, pair.language)


def _read(text: str, language: str) -> Canonical | None:
    """A directive, none for an empty text; None where it can't be read or its construct isn't one."""
    bare = text.strip()
    if not bare:
        return NONE
    fortran = language == "fortran"
    if not bare.startswith("!$" if fortran else "#"):
        bare = ("!$omp " if fortran else "#pragma omp ") + bare.removeprefix("omp ").lstrip()
    try:
        directive = parse_directive(bare)
    except InputError:
        return None
    return canonical(directive) if directive.known and all(clause.known for clause in directive.clauses) else None


def _found(gold: frozenset[str], answer: frozenset[str]) -> Found:
    return Found(len(gold & answer), len(answer), len(gold))


def _found_items(gold: Canonical, answer: Canonical) -> Found:
    ours, theirs = Counter(dict(answer.items)), Counter(dict(gold.items))
    return Found((ours & theirs).total(), ours.total(), theirs.total())
