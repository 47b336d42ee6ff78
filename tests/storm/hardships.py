"""Hardships other than kills and damage: suspension, wrong clocks, changed code, full disks, no rights.

Each function takes a fresh copy of the prepared campaign (or of the finished one), does one thing to it, and
returns how it differs from the reference afterwards, or `HELD`.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from storm.campaigns import Reference
from storm.kills import differences
from storm.tally import HELD, Tally
from support.campaign import Campaign, Run, wait_until
from support.configs import ROOT

NOBODY = 65534


def suspended(reference: Reference, campaign: Campaign, chance: random.Random) -> str:
    """SIGSTOP to the trainer, to Snakemake or to both, then SIGCONT, as when a laptop sleeps."""
    run = campaign.start(*reference.arguments)
    run.until(lambda: campaign.in_epoch(0, 2), "the second epoch")
    whom = chance.choice(("group", "Snakemake", "trainer"))
    send: dict[str, Callable[[int], None]] = {
        "group": run.signal_group,
        "Snakemake": lambda number: os.kill(run.pid, number),
        "trainer": lambda number: os.kill(campaign.trainer_pid(0), number),
    }
    send[whom](signal.SIGSTOP)
    time.sleep(chance.uniform(0.2, 4.0))
    send[whom](signal.SIGCONT)
    run.wait()
    return differences(reference, campaign, run)


def clock_set_back(reference: Reference, campaign: Campaign, chance: random.Random) -> str:
    """Files that seem to come from tomorrow, in the middle of a campaign: the clock was set back by a day."""
    _stopped_in(campaign, reference, trial=1)
    later_s = time.time() + 86_400
    for path in campaign.folder.rglob("*"):
        os.utime(path, (later_s, later_s), follow_symlinks=False)
    return differences(reference, campaign, campaign.run(*reference.arguments))


def copied_without_times(reference: Reference, campaign: Campaign, chance: random.Random) -> str:
    """A stopped campaign copied elsewhere, with new times and perhaps without Snakemake's folder."""
    _stopped_in(campaign, reference, trial=1)
    there = campaign.folder.with_name(f"{campaign.folder.name} copied")
    shutil.copytree(campaign.folder, there, copy_function=shutil.copyfile)
    if chance.random() < 0.5:
        shutil.rmtree(there / ".snakemake")
    moved = Campaign(there, campaign.config)
    starts = moved.starts()
    found = differences(reference, moved, moved.run(*reference.arguments))
    again = sum(moved.starts().values()) - sum(starts.values())
    return found if found != HELD or again == 2 else f"{again} trainings for two unfinished trials"


def limited_files(reference: Reference, campaign: Campaign, chance: random.Random) -> str:
    """Writes that fail beyond a file size, at a moment that the size decides, then no limit."""
    # A smaller limit hits the copies of the workflow that Snakemake makes, before it reads it.
    limit = int(10 ** chance.uniform(4.9, 6.0))
    run = campaign.run(*reference.arguments, prefix=["prlimit", f"--fsize={limit}"])
    return _then_whole(reference, campaign, run)


def full_disk(reference: Reference, campaign: Campaign, chance: random.Random) -> str:
    """A small disk that is full at some moment, then has room."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(campaign.folder)], check=True)
    try:
        small = reference.prepared.copy_to(campaign.folder / "campaign")
        small.outputs = campaign.folder.with_name(f"{campaign.folder.name} outputs")
        small.outputs.mkdir()
        filler = campaign.folder / "filler"
        room = shutil.disk_usage(campaign.folder).free - int(10 ** chance.uniform(3.0, 5.7))
        filler.write_bytes(bytes(room))
        run = small.run(*reference.arguments)
        filler.unlink()
        found = _then_whole(reference, small, run)
        small.kill_everything()
        return found
    finally:
        subprocess.run(["umount", "--lazy", str(campaign.folder)], check=True)


def another_user(reference: Reference, campaign: Campaign, chance: random.Random) -> str:
    """A user who may not write some folders of a stopped campaign, then its owner."""
    _stopped_in(campaign, reference, trial=1)
    names = ("results", "results/ledger", "results/hpo", ".snakemake", "data", "results/logs")
    mine = chance.choice(names)
    for path in [campaign.folder, *campaign.folder.rglob("*")]:
        inside = path.is_relative_to(campaign.folder / mine)
        os.chown(path, *((0, 0) if inside else (NOBODY, NOBODY)), follow_symlinks=False)
    ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    home = campaign.folder / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    run = campaign.run(*reference.arguments, prefix=["env", f"HOME={home}", "setpriv", *ids])
    return _then_whole(reference, campaign, run)


def changed_code(reference: Reference, campaign: Campaign, chance: random.Random) -> str:
    """A comment added to the library in mid-trial: trials record it, and nothing is trained again."""
    copy = campaign.folder / "repository"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".venv*", ".git", "demo", "results", "storm", "tests")
    )
    changing = Campaign(campaign.folder, campaign.config, repository=copy)
    _stopped_in(changing, reference, trial=1)
    starts = changing.starts()
    with (copy / "workflow/scripts/simmer/runs/trial.py").open("a") as file:
        file.write("# changed\n")
    run = changing.run(*reference.arguments)
    if run.status != 0 or "Traceback" in run.text:
        return f"exit status {run.status}: {run.text}"
    tables = [
        [{key: value for key, value in row.items() if key != "code_digests"} for row in one.table()]
        for one in (changing, reference.finished)
    ]
    if tables[0] != tables[1]:
        return "another table"
    again = {name for name, count in starts.items() if changing.starts()[name] != count}
    if len(again) != 1:
        return f"trained again: {again}; expected the trial that was stopped"
    recorded = len(changing.result(1)["code_digests"])
    return HELD if recorded == 2 else f"{recorded} digests of code in the result of the trial it changed in"


HARDSHIPS: dict[str, Callable[[Reference, Campaign, random.Random], str]] = {
    "suspended and continued": suspended,
    "clock set back": clock_set_back,
    "copied without times": copied_without_times,
    "file size limited": limited_files,
    "disk full": full_disk,
    "another user": another_user,
    "code changed": changed_code,
}


def storm_of_hardships(
    reference: Reference,
    folder: Path,
    tally: Tally,
    chance: random.Random,
    *,
    until: Callable[[], bool],
) -> None:
    """Do one hardship after another to copies of the prepared campaign; a case each."""
    number = 0
    while not until():
        kind = chance.choice(list(HARDSHIPS))
        campaign = reference.prepared.copy_to(folder / str(number))
        try:
            outcome = HARDSHIPS[kind](reference, campaign, chance)
        finally:
            campaign.kill_everything()
        tally.add(kind, outcome, folder=str(campaign.folder))
        if outcome == HELD:
            shutil.rmtree(campaign.folder, ignore_errors=True)
        number += 1


def _stopped_in(campaign: Campaign, reference: Reference, *, trial: int) -> None:
    run = campaign.start(*reference.arguments)
    run.until(lambda: campaign.in_epoch(trial, 5), f"trial {trial} in training")
    run.signal_group(signal.SIGTERM)
    run.wait()
    wait_until(lambda: not campaign.processes(), "all processes to end")


def _then_whole(reference: Reference, campaign: Campaign, run: Run) -> str:
    """Return a problem of a run that may have failed, or of the next one, which may not."""
    if "Traceback" in run.text:
        return f"a traceback: {run.text}"
    finished = [folder for folder in campaign.trials if (folder / "result.json").exists()]
    starts = campaign.starts()
    found = differences(reference, campaign, campaign.run(*reference.arguments))
    names = [folder.relative_to(campaign.folder / "results/ledger").as_posix() for folder in finished]
    again = [name for name in names if campaign.starts()[name] != starts[name]]
    return found if found != HELD or not again else f"finished trials were trained again: {again}"
