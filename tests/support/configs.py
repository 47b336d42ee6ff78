"""The shipped configuration, with overlays, for tests."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import yaml

from simmer.config.campaign import Config, parse_config
from simmer.data.settings import DataSettings
from simmer.data.tickers import KNOWN_TICKERS, TickerSpec

ROOT = Path(__file__).parents[2]

# The shipped campaign before it had six scales; people's folders hold its studies.
FOUR_SCALES = yaml.safe_load((ROOT / "config/four-scales.yaml").read_text(encoding="utf-8"))


def raw_config(*overlays: Mapping) -> dict:
    """Return config/config.yaml with overlays merged as Snakemake does."""
    merged = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    for overlay in overlays:
        merge(merged, overlay)
    return merged


def merge(into: dict, overlay: Mapping) -> None:
    for key, value in overlay.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = deepcopy(value)


def default_config(*overlays: Mapping) -> Config:
    """Return the shipped configuration, with overlays, as dataclasses."""
    return parse_config(raw_config(*overlays))


def data_settings(*tickers: str | TickerSpec, **changes: object) -> DataSettings:
    """Return settings of the bundled bars, with changes; known tickers may be given by name."""
    specs = (
        spec if isinstance(spec, TickerSpec) else TickerSpec(spec, KNOWN_TICKERS[spec].kind)
        for spec in tickers or ("GSPC", "IXIC")
    )
    values = {
        "source": "bundled",
        "folder": None,
        "end": None,
        "adjustment": "dividends",
        "calendar": "XNYS",
        "tickers": tuple(specs),
    }
    return DataSettings(**(values | changes))
