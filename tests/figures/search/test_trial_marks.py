"""Marks of trials: the losses on the axis, and the note on those beyond."""

import pytest
from matplotlib.figure import Figure

from simmer.figures.search.trial_marks import beyond_axis, draw_loss, loss_limits


def test_best_and_base_rate_are_always_on_the_axis(study_book):
    for losses in ([0.5], [0.9, 0.8], [0.6, 0.61, 30.0], []):
        book = study_book().add(None, state="diverged")
        for loss in losses:
            book.add(loss)
        low, high = loss_limits(book.searched)
        assert low < min([*losses, 0.69]) < high
        assert low < 0.69 < high


def test_one_very_bad_trial_does_not_compress_the_axis(study_book):
    book = study_book()
    for number in range(20):
        book.add(0.60 + 0.001 * number)
    book.add(7.5)
    assert loss_limits(book.searched)[1] < 0.75
    assert beyond_axis(book.searched) == (
        "Drawn at the upper end, because their loss is above the axis: trial 20 (7.5)."
    )


def test_of_many_very_bad_trials_the_worst_are_named_and_the_rest_counted(study_book):
    book = study_book()
    for number in range(60):
        book.add(0.60 + 0.001 * number if number < 55 else float(number))
    text = beyond_axis(book.searched)
    assert text.endswith("trial 59 (59), trial 58 (58), trial 57 (57), 2 more.")


def test_nothing_lies_above_the_axis_of_an_even_study(study_book):
    book = study_book()
    for number in range(10):
        book.add(0.60 + 0.01 * number)
    assert beyond_axis(book.searched) == ""


@pytest.mark.parametrize(("loss", "height"), [(0.6, 0.6), (7.5, 1.0), (None, 1.05)])
def test_a_loss_beyond_the_axis_is_drawn_at_its_end_and_no_loss_above_it(study_book, loss, height):
    axes = Figure().subplots()
    axes.set_ylim(0.0, 1.0)
    state = "diverged" if loss is None else "complete"
    (trial,) = study_book().add(loss, state=state).searched.trials
    draw_loss(axes, trial, 0.0, colour="black", size=5.0)
    (line,) = axes.lines
    assert line.get_ydata() == [height]
    assert (line.get_transform() == axes.transData) == (loss is not None)
