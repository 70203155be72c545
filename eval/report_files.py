"""JSON lines of other stages, read at the edge where the report needs a few keys of each line and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hpcraft.errors import InputError


def read_objects(path: Path, *required: str) -> Iterator[Mapping[str, Any]]:
    """Yield the object on each line of ``path``.

    Raises:
        InputError: a missing file, a line that isn't a JSON object, or one without a required key.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run the stage that makes it again") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}:{number}: not JSON ({error}); run the stage again") from None
        if not isinstance(value, dict) or any(key not in value for key in required):
            raise InputError(f"{path}:{number}: expected an object with {', '.join(required) or 'any keys'}; run the stage again")
        yield value
