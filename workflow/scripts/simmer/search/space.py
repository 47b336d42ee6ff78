"""The search space as data: the range or the choices of each hyperparameter.

Every key of `Hyperparameters` is in the space and used by the trial; a fixed key is a choice of one value.
"""

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from simmer.base.errors import ConfigError
from simmer.base.settings import Real, Whole, before, meaning, settings
from simmer.training.settings import Recipe, hyperparameter

Value = int | float | str


@settings
class Proportions:
    """The hyperparameters that determine, with the budget, the shape of a model."""

    depth: Annotated[Whole, hyperparameter("Encoder layers.", unit="encoder layers", ge=1)]
    head_width: Annotated[
        Whole, hyperparameter("Dimensions of one attention head.", unit="dimensions of a head", ge=1)
    ]
    ff_ratio: Annotated[
        Real,
        hyperparameter(
            "Target for feed-forward width over width; the width is solved for the budget.",
            unit="feed-forward width / width",
            gt=0,
        ),
    ]


@settings
class Hyperparameters(Recipe, Proportions):
    """All hyperparameters of a trial: first the keys of `Proportions`, then those of `Recipe`."""


KEYS = tuple(field.name for field in fields(Hyperparameters))
DECLARED: dict[str, Any] = {key: get_type_hints(Hyperparameters, include_extras=True)[key] for key in KEYS}
BEFORE = before(Hyperparameters)
# Each key with its value for results that are older than the key.
COLUMNS = {key: BEFORE.get(key) for key in KEYS}


def unit_of(key: str) -> str:
    """Return the unit of a hyperparameter in a few words."""
    return Hyperparameters.__pydantic_fields__[key].json_schema_extra["unit"]


def meaningful(key: str, value: Value) -> bool:
    """Return True if a value is within the bounds of a hyperparameter, regardless of the space."""
    try:
        _adapter(key).validate_python(value)
    except ValidationError:
        return False
    return True


@functools.cache
def _adapter(key: str) -> TypeAdapter:
    return TypeAdapter(DECLARED[key])


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number between `low` and `high`, both included, on a linear or logarithmic scale."""

    low: float
    high: float
    log: bool
    integer: bool

    def __str__(self) -> str:
        return f"{{low: {self.low}, high: {self.high}, log: {str(self.log).lower()}}}"

    @property
    def ends(self) -> tuple[Value, Value]:
        """The smallest and the largest value."""
        return self.low, self.high

    def contains(self, value: Value) -> bool:
        """Return True if `value` is in the range and has its type."""
        typed = isinstance(value, int) if self.integer else isinstance(value, int | float)
        return typed and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{{values: [{', '.join(map(str, self.values))}]}}"

    @property
    def ends(self) -> tuple[Value, Value]:
        """The smallest and the largest value."""
        return min(self.values), max(self.values)

    def contains(self, value: Value) -> bool:
        """Return True if `value` is one of the values."""
        return value in self.values


Dimension = Range | Choice


@dataclass(frozen=True)
class Space:
    """A dimension for each key of `Hyperparameters`."""

    dimensions: Mapping[str, Dimension]

    @classmethod
    def of(cls, dimensions: Mapping[str, Dimension]) -> "Space":
        """Return the space of these dimensions; absent newer keys are fixed at their value in `BEFORE`."""
        absent = {key: Choice((value,)) for key, value in BEFORE.items() if key not in dimensions}
        return cls(dict(dimensions) | absent)

    def check(self, hyperparameters: Hyperparameters, *, where: str) -> None:
        """Check that hyperparameters are inside the space.

        Raises:
            ConfigError: naming `where` and every key whose value is outside.
        """
        outside = [
            f"{key} {value} outside {self.dimensions[key]}"
            for key, value in asdict(hyperparameters).items()
            if not self.dimensions[key].contains(value)
        ]
        if outside:
            raise ConfigError(
                f"{where}: found {', '.join(outside)}; expected values inside the search space; change one "
                "of them"
            )

    def as_json(self) -> dict[str, Any]:
        """Return the space as plain values for the fingerprint, without newer keys that change no trial."""
        return {key: meaning(one) for key, one in self.dimensions.items() if not unchanged(key, one)}

    @classmethod
    def from_json(cls, block: Mapping[str, Mapping[str, Any]]) -> "Space":
        """Return the space from the output of `as_json`."""
        return cls.of(
            {
                key: Choice(tuple(spec["values"])) if "values" in spec else Range(**spec)
                for key, spec in block.items()
            }
        )


def unchanged(key: str, dimension: Dimension) -> bool:
    """Return True if a newer hyperparameter is fixed at its value from before it existed."""
    return key in BEFORE and dimension == Choice((BEFORE[key],))
