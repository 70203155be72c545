"""Words and numbers as the report shows them: hostile text made visible, figures with their units.

Escaping for HTML is the template engine's work (autoescape is on); this module deals with what
escaping leaves alone: control characters, bidirectional overrides and lone surrogates, which could hide or
reorder text or can't be written as UTF-8, and texts too long to print.

Not covered: look-alike letters of other scripts.
"""

from __future__ import annotations

import math
import unicodedata

_KEPT = "\n\t"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that have no glyph of their own: control, format (bidi), surrogate, private, line separators."""


LANGUAGES = {"c": "C", "cpp": "C++", "cuda": "CUDA", "fortran": "Fortran", "python": "Python"}
MODELS = {
    "serial": "serial",
    "openmp": "OpenMP",
    "offload": "OpenMP offload",
    "mpi": "MPI",
    "mpi+openmp": "MPI + OpenMP",
    "cuda": "CUDA",
    "hip": "HIP",
    "openacc": "OpenACC",
    "opencl": "OpenCL",
    "sycl": "SYCL",
    "kokkos": "Kokkos",
}
"""Names as people write them."""


def visible(text: str, limit: int | None = None) -> str:
    """``text`` with every invisible character shown as ``⟨U+001B⟩``, cut in the middle when longer than ``limit``."""
    if limit is not None and len(text) > limit:
        head, tail = text[: limit * 2 // 3], text[len(text) - limit // 3 :]
        text = f"{head}\n[… {len(text) - len(head) - len(tail):,} characters left out here …]\n{tail}"
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(_shown(c) for c in text)


def head(text: str, characters: int, lines: int) -> str:
    """The beginning of ``text``, made visible; what was left out at its end is told on a last line."""
    text = text.replace("\r\n", "\n")
    kept = "\n".join(text[:characters].split("\n", lines)[:lines])
    left = len(text) - len(kept)
    return visible(kept) + (f"\n[… {left:,} characters left out here …]" if left else "")


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"⟨U+{ord(character):04X}⟩"


def count(value: float) -> str:
    """A whole number with thousands separated: ``12,345``."""
    return f"{value:,.0f}"


def num_bytes(value: float) -> str:
    """A size in decimal units, three significant figures: ``1.23 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 1000 or unit == "GB":
            break
        value /= 1000
    if unit == "B":
        return f"{value:,.0f} B"
    return f"{value:,.2f} {unit}" if value < 10 else f"{value:,.1f} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def duration(seconds: float) -> str:
    """A time span for people: ``4.2 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def short_time(seconds: float) -> str:
    """A short time span, three significant figures: ``1.23 ms``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= size or unit == "µs":
            return f"{figures(seconds / size)} {unit}"
    raise AssertionError


def figures(value: float) -> str:
    """A number with three significant figures and no exponent where people can do without: ``0.0123``, ``4.56``, ``1,230``."""
    if value and (abs(value) < 1e-4 or abs(value) >= 1e6):
        return f"{value:.3g}"
    places = 2 - (math.floor(math.log10(abs(value))) if value else 0)
    return f"{value:,.{max(0, places)}f}"


def percent(share: float) -> str:
    """A share of one as per cent; a share that isn't zero never reads as zero."""
    if 0 < share < 0.001:
        return "<0.1 %"
    return f"{100 * share:.1f} %"


def short(value: float) -> str:
    """A number in a heading: ``2.9 M``, ``31.4 k``, ``512``."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == ' k' else size):.1f}{unit}"
    return f"{value:,.0f}"


def cell(value: object) -> str:
    """A value of a table whose columns another stage chose."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3f}"
    return visible(str(value), 300)
