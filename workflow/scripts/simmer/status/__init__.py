"""How a campaign stands: its files, read beside it and never touched, on one screen."""
