"""A batch: several storms side by side until a time is over."""

import random
import shutil
import signal
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

from simmer.base.provenance import code_digest
from storm.campaigns import LONG_EPOCHS, SHORT_EPOCHS, Reference, reference
from storm.damage import storm_of_damage
from storm.hardships import storm_of_hardships
from storm.kills import storm_of_kills
from storm.tally import Tally
from support.campaign import Campaign

SLICE_S = 120
KINDS = ("kills", "kills", "damage", "damage", "hardships")


def run_batch(
    folder: Path, tally: Tally, *, seed: int, minutes: float, workers: int, kinds: Sequence[str] = KINDS
) -> None:
    """Run storms in worker processes until the time is over; each finishes the case it is at.

    Args:
        folder: for references and copies; references are made once for each version of the code.
        tally: shared by all workers and batches.
        seed: of all choices.
        minutes: of the batch, without the making of references.
        workers: storms side by side.
        kinds: those to choose from, the more often named the more often chosen.
    """
    made = folder / f"references_{code_digest()}"
    long = [reference(made / f"long_{cores}", cores=cores, epochs=LONG_EPOCHS) for cores in (1, 2)]
    short = reference(made / "short", cores=1, epochs=SHORT_EPOCHS)
    begun = stopped_in_training(short, made / "begun")
    end_s = time.monotonic() + 60 * minutes
    processes = [
        get_context("spawn").Process(
            target=_work,
            args=(folder / f"worker_{number}", long, short, begun, tally, f"{seed}/{number}", end_s, kinds),
        )
        for number in range(workers)
    ]
    for process in processes:
        process.start()
    for number, process in enumerate(processes):
        process.join()
        if process.exitcode != 0:
            tally.add("storm", f"worker {number} ended with status {process.exitcode}")


def stopped_in_training(found: Reference, folder: Path) -> Campaign:
    """Return a copy whose second trial was stopped in mid-training; made unless it is there."""
    if not (folder / "stopped").exists():
        shutil.rmtree(folder, ignore_errors=True)
        campaign = found.prepared.copy_to(folder)
        run = campaign.start(*found.arguments)
        run.until(lambda: campaign.in_epoch(1, 5), "the second trial in training")
        run.signal_group(signal.SIGTERM)
        run.wait()
        campaign.kill_everything()
        (folder / "stopped").touch()
    return Campaign(folder, found.finished.config)


def _work(
    folder: Path,
    long: Sequence[Reference],
    short: Reference,
    begun: Campaign,
    tally: Tally,
    seed: str,
    end_s: float,
    kinds: Sequence[str],
) -> None:
    chance = random.Random(seed)

    def over() -> bool:
        return time.monotonic() > end_s

    number = 0
    while not over():
        one = folder / f"{seed.replace('/', '_')}_{number}"
        failed_before = len(tally.failures())
        slice_s = time.monotonic() + SLICE_S

        def until(slice_s: float = slice_s) -> bool:
            return over() or time.monotonic() > slice_s

        kind = chance.choice(kinds)
        if kind == "kills":
            storm_of_kills(chance.choice(long), one, tally, chance, until=over)
        elif kind == "damage":
            storm_of_damage(short, begun, one, tally, chance, until=until)
        else:
            storm_of_hardships(short, one, tally, chance, until=until)
        if len(tally.failures()) == failed_before:
            shutil.rmtree(one, ignore_errors=True)
        number += 1
