"""How campaign.tar.xz was made: a small campaign, left in the middle of a trial by the code of e52975c.

At one day ahead trials 0 and 1 are finished and trial 2 was stopped by SIGTERM; at three days everything is
finished, a refit included. `unbroken.json` is the result of the same trial 2, not stopped. Run once, in a
checkout of that commit in /srv/simmer, so that neither a path nor a name of a machine got into the archive:

    unshare --uts bash -c 'hostname anywhere; PYTHONPATH=tests:workflow/scripts .venv/bin/python \
        make_campaign.py campaign.tar.xz'
"""

import json
import os
import signal
import sys
import tarfile
from pathlib import Path

from simmer.data.bars_csv import PRICES, canonical_csv
from support import campaign as support
from support.bars import session_bars
from support.configs import ROOT

HOME = Path("/srv/campaign")
SECOND, THIRD = (f"results/hpo/debug/h1/trial_{number:03d}.json" for number in (1, 2))
FINISHED = (
    "results/refits/debug/h3/refit_0.json",
    "results/baselines/h3.json",
    "results/baselines/h1.json",
    "results/figures/hardware_debug_h3.svg",
    "results/figures/search_history_debug_h3.svg",
    "results/data_dictionary.md",
    SECOND,
)
# Made-up bars of less than five years, so that the archive stays small; only a stop writes a checkpoint.
ROWS = 1150
OVERLAY = {
    "data": {"source": "csv", "tickers": [{"ticker": "GSPC", "kind": "index", "file": "bars.csv"}]},
    "dataset": {"horizons_days": [1, 3], "min_validation_decisions": 100},
    "scales": {
        "debug": {
            "epochs_max": 12,
            "space": {"batch_size": {"values": [32, 64]}},
            "default": {"batch_size": 32},
        }
    },
    "training": {"checkpoint_interval_s": 3600, "patience_epochs": 12},
    "thermal": {"profile": "default"},
    "evidence": {"seeds": 1},
}
# Older than any file that a test writes, even if the clock is behind the one of this run.
AGE_S = 300 * 86_400
LEFT_OUT = (".snakemake/log", ".snakemake/scripts", ".snakemake/locks", "results/.compiled", "output_")


class Campaign(support.Campaign):
    """Run by the command that a user types: a lock repeats its words."""

    def command(self, *arguments):
        program = [str(ROOT / ".venv/bin/snakemake"), "-s", str(ROOT / "Snakefile")]
        return [*program, *super().command(*arguments)[5:]]

    def of_first_horizon(self, number):
        """Return what the ledger holds of a trial one day ahead, by file name."""
        found = (self.folder / "results/ledger").glob(f"*/debug/h1/trial_{number:03d}/*")
        return {path.name: path for path in found}


def main(archive):
    support.TIMEOUT_S = 600
    campaign = Campaign(HOME / "campaign", support.SMALL, OVERLAY)
    bars = session_bars(ROWS, seed=11)
    bars[list(PRICES)] = bars[list(PRICES)].round(2)
    (campaign.folder / "bars.csv").write_bytes(canonical_csv(bars))
    for target in FINISHED:
        campaign.run(target).succeeded()

    unbroken = campaign.copy_to(HOME / "unbroken")
    Campaign(unbroken.folder, campaign.config).run(THIRD).succeeded()

    def epochs():
        events = campaign.of_first_horizon(2).get("events.jsonl")
        return events.read_text().count('"event": "epoch"') if events else 0

    run = campaign.start(THIRD)
    run.until(lambda: epochs() >= 2, "the second epoch")
    trainer = json.loads((campaign.folder / "results/ledger/locks/debug/h1/trial_002.lock").read_text())[
        "pid"
    ]
    os.kill(trainer, signal.SIGTERM)
    run.failed()
    assert "non-zero exit status 75" in run.text, run.text
    assert "stopped after a checkpoint at epoch 3, step " in run.text, run.text
    assert "step 0 of" not in run.text, run.text
    (_,) = json.loads(campaign.of_first_horizon(2)["checkpoints.json"].read_text())

    with tarfile.open(archive, "w:xz", preset=9, format=tarfile.PAX_FORMAT) as tar:
        tar.add(unbroken.folder / THIRD, "unbroken.json", filter=nobodys)
        tar.add(campaign.folder, "campaign", filter=nobodys)


def nobodys(member):
    if member.name.removeprefix("campaign/").startswith(LEFT_OUT):
        return None
    member.mtime -= AGE_S
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(sys.argv[1])
