"""What all figures share: a page that holds its texts, colours that can be read, labels that keep apart."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from simmer.figures.evidence import marks
from simmer.figures.evidence.base_rates import base_rates
from simmer.figures.evidence.calibration import calibration
from simmer.figures.evidence.costs import costs
from simmer.figures.evidence.learning_curves import learning_curves
from simmer.figures.evidence.marks import apart, usual_limits
from simmer.figures.evidence.opponents import opponents
from simmer.figures.evidence.scaling import scaling
from support.evidence_results import PRIOR, SCALES, horizon, refit, trial

COLOURS = ("TRANSFORMER", "BASELINE", "PRIOR", "INK", "QUIET")


@pytest.fixture(params=["full", "sparse"])
def every_figure(request, read):
    def draw():
        if request.param == "full":
            evidence = read()
            refits = {scale: [refit(seed) for seed in range(5)] for scale in SCALES}
            trials = {scale: [trial(9e4, energy_wh=800.0)] * 50 for scale in SCALES}
        else:
            evidence = read(h1=horizon(scales=1, baselines=(), half_width=None))
            refits, trials = {"2M": [refit(0, epochs=1, best=1)]}, {"2M": [trial()]}
        return {
            "scaling": scaling(evidence),
            "learning_curves": learning_curves(1, refits, PRIOR),
            "calibration": calibration(evidence.horizons[-1]),
            "base_rates": base_rates(evidence),
            "opponents": opponents(evidence),
            "costs": costs(trials),
        }

    return draw


def test_the_same_evidence_gives_the_same_bytes(every_figure, picture):
    first, second = every_figure(), every_figure()
    for name in first:
        assert picture(first[name]).svg == picture(second[name]).svg, name


def texts_of(figure):
    yield from figure.texts
    for axes in figure.axes:
        if axes.axison:
            yield from (axes.xaxis.label, axes.yaxis.label)
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                shown = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
                yield from (tick.label1 for tick in shown)
        yield from axes.texts


def test_no_text_is_cut_off_or_too_small_for_a_phone(every_figure):
    for name, figure in every_figure().items():
        assert figure.get_figwidth() == marks.WIDTH
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        page = figure.bbox
        for text in texts_of(figure):
            box = text.get_window_extent(renderer)
            assert page.x0 <= box.x0 and box.x1 <= page.x1, (name, text.get_text())
            assert page.y0 <= box.y0 and box.y1 <= page.y1, (name, text.get_text())
            assert text.get_fontsize() >= 9.0, (name, text.get_text())


@pytest.mark.parametrize("name", COLOURS)
def test_texts_stand_out_from_white(name):
    # WCAG 2.1, contrast of small text: at least 4.5.
    value = getattr(marks, name)
    parts = [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5


def test_labels_that_would_overlap_are_moved_apart_and_stay_below_the_top():
    assert apart([1.0, 5.0], [1.0, 1.0], 10.0) == [1.0, 5.0]
    assert apart([1.0, 1.2], [1.0, 1.0], 10.0) == [1.0, 2.0]
    assert apart([9.0, 9.2], [1.0, 1.0], 10.0) == [8.5, 9.5]


def test_a_terrible_value_does_not_stretch_an_axis_unless_it_must_be_seen():
    low, high = usual_limits([0.5, 0.6], [0.5, 0.55, 0.58, 9.0], share=0.8)
    assert low < 0.5 and 0.6 < high < 0.7
    assert usual_limits([0.5, 9.0], [0.55], share=0.8)[1] > 9.0
