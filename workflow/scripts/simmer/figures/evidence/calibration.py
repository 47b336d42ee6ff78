"""Draw reliability curves, observed rates over predictions, one panel per model of a horizon."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simmer.base.words import count, horizons, listed, spoken
from simmer.evidence.calibration import ReliabilityBin as Bin
from simmer.evidence.results import Horizon, Model
from simmer.figures.layout import WIDTH, Panel, lay_out
from simmer.figures.style import BASELINE, GRID, QUIET, TRANSFORMER, in_style
from simmer.ledger.about import UNKNOWN, About

_COLUMNS, _CELLS = 2, 24
_GAP, _STRIP, _APART, _HEAD = 0.62, 0.3, 0.08, 0.42  # inches
_Z, _SIGNIFICANCE = NormalDist().inv_cdf(0.975), 0.05


@in_style
def calibration(horizon: Horizon, about: About = UNKNOWN) -> Figure:
    """Return the figure of one horizon: each scale with its refits averaged, and the best baseline."""
    models = _models(horizon)
    every = horizon.days
    nth = (
        ""
        if every == 1
        else f", counting every {every}{'rd' if every == 3 else 'th'} decision because labels overlap"
    )
    notes = [
        about.sentence,
        "Markers: bins of similar predictions, on the diagonal if calibrated; whiskers: 95 % interval of the "
        f"rate{nth}. Slope below 1: predictions too extreme. Strips: distribution of the predictions.",
    ]
    left, right = 0.62, 0.15
    side = (WIDTH - left - right - _GAP) / _COLUMNS
    rows = [models[start : start + _COLUMNS] for start in range(0, len(models), _COLUMNS)]
    panels = [Panel(height=_HEAD + side + _APART + _STRIP, foot=0.4) for _ in rows]
    figure, boxes = lay_out(conclusion(horizon), notes, panels, left=left, right=right)
    top = _top(models)
    for box, row in zip(boxes, rows, strict=True):
        for model, column in zip(row, box.columns(_COLUMNS, _GAP), strict=False):
            panel, strip = column.rows([side, _STRIP], _APART)
            axes = panel.axes(figure)
            _draw(axes, model, horizon.days, top)
            _draw_spread(strip.axes(figure, sharex=axes), model, top)
            if model is row[0]:
                axes.set_ylabel("observed rate (%)")
    return figure


def conclusion(horizon: Horizon) -> str:
    """Return which models differ from the observed rates by more than chance explains."""
    models = _models(horizon)
    day = horizons([horizon.days])
    if not models:
        return f"{day}: no model was scored."
    off = [spoken(model.name) for model in models if beyond_chance(model, horizon.days, among=len(models))]
    who = f"{listed(off)} {'differs' if len(off) == 1 else 'differ'}" if off else "no model differs"
    return f"{day}: {who} from the observed rates by more than chance explains."


def beyond_chance(model: Model, horizon_days: int, *, among: int) -> bool:
    """True if the calibration error exceeds that of calibrated predictions, at 5 % for all models together.

    In a bin of m decisions, the observed rate of calibrated predictions differs from their mean by a roughly
    normal error. Labels of h days overlap, so only m / h decisions count as independent.

    Args:
        model: with its bins.
        horizon_days: h.
        among: number of models tested together.
    """
    total = sum(bin.decisions for bin in model.reliability)
    if not total:
        return False
    shares = [bin.decisions / total for bin in model.reliability]
    deviations = [
        math.sqrt(bin.prediction_mean * (1 - bin.prediction_mean) * horizon_days / bin.decisions)
        for bin in model.reliability
    ]
    usual = math.sqrt(2 / math.pi) * sum(share * sd for share, sd in zip(shares, deviations, strict=True))
    spread = math.sqrt(
        (1 - 2 / math.pi) * sum((share * sd) ** 2 for share, sd in zip(shares, deviations, strict=True))
    )
    return model.calibration_error > usual + NormalDist().inv_cdf(1 - _SIGNIFICANCE / among) * spread


def rate_interval(bin: Bin, horizon_days: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a bin's rate, with 1 / horizon of its decisions as independent."""
    n, z2 = bin.decisions / horizon_days, _Z**2
    middle = (bin.rate + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(bin.rate * (1 - bin.rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return middle - half, middle + half


def spread_of(bins: Sequence[Bin], edges: np.ndarray) -> np.ndarray:
    """Return the decisions in each cell between edges, spread evenly over the range of their bin."""
    decisions = np.zeros(len(edges) - 1)
    for bin in bins:
        low, high = bin.prediction_min, bin.prediction_max
        if high > low:
            inside = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
            decisions += bin.decisions * np.clip(inside, 0.0, None) / (high - low)
        else:
            cell = np.searchsorted(edges, low, side="right") - 1
            decisions[min(max(cell, 0), len(decisions) - 1)] += bin.decisions
    return decisions


def _models(horizon: Horizon) -> list[Model]:
    return [*horizon.scales, *horizon.baselines[:1]]


def _top(models: Sequence[Model]) -> float:
    ends = [end for model in models for bin in model.reliability for end in (bin.prediction_max, bin.rate)]
    return min(1.0, math.ceil(10 * max([0.1, *ends]) + 0.2) / 10)


def _below_name(model: Model) -> str:
    slope = model.calibration_slope
    words = "no slope" if slope is None else f"slope {slope:.2f}".replace("-", "−")
    sizes = [bin.decisions for bin in model.reliability]
    spans = [f"{size:,}" for size in sorted({min(sizes), max(sizes)})] if sizes else ["no"]
    bins = f"{count(len(sizes), 'bin')} of {' to '.join(spans)} decisions"
    return f"error {100 * model.calibration_error:.1f} points, {words}\n{bins}"


def _draw(axes: Axes, model: Model, horizon_days: int, top: float) -> None:
    axes.set_gid(model.name)
    colour = TRANSFORMER if model.transformer else BASELINE
    axes.set_xlim(0.0, top)
    axes.set_ylim(0.0, top)
    axes.grid(**GRID)
    above = {"transform": axes.transAxes, "va": "bottom"}
    axes.text(0.0, 1.03, _below_name(model), color=QUIET, linespacing=1.15, **above)
    collapsed = f" ({count(model.collapsed_seeds, 'refit')} collapsed)" if model.collapsed_seeds else ""
    axes.text(0.0, 1.19, f"{spoken(model.name)}{collapsed}", fontweight="bold", color=colour, **above)
    axes.plot([0, top], [0, top], color=QUIET, lw=1.0, zorder=1, gid=f"diagonal_{model.name}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(lambda share, _: f"{100 * share:g}")
    axes.tick_params(labelbottom=False)
    look = {"color": colour, "markerfacecolor": colour if model.transformer else "white"}
    for number, bin in enumerate(model.reliability):
        low, high = rate_interval(bin, horizon_days)
        axes.plot(
            [bin.prediction_mean] * 2,
            [low, high],
            color=colour,
            lw=0.9,
            alpha=0.7,
            gid=f"whisker_{number}_{model.name}",
        )
        axes.plot(
            bin.prediction_mean,
            bin.rate,
            marker="o" if model.transformer else "s",
            markersize=5,
            gid=f"bin_{number}_{model.name}",
            **look,
        )


def _draw_spread(axes: Axes, model: Model, top: float) -> None:
    edges = np.linspace(0.0, top, _CELLS + 1)
    colour = TRANSFORMER if model.transformer else BASELINE
    axes.bar(
        edges[:-1],
        spread_of(model.reliability, edges),
        width=edges[1],
        align="edge",
        color=colour,
        alpha=0.55,
        gid=f"spread_{model.name}",
    )
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("prediction (%)")
