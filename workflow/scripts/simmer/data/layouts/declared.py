"""The keys of a ticker's entry that say how its file is read: as advice, and from a command line."""

from typing import Any

import yaml

from simmer.base.errors import ConfigError
from simmer.base.flow_yaml import as_yaml
from simmer.base.text import quote
from simmer.data.tickers import CHOICE_KEYS, READING_KEYS


def to_write(*choices: dict[str, Any]) -> str:
    """Return the advice to write one of these mappings of keys into a ticker's entry."""
    return f"write into its entry in data.tickers {in_words(*choices)}"


def reading_keys(text: str) -> dict[str, Any]:
    """Return the keys of an entry that a command line gives as YAML, such as `start: 2005-01-01`.

    Raises:
        ConfigError: when it is not YAML, or has other keys.
    """
    try:
        found = yaml.safe_load(f"{{{text}}}")
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # such as a date that does not exist
        found = str(error).splitlines()[0]
    known = (*READING_KEYS, *CHOICE_KEYS)
    if not isinstance(found, dict) or not found.keys() <= {*known, "symbol"}:
        raise ConfigError(
            f"found READ={quote(text)}; expected keys of a ticker's entry as YAML, {', '.join(known)} "
            "or symbol, such as READ=\"date_format: '%d/%m/%Y'\""
        )
    return found


def in_words(*choices: dict[str, Any]) -> str:
    """Return mappings of keys as YAML, each in backticks, joined by "or"."""
    # Without the braces, so that a person can paste it into an entry.
    return " or ".join(f"`{as_yaml(choice)[1:-1]}`" for choice in choices)
