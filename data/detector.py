"""Which SPDX licences stand in a text, told by the library ``licenseclassifier``.

The library matches word by word against the templates of the SPDX list (a port of Google's licensecheck) and gives no similarity
score: a clause more or less is another licence or none. It weighs 2 MB without dependencies, loads in 0.1 s and reads a licence in
3 ms, so that every worker may run it.

Not covered: texts that SPDX doesn't list, and translations.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hpcraft.data.licences import is_known, join

_BARE_GNU = re.compile(r"[AL]?GPL-\d\.\d")


class Region(NamedTuple):
    """A licence found in a text."""

    name: str
    """As the library names it: SPDX, or an identifier of its own."""
    start: int
    end: int


def find_licences(text: str) -> list[Region]:
    """Every licence text and every standard notice in a text, in its order. A bare link to a GNU licence isn't one."""
    from licenseclassifier import identify_license

    found = [Region(match.id, match.start, match.end) for match in identify_license(text, coverage_threshold=0.0)]
    return [
        region for region in found if not (_BARE_GNU.fullmatch(region.name) and text[region.start : region.end].lower().startswith("http"))
    ]


def spdx_names(found: list[Region]) -> list[str] | None:
    """The SPDX identifiers of what was found, each once; None when something isn't a licence of the SPDX list.

    A GNU licence without ``only`` or ``or later`` is the licence text itself, which grants no later version; the notice that
    its last page shows as an example isn't a second licence.
    """
    names = list(dict.fromkeys(region.name for region in found))
    texts = {name for name in names if _BARE_GNU.fullmatch(name)}
    if {"GPL-3.0", "LGPL-3.0"} <= texts:  # the LGPL 3 is written as additions to the GPL 3, whose text goes with it
        texts.remove("GPL-3.0")
        names.remove("GPL-3.0")
    names = [f"{name}-only" if name in texts else name for name in names if name.partition("-o")[0] not in texts or name in texts]
    names = list(dict.fromkeys(names))
    return names if all(map(is_known, names)) else None


def all_of(names: list[str]) -> str:
    """Several licences as one expression that needs them all."""
    return join(names, "AND")
