"""Read JSON into frozen dataclasses and write it from them, with strict types.

Values are never converted: an integer stays an integer. A field whose default is `None` may be absent from
the JSON, and is left out of it while it is `None`.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from simmer.base.errors import DamagedError
from simmer.base.text import quote

Kind = TypeVar("Kind")

# Expected kind of value, by pydantic's error type.
_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "dataclass_type": "an object",
}
_UNION_MEMBERS = {"int", "float", "str"}


def from_values(kind: type[Kind], values: Any, *, where: object, advice: str) -> Kind:
    """Return a `kind` from plain JSON values; unknown keys are ignored.

    Args:
        kind: a dataclass.
        values: as read from JSON.
        where: name of the values in messages.
        advice: what to do if they are damaged.

    Raises:
        DamagedError: naming `where`, the key, what was found and expected, and `advice`.
    """
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        problem = _problem(error.errors(include_url=False))
        raise DamagedError(f"found {where} damaged ({problem})", advice) from error


def as_json(value: Any) -> Any:
    """Return a dataclass, with all dataclasses inside it, as plain JSON values."""
    if is_dataclass(value):
        held = [(field, getattr(value, field.name)) for field in fields(value)]
        return {
            field.name: as_json(inner)
            for field, inner in held
            if inner is not None or field.default is not None
        }
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    if isinstance(value, Mapping):
        return {key: as_json(inner) for key, inner in value.items()}
    return value


@cache
def _adapter(kind: type) -> Any:
    # Imported on first use: planning the workflow does not need pydantic here.
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _problem(errors: list[Any]) -> str:
    first = errors[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    place = [part for part in first["loc"] if part not in _UNION_MEMBERS]
    key = ".".join(map(str, place)) or "its top"
    if first["type"] == "missing":
        return f"found no key {key}; expected one"
    tried = {error["loc"][-1] for error in errors if error["loc"] and error["loc"][-1] in _UNION_MEMBERS}
    expected = _EXPECTED.get(first["type"], first["msg"].removeprefix("Input should be "))
    if len(place) < len(first["loc"]):
        expected = "a number or a text" if "str" in tried else "a number"
    return f"found {quote(first['input'])} at {key}; expected {expected}"
