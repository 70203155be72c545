"""Honest answers in many forms: each form of sharing work, filled with the rows of several kernels, and whole programs.

The forms stand in ``variants/MODEL.SUFFIX``, whole programs in ``variants/whole.MODEL.SUFFIX``; a line ``//// NAME`` begins each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("variants")
LANGUAGES = {"c": "c", "cpp": "cpp", "f90": "fortran", "cu": "cpp"}
INCLUDES = {
    "c": "#include <assert.h>\n#include <math.h>\n#include <stddef.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n",
    "cpp": "".join(
        f"#include <{name}>\n"
        for name in ("algorithm", "cmath", "cstddef", "cstdlib", "exception", "iostream", "memory", "new", "numeric", "utility", "vector")
    ),
    "cu": "#include <algorithm>\n#include <cstdio>\n#include <cstdlib>\n#include <cstring>\n",
    "f90": "",
}
OF_MODEL = {
    "openmp": "#include <omp.h>\n",
    "mpi": "#include <mpi.h>\n",
    "mpi+openmp": "#include <mpi.h>\n#include <omp.h>\n",
    "kokkos": "#include <Kokkos_Core.hpp>\n",
}


@dataclass(frozen=True)
class Variant:
    """An honest answer."""

    name: str
    kernel: str
    model: str
    language: str
    code: str

    @property
    def task_id(self) -> str:
        """The task that it answers."""
        return f"kernels/{self.kernel}/{self.model}/{self.language}"


@dataclass(frozen=True)
class Rows:
    """A kernel whose rows don't depend on each other."""

    parameters: str
    rows: str
    width: str
    body: str
    fortran: str
    """Declarations of the parameters."""
    fortran_body: str
    sizes: tuple[str, ...]
    """How many elements each array has, in C."""

    @property
    def arguments(self) -> list[str]:
        """The names of the parameters."""
        return [p.split()[-1].lstrip("*") for p in self.parameters.split(", ")]

    @property
    def arrays(self) -> list[str]:
        """The names of those that are arrays; the last is the output."""
        return [p.split()[-1].lstrip("*") for p in self.parameters.split(", ") if "*" in p]


_CSR = "integer(c_int), intent(in) :: row_ptr(n + 1), col(*)\n  real(c_double), intent(in) :: val(*), x(n)\n  real(c_double), intent(inout) :: y(n)"
_ENTRIES = "row_ptr(i) + 1:row_ptr(i + 1)"
KERNELS = {
    "axpy": Rows(
        "int n, double a, const double *x, double *y",
        "n",
        "1",
        "y[i] += a * x[i];",
        "integer(c_int), value :: n\n  real(c_double), value :: a\n  real(c_double), intent(in) :: x(n)\n  real(c_double), intent(inout) :: y(n)",
        "y(i) = y(i) + a * x(i)",
        ("n", "n"),
    ),
    "gemv": Rows(
        "int m, int n, const double *A, const double *x, double *y",
        "m",
        "1",
        "double s = 0.0; for (int j = 0; j < n; j++) s += A[(size_t)i * n + j] * x[j]; y[i] = s;",
        "integer(c_int), value :: m, n\n  real(c_double), intent(in) :: A(n, m), x(n)\n  real(c_double), intent(inout) :: y(m)",
        "y(i) = dot_product(A(:, i), x)",
        ("(size_t)m * n", "n", "m"),
    ),
    "gemm": Rows(
        "int m, int n, int k, const double *A, const double *B, double *C",
        "m",
        "n",
        "for (int j = 0; j < n; j++) { double s = 0.0; for (int l = 0; l < k; l++) s += A[(size_t)i * k + l] * B[(size_t)l * n + j];"
        " C[(size_t)i * n + j] = s; }",
        "integer(c_int), value :: m, n, k\n  real(c_double), intent(in) :: A(k, m), B(n, k)\n  real(c_double), intent(inout) :: C(n, m)",
        "C(:, i) = matmul(B, A(:, i))",
        ("(size_t)m * k", "(size_t)k * n", "(size_t)m * n"),
    ),
    "spmv": Rows(
        "int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y",
        "n",
        "1",
        "double s = 0.0; for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) s += val[e] * x[col[e]]; y[i] = s;",
        f"integer(c_int), value :: n\n  {_CSR}",
        f"y(i) = dot_product(val({_ENTRIES}), x(col({_ENTRIES}) + 1))",
        ("n + 1", "row_ptr[n]", "row_ptr[n]", "n", "n"),
    ),
}


def one_of_each_form() -> list[Variant]:
    """Each form with the rows of one kernel, in turn, and the whole programs."""
    found: dict[str, list[Variant]] = {}
    for variant in variants():
        found.setdefault(variant.name.rpartition("-")[0], []).append(variant)
    return [of[number % len(of)] for number, of in enumerate(found.values())]


def variants() -> list[Variant]:
    """All of them."""
    found: list[Variant] = []
    for path in sorted(FOLDER.iterdir()):
        whole, model, suffix = re.fullmatch(r"(whole\.)?([\w+]+)\.(\w+)", path.name).groups()  # type: ignore[union-attr]  # our own names
        for name, text in _sections(path):
            if whole:
                kernel, _, form = name.partition(" ")
                found.append(_variant(form, kernel, model, suffix, text))
            else:
                found += (_variant(name.split()[0], k, model, suffix, _filled(text, k, KERNELS[k], suffix)) for k in KERNELS)
    return found


def _variant(form: str, kernel: str, model: str, suffix: str, text: str) -> Variant:
    includes = INCLUDES[suffix] + ("" if suffix in ("f90", "cu") else OF_MODEL.get(model, ""))
    language = LANGUAGES[suffix]
    return Variant(name=f"{model}-{suffix}-{form}-{kernel}", kernel=kernel, model=model, language=language, code=includes + text)


def _sections(path: Path) -> Iterator[tuple[str, str]]:
    _, *parts = re.split(r"^//// ", path.read_text(), flags=re.MULTILINE)
    for part in parts:
        name, _, text = part.partition("\n")
        yield name.strip(), text


def _filled(text: str, name: str, kernel: Rows, suffix: str) -> str:
    head = f"void {name}({kernel.parameters})"
    values = {
        "HEAD": f'extern "C" {head}' if suffix == "cpp" else head,
        "PARAMETERS": kernel.parameters,
        "ARGUMENTS": ", ".join(kernel.arguments),
        "ROWS": kernel.rows,
        "WIDTH": kernel.width,
        "BODY": kernel.body,
        "OUT": kernel.arrays[-1],
        "NAME": name,
        "MEMBERS": "".join(f"{p}; " for p in kernel.parameters.split(", ")),
        **_device(kernel),
        **_mapped(kernel),
    }
    if suffix == "f90":
        values |= _fortran(name, kernel)
    return re.sub(r"\$([A-Z_0-9]+)", lambda match: values.get(match[1], match[0]), text)


def _device(kernel: Rows) -> dict[str, str]:
    """Copies of the arrays on a device, under names with a ``d_`` before them."""
    types = {
        p.split()[-1].lstrip("*"): p.rpartition("*")[0].replace("const", "").strip() for p in kernel.parameters.split(", ") if "*" in p
    }
    put, get = "", ""
    for array, size in zip(kernel.arrays, kernel.sizes, strict=True):
        put += f"{types[array]} *d_{array}; cudaMalloc(&d_{array}, sizeof({types[array]}) * ({size}) + 1);\n"
        put += f"cudaMemcpy(d_{array}, {array}, sizeof({types[array]}) * ({size}), cudaMemcpyHostToDevice);\n"
        get += f"cudaFree(d_{array});\n"
    out = kernel.arrays[-1]
    get = f"cudaMemcpy({out}, d_{out}, sizeof(double) * ({kernel.sizes[-1]}), cudaMemcpyDeviceToHost);\n{get}"
    given = [f"d_{a}" if a in types else a for a in kernel.arguments]
    return {"COPY_IN": put, "COPY_OUT": get, "DEVICE_ARGUMENTS": ", ".join(given), "DEVICE_ADDRESSES": ", ".join(f"&{a}" for a in given)}


def _mapped(kernel: Rows) -> dict[str, str]:
    """The clauses that map the arrays to a device."""
    sized = [f"{array}[0 : {size}]" for array, size in zip(kernel.arrays, kernel.sizes, strict=True)]
    inputs, out = ", ".join(sized[:-1]), sized[-1]
    return {
        "SIZE": kernel.sizes[-1],
        "MAP": f"map(to : {inputs}) map(tofrom : {out})",
        "MAP_TO": f"map(to : {inputs}, {out})",
        "COPY": f"copyin({inputs}) copy({out})",
    }


def _fortran(name: str, kernel: Rows) -> dict[str, str]:
    def head(*modules: str) -> str:
        used = "".join(f"  use {module}\n" for module in ("iso_c_binding", *modules))
        return f"subroutine {name}({', '.join(kernel.arguments)}) bind(c)\n{used}  implicit none\n  {kernel.fortran}"

    out = kernel.arrays[-1]
    return {
        "HEAD": head(),
        "HEAD_LIB": head("omp_lib"),
        "HEAD_MPI": head("mpi"),
        "HEAD_F08": head("mpi_f08"),
        "END": f"end subroutine {name}",
        "BODY": kernel.fortran_body,
        "FIRST": f"{out}(1, lo)" if kernel.width != "1" else f"{out}(lo)",
    }
