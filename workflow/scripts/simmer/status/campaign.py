"""Collect everything the status screen shows from the files of a campaign."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simmer.base.files import bytes_below
from simmer.ledger.address import LOCKS, RESULTS, campaign_lock_in, done_file, ledger_in
from simmer.ledger.trial_log import Event, time_s
from simmer.status.changes import Changes
from simmer.status.commands import asks_for_report, targets_of
from simmer.status.configuration import FoundConfig
from simmer.status.estimate import Estimate, estimate
from simmer.status.holders import Holder, holder_at
from simmer.status.progress import StudyProgress, Work, read_study
from simmer.status.reasons import last_error
from simmer.status.studies import Chosen, choose, folders_beside
from simmer.status.trial_files import TrialProgress, has_thermal_value, read_trial


@dataclass(frozen=True, kw_only=True)
class Heat:
    """The guard's records, over all trials.

    Attributes:
        sample: the last hardware sample, or None.
        event: the last thermal event, or None.
        hottest_c: highest temperature in °C, or None.
        aborts: number of thermal aborts.
        paused_s, blind_s, trained_s: seconds paused, without any reading, and of training.
        ever_known: True if any sensor ever reported a value.
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
    """The state of a campaign.

    Attributes:
        file: the configuration file that a person knows it by.
        note: how the configuration was chosen; None if that goes without saying.
        former: the file of the configuration that was shipped before, if the ledger has studies of it alone.
        now_s: when the files were read, in seconds since 1970.
        results: the folder of results, as given.
        studies: in the order in which they are run.
        estimates: of the time left, one per study.
        configured: False if the studies shown are not those of the configuration, which are not begun.
        changes: settings in which the configured studies differ from those shown instead.
        changed: keys of the configuration that changed since the last run; empty if that is not known.
        others: studies of the ledger that are not shown, as `<scale>/<horizon> <fingerprint>`.
        run: the last holder of the campaign's lock, or None if it was never taken.
        disk_free_bytes: free space on the disk of the results.
        ledger_bytes: size of the ledger.
        tables_written: True if the tables of every requested scale and all requested files exist.
        stop_reason: the error message of the last trial's job if it stopped without a result, or None.
    """

    name: str
    file: str
    note: str | None
    former: Path | None
    now_s: float
    results: Path
    studies: tuple[StudyProgress, ...]
    estimates: tuple[Estimate, ...]
    configured: bool
    changes: Changes
    changed: Changes
    others: tuple[str, ...]
    run: Holder | None
    heat: Heat
    disk_free_bytes: int
    ledger_bytes: int
    tables_written: bool
    stop_reason: str | None

    @property
    def begun(self) -> tuple[tuple[StudyProgress, Work], ...]:
        """All runs that have begun and have no result, each with its study."""
        return tuple((study, work) for study in self.studies for work in study.begun)

    @property
    def working(self) -> tuple[tuple[StudyProgress, Work], ...]:
        """Those of `begun` that a process on this machine is training now."""
        return tuple((study, work) for study, work in self.begun if work.alive)

    @property
    def trials(self) -> tuple[TrialProgress, ...]:
        """All runs of the studies shown."""
        return tuple(trial for study in self.studies for trial in study.all_trials)

    @property
    def last_s(self) -> float | None:
        """When the last line of any log was written, in seconds since 1970."""
        return max((trial.last_s for trial in self.trials if trial.last_s is not None), default=None)

    @property
    def last_trial(self) -> TrialProgress | None:
        """The run that wrote that line."""
        return next((trial for trial in self.trials if trial.last_s == self.last_s is not None), None)

    @property
    def requested_scales(self) -> tuple[str, ...]:
        """The scales the last run was to compute: its targets `hpo_<scale>.done`, or all scales shown."""
        shown = tuple(dict.fromkeys(study.place.scale for study in self.studies))
        targets = () if self.run is None else targets_of(self.run.command)
        return tuple(scale for scale in shown if str(RESULTS / done_file(scale)) in targets) or shown

    @property
    def finished(self) -> bool:
        """True if everything requested is computed; without a configuration, if the tables are written."""
        requested = [study for study in self.studies if study.place.scale in self.requested_scales]
        if not self.configured and not self.tables_written:
            return False
        return bool(requested) and not any(
            study.left or study.race_left or study.refits_left or study.begun for study in requested
        )


def read_campaign(
    found: FoundConfig,
    results: Path,
    *,
    now_s: float,
    read: Callable[[Path, int], TrialProgress | None] = read_trial,
) -> Campaign:
    """Return the state of a campaign; nothing is written, locked or deleted.

    Args:
        found: its configuration.
        results: its folder of results; the feature tables are in the folder `data` next to it.
        now_s: seconds since 1970.
        read: reads the folder of one run.
    """
    ledger, run = ledger_in(results), holder_at(campaign_lock_in(results))
    chosen = choose(found.config, ledger, results.parent / "data", earlier=found.earlier)
    changed = found.changed or {}
    if run is None or changed or not asks_for_report(run.command):
        places = tuple(replace(place, refits=0) for place in chosen.places)
        chosen = replace(chosen, places=places)
    studies = tuple(
        read_study(place, ledger / LOCKS, others=folders_beside(place, chosen.others), read=read)
        for place in chosen.places
    )
    former = None
    if not chosen.configured and (shipped_before := found.former) is not None:
        config, path = shipped_before
        former = path if choose(config, ledger, results.parent / "data").configured else None
    campaign = Campaign(
        name=found.config.campaign if chosen.configured else _recorded_name(studies) or "unknown",
        file=found.name,
        note=found.note,
        former=former,
        now_s=now_s,
        results=results,
        studies=studies,
        estimates=tuple(
            estimate(study, [each for each in studies if each.place.scale == study.place.scale], now_s=now_s)
            for study in studies
        ),
        configured=chosen.configured,
        changes=chosen.changes,
        changed=changed,
        others=_others(chosen),
        run=run,
        heat=_heat([trial for study in studies for trial in study.all_trials]),
        disk_free_bytes=shutil.disk_usage(results).free,
        ledger_bytes=bytes_below(ledger),
        tables_written=False,
        stop_reason=None,
    )
    targets = {str(RESULTS / done_file(scale)) for scale in campaign.requested_scales}
    targets |= set() if run is None else set(targets_of(run.command))
    written = all((results / target.removeprefix("results/")).exists() for target in targets)
    return replace(campaign, tables_written=written, stop_reason=_stop_reason(campaign))


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
        ever_known=bool(degrees) or any(has_thermal_value(each) for each in (*samples, *events)),
    )


def _others(chosen: Chosen) -> tuple[str, ...]:
    return tuple(f"{each.address.name} {each.home.name}" for each in chosen.others)


def _recorded_name(studies: Sequence[StudyProgress]) -> str | None:
    """Return the campaign name recorded in the newest result of these studies."""
    names = (trial.campaign for study in studies for trial in study.finished[::-1])
    return next((name for name in names if name is not None), None)
