"""What a search did and found, as figures of one study: its history, what mattered, what it covered."""
