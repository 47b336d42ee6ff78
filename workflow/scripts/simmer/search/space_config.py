"""Parse the search space of a configuration: `{low, high, log}` or `{values: [...]}` for each key."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WrapValidator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # typing has one that pydantic reads from 3.12 on

from simmer.base.mistakes import contradiction, shown
from simmer.base.settings import Flag
from simmer.search.space import DECLARED, Choice, Dimension, Range


def _read(spec: Mapping[str, Any]) -> Dimension:
    # An overlay can only add keys to a mapping; it removes one by setting it to null.
    spec = {name: value for name, value in spec.items() if value is not None}
    if set(spec) == {"values"}:
        return Choice(spec["values"])
    low, high, log = spec.get("low"), spec.get("high"), spec.get("log", False)
    if "values" in spec:
        raise _wrong(spec, "`values: [...]` alone; an overlay sets `low`, `high` and `log` to null")
    if isinstance(low, str):
        raise _wrong(spec, "`values: [...]`, because a name has no range")
    if low is None or high is None or low >= high or (log and low <= 0):
        raise _wrong(spec, "`low` < `high` (and `low` > 0 with `log: true`) or `values: [...]`")
    return Range(low=low, high=high, log=log, integer=isinstance(low, int))


def _wrong(spec: Mapping[str, Any], expected: str) -> PydanticCustomError:
    found = {name: list(value) if isinstance(value, tuple) else value for name, value in spec.items()}
    return contradiction(f"found {shown(found)}, expected {expected}")


def _block(name: str, keys: Mapping[str, Any]) -> Any:
    block = TypedDict(name, dict(keys), total=False)  # noqa: UP013 - the keys are not known here
    block.__pydantic_config__ = ConfigDict(extra="forbid")
    return block


def _dimension(key: str, value: Any) -> Any:
    # Low, high and each choice must be within the bounds of the hyperparameter.
    choices = Annotated[tuple[value, ...], Field(min_length=1)]
    keys = {
        "low": Annotated[value | None, Field(description="Smallest value.")],
        "high": Annotated[value | None, Field(description="Largest value.")],
        "log": Annotated[Flag | None, Field(description="True to draw values on a logarithmic scale.")],
        "values": Annotated[choices | None, Field(description="The choices.")],
    }
    return Annotated[_block(f"{key}_dimension", keys), AfterValidator(_read)]


def _described(value: Any) -> Any:
    (field,) = (one for one in value.__metadata__ if hasattr(one, "description"))
    return Field(description=field.description)


def _as_ordered(spec: Any, read: Callable[[Any], dict[str, Dimension]]) -> dict[str, Dimension]:
    # Random numbers are drawn in the order of the configuration.
    dimensions = read(spec)
    return {key: dimensions[key] for key in spec}


# Schema of each hyperparameter in a configuration: its dimension in `space`, its value in `default`.
_SPACE = {key: Annotated[_dimension(key, value), _described(value)] for key, value in DECLARED.items()}
Dimensions = Annotated[_block("space", _SPACE), WrapValidator(_as_ordered)]
Values = _block("hyperparameters", DECLARED)
