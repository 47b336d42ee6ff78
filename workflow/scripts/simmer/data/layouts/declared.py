"""Words for the keys of a ticker's entry that say how its file is read."""

from typing import Any

from simmer.base.flow_yaml import as_yaml


def to_write(*choices: dict[str, Any]) -> str:
    """Return the advice to write one of these mappings of keys into a ticker's entry."""
    return f"write into its entry in data.tickers {in_words(*choices)}"


def in_words(*choices: dict[str, Any]) -> str:
    """Return mappings of keys as YAML, each in backticks, joined by "or"."""
    # Without the braces, so that a person can paste it into an entry.
    return " or ".join(f"`{as_yaml(choice)[1:-1]}`" for choice in choices)
