"""Measure calibration: how well predicted probabilities match observed rates."""

from dataclasses import dataclass

import numpy as np

from simmer.base.errors import DatasetError
from simmer.evidence.metrics import PROBABILITY_FLOOR, checked

N_BINS = 10
NEWTON_STEPS = 50
STEP_HALVINGS = 30
# Limit of the gradient per row; far below the standard error of a slope.
CONVERGED = 1e-10
LOSS_DIGITS = 1e-12


@dataclass(frozen=True)
class ReliabilityBin:
    """A bin of decisions with similar predictions; all values but the count are in 0..1.

    Attributes:
        decisions: their number.
        rate: share of positives among them.
    """

    decisions: int
    prediction_min: float
    prediction_max: float
    prediction_mean: float
    rate: float


@dataclass(frozen=True)
class Recalibration:
    """The logistic curve that recalibrates predictions: logit P = intercept + slope · logit p.

    Calibrated predictions have slope 1 and intercept 0. Below 1, predictions are too extreme; below 0, they
    rank in the wrong order.
    """

    slope: float
    intercept: float


def reliability_curve(
    labels: np.ndarray, probabilities: np.ndarray, n_bins: int = N_BINS
) -> list[ReliabilityBin]:
    """Return bins with about equal numbers of decisions, in ascending order of the prediction.

    Equal predictions stay together in the bin of their middle rank; empty bins are left out. Equal-mass bins
    are less biased than equal-width bins and never contain only a few decisions (Roelofs et al., "Mitigating
    bias in calibration error estimation", AISTATS 2022, arXiv:2012.08668).

    Args:
        labels: [n] of 0 and 1.
        probabilities: [n] predicted P(label = 1).
        n_bins: at least 1; with more bins than decisions, each distinct prediction has its own.

    Raises:
        DatasetError: when the two cannot be scored, or `n_bins` is below 1.
    """
    labels, probabilities = checked(labels, probabilities)
    if n_bins < 1:
        raise DatasetError(f"found {n_bins} bins for a reliability curve; use at least one")
    values, group, sizes = np.unique(probabilities, return_inverse=True, return_counts=True)
    positives = np.bincount(group, weights=labels)
    # In integers, so that rounding cannot move a middle rank across the border of two bins.
    bin_of_value = n_bins * (2 * np.cumsum(sizes) - sizes) // (2 * len(labels))
    bins = []
    for number in np.unique(bin_of_value):
        inside = bin_of_value == number
        decisions = int(sizes[inside].sum())
        bins.append(
            ReliabilityBin(
                decisions=decisions,
                prediction_min=float(values[inside][0]),
                prediction_max=float(values[inside][-1]),
                prediction_mean=float(values[inside] @ sizes[inside]) / decisions,
                rate=float(positives[inside].sum()) / decisions,
            )
        )
    return bins


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, n_bins: int = N_BINS) -> float:
    """Return the expected calibration error: mean |prediction - rate| over the bins, weighted by decisions.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI
    2015, with the bins of `reliability_curve`. It is above 0 even for a perfectly calibrated model, because
    the rates in bins are noisy: expect 0.04 for 700 independent decisions in ten bins at a rate of 0.3.
    Compare models on the same rows, not with 0.

    Raises:
        DatasetError: as `reliability_curve`.
    """
    bins = reliability_curve(labels, probabilities, n_bins)
    return sum(bin.decisions * abs(bin.prediction_mean - bin.rate) for bin in bins) / len(labels)


def recalibration(labels: np.ndarray, probabilities: np.ndarray) -> Recalibration | None:
    """Fit labels on the logit of the prediction by maximum likelihood.

    Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958) 562-565, by damped
    Newton steps. Probabilities are clipped to `PROBABILITY_FLOOR` from 0 and 1. Returns `None` if there is no
    finite best slope: a class is absent, all predictions are equal, a threshold separates the classes (ties
    at the threshold included), or the steps do not converge.

    Args:
        labels: [n] of 0 and 1.
        probabilities: [n] predicted P(label = 1).

    Raises:
        DatasetError: when the two cannot be scored.
    """
    labels, probabilities = checked(labels, probabilities)
    kept = np.clip(probabilities, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    logits = np.log(kept) - np.log1p(-kept)
    of_positives, of_negatives = logits[labels == 1], logits[labels == 0]
    if not of_positives.size or not of_negatives.size:
        return None
    if of_negatives.max() <= of_positives.min() or of_positives.max() <= of_negatives.min():
        return None
    # Collapsed predictions may span only a thousandth of a logit; standardising them keeps the curvature
    # well conditioned.
    centre, spread = float(logits.mean()), float(logits.std())
    fitted = _newton(labels, (logits - centre) / spread)
    if fitted is None:
        return None
    slope = float(fitted[1]) / spread
    return Recalibration(slope=slope, intercept=float(fitted[0]) - slope * centre)


def _newton(labels: np.ndarray, predictor: np.ndarray) -> np.ndarray | None:
    design = np.column_stack([np.ones(len(predictor)), predictor])
    rate = labels.mean()
    found = np.array([np.log(rate) - np.log1p(-rate), 0.0])
    loss = _loss(labels, design @ found)
    for _ in range(NEWTON_STEPS):
        fitted = 0.5 * (1 + np.tanh(design @ found / 2))
        gradient = design.T @ (fitted - labels) / len(labels)
        if np.abs(gradient).max() < CONVERGED:
            return found
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design / len(labels)
        step = np.linalg.solve(curvature, gradient)
        # A full step can overshoot where predictions are confident; the loss is convex, so a shorter step
        # lowers it. Close to the optimum the losses differ by rounding only.
        tried = _loss(labels, design @ (found - step))
        for _ in range(STEP_HALVINGS):
            if tried <= loss + LOSS_DIGITS:
                break
            step = step / 2
            tried = _loss(labels, design @ (found - step))
        found, loss = found - step, tried
    return None


def _loss(labels: np.ndarray, logits: np.ndarray) -> float:
    return float((np.logaddexp(0, logits) - labels * logits).mean())
