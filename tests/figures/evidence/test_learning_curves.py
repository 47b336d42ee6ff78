"""The learning curves: a line per refit and split, the best epochs, and the conclusion."""

from dataclasses import replace

from simmer.figures.evidence.learning_curves import conclusion, learning_curves, panel_title
from simmer.figures.evidence.refits import read_refits
from support.evidence_results import refit

BASE_RATE = 0.4752
OVERFITTED = [refit(seed, best=3 + seed) for seed in range(3)]


def test_each_refit_has_a_line_per_split_and_a_best_epoch(picture):
    figure = picture(learning_curves(1, {"2M": OVERFITTED, "20M": OVERFITTED[:2]}, BASE_RATE))
    for mark in ("train", "validation", "best"):
        assert figure.marks(rf"{mark}_\w+_\d") == [
            f"{mark}_2M_0",
            f"{mark}_2M_1",
            f"{mark}_2M_2",
            f"{mark}_20M_0",
            f"{mark}_20M_1",
        ]
    assert figure.marks(r"base_rate_\w+") == ["base_rate_2M", "base_rate_20M"]
    assert {"train", "validation", "base rate"} <= set(figure.texts)


def test_the_best_epoch_is_marked_where_it_is():
    (axes,) = learning_curves(1, {"2M": OVERFITTED}, BASE_RATE).axes
    best = {line.get_gid(): line for line in axes.lines}["best_2M_1"]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (4, 0.45)


def test_panels_share_their_axes_so_that_scales_can_be_compared():
    first, second = learning_curves(1, {"2M": OVERFITTED, "20M": [refit(0, epochs=20)]}, BASE_RATE).axes
    assert first.get_xlim() == second.get_xlim() and first.get_ylim() == second.get_ylim()


def test_the_conclusion_counts_overfitted_and_still_improving_refits():
    text = conclusion(read_refits([*OVERFITTED, refit(3, best=12)]), BASE_RATE)
    assert text == (
        "4 of 4 refits beat the base rate on validation; 3 overfitted afterwards (better on train, worse on "
        "validation); 1 had the best epoch last, so more epochs may help."
    )


def test_refits_above_the_base_rate_are_not_counted_as_beating_it():
    assert conclusion(read_refits([refit(0, level=0.6), refit(1)]), BASE_RATE).startswith(
        "1 of 2 refits beat"
    )


def test_a_panel_title_has_the_best_epochs_the_distance_and_the_failed_refits():
    text = panel_title(read_refits(OVERFITTED), BASE_RATE)
    assert text == "best at epochs 3 to 5, 0.0252 below the base rate"
    lost = read_refits([refit(0, level=0.5), refit(1, epochs=0)])
    text = panel_title(lost, BASE_RATE)
    assert text == "best at epoch 4, 0.0248 above the base rate, 1 refit without a best epoch"


def test_refits_without_any_epoch_are_a_sentence(picture):
    figure = picture(learning_curves(1, {"2B": [refit(0, epochs=0)]}, BASE_RATE))
    assert "No refit has a best epoch." in figure.prose
    assert figure.marks(r"train_\w+") == []


def test_a_note_points_out_lines_that_leave_a_panel(picture):
    words = "Lines that reach the top of a panel continue above it."
    exploded = [*OVERFITTED, refit(3, epochs=6, rise=3.0)]
    assert words in picture(learning_curves(1, {"2M": exploded}, BASE_RATE)).prose
    assert words not in picture(learning_curves(1, {"2M": [refit(0, best=12)]}, BASE_RATE)).prose


def test_a_refit_that_diverged_keeps_its_lines_and_has_no_best_epoch(picture):
    diverged = replace(refit(3), best_epoch=None, best=None, validation_log_loss=None)
    figure = picture(learning_curves(1, {"2M": [*OVERFITTED, diverged]}, BASE_RATE))
    assert len(figure.marks(r"train_2M_\d+")) == len(OVERFITTED) + 1
    assert figure.marks("best_2M_3") == []
    assert "1 refit without a best epoch" in figure.prose
