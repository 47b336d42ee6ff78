"""A configuration in several files: each is merged over the ones before it.

A file can add keys, but it cannot take back a key of an earlier file by leaving it out. So where the keys of
two files exclude each other, those of the later file count.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simmer.base.words import listed
from simmer.config.campaign import Config, parse_config
from simmer.config.reading import read_mapping

# Config block `dataset.split` is given in one of these ways; of both in one file the last counts.
WAYS = (("train_fraction", "validation_fraction"), ("train_end", "validation_end"))


def read_config(paths: Sequence[Path]) -> Config:
    """Return the configuration in these files.

    Raises:
        ConfigError: if a file cannot be read, or the result is not a valid configuration.
    """
    return parse_config(merged([read_mapping(path) for path in paths]))


def merged(layers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the keys and values of a configuration, each layer merged over the ones before it."""
    raw: dict[str, Any] = {}
    for layer in layers:
        _merge(raw, layer)
    return without(raw, replaced(layers))


def replaced(layers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the keys of the split that do not count, because the other pair does.

    The last layer that gives a pair decides; if it gives both, the dates count.
    """
    inherited: set[str] = set()
    lost: set[str] = set()
    for layer in layers:
        given = {key for key, value in _split(layer).items() if value is not None}
        ways = [set(way) for way in WAYS if given & set(way)]
        inherited |= given
        lost = inherited - ways[-1] if ways else lost
    return tuple(key for way in WAYS for key in way if key in lost)


def given_twice(layers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each layer that gives the split in both ways."""
    unused = filter(None, (replaced([layer]) for layer in layers))
    return [
        f"dataset.split: the dates count; {listed(keys)} {'does' if len(keys) == 1 else 'do'} not: delete "
        f"{'it' if len(keys) == 1 else 'them'}"
        for keys in unused
    ]


def without(raw: Mapping[str, Any], keys: Sequence[str]) -> Mapping[str, Any]:
    """Return a merged configuration with these keys of the split set to null."""
    split = _split(raw)
    if not keys or not split:
        return raw
    return {**raw, "dataset": {**raw["dataset"], "split": split | dict.fromkeys(keys)}}


def _split(layer: Mapping[str, Any]) -> dict[str, Any]:
    dataset = layer.get("dataset")
    split = dataset.get("split") if isinstance(dataset, Mapping) else None
    return dict(split) if isinstance(split, Mapping) else {}


def _merge(into: dict[str, Any], overlay: Mapping[str, Any]) -> None:
    for key, value in overlay.items():
        if isinstance(value, Mapping):
            below = into.get(key)
            into[key] = dict(below) if isinstance(below, Mapping) else {}
            _merge(into[key], value)
        else:
            into[key] = value
