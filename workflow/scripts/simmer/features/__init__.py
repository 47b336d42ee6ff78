"""From bars to model inputs: indicators, labels, splits, windows."""
