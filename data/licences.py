"""Licences: the names people write, as SPDX expressions, and what a policy allows.

Default-deny: a name that isn't known gives no licence, and a file without a licence isn't kept. Of licences that SPDX doesn't list
(``LicenseRef-*``) only the dedication to the public domain is known.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from hpcraft.errors import ConfigError, nearest

if TYPE_CHECKING:
    from license_expression import Licensing

Policy = Literal["permissive", "copyleft", "all", "list"]
"""``list`` allows the SPDX identifiers of a list and nothing else."""

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
        "BSD-3-Clause-HP",
        "BSD-3-Clause-Open-MPI",
        "BSD-4-Clause-UC",
        "BSD-Source-Code",
        "BSL-1.0",
        "BlueOak-1.0.0",
        "CC-PDDC",
        "CC0-1.0",
        "CECILL-B",
        "ECL-2.0",
        "FSFAP",
        "FSFUL",
        "FSFAP-no-warranty-disclaimer",
        "FSFULLR",
        "FSFULLRWD",
        "HDF5",
        "HPND",
        "HPND-sell-variant",
        "ICU",
        "ISC",
        "Libpng",
        "Linux-OpenIB",
        "MIT",
        "MIT-0",
        "NCSA",
        "NIST-PD",
        "NTP",
        "OLDAP-2.8",
        "PSF-2.0",
        "PostgreSQL",
        "SMLNJ",
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
    "gnu-all-permissive-license": "FSFAP",
    "fsf-all-permissive": "FSFAP",
    "fsf-free": "FSFUL",
    "fsf-unlimited": "FSFUL",
    "fsf-permissive": "FSFULLR",
    "bsd-2": "BSD-2-Clause",
    "bsd-4": "BSD-4-Clause",
    "bsd-2-clauses": "BSD-2-Clause",
    "bsd-2-clause-texas": "BSD-2-Clause-Views",
    "bsd-3-clause-llns-additional-notice": "BSD-3-Clause",
    "bsd-3-clause-uc-additional-notice": "BSD-3-Clause",
    "bsd-3-clauses": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "google-3-bsd": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "modified bsd": "BSD-3-Clause",
    "simplified bsd": "BSD-2-Clause",
    "cecill": "CECILL-2.1",
    "cecill-c-v1": "CECILL-C",
    "cecill-v2": "CECILL-2.0",
    "python": "PSF-2.0",
    "psf-2": "PSF-2.0",
    "libpng": "Libpng",
    "bzip2": "bzip2-1.0.6",
}
_GNU = re.compile(r"(?P<kind>a|l)?gpl[- ]?v?(?P<version>[123](\.[01])?)(?P<later>\+|-or-later)?(-only)?")
_GNU_EXCEPTION = re.compile(r"(?:licenseref-)?(?P<base>[al]?gpl.*?)[- ]with[- ].*", re.IGNORECASE)
_MAX_NAME_CHARACTERS = 500
_JOINERS = (("OR", r"\s+or\s+|-or-(?!later)|,\s*or\s+"), ("AND", r"\s+and/or\s+|,?\s+and\s+|,\s*|-and-|;\s*"))


def check_policy(policy: str, listed: Sequence[str] = ()) -> None:
    """Refuse a policy or a listed licence that doesn't exist, and a list without the policy that reads it.

    Raises:
        ConfigError: one of these.
    """
    policies = get_args(Policy)
    if policy not in policies:
        raise ConfigError(f"licence_policy {policy!r}: must be one of {', '.join(policies)}{nearest(policy, policies)}")
    if policy != "list" and listed:
        raise ConfigError(f"licences is given, but licence_policy is {policy!r}: leave licences out or set licence_policy to 'list'")
    if policy == "list" and not listed:
        raise ConfigError(
            "licence_policy 'list' allows nothing without licences: list SPDX identifiers, such as licences: [MIT, BSD-3-Clause]"
        )
    for name in listed:
        if not is_known(name):
            meant = spdx(name)
            hint = f", did you mean {meant!r}?" if meant and is_known(meant) else nearest(name, sorted(_licences()))
            raise ConfigError(f"licences: {name!r} is not an SPDX licence identifier{hint}")


def allows(policy: Policy, expression: str, listed: Collection[str] = ()) -> bool:
    """Whether a policy allows an SPDX expression: one arm of an OR is enough, every arm of an AND is needed.

    An exception adds rights and doesn't matter; an identifier that isn't known is never allowed.
    """
    return _allows_expression(policy, expression, frozenset(listed))


def is_gnu(expression: str) -> bool:
    """Whether a licence of the GNU family stands anywhere in an expression."""
    return "GPL-" in expression


def is_known(name: str) -> bool:
    """Whether a name is the SPDX identifier of a licence, or the dedication to the public domain."""
    return name in _licences()


def join(names: Sequence[str], operator: Literal["AND", "OR"]) -> str:
    """Several SPDX expressions as one, in canonical form; empty when there are none or one of them isn't valid."""
    return _expression(f" {operator} ".join(f"({name})" for name in names)) or "" if names else ""


def spdx(name: str) -> str | None:
    """The SPDX expression for one licence name as people write it, or None.

    ``A or B``, ``A and B``, ``A OR B`` and Debian's ``A-OR-B`` are read. The exception to a GNU licence only adds rights, and is
    dropped when SPDX doesn't know it.
    """
    name = " ".join(name.split()).rstrip(".,;")
    if len(name) > _MAX_NAME_CHARACTERS:
        return None
    if known := _single(name):
        return known
    if expression := _expression(name):
        return expression
    if exception := _GNU_EXCEPTION.fullmatch(name):
        return _single(exception["base"])
    for joiner, pattern in _JOINERS:
        parts = [part for part in re.split(pattern, name, flags=re.IGNORECASE) if part]
        if len(parts) > 1:
            found = [spdx(part) for part in parts]
            return None if None in found else _expression(f" {joiner} ".join(f"({part})" for part in found))
    return None


@functools.lru_cache(maxsize=4096)
def _allows_expression(policy: Policy, expression: str, listed: frozenset[str]) -> bool:
    from license_expression import ExpressionError

    try:
        tree = _licensing().parse(expression)
    except ExpressionError:
        return False
    return tree is not None and _allows(policy, tree, listed)


def _allows(policy: Policy, tree: Any, listed: frozenset[str]) -> bool:
    from license_expression import LicenseWithExceptionSymbol

    licensing = _licensing()
    if isinstance(tree, (licensing.AND, licensing.OR)):
        arms = [_allows(policy, arm, listed) for arm in tree.args]
        return all(arms) if isinstance(tree, licensing.AND) else any(arms)
    symbol = tree.license_symbol if isinstance(tree, LicenseWithExceptionSymbol) else tree
    key = str(getattr(symbol, "key", ""))
    if policy == "list":
        return key in listed and is_known(key)
    return (policy == "all" and is_known(key)) or key in PERMISSIVE or (policy == "copyleft" and bool(_COPYLEFT.fullmatch(key)))


def _single(name: str) -> str | None:
    """One name without operators."""
    lower = name.lower()
    if lower in _DEBIAN_NAMES:
        return _DEBIAN_NAMES[lower]
    if found := _GNU.fullmatch(lower):
        version = found["version"] if "." in found["version"] else f"{found['version']}.0"
        return _by_lower_case().get(f"{found['kind'] or ''}gpl-{version}-{'or-later' if found['later'] else 'only'}")
    return _by_lower_case().get(lower)


@functools.lru_cache(maxsize=4096)
def _expression(text: str) -> str | None:
    """A valid SPDX expression in canonical form, or None: each licence once, the arms of an operator in order."""
    from license_expression import ExpressionError

    licensing = _licensing()
    try:
        tree: Any = licensing.parse(text, strict=True)
    except ExpressionError:
        return None
    if tree is None or any(str(key) not in _symbols() for key in licensing.license_keys(tree)):
        return None
    return str(tree.simplify().render())


@functools.cache
def _licensing() -> Licensing:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


@functools.cache
def _symbols() -> frozenset[str]:
    """Licences and exceptions."""
    # The library also knows thousands of licences that SPDX doesn't list, as LicenseRef-*.
    return frozenset(key for key in map(str, _licensing().known_symbols) if not key.startswith("LicenseRef-")) | {PUBLIC_DOMAIN}


@functools.cache
def _licences() -> frozenset[str]:
    symbols: Any = _licensing().known_symbols
    return frozenset(key for key in _symbols() if key == PUBLIC_DOMAIN or not symbols[key].is_exception)


@functools.cache
def _by_lower_case() -> dict[str, str]:
    return {key.lower(): key for key in sorted(_licences())}
