"""The loss that training minimises, and the plain log-loss that it reports."""

from torch import Tensor
from torch.nn import functional

SMALLEST_DISTANCE = 2.0**-24


def log_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum of the log-losses, in nats, of logits [B] for labels [B] of 0 or 1."""
    return functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")


def training_loss(logits: Tensor, labels: Tensor, *, label_smoothing: float, focal_gamma: float) -> Tensor:
    """Return the sum over a batch that is minimised.

    Labels are smoothed (Szegedy et al. 2016), windows have focal weights (Lin et al. 2017): with a target y
    between 0 and 1 and a predicted probability p, the loss of a window is |y - p|^focal_gamma times its
    cross-entropy (Li et al. 2020, for targets that are not 0 or 1).

    Args:
        logits: [B].
        labels: [B], 0 or 1.
        label_smoothing: labels become 0.5 * label_smoothing and 1 - 0.5 * label_smoothing.
        focal_gamma: 0 weights all windows equally.
    """
    targets = labels * (1 - label_smoothing) + 0.5 * label_smoothing
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    if focal_gamma:
        # A power may have an infinite slope at zero, and a sigmoid can round to exactly one.
        distances = (targets - logits.sigmoid()).abs().clamp_min(SMALLEST_DISTANCE)
        losses = losses * distances.pow(focal_gamma)
    return losses.sum()
