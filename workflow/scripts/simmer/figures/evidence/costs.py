"""Draw training time and energy of the search and its races, one bar per scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simmer.base.words import count, percent, spoken
from simmer.figures.layout import Panel, lay_out
from simmer.figures.style import INK, QUIET, TRANSFORMER, in_style
from simmer.ledger.about import UNKNOWN, About
from simmer.ledger.results import RaceResult, TrialResult

_ROW = 0.44  # inches


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Training time and energy of the trials and race runs of one scale.

    Attributes:
        trials: number of trials, repetitions included.
        race_runs: number of race runs.
        trained: number of trials and race runs that were trained.
        hours: training time of all of them, including sleep and thermal pauses.
        minutes: median training time of one that was trained, `None` without any.
        kwh: energy of those with known energy, `None` without any.
        metered: number of those with known energy.
    """

    scale: str
    trials: int
    race_runs: int
    trained: int
    hours: float
    minutes: float | None
    kwh: float | None
    metered: int


def cost(scale: str, results: Sequence[TrialResult], races: Sequence[RaceResult] = ()) -> Cost:
    """Return time and energy of the trials and race runs of one scale from their results."""
    trained = [*(result for result in results if result.repeats is None), *races]
    # A trial that ran out of memory has no training time.
    seconds = [result.train_s for result in trained if result.train_s is not None]
    energy = [result.machine.guard.get("energy_wh") for result in trained]
    known = [wh for wh in energy if wh is not None]
    return Cost(
        scale=scale,
        trials=len(results),
        race_runs=len(races),
        trained=len(trained),
        hours=sum(seconds) / 3600,
        minutes=median(seconds) / 60 if seconds else None,
        kwh=sum(known) / 1000 if known else None,
        metered=len(known),
    )


@in_style
def costs(
    results: Mapping[str, Sequence[TrialResult]],
    about: About = UNKNOWN,
    *,
    races: Mapping[str, Sequence[RaceResult]] = MappingProxyType({}),
) -> Figure:
    """Return the figure of all scales.

    Args:
        results: of the trials by scale, drawn in this order.
        about: names for people.
        races: results of race runs by scale.
    """
    found = [cost(scale, of_scale, races.get(scale, ())) for scale, of_scale in results.items()]
    height = _ROW * max(len(found), 1)
    metered = any(one.kwh is not None for one in found)
    panels = [
        Panel(
            title="Training time",
            notes=["Includes sleep and thermal pauses."],
            height=height,
            foot=0.1,
        ),
        Panel(title="Energy", notes=[energy_known(found)], height=height if metered else 0.05, foot=0.1),
    ]
    figure, boxes = lay_out(conclusion(found), [about.sentence], panels, left=0.65, right=0.2)
    time = boxes[0].axes(figure)
    _draw(
        time,
        found,
        [one.hours for one in found],
        [_time(one) for one in found],
        name="hours",
    )
    if metered:
        energy = boxes[1].axes(figure)
        texts = [_energy(one) for one in found]
        _draw(energy, found, [one.kwh for one in found], texts, name="kwh")
    return figure


def conclusion(found: Sequence[Cost]) -> str:
    """Return total time and energy, and the scale with the longest time."""
    hours = sum(one.hours for one in found)
    if not hours:
        return "No trial was trained."
    longest = max(found, key=lambda one: one.hours)
    share = (
        f", {percent(longest.hours / hours, 0)} of it for {spoken(longest.scale)}" if len(found) > 1 else ""
    )
    runs = _runs(sum(one.trials for one in found), sum(one.race_runs for one in found))
    return f"{runs} took {_hours(hours)}{share}; {_all_energy(found)}."


def energy_known(found: Sequence[Cost]) -> str:
    """Return the number of trained trials with known energy, as a sentence."""
    metered, trained = sum(one.metered for one in found), sum(one.trained for one in found)
    if not metered:
        return "Unknown: no sensor of this machine measured power."
    if metered == trained:
        return "Measured by sensors for all that was trained."
    return f"Measured for {metered:,} of {count(trained, 'training')}; the true energy is higher."


def _all_energy(found: Sequence[Cost]) -> str:
    known = [one.kwh for one in found if one.kwh is not None]
    if not known:
        return "the energy is unknown"
    least = "at least " if any(one.metered < one.trained for one in found) else ""
    return f"the energy is {least}{_kwh(sum(known))}"


def _runs(trials: int, race_runs: int) -> str:
    return count(trials, "trial") + (f" and {count(race_runs, 'race run')}" if race_runs else "")


def _time(one: Cost) -> str:
    runs = _runs(one.trials, one.race_runs)
    if one.minutes is None:
        return f"{runs}, none trained"
    length = f"{one.minutes:.1f} min" if one.minutes < 120 else f"{one.minutes / 60:,.1f} h"
    return f"{_hours(one.hours)}, {runs}, median {length} each"


def _energy(one: Cost) -> str:
    if one.kwh is None:
        return "unknown" if one.trained else "none trained"
    return f"at least {_kwh(one.kwh)}" if one.metered < one.trained else _kwh(one.kwh)


def _hours(hours: float) -> str:
    return (
        f"{hours:,.0f} h" if hours >= 100 else f"{hours:.1f} h" if hours >= 0.1 else f"{60 * hours:.1f} min"
    )


def _kwh(kwh: float) -> str:
    return f"{kwh:,.1f} kWh" if kwh >= 10 else f"{kwh:.3f} kWh"


def _draw(
    axes: Axes,
    found: Sequence[Cost],
    sizes: Sequence[float | None],
    texts: Sequence[str],
    *,
    name: str,
) -> None:
    axes.set_xlim(0.0, max([0.0, *(size for size in sizes if size is not None)]) or 1.0)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_yticks([row + 0.18 for row in range(len(found))], [spoken(one.scale) for one in found])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    for row, (one, size, text) in enumerate(zip(found, sizes, texts, strict=True)):
        if size is not None:
            axes.barh(row + 0.18, size, height=0.42, color=TRANSFORMER, gid=f"{name}_{one.scale}")
        # Above the bar, because the longest bar has no room next to it.
        above = {"textcoords": "offset points", "va": "bottom", "color": QUIET}
        axes.annotate(text, (0.0, row - 0.06), xytext=(4, 0), **above)
