"""JSON read into frozen dataclasses and written from them: strict, and with a problem in words.

A whole number stays one, and nothing is converted. A field whose default is `None` may be absent, and is left
out where it is `None`.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from simmer.base.errors import LedgerError
from simmer.base.text import quote

Kind = TypeVar("Kind")

# What a value should have been, by the kinds of problems that the validation knows.
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


def from_json(kind: type[Kind], text: str, *, where: object, advice: str) -> Kind:
    """Return the dataclass `kind` that is written as JSON in `text`; unknown keys are ignored.

    Args:
        kind: the dataclass.
        text: the JSON.
        where: names the text in messages.
        advice: what to do about a damaged one.

    Raises:
        LedgerError: naming `where`, the key, what was found and expected, and `advice`.
    """
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        problem = _problem(error.errors(include_url=False))
        raise LedgerError(f"found {where} damaged ({problem}); {advice}") from error


def from_values(kind: type[Kind], values: Any, *, where: object, advice: str) -> Kind:
    """Return the dataclass `kind` with these plain values, as JSON has them; errors as `from_json`."""
    return from_json(kind, json.dumps(values), where=where, advice=advice)


def as_json(value: Any) -> Any:
    """Return a dataclass, and what it holds, as plain values that JSON can hold."""
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
    # Imported where something is read, so that a plan of the workflow does without.
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _problem(errors: list[Any]) -> str:
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"{first['msg']}; expected JSON"
    place = [part for part in first["loc"] if part not in _UNION_MEMBERS]
    key = ".".join(map(str, place)) or "its top"
    if first["type"] == "missing":
        return f"found no key {key}; expected one"
    tried = {error["loc"][-1] for error in errors if error["loc"] and error["loc"][-1] in _UNION_MEMBERS}
    expected = _EXPECTED.get(first["type"], first["msg"].removeprefix("Input should be "))
    if len(place) < len(first["loc"]):
        expected = "a number or a text" if "str" in tried else "a number"
    return f"found {quote(first['input'])} at {key}; expected {expected}"
