"""Read the learning curves of refits from their results."""

from collections.abc import Sequence
from dataclasses import dataclass

from simmer.ledger.results import RefitResult


@dataclass(frozen=True)
class Refit:
    """The learning curve of one refit.

    Attributes:
        seed: of the refit.
        epochs: numbers of its finished epochs, from 1.
        train: mean train log-loss during each epoch, nats.
        validation: validation log-loss after each epoch, nats.
        best_epoch: the epoch with the lowest validation log-loss, `None` without any.
    """

    seed: int
    epochs: tuple[int, ...]
    train: tuple[float, ...]
    validation: tuple[float, ...]
    best_epoch: int | None

    @property
    def best(self) -> float | None:
        """Validation log-loss at the best epoch, nats."""
        return None if self.best_epoch is None else self.validation[self.epochs.index(self.best_epoch)]


def read_refits(results: Sequence[RefitResult]) -> list[Refit]:
    """Return the learning curves of one scale's refits."""
    return [
        Refit(
            seed=result.seed,
            epochs=tuple(one.epoch for one in result.curve),
            train=tuple(one.train_log_loss for one in result.curve),
            validation=result.losses,
            best_epoch=result.best_epoch,
        )
        for result in results
    ]
