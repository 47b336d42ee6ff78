"""The figure of coverage: a panel per dimension, and edges near the best trial."""

import pytest

from simmer.figures.search.coverage import at, edges, near_edges, place, search_coverage
from simmer.search.space import Choice, Range

LOG = Range(low=1e-5, high=1e-3, log=True, integer=False)
LINEAR = Range(low=0.0, high=0.3, log=False, integer=False)


@pytest.fixture
def drawn(picture):
    return lambda book: picture(search_coverage(book.searched))


def panel(book, key):
    return next(axes for axes in search_coverage(book.searched).axes if axes.get_gid() == key)


def places(axes):
    """Return the x position of each trial by its number."""
    marked = [line for line in axes.lines if "_" in (line.get_gid() or "") and line.get_marker() != "*"]
    return {int(line.get_gid().rsplit("_", 1)[1]): line.get_xdata()[0] for line in marked}


def labels(axes):
    return [label.get_text() for label in axes.get_xticklabels()]


def test_there_is_a_panel_for_each_searched_dimension_with_every_trial_in_it(drawn, eventful):
    figure = drawn(eventful)
    for key in eventful.searched.searched:
        assert figure.has(key)
        assert len(figure.marks(rf"{key}_[a-z_]+_\d+")) == 9
        assert figure.has(f"best_{key}")
    assert not figure.has("ff_ratio")
    assert "Not searched: ff ratio = 4, focal gamma = 0." in figure.texts


def test_a_range_is_drawn_on_its_own_axis_with_both_ends_labelled(study_book):
    book = study_book().add(0.6, learning_rate=1e-4, dropout=0.15).add(0.5, learning_rate=1e-5, dropout=0.6)
    rate, dropout = panel(book, "learning_rate"), panel(book, "dropout")
    assert places(rate) == pytest.approx({0: 0.5, 1: 0.0})
    assert places(dropout) == pytest.approx({0: 0.25, 1: 1.0})
    assert labels(rate) == ["1e-05", "0.0001", "0.001"]
    assert labels(dropout) == ["0", "0.3", "0.6"]
    assert rate.get_xlabel() == "peak of the schedule, log axis"


def test_whole_numbers_are_labelled_by_whole_numbers(study_book):
    assert labels(panel(study_book().add(0.6), "depth")) == ["2", "6", "16"]
    two = study_book(depth=Range(low=1, high=2, log=False, integer=True)).add(0.6, depth=1)
    assert labels(panel(two, "depth")) == ["1", "2"]


def test_choices_are_counted_and_names_are_choices_like_any_other(study_book):
    book = study_book().add(0.6).add(0.6).add(0.6, input_form="train_scaled", batch_size=128)
    assert labels(panel(book, "input_form")) == [
        "train\nscaled\n(1)",
        "window\nnorm\n(2)",
        "price\nrelative\n(0)",
    ]
    assert labels(panel(book, "batch_size")) == ["32\n(0)", "64\n(2)", "128\n(1)"]
    stand = places(panel(book, "input_form"))
    assert {number: round(x) for number, x in stand.items()} == {0: 1, 1: 1, 2: 0}
    assert stand[0] != stand[1], "trials of one choice lie side by side"


def test_a_near_edge_is_named_in_the_notes_and_at_its_panel(drawn, study_book):
    figure = drawn(study_book().add(0.6).add(0.5, depth=2, learning_rate=9.9e-4))
    assert "depth: near lower edge" in figure.texts
    assert "learning rate: near upper edge" in figure.texts
    assert "weight decay" in figure.texts
    assert "The best, trial 1, lies within 5 % of an edge of: depth 2 (lower edge 2)" in figure.prose


def test_the_darkest_trial_is_the_best_and_a_failed_one_is_grey(study_book):
    book = study_book().add(0.6).add(0.5).add(0.55).add(None, state="diverged")
    marked = {line.get_gid(): line.get_markerfacecolor() for line in panel(book, "dropout").lines}
    brightness = {gid: sum(colour[:3]) for gid, colour in marked.items() if isinstance(colour, tuple)}
    assert min(brightness, key=brightness.get) == "dropout_complete_1"
    assert max(brightness, key=brightness.get) == "dropout_complete_0"
    assert marked["dropout_diverged_3"] == "#b0b0b0"


def test_a_study_in_which_all_failed_has_no_star(drawn, study_book):
    figure = drawn(study_book().add(None, state="diverged", epochs=1))
    assert figure.marks(r"best_\w+") == []
    assert "No trial reached a validation log-loss." in figure.texts


def test_a_sentence_says_that_nothing_was_searched(drawn, study_book):
    middle = study_book().add(0.6).results[0].hyperparameters
    figure = drawn(study_book(**{key: Choice((value,)) for key, value in middle.items()}).add(0.6))
    assert "Every hyperparameter has one value in this study, so nothing was searched." in figure.texts


def test_the_same_results_give_the_same_bytes(drawn, eventful):
    assert drawn(eventful).svg == drawn(eventful).svg


@pytest.mark.parametrize(("dimension", "middle"), [(LOG, 1e-4), (LINEAR, 0.15)])
def test_places_follow_the_linear_or_logarithmic_range(dimension, middle):
    assert place(middle, dimension) == pytest.approx(0.5)
    assert at(0.5, dimension) == pytest.approx(middle)
    assert [place(end, dimension) for end in dimension.ends] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, []),
        ({"learning_rate": 1.2e-5}, [("learning_rate", "lower", False)]),
        ({"learning_rate": 6e-5}, []),  # 6 % of the range on a linear axis, 39 % on its own
        ({"learning_rate": 8.5e-4}, [("learning_rate", "upper", False)]),
        ({"depth": 2}, [("depth", "lower", False)]),
        ({"depth": 16}, [("depth", "upper", False)]),
        ({"depth": 15}, [("depth", "upper", False)]),
        ({"dropout": 0.01}, [("dropout", "lower", True)]),
        ({"dropout": 0.58}, [("dropout", "upper", False)]),
        ({"warmup_fraction": 0.016}, []),
        ({"batch_size": 32}, []),
        ({"input_form": "train_scaled"}, []),
    ],
)
def test_the_best_lies_near_an_edge_within_five_percent(study_book, values, expected):
    study = study_book().add(0.6).add(0.5, **values).searched
    assert [(edge.key, edge.side, edge.final) for edge in near_edges(study)] == expected


def test_only_the_best_trial_is_looked_at(study_book):
    assert near_edges(study_book().add(0.6, depth=2).add(0.5).searched) == []


def test_a_depth_of_one_can_go_no_lower(study_book):
    shallow = Range(low=1, high=8, log=True, integer=True)
    (edge,) = near_edges(study_book(depth=shallow).add(0.5, depth=1).searched)
    assert edge.final


def test_a_range_that_may_be_too_short_is_named_in_words(study_book):
    study = study_book().add(0.5, depth=2, learning_rate=9.5e-4).searched
    assert edges(study) == (
        "The best, trial 0, lies within 5 % of an edge of: depth 2 (lower edge 2), learning rate 0.00095 "
        "(upper edge 0.001). A better value may lie beyond the range."
    )


def test_an_edge_without_possible_values_beyond_is_marked_so(study_book):
    study = study_book().add(0.5, label_smoothing=0.0).searched
    assert edges(study) == (
        "The best, trial 0, lies within 5 % of an edge of: label smoothing 0 (lower edge 0). Values "
        "beyond it are not possible."
    )


def test_both_kinds_of_edges_have_their_own_sentence(study_book):
    text = edges(study_book().add(0.5, label_smoothing=0.0, depth=16).searched)
    assert "an edge of: depth 16 (upper edge 16). A better value may lie beyond the range." in text
    assert text.endswith(
        "It also lies at an edge of: label smoothing 0 (lower edge 0). Values beyond it are not possible."
    )


def test_no_near_edge_and_no_best_trial_have_sentences(study_book):
    assert (
        edges(study_book().add(0.5).searched) == "The best, trial 0, lies within 5 % of no edge of a range."
    )
    failed = study_book().add(None, state="diverged").searched
    assert edges(failed) == "No trial reached a validation log-loss."


def test_a_space_without_ranges_has_no_note_on_edges(drawn, study_book):
    values = study_book().add(0.5).results[0].hyperparameters
    only = {key: Choice((value,)) for key, value in values.items()}
    for choices in (only, only | {"batch_size": Choice((32, 64))}):
        book = study_book(**choices).add(0.5)
        assert near_edges(book.searched) == []
        assert edges(book.searched) == ""
        assert "edge" not in drawn(book).prose.partition("Red lines")[0]
