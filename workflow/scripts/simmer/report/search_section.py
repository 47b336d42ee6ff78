"""The sections on the search and on the machine, with preflight."""

from collections import Counter
from collections.abc import Iterator, Sequence

from simmer.ledger.address import horizon_name
from simmer.ledger.race import Race
from simmer.ledger.results import TrialResult, best_trial
from simmer.report.blocks import Block, Heading, Paragraph, Table
from simmer.report.figure_blocks import figure
from simmer.report.material import Material, Values, days, number


def search_section(material: Material) -> Iterator[Block]:
    """Yield a table with a row per study, and the figures of each search."""
    yield Heading("The search")
    studies = [(scale, horizon) for scale in material.scales for horizon in material.horizons]
    yield Table(
        (
            "study",
            "trials",
            "winner's validation",
            "base rate",
            "winner",
            "counted parameters",
            "difference from the budget",
        ),
        [
            (
                f"{scale}, {days(horizon)}",
                *_study(material.trials_of(scale, horizon), material.winner_of(scale, horizon)),
            )
            for scale, horizon in studies
        ],
    )
    digests = {digest for result in (*material.trials, *material.refits) for digest in result.code_digests}
    if len(digests) > 1:
        yield Paragraph(
            f"Trials and refits were computed by {len(digests)} versions of the code; trials.csv lists the "
            "version of each trial."
        )
    for scale, horizon in studies:
        yield Heading(f"Search of {scale}, {days(horizon)}", 3)
        yield from _race(material.race_of(scale, horizon))
        for kind in ("search_history", "search_importances", "search_coverage"):
            yield from figure(material, f"{kind}_{scale}_{horizon_name(int(horizon))}")


def machine_section(material: Material) -> Iterator[Block]:
    """Yield time and energy per scale, hardware timelines, and the preflight of each scale."""
    yield Heading("The machine")
    yield from figure(material, "costs")
    for scale in material.scales:
        for horizon in material.horizons:
            yield from figure(material, f"hardware_{scale}_{horizon_name(int(horizon))}")
    for scale, preflight in material.preflights.items():
        yield Heading(f"Preflight of {scale}", 3)
        yield checks_table(preflight["checks"])


def checks_table(checks: Sequence[Values]) -> Table:
    """Return checks as a table, with a column of fixes if any check has one."""
    fixes = any(check["fix"] for check in checks)
    return Table(
        ("check", "status", "found", "expected", *(["fix"] if fixes else [])),
        [
            (
                check["id"].replace("_", " "),
                check["verdict"],
                _with_unit(check["measured"], check["unit"]),
                _with_unit(check["needed"], check["unit"]),
                *([check["fix"] or ""] if fixes else []),
            )
            for check in checks
        ],
    )


def _study(trials: Sequence[TrialResult], winner: int | None) -> tuple[str, ...]:
    ended = Counter(trial.state for trial in trials)
    count = f"{len(trials)} ({', '.join(f'{n} {state}' for state, n in ended.most_common())})"
    base_rate = number(trials[0].prior_log_loss)
    best = next((trial for trial in trials if trial.number == winner), best_trial(trials))
    if best is None:
        return (count, "–", base_rate, "no trial has a loss", "–", "–")
    deviation = best.parameters / best.budget_parameters - 1
    return (
        count,
        number(best.loss),
        base_rate,
        f"trial {best.trial:03d}, epoch {best.best_epoch}",
        f"{best.parameters:,}",
        f"{100 * deviation:+.2f} %",
    )


def _race(race: Race | None) -> Iterator[Block]:
    if race is None or len(race.standings) < 2:
        return
    yield Paragraph(
        "Its best trials were trained again from other seeds. The lowest mean validation log-loss wins, "
        "because the lowest single one is partly luck."
    )
    yield Table(
        ("trial", "mean", "losses of all seeds, the trial's own first"),
        [
            (
                f"{one.trial:03d}{' (winner)' if one == race.winner else ''}",
                number(one.expected_loss),
                ", ".join(number(loss) for loss in one.losses),
            )
            for one in sorted(race.standings, key=lambda one: one.expected_loss)
        ],
    )


def _with_unit(value: float | str | None, unit: str | None) -> str:
    if value is None:
        return "–"
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{shown} {unit}" if unit else shown
