"""Which losses an axis shows."""

from simmer.search_figures.captions import beyond
from simmer.search_figures.loss_axis import loss_axis


def test_best_and_prior_are_always_on_the_axis(study_book):
    for losses in ([0.5], [0.9, 0.8], [0.6, 0.61, 30.0], []):
        book = study_book().add(None, state="diverged")
        for loss in losses:
            book.add(loss)
        axis = loss_axis(book.searched)
        assert axis.low < min([*losses, 0.69]) < axis.high
        assert axis.low < 0.69 < axis.high


def test_one_terrible_trial_does_not_press_the_others_together(study_book):
    book = study_book()
    for number in range(20):
        book.add(0.60 + 0.001 * number)
    book.add(7.5)
    axis = loss_axis(book.searched)
    assert axis.high < 0.75
    assert axis.shown(7.5) == axis.high
    assert beyond(book.searched, axis) == (
        "Drawn at the upper end, as their loss lies above it: trial 20 (7.5)."
    )


def test_of_many_terrible_trials_the_worst_are_named_and_the_rest_counted(study_book):
    book = study_book()
    for number in range(60):
        book.add(0.60 + 0.001 * number if number < 55 else float(number))
    text = beyond(book.searched, loss_axis(book.searched))
    assert text.endswith("trial 59 (59), trial 58 (58), trial 57 (57), 2 more.")


def test_nothing_lies_above_the_axis_of_an_even_study(study_book):
    book = study_book()
    for number in range(10):
        book.add(0.60 + 0.01 * number)
    assert beyond(book.searched, loss_axis(book.searched)) == ""
