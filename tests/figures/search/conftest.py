"""Synthetic studies: a study and the published results of its trials."""

from dataclasses import replace

import pytest

from simmer.figures.search.searched import searched_study
from simmer.search.space import Choice, Range, Space
from support.configs import default_config
from support.results import trial_result

EPOCHS_MAX, BASE_RATE_LOSS = 20, 0.69
DIMENSIONS = {
    "depth": Range(low=2, high=16, log=True, integer=True),
    "head_width": Choice((16, 32, 64)),
    "ff_ratio": Choice((4.0,)),
    "learning_rate": Range(low=1e-5, high=1e-3, log=True, integer=False),
    "weight_decay": Range(low=1e-3, high=1.0, log=True, integer=False),
    "warmup_fraction": Range(low=0.0, high=0.3, log=False, integer=False),
    "dropout": Range(low=0.0, high=0.6, log=False, integer=False),
    "batch_size": Choice((32, 64, 128)),
    "label_smoothing": Range(low=0.0, high=0.1, log=False, integer=False),
    "focal_gamma": Choice((0.0,)),
    "input_form": Choice(("train_scaled", "window_norm", "price_relative")),
}
MIDDLE = {
    "depth": 6,
    "head_width": 32,
    "ff_ratio": 4.0,
    "learning_rate": 1e-4,
    "weight_decay": 0.05,
    "warmup_fraction": 0.15,
    "dropout": 0.3,
    "batch_size": 64,
    "label_smoothing": 0.05,
    "focal_gamma": 0.0,
    "input_form": "window_norm",
}


class StudyBook:
    """Collects the results of one study, trial by trial."""

    def __init__(self, **dimensions):
        configured = default_config().study("2M", 1)
        space = Space(DIMENSIONS | dimensions)
        self.study = replace(configured, space=space, epochs_max=EPOCHS_MAX)
        self.results = []

    def add(
        self, loss, *, state="complete", epochs=EPOCHS_MAX, origin="startup", repeats=None, **hyperparameters
    ):
        """Add the next trial; by default it is a completed one in the middle of the space."""
        best = {} if loss is not None else {"validation_log_loss": None, "best_epoch": None, "best": None}
        self.results.append(
            trial_result(
                len(self.results),
                (9.9 if loss is None else loss,) * epochs,
                scale=self.study.scale,
                prior=BASE_RATE_LOSS,
                state=state,
                origin=origin,
                repeats=repeats,
                hyperparameters=MIDDLE | hyperparameters,
                parameters=2_000_000,
                **best,
            )
        )
        return self

    @property
    def searched(self):
        """The study in the form that the figures take."""
        return searched_study(self.study, self.results)


@pytest.fixture
def study_book():
    return StudyBook


@pytest.fixture
def eventful(study_book):
    """Return a study with every state and every origin; trial 5 is the best."""
    book = study_book()
    book.add(0.60, origin="default")
    book.add(0.62, origin="depth extreme", depth=2, epochs=15)
    book.add(0.64, origin="200k trial_003", depth=16)
    book.add(None, state="diverged", epochs=3, learning_rate=1e-3)
    book.add(0.66, state="pruned", epochs=4, dropout=0.5)
    book.add(0.55, origin="tpe", input_form="price_relative", learning_rate=2e-5)
    book.add(0.58, state="out_of_time", epochs=10, origin="tpe", dropout=0.1)
    book.add(None, state="out_of_memory", epochs=0, origin="tpe", head_width=64)
    book.add(0.55, origin="tpe", repeats=5, input_form="price_relative", learning_rate=2e-5)
    return book
