"""Model inputs from bars: feature tables, labels, splits, datasets."""
