"""Layout of all figures: texts fit the page, colours have contrast, labels do not overlap."""

import re

import pytest

from simmer.figures import style
from simmer.figures.evidence.base_rates import base_rates
from simmer.figures.evidence.calibration import calibration
from simmer.figures.evidence.costs import costs
from simmer.figures.evidence.learning_curves import learning_curves
from simmer.figures.evidence.opponents import opponents
from simmer.figures.evidence.scaling import scaling
from simmer.figures.layout import WIDTH, apart, usual_limits
from simmer.ledger.about import About
from support.configs import ROOT
from support.evidence_results import BASE_RATE_LOSS, SCALES, horizon, model, refit, trial
from support.pictures import require_readable

ABOUT = About(campaign="main", ticker="SPY", threshold=0.01, basis="high")
COLOURS = ("TRANSFORMER", "BASELINE", "BASE_RATE", "INK", "QUIET", "BEST", "EDGE")
COLOURS += ("WARNING", "CRITICAL", "SETPOINT", "ABORT")


@pytest.fixture(params=["full", "sparse"])
def every_figure(request, read):
    def draw():
        if request.param == "full":
            evidence = read()
            refits = {scale: [refit(seed) for seed in range(5)] for scale in SCALES}
            trials = {scale: [trial(9e4, energy_wh=800.0)] * 50 for scale in SCALES}
        else:
            evidence = read(h1=horizon(scales=1, baselines=()))
            refits, trials = {"2M": [refit(0, epochs=1, best=1)]}, {"2M": [trial()]}
        return {
            "scaling": scaling(evidence, ABOUT),
            "learning_curves": learning_curves(1, refits, BASE_RATE_LOSS, ABOUT),
            "calibration": calibration(evidence.horizons[-1], ABOUT),
            "base_rates": base_rates(evidence, ABOUT),
            "opponents": opponents(evidence, ABOUT),
            "costs": costs(trials, ABOUT),
        }

    return draw


def test_the_same_evidence_gives_the_same_bytes(every_figure, picture):
    first, second = every_figure(), every_figure()
    for name in first:
        assert picture(first[name]).svg == picture(second[name]).svg, name


def test_no_text_is_cut_off_or_too_small_for_a_phone(every_figure):
    for figure in every_figure().values():
        assert figure.get_figwidth() == WIDTH
        require_readable(figure)


def test_every_figure_names_campaign_ticker_and_label(every_figure, picture):
    for name, figure in every_figure().items():
        assert "Campaign main, ticker SPY, threshold 0.01, basis high." in picture(figure).prose, name


def test_a_name_that_looks_like_a_formula_is_written_unchanged(read, picture):
    made = horizon(scales=0)
    for name, loss in {r"$\frac$": 0.46, "$x$ & <b>": 0.47}.items():
        made["models"].append(model(name, loss, parameters=2_000_000 + len(name), refit_losses=[loss]))
        made["models"][-1]["collapsed_seeds"] = 1
    evidence = read(h1=made)
    drawn = {
        "scaling": scaling(evidence),
        "opponents": opponents(evidence),
        "calibration": calibration(evidence.horizons[0]),
        "learning_curves": learning_curves(1, {r"$\frac$": [refit(0)]}, BASE_RATE_LOSS),
        "costs": costs({r"$\frac$": [trial()]}),
    }
    for name, figure in drawn.items():
        assert r"$\frac$" in picture(figure).prose, name


def test_colours_are_defined_in_the_style_only():
    for path in (ROOT / "workflow/scripts/simmer/figures").rglob("*.py"):
        if path.name != "style.py":
            assert not re.search(r"""["']#[0-9a-fA-F]{3,8}["']""", path.read_text()), path


@pytest.mark.parametrize("name", COLOURS)
def test_text_colours_have_enough_contrast(name):
    # WCAG 2.1, contrast of small text: at least 4.5.
    value = getattr(style, name)
    parts = [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5


def test_labels_that_would_overlap_are_moved_apart_and_stay_below_the_top():
    assert apart([1.0, 5.0], [1.0, 1.0], 10.0) == [1.0, 5.0]
    assert apart([1.0, 1.2], [1.0, 1.0], 10.0) == [1.0, 2.0]
    assert apart([9.0, 9.2], [1.0, 1.0], 10.0) == [8.5, 9.5]


def test_an_extreme_value_does_not_stretch_an_axis_unless_it_must_be_shown():
    low, high = usual_limits([0.5, 0.6], [0.5, 0.55, 0.58, 9.0], share=0.8)
    assert low < 0.5 and 0.6 < high < 0.7
    assert usual_limits([0.5, 9.0], [0.55], share=0.8)[1] > 9.0
