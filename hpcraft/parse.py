"""Records from untyped values, at the edge where files of others come in: every field there, known and of its type."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from hpcraft.errors import InputError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from hpcraft.store import Record

R = TypeVar("R", bound="Record")


def record_from(value: object, kind: type[R], *, where: str) -> R:
    """The record that a JSON object holds; ``schema`` may be absent in files that others wrote.

    Raises:
        InputError: another schema, a missing or unknown field, or a value of the wrong type; ``where`` opens the message.
    """
    from pydantic import ValidationError

    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object of {kind.SCHEMA}")
    schema = value.get("schema", kind.SCHEMA)
    if schema != kind.SCHEMA:
        raise InputError(f"{where}: schema {schema!r}, this command reads {kind.SCHEMA!r}")
    given = {name: tuple(item) if isinstance(item, list) else item for name, item in value.items() if name != "schema"}
    for name, inner in _inner(kind).items():
        if isinstance(items := given.get(name), tuple):
            given[name] = tuple(record_from(item, inner, where=f"{where}: {name}") for item in items)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(given.keys() - fields.keys())
    required = {n for n, f in fields.items() if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}
    missing = sorted(required - given.keys())
    if unknown or missing:
        problem = f"unknown field {unknown[0]!r}" if unknown else f"no field {missing[0]!r}"
        raise InputError(f"{where}: {problem}; {kind.SCHEMA} has {', '.join(fields)}")
    try:
        checked = _adapter(kind).validate_python(given, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where}: {field}: {first['msg']} (got {first['input']!r:.80})") from None
    return kind(**checked)


@functools.cache
def _inner(kind: type[Any]) -> dict[str, type[Any]]:
    """The fields that hold records of another kind, ``tuple[Record, ...]``."""
    found: dict[str, type[Any]] = {}
    for name, hint in get_type_hints(kind).items():
        inner = get_args(hint)[0] if get_origin(hint) is tuple and get_args(hint) else None
        if isinstance(inner, type) and dataclasses.is_dataclass(inner) and hasattr(inner, "SCHEMA"):
            found[name] = inner
    return found


@functools.cache
def _adapter(kind: type[Any]) -> TypeAdapter[dict[str, Any]]:
    """A reader of the fields alone: strict reading of the class itself would want an instance."""
    from typing import NotRequired

    from pydantic import TypeAdapter
    from typing_extensions import TypedDict

    hints = get_type_hints(kind)
    fields = {f.name: NotRequired[hints[f.name]] for f in dataclasses.fields(kind)}
    return TypeAdapter(TypedDict(kind.__name__, fields))  # type: ignore[operator]  # made at run time
