"""The figure of base rates: a bar per split, and how the share of positives changes."""

import pytest

from simmer.figures.evidence.base_rates import base_rates, conclusion
from support.evidence_results import horizon


def moved(train, test):
    return horizon(base_rates={"train": train, "validation": 0.2, "test": test})


def test_every_split_has_a_bar_its_share_decisions_and_dates(read, picture):
    figure = picture(base_rates(read(h1=horizon(), h3=horizon())))
    assert figure.marks(r"(?:train|validation|test)_h\d") == [
        f"{split}_h{days}" for days in (1, 3) for split in ("train", "validation", "test")
    ]
    assert "16.8 % (120 of 713)" in figure.texts and "24.5 % (818 of 3,340)" in figure.texts
    assert "test, 2016-02-29 to 2018-12-27" in figure.texts


def test_a_bar_is_as_long_as_its_share_from_zero(read):
    (axes,) = base_rates(read(h1=horizon())).axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([818 / 3340, 122 / 715, 120 / 713])
    assert axes.get_xlim()[0] == 0.0


@pytest.mark.parametrize(
    ("horizons", "words"),
    [
        ({"h1": moved(0.3, 0.2)}, "falls at 1 day (30.0 % to 20.1 %)."),
        (
            {"h1": moved(0.3, 0.2), "h5": moved(0.3, 0.5)},
            "falls at 1 day and rises at 5 days, most at 5 days (30.0 % to 49.9 %).",
        ),
        ({"h1": moved(0.0, 0.0)}, "stays the same at 1 day."),
    ],
)
def test_the_conclusion_says_how_the_share_changes(read, horizons, words):
    assert conclusion(read(**horizons)) == f"From train to test the share of positives {words}"


def test_the_title_says_that_train_and_test_have_the_same_share(read, picture):
    figure = picture(base_rates(read(h1=moved(0.0, 0.0))))
    assert "1 day: test has the same share of positives as train" in figure.prose
