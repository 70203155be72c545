"""Spoiled program text: one file's bytes after a few random mutations, for `benchmarks/tokenizer_fuzz.py`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_LONGEST = 20_000
"""Of most inputs, so that many are tried; see `_whole`."""
_MOST_MUTATIONS = 6
_ODD = (
    *(
        b"\0",
        b"\r",
        b"\r\n",
        b"\t",
        b"\f",
        b"\v",
        b"\x1a",
        b"\x7f",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xf0\x9f\x98\x80",
    ),
    *("\u00e9", "\u2028", "\u0085", "\u0301", "\ufeff", "\u4e2d", "\u0130", "\u00df", "\U0001d4d0", "v\u0660"),
    *(
        "\\",
        "\\\n",
        "\\\r\n",
        '"',
        "'",
        '"""',
        "/*",
        "*/",
        "//",
        'R"x(',
        ')x"',
        "`",
        "$",
        "@",
        "??/\n",
        "<%",
        "%:",
        "<<<",
        ">>>",
        "##",
        "#",
    ),
    *("{", "}", "(", ")", "[", "]", "<", ">", ";", ":", "::", "&", "!", "%", "~", "=", ",", ".", "->", "..."),
    *("v0", "f1", "v00", "t2", "m3", "l4", "d5", "w0", "g7", "V0", "F1", "v18446744073709551616", "_v1", "v1_"),
    *("0x", "1e", "1.e+", "0b12", "1'0", "1_8", ".5.", "4hABCD", "z'ff'", "1d0_", "1..2"),
    *("<0x0A>", "<|endoftext|>", "<s>", "\u2581", "\u0120"),
)
_LINES = (
    *(
        "#if 0",
        "#ifdef X",
        "#else",
        "#elif defined(v0)",
        "#endif",
        "#define f(x) x##_t #x",
        "#define main(",
        "#define",
        "#undef v0",
        "#include",
    ),
    *("#pragma omp parallel for private(i) reduction(+:s", "#pragma", "#error don't", '# 1 "x.c"', '_Pragma("omp parallel")'),
    *(
        "!$omp parallel do private(i",
        "!$acc loop",
        "c$omp end do",
        "!$ x = 1",
        "      do 10 i = 1, n",
        "     &  + 1",
        "10    continue",
        "c comment",
    ),
    *("      common /v0/ a, b", "      call f(a,", "&", "  & x", "end", "contains", "include 'x.h'", "      x = 'it''s"),
    *(
        "struct v0 { int v0; } v0;",
        "typedef v0 v0;",
        "template <class T> struct",
        "goto v0; v0:",
        "int f(a) int a; {",
        'asm("%0" : "=r"(v0));',
    ),
    *("using namespace v0;", "k<<<1, 2>>>(x);", 'extern "C" {', "case v0:", "enum { v0, v1 = v0 };"),
)


def mutated(rng: random.Random, pool: Sequence[str], place: int) -> bytes:
    """The file at ``place`` of a pool of texts, spoiled."""
    data = _part(rng, pool[place].encode())
    for _ in range(rng.randint(1, _MOST_MUTATIONS)):
        data = rng.choice(_MUTATIONS)(rng, data, pool)
    return data


def _part(rng: random.Random, data: bytes) -> bytes:
    """A piece of a long file, mostly."""
    if len(data) <= _LONGEST or rng.random() < 0.02:
        return data
    begin = rng.randrange(len(data) - _LONGEST)
    return data[begin : begin + _LONGEST]


def _at(rng: random.Random, data: bytes) -> int:
    """A place, half of the time the begin of a line."""
    at = rng.randint(0, len(data))
    return data.find(b"\n", at) + 1 if rng.random() < 0.5 else at


def _truncate(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] if rng.random() < 0.7 else data[at:]


def _delete(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    at = _at(rng, data)
    return data[:at] + data[at + rng.choice((1, 2, 7, 40, 400)) :]


def _repeat(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    at = _at(rng, data)
    return data[:at] + data[at : at + rng.choice((1, 9, 80))] * rng.choice((2, 3, 200)) + data[at:]


def _splice(rng: random.Random, data: bytes, pool: Sequence[str]) -> bytes:
    other = rng.choice(pool).encode()
    begin, at = _at(rng, other), _at(rng, data)
    return data[:at] + other[begin : begin + rng.choice((20, 200, 2000))] + data[at:]


def _odd(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    for _ in range(rng.choice((1, 1, 3, 20))):
        piece = rng.choice(_ODD)
        at = _at(rng, data)
        data = data[:at] + (piece if isinstance(piece, bytes) else piece.encode()) + data[at + rng.choice((0, 0, 1)) :]
    return data


def _line(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    for _ in range(rng.choice((1, 2, 5))):
        at = data.find(b"\n", rng.randint(0, len(data))) + 1
        data = data[:at] + rng.choice(_LINES).encode() + rng.choice((b"\n", b"\n", b"\r\n", b"")) + data[at:]
    return data


def _bytes(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 4, 50)) if spoiled else 0):
        spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


def _line_ends(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    new = rng.choice((b"\r\n", b"\r", b"\n\n", b" ", b"\\\n", b"&\n"))
    if rng.random() < 0.5:
        return data.replace(b"\n", new)
    return b"".join(line + (new if rng.random() < 0.1 else b"\n") for line in data.split(b"\n"))


def _blanks(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    old, new = rng.choice(((b"      ", b"\t"), (b"    ", b"\t"), (b" ", b""), (b" ", b"\t "), (b"\t", b"        "), (b"\n", b"\n      ")))
    return data.replace(old, new, rng.choice((-1, 3)))


def _swap_case(_rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    return data.swapcase()


def _swap_lines(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    lines = data.split(b"\n")
    for _ in range(5):
        one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _nest(rng: random.Random, data: bytes, _pool: Sequence[str]) -> bytes:
    opening, closing = rng.choice(
        ((b"(", b")"), (b"{", b"}"), (b"[", b"]"), (b"<", b">"), (b"#if X\n", b"#endif\n"), (b"do\n", b"end do\n"), (b"/*", b"*/"))
    )
    depth, at = rng.choice((3, 50, 3000)), _at(rng, data)
    return data[:at] + opening * depth + data[at : at + 50] + closing * rng.choice((0, depth, depth - 1)) + data[at + 50 :]


_MUTATIONS: tuple[Callable[[random.Random, bytes, Sequence[str]], bytes], ...] = (
    *(_truncate, _delete, _delete, _repeat, _splice, _splice, _odd, _odd, _odd, _line, _line, _bytes),
    *(_line_ends, _blanks, _swap_case, _swap_lines, _nest),
)
