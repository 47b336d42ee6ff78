"""The learning curves of refits, read from their results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simmer.base.errors import LedgerError


@dataclass(frozen=True)
class Refit:
    """The learning curve of one refit.

    Attributes:
        seed: of the refit.
        epochs: numbers of its finished epochs, from 1.
        train: mean log-loss on the train split in each, nats.
        validation: log-loss on the validation split after each, nats.
        best_epoch: the one with the lowest validation log-loss, `None` without any.
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


def read_refits(results: Sequence[Mapping[str, Any]]) -> list[Refit]:
    """Return the learning curves of one scale's refits, as their results publish them.

    Raises:
        LedgerError: when a result lacks its curve, or its best epoch is none of it.
    """
    try:
        return [_refit(result) for result in results]
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(
            f"a refit's curve cannot be read ({type(error).__name__}: {error}); delete the refits of this "
            "scale and run the same command again"
        ) from error


def _refit(result: Mapping[str, Any]) -> Refit:
    curve, best_epoch = result["curve"], result["best_epoch"]
    epochs = tuple(record["epoch"] for record in curve)
    if best_epoch is not None and best_epoch not in epochs:
        raise ValueError(f"best epoch {best_epoch} of {len(epochs)} epochs")
    return Refit(
        seed=result["seed"],
        epochs=epochs,
        train=tuple(record["train_log_loss"] for record in curve),
        validation=tuple(record["validation"]["log_loss"] for record in curve),
        best_epoch=best_epoch,
    )
