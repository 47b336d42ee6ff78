"""Whether a campaign runs, stopped or finished, why, and what to type."""

import shlex
from dataclasses import dataclass
from pathlib import PurePath

from simmer.base.words import ago, clock, duration
from simmer.status.campaign import Campaign
from simmer.status.commands import REPORT, overlays_of, targets_of, typed
from simmer.status.holders import Holder

BASE_CONFIG = "config.yaml"


@dataclass(frozen=True)
class Headline:
    """What comes first on the screen.

    Attributes:
        state: one sentence.
        advice: what to do, in a sentence, or None where nothing has to be done.
        command: what to type, or None.
    """

    state: str
    advice: str | None = None
    command: str | None = None


def headline(campaign: Campaign, *, begin: str | None) -> Headline:
    """Return whether a campaign runs, and how to go on where it does not.

    Args:
        campaign: as it stands.
        begin: the command that begins it, where no earlier run tells one.
    """
    run, now_s = campaign.run, campaign.now_s
    again = begin if run is None else typed(run.command)
    if run is not None and run.alive:
        return Headline(_running(campaign, run))
    if campaign.working:
        study, work = campaign.working[0]
        pid = work.holder.pid if work.holder else 0
        return Headline(
            f"ITS RUN WAS KILLED, but process {pid} still trains {study.place.name} {work.trial.name}",
            "the same command waits for it and goes on",
            again,
        )
    if run is not None and run.alive is None:
        return Headline(
            f"LAST RUN on {run.host}, since {clock(run.since_s, now_s)}: whether it lives, only {run.host} "
            f"knows{_silence(campaign)}"
        )
    if campaign.finished and campaign.tables_written:
        if run is not None and REPORT in targets_of(run.command):
            page = campaign.results / "summary.html"
            return Headline(f"FINISHED{_last(campaign)}: the answer is in {page}")
        done = ", ".join(str(campaign.results / f"hpo_{scale}.done") for scale in campaign.scales_asked_for)
        return Headline(f"FINISHED{_last(campaign)}: a line per study is in {done}")
    if campaign.finished:
        return Headline(
            f"ALL TRIALS DONE{_last(campaign)}, but not all that was asked for is written",
            "to write it",
            again,
        )
    if campaign.last_s is None:
        state = "NOT BEGUN" if run is None else f"STOPPED before its first trial, {ago(run.since_s, now_s)}"
        return Headline(state, "to begin" if run is None else "to go on", again)
    return Headline(f"STOPPED{_last(campaign)}: {_why(campaign)}", "to go on, nothing is lost", again)


def configuration_hint(campaign: Campaign) -> str | None:
    """Return how to name the configuration of the last run, or None where this screen was made with it."""
    used = () if campaign.run is None else overlays_of(campaign.run.command)
    # The same file may be named from another folder, so its name alone is compared.
    names = {PurePath(path).name for path in used} - {BASE_CONFIG}
    if campaign.run is None or names == {PurePath(path).name for path in campaign.overlays}:
        return None if campaign.configured else "these are other studies than those of the configuration"
    if not names:
        return (
            "the last run used the configuration as it is, this screen lays files over it: leave out CONFIG"
        )
    named = shlex.quote(" ".join(used))
    return (
        "the last run had other settings, maybe another n_trials: "
        f"make status RESULTS={campaign.results} CONFIG={named}"
    )


def _running(campaign: Campaign, run: Holder) -> str:
    since = f"RUNNING for {duration(campaign.now_s - run.since_s)}, process {run.pid}"
    if not campaign.working:
        since += ", no trial or refit trains at this moment"
    return since + _silence(campaign)


def _silence(campaign: Campaign) -> str:
    return "" if campaign.last_s is None else f", last line {ago(campaign.last_s, campaign.now_s)}"


def _last(campaign: Campaign) -> str:
    return "" if campaign.last_s is None else f" {ago(campaign.last_s, campaign.now_s)}"


def _why(campaign: Campaign) -> str:
    trial = campaign.last_trial
    if campaign.stop_reason is not None:
        return campaign.stop_reason
    if trial is None or trial.state is not None:
        return f"between two trials; {campaign.results / 'logs'} may tell why"
    if trial.aborted:
        return "too hot"
    if trial.last_kind == "stopped":
        return "it was told to, and wrote a checkpoint"
    if trial.last_kind in ("cooldown", "pause"):
        return "while it waited for the machine to cool"
    return f"{trial.name} ended without a word: killed, or the power was cut"
