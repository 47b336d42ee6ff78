"""simmer: parameter-scaling searches that survive heat, sleep and power cuts."""

__version__ = "0.1.0"
