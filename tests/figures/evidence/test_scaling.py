"""The figure of scaling: verdicts, points and intervals, and a curve for law and reverse only."""

import pytest

from simmer.figures.evidence.scaling import conclusion, meaning, scaling
from support.evidence_results import SCALES, evidence, horizon, model


def test_the_conclusion_names_every_verdict_with_its_horizons(read):
    assert conclusion(read()) == (
        "Scale helps at 1 day and makes no difference that matters at 3 days; undetermined at 5 days."
    )
    assert conclusion(read(h1=horizon("reverse"), h3=horizon("reverse"))) == "Scale harms at 1 and 3 days."
    assert conclusion(read(h5=horizon())) == "Whether scale helps is undetermined at 5 days."


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (
            "law",
            "1 day: law. The loss falls with scale from 2M to 2B, exponent 0.0120 (98.3 %: 0.0080 to 0.0160)",
        ),
        ("reverse", "1 day: reverse. The loss rises with scale from 2M to 2B, exponent −0.0200"),
        ("none", "1 day: none. No two scales differ by an amount that matters, 0.0024 nats."),
        (
            "undetermined",
            "1 day: undetermined. These data cannot show whether scale helps, harms or does neither.",
        ),
    ],
)
def test_a_verdict_has_its_meaning(read, picture, verdict, words):
    evidence = read(h1=horizon(verdict))
    assert meaning(evidence.horizons[0]).startswith(words)
    assert words in picture(scaling(evidence)).prose


@pytest.mark.parametrize(
    ("verdict", "curves"), [("law", 1), ("reverse", 1), ("none", 0), ("undetermined", 0)]
)
def test_a_curve_is_drawn_for_law_and_reverse_only(read, picture, verdict, curves):
    figure = picture(scaling(read(h1=horizon(verdict))))
    assert len(figure.marks(r"curve_h\d")) == curves


def test_the_curve_ends_at_the_outermost_scales(read):
    (axes,) = scaling(read(h1=horizon("law"))).axes
    (curve,) = [line for line in axes.lines if line.get_gid() == "curve_h1"]
    ends = curve.get_xdata()[[0, -1]]
    assert ends == pytest.approx([SCALES["2M"], SCALES["2B"]])


@pytest.mark.parametrize("scales", [1, 2, 3, 4])
def test_every_scale_has_a_mean_an_interval_and_a_dot_per_refit(read, picture, scales):
    figure = picture(scaling(read(h3=horizon(scales=scales))))
    names = list(SCALES)[:scales]
    assert figure.marks(r"mean_\w+") == [f"mean_{name}_h3" for name in names]
    assert figure.marks(r"interval_\w+") == [f"interval_{name}_h3" for name in names]
    assert len(figure.marks(r"refit_\w+")) == 5 * scales
    assert set(names) <= set(figure.texts)


def test_points_are_at_counted_parameters(read):
    (axes,) = scaling(read(h1=horizon(scales=2))).axes
    places = [line.get_xdata()[0] for line in axes.lines if (line.get_gid() or "").startswith("mean_")]
    assert places == [SCALES["2M"], SCALES["20M"]]
    assert axes.get_xscale() == "log"


def test_the_note_says_that_one_scale_cannot_show_a_law(read, picture):
    figure = picture(scaling(read(h1=horizon(scales=1))))
    assert "One scale alone cannot show whether scale helps." in figure.prose


def test_base_rate_and_best_baseline_are_lines_with_names(read, picture):
    figure = picture(scaling(read(h1=horizon())))
    assert figure.has("base_rate_h1") and figure.has("baseline_h1")
    assert "best on validation: logistic regression 0.4510" in figure.prose
    assert "base rate 0.4732" in figure.prose


def test_without_a_baseline_there_is_no_line_of_one(read, picture):
    figure = picture(scaling(read(h1=horizon(baselines=("base_rate",)))))
    assert figure.has("base_rate_h1") and not figure.has("baseline_h1")


def test_an_extreme_refit_is_named_and_does_not_stretch_the_axis(read, picture):
    made = horizon()
    made["models"][1] = model("20M", 0.47, parameters=SCALES["20M"], refit_losses=[0.46, 0.47, 2.31])
    figure = scaling(read(h1=made))
    assert figure.axes[0].get_ylim()[1] < 0.6
    assert "Above the axis, drawn as triangles: 20M 2.3100." in picture(figure).prose


def test_a_missing_exponent_and_practical_minimum_are_left_out(read):
    for verdict, words in (("law", "2B."), ("none", "that matters.")):
        made = horizon(verdict)
        made["scaling"] |= {"exponent": None, "practical": None, "level": None, "curves": []}
        assert meaning(read(h1=made).horizons[0]).endswith(words)


def test_the_reason_is_below_the_verdict_without_repeating_it(read, picture):
    made = evidence(h1=horizon("none"))["horizons"]["1"]
    assert made["scaling"]["reason"].startswith("none: ")
    prose = picture(scaling(read(h1=made))).prose
    assert "From 2.0M to 2.0B parameters the test log-loss changes by" in prose
    assert "none: from" not in prose
