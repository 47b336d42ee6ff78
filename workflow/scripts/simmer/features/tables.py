"""Write a feature table and its manifest entry, which has the hashes of the bars."""

import logging
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import simmer
from simmer.base.errors import DataError
from simmer.base.files import write_json
from simmer.data.manifest import Provenance, describe_resource
from simmer.data.tables import write_table
from simmer.features.columns import VOLUME_FEATURES
from simmer.features.indicators import FeatureTable

# Packages whose versions may change the values or the bytes of a table.
_MADE_WITH = ("TA-Lib", "numpy", "pandas", "pyarrow")

logger = logging.getLogger(__name__)


def keep_features(
    features: FeatureTable, *, made_of: Sequence[Mapping[str, Any]], table: Path, resource: Path
) -> None:
    """Write a feature table as parquet, and its manifest entry next to it.

    Args:
        features: the table.
        made_of: manifest entries of the bars, the ticker's own first.
        table: path of the parquet file.
        resource: path of the entry.

    Raises:
        DataError: when an entry of the bars lacks a key.
    """
    logger.info(
        "%s: %d rows, %d rows of warm-up dropped; %s has the longest warm-up",
        *(table.name, len(features.frame), features.dropped_rows, features.last_to_start),
    )
    write_table(features.frame, table)
    for raw in made_of:
        lacking = {"ticker", "kind", "adjustment", "calendar", "path", "hash"} - raw.keys()
        if lacking:
            raise DataError(
                f"the entry of the bars lacks {', '.join(sorted(lacking))}; acquire the bars again"
            )
    own = made_of[0]
    tools = [f"simmer {simmer.__version__}", *(f"{name} {version(name)}" for name in _MADE_WITH)]
    provenance = Provenance(
        ticker=own["ticker"],
        kind=own["kind"],
        adjustment=own["adjustment"],
        tool=", ".join(tools),
        sources=tuple(
            {"title": f"raw bars of {raw['ticker']}", "path": raw["path"], "hash": raw["hash"]}
            for raw in made_of
        ),
        calendar=own["calendar"],
    )
    entry = describe_resource(
        table.name, content=table.read_bytes(), frame=features.frame, provenance=provenance
    )
    facts: dict[str, Any] = {
        "dropped_rows": features.dropped_rows,
        "last_to_start": features.last_to_start,
        "first_valid_rows": dict(features.starts),
    }
    left_out = [name for name in VOLUME_FEATURES if name not in features.frame.columns]
    if left_out and "Close" in features.frame.columns:
        logger.info("%s: %s left out for want of volume", table.name, ", ".join(left_out))
        facts["left_out"] = left_out
    write_json(resource, entry | facts)
