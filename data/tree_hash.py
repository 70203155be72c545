"""The hash of the normalised syntax tree of a text: equal for texts that differ in names, literals, comments and layout alone.

Two things are hashed: the named nodes of the tree, without comments and without what a literal holds; and the lexemes in their order,
where names of the program's own are numbered by first use, literals are all one, and keywords, operators, directives and names of
parallel or standard libraries stay. So ``+`` for ``-``, ``MPI_SUM`` for ``MPI_MAX``, a missing statement or a name in the wrong place
changes the hash. Fortran doesn't mind case.

Theory of operation: printing a tree recurses in C once per level, and a text of mined code may be as deep as it is long; so a long one is
printed on a thread whose stack grows with its length, and one of more than ``MAX_TREE_BYTES`` is known by its lexemes alone.

Not covered: names of which a library makes a word only by context (a variable ``size`` is a name, ``size(`` stays; Fortran's
``unit=`` is a name), texts that are equal only after preprocessing, and different spellings of one operator (``.eq.`` and ``==``). Functions
and loops hash alone as they do in their document, but for those few that read differently out of context (a method that only its
class shows to be a constructor).
"""

from __future__ import annotations

import functools
import hashlib
import re
import threading
from typing import TYPE_CHECKING

from hpcraft.data import tree_words as words
from hpcraft.data.syntax import parse
from hpcraft.tokenizer.constructs import CLAUSE_WORDS, DIRECTIVE_WORDS

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_TREE_BYTES = 1_000_000
_SHALLOW_BYTES = 6000
"""A tree of so short a text can't be too deep for the stack of any thread."""
_STACK_BYTES_PER_BYTE = 1000

_SKIP_C = r"(?:\s|\\\n|//(?:[^\\\n]|\\[\s\S])*+|/\*[\s\S]*?(?:\*/|\Z))*+"
_C = re.compile(
    _SKIP_C
    + r"("
    + r"[^\W\d]\w*+(?:\s*+::\s*+[^\W\d]\w*+)*+(?:"
    + _SKIP_C
    + r"\()?"
    + r"""|\.?\d(?:[eEpP][+-]|[\w.]|'(?=\w))*+|"(?:[^"\\\n]|\\[\s\S])*+"|'(?:[^'\\\n]|\\[\s\S])*+'"""
    + r"|\#[ \t]*+(?:(?:pragma|include)\b(?:[^\\\n/]|/\*[\s\S]*?(?:\*/|\Z)|/|\\[\s\S])*+|\w*+)"
    + r"|(?<=Idx|Dim)\.[xyz]\b|<<<|<<=|\.\.\.|->|\+\+|--|&&|\|\||[-+*/%&|^=!<]=|<<|::|\#\#|[\s\S]|\Z)"
)
_RAW_STRING = re.compile(r'R"([^()\\\s]{0,16})\([\s\S]{0,1000}?\)\1"')
_GAP = r"(?:[ \t]|&[ \t]*+(?:![^\n]*+)?\n[ \t]*+&?)*+"
"""Blanks within a Fortran statement."""
_FORTRAN = re.compile(
    r"(?:[\s&;]|!(?!\$(?:omp|acc)\b)[^\n]*+)*+("
    r"!\$(?:omp|acc)\b(?:[^\n!&]|&(?:[ \t]*+(?:!(?!\$)[^\n]*+)?+\n)++\s*+!\$(?:omp|acc)\b&?|&)*+(?:!(?!\$)[^\n]*+)?+"
    r"|end(?:" + _GAP + r"(?:do|if|select|where|subroutine|function|program|module|type|interface|associate|block|forall|procedure))?\b"
    r"|[^\W\d]\w*+(?:" + _GAP + r"\()?"
    r"|\d++(?:\.(?![a-z]{2,}\.)\d*+)?+(?:[ed][+-]?\d++)?+(?:_\w++)?+|\.\d++(?:[ed][+-]?\d++)?+(?:_\w++)?+"
    r"""|"(?:[^"\n]|"")*+"|'(?:[^'\n]|'')*+'|\#[ \t]*+(?:include\b[^\n]*+|\w*+)|\*\*|//|::|=>|==|/=|<=|>=|[\s\S]|\Z)"""
)
_PRAGMA_WORD = re.compile(r"[^\W\d]\w*+|\d\w*+|[^\s\w]")
_PRAGMA_COMMENT = re.compile(r"/\*[\s\S]*?(?:\*/|\Z)|//[^\n]*")
_FORTRAN_SENTINEL = re.compile(r"!\$(?:omp|acc)\b&?|&|!(?!\$(?:omp|acc)\b)[^\n]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PREPROCESSOR = _words("defined include define undef ifdef ifndef elif endif pragma error warning line main")
_CPP_LIBRARY = _words(
    "final override import module vector string array pair map set list tuple move forward size begin end push_back emplace_back resize reserve "
    "data first second make_pair unique_ptr shared_ptr make_unique make_shared get cout cerr endl function swap sort fill accumulate "
    "numeric_limits complex real imag"
)
_NAMESPACES = frozenset(("std", "Kokkos", "thrust", "cub", "sycl", "cooperative_groups", "this_thread"))
_C_ALWAYS = (words.C_KEYWORDS - _PREPROCESSOR) | {w for w in words.C_LIBRARY if not w.islower() or w.endswith("_t")}
_C_ALWAYS |= {"stdin", "stdout", "stderr", "bool", "true", "false"} | words.CUDA
_C_CALLED = words.C_LIBRARY | words.MATH
_CPP_CALLED = _C_CALLED | _CPP_LIBRARY
_CPP_ALWAYS = _C_ALWAYS | (words.CPP_KEYWORDS - _CPP_LIBRARY)
_DIRECTIVE, _CLAUSE = frozenset(DIRECTIVE_WORDS), frozenset(CLAUSE_WORDS)
_API = re.compile(words.KEPT_PATTERN.pattern + r"|PMPI_\w+|cu(?:fft|rand|solver)\w+|cl[A-Z]\w*|CL_\w+|roc(?:blas|sparse|fft)\w+")
_FORTRAN_SOFT = _words(
    "data error value kind len iostat stat errmsg unit fmt file status form access action advance position entry result block name "
    "line common format target private public sequence generic final import"
)
_FORTRAN_ALWAYS = words.FORTRAN_KEYWORDS - _FORTRAN_SOFT
_FORTRAN_CALLED = words.FORTRAN_INTRINSICS | _FORTRAN_SOFT
_FORTRAN_API = re.compile(
    r"p?mpi_\w+|omp_\w+|acc_\w+|cuda[a-z]\w*|cu(?:blas|sparse|fft)\w+|hip\w+|mpi(?:_f08)?|iso_\w+|c_(?:ptr|loc|int|double|float)|_openmp"
)


def tree_hash(language: str, text: str) -> str:
    """SHA-256 in hexadecimal of the normalised syntax tree of ``text``, a document or a part of one.

    Args:
        language: a `hpcraft.records.Language`; the same text in two languages has two hashes, for their trees differ.
        text: Fortran in free form.
    """
    return node_hash(language, parse(language, text), text)


def node_hash(language: str, node: Node, text: str) -> str:
    """The same of a node whose text is known: `tree_hash` without parsing."""
    return hashlib.sha256("\0".join((_printed(_bare(node)), *lexemes(language, text))).encode(errors="replace")).hexdigest()


def _bare(node: Node) -> Node:
    """A node without what is around it only because it stands alone, so that a function or loop hashes as it does in its document."""
    while node.type in ("translation_unit", "program", "ERROR"):
        inside = [child for child in node.children if child.type != "comment"]
        if len(inside) != 1 or not inside[0].is_named:
            break
        node = inside[0]
    return node


def lexemes(language: str, text: str) -> list[str]:
    """The normalised lexemes of a text, as they are hashed."""
    if language != "fortran" and 'R"' in text:
        text = _RAW_STRING.sub('""', text)
    found = _FORTRAN.findall(text.lower()) if language == "fortran" else _C.findall(text)
    known = _Normal(language)
    return [known[lexeme] for lexeme in found if lexeme]


class _Normal(dict[str, str]):
    """Lexemes to what stands for them in one text; a lexeme is worked out when it is first asked for."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.numbers: dict[str, str] = {}

    def __missing__(self, lexeme: str) -> str:
        first = lexeme[0]
        if first.isalpha() or first == "_":
            value = self._word(lexeme)
        elif first.isdigit() or (first == "." and lexeme[1:2].isdigit()):
            value = "0"
        elif first in "\"'" and len(lexeme) > 1:
            value = '""'
        elif first == "#" and len(lexeme) > 1:
            value = self._preprocessor(lexeme)
        elif lexeme.startswith("!$"):
            value = self._directive(_FORTRAN_SENTINEL.sub(" ", lexeme), f"!${lexeme[2:5]}")
        else:
            value = lexeme
        self[lexeme] = value
        return value

    def _word(self, lexeme: str) -> str:
        called = lexeme.endswith("(")
        word = lexeme.removesuffix("(")
        if not word.isalnum():
            word = _plain(self.language, word)
        if "::" in word:
            parts = [part.strip() for part in word.split("::")]
            value = "::".join(parts) if parts[0] in _NAMESPACES else " :: ".join(self._name(part, called=called) for part in parts)
        else:
            value = self._name(word, called=called)
        return f"{value} (" if called else value

    def _name(self, word: str, *, called: bool) -> str:
        kept = _kept(self.language, word, called)
        return kept or self.numbers.setdefault(word, f"n{len(self.numbers)}")

    def _preprocessor(self, lexeme: str) -> str:
        word = lexeme[1:].lstrip()
        if word.startswith("pragma"):
            return self._directive(word[6:], "#pragma")
        return "#include" if word.startswith("include") else f"#{word}"

    def _directive(self, text: str, sentinel: str) -> str:
        """A directive, its words kept and the program's names numbered, also one that is a word of directives elsewhere (``map(to: val)``)."""
        normal = [sentinel]
        depth = 0
        for word in _PRAGMA_WORD.findall(_PRAGMA_COMMENT.sub(" ", text).replace("\\\n", " ")):
            depth += (word == "(") - (word == ")")
            if not (word[0].isalpha() or word[0] == "_"):
                normal.append("0" if word[0].isdigit() else word)
            elif word.lower() in (_CLAUSE if depth else _DIRECTIVE) and not (depth and word in self.numbers):
                normal.append(word)
            else:
                normal.append(self._name(word, called=False))
        return " ".join(normal)


def _plain(language: str, word: str) -> str:
    """A name without the blanks and comments in it and behind it."""
    if language == "fortran":
        return "".join(re.sub(r"![^\n]*|&", " ", word).split())
    found = re.match(r"\w+(?:\s*::\s*\w+)*", word)
    return found[0] if found else word


@functools.cache
def _kept(language: str, word: str, called: bool) -> str:
    """What stands for a word that isn't a name of the program's own; empty for one that is."""
    if language == "fortran":
        if word == "elseif":
            return "else if"
        if word.startswith("end") and (word == "end" or word[3:] in _FORTRAN_ALWAYS | _FORTRAN_SOFT):
            return "end"
        kept = word in _FORTRAN_ALWAYS or (called and word in _FORTRAN_CALLED) or _FORTRAN_API.fullmatch(word)
    else:
        always, library = (_C_ALWAYS, _C_CALLED) if language == "c" else (_CPP_ALWAYS, _CPP_CALLED)
        kept = word in always or (called and word in library) or _API.fullmatch(word)
    return word if kept else ""


_LABELLED_COMMENT = re.compile(r" \w+: \(comment\)")
_UNSEEN = (' (MISSING ";")', " (string_content)", " (escape_sequence)", " (character)")
"""What the grammar puts between statements of some layouts, and the insides of literals."""


def _printed(node: Node) -> str:
    """The named nodes below ``node`` as text, without comments and without the insides of literals."""
    length = node.end_byte - node.start_byte
    if length > MAX_TREE_BYTES:
        return ""
    tree = str(node) if length <= _SHALLOW_BYTES else _printed_deep(node, length)
    if "(comment)" in tree:
        if ": (comment)" in tree:
            tree = _LABELLED_COMMENT.sub("", tree)
        tree = tree.replace(" (comment)", "")
    for unseen in _UNSEEN:
        tree = tree.replace(unseen, "")
    return tree.replace("field_identifier", "identifier")


def _printed_deep(node: Node, length: int) -> str:
    printed: list[str] = []
    before = threading.stack_size(max(1 << 20, (length * _STACK_BYTES_PER_BYTE) & ~0xFFFF))
    try:
        thread = threading.Thread(target=lambda: printed.append(str(node)))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    return printed[0]
