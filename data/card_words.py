"""The words of a data set card: names of languages, reasons, licences as the Hugging Face Hub spells them, and what isn't covered."""

from __future__ import annotations

import re
from collections.abc import Iterable

LANGUAGE_NAMES = {"c": "C", "cpp": "C++", "cuda": "CUDA", "fortran": "Fortran"}
_MODEL_NAMES = {
    "openmp": "OpenMP",
    "openacc": "OpenACC",
    "mpi": "MPI",
    "cuda": "CUDA",
    "hip": "HIP",
    "opencl": "OpenCL",
    "sycl": "SYCL",
    "kokkos": "Kokkos",
}
NAMES = {**LANGUAGE_NAMES, **_MODEL_NAMES}
"""Languages and parallel models as people write them."""

REASONS = {
    "no-licence": "no evidence of a licence",
    "licence": "a licence that is unknown, contradicts itself, or is not allowed by the policy",
    "licence-unknown": "a licence text or name that isn't known",
    "licence-conflict": "the file's header contradicts its package",
    "licence-policy": "a known licence that the policy doesn't allow",
    "binary": "bytes that aren't text",
    "empty": "nothing but blanks",
    "encoding": "text in no encoding that can be told",
    "too-large": "more bytes than allowed",
    "too-small": "fewer tokens than allowed",
    "long-lines": "a line longer than allowed",
    "minified": "lines too long on average",
    "low-alnum": "few letters and digits",
    "generated": "written by a program",
    "data-as-code": "mostly tables of numbers or strings",
    "vendored": "a copy of another library",
    "language": "the content isn't what the suffix promises",
    "parse-errors": "too much that the grammar can't read",
    "duplicate": "the same text is in the corpus already",
    "near-duplicate": "another document of its cluster stands for it",
    "leak": "too like a document of another split",
    "benchmark": "holds a text of a benchmark",
    "package-cap": "beyond the share that one package may have",
    "parser": "the grammar crashed on it or never ended",
}
"""Reason of a rejection, or its first word, to what it means."""

GENERATORS = {
    "marker": "its head or tail says so",
    "line-marks": "marks of the lines of another file",
    "temporaries": "numbered temporaries",
    "repetitive": "a few lines over and over",
}
"""How a generated file was told where its generator isn't named."""

UNITS = {
    "functions": "functions",
    "loops": "loops with a directive",
    "plain_loops": "loops without one",
    "programs": "MPI programs",
    "kernels": "CUDA and HIP kernels",
}
"""Kind of unit, as it is counted, in words."""

KNOWN_LIMITS = (
    "Licences rest on what packages and headers say of themselves; nobody read the files.",
    "Decontamination finds copies and renamed functions, not rewritten ones, and only of the benchmarks that it was given.",
    "Parallel models are told by directives and calls in the text; macros may hide some.",
    "Open-source libraries are over-represented: this is not what application codes at a computing centre look like.",
    "Personal data was looked for by rules (addresses, keys); names of authors stay in comments.",
)

_HUB_WORDS = (
    "agpl-3.0 apache-2.0 artistic-2.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 cc-by-4.0 cc-by-sa-4.0 cc0-1.0 ecl-2.0 "
    "epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 gpl-2.0 gpl-3.0 isc lgpl-2.1 lgpl-3.0 mit mpl-2.0 ms-pl ncsa ofl-1.1 osl-3.0 postgresql unlicense "
    "wtfpl zlib"
)
_HUB_LICENCES = frozenset(_HUB_WORDS.split())


def reason_words(reason: str) -> str:
    """What a reason means: its own words, or those of its family, as of ``generated:f2c``."""
    family, _, detail = reason.partition(":")
    known = REASONS.get(reason) or REASONS.get(family) or REASONS.get(reason.partition("-")[0], "")
    return f"{known} ({GENERATORS[detail]})" if detail in GENERATORS else known


def hub_licences(expressions: Iterable[str]) -> list[str]:
    """SPDX expressions as the ids that the Hub knows, sorted; ``other`` stands for the rest."""
    found = set()
    for expression in expressions:
        for name in re.split(r"\s+(?:AND|OR)\s+|[()]", expression):
            name = name.strip().partition(" WITH ")[0].lower()
            name = re.sub(r"-(?:only|or-later)$|\+$", "", name)
            if name:
                found.add(name if name in _HUB_LICENCES else "other")
    return sorted(found, key=lambda name: (name == "other", name)) or ["other"]


def size_category(rows: int) -> str:
    """The Hub's word for a number of rows."""
    for limit, name in ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M")):
        if rows < limit:
            return name
    return "10M<n<100M"
