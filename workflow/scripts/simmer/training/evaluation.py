"""Scoring a model on a split, in the arithmetic it is trained in."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from simmer.evidence.metrics import Scores, score
from simmer.model.patchtst import PatchTST
from simmer.training.settings import Execution
from simmer.training.windows import Windows

EVALUATION_BATCH = 512


class Diverged(Exception):
    """The loss or the predictions are no longer numbers, or far worse than the prior's."""


def compute_context(execution: Execution) -> AbstractContextManager[Any]:
    """Return the context in which the model computes: bf16 matrix products or plain fp32."""
    if execution.precision == "bf16":
        return torch.autocast(execution.device.split(":")[0], dtype=torch.bfloat16)
    return nullcontext()


@torch.no_grad()
def evaluate(model: PatchTST, windows: Windows, execution: Execution) -> Scores:
    """Score a model on all windows of a split.

    Raises:
        Diverged: when a prediction is not a number.
    """
    model.eval()
    logits = []
    for index in torch.arange(len(windows), device=execution.device).split(EVALUATION_BATCH):
        with compute_context(execution):
            logits.append(model(windows.take(index)[0]).float())
    logit = torch.cat(logits).double().cpu().numpy()
    if not np.isfinite(logit).all():
        raise Diverged("a prediction on the validation windows is not a number")
    return score(windows.labels.cpu().numpy().astype(np.int8), 1.0 / (1.0 + np.exp(-logit)))
