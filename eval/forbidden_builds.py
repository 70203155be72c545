"""What tells the builds of an answer apart: it is judged by one compiler with its runtime, and checked for races by another one.

An answer that knows which of them it is in could be careful in the check alone. So it may not use macros that have other values with the one or the
other, compare how large types are that runtimes have of their own, take the upper bits of an address, or ask a runtime or the allocator for what they
answer otherwise (`hpcraft.eval.forbidden_symbols`).

Not covered: other ways to see an address or a size as a number, and how long something takes. What is honest must pass, so only what has no other use is
refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from hpcraft.data.parallel.outline import words
from hpcraft.data.syntax import parse
from hpcraft.data.trees import text_of, walk

if TYPE_CHECKING:
    from tree_sitter import Node

CHARACTER = re.compile(r"(?:(?<![0-9a-fA-F])|(?<=\bu8))'(?:\\.|[^'\\\n])*'")
STRINGS = re.compile(r'"(?:\\.|[^"\\\n])*"')
_TELLS = words(
    "__GNUC__ __GNUC_MINOR__ __GNUC_PATCHLEVEL__ __GNUG__ __GXX_ABI_VERSION __clang__ __clang_major__ __clang_minor__ __clang_patchlevel__"
    " __clang_version__ __llvm__ __VERSION__ __OPTIMIZE__ __OPTIMIZE_SIZE__ __NO_INLINE__ __PRETTY_FUNCTION__ _OPENMP __FAST_MATH__"
    " __BIGGEST_ALIGNMENT__ __DECIMAL_DIG__ __INT_FAST16_MAX__ __INT_FAST32_MAX__ __UINT_FAST16_MAX__ __UINT_FAST32_MAX__ __INT_FAST16_WIDTH__"
    " __INT_FAST32_WIDTH__ __cpp_structured_bindings __cpp_unicode_characters source_location"
)
"""What has another value with each of the compilers that an answer is judged and checked for races by."""
_CONDITIONAL = re.compile(
    r"^[ \t]*(?:#|%:)[ \t]*(?:if|ifdef|ifndef|elif|elifdef|elifndef|else|endif|error|warning|undef)\b[^\n]*", re.MULTILINE
)
_WORD = re.compile(r"\b[A-Za-z_]\w*")
_MACRO = re.compile(r"^[ \t]*(?:#|%:)[ \t]*define[ \t]+(\w+)([^\n]*)", re.MULTILINE)
_PASTED = re.compile(r"##|%:%:")

_OPAQUE = re.compile(
    r"\b(?:omp_(?:nest_)?lock_t|omp_(?:depend|alloctrait|event_handle|interop|allocator_handle|memspace_handle)_t|kmp_\w+_t)\b"
)
_SIZES = ("sizeof_expression", "alignof_expression", "offsetof_expression")
_COMPARE = ("==", "!=", "<", ">", "<=", ">=", "&&", "||")
_COMPUTE = ("parenthesized_expression", "binary_expression", "cast_expression", "unary_expression", "conditional_expression")
_ADDRESS = re.compile(r"\bu?intptr_t\b")
_SOURCES = re.compile(r"\b(?:malloc|calloc|aligned_alloc|new)\b")
_LOWEST_BIT = 12
"""Of an address, from which on it says where its part of memory begins, and not how something is aligned."""


def tells_apart(stripped: str, language: str) -> str:
    """By what code in C or C++ (``c`` or ``cpp``) without comments tells its builds apart; empty for nothing."""
    bare = STRINGS.sub('""', CHARACTER.sub("0", stripped))
    if found := _macros(bare):
        return f"tells compilers apart ({found})"
    if not (_OPAQUE.search(bare) or ">>" in bare):
        return ""
    for node in walk(parse(language, stripped)):
        if node.type in _SIZES and (kind := _OPAQUE.search(text_of(node))) and _is_compared(node):
            return f"tells runtimes apart (compares the size of {kind[0]})"
        if node.type == "binary_expression" and _shows_where(node):
            return f"looks at addresses as numbers ({text_of(node)[:40]})"
    return ""


def _is_compared(node: Node) -> bool:
    """Whether a comparison hangs on a value, and not only how much memory is asked for or how long an array is."""
    while (outer := node.parent) is not None and outer.type in _COMPUTE:
        operator = outer.child_by_field_name("operator")
        if outer.type == "conditional_expression" or (operator is not None and text_of(operator) in _COMPARE):
            return True
        node = outer
    return outer is not None and outer.type in ("if_statement", "while_statement", "condition_clause", "switch_statement")


def _shows_where(node: Node) -> bool:
    """Whether of an address only the upper bits are taken."""
    operator, left, right = (node.child_by_field_name(name) for name in ("operator", "left", "right"))
    if operator is None or left is None or right is None or text_of(operator) != ">>" or not text_of(right).isdecimal():
        return False
    words = text_of(left)
    is_address = bool(_ADDRESS.search(words)) or ("(" in words and bool(_SOURCES.search(words)))
    return is_address and int(text_of(right)) >= _LOWEST_BIT


def _macros(bare: str) -> str:
    """Their macros used as values outside of conditionals, where `forbidden.hides` would see it: by name or put together."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, value in _MACRO.findall(bare):
        for word in set(_WORD.findall(value)):
            users[word].append(name)
    names, waiting = set(_TELLS), list(_TELLS)
    while waiting:
        new = set(users[waiting.pop()]) - names
        names |= new
        waiting += new
    used = _MACRO.sub("", _CONDITIONAL.sub("", bare))
    found = next((word for word in _WORD.findall(used) if word in names), "")
    if not found and _PASTED.search(bare):
        pieces = set(re.findall(r"\w+", bare))
        found = next((name for name in _TELLS if _put_together(name, pieces)), "")
    return found


def _put_together(name: str, pieces: set[str]) -> bool:
    """Whether a name is made of words that stand in the code."""
    reached = {0}
    for end in range(1, len(name) + 1):
        if any(name[begin:end] in pieces for begin in reached):
            reached.add(end)
    return len(name) in reached
