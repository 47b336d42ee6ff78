import pytest

from support.ledger_book import LedgerBook


@pytest.fixture
def book(tmp_path):
    return LedgerBook(tmp_path, {"run_scales": ["2M"], "scales": {"2M": {"n_trials": 5}}})
