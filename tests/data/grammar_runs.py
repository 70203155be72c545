"""Builds and runs kernels of the grammar in the sandbox, many in one program, in every model and language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hpcraft import sandbox
from hpcraft.data.grammar import MadePair, draw
from hpcraft.data.programs import Call, Piece, build
from hpcraft.data.trees import parse, tops
from hpcraft.data.verify_sources import SANITIZE, finite
from hpcraft.sandbox.abi import Argument, CallResult, Signature, compare_results, decode_results, encode_calls, parse_test
from hpcraft.sandbox.drivers import driver_source
from hpcraft.sandbox.outcome import Job, Limits, Run

_FLAGS = (*SANITIZE, "-fsanitize=float-cast-overflow")
Expected = dict[tuple[int, int], CallResult]
"""Kernel and test to what the sequential source gives."""


class Kernels:
    """Drawn kernels with their tests' arguments."""

    def __init__(self, templates: Sequence[str], numbers: Sequence[int], *, seed: int, targets: Sequence[str]) -> None:
        self.pairs: list[MadePair] = [draw(seed, n, template=t, targets=targets) for t in templates for n in numbers]
        self.signatures = [Signature.parse(p.signature) for p in self.pairs]
        self.names = [replace(s, name=f"{s.name}_p{i}") for i, s in enumerate(self.signatures)]
        self.arguments: list[list[list[Argument]]] = [
            [parse_test(s, text).arguments([i, k]) for k, text in enumerate(p.tests)]
            for i, (s, p) in enumerate(zip(self.signatures, self.pairs, strict=True))
        ]

    def sources(self) -> tuple[Expected, dict[str, str]]:
        """What the sources give under the sanitizers, and what is wrong with them."""
        wrong: dict[str, str] = {}
        pieces = [Piece(signature=s, code=p.source) for s, p in zip(self.signatures, self.pairs, strict=True)]
        with build(pieces, check="address", flags=_FLAGS) as program:
            wrong.update((self.pairs[i].source, why) for i, why in program.refused.items())
            keys = [(i, k) for i, tests in enumerate(self.arguments) if i not in program.refused for k in range(len(tests))]
            results = program.call([Call(piece=i, arguments=self.arguments[i][k]) for i, k in keys])
        expected: Expected = {}
        for at, key in enumerate(keys):
            result = results.get(at)
            if result is None or result.fault or not finite(result):
                wrong[self.pairs[key[0]].source] = f"fault or no finite result with {self.pairs[key[0]].tests[key[1]]}"
            else:
                expected[key] = result
        return expected, wrong

    def differing(self, target: str, expected: Expected) -> dict[str, str]:
        """Targets that don't build or give something else, with the difference."""
        chosen = [i for i, p in enumerate(self.pairs) if target in p.targets]
        keys = [key for key in expected if key[0] in chosen]
        calls = [(chosen.index(i), self.arguments[i][k]) for i, k in keys]
        signatures = [self.names[i] for i in chosen]
        job = _JOBS[target]([self._renamed(i, target) for i in chosen], signatures)
        data = {"inputs.bin": encode_calls(signatures, calls)}
        ranks = 3 if target == "mpi" else 1
        limits = Limits(wall_seconds=90)
        run = Run(data=data, collect=("outputs.bin",), limits=limits, threads=3 if "openmp" in target else 1, ranks=ranks)
        outcome = sandbox.run(replace(job, run=run))
        got = decode_results(signatures, [c for c, _ in calls], outcome.outputs.get("outputs.bin", b""))
        if outcome.compile is None or outcome.compile.exit_code != 0:
            return {"build": outcome.compile.stderr[:3000] if outcome.compile else outcome.message}
        found: dict[str, str] = {}
        for at, (i, k) in enumerate(keys):
            result = got.get(at)
            if why := "no result" if result is None else compare_results(self.signatures[i], expected[i, k], result):
                found[self.pairs[i].targets[target]] = f"{self.pairs[i].tests[k]}: {why}"
        return found

    def _renamed(self, number: int, target: str) -> str:
        """The code of a target with its number behind every name at top level."""
        code, own = self.pairs[number].targets[target], self.signatures[number].name
        if target.startswith("fortran"):
            for opened in (f"subroutine {own}", f"function {own}", f'"{own}'):
                code = code.replace(opened, f"{opened}_p{number}")
            return code
        names = sorted(tops(parse(code, target if target in ("cpp", "cuda") else "c")) | {own})
        include, rest = (code[: code.rfind("#include")], code[code.rfind("#include") :]) if "#include" in code else ("", code)
        line, _, rest = rest.partition("\n") if rest.startswith("#include") else ("", "", rest)
        defines = "".join(f"#define {n} {n}_p{number}\n" for n in names)
        return f"{include}{line}\n{defines}{rest}" + "".join(f"#undef {n}\n" for n in names)


def _openmp(codes: list[str], signatures: list[Signature]) -> Job:
    files = {"all.c": "\n".join(codes).encode(), "driver.c": driver_source(signatures, fork=True).encode()}
    return Job(files=files, language="c", model="openmp", flags=("-w",))


def _cuda(codes: list[str], signatures: list[Signature]) -> Job:
    head = "#include <math.h>\n#include <stdlib.h>\n#include <stddef.h>\n"
    files = {"all.cu": (head + "\n".join(codes)).encode(), "driver.c": driver_source(signatures, fork=True).encode()}
    return Job(files=files, language="cpp", model="cuda", cuda="emulate", flags=("-w",))


def _cpp(codes: list[str], signatures: list[Signature]) -> Job:
    head = "".join(f"#include <{h}>\n" for h in ("algorithm", "cmath", "cstddef", "cstdlib", "numeric", "math.h"))
    files = {"all.cpp": (head + "\n".join(codes)).encode(), "driver.c": driver_source(signatures, fork=True).encode()}
    return Job(files=files, language="cpp", flags=("-w",))


def _fortran(codes: list[str], signatures: list[Signature]) -> Job:
    files = {"all.f90": "\n".join(codes).encode(), "driver.c": driver_source(signatures, fork=True).encode()}
    return Job(files=files, language="fortran", flags=("-w",))


def _fortran_openmp(codes: list[str], signatures: list[Signature]) -> Job:
    return replace(_fortran(codes, signatures), model="openmp")


def _mpi(codes: list[str], signatures: list[Signature]) -> Job:
    files = {"all.c": "\n".join(codes).encode(), "driver.c": driver_source(signatures, mpi=True).encode()}
    return Job(files=files, language="c", model="mpi", flags=("-w",))


_JOBS = {"openmp": _openmp, "cuda": _cuda, "cpp": _cpp, "fortran": _fortran, "fortran+openmp": _fortran_openmp, "mpi": _mpi}
