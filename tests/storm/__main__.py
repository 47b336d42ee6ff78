"""Interrupt and damage small campaigns at random for some minutes, and tally what held.

    make storm MINUTES=30            one more batch; all batches share storm/tally.jsonl
    make storm MINUTES=30 SEED=7     the batch with this seed
    make storm ONLY=damage           only cases of this kind

Exits with status 1 if a case did not hold; its campaign stays below storm/ to be looked at.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "workflow/scripts")]

from storm.batch import KINDS, run_batch  # noqa: E402
from storm.tally import Tally  # noqa: E402


def main() -> None:
    """Run a batch from the command line."""
    parser = argparse.ArgumentParser(prog="make storm", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=sorted(set(KINDS)))
    given = parser.parse_args()
    # In the background of a script SIGINT is ignored, under nohup SIGHUP, and the programs started here would
    # inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    print(f"seed {given.seed}", flush=True)
    tally = Tally(given.folder.absolute() / "tally.jsonl")
    run_batch(
        given.folder.absolute(),
        tally,
        seed=given.seed,
        minutes=given.minutes,
        workers=given.workers,
        kinds=[given.only] if given.only else KINDS,
    )
    print(tally.text())
    sys.exit(bool(tally.failures()))


if __name__ == "__main__":
    main()
