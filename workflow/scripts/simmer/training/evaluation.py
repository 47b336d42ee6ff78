"""Scoring a model on a split, in the arithmetic it is trained in."""

from collections.abc import Callable

import numpy as np
import torch

from simmer.evidence.metrics import Scores, score
from simmer.model.patchtst import PatchTST
from simmer.training.windows import Windows

EVALUATION_BATCH = 128  # without gradients, so no more than a training step keeps


class Diverged(Exception):
    """The loss or the predictions are no longer numbers, or far worse than the prior's."""


def evaluate(model: PatchTST, windows: Windows, *, between_batches: Callable[[], None]) -> Scores:
    """Score a model on all windows of a split, as `predict` gives its probabilities.

    Raises:
        Diverged: when a prediction is not a number.
    """
    probabilities = predict(model, windows, between_batches=between_batches)
    return score(windows.labels.cpu().numpy().astype(np.int8), probabilities)


@torch.no_grad()
def predict(model: PatchTST, windows: Windows, *, between_batches: Callable[[], None]) -> np.ndarray:
    """Return P(label = 1) of all windows of a split, [windows] float64.

    Args:
        model: left in evaluation mode.
        windows: the split.
        between_batches: called between two batches; what it raises ends the predicting.

    Raises:
        Diverged: when a prediction is not a number.
    """
    model.eval()
    numbers = torch.arange(len(windows), device=windows.device)
    logits: list[torch.Tensor] = []
    for index in numbers.split(EVALUATION_BATCH):
        if logits:
            between_batches()
        logits.append(model(windows.inputs(index)))
    logit = torch.cat(logits).cpu().double().numpy()
    if not np.isfinite(logit).all():
        raise Diverged("a prediction is not a number")
    return 1.0 / (1.0 + np.exp(-logit))
