"""The learning curves: a line per seed and split, the best epochs, and what they come to in words."""

from dataclasses import replace

from simmer.figures.evidence.learning_curves import conclusion, learning_curves, told
from simmer.figures.evidence.refits import read_refits
from support.evidence_results import refit

PRIOR = 0.4752
OVERFITTED = [refit(seed, best=3 + seed) for seed in range(3)]


def test_each_seed_has_a_line_per_split_and_a_best_epoch(picture):
    figure = picture(learning_curves(1, {"2M": OVERFITTED, "20M": OVERFITTED[:2]}, PRIOR))
    for mark in ("train", "validation", "best"):
        assert figure.marks(rf"{mark}_\w+_\d") == [
            f"{mark}_2M_0",
            f"{mark}_2M_1",
            f"{mark}_2M_2",
            f"{mark}_20M_0",
            f"{mark}_20M_1",
        ]
    assert figure.marks(r"prior_\w+") == ["prior_2M", "prior_20M"]
    assert {"train", "validation", "base rate"} <= set(figure.texts)


def test_the_best_epoch_is_marked_where_it_is():
    (axes,) = learning_curves(1, {"2M": OVERFITTED}, PRIOR).axes
    best = {line.get_gid(): line for line in axes.lines}["best_2M_1"]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (4, 0.45)


def test_panels_share_their_axes_so_that_scales_can_be_compared():
    first, second = learning_curves(1, {"2M": OVERFITTED, "20M": [refit(0, epochs=20)]}, PRIOR).axes
    assert first.get_xlim() == second.get_xlim() and first.get_ylim() == second.get_ylim()


def test_overfitting_and_training_too_short_are_told_apart():
    text = conclusion(read_refits([*OVERFITTED, refit(3, best=12)]), PRIOR)
    assert text == (
        "4 of 4 refits beat the base rate on validation; 3 went on to overfit (better on train, worse on "
        "validation); 1 had the best epoch last, so more epochs might help."
    )


def test_refits_above_the_base_rate_are_not_counted_as_beating_it():
    assert conclusion(read_refits([refit(0, level=0.6), refit(1)]), PRIOR).startswith("1 of 2 refits beat")


def test_a_panel_tells_epochs_distance_and_what_came_to_nothing():
    assert told(read_refits(OVERFITTED), PRIOR) == "best at epochs 3 to 5, 0.0252 below the base rate"
    lost = read_refits([refit(0, level=0.5), refit(1, epochs=0)])
    assert told(lost, PRIOR) == "best at epoch 4, 0.0248 above the base rate, 1 refit without a best epoch"


def test_refits_without_any_epoch_are_a_sentence(picture):
    figure = picture(learning_curves(1, {"2B": [refit(0, epochs=0)]}, PRIOR))
    assert "No refit came to a best epoch, so there is nothing to learn from." in figure.prose
    assert figure.marks(r"train_\w+") == []


def test_lines_that_leave_a_panel_are_said_to(picture):
    words = "Lines that leave a panel at its top go on above it."
    exploded = [*OVERFITTED, refit(3, epochs=6, rise=3.0)]
    assert words in picture(learning_curves(1, {"2M": exploded}, PRIOR)).prose
    assert words not in picture(learning_curves(1, {"2M": [refit(0, best=12)]}, PRIOR)).prose


def test_a_refit_that_diverged_keeps_its_lines_and_has_no_best_epoch(picture):
    diverged = replace(refit(3), best_epoch=None)
    figure = picture(learning_curves(1, {"2M": [*OVERFITTED, diverged]}, PRIOR))
    assert len(figure.marks(r"train_2M_\d+")) == len(OVERFITTED) + 1
    assert figure.marks("best_2M_3") == []
    assert "1 refit without a best epoch" in figure.prose
