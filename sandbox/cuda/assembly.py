"""Inline PTX as C++: statements whose instructions all are in the table below. Whatever else is in one is refused by name.

Each instruction becomes an assignment, in order. Not covered: registers of its own, predicates, labels, carries, and matrices.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hpcraft.sandbox.cuda.lexer import Kind
from hpcraft.sandbox.cuda.scopes import Structure
from hpcraft.sandbox.cuda.stream import Stream

_NS = "::hpcraft_cuda::assembly"
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("u8", "b8"), "unsigned char"),
    "s8": "signed char",
    **dict.fromkeys(("u16", "b16"), "unsigned short"),
    "s16": "short",
    **dict.fromkeys(("u32", "b32"), "unsigned int"),
    "s32": "int",
    **dict.fromkeys(("u64", "b64"), "unsigned long long"),
    "s64": "long long",
    "f32": "float",
    "f64": "double",
}
_REGISTERS: Mapping[str, str] = {
    **{
        f"%{what}.{axis}": f"{name}.{axis}"
        for what, name in zip(("tid", "ntid", "ctaid", "nctaid"), ("threadIdx", "blockDim", "blockIdx", "gridDim"), strict=True)
        for axis in "xyz"
    },
    "%laneid": "::hpcraft_cuda::lane()",
    "%warpid": "(::hpcraft_cuda::linear_thread() / 32)",
    "%nwarpid": "((blockDim.x * blockDim.y * blockDim.z + 31) / 32)",
    "%lanemask_eq": "::hpcraft_cuda::lane_bit()",
    "%lanemask_lt": "(::hpcraft_cuda::lane_bit() - 1)",
    "%lanemask_le": "(2 * ::hpcraft_cuda::lane_bit() - 1)",
    "%lanemask_gt": "~(2 * ::hpcraft_cuda::lane_bit() - 1)",
    "%lanemask_ge": "~(::hpcraft_cuda::lane_bit() - 1)",
    "%smid": f"{_NS}::processor()",
    "%nsmid": f"{_NS}::PROCESSORS",
    "%clock": "static_cast<unsigned int>(clock64())",
    "%clock64": "clock64()",
    "%globaltimer": f"{_NS}::nanoseconds()",
    "%dynamic_smem_size": "static_cast<unsigned int>(::hpcraft_cuda::current.dynamic_bytes)",
}
_ROUNDING = r"(?:\.(?:rn|rni|approx|full|ftz))*"
_INTEGER, _ANY, _FLOAT = r"\.([sub](?:16|32|64))", r"\.([subf](?:16|32|64))", r"\.(f32|f64)"
_CACHES = r"(?:\.(?:volatile|relaxed|weak|acquire|release|gpu|cta|sys|ca|cg|cs|lu|cv|wb|wt|nc))*"
_VALUES: Sequence[tuple[str, int, str]] = (
    # instruction, operands, expression: {t} is the type, {w} the type of its bits
    (rf"mov{_ANY}", 1, "static_cast<{t}>({0})"),
    (rf"(?:add|add{_ROUNDING}){_ANY}", 2, f"{_NS}::add<{{t}}>({{0}}, {{1}})"),
    (rf"(?:sub|sub{_ROUNDING}){_ANY}", 2, f"{_NS}::subtract<{{t}}>({{0}}, {{1}})"),
    (rf"mul\.lo{_INTEGER}|mul{_ROUNDING}{_FLOAT}", 2, f"{_NS}::multiply<{{t}}>({{0}}, {{1}})"),
    (rf"mad\.lo{_INTEGER}", 3, f"{_NS}::add<{{t}}>({_NS}::multiply<{{t}}>({{0}}, {{1}}), {{2}})"),
    (r"mul\.wide\.([su]32)", 2, f"{_NS}::wide<{{t}}>({{0}}, {{1}})"),
    (r"mad\.wide\.([su]32)", 3, f"{_NS}::wide<{{t}}>({{0}}, {{1}}) + ({{2}})"),
    (r"mul\.hi\.([su](?:32|64))", 2, f"{_NS}::high<{{t}}>({{0}}, {{1}})"),
    (r"mad\.hi\.([su](?:32|64))", 3, f"{_NS}::add<{{t}}>({_NS}::high<{{t}}>({{0}}, {{1}}), {{2}})"),
    (rf"fma{_ROUNDING}{_FLOAT}", 3, "std::fma(static_cast<{t}>({0}), static_cast<{t}>({1}), static_cast<{t}>({2}))"),
    (rf"div{_ROUNDING}{_FLOAT}", 2, "static_cast<{t}>({0}) / static_cast<{t}>({1})"),
    (rf"rcp{_ROUNDING}{_FLOAT}", 1, "{t}(1) / static_cast<{t}>({0})"),
    (rf"sqrt{_ROUNDING}{_FLOAT}", 1, "std::sqrt(static_cast<{t}>({0}))"),
    (rf"rsqrt{_ROUNDING}{_FLOAT}", 1, "{t}(1) / std::sqrt(static_cast<{t}>({0}))"),
    (rf"ex2{_ROUNDING}{_FLOAT}", 1, "std::exp2(static_cast<{t}>({0}))"),
    (rf"lg2{_ROUNDING}{_FLOAT}", 1, "std::log2(static_cast<{t}>({0}))"),
    (rf"sin{_ROUNDING}{_FLOAT}", 1, "std::sin(static_cast<{t}>({0}))"),
    (rf"cos{_ROUNDING}{_FLOAT}", 1, "std::cos(static_cast<{t}>({0}))"),
    (rf"tanh{_ROUNDING}{_FLOAT}", 1, "std::tanh(static_cast<{t}>({0}))"),
    (rf"min(?:\.ftz)?{_ANY}", 2, f"{_NS}::least<{{t}}>({{0}}, {{1}})"),
    (rf"max(?:\.ftz)?{_ANY}", 2, f"{_NS}::greatest<{{t}}>({{0}}, {{1}})"),
    (rf"and{_INTEGER}", 2, "static_cast<{t}>({0}) & static_cast<{t}>({1})"),
    (rf"or{_INTEGER}", 2, "static_cast<{t}>({0}) | static_cast<{t}>({1})"),
    (rf"xor{_INTEGER}", 2, "static_cast<{t}>({0}) ^ static_cast<{t}>({1})"),
    (rf"not{_INTEGER}", 1, "~static_cast<{t}>({0})"),
    (rf"shl{_INTEGER}", 2, f"{_NS}::left<{{t}}>({{0}}, {{1}})"),
    (rf"shr{_INTEGER}", 2, f"{_NS}::right<{{t}}>({{0}}, {{1}})"),
    (r"popc\.(b32|b64)", 1, "__builtin_popcountll(static_cast<{t}>({0}))"),
    (r"clz\.(b32)", 1, "__clz(static_cast<int>({0}))"),
    (r"clz\.(b64)", 1, "__clzll(static_cast<long long>({0}))"),
    (r"brev\.(b32)", 1, "__brev({0})"),
    (r"brev\.(b64)", 1, "__brevll({0})"),
    (r"bfe\.([su](?:32|64))", 3, f"{_NS}::extracted<{{t}}>({{0}}, {{1}}, {{2}})"),
    (r"bfi\.(b32|b64)", 4, f"{_NS}::inserted<{{t}}>({{0}}, {{1}}, {{2}}, {{3}})"),
    (r"bfind\.([su](?:32|64))", 1, f"{_NS}::leading<{{t}}>({{0}})"),
    (r"lop3\.(b32)", 4, f"{_NS}::logic({{0}}, {{1}}, {{2}}, {{3}})"),
    (r"prmt\.(b32)", 3, "__byte_perm({0}, {1}, {2})"),
    (r"shf\.l\.wrap\.(b32)", 3, "__funnelshift_l({0}, {1}, {2})"),
    (r"shf\.r\.wrap\.(b32)", 3, "__funnelshift_r({0}, {1}, {2})"),
    (r"shf\.l\.clamp\.(b32)", 3, "__funnelshift_lc({0}, {1}, {2})"),
    (r"shf\.r\.clamp\.(b32)", 3, "__funnelshift_rc({0}, {1}, {2})"),
    (r"sad\.(u32)", 3, "__usad({0}, {1}, {2})"),
    (r"vabsdiff4\.(u32)\.u32\.u32\.add", 3, "__vsadu4({0}, {1}) + ({2})"),
    (r"dp4a\.u32\.(u32)", 3, "__dp4a(static_cast<{t}>({0}), static_cast<{t}>({1}), static_cast<{t}>({2}))"),
    (r"dp4a\.s32\.(s32)", 3, "__dp4a(static_cast<{t}>({0}), static_cast<{t}>({1}), static_cast<{t}>({2}))"),
    (rf"ld{_CACHES}(?:\.global)?{_CACHES}\.([subf](?:8|16|32|64))", 1, f"{_NS}::load<{{t}}>({{0}})"),
    (
        rf"atom{_CACHES}(?:\.global)?{_CACHES}\.add\.(u32|s32|u64|f32|f64)",
        2,
        f"atomicAdd({_NS}::at<{{t}}>({{0}}), static_cast<{{t}}>({{1}}))",
    ),
    (rf"atom{_CACHES}(?:\.global)?{_CACHES}\.exch\.(b32|b64)", 2, f"atomicExch({_NS}::at<{{t}}>({{0}}), static_cast<{{t}}>({{1}}))"),
)
_ACTIONS: Sequence[tuple[str, int, str]] = (
    (rf"st{_CACHES}(?:\.global)?{_CACHES}\.([subf](?:8|16|32|64))", 2, f"{_NS}::store<{{t}}>({{0}}, {{1}})"),
    (
        rf"red{_CACHES}(?:\.global)?{_CACHES}\.add\.(u32|s32|u64|f32|f64)",
        2,
        f"atomicAdd({_NS}::at<{{t}}>({{0}}), static_cast<{{t}}>({{1}}))",
    ),
    (r"membar\.(?:cta|gl|sys)|fence(?:\.\w+)*", 0, "__threadfence()"),
    (r"bar\.warp\.sync", 1, "__syncwarp({0})"),
    (r"prefetch(?:\.\w+)*", 1, "static_cast<void>({0})"),
    (r"trap", 0, "__trap()"),
    (r"nanosleep\.u32", 1, "__nanosleep({0})"),
)
_OPERAND = re.compile(r"%(\d+)")
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+)[uU]?")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Operands:
    outputs: Sequence[str]
    inputs: Sequence[str]


_WORDS = ("asm", "__asm__", "__asm")


def statements(stream: Stream, found: Structure | None) -> Iterator[int]:
    """Where PTX stands: in functions of the device, or anywhere without a structure. Without a word in it, it is only a fence for compilers."""
    for at in range(len(stream)):
        if stream[at] in _WORDS and not (found and found.device_body(at) is None):
            opened = _opened(stream, at)
            if stream[opened] == "(" and stream[opened + 1] != '""':
                yield at


def is_known(stream: Stream, at: int) -> bool:
    """Whether `rewrite` can put C++ in its place."""
    return _translated(stream, at) is not None


def rewrite(stream: Stream, at: int) -> None:
    """Put C++ in the place of a statement that is known."""
    text = _translated(stream, at)
    if text is not None:
        stream.remove(at, (stream.partner(_opened(stream, at)) or at) + 1)
        stream.before(at, text)


def _opened(stream: Stream, at: int) -> int:
    opened = at + 1
    while stream[opened] in ("volatile", "__volatile__", "goto", "inline"):
        opened += 1
    return opened


def _translated(stream: Stream, at: int) -> str | None:
    opened = _opened(stream, at)
    close = stream.partner(opened)
    if close is None or stream[close + 1] not in (";", ""):
        return None
    parts = _parts(stream, opened + 1, close)
    template, operands = _template(stream, *parts[0]), _operands(stream, parts[1:])
    if template is None or operands is None:
        return None
    made = [_instruction(words, operands) for words in re.split(r"[;\n]", template) if words.strip()]
    if not made or any(line is None for line in made):
        return None
    inputs = "".join(f"const auto hpcraft_{number} = ({text}); " for number, text in enumerate(operands.inputs))
    return f"do {{ {inputs}{' '.join(line for line in made if line)} }} while (0)"


def _parts(stream: Stream, begin: int, end: int) -> list[tuple[int, int]]:
    parts: list[tuple[int, int]] = []
    start = at = begin
    while at < end:
        if stream[at] in (":", "::"):
            parts.append((start, at))
            if stream[at] == "::":
                parts.append((at, at))
            start = at + 1
        at = stream.skip(at)
    return [*parts, (start, end)]


def _template(stream: Stream, begin: int, end: int) -> str | None:
    if begin >= end or any(stream.kind(at) is not Kind.STRING for at in range(begin, end)):
        return None
    try:
        text = "".join(ast.literal_eval(stream[at]) for at in range(begin, end))
    except (ValueError, SyntaxError):
        return None
    text = re.sub(r"//[^\n]*", "", text).replace("%%", "%").strip()
    return text[1:-1] if text.startswith("{") and text.endswith("}") else text


def _operands(stream: Stream, parts: Sequence[tuple[int, int]]) -> _Operands | None:
    found: list[list[str]] = []
    for begin, end in parts[:2]:
        operands: list[str] = []
        for start, stop in stream.split(begin, end):
            if stream.kind(start) is not Kind.STRING or stream[start + 1] != "(" or stream.partner(start + 1) != stop - 1:
                return None
            operands.append(stream.flat(start + 2, stop - 1))
        found.append(operands)
    outputs, inputs = [*found, [], []][:2]
    return _Operands(outputs=outputs, inputs=inputs)


def _instruction(words: str, operands: _Operands) -> str | None:
    name, _, rest = words.strip().partition(" ")
    given = [word.strip() for word in rest.split(",")] if rest.strip() else []
    if name in ("bar.sync", "barrier.sync") and given == ["0"]:
        return "__syncthreads();"
    if (line := _found(_ACTIONS, name, given, lambda word: _read(word, operands))) is not None:
        return f"{line};"
    target = _OPERAND.fullmatch(given[0]) if given else None
    if target is None or int(target[1]) >= len(operands.outputs):
        return None
    line = _found(_VALUES, name, given[1:], lambda word: _read(word, operands))
    return None if line is None else f"({operands.outputs[int(target[1])]}) = {line};"


def _found(table: Sequence[tuple[str, int, str]], name: str, given: Sequence[str], read: Callable[[str], str | None]) -> str | None:
    for pattern, count, expression in table:
        found = re.fullmatch(pattern, name)
        if not found or count != len(given):
            continue
        values = [read(word) for word in given]
        if any(value is None for value in values):
            return None
        kind = next((group for group in found.groups() if group), "u32")
        return expression.format(*values, t=_TYPES.get(kind, "unsigned int"))
    return None


def _read(word: str, operands: _Operands) -> str | None:
    """An operand as an expression; addresses stand in brackets."""
    if word.startswith("[") and word.endswith("]"):
        base, _, offset = word[1:-1].partition("+")
        inner = _read(base.strip(), operands)
        return inner if inner is None or not offset else f"{_NS}::moved({inner}, {offset})" if _NUMBER.fullmatch(offset.strip()) else None
    if found := _OPERAND.fullmatch(word):
        number = int(found[1]) - len(operands.outputs)
        if number < 0:
            return f"({operands.outputs[int(found[1])]})"
        return f"hpcraft_{number}" if number < len(operands.inputs) else None
    return _REGISTERS.get(word) or (word if _NUMBER.fullmatch(word) else None)
