"""Find the run whose result is published at an address."""

from pathlib import Path, PurePath

from simmer.base.records import read_record
from simmer.ledger.address import Address, ledger_in
from simmer.ledger.copies import ADVICE
from simmer.ledger.results import RefitResult, TrialResult
from simmer.ledger.run_files import KINDS, RunFiles


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
        not isinstance(result, TrialResult | RefitResult)
        or results / result.address.published("json") != path
        or PurePath(result.fingerprint).name != result.fingerprint
    ):
        return None
    return RunFiles(ledger_in(results) / result.fingerprint, result.address)
