"""The hyperparameters and the states of trials in words, with units."""

from simmer.search.space import Choice, Dimension, Value

_UNITS = {
    "depth": "encoder layers",
    "head_width": "dimensions of a head",
    "ff_ratio": "feed-forward width / width",
    "learning_rate": "peak of the schedule",
    "weight_decay": "decoupled, of matrices",
    "warmup_fraction": "share of all steps",
    "dropout": "probability",
    "batch_size": "windows per step",
    "label_smoothing": "share of a label",
    "focal_gamma": "exponent of the loss",
    "input_form": "how inputs are normalised",
}
STATES = {
    "complete": "completed",
    "pruned": "pruned",
    "out_of_time": "out of time",
    "diverged": "diverged",
    "out_of_memory": "out of memory",
}


def spoken(key: str) -> str:
    """Return a key without its underscores."""
    return key.replace("_", " ")


def unit(key: str, dimension: Dimension) -> str:
    """Return what a hyperparameter is counted in, and whether its range is a logarithmic one."""
    log = ", log axis" if not isinstance(dimension, Choice) and dimension.log else ""
    return _UNITS[key] + log


def number(value: Value) -> str:
    """Return a fraction in three digits, a whole number or a name as it is."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
