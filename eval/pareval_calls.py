"""Calls of ParEval's functions from outside: raw buffers on our side, ``std::vector`` on the answer's.

Theory of operation. A shim in C++ stands beside the answer in a translation unit of its own; it makes vectors of raw buffers, calls, and
copies back what the function may write. The inputs are those of the checkout's driver: its ``validate`` is compiled, in a box of its own,
with a function in the answer's place that writes its arguments down, does the work by the checkout's baseline, and writes them down
again. So inputs, sizes and the meaning of the problem are the driver's; the seed, the comparison and the verdict are ours.

Not covered: vectors whose length the function changes, and those of types that aren't plain bytes.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpcraft import sandbox
from hpcraft.errors import InputError, MachineError
from hpcraft.eval.pareval import Problem, correct_name
from hpcraft.sandbox.abi import DTYPES, Argument, Array, Signature
from hpcraft.sandbox.outcome import Job, Limits, Run, Verdict

ENTRY = "hpcraft_entry"
HEADERS = "".join(
    f"#include <{h}>\n"
    for h in (
        "algorithm", "array", "cassert", "cfloat", "climits", "cmath", "complex", "cstdint", "cstdlib", "cstring", "deque", "functional",
        "iostream", "limits", "map", "numeric", "queue", "set", "stack", "string", "tuple", "type_traits", "unordered_map", "unordered_set",
        "utility", "vector",
    )
)  # fmt: skip
"""What answers may take for granted, as the checkout's driver includes most of the library ahead of them."""
_OUT, _MAGIC = "calls.bin", 0x31434550
_LIMITS = Limits(wall_seconds=60.0, disk_mb=512)
_PARAMETER = re.compile(r"^(?P<type>.+?)\s*(?P<const>\bconst\b)?\s*(?P<ref>&)?\s*(?P<name>\w+)$")
_VECTOR = re.compile(r"^std::(?:vector<(?P<item>.+)>|array<(?P<each>.+),\s*(?P<length>\d+)>)$")
_EPSILON = re.compile(r"\bfequal\s*\([^;]*?,\s*([0-9.eE+-]+)\s*\)")
_TEST_SIZE = re.compile(r"\bconst size_t TEST_SIZE = [^;]+;")
_MOST_ATTEMPTS = 4
_SMALL = 64
"""A size beside the driver's own; a power of two, as some functions (Fourier transforms) are defined for no other."""
_COMPLEX = "std::complex<double>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One parameter of the prompt's signature."""

    name: str
    item: str
    """Type of a scalar, or of the elements."""
    container: str
    """The container's type; empty for a scalar."""
    const: bool

    @property
    def raw(self) -> str:
        """Type of the buffer's elements in C."""
        if self.item == "bool" and self.container:
            return "uint8_t"
        if self.item == _COMPLEX:
            return "double"
        return self.item if self.item in DTYPES else "uint8_t"

    @property
    def plain(self) -> bool:
        """Whether the buffer holds the elements' own numbers."""
        return self.item in DTYPES or self.item == _COMPLEX


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """One call of the driver's."""

    arguments: tuple[Argument, ...]
    """As `entry_signature` has them."""
    arrays: tuple[Array, ...]
    value: Array


def slots(problem: Problem) -> tuple[Slot, ...]:
    """The parameters.

    Raises:
        InputError: one of a form that can't be called from outside.
    """
    if "*" in problem.structs or "std::" in problem.structs:
        raise InputError(f"{problem.name}: its structs hold pointers or objects")
    return tuple(_slot(problem, text.strip()) for text in re.split(r",(?![^<]*>)", problem.parameters))


def _slot(problem: Problem, text: str) -> Slot:
    match = _PARAMETER.match(text)
    kind = match["type"].strip() if match else ""
    const = bool(match and match["const"]) or kind.startswith("const ")
    found = _VECTOR.match(kind.removeprefix("const "))
    item = (found["item"] or found["each"]).strip() if found else kind.removeprefix("const ")
    if not match or (not found and (item not in DTYPES or match["ref"])) or "string" in item or "Kokkos" in item or "*" in item:
        raise InputError(f"{problem.name}: parameter {text!r} can't be called from outside")
    slot = Slot(name=match["name"], item=item, container=kind.removeprefix("const ") if found else "", const=const or not found)
    if found and not const and not slot.plain:
        raise InputError(f"{problem.name}: {text!r} writes structs")
    return slot


def entry_signature(problem: Problem) -> Signature:
    """Of the shim: a length and a buffer for each container."""
    if problem.returns != "void" and problem.returns not in DTYPES:
        raise InputError(f"{problem.name}: returns {problem.returns}")
    words = []
    for slot in slots(problem):
        words.append(
            f"size_t n_{slot.name}, {'const ' * slot.const}{slot.raw} *{slot.name}" if slot.container else f"{slot.item} {slot.name}"
        )
    return Signature.parse(f"{problem.returns} {ENTRY}({', '.join(words)})")


def shim(problem: Problem) -> str:
    """The translation unit between the driver and the answer."""
    lines = [HEADERS, problem.structs, f"{problem.returns} {problem.function}({problem.parameters});"]
    lines.append(f'extern "C" {entry_signature(problem).prototype()} {{')
    back = []
    for s in slots(problem):
        if not s.container:
            continue
        lines.append(f"    {s.container} v_{s.name};")
        size = f"n_{s.name} * sizeof({s.raw}) / sizeof({s.item})" if s.item != "bool" else f"n_{s.name}"
        if "array<" not in s.container:
            lines.append(f"    v_{s.name}.resize({size});")
        if s.item == "bool":
            lines.append(f"    for (size_t i = 0; i < n_{s.name}; i++) v_{s.name}[i] = {s.name}[i];")
            back.append(f"    for (size_t i = 0; i < n_{s.name} && i < v_{s.name}.size(); i++) {s.name}[i] = v_{s.name}[i];")
        else:
            lines.append(f"    memcpy((void *)v_{s.name}.data(), {s.name}, n_{s.name} * sizeof({s.raw}));")
            lost = f"    if (v_{s.name}.size() * sizeof({s.item}) != n_{s.name} * sizeof({s.raw})) abort();"
            back += [lost, f"    memcpy({s.name}, v_{s.name}.data(), n_{s.name} * sizeof({s.raw}));"]
        if s.const:
            del back[-1 if s.item == "bool" else -2 :]
    arguments = ", ".join(f"v_{s.name}" if s.container else s.name for s in slots(problem))
    call = f"::{problem.function}({arguments});"
    if problem.returns == "void":
        return "\n".join([*lines, f"    {call}", *back, "}", ""])
    return "\n".join([*lines, f"    {problem.returns} value = {call}", *back, "    return value;", "}", ""])


# ---------------------------------------------------------------- what the driver calls with


def epsilon(problem: Problem) -> float:
    """The absolute difference that the driver allows."""
    found = _EPSILON.search((problem.folder / "cpu.cc").read_text(errors="replace"))
    return float(found[1]) if found else 0.0


@lru_cache(maxsize=8)
def recorded(problem: Problem, seed: int) -> tuple[Recorded, ...]:
    """The driver's calls with inputs from a seed, at its own size and at a small one.

    Raises:
        InputError: the driver can't be built with a recording function in the answer's place.
        MachineError: the sandbox failed.
    """
    signature = entry_signature(problem)
    names = {
        "cpu.cc": problem.folder / "cpu.cc",
        "baseline.hpp": problem.folder / "baseline.hpp",
        "utilities.hpp": problem.drivers / "utilities.hpp",
    }
    missing = next((p for p in names.values() if not p.is_file()), None)
    if missing:
        raise InputError(f"{missing}: missing in the checkout")
    files = {n: p.read_bytes() for n, p in names.items()}
    driver = _TEST_SIZE.sub(lambda m: m[0].replace("= ", "= hpcraft_size ? hpcraft_size : "), files.pop("cpu.cc").decode(errors="replace"))
    sources = {**files, "cpu.inc": driver.encode(), "generated-code.hpp": _recorder(problem).encode(), "main.cpp": _main(seed).encode()}
    flags = ("-O1", "-DUSE_SERIAL", "-DDRIVER_PROBLEM_SIZE=64", f"-DMAX_VALIDATION_ATTEMPTS={_MOST_ATTEMPTS}", "-w")
    with sandbox.build(Job(files=sources, language="cpp", flags=flags)) as build:
        _require(build.outcome.verdict, build.outcome.message)
        if not build.ok:
            words = build.outcome.compile.stderr if build.outcome.compile else ""
            error = next((line for line in words.splitlines() if "error" in line), "no reason given")
            raise InputError(f"{problem.name}: the checkout's driver doesn't build with a recording function: {error.strip():.160}")
        outcome = build.run(Run(collect=(_OUT,), limits=_LIMITS))
    _require(outcome.verdict, outcome.message)
    found = tuple(_read(problem, signature, outcome.outputs.get(_OUT, b"")))
    if not found:
        raise InputError(f"{problem.name}: the checkout's driver made no call that could be recorded")
    return found


def _require(verdict: Verdict, message: str) -> None:
    if verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        raise MachineError(message or f"sandbox: {verdict}")


def _recorder(problem: Problem) -> str:
    """The function in the answer's place."""
    correct = correct_name(problem)
    found = slots(problem)
    puts = "".join(f"    hpcraft_put({s.name});\n" for s in found)
    arguments = ", ".join(s.name for s in found)
    # The baseline may stand behind this, as it uses what the prompt declares.
    before = f"{problem.preamble}\n{problem.returns} {correct}({problem.parameters});\n"
    head = f"{before}{problem.returns} {problem.function}({problem.parameters}) {{\n    hpcraft_begin();\n{puts}"
    if problem.returns == "void":
        return f"{head}    {correct}({arguments});\n    hpcraft_word(0);\n{puts}    hpcraft_end();\n}}\n"
    value = f"    {problem.returns} value = {correct}({arguments});\n    uint64_t raw = 0;\n    memcpy(&raw, &value, sizeof value);\n    hpcraft_word(raw);\n"
    return f"{head}{value}{puts}    hpcraft_end();\n    return value;\n}}\n"


def _main(seed: int) -> str:
    return f"""{HEADERS}
#include <cstdio>
#include <unistd.h>
#include <sys/wait.h>
static size_t hpcraft_size = 0;
static std::string hpcraft_record;
static void hpcraft_word(uint64_t value) {{ hpcraft_record.append((const char *)&value, 8); }}
static void hpcraft_bytes(const void *data, size_t bytes) {{ hpcraft_word(bytes); hpcraft_record.append((const char *)data, bytes); }}
template <class T> static void hpcraft_put(const std::vector<T> &v) {{
    static_assert(std::is_trivially_copyable_v<T> || std::is_same_v<T, std::complex<double>>, "not plain bytes");
    hpcraft_bytes(v.data(), v.size() * sizeof(T));
}}
static void hpcraft_put(const std::vector<bool> &v) {{
    std::string bytes(v.size(), 0);
    for (size_t i = 0; i < v.size(); i++) bytes[i] = v[i];
    hpcraft_bytes(bytes.data(), bytes.size());
}}
template <class T, size_t N> static void hpcraft_put(const std::array<T, N> &v) {{ hpcraft_bytes(v.data(), sizeof v); }}
template <class T> static std::enable_if_t<std::is_arithmetic_v<T>> hpcraft_put(T value) {{
    uint64_t raw = 0;
    memcpy(&raw, &value, sizeof value);
    hpcraft_word(raw);
}}
static void hpcraft_begin() {{ hpcraft_record.clear(); }}
static void hpcraft_end() {{
    FILE *out = fopen("{_OUT}", "ab");
    uint32_t head[2] = {{{_MAGIC}u, (uint32_t)hpcraft_record.size()}};
    fwrite(head, 1, 8, out);
    fwrite(hpcraft_record.data(), 1, hpcraft_record.size(), out);
    fclose(out);
}}
#include "cpu.inc"
int main() {{
    for (size_t size : {{(size_t)0, (size_t){_SMALL}}}) {{
        if (fork() == 0) {{
            alarm(20);
            srand({seed % (1 << 31)}u + (unsigned)size);
            hpcraft_size = size;
            Context *context = init();
            validate(context);
            _exit(0);
        }}
        wait(NULL);
    }}
    return 0;
}}
"""


def _read(problem: Problem, signature: Signature, data: bytes) -> list[Recorded]:
    found: list[Recorded] = []
    at = 0
    while at + 8 <= len(data):
        magic, size = struct.unpack_from("<II", data, at)
        body = data[at + 8 : at + 8 + size]
        at += 8 + size
        if magic != _MAGIC or len(body) != size:
            break
        before, end = _items(problem, body, 0)
        after, _ = _items(problem, body, end + 8)
        if [len(b) for b in before] != [len(a) for a in after]:
            raise InputError(f"{problem.name}: the function changes the length of a vector")
        value = np.array([]) if problem.returns == "void" else np.frombuffer(body[end : end + 8], DTYPES[problem.returns], 1)
        arguments: list[Argument] = []
        for slot, item in zip(slots(problem), before, strict=True):
            arguments += [len(item), item] if slot.container else [item[0].item()]
        written = tuple(a for s, a in zip(slots(problem), after, strict=True) if s.container)
        found.append(Recorded(arguments=tuple(arguments), arrays=written, value=value))
    assert all(len(r.arguments) == len(signature.parameters) for r in found)
    return found


def _items(problem: Problem, body: bytes, at: int) -> tuple[list[Array], int]:
    items: list[Array] = []
    for slot in slots(problem):
        dtype = np.dtype(DTYPES[slot.raw])
        if slot.container:
            (size,) = struct.unpack_from("<Q", body, at)
            items.append(np.frombuffer(body, dtype, size // dtype.itemsize, at + 8))
            at += 8 + size
        else:
            items.append(np.frombuffer(body, dtype, 1, at))
            at += 8
    return items, at
