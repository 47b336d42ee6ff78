"""Fit curves of test log-loss over counted parameters: constant, power, and power with a floor.

Symbols: N counted parameters, L mean test log-loss in nats, E the limit of L for large N,

    constant           L = a
    power              L = a N^-alpha
    power with floor   L = E + a N^-alpha      (a, alpha, E > 0)

Residuals are taken in log L with Huber's loss, as in Hoffmann et al. (2022, "Training Compute-Optimal Large
Language Models", arXiv 2203.15556). The losses are summed over scales, not averaged, and minimised from many
starts to a tight tolerance, because Besiroglu et al. (2024, "Chinchilla Scaling: A replication attempt",
arXiv 2404.10102) found that a mean and a loose tolerance stop the optimiser too early.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import least_squares

from simmer.base.errors import DatasetError

# In log L, about the relative loss. Hoffmann's 1e-3 is below the noise of a few hundred test rows, 1 to 2 %:
# Huber's loss would be the absolute one, whose line runs through two of four points and ignores the others.
HUBER_DELTA = 0.02
FEWEST_SCALES_FOR_FLOOR = 4
MAX_ITERATIONS = 500
TOLERANCE = 1e-12
TOLERANCE_OF_DRAWS = 1e-7  # far below the width of any interval; five times faster than `TOLERANCE`

FLOOR_ALPHAS = (1e-3, 5.0)
FLOOR_SHARES = (1e-3, 1.0)  # of the smallest loss
START_ALPHAS = (0.03, 0.1, 0.3, 1.0)
START_SHARES = (0.05, 0.7, 0.97)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """L = floor + a N^-alpha.

    Attributes:
        a: the factor, in nats; for a constant, the loss itself.
        alpha: the exponent; below 0 if the loss rises with N. None for a constant.
        floor: E in nats, None for curves without a floor.
        on_limit: True if a parameter ended at a bound of the fit, so that the data do not determine it.
    """

    a: float
    alpha: float | None
    floor: float | None
    on_limit: bool = False

    def at(self, parameters: np.ndarray) -> np.ndarray:
        """Return the loss in nats at these counted parameters."""
        return (self.floor or 0.0) + self.a * np.exp(-(self.alpha or 0.0) * np.log(parameters))


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One curve fitted to the mean losses of all scales.

    Attributes:
        model: "constant", "power" or "power with floor".
        curve: its parameters.
        objective: sum over scales of Huber's loss of the residuals in log L.
        held_out: root mean square error in log L when each scale is predicted from a fit to the others; None
            if such a fit has too few scales to leave a residual.
    """

    model: str
    curve: Curve
    objective: float
    held_out: float | None


@dataclass(frozen=True, kw_only=True)
class Fits:
    """All fitted curves.

    Attributes:
        fits: constant, power and, with enough scales, power with floor.
        floor_refused: why there is no power with floor, None if there is one.
    """

    fits: tuple[Fit, ...]
    floor_refused: str | None


def fit_curves(parameters: np.ndarray, losses: np.ndarray) -> Fits:
    """Fit every curve that the number of scales allows.

    `held_out` compares the curves. Information criteria do not work here: AICc, for example, divides by zero
    with four points, two parameters and a variance. Verdicts use paired intervals, not this comparison.

    Args:
        parameters: [scales] counted parameters, all different.
        losses: [scales] mean test log-losses in nats.

    Raises:
        DatasetError: for fewer than two scales, equal parameters, or values that are not finite and positive.
    """
    parameters, losses = _checked(parameters, losses)
    offered = len(losses) >= FEWEST_SCALES_FOR_FLOOR
    refused = (
        f"a power with floor has three parameters and needs at least {FEWEST_SCALES_FOR_FLOOR} scales; there "
        f"are {len(losses)}"
    )
    return Fits(
        fits=tuple(
            _fitted(model, parameters, losses) for model in MODELS if offered or model != "power with floor"
        ),
        floor_refused=None if offered else refused,
    )


def exponents(parameters: np.ndarray, log_losses: np.ndarray) -> np.ndarray:
    """Return alpha of the pure power for many sets of losses; above 0 if losses fall with N.

    Args:
        parameters: [scales] counted parameters, all different and above 0.
        log_losses: [sets, scales] logarithms of mean test log-losses in nats, finite.
    """
    return -_lines(np.log(parameters), log_losses, TOLERANCE_OF_DRAWS)[1]


def huber(residuals: np.ndarray) -> np.ndarray:
    """Return Huber's loss of residuals in log L: half the square up to `HUBER_DELTA`, linear beyond."""
    size = np.abs(residuals)
    return np.where(size <= HUBER_DELTA, size**2 / 2, HUBER_DELTA * (size - HUBER_DELTA / 2))


def _lines(x: np.ndarray, y: np.ndarray, tolerance: float = TOLERANCE) -> tuple[np.ndarray, np.ndarray]:
    # Heights at x = 0 and slopes, each [sets], for y [sets, scales]. Reweighted least squares lower the
    # convex objective at each step, need no starting values and fit all bootstrap draws at once.
    middle = x.mean()
    x = x - middle
    heights, slopes = np.full(len(y), np.inf), np.full(len(y), np.inf)
    weights, moving = np.ones_like(y), np.arange(len(y))
    for _ in range(MAX_ITERATIONS):
        total = weights.sum(axis=1)
        away = x - (weights @ x / total)[:, None]
        slope = (weights * away * y[moving]).sum(axis=1) / (weights * away**2).sum(axis=1)
        height = (weights * (y[moving] - slope[:, None] * x)).sum(axis=1) / total
        moved = np.maximum(np.abs(height - heights[moving]), np.abs(slope - slopes[moving]))
        heights[moving], slopes[moving] = height, slope
        going_on = moved > tolerance
        if not going_on.any():
            break
        moving = moving[going_on]
        weights = _weights(y[moving] - heights[moving, None] - slopes[moving, None] * x)
    return heights - slopes * middle, slopes


def _weights(residuals: np.ndarray) -> np.ndarray:
    return HUBER_DELTA / np.maximum(np.abs(residuals), HUBER_DELTA)


def _constant(_parameters: np.ndarray, losses: np.ndarray) -> Curve:
    y = np.log(losses)
    level = float(np.median(y))
    for _ in range(MAX_ITERATIONS):
        before, level = level, float(np.average(y, weights=_weights(y - level)))
        if abs(level - before) < TOLERANCE:
            break
    return Curve(a=float(np.exp(level)), alpha=None, floor=None)


def _power(parameters: np.ndarray, losses: np.ndarray) -> Curve:
    heights, slopes = _lines(np.log(parameters), np.log(losses)[None])
    return Curve(a=float(np.exp(heights[0])), alpha=-float(slopes[0]), floor=None)


def _fitted(model: str, parameters: np.ndarray, losses: np.ndarray) -> Fit:
    fit, unknowns = MODELS[model]
    curve = fit(parameters, losses)
    held_out = None
    if len(losses) > unknowns + 1:
        errors = []
        for left_out in range(len(losses)):
            others = np.arange(len(losses)) != left_out
            predicted = fit(parameters[others], losses[others]).at(parameters[left_out])
            errors.append(np.log(losses[left_out] / predicted))
        held_out = float(np.sqrt(np.mean(np.square(errors))))
    return Fit(
        model=model,
        curve=curve,
        objective=float(huber(np.log(losses / curve.at(parameters))).sum()),
        held_out=held_out,
    )


def _power_with_floor(parameters: np.ndarray, losses: np.ndarray) -> Curve:
    # Free parameters: log alpha, log E and log(a N^-alpha) at the geometric mean of N. With log a itself, a
    # small change of alpha would move it by many powers of ten.
    middle = np.log(parameters).mean()
    x, y, lowest = np.log(parameters) - middle, np.log(losses), np.log(losses.min())

    def residuals(free: np.ndarray) -> np.ndarray:
        return y - np.logaddexp(free[1], free[2] - np.exp(free[0]) * x)

    def slopes(free: np.ndarray) -> np.ndarray:
        power = free[2] - np.exp(free[0]) * x
        share = np.exp(power - np.logaddexp(free[1], power))
        return np.stack([share * np.exp(free[0]) * x, share - 1, -share], axis=1)

    limits = [
        tuple(np.log(FLOOR_ALPHAS)),
        tuple(lowest + np.log(FLOOR_SHARES)),
        (lowest - 12.0, float(y.max()) + 3.0),
    ]
    ends = [
        least_squares(
            residuals,
            [np.log(alpha), lowest + np.log(share), float(np.log(losses.mean() - share * losses.min()))],
            jac=slopes,
            bounds=tuple(zip(*limits, strict=True)),
            loss="huber",
            f_scale=HUBER_DELTA,
            xtol=TOLERANCE,
            ftol=TOLERANCE,
            gtol=TOLERANCE,
            max_nfev=MAX_ITERATIONS,
        )
        for alpha, share in product(START_ALPHAS, START_SHARES)
    ]
    best = min(ends, key=lambda end: end.cost)
    on_limit = any(
        min(value - low, high - value) < 1e-6 for value, (low, high) in zip(best.x, limits, strict=True)
    )
    alpha = float(np.exp(best.x[0]))
    return Curve(
        a=float(np.exp(best.x[2] + alpha * middle)),
        alpha=alpha,
        floor=float(np.exp(best.x[1])),
        on_limit=on_limit,
    )


# Each curve with its number of parameters.
MODELS: dict[str, tuple[Callable[[np.ndarray, np.ndarray], Curve], int]] = {
    "constant": (_constant, 1),
    "power": (_power, 2),
    "power with floor": (_power_with_floor, 3),
}


def _checked(parameters: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parameters, losses = np.asarray(parameters, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if parameters.ndim != 1 or losses.shape[-1:] != parameters.shape or len(parameters) < 2:
        raise DatasetError(
            f"parameters have shape {parameters.shape}, losses {losses.shape}; expected one loss for each of "
            "at least two scales"
        )
    # This form of the condition is False for NaN.
    if not ((parameters > 0).all() and (losses > 0).all() and np.isfinite(losses).all()):
        raise DatasetError(
            "parameters and losses are not all finite and above 0; give counted parameters and mean test "
            "log-losses, and leave out diverged refits"
        )
    if len(np.unique(parameters)) < len(parameters):
        raise DatasetError(
            f"two scales have the same counted parameters ({sorted(parameters)}); merge their refits"
        )
    return parameters, losses
