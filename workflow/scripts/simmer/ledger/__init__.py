"""The ledger: stored results, and the only package that knows their paths."""
