"""Lexer shingles of a text after renaming: what near duplicates are compared by.

A shingle is a run of ``LENGTH`` lexemes. A name that isn't a keyword or part of a parallel API counts as the distance back to the
same name within the shingle, so renaming changes nothing while ``a[i] = b[i]`` and ``a[i] = a[j]`` still differ; numbers and
strings count as their kind alone. The n-th occurrence of a shingle is a feature of its own, so the Jaccard similarity of two feature
sets is that of the multisets of their shingles (Baker's parametrised matching, made local; type-2 clones have similarity 1).

Not covered: clones whose statements are all reordered, macros that hide code.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from hpcraft.store import sha256_bytes

Features = NDArray[np.uint32]
"""Sorted, each once; 32 bits are plenty to tell the shingles of two texts apart."""

LENGTH = 5

_LEXEME = re.compile(r"[A-Za-z_]\w*|\.?\d(?:[eEdDpP][+-]|[\w.])*|[^\w\s]")
_API = re.compile(r"(P?MPI|omp|acc|cuda|hip|cl|cu|Kokkos|sycl)(_|[A-Z]|\Z)|__\w+__\Z", re.IGNORECASE)
_KEYWORDS = frozenset(
    (
        # C, C++ and CUDA
        "alignas alignof asm auto bool break case catch char class const constexpr const_cast continue decltype default delete do double "
        "dynamic_cast else enum explicit extern false float for friend goto if inline int long mutable namespace new noexcept nullptr "
        "operator private protected public register reinterpret_cast restrict return short signed sizeof static static_assert "
        "static_cast struct switch template this throw true try typedef typeid typename union unsigned using virtual void volatile while "
        "define elif endif error ifdef ifndef include pragma undef "
        # Fortran
        "allocatable allocate assign associate backspace block blockdata call character class close common complex concurrent contains "
        "cycle data deallocate dimension doubleprecision elemental elseif elsewhere end enddo endfile endforall endfunction endif "
        "endinterface endmodule endprogram endselect endsubroutine endtype endwhere entry equivalence exit external final forall format "
        "function generic implicit import in inout inquire integer intent interface intrinsic kind logical module namelist none nopass "
        "nullify only open optional out parameter pass pause pointer precision print procedure program protected pure read real "
        "recursive result return rewind save select sequence stop submodule subroutine target then to type use value volatile where "
        "write and or not eq ne lt le gt ge eqv neqv "
        # directives
        "omp acc parallel simd teams distribute sections section single master masked task taskloop taskwait barrier critical atomic flush "
        "ordered schedule dynamic guided runtime reduction firstprivate lastprivate shared collapse nowait num_threads map declare loop "
        "kernels gang worker vector copyin copyout create present update wait async"
    ).split()
)
_NUMBER, _STRING = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_NAME = np.uint64(0x165667B19E3779F9)
_STEP, _MIX, _OCCURRENCE = np.uint64(0x100000001B3), np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xD6E8FEB86659FD93)
_NAME_BIT = 1 << 63
_MAX_KNOWN = 1 << 20


class _Words(dict[str, int]):
    """Lexeme to a number: the hash of a fixed lexeme, or a serial number with the top bit set for a name."""

    def __missing__(self, word: str) -> int:
        first = word[0]
        if first.isdigit() or (first == "." and len(word) > 1):
            code = int(_NUMBER) >> 1
        elif first in "\"'":
            code = int(_STRING) >> 1
        elif (first.isalpha() or first == "_") and not self._is_fixed(word):
            code = _NAME_BIT | len(self)
        else:
            code = int(sha256_bytes(word.encode())[:15], 16)
        self[word] = code
        return code

    @staticmethod
    def _is_fixed(word: str) -> bool:
        return word.lower() in _KEYWORDS or bool(_API.match(word))


_words = _Words()


def features(language: str, code: str) -> Features:
    """The features of a text.

    Args:
        language: a `hpcraft.records.Language`; Fortran's case and continuation signs don't count.
        code: the text without comments, its strings empty, as `hpcraft.data.comments` leaves it.
    """
    if language == "fortran":
        code = code.lower().replace("&", " ")
    if len(_words) > _MAX_KNOWN:
        _words.clear()  # numbers of names are compared within one text alone
    lexemes = _LEXEME.findall(code)
    return _numbered(_hashes(np.fromiter(map(_words.__getitem__, lexemes), np.uint64, len(lexemes))))


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


def _numbered(hashes: NDArray[np.uint64]) -> Features:
    """Equal hashes made distinct by counting them."""
    hashes = np.sort(hashes)
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]]) if len(hashes) else np.zeros(0, np.int64)
    occurrence = np.arange(len(hashes)) - np.repeat(starts, np.diff(np.r_[starts, len(hashes)]))
    mixed = (hashes + occurrence.astype(np.uint64) * _OCCURRENCE) * _MIX
    features = np.sort((mixed >> np.uint64(32)).astype(np.uint32))
    return features[np.r_[True, features[1:] != features[:-1]]] if len(features) else features
