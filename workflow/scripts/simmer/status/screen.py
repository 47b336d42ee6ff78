"""The screen: facts go in, lines of text come out."""

import textwrap
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, tzinfo

from simmer.ledger.trial_log import time_s
from simmer.status.campaign import Campaign, Heat
from simmer.status.estimate import Basis, Estimate
from simmer.status.headline import configuration_hint, headline
from simmer.status.progress import StudyProgress, Work
from simmer.status.words import NARROW, ago, clock, counted, duration, heat, share, size

NARROWEST = 40
_LABEL = 9  # characters before the text of a labelled line
_TABLE = "{:<9}{:>8}{:>8}{:>8}{:>8}{:>8}{:>7}  {}"
_FEW_TRIALS = 4
_MOST_WORKING_LINES = 4
_MOST_HEAD_LINES = 4
_WAITS = ("pause", "cooldown")  # thermal events after which nothing is trained for a while


def screen(campaign: Campaign, *, width: int, begin: str | None, zone: tzinfo | None = None) -> list[str]:
    """Return the lines of the screen, none longer than the width.

    Args:
        campaign: as it stands.
        width: columns of the terminal.
        begin: the command that begins the campaign, where no earlier run tells one.
        zone: of the times shown; None: the machine's own.
    """
    width = max(width, NARROWEST)
    head = headline(campaign, begin=begin)
    moment = datetime.fromtimestamp(campaign.now_s, zone)
    lines = [f"campaign {campaign.name}, {moment:%a} {moment.day} {moment:%b %H:%M:%S}"]
    lines += textwrap.wrap(
        head.state, width, max_lines=_MOST_HEAD_LINES, placeholder=" ...", break_on_hyphens=False
    )
    if head.advice:
        lines += [f"{head.advice}:"]
    if head.command:
        lines += _command(head.command, width)
    lines += ["", *_table(campaign), *_footnotes(campaign, width), ""]
    for label, text in _labelled(campaign, zone):
        lines += _paragraph(label, text, width)
    return [line[:width].rstrip().replace(NARROW, " ") for line in lines]


def _table(campaign: Campaign) -> Iterator[str]:
    yield _TABLE.format("study", "trials", "pruned", "failed", "best", "prior", "trial", "left to train")
    for study, left in zip(campaign.studies, campaign.estimates, strict=True):
        place, best = study.place, study.best
        wanted = "" if place.n_trials is None else f"/{place.n_trials}"
        yield _TABLE.format(
            place.name,
            f"{len(study.finished)}{wanted}",
            study.pruned or "-",
            study.failed or "-",
            "-" if best is None or best.loss is None else f"{best.loss:.4f}",
            "-" if study.prior_loss is None else f"{study.prior_loss:.4f}",
            "-" if best is None else f"{best.number:03d}",
            _left(study, left),
        )
    if len(campaign.studies) > 1:
        sums = [sum(getattr(study, name) for study in campaign.studies) for name in ("pruned", "failed")]
        done = sum(len(study.finished) for study in campaign.studies)
        wanted = sum(study.place.n_trials or 0 for study in campaign.studies)
        trials = f"{done}/{wanted}" if campaign.configured else done
        yield _TABLE.format("all", trials, *(count or "-" for count in sums), "", "", "", "")


def _left(study: StudyProgress, left: Estimate) -> str:
    if study.place.n_trials is None:
        return "unknown"
    if not study.left:
        return _refits(study, left)
    if left.seconds is None:
        return "unknown"
    if left.basis is Basis.PACE:
        return f"at most {duration(left.seconds)} **"
    few = left.basis is Basis.MEASURED and left.trials < _FEW_TRIALS
    mark = " *" if left.basis is Basis.OTHER_HORIZONS else ""
    return f"about {duration(left.seconds)}{mark}" + (f" ({counted(left.trials, 'trial')})" if few else "")


def _refits(study: StudyProgress, left: Estimate) -> str:
    if not study.place.refits and not study.refits:
        return "done"
    wanted = f"/{study.place.refits}" if study.place.refits else ""
    time = f", about {duration(left.seconds)}" if study.refits_left and left.seconds is not None else ""
    return f"refits {len(study.refits)}{wanted}{time}"


def _footnotes(campaign: Campaign, width: int) -> Iterator[str]:
    pairs = zip(campaign.studies, campaign.estimates, strict=True)
    shown = {left.basis for study, left in pairs if study.left}
    if Basis.OTHER_HORIZONS in shown:
        yield from textwrap.wrap("*  no trial of its own yet: by the same scale at other horizons", width)
    if Basis.PACE in shown:
        text = "** none finished yet: every epoch of every trial at the first one's windows/s"
        yield from textwrap.wrap(text, width)


def _total(campaign: Campaign, zone: tzinfo | None) -> str | None:
    """Return how long the scales that were asked for take, or None where nothing is left or nobody says."""
    pairs = zip(campaign.studies, campaign.estimates, strict=True)
    left = [(study, told) for study, told in pairs if study.place.scale in campaign.scales_asked_for]
    left = [(study, told) for study, told in left if study.left or study.refits_left]
    unknown = ", ".join(dict.fromkeys(study.place.scale for study, told in left if told.seconds is None))
    if not left:
        return None
    known_s = sum(told.seconds for _, told in left if told.seconds is not None)
    if unknown and not known_s:
        return f"unknown: nothing of {unknown} is measured yet"
    side_by_side = max(1, len(campaign.working))
    bound = "at most" if any(told.basis is Basis.PACE for _, told in left) else "about"
    text = f"{bound} {duration(known_s / side_by_side)}"
    if side_by_side > 1:
        text += f" with {side_by_side} trials side by side"
    if any(study.left and study.refits_left for study, _ in left):
        text += ", refits not counted"
    if unknown:
        return f"{text}; {unknown} unknown, nothing measured yet"
    if campaign.run is not None and campaign.run.alive:
        text += f", until {clock(campaign.now_s + known_s / side_by_side, campaign.now_s, zone)}"
    shown = {study.place.scale for study in campaign.studies}
    asked = "" if len(campaign.scales_asked_for) == len(shown) else ", ".join(campaign.scales_asked_for)
    return f"{text} for {asked}, as the run was asked for" if asked else text


def _labelled(campaign: Campaign, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    hint = configuration_hint(campaign)
    if hint:
        yield "config", hint
    total = _total(campaign, zone)
    if total:
        yield "left", total
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
    text += f"epoch{NARROW}{trial.epochs}{of}, validation{NARROW}{trial.last_loss:.4f}, "
    text += f"best{NARROW}{trial.loss:.4f}, {trial.windows_per_s:.0f}{NARROW}windows/s, "
    text += f"trained{NARROW}{duration(trial.trained_s)}"
    return text + (f", begun or resumed {counted(trial.starts, 'time')}" if trial.starts > 1 else "")


def _endings(campaign: Campaign) -> str:
    ended = sum((study.ended for study in campaign.studies), Counter[str]())
    named = [f"{count}{NARROW}{state.replace('_', NARROW)}" for state, count in sorted(ended.items())]
    return ", ".join(name for name in named if not name.endswith("pruned"))


def _heat_now(told: Heat, now_s: float) -> str:
    sample = told.sample
    if sample is None:
        return "no hardware sample yet"
    parts = [heat(sample), f"state {sample.get('state')}"]
    if sample.get("duty") is not None:
        parts.append(f"duty {share(sample['duty'])}")
    parts += [
        f"{name} {sample[key]:.0f}{NARROW}%"
        for name, key in (("CPU", "cpu_percent"), ("memory", "memory_percent"))
        if sample.get(key) is not None
    ]
    if sample.get("power_w") is not None:
        parts.append(f"{sample['power_w']:.0f}{NARROW}W")
    return f"{', '.join(parts)}, {ago(time_s(sample), now_s)}"


def _heat_so_far(told: Heat) -> str:
    if not told.ever_known:
        return f"nobody watches the heat: blind for all {duration(told.trained_s)} of training"
    hottest = "" if told.hottest_c is None else f"hottest {told.hottest_c:.1f}{NARROW}°C, "
    return (
        f"{hottest}{counted(told.aborts, 'abort')}, paused {duration(told.paused_s)}, blind "
        f"{duration(told.blind_s)} of {duration(told.trained_s)} trained"
    )


def _command(text: str, width: int) -> list[str]:
    """Return a command on lines that a shell takes for one."""
    lines = textwrap.wrap(
        text,
        width - len(" \\"),
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _paragraph(label: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=f"{label:<{_LABEL}}",
        subsequent_indent=" " * _LABEL,
        break_on_hyphens=False,
    )
