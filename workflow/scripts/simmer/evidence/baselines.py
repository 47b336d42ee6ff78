"""Fit the baselines on the same decision rows as the transformer.

| baseline | inputs | chosen on validation |
|---|---|---|
| base_rate | none | nothing |
| volatility_logit | volatility | penalty |
| logistic_regression | summaries and volatility | penalty |
| gradient_boosting | summaries and volatility | learning rate, depth, iterations |
| mlp | summaries and volatility | hidden layers, penalty, epochs |

The last three also get the volatility inputs, which can be computed from the window: on validation of the
bundled S&P 500, a logistic regression on those eight columns beats one on the 250 summaries of the table a25
three and five days ahead, because the summaries contain volatility but not its logarithm. Without these
columns the baselines would be too weak.

With pooled tickers, all but the base rate are fitted on their train windows as well, like the transformer.

No baseline is fitted again on train and validation together. The transformer stops on validation and never
trains on it; a baseline trained on it would have more, and more recent, information. Fitting takes the
labelled rows of train and validation only, so no test label can enter.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import sklearn
from threadpoolctl import threadpool_limits

from simmer.base.errors import DatasetError
from simmer.evidence.baseline_inputs import Inputs, Rows
from simmer.evidence.baseline_models import (
    Candidate,
    Material,
    Settings,
    base_rate,
    boosted_trees,
    logistic_regressions,
    small_networks,
)

# Inputs are of the order of 0.01 to 1; a column that varies less than this over train is constant up to
# rounding.
MIN_STD = 1e-9


@dataclass(frozen=True)
class _Recipe:
    form: str
    candidates: Callable[[Material, int], Iterator[Candidate]]
    pools: bool = True


_RECIPES = {
    # All scores are compared with the base rate of the study's own ticker.
    "base_rate": _Recipe("volatility", base_rate, pools=False),
    "volatility_logit": _Recipe("volatility", logistic_regressions),
    "logistic_regression": _Recipe("everything", logistic_regressions),
    "gradient_boosting": _Recipe("everything", boosted_trees),
    "mlp": _Recipe("everything", small_networks),
}
BASELINES = tuple(_RECIPES)


@dataclass(frozen=True)
class Fitted:
    """A baseline, fitted on train with settings chosen on validation.

    Attributes:
        name: one of `BASELINES`.
        settings: chosen on validation, plain values.
        validation_log_loss: of the chosen settings, nats; optimistic because of the choice, like the
            transformer's.
        tried: all settings with their validation log-loss, in the order of the grid.
        seconds: wall time of all fits.
    """

    name: str
    settings: Settings
    validation_log_loss: float
    tried: tuple[tuple[Settings, float], ...]
    seconds: float = field(compare=False)
    sklearn_version: str
    _mean: np.ndarray = field(repr=False, compare=False)
    _std: np.ndarray = field(repr=False, compare=False)
    _predict: Callable[[np.ndarray], np.ndarray] = field(repr=False, compare=False)

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Return P(label = 1) of each decision row, [n] float64.

        Raises:
            DatasetError: when the number of columns differs from the fit.
        """
        values = getattr(inputs, _RECIPES[self.name].form)
        if values.shape[1] != len(self._mean):
            raise DatasetError(
                f"{self.name}: found inputs of {values.shape[1]} columns, expected {len(self._mean)} as in "
                "the fit; build the inputs of all splits from the same features and context"
            )
        with threadpool_limits(limits=1):
            return np.asarray(self._predict((values - self._mean) / self._std), dtype=np.float64)


def fit_baseline(
    name: str, train: Rows, validation: Rows, *, seed: int, pooled: Sequence[Rows] = ()
) -> Fitted:
    """Fit one baseline on train and choose its settings on validation; the same seed gives the same result.

    Args:
        name: one of `BASELINES`.
        train: decision rows to fit on.
        validation: decision rows to choose on.
        seed: of the trees' column sampling, and of the perceptron's weights and order of windows.
        pooled: train windows of pooled tickers, on which all but the base rate are fitted as well.

    Raises:
        DatasetError: when the baseline is unknown, train lacks a class, or the two differ in columns.
    """
    if name not in _RECIPES:
        raise DatasetError(f"there is no baseline {name!r}; expected one of {', '.join(BASELINES)}")
    form, candidates = _RECIPES[name].form, _RECIPES[name].candidates
    if pooled and _RECIPES[name].pools:
        train = Rows.joined([train, *pooled])
    _require_usable(train, validation)
    values = getattr(train.inputs, form)
    mean, std = values.mean(axis=0), values.std(axis=0)
    std = np.where(std > MIN_STD, std, 1.0)
    material = Material(
        train=(values - mean) / std,
        train_labels=train.labels,
        validation=(getattr(validation.inputs, form) - mean) / std,
        validation_labels=validation.labels,
    )
    start = time.perf_counter()
    best: Candidate | None = None
    tried = []
    # One thread, so that sums are added in the same order on any number of cores.
    with threadpool_limits(limits=1):
        for candidate in candidates(material, seed):
            tried.append((candidate.settings, candidate.validation_log_loss))
            if best is None or candidate.validation_log_loss < best.validation_log_loss:
                best = candidate
    return Fitted(
        name=name,
        settings=best.settings,
        validation_log_loss=best.validation_log_loss,
        tried=tuple(tried),
        seconds=time.perf_counter() - start,
        sklearn_version=sklearn.__version__,
        _mean=mean,
        _std=std,
        _predict=best.predict,
    )


def fit_baselines(
    train: Rows, validation: Rows, *, seed: int, pooled: Sequence[Rows] = ()
) -> dict[str, Fitted]:
    """Fit every baseline, in the order of `BASELINES`; see `fit_baseline`.

    Raises:
        DatasetError: as `fit_baseline`.
    """
    return {name: fit_baseline(name, train, validation, seed=seed, pooled=pooled) for name in BASELINES}


def _require_usable(train: Rows, validation: Rows) -> None:
    positives = int(train.labels.sum())
    if not 0 < positives < len(train.labels):
        raise DatasetError(
            f"train has {len(train.labels)} labels of which {positives} are positive; expected both classes: "
            "change the threshold, the horizon or the split"
        )
    for form in ("summaries", "volatility"):
        found = [getattr(rows.inputs, form).shape[1] for rows in (train, validation)]
        if found[0] != found[1]:
            raise DatasetError(
                f"train has {found[0]} columns of {form} and validation {found[1]}; build the inputs of all "
                "splits from the same features and context"
            )
