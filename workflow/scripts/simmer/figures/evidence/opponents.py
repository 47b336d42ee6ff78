"""Draw the skill of every scale and baseline as a forest plot, one panel per horizon."""

from collections.abc import Sequence
from dataclasses import astuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simmer.base.words import change, count, horizons, listed, nats, spoken
from simmer.evidence.results import BASE_RATE, Evidence, Horizon, Model
from simmer.figures.layout import Panel, lay_out
from simmer.figures.style import BASE_RATE_LINE, BASELINE, GRID, TRANSFORMER, in_style
from simmer.ledger.about import UNKNOWN, About

_ROW = 0.27  # inches
_FARTHEST = 3.0  # length of the axis left of 0, in units of its length right of 0
_LEAST_REACH = 0.02  # of skill, on each side of 0


@in_style
def opponents(evidence: Evidence, about: About = UNKNOWN) -> Figure:
    """Return the figure of all horizons; models are ordered by skill, the best first."""
    notes = [
        about.sentence,
        "Skill of averaged members: reduction of the test log-loss in percent of the base rate's, with 95 % "
        "interval. Filled circles: scales; hollow squares: baselines; dashed: the base rate. Intervals are "
        "not adjusted for their number: by chance one in forty lies right of 0.",
    ]
    # One axis, so that horizons can be compared.
    limits = _limits([model for one in evidence.horizons for model in _rows(one)])
    panels = [
        Panel(
            title=panel_title(one),
            notes=[against_best(one), _beyond(one, limits)],
            height=_ROW * max(len(_rows(one)), 1),
        )
        for one in evidence.horizons
    ]
    figure, boxes = lay_out(conclusion(evidence), notes, panels, left=1.42, right=0.75)
    for box, horizon in zip(boxes, evidence.horizons, strict=True):
        _draw(box.axes(figure), horizon, limits)
    return figure


def conclusion(evidence: Evidence) -> str:
    """Return the horizons at which any scale, and any baseline, beats the base rate beyond noise."""
    scales, baselines = (
        [one.days for one in evidence.horizons if _winners(one, transformer)] for transformer in (True, False)
    )
    noise = "beats the base rate beyond noise"
    first = f"Some scale {noise} at {horizons(scales)}" if scales else f"No scale {noise}"
    second = f"some baseline does at {horizons(baselines)}" if baselines else "no baseline does"
    return f"{first}; {second}."


def panel_title(horizon: Horizon) -> str:
    """Return how many scales and baselines beat the base rate at one horizon."""
    day, rows = horizons([horizon.days]), _rows(horizon)
    parts = []
    for what, transformer in (("scale", True), ("baseline", False)):
        of_kind = [model for model in rows if model.transformer == transformer]
        if of_kind:
            parts.append(f"{len(_winners(horizon, transformer))} of {count(len(of_kind), what)}")
    return f"{day}: {listed(parts)} beat the base rate"


def against_best(horizon: Horizon) -> str:
    """Return how the best scale compares with the best baseline; empty if there is no such pair."""
    if not horizon.scales or not horizon.baselines:
        return ""
    scale = min(horizon.scales, key=lambda model: model.loss_of_average).name
    baseline = horizon.baselines[0].name
    for pair in horizon.differences:
        if (pair.a, pair.b) == (scale, baseline):
            value, low, high = map(nats, astuple(pair.difference))
            outcome = {1: "worse", 0: "no clear difference", -1: "better"}[pair.difference.sign]
            names = f"{spoken(scale)} minus {spoken(baseline)}"
            return (
                f"Best scale and best baseline on validation, averages of {count(pair.members, 'member')}, "
                f"{names}: {value} nats ({low} to {high}), {outcome}."
            )
    return ""


def _rows(horizon: Horizon) -> list[Model]:
    # The base rate has skill 0 by definition and is drawn as a line.
    others = [model for model in horizon.models if model.name != BASE_RATE]
    return sorted(others, key=lambda model: -model.averaged_skill.value)


def _winners(horizon: Horizon, transformer: bool) -> list[Model]:
    of_kind = [model for model in _rows(horizon) if model.transformer == transformer]
    return [model for model in of_kind if model.averaged_skill.sign == 1]


def _limits(rows: Sequence[Model]) -> tuple[float, float]:
    """Return the ends of the axis, limited on the left so that one very bad model does not compress it."""
    ends = [end for model in rows for end in astuple(model.averaged_skill)]
    reach = max([_LEAST_REACH, *ends])
    return 1.1 * max(min([-_LEAST_REACH, *ends]), -_FARTHEST * reach), 1.1 * reach


def _beyond(horizon: Horizon, limits: tuple[float, float]) -> str:
    left = [spoken(model.name) for model in _rows(horizon) if model.averaged_skill.value < limits[0]]
    return f"Left of the axis, drawn as triangles: {listed(left)}." if left else ""


def _draw(axes: Axes, horizon: Horizon, limits: tuple[float, float]) -> None:
    rows, (low, high) = _rows(horizon), limits
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="x", **GRID)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda skill, _: f"{100 * skill:g}".replace("-", "−")))
    axes.set_xlabel("skill (%), right is better")
    axes.set_yticks(range(len(rows)), [spoken(model.name) for model in rows])
    axes.tick_params(axis="y", length=0)
    axes.axvline(0.0, gid=f"base_rate_h{horizon.days}", **BASE_RATE_LINE)
    for row, (model, label) in enumerate(zip(rows, axes.get_yticklabels(), strict=True)):
        colour = TRANSFORMER if model.transformer else BASELINE
        label.set_color(colour)
        label.set_fontweight("bold" if model.transformer else "normal")
        name, skill = f"{model.name}_h{horizon.days}", model.averaged_skill
        axes.plot([skill.low, skill.high], [row, row], color=colour, lw=1.6, gid=f"interval_{name}")
        kind = "o" if model.transformer else "s"
        look = {"marker": kind if skill.value >= low else "<", "clip_on": False, "zorder": 3}
        look |= {"markerfacecolor": colour if model.transformer else "white", "markeredgecolor": colour}
        # Slightly inside the axis, because the name of the model ends at its edge.
        axes.plot(
            max(skill.value, low + 0.03 * (high - low)),
            row,
            markersize=6.5,
            gid=f"skill_{name}",
            **look,
        )
        beside = {"transform": axes.get_yaxis_transform(), "va": "center", "color": colour}
        axes.text(1.03, row, change(skill.value), **beside)
