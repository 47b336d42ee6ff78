"""Find published results, and the run that each is of."""

from collections.abc import Iterator
from pathlib import Path, PurePath

from simmer.base.errors import LedgerError
from simmer.base.files import user_facing_os_errors
from simmer.base.records import read_record
from simmer.ledger.address import PUBLISHED_RUNS, Address, ledger_in
from simmer.ledger.copies import ADVICE
from simmer.ledger.results import RaceResult, RefitResult, TrialResult
from simmer.ledger.run_files import KINDS, RunFiles


def published_in(results: Path) -> Iterator[Address]:
    """Yield the addresses of all published trials, race runs and refits below a folder of results.

    Raises:
        LedgerError: when a folder cannot be read.
    """
    for folder in (results / name for name in PUBLISHED_RUNS):
        with user_facing_os_errors(folder):
            paths = sorted(folder.rglob("*.json"))
        for path in paths:
            try:
                address = Address.parse(path.relative_to(results))
            except LedgerError:
                continue  # a table
            if results / address.published("json") == path:
                yield address


def run_published_at(address: Address, results: Path) -> RunFiles | None:
    """Return the run whose result is published at an address, of any study; None if there is none.

    Args:
        address: of the published result.
        results: the folder of results.

    Raises:
        DamagedError: when the result is damaged.
        LedgerError: when it must not be read.
    """
    path = results / address.published("json")
    values = read_record(path, advice=ADVICE)
    if values is None:
        return None
    result = KINDS[address.purpose].from_values(values, where=path, advice=ADVICE)
    if (
        not isinstance(result, TrialResult | RaceResult | RefitResult)
        or results / result.address.published("json") != path
        or PurePath(result.fingerprint).name != result.fingerprint
    ):
        return None
    return RunFiles(ledger_in(results) / result.fingerprint, result.address)
