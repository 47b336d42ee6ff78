"""Labels: 1 if the price reaches a threshold above today's close within the horizon."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

import numpy as np

from simmer.base.errors import ConfigError, DatasetError
from simmer.base.text import quote

Basis = Literal["high", "close"]
BASES = get_args(Basis)
MAX_HORIZON_DAYS = 250


@dataclass(frozen=True)
class LabelSpec:
    """Definition of a label.

    Attributes:
        horizon_days: sessions.
        threshold: fraction of the close; 0.01 is 1 %.
        basis: the price that must reach the threshold, "high" or "close" of a day.
    """

    horizon_days: int
    threshold: float
    basis: str

    def __post_init__(self) -> None:
        horizon, threshold = self.horizon_days, self.threshold
        if not isinstance(horizon, int) or isinstance(horizon, bool) or not 1 <= horizon <= MAX_HORIZON_DAYS:
            raise ConfigError(
                f"horizon is {quote(horizon)}; expected whole days from 1 to {MAX_HORIZON_DAYS}"
            )
        number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
        if not number or not isfinite(threshold) or not 0 <= threshold < 1:
            raise ConfigError(
                f"threshold is {quote(threshold)}; expected a fraction from 0 to below 1, such as 0.01"
            )
        if self.basis not in BASES:
            raise ConfigError(f"basis is {quote(self.basis)}; expected one of {', '.join(BASES)}")


def label(high: np.ndarray, close: np.ndarray, spec: LabelSpec) -> np.ndarray:
    """Return 1 where max(basis[t+1 .. t+h]) >= close[t] * (1 + threshold), else 0.

    Args:
        high: raw daily highs, [rows] float64.
        close: raw daily closes, [rows] float64.
        spec: horizon h, threshold and basis.

    Returns:
        [rows - h] int8; the last h rows have no label, because their horizon is not complete.

    Raises:
        DatasetError: when the lengths differ, no row has a label, or a price is not finite and positive.
    """
    if high.ndim != 1 or high.shape != close.shape:
        raise DatasetError(
            f"high has shape {high.shape}, close {close.shape}; expected two equally long series"
        )
    if len(close) <= spec.horizon_days:
        raise DatasetError(
            f"{len(close)} rows give no label {spec.horizon_days} days ahead; expected more rows than days: "
            "use a longer series or a shorter horizon"
        )
    for name, prices in (("high", high), ("close", close)):
        if not (np.isfinite(prices) & (prices > 0)).all():
            raise DatasetError(
                f"a {name} is missing, infinite or not above 0; labels need raw prices, not standardised ones"
            )
    labelled = len(close) - spec.horizon_days
    return (_future(high, close, spec) >= close[:labelled] * (1 + spec.threshold)).astype(np.int8)


def threshold_for(high: np.ndarray, close: np.ndarray, spec: LabelSpec, *, base_rate: float) -> float:
    """Return the threshold, to four digits, at which about this share of the rows is positive.

    Arguments and errors as `label`, whose threshold is not used.
    """
    labelled = len(label(high, close, spec))
    rises = _future(high, close, spec) / close[:labelled] - 1
    return max(0.0, round(float(np.quantile(rises, 1 - base_rate)), 4))


def _future(high: np.ndarray, close: np.ndarray, spec: LabelSpec) -> np.ndarray:
    reached = high if spec.basis == "high" else close
    labelled = len(close) - spec.horizon_days
    future = reached[1 : 1 + labelled]
    for day in range(2, spec.horizon_days + 1):
        future = np.maximum(future, reached[day : day + labelled])
    return future
