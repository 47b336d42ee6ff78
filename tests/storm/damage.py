"""Damage to single files: cut, zeroed, changed at a random place, replaced by JSON of another shape.

Every file below the results, the data and Snakemake's own folder may be hit; no list is kept. The same
command must then restore it, or end with one sentence; no finished trial is trained again.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from storm.campaigns import Reference
from storm.forks import run
from storm.kills import differences
from storm.tally import HELD, Tally
from support.campaign import Campaign
from support.configs import ROOT

FOLDERS = ("results", ".snakemake", "data")
SHAPES = (b"{}", b"[1]", b"null", b'{"sha256": 3}', b'"text"', b"0")

# No second copy: bars, which a run must refuse by name.
ONLY_COPIES = ("data/raw/", "data/snapshots/")
# Written for people, never read by a run.
NOT_READ = ("results/logs/", "results/benchmarks/", "results/ledger/locks/", ".snakemake/")

Harm = Callable[[bytes, random.Random], bytes]


def _changed(content: bytes, chance: random.Random) -> bytes:
    places = chance.sample(range(len(content)), min(len(content), chance.choice((1, 1, 1, 20))))
    changed = bytearray(content)
    for place in places:
        changed[place] ^= chance.randrange(1, 256)
    return bytes(changed)


def _digit(content: bytes, chance: random.Random) -> bytes:
    places = [place for place, byte in enumerate(content) if 48 <= byte <= 57]
    if not places:
        return _changed(content, chance)
    place = chance.choice(places)
    other = chance.choice([digit for digit in b"0123456789" if digit != content[place]])
    return content[:place] + bytes([other]) + content[place + 1 :]


HARMS: dict[str, Harm] = {
    "a changed byte": _changed,
    "a changed digit": _digit,
    "cut": lambda content, chance: content[: chance.randrange(len(content) + 1)],
    "emptied": lambda content, chance: b"",
    "zeroed": lambda content, chance: bytes(len(content)),
    "another shape": lambda content, chance: chance.choice(SHAPES),
}


def victims(campaign: Campaign) -> Iterator[Path]:
    """Yield every file of a campaign that a run may read, sorted."""
    for name in FOLDERS:
        yield from sorted(path for path in (campaign.folder / name).rglob("*") if path.is_file())


def storm_of_damage(
    reference: Reference,
    begun: Campaign,
    folder: Path,
    tally: Tally,
    chance: random.Random,
    *,
    until: Callable[[], bool],
) -> None:
    """Damage one file after another of a finished campaign and of one that was stopped in mid-training.

    Args:
        reference: the finished campaign.
        begun: the campaign that was stopped.
        folder: a new folder for copies.
        tally: receives a case per damaged file.
        chance: chooses files and damage.
        until: returns True to stop.
    """
    number = 0
    while not until():
        source = begun if chance.random() < 0.4 else reference.finished
        campaign = source.copy_to(folder / str(number))
        try:
            outcome = _damage_once(reference, source, campaign, tally, chance)
        finally:
            campaign.kill_everything()
        if outcome == HELD:
            shutil.rmtree(campaign.folder, ignore_errors=True)
        number += 1


def _damage_once(
    reference: Reference, source: Campaign, campaign: Campaign, tally: Tally, chance: random.Random
) -> str:
    path = chance.choice(list(victims(campaign)))
    harm = chance.choice(list(HARMS))
    damaged = HARMS[harm](path.read_bytes(), chance)
    if damaged == path.read_bytes():
        return HELD
    path.write_bytes(damaged)
    name = path.relative_to(campaign.folder).as_posix()
    ended = run(campaign, reference.arguments, chance)
    outcome = differences(reference, campaign, ended)
    if ended.status != 0 and "Traceback" not in ended.text and name.startswith(ONLY_COPIES):
        outcome = HELD
    elif outcome == HELD and source is reference.finished and campaign.starts() != source.starts():
        outcome = "a finished trial was trained again"
    elif outcome == HELD and not name.startswith(NOT_READ) and _is_unseen(campaign, path, damaged):
        outcome = f"still damaged, and not seen: {ended.text}"
    facts = {"file": name, "harm": harm, "status": ended.status, "said": _sentence(ended.text)}
    tally.add(f"damage below {name.split('/')[0]}", outcome, folder=str(campaign.folder), **facts)
    return outcome


def _is_unseen(campaign: Campaign, path: Path, damaged: bytes) -> bool:
    """Return True if a run left a file damaged, such as one that only training reads, and the doctor too."""
    if not path.exists() or path.read_bytes() != damaged:
        return False
    results = campaign.folder / "results"
    return str(path.relative_to(campaign.folder)).removeprefix("results/") not in " ".join(
        examined(results).split()
    )


def examined(results: Path) -> str:
    """Return what the doctor prints about a results folder."""
    command = [
        sys.executable,
        "-m",
        "simmer.doctor",
        str(results),
        "--config",
        str(ROOT / "config/config.yaml"),
    ]
    ended = subprocess.run(
        [*command, "--overlay", str(results.parent / "campaign.yaml")],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts"), "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout + ended.stderr


def _sentence(text: str) -> str:
    """Return what a run wrote, without the lines of its jobs."""
    lines = [line for line in text.splitlines() if not re.match(r"\d\d:\d\d |\d+ jobs? to run", line)]
    return "\n".join(lines)[:600]
