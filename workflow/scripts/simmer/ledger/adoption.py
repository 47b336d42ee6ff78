"""Copy studies from one results folder to another, so that no trial is trained twice.

A ticker that was searched alone has its studies in `results`; as one of several, in a folder of its own.
"""

import contextlib
import shutil
from pathlib import Path

from simmer.base.errors import LedgerError
from simmer.base.files import user_facing_os_errors
from simmer.ledger.about import About
from simmer.ledger.address import homes_in, ledger_in
from simmer.ledger.study_file import read_about


def adopt_studies(source: Path, target: Path, ticker: str) -> int:
    """Copy the studies of a ticker that only `source` has, and those of older versions, which name no ticker.

    Args:
        source, target: folders of results.
        ticker: whose studies are copied.

    Returns:
        The number of studies that were copied.

    Raises:
        LedgerError: when one cannot be copied; nothing is left of it then.
    """
    root, ledger = ledger_in(source), ledger_in(target)
    if not root.is_dir():
        return 0
    with user_facing_os_errors(ledger):
        homes = [
            home
            for home in homes_in(root)
            if home.is_dir() and not (ledger / home.name).exists() and _about(home).ticker in (ticker, None)
        ]
        for home in homes:
            aside = ledger / f".{home.name}.copying"
            shutil.rmtree(aside, ignore_errors=True)
            shutil.copytree(home, aside, symlinks=True)
            aside.rename(ledger / home.name)
    return len(homes)


def _about(home: Path) -> About:
    with contextlib.suppress(LedgerError):
        return read_about(home)
    return About(ticker="")
