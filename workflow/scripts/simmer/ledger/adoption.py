"""Copy the studies of one ticker into the ledger of its own campaign, so that nothing is computed twice."""

import contextlib
import shutil
from pathlib import Path

from simmer.base.errors import LedgerError
from simmer.base.files import user_facing_os_errors
from simmer.ledger.about import About
from simmer.ledger.address import homes_in, ledger_in
from simmer.ledger.study_file import read_about


def adopt_studies(results: Path, own: Path, ticker: str) -> int:
    """Copy what the ledger of `results` has of a ticker to `own`, unless there is a ledger already.

    Returns:
        The number of studies that were copied.

    Raises:
        LedgerError: when they cannot be copied; nothing is left then.
    """
    root, ledger = ledger_in(results), ledger_in(own)
    if ledger.exists() or not root.is_dir():
        return 0
    with user_facing_os_errors(ledger):
        homes = [home for home in homes_in(root) if home.is_dir() and _about(home).ticker == ticker]
        if not homes:
            return 0
        aside = ledger.with_name(f".{ledger.name}.copying")
        shutil.rmtree(aside, ignore_errors=True)
        for home in homes:
            shutil.copytree(home, aside / home.name, symlinks=True)
        aside.rename(ledger)
    return len(homes)


def _about(home: Path) -> About:
    with contextlib.suppress(LedgerError):
        return read_about(home)
    return About()
