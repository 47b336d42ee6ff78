"""Kills and stops of running trainings, by the real command, until the campaign has finished.

A case counts if it hit a training: the trainer had written a checkpoint or an epoch since its start, and it
ended without a result. At the end the campaign must equal the uninterrupted one.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from storm.campaigns import Reference
from storm.forks import start
from storm.tally import HELD, Tally
from support.campaign import Campaign, Run, wait_until, without_machine

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


@dataclass(frozen=True)
class Blow:
    """A signal to some of the processes of a run.

    Attributes:
        kind: its name in the tally.
        number: the signal.
        strike: sends it, given the run, its campaign and the number of a trial in training.
    """

    kind: str
    number: signal.Signals
    strike: Callable[[Run, Campaign, int], None]


def _blows() -> list[Blow]:
    def group(number: signal.Signals) -> Callable[[Run, Campaign, int], None]:
        return lambda run, campaign, trial: run.signal_group(number)

    def snakemake(number: signal.Signals) -> Callable[[Run, Campaign, int], None]:
        return lambda run, campaign, trial: os.kill(run.pid, number)

    def trainer(number: signal.Signals) -> Callable[[Run, Campaign, int], None]:
        return lambda run, campaign, trial: os.kill(campaign.trainer_pid(trial), number)

    whom = {"the group": group, "Snakemake": snakemake, "a trainer": trainer}
    kills = [Blow(f"kill of {name}", signal.SIGKILL, to(signal.SIGKILL)) for name, to in whom.items()]
    stops = [
        Blow(f"{number.name} to {name}", number, to(number))
        for name, to in whom.items()
        for number in STOP_SIGNALS
    ]
    # Most hits for the time: Snakemake is killed, then the trainers that it leaves over.
    return [*kills * 2, *[blow for blow in kills if "Snakemake" in blow.kind] * 4, *stops]


BLOWS = _blows()


def storm_of_kills(
    reference: Reference, folder: Path, tally: Tally, chance: random.Random, *, until: Callable[[], bool]
) -> None:
    """Interrupt a copy of the prepared campaign until it has finished, and compare it with the reference.

    Args:
        reference: the campaign.
        folder: a new folder for the copy.
        tally: receives a case per blow that hit, and one for the finished campaign.
        chance: chooses blows and moments.
        until: returns True to stop interrupting and let the campaign finish.
    """
    campaign = reference.prepared.copy_to(folder)
    finished = False
    try:
        while not finished and not until():
            finished = _interrupted_once(reference, campaign, tally, chance)
        _compare(reference, campaign, tally)
    finally:
        campaign.kill_everything()


def _interrupted_once(reference: Reference, campaign: Campaign, tally: Tally, chance: random.Random) -> bool:
    """Start the command, strike once, and return True if the campaign ended before that."""
    begun_s = time.time()
    run = start(campaign, reference.arguments, chance)
    trials: list[int] = []
    while not trials:
        wait_until(lambda: run.status is not None or _in_training(campaign, begun_s), "a trial in training")
        time.sleep(chance.uniform(0.0, 0.8))
        if run.status is not None:
            return run.status == 0
        trials = _in_training(campaign, begun_s)
    blow, trial = chance.choice(BLOWS), chance.choice(trials)
    struck_s = time.time()
    try:
        blow.strike(run, campaign, trial)
    except ProcessLookupError:
        return run.wait() == 0
    spares_trial = blow.kind == "kill of Snakemake"
    if blow.number is not signal.SIGKILL:
        run.wait()
        wait_until(lambda: not campaign.processes(), "all processes to end")
    elif chance.random() < 0.9:
        _kill_the_rest(campaign, begun_s, tally, chance, but=None if spares_trial else trial)
    else:
        run.wait()  # and the next run meets a trainer that was left over, if any
    seconds = round(time.time() - struck_s, 2)
    if run.status != 0 and (spares_trial or not _has_result(campaign, trial)):
        tally.add(f"{blow.kind}, {len(trials)} in training", _problem(run, blow), seconds=seconds)
    return run.status == 0


def _kill_the_rest(
    campaign: Campaign, begun_s: float, tally: Tally, chance: random.Random, *, but: int | None
) -> None:
    """Kill what a kill left over; each trainer that was in training, but one, is a further hit."""
    time.sleep(chance.uniform(0.0, 0.8))
    left = [number for number in _in_training(campaign, begun_s) if number != but]
    campaign.kill_everything()
    for number in left:
        if not _has_result(campaign, number):
            tally.add("kill of a trainer that was left over")


def _in_training(campaign: Campaign, begun_s: float) -> list[int]:
    """Return the trials whose trainer was started since then and has computed since its start."""
    found = []
    for number in range(3):
        try:
            folder, pid = campaign.trial(number), campaign.trainer_pid(number)
            if (folder / "result.json").exists() or psutil.Process(pid).create_time() < begun_s - 1:
                continue
            start = max(_time(event) for event in campaign.events(number, "start"))
            files = [folder / "events.jsonl", *folder.glob("checkpoint_*.safetensors")]
            if start >= begun_s - 1 and max(file.stat().st_mtime for file in files) > start + 0.01:
                found.append(number)
        except (AssertionError, OSError, ValueError, psutil.Error):
            continue  # not begun, or just ended
    return found


def _problem(run: Run, blow: Blow) -> str:
    """Return what went wrong after a blow, or `HELD`."""
    if "Traceback" in run.text:
        return f"a traceback: {run.text}"
    if blow.number is not signal.SIGKILL and "stopped after a checkpoint" not in run.text:
        return f"a stop without a checkpoint: {run.text}"
    return HELD


def _compare(reference: Reference, campaign: Campaign, tally: Tally) -> None:
    """Let the campaign finish, and add whether it equals the reference."""
    run = campaign.run(*reference.arguments)
    for _ in range(3):
        if run.status == 0:
            break
        run = campaign.run(*reference.arguments)
    tally.add(f"campaign finished, {reference.cores} side by side", differences(reference, campaign, run))


def differences(reference: Reference, campaign: Campaign, run: Run) -> str:
    """Return how a finished campaign differs from the reference, or `HELD`."""
    if run.status != 0:
        return f"exit status {run.status}: {run.text}"
    for each in campaign.runs:
        if "Traceback" in each.text:
            return f"a traceback: {each.text}"
    if campaign.table() != reference.finished.table():
        return f"another table in {campaign.folder}"
    if _results(campaign) != _results(reference.finished):
        return f"other results in {campaign.folder}"
    return HELD


def _results(campaign: Campaign) -> list[dict]:
    """Return the published results, weights' digests included, without what depends on the machine."""
    return [without_machine(campaign.result(number)) for number in range(len(campaign.table()))]


def _has_result(campaign: Campaign, number: int) -> bool:
    return (campaign.trial(number) / "result.json").exists()


def _time(event: dict) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()
