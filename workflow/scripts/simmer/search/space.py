"""The search space as data: what may vary, in which range, on which scale.

Every key of `Hyperparameters` stands in the space and is used by the trial; a key that must not vary is
a choice of one value. Nothing else can be searched.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from simmer.base.errors import ConfigError
from simmer.features.columns import INPUT_FORMS
from simmer.training.settings import Recipe

Value = int | float | str


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What one trial chooses: three numbers for the shape, the rest for the recipe.

    Attributes:
        depth: encoder layers.
        head_width: dimensions of one attention head.
        ff_ratio: feed-forward width over width, aimed at.

    The others are those of `Recipe`.
    """

    depth: int
    head_width: int
    ff_ratio: float
    learning_rate: float
    weight_decay: float
    warmup_fraction: float
    dropout: float
    batch_size: int
    label_smoothing: float
    focal_gamma: float
    input_form: str

    def recipe(self) -> Recipe:
        """Return the part that acts on training."""
        return Recipe(**{field.name: getattr(self, field.name) for field in fields(Recipe)})


KEYS = tuple(field.name for field in fields(Hyperparameters))
INTEGER_KEYS = ("depth", "head_width", "batch_size")
NAME_KEYS = ("input_form",)

# What makes sense for each key, in words and as a test of its extremes or choices.
MEANINGFUL: dict[str, tuple[str, Callable[[Value], bool]]] = {
    "depth": ("at least 1", lambda value: value >= 1),
    "head_width": ("at least 1", lambda value: value >= 1),
    "ff_ratio": ("more than 0", lambda value: value > 0),
    "learning_rate": ("more than 0", lambda value: value > 0),
    "weight_decay": ("at least 0", lambda value: value >= 0),
    "warmup_fraction": ("0 to 1", lambda value: 0 <= value <= 1),
    "dropout": ("0 to less than 1", lambda value: 0 <= value < 1),
    "batch_size": ("at least 1", lambda value: value >= 1),
    "label_smoothing": ("0 to less than 1", lambda value: 0 <= value < 1),
    "focal_gamma": ("at least 0", lambda value: value >= 0),
    "input_form": (f"`values` out of {', '.join(INPUT_FORMS)}", lambda value: value in INPUT_FORMS),
}


def typed(key: str, value: Value) -> Value:
    """Return `value` in the one type its key has, so that 4 and 4.0 are the same study."""
    return value if key in INTEGER_KEYS or key in NAME_KEYS else float(value)


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number between `low` and `high`, both included, on a linear or logarithmic scale."""

    low: float
    high: float
    log: bool
    integer: bool

    @property
    def ends(self) -> tuple[Value, Value]:
        """The smallest and the largest value."""
        return self.low, self.high

    def contains(self, value: Value) -> bool:
        """Tell whether `value` lies in the range and has its type."""
        typed = isinstance(value, int) if self.integer else isinstance(value, int | float)
        return typed and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    values: tuple[Value, ...]

    @property
    def ends(self) -> tuple[Value, Value]:
        """The smallest and the largest value."""
        return min(self.values), max(self.values)

    def contains(self, value: Value) -> bool:
        """Tell whether `value` is one of the values."""
        return value in self.values


Dimension = Range | Choice


@dataclass(frozen=True)
class Space:
    """A dimension for each key of `Hyperparameters`."""

    dimensions: Mapping[str, Dimension]

    @classmethod
    def from_config(cls, block: Mapping[str, Mapping[str, Any]], *, where: str) -> "Space":
        """Read `{key: {low, high, log} | {values: [...]}}`.

        Raises:
            ConfigError: for a missing or unknown key, an empty range, a log scale that touches zero.
        """
        if set(block) != set(KEYS):
            raise ConfigError(
                f"config block {where}: found keys {sorted(block)}, expected exactly {sorted(KEYS)}; a key "
                "that must not vary is a choice of one value, `{values: [0.1]}`"
            )
        return cls({key: _dimension(key, spec, where=f"{where}.{key}") for key, spec in block.items()})

    def check(self, hyperparameters: Hyperparameters, *, where: str) -> None:
        """Raise `ConfigError` naming `where` and every key whose value lies outside the space."""
        outside = {
            key: value
            for key, value in asdict(hyperparameters).items()
            if not self.dimensions[key].contains(value)
        }
        if outside:
            raise ConfigError(
                f"config block {where}: found {outside}, expected values inside the search space "
                f"({', '.join(f'{key}: {self.dimensions[key]}' for key in outside)})"
            )

    def as_json(self) -> dict[str, Any]:
        """Return the space as plain values, for the fingerprint."""
        return {key: asdict(dimension) for key, dimension in self.dimensions.items()}

    @classmethod
    def from_json(cls, block: Mapping[str, Mapping[str, Any]]) -> "Space":
        """Return the space that `as_json` gave as `block`."""
        return cls(
            {
                key: Choice(tuple(spec["values"])) if "values" in spec else Range(**spec)
                for key, spec in block.items()
            }
        )


def _dimension(key: str, spec: Mapping[str, Any], *, where: str) -> Dimension:
    dimension = _read_dimension(key, spec, where=where)
    meaning, valid = MEANINGFUL[key]
    values = dimension.values if isinstance(dimension, Choice) else dimension.ends
    if not all(valid(value) for value in values):
        raise ConfigError(f"config block {where}: found values {list(values)}, expected {meaning}")
    return dimension


def _read_dimension(key: str, spec: Mapping[str, Any], *, where: str) -> Dimension:
    # An overlay can only add keys to a mapping, so it takes one away by setting it to null.
    spec = {name: value for name, value in spec.items() if value is not None}
    if "values" in spec:
        if set(spec) != {"values"} or not spec["values"]:
            raise ConfigError(
                f"config block {where}: found {dict(spec)}, expected `values: [...]` alone and not empty; an "
                "overlay sets `low`, `high` and `log` to null"
            )
        if key in INTEGER_KEYS and not all(isinstance(value, int) for value in spec["values"]):
            raise ConfigError(f"config block {where}: found {spec['values']}, expected whole numbers")
        if any(isinstance(value, str) != (key in NAME_KEYS) for value in spec["values"]):
            raise ConfigError(f"config block {where}: found {spec['values']}, expected {MEANINGFUL[key][0]}")
        return Choice(tuple(typed(key, value) for value in spec["values"]))
    low, high, log = spec.get("low"), spec.get("high"), spec.get("log", False)
    if low is None or high is None or low >= high or (log and low <= 0):
        raise ConfigError(
            f"config block {where}: found {dict(spec)}, expected `low` < `high` (and `low` > 0 with "
            "`log: true`) or `values: [...]`"
        )
    integer = key in INTEGER_KEYS
    if integer and not (isinstance(low, int) and isinstance(high, int)):
        raise ConfigError(f"config block {where}: found {low}..{high}, expected whole numbers")
    return Range(low=typed(key, low), high=typed(key, high), log=log, integer=integer)
