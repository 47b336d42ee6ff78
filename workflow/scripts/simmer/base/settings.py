"""Declaration of configuration keys: each key once, with type, range and description, where it is used.

    @settings
    class Pace:
        step_s: Annotated[Number, Field(gt=0, description="Seconds between two steps.")]
        noise: Annotated[Number, Field(ge=0, description="Added to each gradient.")] = since(0.0)

The second key was added later. `since` gives the value under which the code does what it did before the key
existed; it is also the default. `meaning` leaves the key out while it has that value, so fingerprints stay.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BeforeValidator,
    ConfigDict,
    Strict,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.dataclasses import dataclass

from simmer.base.errors import ConfigError
from simmer.base.mistakes import contradiction, mistakes, shown

Kind = TypeVar("Kind")


def _as_written(value: Any, check: Callable[[Any], float]) -> float:
    check(value)
    return value


def _to_iso(value: Any) -> Any:
    return value.isoformat() if type(value) is date else value


def _each_once(values: tuple) -> tuple:
    if len(set(values)) != len(values):
        raise contradiction(f"found {shown(list(values))}, expected each value once")
    return values


def _auto_or(check: Callable[[Any], bool], expected: str) -> BeforeValidator:
    def validate(value: Any) -> Any:
        if value != "auto" and not check(value):
            raise contradiction(f"found {shown(value)}, expected {expected}")
        return value

    return BeforeValidator(validate)


# YAML distinguishes true, 1 and 1.0, and so do these types.
Whole = Annotated[int, Strict()]
Real = Annotated[float, Strict(), AllowInfNan(False)]
Flag = Annotated[bool, Strict()]
EachOnce = AfterValidator(_each_once)
# Kept as written, because 1 and 1.0 give different fingerprints.
Number = Annotated[float, Strict(), AllowInfNan(False), WrapValidator(_as_written)]
# YAML parses a date without quotes as a date; it becomes ISO text.
IsoDate = Annotated[str, BeforeValidator(_to_iso), WithJsonSchema({"type": "string", "format": "date"})]
AutoOrWhole = Annotated[
    int | str,
    _auto_or(lambda value: type(value) is int and value >= 1, "`auto` or a whole number of at least 1"),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]}),
]
AutoAllNoneOrWhole = Annotated[
    int | str,
    _auto_or(
        lambda value: value in ("all", "none") or (type(value) is int and value >= 1),
        "one of `auto`, `all`, `none`, or a whole number of at least 1",
    ),
    WithJsonSchema({"anyOf": [{"enum": ["auto", "all", "none"]}, {"type": "integer", "minimum": 1}]}),
]
AutoOrFlag = Annotated[
    bool | str,
    _auto_or(lambda value: type(value) is bool, "one of `auto`, true, false"),
    WithJsonSchema({"enum": ["auto", True, False]}),
]


@dataclass_transform(frozen_default=True, kw_only_default=True)
def settings(cls: type | None = None, /, *, kw_only: bool = True) -> Any:
    """Make a class a frozen dataclass that checks its values.

    Creating an instance raises `ConfigError` if values are wrong, missing, unknown or contradict each other.
    """
    if cls is None:
        return functools.partial(settings, kw_only=kw_only)
    if "__post_init__" in vars(cls):
        cls.__post_init__ = _collected(cls.__post_init__)
    made = dataclass(frozen=True, kw_only=kw_only, config=ConfigDict(extra="forbid"))(cls)
    validate, names = made.__init__, [field.name for field in dataclasses.fields(made)]

    @functools.wraps(validate)
    def init(self: Any, *args: Any, **values: Any) -> None:
        try:
            # Passed by name, so that a message can name them.
            validate(self, **dict(zip(names[: len(args)], args, strict=True)), **values)
        except ValidationError as error:
            raise ConfigError("; ".join(mistakes(error, type(self), top=type(self).__name__))) from None

    made.__init__ = init
    return made


def _collected(check: Callable[[Any], None]) -> Callable[[Any], None]:
    # Any other exception would end the validation at once and hide further problems.
    @functools.wraps(check)
    def post_init(self: Any) -> None:
        try:
            check(self)
        except ConfigError as error:
            raise contradiction(str(error)) from None

    return post_init


def since(before: Any) -> Any:
    """Declare a key added later; `before` is its default and keeps the behaviour from before it existed."""
    return dataclasses.field(default=before, metadata={"before": before})


def before(kind: type) -> dict[str, Any]:
    """Return the keys of a dataclass that were declared with `since`, with their values."""
    return {
        field.name: field.metadata["before"]
        for field in dataclasses.fields(kind)
        if "before" in field.metadata
    }


def meaning(value: Any) -> Any:
    """Return a dataclass as plain values, without keys that have their `since` value.

    Applies to dataclasses inside it, in mappings and in sequences too.
    """
    if dataclasses.is_dataclass(value):
        old = before(type(value))
        known = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {key: meaning(one) for key, one in known.items() if key not in old or one != old[key]}
    if isinstance(value, Mapping):
        return {key: meaning(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(meaning(one) for one in value)
    return value


def part(whole: Any, kind: type[Kind]) -> Kind:
    """Return a `kind` with the values of the fields that it shares with the dataclass `whole`."""
    return kind(**{field.name: getattr(whole, field.name) for field in dataclasses.fields(kind)})
