"""Fit the baselines on the same decision rows as the transformer, with as many tries on validation.

| baseline | inputs | chosen on validation | members |
|---|---|---|---|
| base_rate | none | nothing | one |
| volatility_logit | volatility | penalty | one |
| logistic_regression | summaries and volatility | penalty | one |
| gradient_boosting | summaries and volatility | rate, depth, leaf, columns, penalty, iterations | several |
| mlp | summaries and volatility | hidden layers, penalty, rate, batch, epochs | several |

Each try is one fit. The `RACED` best tries of the last two are fitted again with other seeds until each has
several members; the settings whose averaged members are best on validation are the baseline. The others have
no random numbers: their members would be equal, so one stands for any average.

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import sklearn
from threadpoolctl import threadpool_limits

from simmer.base.errors import DatasetError
from simmer.base.seeds import derive_seed
from simmer.evidence import baseline_models, baseline_space
from simmer.evidence.baseline_inputs import Inputs, Rows
from simmer.evidence.baseline_models import Material, Member
from simmer.evidence.baseline_space import Settings

# Inputs are of the order of 0.01 to 1; a column that varies less than this over train is constant up to
# rounding.
MIN_STD = 1e-9
# The best of many single fits is partly luck, which an average of several shows.
RACED = 5


@dataclass(frozen=True)
class _Recipe:
    form: str
    settings: Callable[[int, int], list[Settings]]
    fit: Callable[[Material, Settings, int], Member]
    random: bool = False
    pools: bool = True


_LOGIT = {"settings": baseline_space.penalties, "fit": baseline_models.logistic_regression}
_RECIPES = {
    # All scores are compared with the base rate of the study's own ticker.
    "base_rate": _Recipe("volatility", baseline_space.nothing, baseline_models.base_rate, pools=False),
    "volatility_logit": _Recipe("volatility", **_LOGIT),
    "logistic_regression": _Recipe("everything", **_LOGIT),
    "gradient_boosting": _Recipe(
        "everything", baseline_space.trees, baseline_models.boosted_trees, random=True
    ),
    "mlp": _Recipe("everything", baseline_space.networks, baseline_models.small_network, random=True),
}
BASELINES = tuple(_RECIPES)

Losses = tuple[tuple[Settings, float], ...]


@dataclass(frozen=True)
class Fitted:
    """A baseline, fitted on train with settings chosen on validation.

    Attributes:
        name: one of `BASELINES`.
        settings: chosen on validation, plain values.
        validation_log_loss: of the averaged members, nats; optimistic because of the choice, like the
            transformer's.
        members: fits with these settings, each from another seed; the first was a try.
        tried: all settings with the validation log-loss of one fit, in the order of the tries.
        raced: the best tries, with the validation log-loss of their averaged members.
        seconds: wall time of all fits.
    """

    name: str
    settings: Settings
    validation_log_loss: float
    members: tuple[Member, ...]
    tried: Losses
    raced: Losses
    seconds: float = field(compare=False)
    sklearn_version: str
    _mean: np.ndarray = field(repr=False, compare=False)
    _std: np.ndarray = field(repr=False, compare=False)

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Return P(label = 1) of each decision row by each member, [members, n] float64.

        Raises:
            DatasetError: when the number of columns differs from the fit.
        """
        values = getattr(inputs, _RECIPES[self.name].form)
        if values.shape[1] != len(self._mean):
            raise DatasetError(
                f"{self.name}: found inputs of {values.shape[1]} columns, expected {len(self._mean)} as in "
                "the fit; build the inputs of all splits from the same features and context"
            )
        standardised = (values - self._mean) / self._std
        with threadpool_limits(limits=1):
            return np.stack([member.predict(standardised) for member in self.members])


def fit_baseline(
    name: str,
    train: Rows,
    validation: Rows,
    *,
    tries: int,
    members: int,
    seed: int,
    pooled: Sequence[Rows] = (),
) -> Fitted:
    """Fit one baseline on train and choose its settings on validation; the same seed gives the same result.

    Args:
        name: one of `BASELINES`.
        train: decision rows to fit on.
        validation: decision rows to choose on.
        tries: number of settings to try, at least 1.
        members: number of fits to average, at least 1; a baseline without random numbers has one.
        seed: of the settings, the trees' column sampling, and the perceptron's weights and order of windows.
        pooled: train windows of pooled tickers, on which all but the base rate are fitted as well.

    Raises:
        DatasetError: when the baseline is unknown, train lacks a class, or the two differ in columns.
    """
    if name not in _RECIPES:
        raise DatasetError(f"there is no baseline {name!r}; expected one of {', '.join(BASELINES)}")
    recipe = _RECIPES[name]
    if pooled and recipe.pools:
        train = Rows.joined([train, *pooled])
    _require_usable(train, validation)
    values = getattr(train.inputs, recipe.form)
    mean, std = values.mean(axis=0), values.std(axis=0)
    std = np.where(std > MIN_STD, std, 1.0)
    material = Material(
        train=(values - mean) / std,
        train_labels=train.labels,
        validation=(getattr(validation.inputs, recipe.form) - mean) / std,
        validation_labels=validation.labels,
    )

    def fit(settings: Settings, member: int) -> Member:
        return recipe.fit(material, settings, derive_seed("baseline", name, seed, member) % 2**32)

    start = time.perf_counter()
    # One thread, so that sums are added in the same order on any number of cores.
    with threadpool_limits(limits=1):
        tried = [(settings, fit(settings, 0)) for settings in recipe.settings(tries, seed)]
        finalists, size = (RACED, members) if recipe.random else (1, 1)
        raced = [
            (settings, (first, *(fit(settings, member) for member in range(1, size))))
            for settings, first in sorted(tried, key=lambda one: one[1].validation_log_loss)[:finalists]
        ]
    averaged = [material.loss(np.mean([one.validation for one in found], axis=0)) for _, found in raced]
    best = int(np.argmin(averaged))
    return Fitted(
        name=name,
        settings=raced[best][0],
        validation_log_loss=averaged[best],
        members=raced[best][1],
        tried=tuple((settings, member.validation_log_loss) for settings, member in tried),
        raced=tuple((settings, loss) for (settings, _), loss in zip(raced, averaged, strict=True)),
        seconds=time.perf_counter() - start,
        sklearn_version=sklearn.__version__,
        _mean=mean,
        _std=std,
    )


def fit_baselines(
    train: Rows,
    validation: Rows,
    *,
    tries: int,
    members: int,
    seed: int,
    pooled: Sequence[Rows] = (),
) -> dict[str, Fitted]:
    """Fit every baseline, in the order of `BASELINES`; see `fit_baseline`.

    Raises:
        DatasetError: as `fit_baseline`.
    """
    size = {"tries": tries, "members": members, "seed": seed}
    return {name: fit_baseline(name, train, validation, **size, pooled=pooled) for name in BASELINES}


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
