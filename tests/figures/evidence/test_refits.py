"""Learning curves are read from published refits."""

from simmer.figures.evidence.refits import read_refits
from support.evidence_results import refit


def test_a_refit_without_an_epoch_has_no_best_loss():
    (read,) = read_refits([refit(0, epochs=0)])
    assert (read.best, read.best_epoch, read.epochs) == (None, None, ())
