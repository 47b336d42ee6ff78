"""A commented configuration for a user to change, filled in for one ticker."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from simmer.base.flow_yaml import as_yaml
from simmer.config.dataset import DatasetSettings
from simmer.features.splits import SplitSpec

_OWN_FILES = """\
  source: csv                # your own files; bundled: S&P 500 and Nasdaq Composite, 1999 to 2018
  # `~/bars` is in your home folder; a relative folder begins where the campaign runs.
  folder: {folder}"""
_BUNDLED = """\
  # For your own files write `source: csv`, `folder: ~/bars`, and `file: SPY.csv` in the entry of the ticker.
  source: bundled            # S&P 500 and Nasdaq Composite, 1999 to 2018"""
_VIX = """\
    # The VIX adds eight features, together with the line `features: {vix: true}`:
    # - {ticker: VIX, kind: no_volume_index, file: VIX.csv}
"""


@dataclass(frozen=True, kw_only=True)
class Filling:
    """What is filled in.

    Attributes:
        check: the command that checks the configuration.
        folder: of the user's files; None for the bundled bars.
        entry: the ticker, as in `data.tickers`.
        facts: about its bars, in a few words.
        dataset: labels and context as in config.yaml.
        fractions, dates: the split, in both ways.
    """

    check: str
    folder: str | None
    entry: Mapping[str, Any]
    facts: str
    dataset: DatasetSettings
    fractions: SplitSpec
    dates: SplitSpec


def filled(filling: Filling) -> str:
    """Return the text of the configuration."""
    ticker = filling.entry["ticker"]
    source, more = _BUNDLED, ""
    if filling.folder is not None:
        source, more = _OWN_FILES.format(folder=as_yaml(filling.folder)), _VIX
    template = Template(Path(__file__).with_name("template.yaml").read_text(encoding="utf-8"))
    return template.substitute(
        check=filling.check,
        campaign=as_yaml(re.sub("[^a-z0-9.-]", "-", ticker.lower()).lstrip("-")),
        source=source,
        facts=filling.facts,
        entry=as_yaml(dict(filling.entry)),
        more=more,
        ticker=as_yaml(ticker),
        horizons=as_yaml(filling.dataset.horizons_days),
        threshold=filling.dataset.threshold,
        basis=filling.dataset.basis,
        train=filling.fractions.train_fraction,
        validation=filling.fractions.validation_fraction,
        train_end=filling.dates.train_end,
        validation_end=filling.dates.validation_end,
    )
