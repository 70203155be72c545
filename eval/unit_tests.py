"""Unit tests in the form of MuSL, snippets that end in ``wrapper(function, arguments...)``: what they give a function, and what it must leave.

Theory of operation. The snippets and the gold C function are compiled into one program of C++ with a template ``wrapper`` of ours, which
writes down every argument before and after the call; each snippet runs in a child of its own. The program is run twice in the sandbox. Once
with the address and undefined-behaviour sanitizers and memory that begins with a pattern: a snippet on which the gold function isn't clean is
no test. Once without them and memory that begins with zeros: an element that differs then rests on memory that nobody has written, and is
not compared. Values are raw bytes, not the six digits that the published harness prints. Both are then run once more with other contents of the
same arrays, from the secret seed (`hpcraft.eval.unit_redraw`), and those calls on which the gold function is clean are tests, too.

Not covered: arguments other than arrays of known length and numbers.
"""

from __future__ import annotations

import struct
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hpcraft import sandbox
from hpcraft.errors import MachineError
from hpcraft.eval.babeltower import UnitTests
from hpcraft.eval.unit_redraw import redrawn
from hpcraft.sandbox.abi import DTYPES, Argument, Array, Parameter, Signature
from hpcraft.sandbox.outcome import Check, Job, Limits, Outcome, Run, Verdict

_OUT, _REDRAWN = "calls.bin", "redrawn.bin"
_MAGIC = 0x31435455
_SECONDS = 5
_LIMITS = Limits(wall_seconds=60.0)
_SANITIZE = ("-g0", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all", "-lubsan", "-ftrivial-auto-var-init=pattern")
_PLAIN = ("-g0", "-O1", "-ftrivial-auto-var-init=zero")
_SETTINGS: tuple[tuple[Check, tuple[str, ...]], ...] = (("address", _SANITIZE), ("none", _PLAIN))
_HEADERS = "".join(
    f"#include <{h}>\n" for h in ("algorithm", "cfloat", "climits", "cmath", "cstdint", "cstdio", "cstdlib", "cstring", "vector")
)
PRELUDE = f"{_HEADERS}using namespace std;\n"
"""What C functions of such files may take for granted."""
_PROBE = """
#include <fcntl.h>
#include <string>
#include <sys/wait.h>
#include <type_traits>
#include <unistd.h>

namespace hpcraft_probe {
std::string record;
bool strange;
const char *given;  // what the arrays hold in place of the snippet's own contents

void put(const void *data, size_t bytes) { record.append(static_cast<const char *>(data), bytes); }

void word(uint64_t value) { put(&value, 8); }

template <class A> void fill(A &&argument) {
    using Plain = std::remove_reference_t<A>;
    if constexpr (std::is_array_v<Plain> && std::rank_v<Plain> == 1) {
        if (!given) return;
        uint64_t bytes;
        memcpy(&bytes, given, sizeof bytes);
        given += sizeof bytes;
        if constexpr (!std::is_const_v<std::remove_extent_t<Plain>>)
            if (bytes == sizeof argument) memcpy(&argument, given, bytes);
        given += bytes;
    }
}

template <class P, class A> void item(A &&argument) {
    using Plain = std::remove_reference_t<A>;
    if constexpr (std::is_array_v<Plain> && std::rank_v<Plain> == 1) {
        word(sizeof(std::remove_extent_t<Plain>));
        word(std::extent_v<Plain>);
        put(&argument, sizeof argument);
    } else if constexpr (std::is_arithmetic_v<P>) {
        P value = argument;
        word(0);
        char raw[8] = {0};
        memcpy(raw, &value, sizeof value);
        put(raw, 8);
    } else {
        strange = true;
    }
}
}

template <class R, class... P, class... A> static void wrapper(R (*function)(P...), A &&...arguments) {
    static_assert(sizeof...(P) == sizeof...(A), "another number of arguments than parameters");
    namespace probe = hpcraft_probe;
    (probe::fill(arguments), ...);
    (probe::item<std::remove_cv_t<P>>(arguments), ...);
    if constexpr (std::is_void_v<R>) {
        function(arguments...);
        probe::word(0);
    } else {
        R value = function(arguments...);
        char raw[8] = {0};
        memcpy(raw, &value, sizeof value);
        probe::put(raw, 8);
    }
    (probe::item<std::remove_cv_t<P>>(arguments), ...);
}
"""
_MAIN = """
static void in_child(void (*call)(), unsigned number, const char *given) {{
    pid_t child = fork();
    if (child == 0) {{
        alarm({seconds});
        hpcraft_probe::given = given;
        call();
        fflush(NULL);
        if (hpcraft_probe::strange) _exit(3);
        unsigned head[3] = {{{magic}u, number, (unsigned)hpcraft_probe::record.size()}};
        std::string all(reinterpret_cast<char *>(head), sizeof head);
        all += hpcraft_probe::record;
        int out = open("{out}", O_WRONLY | O_CREAT | O_APPEND, 0600);
        _exit(write(out, all.data(), all.size()) != (ssize_t)all.size());
    }}
    int state;
    while (waitpid(child, &state, 0) < 0) {{}}
}}

int main() {{
    void (*const calls[])() = {{{calls}}};
    FILE *redrawn = fopen("{redrawn}", "rb");
    if (!redrawn) {{
        for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) in_child(calls[i], i, nullptr);
        return 0;
    }}
    // Whole before the first call: a child that ends puts a stream's place back, and shares it with this process.
    std::vector<std::pair<unsigned, std::string>> given;
    unsigned head[2];
    while (fread(head, sizeof head, 1, redrawn) == 1) {{
        given.emplace_back(head[0], std::string(head[1], 0));
        if (head[1] && fread(&given.back().second[0], head[1], 1, redrawn) != 1) return 1;
    }}
    fclose(redrawn);
    for (unsigned i = 0; i < given.size(); i++) in_child(calls[given[i].first], i, given[i].second.data());
    return 0;
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitCall:
    """One test: arguments, and what must be there after the call."""

    arguments: tuple[Argument, ...]
    value: Array
    """That is returned, of one element; empty for void."""
    arrays: tuple[Array, ...]
    """Every array after the call."""
    known: tuple[NDArray[np.bool_], ...]
    """For each of them, where it is compared."""

    def changes(self) -> bool:
        """Whether a function that does nothing would be told."""
        before = [a for a in self.arguments if isinstance(a, np.ndarray)]
        return bool(self.value.any()) or any(
            a.tobytes() != e.tobytes() and bool((k & (a != e)).any()) for a, e, k in zip(before, self.arrays, self.known, strict=True)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tests:
    """The tests of a line, or why there are none."""

    __test__ = False

    calls: tuple[UnitCall, ...] = ()
    """With the file's own inputs."""
    redrawn: tuple[UnitCall, ...] = ()
    """With others of their kind, from the seed."""
    undefined: int = 0
    """Snippets on which the gold function isn't clean."""
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    before: list[Array]
    value: bytes
    after: list[Array]


def tests_of(case: UnitTests, seed: int) -> Tests:
    """The tests of a line, the same for every answer and each kind of task.

    Raises:
        MachineError: the sandbox failed.
    """
    return Tests(problem=case.problem) if case.problem else _tests(replace(case, kind="c"), seed)


@lru_cache(maxsize=64)
def _tests(case: UnitTests, seed: int) -> Tests:
    signature = case.c_signature
    with ExitStack() as stack:
        builds = [stack.enter_context(sandbox.build(_job(case, check, flags))) for check, flags in _SETTINGS]
        for build in builds:
            _require(build.outcome)
            if not build.ok:
                words = build.outcome.compile.stderr if build.outcome.compile else ""
                error = next((line for line in words.splitlines() if "error" in line), "no reason given")
                return Tests(problem=f"the file's C function and its inputs don't compile: {error.strip():.160}")
        clean, zeros = (_run(signature, build) for build in builds)
        calls = _calls(signature, clean, zeros)
        given = redrawn(
            signature, {i: s.before for i, s in clean.items()}, {i: s.before for i, s in zeros.items()}, (seed, int(case.digest[:12], 16))
        )
        others = _calls(signature, *(_run(signature, build, given) for build in builds)) if given else ()
    problem = ""
    if not calls:
        problem = "the file's C function is undefined on all of its inputs"
    elif not any(c.changes() for c in calls):
        problem = "its inputs don't tell the function from one that does nothing"
    # Where nothing is a number any more, ways to the same result part.
    others = tuple(c for c in others if all(np.isfinite(a[k]).all() for a, k in zip(c.arrays, c.known, strict=True)))
    return Tests(calls=calls, redrawn=others, undefined=len(case.snippets) - len(clean), problem=problem)


def _job(case: UnitTests, check: Check, flags: tuple[str, ...]) -> Job:
    return Job(files={"probe.cpp": _program(case).encode()}, language="cpp", check=check, flags=flags)


def _run(signature: Signature, build: sandbox.Build, given: bytes = b"") -> dict[int, _Seen]:
    """What the calls of the snippets left, or those with other contents where they are given."""
    outcome = build.run(Run(data={_REDRAWN: given} if given else {}, collect=(_OUT,), limits=_LIMITS))
    _require(outcome)
    return _read(signature, outcome.outputs.get(_OUT, b""))


def _calls(signature: Signature, clean: dict[int, _Seen], zeros: dict[int, _Seen]) -> tuple[UnitCall, ...]:
    """The calls that both runs made; one that compares nothing shows nothing."""
    calls = (_call(signature, clean[i], zeros[i]) for i in sorted(clean) if i in zeros)
    return tuple(c for c in calls if c.value.size or any(k.any() for k in c.known))


def _require(outcome: Outcome) -> None:
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        raise MachineError(outcome.message or f"sandbox: {outcome.verdict}")


def _program(case: UnitTests) -> str:
    bodies = "".join(f"static void test_{i}() {{\n{text}\n}}\n" for i, text in enumerate(case.snippets))
    calls = ", ".join(f"test_{i}" for i in range(len(case.snippets)))
    return f"{PRELUDE}{case.c_code}\n{_PROBE}{bodies}" + _MAIN.format(
        calls=calls, seconds=_SECONDS, magic=_MAGIC, out=_OUT, redrawn=_REDRAWN
    )


def _read(signature: Signature, data: bytes) -> dict[int, _Seen]:
    """The records by snippet; one of another form than the signature's is left out."""
    seen: dict[int, _Seen] = {}
    at = 0
    while at + 12 <= len(data):
        magic, index, size = struct.unpack_from("<III", data, at)
        body = data[at + 12 : at + 12 + size]
        at += 12 + size
        if magic != _MAGIC or len(body) != size:
            break
        try:
            before, end = _items(signature, body, 0)
            after, _ = _items(signature, body, end + 8)
        except (ValueError, struct.error):
            continue
        seen[index] = _Seen(before=before, value=body[end : end + 8], after=after)
    return seen


def _items(signature: Signature, body: bytes, at: int) -> tuple[list[Array], int]:
    items: list[Array] = []
    for p in signature.parameters:
        (width,) = struct.unpack_from("<Q", body, at)
        if bool(width) != p.pointer or (p.pointer and width != p.dtype.itemsize):
            raise ValueError(f"{p.name}: elements of {width} bytes")
        length = struct.unpack_from("<Q", body, at + 8)[0] if p.pointer else 1
        begin = at + (16 if p.pointer else 8)
        items.append(np.frombuffer(body, p.dtype, length, begin))
        at = begin + (length * p.dtype.itemsize if p.pointer else 8)
    return items, at


def _call(signature: Signature, clean: _Seen, zeros: _Seen) -> UnitCall:
    arrays = [i for i, p in enumerate(signature.parameters) if p.pointer]
    value = np.array([]) if signature.returns == "void" else np.frombuffer(clean.value, DTYPES[signature.returns], 1)
    return UnitCall(
        arguments=tuple(map(_argument, signature.parameters, clean.before)),
        value=value,
        arrays=tuple(clean.after[i] for i in arrays),
        known=tuple(_same(clean.after[i], zeros.after[i]) for i in arrays),
    )


def _argument(parameter: Parameter, item: Array) -> Argument:
    if parameter.pointer:
        return item
    return float(item[0]) if parameter.dtype.kind == "f" else int(item[0])


def _same(a: Array, b: Array) -> NDArray[np.bool_]:
    """Where two runs agree: bit for bit, or as far as optimisation may part them."""
    if a.shape != b.shape:
        return np.zeros(a.shape, bool)
    if a.dtype.kind != "f":
        return np.asarray(a == b)
    return np.asarray(np.isclose(a, b, rtol=1e-5, atol=0.0, equal_nan=True))
