"""What code is translated to: each target model with the language and the parallel model that it is built as, and the smallest code of its kind.

Targets of pairs are all but sequential C, which is the way back.
"""

from __future__ import annotations

from dataclasses import dataclass

from hpcraft.data.pieces import CodeLanguage
from hpcraft.sandbox.outcome import Model

SOURCE_ONLY = ""
"""As the target model of a candidate: only the source and its tests are checked."""
SERIAL = "serial"
"""Target model of sequential C."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetModel:
    """How code of a target model is built."""

    language: CodeLanguage
    model: Model
    probe: str
    """A function ``void probe(int)`` that a machine with its tools builds."""

    @property
    def is_serial(self) -> bool:
        """Whether nothing in its code may be of a parallel model."""
        return self.model == "serial"

    @property
    def task_language(self) -> str:
        """The language as tasks of suites, and what looks at answers to them, name it."""
        return "cpp" if self.language == "cuda" else self.language


_C_PROBE = "void probe(int n) {}"
_FORTRAN_PROBE = """subroutine probe(n) bind(c, name="probe")
  use, intrinsic :: iso_c_binding
  integer(c_int), value :: n
end subroutine probe
"""
TARGET_MODELS: dict[str, TargetModel] = {
    "openmp": TargetModel(language="c", model="openmp", probe=_C_PROBE),
    "cuda": TargetModel(language="cuda", model="cuda", probe='__global__ void k() {}\nextern "C" void probe(int n) { k<<<1, 1>>>(); }'),
    "cpp": TargetModel(language="cpp", model="serial", probe='extern "C" void probe(int n) {}'),
    "fortran": TargetModel(language="fortran", model="serial", probe=_FORTRAN_PROBE),
    "fortran+openmp": TargetModel(language="fortran", model="openmp", probe=_FORTRAN_PROBE),
    "mpi": TargetModel(language="c", model="mpi", probe=f"#include <mpi.h>\n{_C_PROBE}"),
    SERIAL: TargetModel(language="c", model="serial", probe=_C_PROBE),
}
SEQUENTIAL = tuple(name for name, target in TARGET_MODELS.items() if target.is_serial)
"""Those that are run as sources are."""
THREADED = tuple(name for name, target in TARGET_MODELS.items() if target.model == "openmp")
"""Those whose races can be looked for apart; the emulation of CUDA always looks for them."""
