"""How many of the planned epochs a study trained, and what spared it the others."""

from dataclasses import dataclass

from simmer.search_figures.searched import SearchedStudy, SearchedTrial


@dataclass(frozen=True, kw_only=True)
class EpochCount:
    """The planned epochs of a study, by what became of them.

    Attributes:
        planned: what all trials would take together if none ended early.
        trained: finished epochs.
        pruned: not trained because halving ended the trial.
        patience: not trained because the loss no longer improved.
        repeated: not trained because an earlier trial had used the very same hyperparameters.
    """

    planned: int
    trained: int
    pruned: int
    patience: int
    repeated: int

    @property
    def saved(self) -> int:
        """Epochs that were not needed."""
        return self.pruned + self.patience + self.repeated

    @property
    def lost(self) -> int:
        """Epochs that trials without a proper end (failed, out of time) did not come to."""
        return self.planned - self.trained - self.saved


def count_epochs(study: SearchedStudy) -> EpochCount:
    """Return how the planned epochs of a study were spent."""

    def spared(state: str) -> int:
        own = (trial for trial in study.trials if trial.state == state and trial.repeats is None)
        return sum(_left(trial, study) for trial in own)

    return EpochCount(
        planned=study.epochs_max * len(study.trials),
        trained=sum(trial.epochs_trained for trial in study.trials),
        pruned=spared("pruned"),
        patience=spared("complete"),
        repeated=sum(_left(trial, study) for trial in study.trials if trial.repeats is not None),
    )


def _left(trial: SearchedTrial, study: SearchedStudy) -> int:
    return study.epochs_max - trial.epochs_trained
