"""Where the best trial lies in its ranges, and what is said of it."""

import pytest

from simmer.search.space import Choice, Range
from simmer.search_figures.captions import edges
from simmer.search_figures.edges import at, near_edges, place

LOG = Range(low=1e-5, high=1e-3, log=True, integer=False)
LINEAR = Range(low=0.0, high=0.3, log=False, integer=False)


@pytest.mark.parametrize(("dimension", "middle"), [(LOG, 1e-4), (LINEAR, 0.15)])
def test_a_place_is_told_on_the_axis_of_the_range_itself(dimension, middle):
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


def test_an_edge_that_cannot_be_moved_is_said_to_be_one(study_book):
    study = study_book().add(0.5, label_smoothing=0.0).searched
    assert edges(study) == (
        "The best, trial 0, lies within 5 % of an edge of: label smoothing 0 (lower edge 0). Beyond, no "
        "value makes sense."
    )


def test_both_kinds_of_edges_are_told_apart(study_book):
    text = edges(study_book().add(0.5, label_smoothing=0.0, depth=16).searched)
    assert "an edge of: depth 16 (upper edge 16). A better value may lie beyond the range." in text
    assert text.endswith(
        "It also lies at an edge of: label smoothing 0 (lower edge 0). Beyond, no value makes sense."
    )


def test_no_edge_and_no_best_are_said_too(study_book):
    assert (
        edges(study_book().add(0.5).searched) == "The best, trial 0, lies within 5 % of no edge of a range."
    )
    failed = study_book().add(None, state="diverged").searched
    assert edges(failed) == "No trial came to a validation log-loss, so none is the best."


def test_a_space_without_ranges_has_no_edges(study_book):
    only = {
        key: Choice((value,)) for key, value in study_book().add(0.5).results[0]["hyperparameters"].items()
    }
    assert near_edges(study_book(**only).add(0.5).searched) == []
