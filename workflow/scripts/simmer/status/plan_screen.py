"""Format what the next run would do as lines of text."""

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from simmer.base.text import plain
from simmer.status.changes import in_words, value
from simmer.status.configuration import FoundConfig
from simmer.status.plan import Plan, PlannedStudy, others_in_words
from simmer.status.screen import NARROWEST, as_lines, as_text, command_lines, estimated, footnotes

_COLUMNS = ("study", "state", "in the ledger", "to train", "time")


def plan_screen(
    plan: Plan, found: FoundConfig, news: Sequence[str], *, width: int, begin: str | None
) -> list[str]:
    """Return the lines of the screen, none longer than the width.

    Args:
        plan: what the next run would do.
        found: its configuration.
        news: lines on own files that differ from their snapshots.
        width: columns of the terminal.
        begin: the command that begins it; None if it is not known.
    """
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=False, header_style="")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in ("in the ledger", "to train") else "left")
    for study in plan.studies:
        table.add_row(*map(as_text, _cells(study)))
    parts = [as_text(line) for line in (*_head(found), *_changed(plan), *news)]
    width = max(width, NARROWEST)
    below = [as_text(line) for line in _foot(plan)]
    command = [Text(line) for line in command_lines(plain(begin), width)] if begin else []
    return as_lines(Group(*parts, "", table, "", *below, *command), width)


def _head(found: FoundConfig) -> Iterator[str]:
    data = found.config.dataset
    yield (
        f"{found.name}: campaign {found.config.campaign}, {data.ticker}, threshold {data.threshold:g} "
        f"({data.basis})"
    )
    if found.note:
        yield found.note


def _changed(plan: Plan) -> Iterator[str]:
    if plan.changed is None:
        yield "no run is recorded here yet"
    elif not plan.changed:
        yield "nothing changed since the last run"
    else:
        yield "changed since the last run:"
        yield from (f"  {key}: {value(old)}, now {value(new)}" for key, (old, new) in plan.changed.items())


def _cells(study: PlannedStudy) -> tuple[str, ...]:
    time = estimated(study.estimate) if study.to_train or study.to_race else "-"
    return study.name, study.state, str(study.in_ledger), str(study.to_train), time


def _foot(plan: Plan) -> Iterator[str]:
    yield from footnotes(study.estimate for study in plan.studies if study.to_train or study.to_race)
    for study in plan.studies:
        if study.differs:
            yield f"{study.name} is new: {in_words(study.differs)}"
    if plan.to_train or plan.to_race:
        yield f"{plan.left} to train, {plan.hours}"
    else:
        yield "nothing to train: every trial is in the ledger"
    if not plan.knows_features:
        yield "the features cannot be built now, so these may be other studies: make check says why"
    if plan.others:
        yield others_in_words(plan.others)
