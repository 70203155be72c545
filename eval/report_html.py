"""What the report's pages are made with: templates, style sheets, and scripts with the hash that lets them run."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hpcraft.eval import report_text as text
from hpcraft.eval.report_code import highlight

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"


class Script(NamedTuple):
    """A script that stands in a page, and what a content security policy calls it."""

    text: Markup
    digest: str


@cache
def environment() -> Environment:
    """Templates that escape what they are given, with the report's words and numbers as filters."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {
        "visible": text.visible,
        "count": text.count,
        "num_bytes": text.num_bytes,
        "duration": text.duration,
        "percent": text.percent,
        "cell": text.cell,
        "short_time": text.short_time,
        "figures": text.figures,
        "highlight": highlight,
    }
    return made


@cache
def style(*names: str) -> Markup:
    """Style sheets of ours as one, without line breaks: a page has its own copy, and there are thousands."""
    from markupsafe import Markup

    whole = "\n".join((_TEMPLATES / f"{name}.css").read_text() for name in names)
    return Markup(re.sub(r"\s*\n\s*", "\n", whole).strip())  # noqa: S704 - ours, from the package


@cache
def script(name: str) -> Script:
    """A script of ours."""
    from markupsafe import Markup

    words = (_TEMPLATES / f"{name}.js").read_text()
    digest = base64.b64encode(hashlib.sha256(words.encode()).digest()).decode()
    return Script(Markup(words), f"sha256-{digest}")  # noqa: S704 - ours, from the package; its hash is in the policy
