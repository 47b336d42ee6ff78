"""The figure of costs: hours and energy by scale, and unknown energy."""

import pytest

from simmer.figures.evidence.costs import conclusion, cost, costs, energy_known
from support.evidence_results import trial

METERED = [trial(3600.0, energy_wh=500.0), trial(7200.0, energy_wh=1000.0)]


def test_hours_median_and_energy_are_of_trained_trials():
    found = cost("2M", [*METERED, trial(0.0, energy_wh=0.0, repeats=1)])
    assert (found.trials, found.trained, found.hours, found.minutes) == (3, 2, 3.0, 90.0)
    assert (found.kwh, found.metered) == (1.5, 2)


def test_race_runs_belong_to_the_search(picture):
    race_runs = [trial(1800.0, energy_wh=100.0), trial(5400.0)]
    found = cost("2M", METERED, race_runs)
    assert (found.trials, found.race_runs, found.trained, found.hours) == (2, 2, 4, 5.0)
    assert (found.kwh, found.metered) == (1.6, 3)
    figure = picture(costs({"2M": METERED}, races={"2M": race_runs}))
    assert "2 trials and 2 race runs took 5.0 h; the energy is at least 1.600 kWh." in figure.prose


def test_unknown_energy_is_a_sentence_and_no_bar(picture):
    figure = picture(costs({"2M": [trial(3600.0)]}))
    assert "Unknown: no sensor of this machine measured power." in figure.prose
    assert "1 trial took 1.0 h; the energy is unknown." in figure.prose
    assert figure.marks(r"hours_\w+") == ["hours_2M"] and figure.marks(r"kwh_\w+") == []


def test_partly_known_energy_is_a_lower_bound(picture):
    figure = picture(costs({"2M": [*METERED, trial(3600.0)], "20M": [trial(3600.0)]}))
    assert "at least 1.500 kWh" in figure.texts and "unknown" in figure.texts
    assert "Measured for 2 of 4 trainings; the true energy is higher." in figure.prose
    assert figure.marks(r"kwh_\w+") == ["kwh_2M"]


def test_the_conclusion_names_the_scale_that_cost_most():
    found = [cost("2M", METERED), cost("2B", [trial(32400.0, energy_wh=9000.0)])]
    assert conclusion(found) == "3 trials took 12.0 h, 75 % of it for 2B; the energy is 10.5 kWh."
    assert energy_known(found) == "Measured by sensors for all that was trained."


def test_counts_and_medians_are_next_to_the_bars(picture):
    figure = picture(costs({"2M": METERED, "2B": [trial(720000.0)]}))
    assert "3.0 h, 2 trials, median 90.0 min each" in figure.texts
    assert "200 h, 1 trial, median 200.0 h each" in figure.texts


def test_bars_are_as_long_as_their_hours_from_zero():
    axes = costs({"2M": METERED, "20M": [trial(36000.0)]}).axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([3.0, 10.0])
    assert axes.get_xlim()[0] == 0.0


def test_repetitions_alone_cost_nothing(picture):
    figure = picture(costs({"2M": [trial(0.0, repeats=0)]}))
    assert "No trial was trained." in figure.prose
    assert "1 trial, none trained" in figure.texts
