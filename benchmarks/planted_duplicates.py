"""Real files with near duplicates planted among them: the ground truth of ``near_duplicates.py``.

The base is files of mined packages, one from each folder at most, since siblings are what is alike in truth. A third of them get one
variant, whose kinds come in turn: names changed, comments changed or gone, functions in another order, 5 to 20 % of the lines of code
edited, names changed and 10 % edited. Names, comments and functions are found by tree-sitter, and nothing here looks at lexemes,
shingles or keywords of `hpcraft.data.shingles`.

Not covered: variants that a compiler takes (an edited line may be nonsense); licences, which don't matter to what is alike.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path, PurePosixPath

from tree_sitter import Node

from hpcraft.data import filters
from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import form_of, language_of, promise
from hpcraft.data.syntax import parser
from hpcraft.records import SourceFile
from hpcraft.shards import read_rows

SIZES = range(1_000, 100_001)
LIMITS = filters.Limits(max_bytes=SIZES[-1], max_line_length=1000, max_mean_line_length=120, min_alnum_share=0.25, min_tokens=15)
SHARE = 3
"""One file of so many gets a variant."""

SHORTEST_LINE, MOST_COMMON = 8, 0.25
"""Two base files share less than this part of the lines of the smaller one, not counting lines with fewer characters."""

_NAMES = frozenset(
    [
        "identifier",
        "field_identifier",
        "type_identifier",
        "namespace_identifier",
        "statement_identifier",
        "name",
        "module_name",
        "type_name",
        "type_member",
    ]
)
_FUNCTIONS = frozenset(("function_definition", "subroutine", "function"))
_API = re.compile(r"P?MPI_|(?i:omp_|acc_|mpi_|cl_)|cuda[A-Z_]|hip[A-Z_]|cl[A-Z]|cu[A-Z]|CUDA|HIP|Kokkos|sycl|__")
_C_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#[ \t]*include[^\n]*|[A-Za-z_]\w*',
    re.DOTALL | re.MULTILINE,
)
_FORTRAN_TOKEN = re.compile(r"""^[ \t]*!\$|![^\n]*|"[^"\n]*"|'[^'\n]*'|^[ \t]*#[ \t]*include[^\n]*|[A-Za-z_]\w*""", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*|\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """One document: a real file, or a variant of one."""

    number: int
    origin: int
    """Number of the real file; its own for one."""
    kind: str
    """``base`` or how it was changed."""
    name: str
    language: str
    text: str


def plant(mined: Path, *, seed: int, per_package: int) -> list[Planted]:
    """Base and variants in a random order, numbered in that order."""
    rng = random.Random(seed)
    base = _base(mined, rng, per_package)
    foreign = _Foreign(base)
    made: list[tuple[int, str, str]] = [(at, "base", file[2]) for at, file in enumerate(base)]
    kinds = cycle(KINDS)
    for at in rng.sample(range(len(base)), len(base) // SHARE):
        _, language, text = base[at]
        for kind in (next(kinds) for _ in KINDS):
            variant = KINDS[kind](language, text, rng, foreign)
            if variant is not None and variant != text:
                made.append((at, kind, variant))
                break
    rng.shuffle(made)
    places = {origin: number for number, (origin, kind, _) in enumerate(made) if kind == "base"}
    return [
        Planted(number=number, origin=places[origin], kind=kind, name=base[origin][0], language=base[origin][1], text=text)
        for number, (origin, kind, text) in enumerate(made)
    ]


def _base(mined: Path, rng: random.Random, per_package: int) -> list[tuple[str, str, str]]:
    """Name, language and text of the real files."""
    folders: defaultdict[str, defaultdict[str, list[tuple[str, bytes]]]] = defaultdict(lambda: defaultdict(list))
    for file in read_rows(mined, "files", SourceFile):
        if promise(file.path) and len(file.content) in SIZES and not filters.check_path(file.path):
            folders[file.package][str(PurePosixPath(file.path).parent)].append((file.path, file.content))
    chosen: list[tuple[str, str, str]] = []
    texts: set[str] = set()
    for package, below in sorted(folders.items()):
        names = sorted(below)
        rng.shuffle(names)
        taken = 0
        for name in names:
            found = _usable(*rng.choice(below[name])) if taken < per_package else None
            if found and found[1] not in texts:
                texts.add(found[1])
                chosen.append((f"{package}/{found[2]}", *found[:2]))
                taken += 1
    return _unlike(chosen)


def _usable(path: str, content: bytes) -> tuple[str, str, str] | None:
    """Language, text and path of a file that ``prepare`` would keep."""
    try:
        text = content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    if filters.check_bytes(content, LIMITS) or filters.check_text(text, LIMITS, path):
        return None
    form = form_of(path, text)
    if form == "fixed":
        text = to_free(text)
    code = blank_fortran(text) if form else blank_c(text)
    language = language_of(path, code, form)
    return None if language is None or filters.is_too_small(code, LIMITS) else (language, text, path)


def _unlike(files: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The files that share few lines of code with one before them."""
    kept: list[tuple[str, str, str]] = []
    sizes: list[int] = []
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for file in files:
        _, language, text = file
        lines = {"".join(line.split()) for line in (blank_fortran if language == "fortran" else blank_c)(text).splitlines()}
        lines = {line for line in lines if len(line) >= SHORTEST_LINE and "#include" not in line}
        common = Counter(holder for line in lines for holder in holders[line])
        if any(count >= MOST_COMMON * min(len(lines), sizes[holder]) for holder, count in common.items()):
            continue
        for line in lines:
            holders[line].append(len(kept))
        kept.append(file)
        sizes.append(len(lines))
    return kept


class _Foreign:
    """Lines, words and comments of other files of a language."""

    def __init__(self, base: Sequence[tuple[str, str, str]]) -> None:
        self._texts: defaultdict[str, list[str]] = defaultdict(list)
        for _, language, text in base:
            self._texts[language].append(text)

    def line(self, language: str, rng: random.Random) -> str:
        """A line of code of some file."""
        while True:
            text = rng.choice(self._texts[language])
            usable = _code_lines(language, text)
            if usable:
                return text.split("\n")[rng.choice(usable)]

    def words(self, language: str, rng: random.Random, count: int) -> list[str]:
        """So many words in a row from some file."""
        words = _WORD.findall(rng.choice(self._texts[language]))
        start = rng.randrange(max(1, len(words) - count))
        return words[start : start + count]


def _leaves(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        at = stack.pop()
        if at.children:
            stack.extend(reversed(at.children))
        else:
            yield at


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def _tree(language: str, text: str) -> Node:
    return parser(language).parse(text.encode()).root_node


def _renamed(language: str, text: str, rng: random.Random, foreign: _Foreign) -> str | None:  # noqa: ARG001 - all kinds have one signature
    """Every name but those of parallel interfaces becomes another one, everywhere."""
    names: set[str] = set()
    fixed: set[str] = set()
    fold = str.lower if language == "fortran" else str
    for leaf in _leaves(_tree(language, text)):
        word = fold(_text(leaf))
        if not leaf.is_named or leaf.type == "primitive_type":
            fixed.add(word)  # a keyword
        elif leaf.type in _NAMES and word.isidentifier() and not _API.match(word):
            names.add(word)
    ordered = sorted(names - fixed)
    if len(ordered) < 3:
        return None
    numbers = list(range(len(ordered)))
    rng.shuffle(numbers)
    new = {
        name: f"{rng.choice('abcdefghijklmnopqrstuvwxyz')}{rng.choice(('x', 'var', '_', 'name_'))}{n}"
        for name, n in zip(ordered, numbers, strict=True)
    }
    token = _FORTRAN_TOKEN if language == "fortran" else _C_TOKEN
    return token.sub(lambda found: new.get(fold(found[0]), found[0]), text)


def _recommented(language: str, text: str, rng: random.Random, foreign: _Foreign) -> str | None:
    """All comments gone, or other words in each."""
    data = text.encode()
    comments = [leaf for leaf in _leaves(_tree(language, text)) if leaf.type == "comment" and not _text(leaf).startswith(("!$", "#"))]
    if not comments:
        return None
    remove = rng.random() < 0.5
    for comment in reversed(comments):
        old = _text(comment)
        if remove:
            new = "" if old.startswith(("!", "//")) else " "
        else:
            words = iter(foreign.words(language, rng, len(_WORD.findall(old))))
            new = _WORD.sub(lambda found, words=words: next(words, found[0]), old)
        data = data[: comment.start_byte] + new.encode() + data[comment.end_byte :]
    return data.decode(errors="replace")


def _reordered(language: str, text: str, rng: random.Random, foreign: _Foreign) -> str | None:  # noqa: ARG001 - as above
    """The functions of the file, or of its namespace or module, in another order."""
    data = text.encode()
    groups: defaultdict[int, list[Node]] = defaultdict(list)
    stack = [_tree(language, text)]
    while stack:
        node = stack.pop()
        for child in node.children:
            if child.type in _FUNCTIONS:
                groups[node.id].append(child)
            else:
                stack.append(child)
    group = max(groups.values(), key=len, default=[])
    if len(group) < 2:
        return None
    order = list(range(len(group)))
    while order == sorted(order):
        rng.shuffle(order)
    parts, end = [], 0
    for slot, source in zip(group, order, strict=True):
        parts += [data[end : slot.start_byte], data[group[source].start_byte : group[source].end_byte]]
        end = slot.end_byte
    return b"".join([*parts, data[end:]]).decode(errors="replace")


def _code_lines(language: str, text: str) -> list[int]:
    """Numbers of the lines that hold code and no part of a longer comment, string or directive, so that an edit stays where it is."""
    token = _FORTRAN_TOKEN if language == "fortran" else _C_TOKEN
    plain = token.sub(
        lambda found: re.sub(r"[^\n]", "\0" if "\n" in found[0] else " ", found[0]) if found[0][0] in "/!" else found[0], text
    )
    return [at for at, line in enumerate(plain.split("\n")) if line.strip() and "\0" not in line and not line.endswith(("\\", "&"))]


def _edited(percent: int) -> Callable[[str, str, random.Random, _Foreign], str | None]:
    """A maker of variants in which so many of a hundred lines of code are edited."""

    def edit(language: str, text: str, rng: random.Random, foreign: _Foreign) -> str | None:
        lines: list[str | None] = list(text.split("\n"))
        usable = _code_lines(language, text)
        count = round(len(usable) * percent / 100)
        if not count:
            return None
        for at in rng.sample(usable, count):
            line = str(lines[at])
            what = rng.choice(("lexeme", "delete", "insert", "replace"))
            words = list(_WORD.finditer(line))
            if what == "lexeme" and words:
                word = rng.choice(words)
                new = str(rng.randrange(1000)) if word[0].isdigit() else rng.choice(_WORD.findall(foreign.line(language, rng)) or ["other"])
                lines[at] = line[: word.start()] + new + line[word.end() :]
            elif what == "delete":
                lines[at] = None
            elif what == "replace":
                lines[at] = foreign.line(language, rng)
            else:
                lines[at] = f"{line}\n{foreign.line(language, rng)}"
        return "\n".join(line for line in lines if line is not None)

    return edit


def _renamed_edited(language: str, text: str, rng: random.Random, foreign: _Foreign) -> str | None:
    renamed = _renamed(language, text, rng, foreign)
    return None if renamed is None else _edited(10)(language, renamed, rng, foreign)


KINDS: dict[str, Callable[[str, str, random.Random, _Foreign], str | None]] = {
    "names": _renamed,
    "comments": _recommented,
    "order of functions": _reordered,
    "5 % edited": _edited(5),
    "10 % edited": _edited(10),
    "15 % edited": _edited(15),
    "20 % edited": _edited(20),
    "names, 10 % edited": _renamed_edited,
}
