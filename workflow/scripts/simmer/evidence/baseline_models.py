"""The models behind the baselines, each a series of candidates scored on validation.

Every fit uses the labels of train only. Validation chooses the candidate and, within it, the number of
boosting iterations or the epoch; the transformer's early stopping uses validation in the same way.
"""

import copy
import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from simmer.base.seeds import derive_seed
from simmer.evidence.metrics import log_loss

# From the strongest penalty to the weakest; the first of equal losses wins.
INVERSE_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)

BOOSTING_RATES = (0.03, 0.1)
BOOSTING_DEPTHS = (2, 3, 5)
MAX_BOOSTING_ITERATIONS = 400
# Summaries of one channel are correlated; sampling columns at each split makes the trees differ.
BOOSTING_COLUMN_SHARE = 0.3

MLP_PENALTIES = (30.0, 10.0, 1.0)
MLP_HIDDEN = ((16,), (32, 16))
MLP_RATE = 1e-3
MLP_BATCH = 200
MLP_MEMBERS = 3
MAX_MLP_EPOCHS = 100
MLP_PATIENCE_EPOCHS = 10

Settings = Mapping[str, int | float | list[int]]


@dataclass(frozen=True)
class Candidate:
    """One fitted model of a grid.

    Attributes:
        settings: its place in the grid, plain values.
        validation_log_loss: nats.
        predict: from standardised inputs [n, columns] to probabilities [n] float64.
    """

    settings: Settings
    validation_log_loss: float
    predict: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Material:
    """Standardised inputs [n, columns] and labels [n] of train and validation."""

    train: np.ndarray
    train_labels: np.ndarray
    validation: np.ndarray
    validation_labels: np.ndarray

    def loss(self, probabilities: np.ndarray) -> float:
        """Return the validation log-loss of validation probabilities, in nats."""
        return log_loss(self.validation_labels, probabilities)


def base_rate(material: Material, _seed: int) -> Iterator[Candidate]:
    """Predict the share of positives in train for every window."""
    rate = float(material.train_labels.mean())

    def predict(inputs: np.ndarray) -> np.ndarray:
        return np.full(len(inputs), rate)

    yield Candidate({}, material.loss(predict(material.validation)), predict)


def logistic_regressions(material: Material, _seed: int) -> Iterator[Candidate]:
    """Fit logistic regressions with an L2 penalty, one per value of `INVERSE_PENALTIES`."""
    for inverse_penalty in INVERSE_PENALTIES:
        # Summaries are nearly collinear: Newton steps take a second where lbfgs takes a minute.
        model = LogisticRegression(C=inverse_penalty, solver="newton-cholesky")
        with warnings.catch_warnings():
            # A fit that stops early is still a valid candidate: only its validation log-loss counts.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(material.train, material.train_labels)
        predict = _positive(model)
        yield Candidate({"C": inverse_penalty}, material.loss(predict(material.validation)), predict)


def boosted_trees(material: Material, seed: int) -> Iterator[Candidate]:
    """Fit gradient-boosted trees, each rate and depth with its best number of iterations on validation."""
    for depth, rate in itertools.product(BOOSTING_DEPTHS, BOOSTING_RATES):
        model = HistGradientBoostingClassifier(
            learning_rate=rate,
            max_depth=depth,
            max_leaf_nodes=None,
            max_iter=MAX_BOOSTING_ITERATIONS,
            max_features=BOOSTING_COLUMN_SHARE,
            # The built-in early stopping holds out random windows, which overlap those it trains on.
            early_stopping=False,
            random_state=_seed32("gradient_boosting", seed),
        ).fit(material.train, material.train_labels)
        losses = [material.loss(answer[:, 1]) for answer in model.staged_predict_proba(material.validation)]
        iterations = int(np.argmin(losses)) + 1
        yield Candidate(
            {"learning_rate": rate, "max_depth": depth, "iterations": iterations},
            losses[iterations - 1],
            _after_iterations(model, iterations),
        )


def small_networks(material: Material, seed: int) -> Iterator[Candidate]:
    """Fit perceptrons with one or two hidden layers; average the probabilities of `MLP_MEMBERS` seeds.

    Seeds differ by more than most settings do, so the average is a stronger and more stable baseline. Every
    member keeps the weights of its best epoch on validation.
    """
    for hidden, penalty in itertools.product(MLP_HIDDEN, MLP_PENALTIES):
        members, epochs = [], []
        for member in range(MLP_MEMBERS):
            model, epoch = _best_epoch(material, hidden, penalty, _seed32("mlp", seed, member))
            members.append(_positive(model))
            epochs.append(epoch)
        predict = _average(members)
        yield Candidate(
            {"hidden": list(hidden), "alpha": penalty, "epochs": epochs},
            material.loss(predict(material.validation)),
            predict,
        )


def _best_epoch(
    material: Material, hidden: tuple[int, ...], penalty: float, seed: int
) -> tuple[MLPClassifier, int]:
    model = MLPClassifier(
        hidden,
        alpha=penalty,
        learning_rate_init=MLP_RATE,
        batch_size=min(MLP_BATCH, len(material.train)),
        # A generator: a number would give every epoch the same order.
        random_state=np.random.RandomState(seed),
    )
    best, best_loss, best_epoch = model, np.inf, 0
    for epoch in range(1, MAX_MLP_EPOCHS + 1):
        model.partial_fit(material.train, material.train_labels, classes=[0, 1])
        loss = material.loss(_positive(model)(material.validation))
        if loss < best_loss:
            best, best_loss, best_epoch = copy.deepcopy(model), loss, epoch
        elif epoch - best_epoch >= MLP_PATIENCE_EPOCHS:
            break
    return best, best_epoch


def _positive(model: LogisticRegression | MLPClassifier) -> Callable[[np.ndarray], np.ndarray]:
    return lambda inputs: model.predict_proba(inputs)[:, 1]


def _after_iterations(
    model: HistGradientBoostingClassifier, iterations: int
) -> Callable[[np.ndarray], np.ndarray]:
    def predict(inputs: np.ndarray) -> np.ndarray:
        stages = itertools.islice(model.staged_predict_proba(inputs), iterations - 1, iterations)
        return next(stages)[:, 1]

    return predict


def _average(members: list[Callable[[np.ndarray], np.ndarray]]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda inputs: np.mean([member(inputs) for member in members], axis=0)


def _seed32(*parts: int | str) -> int:
    return derive_seed("baseline", *parts) % 2**32
