"""Lexer shingles of a text after renaming: what near duplicates are compared by.

A shingle is a run of ``LENGTH`` lexemes. A name that isn't a keyword of the language or part of a parallel API counts as the distance
back to the same name within the shingle, so renaming changes nothing while ``x = x + y`` and ``x = y + x`` still differ; numbers and
strings count as their kind alone, and included files don't count. The n-th occurrence of a shingle is a feature of its own, so the
Jaccard similarity of two feature sets is that of the multisets of their shingles (Baker's parametrised matching, made local; type-2
clones have similarity 1). A text with fewer than ``FEW`` different shingles, such as a list of definitions, is told by its names too.

Not covered: clones whose statements are all reordered, macros that hide code.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpcraft.store import sha256_bytes

Features = NDArray[np.uint32]
"""Sorted, each once; 32 bits are plenty to tell the shingles of two texts apart."""

LENGTH = 5
FEW = 30
"""A text with fewer different shingles after renaming says too little by its form: its names count as they are."""

_LEXEME = re.compile(r"[A-Za-z_]\w*|\.?\d(?:[eEdDpP][+-]|[\w.])*|[^\w\s]")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*", re.MULTILINE)
# The letter after a prefix counts: `cuMemAlloc` and `mpi_send` are, `cutoff` and `accumulate` aren't.
_API = re.compile(
    r"P?MPI(?:_|\Z)|p?mpi(?:_|\Z)|omp_|OMP_|acc_|ACC_|cl(?:[A-Z]|_\w+_t\Z)|CL_|cuda(?:_|[A-Z])|CUDA|cu(?:[A-Z]|blas|dnn|fft|rand|solver|sparse)|CU_|"
    r"hip(?:_|[A-Z]|blas|fft|rand|sparse)|HIP|Kokkos|KOKKOS|sycl|__\w+__\Z"
)
_C_WORDS = (
    "alignas alignof asm auto bool break case catch char class const constexpr const_cast continue decltype default delete do double "
    "dynamic_cast else enum explicit extern false float for friend goto if inline int long mutable namespace new noexcept nullptr "
    "operator private protected public register reinterpret_cast restrict return short signed sizeof static static_assert "
    "static_cast struct switch template this throw true try typedef typeid typename union unsigned using virtual void volatile while "
    "define elif endif error ifdef ifndef pragma undef "
    # directives, but for words that are names too, such as acc, shared and map
    "omp simd firstprivate lastprivate reduction collapse nowait num_threads taskloop taskwait copyin copyout"
)
_FORTRAN_WORDS = (
    "allocatable allocate assign associate backspace block blockdata call character class close common complex concurrent contains "
    "cycle data deallocate dimension doubleprecision elemental elseif elsewhere end enddo endfile endforall endfunction endif "
    "endinterface endmodule endprogram endselect endsubroutine endtype endwhere entry equivalence exit external final forall format "
    "function generic implicit import in inout inquire integer intent interface intrinsic kind logical module namelist none nopass "
    "nullify only open optional out parameter pass pause pointer precision print procedure program protected pure read real "
    "recursive result return rewind save select sequence stop submodule subroutine target then to type use value volatile where "
    "write if else do while case default double public private and or not eq ne lt le gt ge eqv neqv true false "
    "define elif ifdef ifndef undef "
    "omp acc parallel simd teams distribute sections section single master masked task taskloop taskwait barrier critical atomic flush "
    "ordered schedule dynamic guided runtime reduction firstprivate lastprivate shared collapse nowait num_threads map declare loop "
    "kernels gang worker vector copyin copyout create present update wait async"
)
_NUMBER, _STRING = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_NAME = np.uint64(0x165667B19E3779F9)
_STEP, _MIX, _OCCURRENCE = np.uint64(0x100000001B3), np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xD6E8FEB86659FD93)
_NAME_BIT = 1 << 63
_MAX_KNOWN = 1 << 20


class _Words(dict[str, int]):
    """Lexeme to a number: its hash, with the top bit set for a name."""

    def __init__(self, keywords: frozenset[str]) -> None:
        super().__init__()
        self._keywords = keywords

    def __missing__(self, word: str) -> int:
        first = word[0]
        if first.isdigit() or (first == "." and len(word) > 1):
            code = int(_NUMBER) >> 1
        elif first in "\"'":
            code = int(_STRING) >> 1
        elif (first.isalpha() or first == "_") and word not in self._keywords and not _API.match(word):
            code = _NAME_BIT | zlib.crc32(word.encode())
        else:
            code = _fixed(word)
        self[word] = code
        return code


_c_words, _fortran_words = _Words(frozenset(_C_WORDS.split())), _Words(frozenset(_FORTRAN_WORDS.split()))


class Traits(NamedTuple):
    """What documents are compared by."""

    features: Features
    """Shingles after renaming."""
    names: Features
    """Hashes of the names as they are."""


def traits(language: str, code: str) -> Traits:
    """The features and the names of a text.

    Args:
        language: a `hpcraft.records.Language`; Fortran's case and continuation signs don't count.
        code: the text without comments, its strings empty, as `hpcraft.data.comments` leaves it.
    """
    words = _c_words
    if language == "fortran":
        code, words = code.lower().replace("&", " "), _fortran_words
    if len(words) > _MAX_KNOWN:
        words.clear()
    lexemes = _LEXEME.findall(_INCLUDE.sub("", code) if "include" in code else code)
    codes = np.fromiter(map(words.__getitem__, lexemes), np.uint64, len(lexemes))
    is_name = codes >= np.uint64(_NAME_BIT)
    names = np.sort(codes[is_name].astype(np.uint32))
    hashes = np.sort(_hashes(codes))
    starts = _starts(hashes)
    if len(starts) < FEW:
        at = np.flatnonzero(is_name)
        codes[at] = [_fixed(lexemes[name]) for name in at]
        hashes = np.sort(_hashes(codes))
        starts = _starts(hashes)
    return Traits(_numbered(hashes, starts), names[_starts(names)])


def features(language: str, code: str) -> Features:
    """The features alone, as `traits` gives them."""
    return traits(language, code).features


def _fixed(word: str) -> int:
    return int(sha256_bytes(word.encode())[:15], 16)


def jaccard(one: Features, other: Features) -> float:
    """Jaccard similarity of two feature sets, 1 for two empty ones."""
    if not len(one) and not len(other):
        return 1.0
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


def _hashes(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One hash for each shingle, in the order of the text; one for all of a text that is shorter than a shingle."""
    if not len(codes):
        return codes
    is_name = codes >= np.uint64(_NAME_BIT)
    back = _distance_back(codes)
    length = min(LENGTH, len(codes))
    num = len(codes) - length + 1
    hashes = np.zeros(num, np.uint64)
    for place in range(length):
        part = slice(place, place + num)
        near = np.where(back[part] <= place, back[part], 0).astype(np.uint64)
        hashes = (hashes ^ np.where(is_name[part], _NAME + near, codes[part])) * _STEP
        hashes ^= hashes >> np.uint64(29)
    return hashes * _MIX


def _distance_back(codes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How far before each lexeme the same one stands; ``len(codes)`` for none."""
    order = np.argsort(codes, kind="stable")
    same = codes[order[1:]] == codes[order[:-1]]
    back = np.full(len(codes), len(codes), np.int64)
    back[order[1:][same]] = (order[1:] - order[:-1])[same]
    return back


def _starts(hashes: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.int64]:
    """Where each value begins in a sorted array."""
    if not len(hashes):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))


def _numbered(hashes: NDArray[np.uint64], starts: NDArray[np.int64]) -> Features:
    """Equal hashes, which lie side by side, made distinct by counting them."""
    occurrence = np.arange(len(hashes)) - np.repeat(starts, np.diff(np.append(starts, len(hashes))))
    mixed = (hashes + occurrence.astype(np.uint64) * _OCCURRENCE) * _MIX
    found = np.sort((mixed >> np.uint64(32)).astype(np.uint32))
    return found[np.concatenate([[True], found[1:] != found[:-1]])] if len(found) else found
