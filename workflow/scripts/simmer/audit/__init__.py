"""The leakage audit: check that no input, label or statistic uses data after its decision row."""
