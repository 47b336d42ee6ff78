"""Show the state of a campaign on one screen, from its files, which are only read."""
