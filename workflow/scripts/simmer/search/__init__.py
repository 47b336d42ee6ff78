"""The search: space, suggestion, trial, ledger."""
