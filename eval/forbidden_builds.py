"""What tells the builds of an answer apart: it is judged by one compiler with its runtime, and checked for races by another one.

An answer that knows which of them it is in could be careful in the check alone. So it may not use macros that have other values with the one or the
other, ask how large the types are that runtimes have of their own, look at addresses as numbers (but for their alignment), or ask a runtime for its
limits (`hpcraft.eval.forbidden_symbols`).

Not covered: how long something takes; differences between pointers into such types, or between pointers that are no array's.
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
_SIZE = re.compile(
    r"\b(?:sizeof|_Alignof|alignof|__alignof__|__alignof|offsetof|__builtin_offsetof|__builtin_object_size|alignment_of|aligned_storage)\b"
)
_FOR_SIZES = words(
    "malloc calloc realloc aligned_alloc posix_memalign memset memcpy memmove omp_alloc omp_calloc omp_aligned_alloc omp_target_alloc"
)
"""What sizes are for where nobody compares them."""
_NUMBERS = re.compile(r"\b(?:u?intptr_t|reinterpret_cast\s*<\s*(?:std\s*::\s*)?(?:unsigned|signed|u?int\d*_t|int|long|size_t)\b[^<>*&]*>)")
_LARGEST_ALIGNMENT = 4096


def tells_apart(stripped: str, language: str) -> str:
    """By what code in C or C++ (``c`` or ``cpp``) without comments tells its builds apart; empty for nothing."""
    bare = STRINGS.sub('""', CHARACTER.sub("0", stripped))
    if found := _macros(bare):
        return f"tells compilers apart ({found})"
    if _OPAQUE.search(bare) and (found := _size(bare)):
        return f"tells runtimes apart ({found} beside {_OPAQUE.findall(bare)[0]})"
    if found := _address(stripped, language) or ("%p" if any("%p" in text for text in STRINGS.findall(stripped)) else ""):
        return f"looks at addresses as numbers ({found})"
    return ""


def _size(bare: str) -> str:
    """A question for a size that isn't what memory is asked for, copied or filled by."""
    for match in _SIZE.finditer(bare):
        depth, at = 0, match.start()
        while at and depth >= 0:
            at -= 1
            depth += {")": 1, "(": -1}.get(bare[at], 0)
            if bare[at] in ";{}":
                break
        called = re.search(r"([A-Za-z_]\w*)\s*$", bare[:at]) if depth < 0 else None
        if called is None or called[1] not in _FOR_SIZES:
            return match[0]
    return ""


def _address(stripped: str, language: str) -> str:
    """An address as a number, where it isn't only looked at for its alignment."""
    nodes = list(walk(parse(language, stripped)))
    pointers = {_declared(node) for node in nodes if node.type == "pointer_declarator"}
    aligned: list[tuple[int, int]] = []
    for node in nodes:
        kind, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        if node.type != "cast_expression" or kind is None or value is None or "*" in text_of(kind):
            continue
        inner = value
        while inner.type == "parenthesized_expression" and inner.named_children:
            inner = inner.named_children[0]
        taken = inner.type == "pointer_expression" and text_of(inner).startswith("&")
        if not (taken or _NUMBERS.search(text_of(kind)) or (inner.type == "identifier" and text_of(inner) in pointers)):
            continue
        if not _for_alignment(node):
            return text_of(node)[:40]
        aligned.append((node.start_byte, node.end_byte))
    rest = stripped.encode()
    for begin, end in reversed(aligned):
        rest = rest[:begin] + rest[end:]
    found = _NUMBERS.search(STRINGS.sub('""', rest.decode()))
    return found[0] if found else ""


def _declared(node: Node) -> str:
    """The name that a declarator of a pointer declares."""
    while node.type != "identifier":
        inner = node.child_by_field_name("declarator")
        if inner is None:
            return ""
        node = inner
    return text_of(node)


def _for_alignment(node: Node) -> bool:
    """Whether of a number only the last bits are taken."""
    outer = node.parent
    while outer is not None and outer.type == "parenthesized_expression":
        node, outer = outer, outer.parent
    if outer is None or outer.type != "binary_expression" or (operator := outer.child_by_field_name("operator")) is None:
        return False
    other = outer.child_by_field_name("right")
    literal = text_of(other).strip("()").rstrip("uUlL") if other is not None else ""
    try:
        return text_of(operator) in ("&", "%") and int(literal, 0) <= _LARGEST_ALIGNMENT
    except ValueError:
        return False


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
