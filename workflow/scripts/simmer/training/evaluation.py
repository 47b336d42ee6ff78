"""Score a model on a split, in the precision it is trained in."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from simmer.evidence.metrics import Scores, score
from simmer.model.patchtst import PatchTST
from simmer.training.replicas import Team
from simmer.training.windows import Windows

EVALUATION_BATCH = 128  # without gradients, so it needs no more memory than a training step


class Diverged(Exception):
    """The loss or the predictions are not finite, or the loss is far worse than the base rate's."""


def evaluate(
    replicas: Sequence[PatchTST], windows: Windows, *, team: Team, between_batches: Callable[[], None]
) -> Scores:
    """Score the probabilities of `predict` on all windows of a split.

    Raises:
        Diverged: if a prediction is not finite.
    """
    probabilities = predict(replicas, windows, team=team, between_batches=between_batches)
    return score(windows.labels.cpu().numpy().astype(np.int8), probabilities)


def predict(
    replicas: Sequence[PatchTST], windows: Windows, *, team: Team, between_batches: Callable[[], None]
) -> np.ndarray:
    """Return P(label = 1) of all windows of a split, [windows] float64.

    Args:
        replicas: of the model, one for each thread of the team; set to evaluation mode.
        windows: the split.
        team: computes as many batches at the same time as it has threads.
        between_batches: called between two groups of batches; it may raise to stop.

    Raises:
        Diverged: if a prediction is not finite.
    """
    for replica in replicas:
        replica.eval()
    batches = torch.arange(len(windows), device=windows.device).split(EVALUATION_BATCH)
    logits: list[torch.Tensor] = []
    for first in range(0, len(batches), team.size):
        if logits:
            between_batches()
        group = zip(replicas, batches[first : first + team.size], strict=False)
        logits += team.run([partial(_logits, replica, windows, index) for replica, index in group])
    logit = torch.cat(logits).cpu().double().numpy()
    if not np.isfinite(logit).all():
        raise Diverged("a prediction is not finite")
    return 1.0 / (1.0 + np.exp(-logit))


@torch.no_grad()
def _logits(model: PatchTST, windows: Windows, index: torch.Tensor) -> torch.Tensor:
    return model(windows.inputs(index))
