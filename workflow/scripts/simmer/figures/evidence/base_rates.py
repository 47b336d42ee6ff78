"""Draw the share of positives in each split, one panel per horizon."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simmer.base.words import horizons, listed, percent
from simmer.evidence.results import Evidence, Horizon
from simmer.figures.layout import Panel, lay_out
from simmer.figures.style import INK, QUIET, TEST, TRAIN, VALIDATION, in_style
from simmer.ledger.about import UNKNOWN, About

_LOOKS = {
    "train": {"facecolor": TRAIN},
    "validation": {"facecolor": VALIDATION, "hatch": "///"},
    "test": {"facecolor": TEST},
}


@in_style
def base_rates(evidence: Evidence, about: About = UNKNOWN) -> Figure:
    """Return the figure of all horizons."""
    notes = [
        about.sentence,
        "Share of decision rows with label 1 in each split. Models have to beat the base rate of train, as "
        "the others are not known beforehand.",
    ]
    panels = [Panel(title=_title(one), height=1.5, foot=0.1) for one in evidence.horizons]
    figure, boxes = lay_out(conclusion(evidence), notes, panels)
    highest = max(split.base_rate for one in evidence.horizons for split in one.splits.values())
    for box, horizon in zip(boxes, evidence.horizons, strict=True):
        _draw(box.axes(figure), horizon, highest)
    return figure


def conclusion(evidence: Evidence) -> str:
    """Return how the share of positives changes from train to test, and at which horizon most."""
    moves = {
        one.days: one.splits["test"].base_rate - one.splits["train"].base_rate for one in evidence.horizons
    }
    parts = []
    for word, sign in (("falls", -1), ("rises", 1), ("stays the same", 0)):
        days = [day for day, move in moves.items() if (round(move, 3) > 0) - (round(move, 3) < 0) == sign]
        if days:
            parts.append(f"{word} at {horizons(days)}")
    most = max(evidence.horizons, key=lambda one: abs(moves[one.days]))
    train, test = (percent(most.splits[name].base_rate) for name in ("train", "test"))
    single = (
        f" ({train} to {test})"
        if len(moves) == 1
        else f", most at {horizons([most.days])} ({train} to {test})"
    )
    still = all(round(move, 3) == 0 for move in moves.values())
    return f"From train to test the share of positives {listed(parts)}{'' if still else single}."


def _title(horizon: Horizon) -> str:
    train, test = horizon.splits["train"], horizon.splits["test"]
    points = 100 * (test.base_rate - train.base_rate)
    if round(points, 1) == 0:
        return f"{horizons([horizon.days])}: test has the same share of positives as train"
    way = "fewer" if points < 0 else "more"
    size = f"{abs(points):.1f} percentage points {way}"
    return f"{horizons([horizon.days])}: {size} positives in test than in train"


def _draw(axes: Axes, horizon: Horizon, highest: float) -> None:
    axes.set_axis_off()
    # Leaves room for the text next to the longest bar.
    axes.set_xlim(0.0, 1.55 * highest or 1.0)
    axes.set_ylim(len(_LOOKS) - 0.45, -0.55)
    for row, name in enumerate(_LOOKS):
        split = horizon.splits[name]
        look = {"height": 0.42, "edgecolor": QUIET, "lw": 0.8} | _LOOKS[name]
        axes.barh(row + 0.2, split.base_rate, gid=f"{name}_h{horizon.days}", **look)
        dates = f"{name}, {split.first_date} to {split.last_date}"
        axes.text(0.0, row - 0.08, dates, va="bottom", color=QUIET)
        text = f"{percent(split.base_rate)} ({split.positives:,} of {split.n:,})"
        beside = {"textcoords": "offset points", "va": "center", "color": INK}
        axes.annotate(text, (split.base_rate, row + 0.2), xytext=(4, 0), **beside)
