"""Small campaigns for a storm: prepared, finished without interruption, and stopped in mid-training."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from support.campaign import DONE, SMALL, Campaign

PREFLIGHT = "results/preflight/debug.json"
# With long trials most moments of a run are moments of training.
LONG_EPOCHS, SHORT_EPOCHS = 60, 15


@dataclass(frozen=True)
class Reference:
    """An uninterrupted campaign and its copies to begin from.

    Attributes:
        prepared: data, features and preflight done, no trial begun.
        finished: all trials done.
        cores: trials side by side.
    """

    prepared: Campaign
    finished: Campaign
    cores: int

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the user types after the command."""
        return (DONE, "--cores", str(self.cores))


def reference(folder: Path, *, cores: int, epochs: int) -> Reference:
    """Return the reference with so many trials side by side and epochs; make it unless it is there."""
    training = {
        "scales": {"debug": {"epochs_max": epochs}},
        "training": {"patience_epochs": epochs},
        "search": {"parallel_trials": cores},
    }
    overlays = (SMALL, training)
    if not (folder / "finished" / DONE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        prepared = Campaign(folder / "prepared", *overlays)
        prepared.run(PREFLIGHT, "--cores", str(cores)).succeeded()
        prepared.copy_to(folder / "finished").run(DONE, "--cores", str(cores)).succeeded()
    both = {name: Campaign(folder / name, *overlays) for name in ("prepared", "finished")}
    return Reference(**both, cores=cores)
