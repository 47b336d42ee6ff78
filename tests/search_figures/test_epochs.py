"""How the planned epochs were spent."""

from simmer.search_figures.captions import epochs_spent
from simmer.search_figures.epochs import EpochCount, count_epochs


def test_epochs_are_counted_by_what_became_of_them(eventful):
    count = count_epochs(eventful.searched)
    # Trained were 20 + 15 + 20 + 3 + 4 + 20 + 10 + 0, and the last of the nine trials is a repetition.
    assert count == EpochCount(planned=180, trained=92, pruned=16, patience=5, repeated=20)
    assert count.saved == 41
    assert count.lost == 47
    assert count.trained + count.saved + count.lost == count.planned


def test_the_saved_share_is_told_with_its_causes(eventful):
    assert epochs_spent(count_epochs(eventful.searched)) == (
        "Epochs: 92 of 180 planned were trained, 23 % saved (9 % by pruning, 3 % by patience, 11 % by "
        "repetition), 26 % lost to failures and time limits"
    )


def test_a_study_in_which_all_trials_came_to_their_end_saved_nothing(study_book):
    text = epochs_spent(count_epochs(study_book().add(0.6).add(0.5).searched))
    assert text == "Epochs: 40 of 40 planned were trained, 0 % saved"
