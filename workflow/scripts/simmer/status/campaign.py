"""All facts of a campaign that its screen shows, gathered from its files at one moment."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simmer.config.campaign import Config
from simmer.ledger.address import LOCKS, RESULTS, done_file, ledger_in
from simmer.ledger.trial_log import Event, time_s
from simmer.status.commands import asks_for_the_answer, targets_of
from simmer.status.estimate import Estimate, estimate
from simmer.status.holders import Holder, holder_at
from simmer.status.progress import StudyPlace, StudyProgress, Work, read_study
from simmer.status.reasons import last_error
from simmer.status.studies import Chosen, choose
from simmer.status.trial_files import TrialProgress, read_trial, tells_heat

CAMPAIGN_LOCK = ".lock"


@dataclass(frozen=True, kw_only=True)
class Heat:
    """What the guard wrote down.

    Attributes:
        sample: the last hardware sample, or None.
        event: the last thermal event, or None.
        hottest_c: the highest temperature of all trials, in °C, or None.
        aborts: thermal aborts of all trials.
        paused_s, blind_s, trained_s: seconds of all trials: of pauses, without any reading, and of training.
        ever_known: whether any source ever told any heat.
    """

    sample: Event | None
    event: Event | None
    hottest_c: float | None
    aborts: int
    paused_s: float
    blind_s: float
    trained_s: float
    ever_known: bool


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A campaign as it stands.

    Attributes:
        name: its name.
        overlays: the configuration files laid over the campaign's own, as given.
        now_s: when its files were read, in seconds since 1970.
        results: its folder, as it was given.
        studies: its studies, in the order in which they are run.
        estimates: what is left of each.
        configured: False where the studies shown are not those of the configuration.
        others: studies of the ledger that are not shown, as `<scale>/<horizon> <fingerprint>`.
        run: who took the campaign's lock last, or None when nobody ever did.
        heat: what the guard wrote down.
        disk_free_bytes: room where the results lie.
        ledger_bytes: size of the ledger.
        tables_written: whether the tables of every scale that was asked for, and the files named, are there.
        stop_reason: what the job of the last trial said when it stopped without a result, or None.
    """

    name: str
    overlays: tuple[str, ...]
    now_s: float
    results: Path
    studies: tuple[StudyProgress, ...]
    estimates: tuple[Estimate, ...]
    configured: bool
    others: tuple[str, ...]
    run: Holder | None
    heat: Heat
    disk_free_bytes: int
    ledger_bytes: int
    tables_written: bool
    stop_reason: str | None

    @property
    def begun(self) -> tuple[tuple[StudyProgress, Work], ...]:
        """Every trial and refit that was begun and has no result, with its study."""
        return tuple((study, work) for study in self.studies for work in study.begun)

    @property
    def working(self) -> tuple[tuple[StudyProgress, Work], ...]:
        """Those of them that a process of this machine works on now."""
        return tuple((study, work) for study, work in self.begun if work.alive)

    @property
    def trials(self) -> tuple[TrialProgress, ...]:
        """All trials and refits of the studies shown."""
        return tuple(trial for study in self.studies for trial in study.all_trials)

    @property
    def last_s(self) -> float | None:
        """When the last line of any log was written, in seconds since 1970."""
        return max((trial.last_s for trial in self.trials if trial.last_s is not None), default=None)

    @property
    def last_trial(self) -> TrialProgress | None:
        """The trial that wrote it."""
        return next((trial for trial in self.trials if trial.last_s == self.last_s is not None), None)

    @property
    def scales_asked_for(self) -> tuple[str, ...]:
        """The scales that the last run was to compute: its `hpo_<scale>.done`, or all that are shown."""
        shown = tuple(dict.fromkeys(study.place.scale for study in self.studies))
        targets = () if self.run is None else targets_of(self.run.command)
        return tuple(scale for scale in shown if str(RESULTS / done_file(scale)) in targets) or shown

    @property
    def finished(self) -> bool:
        """Whether all that was asked for is done; the tables say so where no configuration does."""
        asked = [study for study in self.studies if study.place.scale in self.scales_asked_for]
        if not self.configured and not self.tables_written:
            return False
        return bool(asked) and not any(study.left or study.refits_left or study.begun for study in asked)


def look(
    config: Config,
    results: Path,
    *,
    now_s: float,
    overlays: Sequence[str] = (),
    read: Callable[[Path, int], TrialProgress | None] = read_trial,
) -> Campaign:
    """Return how a campaign stands; nothing is written, locked or deleted.

    Args:
        config: its configuration.
        results: its folder of results; the tables lie in the folder `data` beside it.
        now_s: seconds since 1970.
        overlays: the configuration files laid over the campaign's own.
        read: reads the folder of one trial or refit.
    """
    ledger, run = ledger_in(results), holder_at(results / CAMPAIGN_LOCK)
    chosen = choose(config, ledger, results.parent / "data")
    if run is None or not asks_for_the_answer(run.command):
        places = tuple(replace(place, refits=0) for place in chosen.places)
        chosen = replace(chosen, places=places)
    studies = tuple(
        read_study(place, ledger / LOCKS, others=_beside(place, chosen), read=read) for place in chosen.places
    )
    found = Campaign(
        name=config.campaign if chosen.configured else _recorded_name(studies) or "unknown",
        overlays=tuple(overlays),
        now_s=now_s,
        results=results,
        studies=studies,
        estimates=tuple(
            estimate(study, [each for each in studies if each.place.scale == study.place.scale], now_s=now_s)
            for study in studies
        ),
        configured=chosen.configured,
        others=_others(chosen),
        run=run,
        heat=_heat([trial for study in studies for trial in study.all_trials]),
        disk_free_bytes=shutil.disk_usage(results).free,
        ledger_bytes=_size_bytes(ledger),
        tables_written=False,
        stop_reason=None,
    )
    targets = {str(RESULTS / done_file(scale)) for scale in found.scales_asked_for}
    targets |= set() if run is None else set(targets_of(run.command))
    written = all((results / target.removeprefix("results/")).exists() for target in targets)
    return replace(found, tables_written=written, stop_reason=_stop_reason(found))


def _stop_reason(campaign: Campaign) -> str | None:
    for study, work in campaign.begun:
        if work.trial is campaign.last_trial:
            (address,) = study.place.address.addresses([work.trial.name])
            return last_error(campaign.results / address.job_log)
    return None


def _heat(trials: Sequence[TrialProgress]) -> Heat:
    samples = [trial.sample for trial in trials if trial.sample is not None]
    events = [trial.thermal for trial in trials if trial.thermal is not None]
    degrees = [trial.max_temperature_c for trial in trials if trial.max_temperature_c is not None]
    return Heat(
        sample=max(samples, key=time_s, default=None),
        event=max(events, key=time_s, default=None),
        hottest_c=max(degrees, default=None),
        aborts=sum(trial.aborts for trial in trials),
        paused_s=sum(trial.paused_s for trial in trials),
        blind_s=sum(trial.blind_s for trial in trials),
        trained_s=sum(trial.trained_s for trial in trials),
        ever_known=bool(degrees) or any(tells_heat(each) for each in (*samples, *events)),
    )


def _beside(place: StudyPlace, chosen: Chosen) -> list[Path]:
    same = ((each.scale, each.horizon_days) == (place.scale, place.horizon_days) for each in chosen.others)
    return [each.trials_folder for each, is_same in zip(chosen.others, same, strict=True) if is_same]


def _others(chosen: Chosen) -> tuple[str, ...]:
    return tuple(f"{each.address.name} {each.home.name}" for each in chosen.others)


def _recorded_name(studies: Sequence[StudyProgress]) -> str | None:
    """Return the campaign that a result of these studies was computed for."""
    names = (trial.campaign for study in studies for trial in study.finished[::-1])
    return next((name for name in names if name is not None), None)


def _size_bytes(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:
                continue  # renamed or removed a moment ago
    return total
