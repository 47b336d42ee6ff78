"""Draw test log-loss over counted parameters, one panel per horizon with its verdict as title."""

import textwrap
from dataclasses import astuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import offset_copy

from simmer.base.words import first_upper, horizons, listed, nats, short, spoken
from simmer.evidence.results import Evidence, Horizon, Model, Scaling
from simmer.figures.layout import Panel, label_beside, lay_out, usual_limits
from simmer.figures.style import BASE_RATE, BASE_RATE_LINE, BASELINE, DOTTED, GRID, TRANSFORMER, in_style
from simmer.ledger.about import UNKNOWN, About

_FINDINGS = {
    "law": "helps at {}",
    "reverse": "harms at {}",
    "none": "makes no difference that matters at {}",
}
_BASELINE_LINE = {"color": BASELINE, "lw": 1.3, "ls": DOTTED}


@in_style
def scaling(evidence: Evidence, about: About = UNKNOWN) -> Figure:
    """Return the figure of all horizons; a curve is drawn only for the verdicts law and reverse."""
    notes = [
        about.sentence,
        "Points: mean over refits with 95 % interval; dots: single refits; a baseline's line: mean over its "
        "members. All intervals share the noise of the test rows, so scales may differ although their "
        "intervals overlap: the verdict compares pairs.",
    ]
    panels = [
        Panel(title=meaning(one), notes=[_reason(one), _beyond(one)], height=2.1, foot=0.78)
        for one in evidence.horizons
    ]
    figure, boxes = lay_out(conclusion(evidence), notes, panels, left=0.72, right=1.2)
    for box, horizon in zip(boxes, evidence.horizons, strict=True):
        _draw(box.axes(figure), horizon)
    return figure


def conclusion(evidence: Evidence) -> str:
    """Return the verdicts of all horizons in one sentence."""
    days: dict[str, list[int]] = {}
    for one in evidence.horizons:
        days.setdefault(one.scaling.verdict, []).append(one.days)
    found = [
        finding.format(horizons(days[verdict])) for verdict, finding in _FINDINGS.items() if verdict in days
    ]
    if not found:
        return f"Whether scale helps is undetermined at {horizons(days['undetermined'])}."
    rest = f"; undetermined at {horizons(days['undetermined'])}" if "undetermined" in days else ""
    return f"Scale {listed(found)}{rest}."


def meaning(horizon: Horizon) -> str:
    """Return the verdict on one horizon and its meaning."""
    return f"{horizons([horizon.days])}: {horizon.scaling.verdict}. {_meaning(horizon)}"


def _meaning(horizon: Horizon) -> str:
    found, scales = horizon.scaling, horizon.scales
    if found.verdict == "none":
        size = "" if found.practical is None else f", {nats(found.practical)} nats"
        return f"No two scales differ by an amount that matters{size}."
    if found.verdict == "undetermined":
        if len(scales) == 1:
            return "One scale alone cannot show whether scale helps."
        return "These data cannot show whether scale helps, harms or does neither."
    way = "falls" if found.verdict == "law" else "rises"
    between = f" from {spoken(scales[0].name)} to {spoken(scales[-1].name)}"
    return f"The loss {way} with scale{between}{_exponent(found)}."


def _exponent(found: Scaling) -> str:
    if found.exponent is None:
        return ""
    value, low, high = map(nats, astuple(found.exponent))
    level = "" if found.level is None else f"{100 * found.level:.3g} %: "
    return f", exponent {value} ({level}{low} to {high})"


def _reason(horizon: Horizon) -> str:
    found = horizon.scaling
    return first_upper(found.reason.removeprefix(f"{found.verdict}: "))


def _limits(horizon: Horizon) -> tuple[float, float]:
    always = [horizon.base_rate_log_loss, *(model.log_loss.value for model in horizon.baselines[:1])]
    for model in horizon.scales:
        always += astuple(model.log_loss)
    return usual_limits(
        always, [loss for model in horizon.scales for loss in model.seed_log_losses], share=0.8
    )


def _beyond(horizon: Horizon) -> str:
    """Return the refits beyond the axis; empty if there are none."""
    high = _limits(horizon)[1]
    above = [
        f"{spoken(model.name)} {nats(loss)}"
        for model in horizon.scales
        for loss in model.seed_log_losses
        if loss > high
    ]
    return f"Above the axis, drawn as triangles: {listed(above)}." if above else ""


def _draw(axes: Axes, horizon: Horizon) -> None:
    axes.set_gid(f"h{horizon.days}")
    scales = horizon.scales
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.grid(axis="y", **GRID)
    axes.set_ylabel("test log-loss (nats)")
    axes.set_xlabel("scale, and its counted parameters (log axis)")
    axes.set_ylim(_limits(horizon))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    counted = [model.parameters for model in scales]
    axes.set_xlim(min(counted, default=1) / 2.2, max(counted, default=1) * 2.2)
    axes.set_xticks(counted, [f"{spoken(model.name)}\n{short(model.parameters)}" for model in scales])
    axes.axhline(horizon.base_rate_log_loss, gid=f"base_rate_h{horizon.days}", **BASE_RATE_LINE)
    labels = [(horizon.base_rate_log_loss, f"base rate\n{nats(horizon.base_rate_log_loss)}", BASE_RATE)]
    for best in horizon.baselines[:1]:
        axes.axhline(best.log_loss.value, gid=f"baseline_h{horizon.days}", **_BASELINE_LINE)
        name = "\n".join(textwrap.wrap(f"best on validation: {spoken(best.name)}", 14))
        labels.append((best.log_loss.value, f"{name}\n{nats(best.log_loss.value)}", BASELINE))
    label_beside(axes, labels)
    _draw_curve(axes, horizon)
    for model in scales:
        _draw_scale(axes, model, f"{model.name}_h{horizon.days}")


def _draw_curve(axes: Axes, horizon: Horizon) -> None:
    """Draw the fitted power between the smallest and largest scale, without extrapolation."""
    power = next((curve for curve in horizon.scaling.curves if curve.model == "power"), None)
    scales = horizon.scales
    if horizon.scaling.verdict not in ("law", "reverse") or power is None or len(scales) < 2:
        return
    x = np.geomspace(scales[0].parameters, scales[-1].parameters, 50)
    look = {"color": TRANSFORMER, "lw": 1.2, "alpha": 0.8, "zorder": 2}
    axes.plot(x, power.at(x), gid=f"curve_h{horizon.days}", **look)


def _draw_scale(axes: Axes, model: Model, name: str) -> None:
    x, loss, high = model.parameters, model.log_loss, axes.get_ylim()[1]
    # Next to the mean, whose interval would hide them.
    beside = offset_copy(axes.transData, axes.figure, x=7, units="points")
    look = {"linestyle": "none", "color": TRANSFORMER, "markeredgecolor": "none", "alpha": 0.6, "zorder": 3}
    for refit, one in enumerate(model.seed_log_losses):
        mark = (
            {"marker": "^", "markersize": 6, "clip_on": False}
            if one > high
            else {"marker": "o", "markersize": 3.5}
        )
        axes.plot(x, min(one, high), transform=beside, gid=f"refit_{refit}_{name}", **mark, **look)
    ends = {"color": TRANSFORMER, "lw": 1.6, "marker": "_", "markersize": 8}
    axes.plot([x, x], [loss.low, loss.high], gid=f"interval_{name}", **ends)
    axes.plot(
        x,
        loss.value,
        marker="o",
        markersize=7.5,
        color=TRANSFORMER,
        markeredgecolor="white",
        zorder=4,
        gid=f"mean_{name}",
    )
