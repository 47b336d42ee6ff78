"""Damage to files: cut, zeroed, changed at a random place, replaced by JSON of another shape.

Every file below the results, the data and Snakemake's own folder may be hit; no list is kept. The same
command must then restore it, or end with one sentence; no finished trial is trained again.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
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
    """Damage some files at a time of a finished campaign and of one that was stopped in mid-training.

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
    harmed = {}
    for path in _without_copies(list(victims(campaign)), chance, chance.choice((1, 2, 3, 4))):
        how, content = chance.choice(list(HARMS)), path.read_bytes()
        damaged = HARMS[how](content, chance)
        if damaged != content:
            path.write_bytes(damaged)
            harmed[path] = how, damaged
    ended = run(campaign, reference.arguments, chance)
    outcome = differences(reference, campaign, ended)
    names = {path: path.relative_to(campaign.folder).as_posix() for path in harmed}
    unread = [path for path, name in names.items() if not name.startswith(NOT_READ)]
    if ended.status != 0 and "Traceback" not in ended.text and _names_bars(ended.text, names.values()):
        outcome = HELD
    elif outcome == HELD and source is reference.finished and campaign.starts() != source.starts():
        outcome = "a finished trial was trained again"
    elif outcome == HELD and any(_is_unseen(campaign, path, harmed[path][1]) for path in unread):
        outcome = f"still damaged, and not seen: {ended.text}"
    for path, name in names.items():
        facts = {"file": name, "harm": harmed[path][0], "with": len(harmed) - 1, "status": ended.status}
        tally.add(
            f"damage below {name.split('/')[0]}",
            outcome,
            folder=str(campaign.folder),
            said=_sentence(ended.text),
            **facts,
        )
    return outcome


def _without_copies(paths: list[Path], chance: random.Random, number: int) -> list[Path]:
    """Choose files of which no two are copies of each other: of one trial at most one."""
    chosen: dict[str, Path] = {}
    for path in chance.sample(paths, len(paths)):
        trial = re.search(r"trial_\d+", str(path))
        chosen.setdefault(trial[0] if trial else str(path), path)
        if len(chosen) == number:
            break
    return list(chosen.values())


def _names_bars(text: str, names: Iterable[str]) -> bool:
    """Return True if a refusal names one of the damaged bars."""
    return any(name.startswith(ONLY_COPIES) and Path(name).name.split(".")[0] in text for name in names)


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
