"""The marks and texts in the figure of a search history."""

import re
from dataclasses import replace

import matplotlib
import pytest

from simmer.figures.search.coverage import search_coverage
from simmer.figures.search.history import epochs_spent, search_history
from simmer.figures.search.importances import search_importances
from simmer.figures.search.ped_anova import importances_of
from support.pictures import require_readable

COLOURS = {
    "default": "#000000",
    "depth extreme": "#cc79a7",
    "transferred": "#d55e00",
    "startup": "#8a8a8a",
    "sampler": "#0072b2",
}
SHAPES = {"complete": "o", "pruned": "v", "out_of_time": "s", "diverged": "X", "out_of_memory": "P"}


@pytest.fixture
def drawn(picture):
    return lambda book: picture(search_history(book.searched))


def markers(study, panel):
    """Return the marker of each trial in a panel, by its number."""
    axes = next(axes for axes in search_history(study).axes if axes.get_gid() == panel)
    named = ((re.fullmatch(rf"{panel}_[a-z_]+_(\d+)", line.get_gid() or ""), line) for line in axes.lines)
    return {int(name[1]): line for name, line in named if name}


@pytest.mark.parametrize("panel", ["loss", "epochs"])
def test_every_trial_is_marked_by_the_shape_of_its_state(eventful, panel):
    study = eventful.searched
    shown = markers(study, panel)
    assert {trial.state for trial in study.trials} == set(SHAPES)
    assert {number: line.get_marker() for number, line in shown.items()} == {
        trial.number: SHAPES[trial.state] for trial in study.trials
    }


@pytest.mark.parametrize("panel", ["loss", "epochs"])
def test_every_trial_has_the_colour_of_its_origin_and_a_repetition_is_hollow(eventful, panel):
    study = eventful.searched
    shown = markers(study, panel)
    assert {trial.origin for trial in study.trials} == set(COLOURS)
    assert {number: line.get_markerfacecolor() for number, line in shown.items()} == {
        trial.number: "white" if trial.number == 8 else COLOURS[trial.origin] for trial in study.trials
    }
    assert shown[8].get_markeredgecolor() == COLOURS["sampler"]


def test_the_legends_show_what_the_markers_show(eventful):
    shown = {
        handle.get_label(): handle
        for legend in search_history(eventful.searched).legends
        for handle in legend.legend_handles
    }
    for word, state in {"completed": "complete", "pruned": "pruned", "out of time": "out_of_time"}.items():
        assert shown[word].get_marker() == SHAPES[state]
    for word, origin in {"the configured default": "default", "startup, drawn at random": "startup"}.items():
        assert shown[word].get_color() == COLOURS[origin]


def test_every_trial_is_marked_in_the_file_too(drawn, eventful):
    figure = drawn(eventful)
    assert len(figure.marks(r"loss_complete_\d+")) == 5
    assert figure.marks(r"loss_pruned_\d+") == ["loss_pruned_4"]
    assert figure.marks(r"loss_diverged_\d+") == ["loss_diverged_3"]
    assert figure.marks(r"loss_out_of_memory_\d+") == ["loss_out_of_memory_7"]
    assert figure.marks(r"loss_out_of_time_\d+") == ["loss_out_of_time_6"]
    legend = {"completed", "pruned", "out of time", "diverged", "out of memory", "repeats an earlier trial"}
    assert legend <= set(figure.texts)
    assert "no loss" in figure.texts


def test_states_and_origins_that_did_not_occur_are_not_in_the_legend(drawn, study_book):
    texts = drawn(study_book().add(0.6, origin="default")).texts
    assert {"completed", "the configured default"} <= set(texts)
    others = {"pruned", "diverged", "suggested by the sampler", "repeats an earlier trial", "no loss"}
    assert not others & set(texts)


def test_all_origins_are_in_the_legend(drawn, eventful):
    figure = drawn(eventful)
    assert {
        "the configured default",
        "the default at an extreme of depth",
        "transferred from a smaller scale",
        "startup, drawn at random",
        "suggested by the sampler",
    } <= set(figure.texts)


def test_the_best_is_annotated_and_compared_with_the_base_rate(drawn, eventful):
    figure = drawn(eventful)
    assert "trial 5: 0.5500" in figure.texts
    assert "base rate 0.6900" in figure.prose
    assert "trial 5 (sampler), 0.1400 below the base rate" in figure.prose
    assert figure.has("base_rate")


def test_a_best_trial_above_the_base_rate_is_marked_so(drawn, study_book):
    assert "0.0100 above the base rate" in drawn(study_book().add(0.70)).prose


def test_best_so_far_is_a_line_of_steps_that_begins_with_the_first_loss(study_book):
    book = study_book().add(None, state="diverged").add(0.6).add(0.65).add(0.5).add(None, state="diverged")
    losses = search_history(book.searched).axes[0]
    (line,) = (one for one in losses.lines if one.get_gid() == "best_so_far")
    assert line.get_drawstyle() == "steps-post"
    assert [value for value in line.get_ydata() if value == value] == [0.6, 0.6, 0.5, 0.5]


def test_the_second_panel_shows_epochs_and_what_was_saved(drawn, eventful):
    figure = drawn(eventful)
    assert any(
        str(text).startswith("Epochs: 92 of 180 planned were trained, 23 % saved") for text in figure.texts
    )
    assert "planned 20" in figure.texts
    assert len(figure.marks(r"epochs_\w+_\d+")) == 9
    heights = [bar.get_height() for bar in search_history(eventful.searched).axes[1].patches]
    assert heights == [20, 15, 20, 3, 4, 20, 10, 0, 0]


def test_saved_epochs_are_listed_by_cause(eventful):
    # Trained were 20 + 15 + 20 + 3 + 4 + 20 + 10 + 0, and the last of the nine trials is a repetition. Saved
    # were 16 + 5 + 20, lost 17 + 10 + 20.
    assert epochs_spent(eventful.searched) == (
        "Epochs: 92 of 180 planned were trained, 23 % saved (9 % by pruning, 3 % by patience, 11 % by "
        "repetition), 26 % lost to failures and time limits"
    )


def test_a_study_in_which_all_trials_came_to_their_end_saved_nothing(study_book):
    text = epochs_spent(study_book().add(0.6).add(0.5).searched)
    assert text == "Epochs: 40 of 40 planned were trained, 0 % saved"


def test_a_repetition_saves_all_its_epochs_however_the_repeated_trial_ended(study_book):
    book = study_book().add(None, state="diverged", epochs=5)
    book.add(None, state="diverged", epochs=5, repeats=0)
    assert epochs_spent(book.searched) == (
        "Epochs: 5 of 40 planned were trained, 50 % saved (50 % by repetition), 38 % lost to failures and "
        "time limits"
    )


def test_a_study_in_which_all_failed_says_so(drawn, study_book):
    book = study_book().add(None, state="diverged", epochs=2).add(None, state="out_of_memory", epochs=0)
    figure = drawn(book)
    assert "no trial reached a validation log-loss" in figure.texts
    assert "2 trials: 1 diverged, 1 out of memory." in figure.texts
    assert not figure.has("best_so_far")
    assert not figure.has("best_epochs")


@pytest.mark.parametrize("trials", [1, 200])
def test_one_trial_and_many_can_be_drawn(drawn, study_book, trials):
    book = study_book()
    for number in range(trials):
        book.add(0.6 - 0.0001 * number)
    assert f"trial {trials - 1}: {0.6 - 0.0001 * (trials - 1):.4f}" in drawn(book).texts


def test_the_same_results_give_the_same_bytes_in_any_style(drawn, eventful):
    first = drawn(eventful).svg
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.hashsalt": None}):
        assert drawn(eventful).svg == first
    assert "dc:date" not in first


def test_each_figure_names_campaign_ticker_and_label(eventful, picture):
    study = eventful.searched
    figures = (
        search_history(study),
        search_coverage(study),
        search_importances(study, importances_of(study)),
    )
    for figure in figures:
        assert "Campaign main, ticker GSPC, threshold 0.01, basis high." in picture(figure).prose


def test_every_text_can_be_read_and_names_are_not_parsed_as_formulas(eventful, picture):
    study = eventful.searched
    require_readable(search_history(study))
    require_readable(search_coverage(study))
    require_readable(search_importances(study, importances_of(study)))
    odd = replace(study, name=r"$\frac$ h1")
    for figure in (search_history(odd), search_coverage(odd), search_importances(odd, importances_of(odd))):
        assert r"$\frac$ h1: " in picture(figure).prose
