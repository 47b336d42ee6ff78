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


@torch.no_grad()
def evaluate(model: PatchTST, windows: Windows, *, between_batches: Callable[[], None]) -> Scores:
    """Score a model on all windows of a split.

    Args:
        model: left in evaluation mode.
        windows: the split.
        between_batches: called between two batches; what it raises ends the scoring.

    Raises:
        Diverged: when a prediction is not a number.
    """
    model.eval()
    numbers = torch.arange(len(windows), device=windows.labels.device)
    logits: list[torch.Tensor] = []
    for index in numbers.split(EVALUATION_BATCH):
        if logits:
            between_batches()
        logits.append(model(windows.take(index)[0]))
    logit = torch.cat(logits).cpu().double().numpy()
    if not np.isfinite(logit).all():
        raise Diverged("a prediction on the validation windows is not a number")
    return score(windows.labels.cpu().numpy().astype(np.int8), 1.0 / (1.0 + np.exp(-logit)))
