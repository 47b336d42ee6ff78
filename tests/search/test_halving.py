import math
import random
from dataclasses import replace

import pytest

from simmer.base.errors import ConfigError
from simmer.search.halving import SeenCurve, falls_behind
from simmer.search.settings import HalvingSettings

EPOCHS = 10
SETTINGS = HalvingSettings(rung_fractions=(0.2, 0.4), eta=2.0, min_completed_trials=3)


def completed(*losses):
    return SeenCurve(losses=losses, completed=True, diverged=False)


def pruned(*losses):
    return SeenCurve(losses=losses, completed=False, diverged=False)


DIVERGED = SeenCurve(losses=(), completed=False, diverged=True)
OTHERS = [completed(*[0.1 * place] * EPOCHS) for place in (4, 5, 6, 7)]


def behind(losses, seen=OTHERS, settings=SETTINGS):
    return falls_behind(losses, seen, settings=settings, epochs_max=EPOCHS)


def test_rungs_are_whole_epochs_before_the_last():
    fractions = HalvingSettings(rung_fractions=(0.1, 0.15, 0.2, 0.95), eta=2, min_completed_trials=1)
    assert fractions.rungs(10) == (1, 2)
    assert fractions.rungs(30) == (3, 5, 6, 29)
    assert fractions.rungs(1) == ()
    exact = HalvingSettings(rung_fractions=(0.14, 0.28, 0.56), eta=2, min_completed_trials=1)
    assert exact.rungs(50) == (7, 14, 28)
    assert exact.rungs(25) == (4, 7, 14)


def test_at_a_rung_the_better_half_continues():
    # Among five, itself included, two places go on.
    assert not behind([0.9, 0.45])
    assert behind([0.9, 0.55])


def test_the_best_loss_so_far_counts_not_the_last():
    assert not behind([0.45, 0.9])


def test_between_rungs_no_trial_ends():
    assert not behind([9.0])
    assert not behind([9.0, 9.0, 9.0])
    assert behind([9.0] * 4)


def test_an_earlier_trial_is_seen_as_it_stood_at_the_rung():
    late_bloomers = [completed(0.9, 0.9, *[0.1] * 8) for _ in range(4)]
    assert not behind([0.9, 0.8], late_bloomers)
    assert behind([0.9, 0.8, 0.8, 0.8], late_bloomers)


def test_the_best_continues_with_any_eta():
    strict = HalvingSettings(rung_fractions=(0.2,), eta=100.0, min_completed_trials=1)
    assert not behind([0.3, 0.3], settings=strict)
    assert behind([0.41, 0.41], settings=strict)


def test_a_loss_within_the_margin_is_not_better():
    noisy = replace(SETTINGS, margin=0.1)
    assert behind([0.9, 0.55])
    assert not behind([0.9, 0.55], settings=noisy)
    assert not behind([0.9, 0.59], settings=noisy)
    assert behind([0.9, 0.75], settings=noisy)


def test_equal_losses_do_not_push_each_other_out():
    same = [completed(*[0.5] * EPOCHS)] * 6
    assert not behind([0.5, 0.5], same)


def test_with_too_few_completed_trials_no_trial_ends():
    assert not behind([9.0, 9.0], [*OTHERS[:2], *[pruned(0.1, 0.1)] * 9])
    assert behind([9.0, 9.0], OTHERS[:3])


def test_pruned_trials_count_at_the_rungs_they_reached_only():
    ahead = [pruned(0.1, 0.1)] * 5
    assert behind([0.35, 0.35], OTHERS + ahead)
    assert not behind([0.35] * 4, OTHERS + ahead)


def test_a_trial_that_ended_by_patience_counts_at_all_later_rungs():
    early = [completed(0.4, 0.5, 0.6)] * 4
    assert behind([0.9, 0.9, 0.45, 0.45], early)


def test_a_diverged_trial_is_worse_than_any():
    assert not behind([0.9, 0.9], [*OTHERS, *[DIVERGED] * 6])


def test_without_rungs_every_trial_goes_to_its_end():
    off = HalvingSettings(rung_fractions=(), eta=2.0, min_completed_trials=1)
    assert not any(behind([9.0] * epochs, settings=off) for epochs in range(1, EPOCHS + 1))


def test_on_random_curves_about_half_and_always_the_best_continue_at_each_rung():
    """The stopping variant lets the first trials pass, so slightly more than half of all continue."""
    chance = random.Random(1)
    settings = HalvingSettings(rung_fractions=(0.3,), eta=2.0, min_completed_trials=1)
    seen, kept, best_kept = [completed(*[0.9] * EPOCHS)], 0, 0
    best = math.inf
    for _ in range(400):
        losses = [chance.random()] * EPOCHS
        ends = falls_behind(losses[:3], seen, settings=settings, epochs_max=EPOCHS)
        kept += not ends
        if losses[0] < best:
            best, best_kept = losses[0], best_kept + 1
            assert not ends
        seen.append(pruned(*losses[:3]) if ends else completed(*losses))
    assert best_kept > 3
    assert 0.45 < kept / 400 < 0.6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rung_fractions": (0.4, 0.2)}, r"rung_fractions: found \[0\.4, 0\.2\], expected ascending shares"),
        ({"rung_fractions": (0.2, 0.2)}, r"rung_fractions: found \[0\.2, 0\.2\], expected ascending shares"),
        ({"rung_fractions": (0.0,)}, r"rung_fractions\.0: found 0\.0, expected more than 0"),
        ({"rung_fractions": (1.0,)}, r"rung_fractions\.0: found 1\.0, expected less than 1"),
        ({"eta": 1.0}, r"eta: found 1\.0, expected more than 1"),
        ({"min_completed_trials": 0}, "min_completed_trials: found 0, expected at least 1"),
    ],
    ids=str,
)
def test_senseless_settings_are_refused(change, message):
    values = {"rung_fractions": (0.2,), "eta": 2.0, "min_completed_trials": 1} | change
    with pytest.raises(ConfigError, match=message):
        HalvingSettings(**values)
