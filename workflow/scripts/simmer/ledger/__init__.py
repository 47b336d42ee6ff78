"""The ledger: what was computed, and the only place that knows its paths."""
