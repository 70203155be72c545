"""Licences: the names people write, as SPDX expressions, and what a policy allows.

Default-deny: a name that isn't known gives no licence, and a file without a licence isn't kept.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from license_expression import Licensing

Policy = Literal["permissive", "copyleft", "all"]

PUBLIC_DOMAIN = "LicenseRef-public-domain"
"""SPDX has no identifier for a dedication without a text."""

PERMISSIVE = frozenset(
    [
        "0BSD",
        "Apache-2.0",
        "Artistic-2.0",
        "BSD-1-Clause",
        "BSD-2-Clause",
        "BSD-2-Clause-Patent",
        "BSD-2-Clause-Views",
        "BSD-3-Clause",
        "BSD-3-Clause-Attribution",
        "BSD-3-Clause-LBNL",
        "BSD-3-Clause-Open-MPI",
        "BSD-Source-Code",
        "BSL-1.0",
        "BlueOak-1.0.0",
        "CC0-1.0",
        "CECILL-B",
        "ECL-2.0",
        "FSFAP",
        "FSFUL",
        "FSFULLR",
        "HPND",
        "HPND-sell-variant",
        "ICU",
        "ISC",
        "Libpng",
        "MIT",
        "MIT-0",
        "NCSA",
        "NIST-PD",
        "NTP",
        "OLDAP-2.8",
        "PSF-2.0",
        "PostgreSQL",
        "SunPro",
        "UPL-1.0",
        "Unlicense",
        "W3C",
        "WTFPL",
        "X11",
        "ZPL-2.1",
        "Zlib",
        "bzip2-1.0.6",
        "curl",
        "libtiff",
        "mpich2",
    ]
) | {PUBLIC_DOMAIN}
_COPYLEFT = re.compile(r"(A|L)?GPL-\d.*|MPL-\d.*|CECILL-(1|2|C).*|EPL-\d.*|EUPL-\d.*|CDDL-\d.*|CPL-1\.0|OSL-\d.*|CC-BY-SA-.*")

_DEBIAN_NAMES = {
    "expat": "MIT",
    "mit/x11": "MIT",
    "mit-expat": "MIT",
    "x11": "X11",
    "boost-1.0": "BSL-1.0",
    "boost": "BSL-1.0",
    "apache-2": "Apache-2.0",
    "asl-2.0": "Apache-2.0",
    "public-domain": PUBLIC_DOMAIN,
    "public domain": PUBLIC_DOMAIN,
    "publicdomain": PUBLIC_DOMAIN,
    "gnu-all-permissive": "FSFAP",
    "fsf-free": "FSFUL",
    "bsd-2": "BSD-2-Clause",
    "bsd-3": "BSD-3-Clause",
    "bsd-4": "BSD-4-Clause",
    "bsd-2-clauses": "BSD-2-Clause",
    "bsd-3-clauses": "BSD-3-Clause",
    "google-3-bsd": "BSD-3-Clause",
    "cecill": "CECILL-2.1",
    "cecill-c-v1": "CECILL-C",
    "cecill-v2": "CECILL-2.0",
    "python": "PSF-2.0",
    "psf-2": "PSF-2.0",
    "libpng": "Libpng",
    "bzip2": "bzip2-1.0.6",
}
_GNU = re.compile(r"(?P<kind>a|l)?gpl-?v?(?P<version>[123](\.[01])?)(?P<later>\+|-or-later)?(-only)?")


def spdx(name: str) -> str | None:
    """The SPDX expression for one licence name as people write it, or None.

    ``A or B``, ``A and B``, ``A OR B`` and Debian's ``A-OR-B`` are read; an exception only adds rights and is dropped when
    SPDX doesn't know it.
    """
    name = " ".join(name.split()).rstrip(".,;")
    if known := _single(name):
        return known
    if expression := _expression(name):
        return expression
    for joiner, pattern in (("OR", r"\s+or\s+|-or-(?!later)|,\s*or\s+"), ("AND", r"\s+and/or\s+|,?\s+and\s+|,\s*|-and-")):
        parts = [part for part in re.split(pattern, name, flags=re.IGNORECASE) if part]
        if len(parts) > 1:
            found = [spdx(part) for part in parts]
            return None if None in found else _expression(f" {joiner} ".join(f"({part})" for part in found))
    base, with_, _exception = name.partition(" with ")
    return _single(base) if with_ and (_single(base) or "").find("GPL") >= 0 else None


@functools.lru_cache(maxsize=4096)
def allows(policy: Policy, expression: str) -> bool:
    """Whether a policy allows an SPDX expression: one arm of an OR is enough, every arm of an AND is needed."""
    tree = _licensing().parse(expression)
    return tree is not None and _allows(policy, tree)


def is_gnu(expression: str) -> bool:
    """Whether a licence of the GNU family stands anywhere in an expression."""
    return "GPL-" in expression


def _allows(policy: Policy, tree: Any) -> bool:
    from license_expression import LicenseWithExceptionSymbol

    licensing = _licensing()
    if isinstance(tree, (licensing.AND, licensing.OR)):
        arms = [_allows(policy, arm) for arm in tree.args]
        return all(arms) if isinstance(tree, licensing.AND) else any(arms)
    symbol = tree.license_symbol if isinstance(tree, LicenseWithExceptionSymbol) else tree
    key = str(getattr(symbol, "key", ""))
    return policy == "all" or key in PERMISSIVE or (policy == "copyleft" and bool(_COPYLEFT.fullmatch(key)))


def _single(name: str) -> str | None:
    """One name without operators."""
    lower = name.lower()
    if lower in _DEBIAN_NAMES:
        return _DEBIAN_NAMES[lower]
    if found := _GNU.fullmatch(lower):
        version = found["version"] if "." in found["version"] else f"{found['version']}.0"
        return f"{(found['kind'] or '').upper()}GPL-{version}-{'or-later' if found['later'] else 'only'}"
    return _by_lower_case().get(lower)


@functools.lru_cache(maxsize=4096)
def _expression(text: str) -> str | None:
    """A valid SPDX expression in canonical spelling, or None."""
    from license_expression import ExpressionError

    licensing = _licensing()
    try:
        tree: Any = licensing.parse(text)
    except ExpressionError:
        return None
    if tree is None or any(str(key) not in _known() for key in licensing.license_keys(tree)):
        return None
    return str(tree.render())


@functools.cache
def _licensing() -> Licensing:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(map(str, _licensing().known_symbols)) | {PUBLIC_DOMAIN}


@functools.cache
def _by_lower_case() -> dict[str, str]:
    return {key.lower(): key for key in sorted(_known()) if not key.startswith("LicenseRef-scancode") or key == PUBLIC_DOMAIN}
