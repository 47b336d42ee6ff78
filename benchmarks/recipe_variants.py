"""The variants of the training recipe that are compared, each an overlay of the shipped configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from setting import ROOT
from simmer.config.campaign import Config, parse_config
from simmer.config.layers import merged
from simmer.config.reading import read_mapping
from simmer.search.space import Value
from walk_forward import SHIPPED_FILE, WalkForwardSet

SHIPPED = "shipped"


@dataclass(frozen=True)
class Variant:
    """A named change of the shipped configuration.

    Attributes:
        overlay: keys and values that are merged over it.
        pooled: True to train on the windows of the other series, too.
    """

    name: str
    overlay: Mapping[str, Any] = field(hash=False)
    pooled: bool = False

    @cache  # noqa: B019 - a benchmark has few variants
    def config(self, one: WalkForwardSet) -> Config:
        """Return the configuration of the variant on a set."""
        pool = {"dataset": {"pool": [one.other_ticker]}} if self.pooled else {}
        return parse_config(merged([_shipped(), self.overlay, pool, one.overlay()]))


def hyperparameters(**values: Value) -> dict[str, Any]:
    """Return an overlay that fixes hyperparameters at every scale, in its default and its space."""
    space = {
        key: {"values": [value], "low": None, "high": None, "log": None} for key, value in values.items()
    }
    return {"scales": {scale: {"space": space, "default": values} for scale in _shipped()["scales"]}}


def variant(name: str) -> Variant:
    """Return the variant with this name, or that of a configuration file.

    Raises:
        ConfigError: when the file cannot be read.
    """
    return VARIANTS.get(name) or Variant(Path(name).stem, read_mapping(Path(name)))


@cache
def _shipped() -> Mapping[str, Any]:
    return read_mapping(SHIPPED_FILE)


_THIRTY_EPOCHS = {"scales": {"200k": {"epochs_max": 30}}}  # there was no 200k
_TABLE = (
    Variant(SHIPPED, {}),
    Variant("sliding patches", {"model": {"patch_days": 10, "stride_days": 5, "nested_days": None}}),
    Variant("cosine", {"training": {"schedule": "cosine"}}),
    Variant("no average", hyperparameters(average_epochs=0.0)),
    Variant("no volatility columns", {"features": {"volatility": False}}),
    Variant("pooled", {}, pooled=True),
    Variant("four scales", merged([read_mapping(ROOT / "config/four-scales.yaml"), _THIRTY_EPOCHS])),
    Variant("dropout 0.4, decay 1", hyperparameters(dropout=0.4, weight_decay=1.0)),
    Variant("depth 1", hyperparameters(depth=1)),
    Variant("3e-4", hyperparameters(learning_rate=3e-4)),
    Variant("batch 128", hyperparameters(batch_size=128)),
)
VARIANTS = {one.name: one for one in _TABLE}
