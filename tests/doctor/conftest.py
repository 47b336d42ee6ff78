import json

import pytest
import torch

from simmer.evidence.looks import record_look
from simmer.ledger.address import looks_in
from simmer.ledger.layouts import Layouts, MeasuredLayout, MeasuredLayouts, write_layouts
from simmer.ledger.made_from import made_from
from simmer.ledger.params import Transferred, TransferredTrials
from simmer.training.checkpoint import CheckpointStore
from support.ledger_book import FEATURES, LedgerBook, write_run
from support.results import HYPERPARAMETERS

CONFIG = {"run_scales": ["2M"], "dataset": {"horizons_days": [1]}, "scales": {"2M": {"n_trials": 4}}}
LOOK = {"ticker": "GSPC", "first_date": "2015-01-02", "last_date": "2018-12-31", "horizon_days": 1}


class Job:
    """A job as the workflow engine describes it."""

    def __init__(self, inputs, outputs):
        self.input, self.output, self.params = inputs, outputs, {"seed": 1}


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A whole campaign folder: three finished trials, a trial under way, a refit, a table, looks."""
    book = LedgerBook(tmp_path / "my campaign", CONFIG)
    book.write_features(FEATURES)
    for number in range(3):
        book.publish(book.trial(number, losses=(0.6, 0.5 + number / 100)))
    ledger = book.study()
    refit = ledger.refit(0, of_trial=0)
    refit.write_predictions({"test": {"rows": [1, 2], "probabilities": [0.25, 0.5]}})
    write_run(refit, 0)
    book.publish(refit)
    begun = book.trial(3, state=None)
    for step in (10, 20):
        CheckpointStore(begun.folder).save(step, {"weight": torch.full((4,), float(step))}, {"epoch": step})
    chosen = Transferred(hyperparameters=HYPERPARAMETERS, origin="2M trial 0")
    ledger.write_transferred(TransferredTrials(best_of_trials=3, trials=(chosen,)))
    layout = MeasuredLayout(kernels="torch", replicas=1, threads=2, probed_step_s=0.1)
    measured = MeasuredLayouts(trials={"threads": 2}, quiet=True, chosen=layout, measured=(layout,))
    write_layouts(ledger.home, Layouts(measured=(measured,)))
    for number in range(2):
        record_look(looks_in(book.results), LOOK | {"winners": {}, "predictions_sha256": str(number) * 64})
    book.table = "results/hpo_2M.done"
    with monkeypatch.context() as here:
        here.chdir(book.folder)
        with made_from(Job(["results/hpo/2M/h1/trial_000.json"], [book.table])):
            (book.folder / book.table).write_text("2M h1: best\n")
    return book


@pytest.fixture
def overlay(book):
    """The configuration of the campaign, in a file whose name has a blank."""
    path = book.folder / "my overlay.yaml"
    path.write_text(json.dumps(CONFIG))
    return path
