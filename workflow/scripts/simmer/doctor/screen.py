"""Format a checked results folder as lines of text."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from simmer.base.text import plain
from simmer.base.words import count
from simmer.doctor.checkup import Checkup
from simmer.doctor.findings import Finding
from simmer.doctor.runs import CheckedRun
from simmer.doctor.studies import CheckedStudy
from simmer.status.changes import value
from simmer.status.screen import NARROWEST, as_lines, as_text

_COLUMNS = ("study", "fingerprint", "configured", "trials", "refits", "begun", "state")
_LABEL = 9  # characters of a label before the text of a line
_MOST_DIFFERENCES = 3
_MOST_RUNS = 4
_MOST_NAMES = 2


def screen(found: Checkup, *, width: int, configuration: str, next_run: tuple[str, str] | None) -> list[str]:
    """Return the lines of the screen, none longer than the width.

    Args:
        found: the checked folder.
        width: columns of the terminal.
        configuration: the file it is compared with.
        next_run: a command, and what it would do; None without a dry run.
    """
    parts: list[RenderableType] = [
        as_text(f"{found.results}, compared with {configuration}"),
        as_text(_headline(found)),
        "",
    ]
    if found.studies:
        parts += [_table(found), ""]
    labelled = Table.grid(padding=(0, 1, 0, 0))
    labelled.add_column(min_width=_LABEL, no_wrap=True)
    labelled.add_column(overflow="fold")
    for label, text in _labelled(found, next_run):
        labelled.add_row(label, as_text(text))
    return as_lines(Group(*parts, labelled), max(width, NARROWEST))


def _headline(found: Checkup) -> str:
    damaged = sum(finding.damage for finding in found.all_findings)
    runs = sum(len(study.runs) for study in found.studies)
    state = f"DAMAGED: {count(damaged, 'file')}" if damaged else "WHOLE: nothing is damaged"
    state += f", {count(runs, 'run')} checked"
    if found.run is not None and found.run.alive:
        state += f"; process {found.run.pid} is at work, and what it writes now may look unfinished"
    return state


def _table(found: Checkup) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=False, header_style="")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in ("trials", "refits", "begun") else "left")
    for study in found.studies:
        trials = str(study.finished("trial")) + (f"/{study.n_trials}" if study.configured else "")
        configured = "yes" if study.configured else "no"
        counts = (str(number or "-") for number in (study.finished("refit"), len(study.begun)))
        table.add_row(
            *map(as_text, (study.name, study.home.name, configured, trials, *counts, _state(study)))
        )
    return table


def _state(study: CheckedStudy) -> str:
    damaged = sum(finding.damage for finding in study.all_findings)
    others = len(study.all_findings) - damaged
    if damaged or others:
        return ", ".join(
            f"{number} {what}" for number, what in ((damaged, "damaged"), (others, "unpublished")) if number
        )
    return "whole" if study.with_digests else "whole *"


def _labelled(found: Checkup, next_run: tuple[str, str] | None) -> Iterator[tuple[str, str]]:
    if not found.studies:
        yield "studies", "none in the ledger"
    if any(not study.with_digests for study in found.studies):
        yield "*", "written by an older version; the next run of the study, or FIX=yes, adds digests"
    yield from _under("differs", filter(None, map(_differences, found.studies)))
    yield from _under("problems", (_finding(finding, found.results) for finding in found.all_findings))
    begun = [run for study in found.studies for run in study.begun if run.restorable]
    yield from _under("begun", _first(list(map(_begun, begun)), _MOST_RUNS))
    if found.outdated:
        yield (
            "outdated",
            f"{_names(found.outdated)}: missing or made from other inputs; the next run makes them again",
        )
    yield from _under("left over", _leftovers(found))
    if next_run is not None:
        command, words = next_run
        yield "next run", words
        yield "", command


def _under(label: str, texts: Iterator[str] | Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield texts, the first with the label."""
    for text in texts:
        yield label, text
        label = ""


def _differences(study: CheckedStudy) -> str | None:
    if study.configured:
        return None
    name = f"{study.name} {study.home.name}"
    if study.ledger is None:
        return f"{name}: its settings are not known"
    if study.differences is None:
        return f"{name}: the configuration has no such scale and horizon"
    shown = [
        f"{key} {value(old)}, now {value(new)}"
        for key, (old, new) in list(study.differences.items())[:_MOST_DIFFERENCES]
    ]
    more = len(study.differences) - len(shown)
    return f"{name}: {'; '.join(shown)}" + (f"; and {more} more" if more else "")


def _finding(finding: Finding, results: Path) -> str:
    return f"{_shown(finding.path, results)}: {plain(finding.what)}; {finding.then}"


def _begun(run: CheckedRun) -> str:
    if run.at_work:
        return f"{run.name}: process {run.holder.pid} trains it now"
    resumes = "begins again" if run.resumes_at is None else f"resumes at step {run.resumes_at}"
    return f"{run.name}: {resumes}"


def _leftovers(found: Checkup) -> Iterator[str]:
    left, results = found.leftovers, found.results
    for paths, what in (
        (left.temporary, "temporary files of ended processes; FIX=yes removes them"),
        (left.set_aside, "damaged files set aside; delete them when you no longer need them"),
        (left.trained, "left from finished runs; publishing the result again deletes them"),
        (left.unknown, "published results of studies that the ledger lacks; keep a copy if you need them"),
    ):
        if paths:
            yield f"{_names([_shown(path, results) for path in paths])}: {what}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(map(plain, names[:_MOST_NAMES]))
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _first(texts: Sequence[str], most: int) -> list[str]:
    more = len(texts) - most
    return [*texts[:most], f"and {more} more"] if more > 0 else list(texts)


def _shown(path: Path, results: Path) -> str:
    return str(path.relative_to(results)) if path.is_relative_to(results) else str(path)
