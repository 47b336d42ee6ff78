"""Format the state of a campaign as lines of text."""

import io
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from simmer.base.text import plain, shortened
from simmer.base.words import ago, clock, count, duration, heat, percent, size
from simmer.ledger.trial_log import Event, time_s
from simmer.status.campaign import Campaign, Heat
from simmer.status.cores import cores_line
from simmer.status.estimate import Basis, Estimate
from simmer.status.headline import configuration_hint, headline
from simmer.status.progress import StudyProgress, Work

NARROWEST = 40
_LABEL = 8  # characters of a label before the text of a line
# Columns of the table: name, least width, and True if a narrow terminal shows it.
_COLUMNS = (
    *(("study", 7, True), ("trials", 6, True), ("pruned", 6, False), ("failed", 6, False)),
    *(("best", 6, True), ("base rate", 9, False), ("trial", 5, False), ("left to train", 0, True)),
)
_NARROW = 76  # characters of a line
_FEW_TRIALS = 4
_MOST_WORKING_LINES = 4
_MOST_HEAD_LINES = 4
_LONGEST_NAME = 60
_SHORT_ITEM = 24
_GLUE = "\ue000"  # a non-breaking blank; rich breaks lines at every white space
_TOGETHER = re.compile(r"(?<=\d) (?=\S)| (?=ago\b)")  # a number and its unit, `8 min ago`
_WAITS = ("pause", "cooldown")  # thermal events after which training waits


def screen(campaign: Campaign, *, width: int, begin: str | None, zone: tzinfo | None = None) -> list[str]:
    """Return the lines of the screen, none longer than the width.

    Args:
        campaign: its state.
        width: columns of the terminal.
        begin: the command that begins the campaign, used if there was no earlier run.
        zone: time zone of the times shown; None: the machine's own.
    """
    width = max(width, NARROWEST)
    head = headline(campaign, begin=begin)
    moment = datetime.fromtimestamp(campaign.now_s, zone)
    name = shortened(plain(campaign.name), _LONGEST_NAME)
    parts: list[RenderableType] = [
        as_text(f"campaign {name}, {moment:%a} {moment.day} {moment:%b %H:%M:%S}"),
        as_text(shortened(plain(head.state), _MOST_HEAD_LINES * width)),
    ]
    if head.advice:
        parts.append(as_text(f"{head.advice}:"))
    if head.command:
        parts += [Text(line) for line in command_lines(plain(head.command), width)]
    parts += ["", _table(campaign, width < _NARROW), *map(as_text, _footnotes(campaign)), ""]
    labelled = Table.grid(padding=(0, 1, 0, 0))
    labelled.add_column(min_width=_LABEL, no_wrap=True)
    labelled.add_column(overflow="fold")
    for label, text in _labelled(campaign, zone):
        labelled.add_row(label, as_text(text))
    return as_lines(Group(*parts, labelled), width)


def as_text(text: str) -> Text:
    """Return escaped text; short list items, and numbers with their units, are kept on one line."""
    items = plain(text).split(", ")
    return Text(
        ", ".join(
            item.replace(" ", _GLUE) if len(item) <= _SHORT_ITEM else _TOGETHER.sub(_GLUE, item)
            for item in items
        )
    )


def as_lines(shown: RenderableType, width: int) -> list[str]:
    """Return what rich shows as lines of plain text."""
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(shown)
    return [line.replace(_GLUE, " ").rstrip() for line in captured.get().splitlines()]


def _table(campaign: Campaign, narrow: bool) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=False, header_style="")
    shown = [number for number, (_, _, always) in enumerate(_COLUMNS) if always or not narrow]
    for name, least, _ in (_COLUMNS[number] for number in shown):
        at_left = name in ("study", "left to train")
        table.add_column(name, min_width=least, justify="left" if at_left else "right", no_wrap=least > 0)
    for cells in _rows(campaign):
        table.add_row(*(as_text(cells[number]) for number in shown))
    return table


def _rows(campaign: Campaign) -> Iterator[tuple[str, ...]]:
    pairs = zip(campaign.studies, campaign.estimates, strict=True)
    for scale, of_scale in groupby(pairs, key=lambda pair: pair[0].place.scale):
        yield from _rows_of_scale(scale, list(of_scale))
    if len(campaign.studies) > 1:
        done = sum(len(study.finished) for study in campaign.studies)
        wanted = f"/{sum(study.place.n_trials or 0 for study in campaign.studies)}"
        ended = [sum(getattr(study, name) for study in campaign.studies) for name in ("pruned", "failed")]
        trials = f"{done}{wanted if campaign.configured else ''}"
        yield ("all", trials, *(str(number or "-") for number in ended), "", "", "", "")


def _rows_of_scale(
    scale: str, studies: Sequence[tuple[StudyProgress, Estimate]]
) -> Iterator[tuple[str, ...]]:
    """Yield a row per study, or one for all if nothing is known of any."""
    wanted = [study.place.n_trials for study, _ in studies]
    if (
        len(studies) > 1
        and None not in wanted
        and all(left.seconds is None and not study.finished for study, left in studies)
    ):
        yield (scale, f"0/{sum(wanted)}", *"-----", "unknown")
        return
    for study, left in studies:
        place, best = study.place, study.best
        yield (
            place.name,
            f"{len(study.finished)}" + ("" if place.n_trials is None else f"/{place.n_trials}"),
            *(str(number or "-") for number in (study.pruned, study.failed)),
            "-" if best is None or best.loss is None else f"{best.loss:.4f}",
            "-" if study.base_rate_loss is None else f"{study.base_rate_loss:.4f}",
            "-" if best is None else f"{best.number:03d}",
            _left(study, left),
        )


def _left(study: StudyProgress, left: Estimate) -> str:
    if study.place.n_trials is None:
        return "unknown"
    if not study.left:
        return _whole_runs(study, left)
    return estimated(left)


def estimated(left: Estimate) -> str:
    """Return the training time left for the trials of a study, with a mark for what it rests on."""
    if left.seconds is None:
        return "unknown"
    if left.basis is Basis.PACE:
        return f"at most {duration(left.seconds)} **"
    few = left.basis is Basis.MEASURED and left.trials < _FEW_TRIALS
    mark = " *" if left.basis is Basis.OTHER_HORIZONS else ""
    return f"about {duration(left.seconds)}{mark}" + (f" ({count(left.trials, 'trial')})" if few else "")


def _whole_runs(study: StudyProgress, left: Estimate) -> str:
    if study.race_left:
        time = "" if left.seconds is None else f", about {duration(left.seconds)}"
        return f"race {len(study.raced)}/{study.race_runs}{time}"
    if not study.place.refits and not study.refits:
        return "done" if study.winner is None else f"done, winner {study.winner:03d}"
    wanted = f"/{study.place.refits}" if study.place.refits else ""
    time = f", about {duration(left.seconds)}" if study.refits_left and left.seconds is not None else ""
    return f"refits {len(study.refits)}{wanted}{time}"


def footnotes(left: Iterable[Estimate]) -> Iterator[str]:
    """Yield what the marks behind estimates mean."""
    shown = {one.basis for one in left}
    if Basis.OTHER_HORIZONS in shown:
        yield "*  no trial finished: from other studies of this scale"
    if Basis.PACE in shown:
        yield "** no trial finished: every epoch of every trial at the first one's windows/s"


def _footnotes(campaign: Campaign) -> Iterator[str]:
    pairs = zip(campaign.studies, campaign.estimates, strict=True)
    return footnotes(left for study, left in pairs if study.left)


def _total(campaign: Campaign, zone: tzinfo | None) -> str | None:
    """Return the time left for the requested scales, or None if nothing is left."""
    pairs = zip(campaign.studies, campaign.estimates, strict=True)
    left = [(study, rest) for study, rest in pairs if study.place.scale in campaign.requested_scales]
    left = [(study, rest) for study, rest in left if study.left or study.race_left or study.refits_left]
    unknown = ", ".join(dict.fromkeys(study.place.scale for study, rest in left if rest.seconds is None))
    if not left:
        return None
    known_s = sum(rest.seconds for _, rest in left if rest.seconds is not None)
    if unknown and not known_s:
        return f"unknown: no measurement of {unknown} yet"
    side_by_side = max(1, len(campaign.working))
    bound = "at most" if any(rest.basis is Basis.PACE for _, rest in left) else "about"
    text = f"{bound} {duration(known_s / side_by_side)}"
    if side_by_side > 1:
        text += f" with {side_by_side} trials side by side"
    if any(study.left and (study.place.race or study.refits_left) for study, _ in left):
        text += ", race and refits not counted"
    if unknown:
        return f"{text}; {unknown} unknown, no measurement yet"
    if campaign.run is not None and campaign.run.alive:
        text += f", until {clock(campaign.now_s + known_s / side_by_side, campaign.now_s, zone)}"
    shown = {study.place.scale for study in campaign.studies}
    part = "" if len(campaign.requested_scales) == len(shown) else ", ".join(campaign.requested_scales)
    return f"{text} for {part}, the targets of the run" if part else text


def _labelled(campaign: Campaign, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    hint = configuration_hint(campaign)
    if hint:
        yield "config", hint
    total = _total(campaign, zone)
    if total:
        yield "left", total
    cores = cores_line(campaign.studies)
    if cores:
        yield "cores", cores
    label = "now" if campaign.working else "begun"
    works = campaign.working or campaign.begun
    for study, work in works[:_MOST_WORKING_LINES]:
        yield label, _work(study, work, campaign.now_s)
        label = ""
    if len(works) > _MOST_WORKING_LINES:
        yield "", f"and {len(works) - _MOST_WORKING_LINES} more"
    if failed := _endings(campaign):
        yield "failed", failed
    yield "heat", _heat_now(campaign.heat, campaign.now_s)
    if campaign.heat.sample is not None:
        yield "", _heat_so_far(campaign.heat)
    event = campaign.heat.event
    if event is not None and campaign.heat.ever_known:
        yield "event", f"{ago(time_s(event), campaign.now_s)}: {event.get('message') or event['action']}"
    yield "disk", f"{size(campaign.disk_free_bytes)} free, ledger {size(campaign.ledger_bytes)}"
    if campaign.others and campaign.configured:
        first, *more = campaign.others
        rest = f" and {len(more)} more" if more else ""
        yield "others", f"{first}{rest}: other settings or data, in the ledger, not shown"


def _work(study: StudyProgress, work: Work, now_s: float) -> str:
    trial, place = work.trial, study.place
    of = "" if place.epochs_max is None else f"/{place.epochs_max}"
    text = f"{place.name} {trial.name}, "
    if work.alive and trial.thermal is not None and trial.thermal["action"] in _WAITS:
        text += "WAITS FOR THE MACHINE TO COOL, "
    if not trial.epochs:
        text += "in its first epoch" if trial.starts else "starting"
        since_s = trial.started_s if work.alive else None
        return text + ("" if since_s is None else f" for {duration(now_s - since_s)}")
    text += f"epoch {trial.epochs}{of}, validation {trial.last_loss:.4f}, "
    text += f"best {trial.loss:.4f}, {trial.windows_per_s:.0f} windows/s, "
    text += f"trained {duration(trial.trained_s)}"
    return text + (f", started {count(trial.starts, 'time')}" if trial.starts > 1 else "")


def _endings(campaign: Campaign) -> str:
    ended = sum((study.ended for study in campaign.studies), Counter[str]())
    named = [f"{count} {state.replace('_', ' ')}" for state, count in sorted(ended.items())]
    return ", ".join(name for name in named if not name.endswith("pruned"))


def _heat_now(known: Heat, now_s: float) -> str:
    sample = known.sample
    if sample is None:
        return "no hardware sample yet"
    parts = [_heat(sample), f"state {sample.get('state')}"]
    if sample.get("duty") is not None:
        parts.append(f"duty {percent(sample['duty'], 0)}")
    parts += [
        f"{name} {sample[key]:.0f} %"
        for name, key in (("CPU", "cpu_percent"), ("memory", "memory_percent"))
        if sample.get(key) is not None
    ]
    if sample.get("power_w") is not None:
        parts.append(f"{sample['power_w']:.0f} W")
    return f"{', '.join(parts)}, {ago(time_s(sample), now_s)}"


def _heat(event: Event) -> str:
    return heat(
        celsius=event.get("temperature_c"),
        margin_c=event.get("margin_c"),
        level=event.get("pressure_level"),
        source=event.get("source"),
    )


def _heat_so_far(known: Heat) -> str:
    if not known.ever_known:
        return f"no temperature monitoring: no sensor reading in {duration(known.trained_s)} of training"
    hottest = "" if known.hottest_c is None else f", hottest {known.hottest_c:.1f} °C"
    return (
        f"trained {duration(known.trained_s)}, paused {duration(known.paused_s)}, no reading "
        f"{duration(known.blind_s)}, {count(known.aborts, 'abort')}{hottest}"
    )


def command_lines(text: str, width: int) -> list[str]:
    """Return a command on lines that a shell reads as one; no quoted word is broken."""
    lines, line = [], "   "
    for word in _words(text):
        if line.strip() and len(f"{line} {word} \\") > width:
            lines.append(f"{line} \\")
            line = "     "
        line += f" {word}"
    return [*lines, line]


def _words(text: str) -> list[str]:
    try:
        return [shlex.quote(word) for word in shlex.split(text)]
    except ValueError:
        return text.split()
