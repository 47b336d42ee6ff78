"""Which losses an axis shows: a few terrible trials must not press all others into one line."""

from dataclasses import dataclass

import numpy as np

from simmer.search_figures.searched import SearchedStudy, SearchedTrial

_BULK = 0.9  # this share of the losses is shown in any case
_HEADROOM = 0.25  # how far beyond the bulk the axis goes, in shares of its extent
_FOOTROOM = 0.2  # room for the words below the best trial


@dataclass(frozen=True)
class LossAxis:
    """The losses between the ends of an axis, in nats."""

    low: float
    high: float

    def shown(self, loss: float) -> float:
        """Return where a loss is drawn: at the upper end if it lies beyond."""
        return min(loss, self.high)

    def beyond(self, study: SearchedStudy) -> list[SearchedTrial]:
        """Return the trials whose loss lies above the axis, the worst of them first."""
        above = [trial for trial in study.trials if trial.loss is not None and trial.loss > self.high]
        return sorted(above, key=lambda trial: -trial.loss)


def loss_axis(study: SearchedStudy) -> LossAxis:
    """Return an axis with the best trial, the prior and nine tenths of the losses on it."""
    losses = [trial.loss for trial in study.trials if trial.loss is not None]
    lowest = min([*losses, study.prior_log_loss])
    # The smallest that leaves a tenth above it, and so a loss itself.
    bulk = np.quantile(losses, _BULK, method="higher") if losses else lowest
    usual = max(float(bulk), study.prior_log_loss)
    extent = (usual - lowest) or 0.1 * abs(lowest)
    highest = max([*losses, usual])
    top = min(usual + _HEADROOM * extent, highest + 0.05 * extent)
    return LossAxis(low=lowest - _FOOTROOM * extent, high=top)
