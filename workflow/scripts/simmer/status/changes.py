"""Differences between two configurations or studies, key by key, in words."""

from collections.abc import Mapping
from typing import Any

from simmer.base.flow_yaml import as_yaml
from simmer.base.text import plain, shortened
from simmer.base.words import listed

Changes = Mapping[str, tuple[Any, Any]]

FEATURES = "features_sha256"
_LONGEST_VALUE = 40
_MOST = 3


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the joined keys, such as `label.threshold`, whose values differ, with old and new value."""
    before, after = _by_path(old), _by_path(new)
    return {
        name: (before.get(name), after.get(name))
        for name in before | after
        if (name in before, before.get(name)) != (name in after, after.get(name))
    }


def in_words(found: Changes, *, most: int = _MOST) -> str:
    """Return changes as `threshold 0.01 instead of 0.005 and seed 2 instead of 1`."""
    shown = [_change(key, old, new) for key, (old, new) in list(found.items())[:most]]
    if len(found) > most:
        shown.append(f"{len(found) - most} more")
    return listed(shown) if shown else "nothing"


def value(found: Any) -> str:
    """Return a value on one line, as in a configuration."""
    text = found if isinstance(found, str) else as_yaml(found)
    return "absent" if found is None else shortened(plain(text), _LONGEST_VALUE)


def _change(key: str, old: Any, new: Any) -> str:
    if key == FEATURES:
        return "other bars or features"
    return f"{key.removeprefix('label.').removeprefix('dataset.')} {value(new)} instead of {value(old)}"


def _by_path(values: Any, path: str = "") -> dict[str, Any]:
    if (
        isinstance(values, list)
        and values
        and all(isinstance(one, Mapping) and "ticker" in one for one in values)
    ):
        values = {one["ticker"]: one for one in values}
    if not isinstance(values, Mapping) or not values:
        return {path: values}
    parts = (_by_path(one, f"{path}.{key}" if path else str(key)) for key, one in values.items())
    return {name: one for part in parts for name, one in part.items()}
