"""Typed results as the plain values in which they are published, and back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from simmer.base.errors import LedgerError


def to_plain(value: Any) -> Any:
    """Return dataclasses as mappings of their fields, sequences as lists, and everything else as it is.

    A field whose default is `None` is left out where it is `None`.
    """
    if is_dataclass(value):
        found = ((field, getattr(value, field.name)) for field in fields(value))
        return {
            field.name: to_plain(one) for field, one in found if not (one is None and field.default is None)
        }
    if isinstance(value, Mapping):
        return {key: to_plain(one) for key, one in value.items()}
    return [to_plain(one) for one in value] if isinstance(value, list | tuple) else value


def from_plain(kind: Any, value: Any, where: str) -> Any:
    """Return a value of the declared kind, the inverse of `to_plain`; unknown keys are left out.

    Args:
        kind: a dataclass, or what its fields may be declared as.
        value: as it was published.
        where: the path of keys that leads to it, for the message.

    Raises:
        LedgerError: when a key is missing or a value is of another kind, naming the path to it.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin is UnionType:
        (known,) = (one for one in inner if one is not NoneType)
        return None if value is None else from_plain(known, value, where)
    if is_dataclass(kind):
        return kind(**_fields(kind, _checked(dict, value, where), where))
    if origin is tuple:
        items = enumerate(_checked(list, value, where))
        return tuple(from_plain(inner[0], one, f"{where}[{number}]") for number, one in items)
    if origin is Mapping:
        items = _checked(dict, value, where).items()
        return {key: from_plain(inner[1], one, f"{where}.{key}") for key, one in items}
    if origin is Literal:
        if value not in inner:
            raise _damaged(where, value, " or ".join(map(repr, inner)))
        return value
    return _checked(kind, value, where)


def _fields(kind: type, value: Mapping[str, Any], where: str) -> dict[str, Any]:
    hints, found = get_type_hints(kind), {}
    for field in fields(kind):
        if field.name in value:
            key = f"{where}.{field.name}"
            found[field.name] = from_plain(hints[field.name], value[field.name], key)
        elif field.default is not None:
            raise _unreadable(f"{where} has no {field.name!r}")
    return found


def _checked(kind: type, value: Any, where: str) -> Any:
    # JSON writes a whole number without a point, and True is an int.
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise _damaged(where, value, kind.__name__)
    return value


def _damaged(where: str, value: Any, expected: str) -> LedgerError:
    return _unreadable(f"{where} is {value!r:.60}, expected {expected}")


def _unreadable(found: str) -> LedgerError:
    return LedgerError(
        f"the evidence cannot be read: {found}; delete results/evidence.json and run the same command again, "
        "which computes it from the final predictions"
    )
