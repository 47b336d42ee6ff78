"""Results of trials and checks for tests of the report."""

from matplotlib.figure import Figure

from simmer.figures.style import to_svg
from support.results import trial_result


def _figure():
    figure = Figure()
    figure.text(0.1, 0.5, "c", fontweight="bold", fontsize=9)
    figure.text(0.1, 0.9, "a < b", fontweight="bold", fontsize=12)
    figure.text(0.1, 0.5, "a label")
    return figure


SVG = to_svg(_figure()).decode()
CHECK = {
    "id": "labels h1",
    "verdict": "OK",
    "measured": 0,
    "needed": 0,
    "unit": None,
    "source": "",
    "fix": None,
}


def computed(scale, number, *, make=trial_result, **more):
    return make(
        number,
        (0.7, 0.6, 0.5 + 0.01 * number),
        prior=0.6,
        scale=scale,
        parameters=2_010_000,
        budget_parameters=2_000_000,
        fingerprint="f" * 12,
        code_digests=["c" * 12],
        **more,
    )
