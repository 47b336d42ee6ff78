"""Learning curves are read from published refits, or refused."""

import pytest

from simmer.base.errors import LedgerError
from simmer.figures.evidence.refits import read_refits
from support.evidence_results import refit


def test_a_best_epoch_outside_the_curve_is_refused():
    with pytest.raises(LedgerError, match="best epoch 9 of 3 epochs"):
        read_refits([refit(0, epochs=3, best=9)])


def test_a_refit_without_an_epoch_has_no_best_loss():
    (read,) = read_refits([refit(0, epochs=0)])
    assert (read.best, read.best_epoch, read.epochs) == (None, None, ())
