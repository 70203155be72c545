"""The texts of ``tokenizer_experiment.py``: one set of functions, written in the way of each variant, and places to complete.

All variants learn the same functions in canonical layout. Where names are canonical, the table of the original ones stands behind the
function, so that its text says as much as the plain one, and what the names cost is counted: `written` is undone exactly by `read_back`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from hpcraft.tokenizer.corpus import FUNCTIONS, share_of, units
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.lexer import lex
from hpcraft.tokenizer.prompt import ANSWER
from hpcraft.tokenizer.rename import Renamed, rename, restore, restore_text

LEAST_LEXEMES, LONGEST_BYTES = 40, 4000
LEAST_CONTEXT = 30
"""Lexemes before a place that is completed, at least."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of writing code for a model."""

    name: str
    kind: str
    """Vocabulary: ``bpe``, ``tokompiler`` or ``lexer``, as in ``hpcraft tokenizer train --kind``."""
    renamed: bool


VARIANTS = (
    Variant("bpe", "bpe", renamed=False),
    Variant("bpe on renamed", "bpe", renamed=True),
    Variant("tokompiler", "tokompiler", renamed=True),
    Variant("lexer", "lexer", renamed=False),
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function in canonical layout."""

    unit_id: str
    language: str
    code: str

    @property
    def num_bytes(self) -> int:
        """Bytes of the code; bits per byte are for these, whatever a variant makes of them."""
        return len(self.code.encode())


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a function, and what stands there: one word, or the rest of a line."""

    function: Function
    begin: int
    truth: str
    task: str


def functions(corpus: Path, split: str, languages: Sequence[str], seed: int, limit_bytes: int) -> list[Function]:
    """A random sample of functions of a split that renaming and layout can work on, of about ``limit_bytes``."""
    found: list[tuple[float, Function]] = []
    for unit in units(corpus, FUNCTIONS, split):
        if unit.language in languages and len(unit.text) <= 2 * LONGEST_BYTES:
            function = Function(unit.unit_id, unit.language, canonical(unit.text, unit.language))
            if function.num_bytes <= LONGEST_BYTES and len(_words(function)) >= LEAST_LEXEMES // 2:
                found.append((share_of(unit.unit_id, seed), function))
    found.sort(key=lambda pair: (pair[0], pair[1].unit_id))
    taken, total = [], 0
    for _, function in found:
        if total >= limit_bytes:
            break
        taken.append(function)
        total += function.num_bytes
    return taken


def written(function: Function, variant: Variant) -> str:
    """A function as a variant's model sees it."""
    if not variant.renamed:
        return function.code
    renamed = rename(function.code, function.language)
    table = "".join(f"{original}\n" for _, original in _in_order(renamed))
    spellings = "".join(f"{number} {spelling}\n" for number, spelling in renamed.spellings)
    return f"{renamed.text}{ANSWER}{table}{ANSWER if spellings else ''}{spellings}"


def read_back(text: str, function: Function, variant: Variant) -> str:
    """The code of a function from what `written` made of it; ``function`` tells the language alone."""
    if not variant.renamed:
        return text
    code, table, *rest = text.split(ANSWER)
    like = rename(function.code, function.language)
    names = {canonical_name: original for (canonical_name, _), original in zip(_in_order(like), table.splitlines(), strict=True)}
    spellings = tuple((int(line.partition(" ")[0]), line.partition(" ")[2]) for line in (rest[0] if rest else "").splitlines())
    return restore(replace(like, text=code, names=names, spellings=spellings))


def _in_order(renamed: Renamed) -> list[tuple[str, str]]:
    """Names in the order in which a reader of the text meets them."""
    order = {token.text: position for position, token in reversed(list(enumerate(lex(renamed.text, renamed.language))))}
    return sorted(renamed.names.items(), key=lambda pair: order.get(pair[0], len(order)))


def places(chosen: Sequence[Function], num_words: int, num_lines: int, seed: int) -> list[Place]:
    """Random places to complete: words of the code, and whole lines; at most one of each in a function."""
    rng = Random(f"{seed}/places")
    found = []
    for function in rng.sample(chosen, len(chosen)):
        words = _words(function)[LEAST_CONTEXT:]
        if not words:
            continue
        if num_words > 0:
            found.append(Place(function, *rng.choice(words), "word"))
            num_words -= 1
        starts = [i + 1 for i, c in enumerate(function.code[:-1]) if c == "\n" and i > words[0][0]]
        if starts and num_lines > 0:
            begin = rng.choice(starts)
            found.append(Place(function, begin, function.code[begin : function.code.index("\n", begin)], "line"))
            num_lines -= 1
    return found


def _words(function: Function) -> list[tuple[int, str]]:
    """Words outside directives, strings and comments, with where they begin.

    A word is a place where the tokens of every variant have a border, unless the character before it belongs to a word as well.
    """
    found, at = [], 0
    for token in lex(function.code, function.language):
        line = function.code[function.code.rfind("\n", 0, at) + 1 : at]
        if token.kind == "word" and not line.lstrip().startswith(("#", "!$")):
            found.append((at, token.text))
        at += len(token.text)
    return found


def before(place: Place, variant: Variant) -> tuple[str, Renamed | None]:
    """What a model is given at a place, and the names that its answer is restored with."""
    prefix = place.function.code[: place.begin]
    if not variant.renamed:
        return prefix, None
    renamed = rename(prefix, place.function.language)
    return renamed.text, renamed


def completed(place: Place, generated: str, renamed: Renamed | None) -> str:
    """The word or line that a model wrote at a place, in the names of the function."""
    language = place.function.language
    answer = restore_text(generated, renamed.names, language) if renamed else generated
    if place.task == "line":
        return answer.partition("\n")[0]
    first = next((token for token in lex(answer, language) if token.kind != "space"), None)
    return first.text if first else ""


def same_but_for_names(place: Place, answer: str) -> bool:
    """Whether the prefix with the answer is the prefix with the truth, up to how names are spelled."""
    prefix, language = place.function.code[: place.begin], place.function.language
    return rename(prefix + answer, language).text == rename(prefix + place.truth, language).text


def with_other_names(function: Function, pool: Sequence[str], seed: int) -> tuple[Function, dict[str, str]]:
    """A function whose own names were replaced by those of other functions, and original name to new."""
    renamed = rename(function.code, function.language)
    rng = Random(f"{seed}/{function.unit_id}")
    present = {token.text for token in lex(function.code, function.language)}
    fresh = [name for name in rng.sample(pool, min(len(pool), 4 * len(renamed.names) + 50)) if name not in present]
    names = dict(zip(renamed.names, fresh, strict=False))
    if len(names) < len(renamed.names):
        return function, {}
    code = restore_text(renamed.text, names, function.language)
    return replace(function, code=code), {renamed.names[canonical_name]: name for canonical_name, name in names.items()}


def names_of(chosen: Sequence[Function]) -> list[str]:
    """All names that functions give to their own things."""
    return sorted({name for function in chosen for name in rename(function.code, function.language).names.values()})
