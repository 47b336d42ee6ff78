"""The first lines of the screen: running, stopped or finished, why, and what to type."""

from dataclasses import dataclass

from simmer.base.words import ago, clock, duration
from simmer.status.campaign import Campaign
from simmer.status.changes import in_words
from simmer.status.commands import REPORT, targets_of, typed
from simmer.status.holders import Holder


@dataclass(frozen=True)
class Headline:
    """The state of a campaign in a sentence, what to do, and the command for it."""

    state: str
    advice: str | None = None
    command: str | None = None


def headline(campaign: Campaign, *, begin: str | None) -> Headline:
    """Return the state of a campaign and, unless it runs, how to continue.

    Args:
        campaign: its state.
        begin: the command that begins it, used if there was no earlier run.
    """
    run, now_s = campaign.run, campaign.now_s
    again = begin if run is None or campaign.changed else typed(run.command)
    if run is not None and run.alive:
        return Headline(_running(campaign, run))
    if campaign.working:
        study, work = campaign.working[0]
        pid = work.holder.pid if work.holder else 0
        return Headline(
            f"ITS RUN WAS KILLED, but process {pid} still trains {study.place.name} {work.trial.name}",
            "the same command waits for it, then continues",
            again,
        )
    if run is not None and run.alive is None:
        return Headline(
            f"LAST RUN on {run.host}, since {clock(run.since_s, now_s)}: whether it still runs can be seen "
            f"only on {run.host}{_silence(campaign)}"
        )
    if campaign.finished and campaign.changed:
        return Headline("ALL TRIALS ARE IN THE LEDGER", "to publish them", again)
    if campaign.finished and campaign.tables_written:
        if run is not None and REPORT in targets_of(run.command):
            page = campaign.results / "summary.html"
            return Headline(f"FINISHED{_last(campaign)}: the report is {page}")
        done = ", ".join(str(campaign.results / f"hpo_{scale}.done") for scale in campaign.requested_scales)
        return Headline(f"FINISHED{_last(campaign)}: a line per study is in {done}")
    if campaign.finished:
        return Headline(
            f"ALL TRIALS DONE{_last(campaign)}, but some requested files are not written yet",
            "to write them",
            again,
        )
    if campaign.last_s is None:
        state = "NOT BEGUN" if run is None else f"STOPPED before its first trial, {ago(run.since_s, now_s)}"
        return Headline(state, "to begin" if run is None else "to continue", again)
    return Headline(f"STOPPED{_last(campaign)}: {_why(campaign)}", "to continue, nothing is lost", again)


def configuration_hint(campaign: Campaign) -> str | None:
    """Return which configuration is shown, and what is new in it; None if it is the one expected."""
    if campaign.configured and campaign.changed:
        return (
            f"{campaign.file} changed since the last run: {in_words(campaign.changed)}; the table shows what "
            "the ledger has of it, and the next run publishes that"
        )
    if campaign.configured:
        return campaign.note
    one = len(campaign.studies) == 1
    new, them, last = ("a new study", "it", "one") if one else ("new studies", "them", "ones")
    because = f" ({in_words(campaign.changes)})" if campaign.changes else ""
    if campaign.former is not None:
        file = campaign.former
        last += f", which {file} describes: merged before your own file, it continues and reports them"
    return (
        f"{campaign.file} now describes {new}{because}; nothing of {them} is trained yet; the table shows "
        f"the last {last}"
    )


def _running(campaign: Campaign, run: Holder) -> str:
    since = f"RUNNING for {duration(campaign.now_s - run.since_s)}, process {run.pid}"
    if not campaign.working:
        since += ", nothing is training at the moment"
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
        return f"between two trials; the reason may be in {campaign.results / 'logs'}"
    if trial.aborted:
        return "too hot"
    if trial.last_kind == "stopped":
        return "on request, after a checkpoint"
    if trial.last_kind in ("cooldown", "pause"):
        return "while waiting for the machine to cool"
    return f"{trial.name} ended without a message: killed, or the power failed"
