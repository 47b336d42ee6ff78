"""A campaign over several tickers: one campaign each, in a folder of its own.

`dataset.ticker` names one ticker, several in a list, or a pattern such as `*`. One ticker, however it is
written, is an ordinary campaign. Of several, each gets its own configuration, folder, data and ledger, so
a ticker that fails stops no other, and no other is trained again when one is added or left out.
"""

import fnmatch
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from simmer.base.errors import ConfigError
from simmer.base.flow_yaml import as_yaml
from simmer.base.plain_values import as_plain_json
from simmer.data.own_files import own_folder
from simmer.data.tickers import VIX_TICKER

FOLDER = Path("tickers")
CONFIGURATION = "config.yaml"
_PATTERN = frozenset("*?[")
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, where it was built


def folder_of(ticker: str) -> Path:
    """Return the folder of a ticker's campaign, below that of all tickers."""
    return FOLDER / ticker


def tickers_of(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tickers that a configuration searches, in the order of the list and of `data.tickers`.

    Patterns leave out the ticker of the VIX. A value that is neither a name nor a list of names has none: the
    configuration is then refused when it is parsed.

    Raises:
        ConfigError: when a pattern finds no ticker, or a list is empty.
    """
    written = _block(raw, "dataset").get("ticker")
    patterns = [written] if isinstance(written, str) else written
    if not isinstance(patterns, list | tuple) or not all(isinstance(one, str) for one in patterns):
        return ()
    known = [name for name in map(_name_of, _entries(raw)) if name is not None]
    found: dict[str, None] = {}
    for pattern in patterns:
        names = [pattern]
        if _PATTERN & set(pattern):
            names = [name for name in known if name != VIX_TICKER and fnmatch.fnmatchcase(name, pattern)]
        if not names:
            raise ConfigError(
                f"dataset.ticker: found the pattern `{pattern}`, which fits no ticker of data.tickers "
                f"({as_yaml(known)}); expected one that does: correct it, or add the tickers there"
            )
        found.update(dict.fromkeys(names))
    if not found:
        raise ConfigError("dataset.ticker: found an empty list, expected at least one ticker: write one")
    return tuple(found)


def of_ticker(
    raw: Mapping[str, Any], ticker: str, *, tickers: Sequence[str], together: int | None = None
) -> dict[str, Any]:
    """Return the configuration of one of the tickers of a campaign, as one would write it for that alone.

    It keeps only the entries of `data.tickers` that this ticker needs, and relative folders begin in the
    ticker's own. Its claims share the chance of a wrong one with all the others (`evidence.tickers`).

    Args:
        raw: the configuration of the whole campaign.
        ticker: one of its tickers.
        tickers: all of them.
        together: how many share that chance, as there may have been others; by default these.
    """
    own = dict(raw)
    dataset, features, data = (dict(_block(raw, name)) for name in ("dataset", "features", "data"))
    own["dataset"] = dataset | {"ticker": ticker}
    if len(tickers) == 1:
        return own
    pool = dataset.get("pool")
    if isinstance(pool, list | tuple):
        own["dataset"]["pool"] = [name for name in pool if name != ticker]
    needed = {ticker, *(own["dataset"].get("pool") or ())}
    if features.get("vix"):
        needed.add(VIX_TICKER)
    entries = [entry for entry in _entries(raw) if _name_of(entry) in needed]
    if ticker in map(_name_of, entries):  # else the whole list, which the message about it shows
        data["tickers"] = entries
    if data.get("source") == "csv" and isinstance(data.get("folder"), str | None):
        data["folder"] = _from(ticker, own_folder(data.get("folder")))
    if data:
        own["data"] = data
    thermal = _block(raw, "thermal")
    if isinstance(thermal.get("sysfs_root"), str):
        own["thermal"] = {**thermal, "sysfs_root": _from(ticker, Path(thermal["sysfs_root"]))}
    own["evidence"] = dict(_block(raw, "evidence")) | {"tickers": together or len(tickers)}
    return own


def as_file(own: Mapping[str, Any], ticker: str) -> str:
    """Return the configuration of one ticker as the text of its file."""
    head = (
        f"# The campaign of {ticker}, one of several tickers. Written at each start of the whole campaign.\n"
    )
    return head + yaml.dump(as_plain_json(own), Dumper=_DUMPER, sort_keys=False, allow_unicode=True)


def _from(ticker: str, folder: Path) -> str:
    """Return the path of a folder as seen from that of a ticker, so that all may be moved together."""
    return str(folder) if folder.is_absolute() else os.path.relpath(folder, folder_of(ticker))


def _entries(raw: Mapping[str, Any]) -> Sequence[Any]:
    entries = _block(raw, "data").get("tickers")
    return entries if isinstance(entries, list | tuple) else ()


def _name_of(entry: Any) -> str | None:
    name = entry.get("ticker") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) else None


def _block(raw: Any, name: str) -> Mapping[str, Any]:
    block = raw.get(name) if isinstance(raw, Mapping) else None
    return block if isinstance(block, Mapping) else {}
