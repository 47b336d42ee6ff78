"""Facts about this machine, its power settings, and the preflight checks for a scale."""
