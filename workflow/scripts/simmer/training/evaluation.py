"""Score a model on a split, in the precision it is trained in."""

from collections.abc import Callable

import numpy as np
import torch

from simmer.evidence.metrics import Scores, score
from simmer.model.patchtst import PatchTST
from simmer.training.windows import Windows

EVALUATION_BATCH = 128  # without gradients, so it needs no more memory than a training step


class Diverged(Exception):
    """The loss or the predictions are not finite, or the loss is far worse than the base rate's."""


def evaluate(model: PatchTST, windows: Windows, *, between_batches: Callable[[], None]) -> Scores:
    """Score the probabilities of `predict` on all windows of a split.

    Raises:
        Diverged: if a prediction is not finite.
    """
    probabilities = predict(model, windows, between_batches=between_batches)
    return score(windows.labels.cpu().numpy().astype(np.int8), probabilities)


@torch.no_grad()
def predict(model: PatchTST, windows: Windows, *, between_batches: Callable[[], None]) -> np.ndarray:
    """Return P(label = 1) of all windows of a split, [windows] float64.

    Args:
        model: set to evaluation mode.
        windows: the split.
        between_batches: called between two batches; it may raise to stop.

    Raises:
        Diverged: if a prediction is not finite.
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
        raise Diverged("a prediction is not finite")
    return 1.0 / (1.0 + np.exp(-logit))
