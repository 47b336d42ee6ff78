"""Fit one member of a baseline, given its settings and seed.

Every fit uses the labels of train only. Validation chooses the number of boosting iterations or the epoch;
the transformer's early stopping uses validation in the same way.
"""

import copy
import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from simmer.evidence.baseline_space import Settings
from simmer.evidence.metrics import log_loss

MAX_BOOSTING_ITERATIONS = 1500
BOOSTING_PATIENCE = 100
MAX_MLP_EPOCHS = 100
MLP_PATIENCE_EPOCHS = 10

Predict = Callable[[np.ndarray], np.ndarray]


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


@dataclass(frozen=True)
class Member:
    """One fitted model.

    Attributes:
        iterations: boosting iterations or epochs, chosen on validation; `None` where there is no such choice.
        validation_log_loss: nats.
        validation: predicted probabilities of validation, [n] float64.
        predict: from standardised inputs [n, columns] to probabilities [n] float64.
    """

    iterations: int | None
    validation_log_loss: float
    validation: np.ndarray = field(repr=False, compare=False)
    predict: Predict = field(repr=False, compare=False)


def base_rate(material: Material, _settings: Settings, _seed: int) -> Member:
    """Predict the share of positives in train for every window."""
    rate = float(material.train_labels.mean())
    return _member(material, lambda inputs: np.full(len(inputs), rate))


def logistic_regression(material: Material, settings: Settings, _seed: int) -> Member:
    """Fit a logistic regression with an L2 penalty."""
    # Summaries are nearly collinear: Newton steps take a second where lbfgs takes a minute.
    model = LogisticRegression(solver="newton-cholesky", **settings)
    with warnings.catch_warnings():
        # A fit that stops early is still a valid member: only its validation log-loss counts.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(material.train, material.train_labels)
    return _member(material, _positive(model))


def boosted_trees(material: Material, settings: Settings, seed: int) -> Member:
    """Fit gradient-boosted trees with the number of iterations that is best on validation.

    Trees are added until the best number is `BOOSTING_PATIENCE` iterations old; a warm start continues
    bit-identically.
    """
    model = HistGradientBoostingClassifier(
        **settings,
        max_leaf_nodes=None,
        max_iter=min(BOOSTING_PATIENCE, MAX_BOOSTING_ITERATIONS),
        warm_start=True,
        # The built-in early stopping holds out random windows, which overlap those it trains on.
        early_stopping=False,
        random_state=seed,
    )
    while True:
        model.fit(material.train, material.train_labels)
        losses = [material.loss(answer[:, 1]) for answer in model.staged_predict_proba(material.validation)]
        best, done = int(np.argmin(losses)) + 1, len(losses)
        if done - best >= BOOSTING_PATIENCE or done >= MAX_BOOSTING_ITERATIONS:
            break
        model.set_params(max_iter=min(done + BOOSTING_PATIENCE, MAX_BOOSTING_ITERATIONS))

    def predict(inputs: np.ndarray) -> np.ndarray:
        return next(itertools.islice(model.staged_predict_proba(inputs), best - 1, best))[:, 1]

    return _member(material, predict, iterations=best)


def small_network(material: Material, settings: Settings, seed: int) -> Member:
    """Fit a perceptron with one or two hidden layers; keep the weights of its best epoch on validation."""
    model = MLPClassifier(
        settings["hidden"],
        alpha=settings["alpha"],
        learning_rate_init=settings["learning_rate"],
        batch_size=min(settings["batch_size"], len(material.train)),
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
    return _member(material, _positive(best), iterations=best_epoch)


def _member(material: Material, predict: Predict, iterations: int | None = None) -> Member:
    validation = predict(material.validation)
    return Member(iterations, material.loss(validation), validation, predict)


def _positive(model: LogisticRegression | MLPClassifier) -> Predict:
    return lambda inputs: model.predict_proba(inputs)[:, 1]
