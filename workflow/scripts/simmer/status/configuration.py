"""Find the configuration to show: the one that is named or, without a name, that of the last run."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simmer.base.errors import ConfigError
from simmer.config.campaign import Config, parse_config
from simmer.config.layers import merged
from simmer.config.reading import read_mapping
from simmer.config.tickers import tickers_of
from simmer.ledger.address import ledger_in
from simmer.status.changes import Changes
from simmer.status.last_run import LastRun, last_run

# Beside the shipped configuration: merged over it, it gives the one that was shipped before.
FORMER = "four-scales.yaml"


@dataclass(frozen=True, kw_only=True)
class FoundConfig:
    """A configuration, and what to say about it.

    Attributes:
        config: the configuration.
        raw: its keys and values as written.
        overlays: its files besides the shipped one, to be named in commands.
        options: further options of a command that runs it.
        last: the last run of the folder; None if it is not known.
        note: how the configuration was chosen; None if that goes without saying.
        lost: why the files of the last run cannot be read again; None if they can.
        base: the shipped file.
        ticker: the one of several tickers whose configuration it is; None if there is one.
    """

    config: Config
    raw: Mapping[str, Any] = field(default_factory=dict)
    overlays: tuple[Path, ...] = ()
    options: tuple[str, ...] = ()
    last: LastRun | None = None
    note: str | None = None
    lost: str | None = None
    base: Path | None = None
    ticker: str | None = None

    @property
    def name(self) -> str:
        """The file that a person knows it by."""
        return self.overlays[-1].name if self.overlays else "config.yaml"

    @property
    def former(self) -> tuple[Config, Path] | None:
        """The configuration with the one that was shipped before, and the file of that; None without it."""
        if self.base is None:
            return None
        path = self.base.with_name(FORMER)
        try:
            raw = merged([read_mapping(each) for each in (self.base, path, *self.overlays)])
            return parse_config(raw, self.ticker), path
        except ConfigError:
            return None

    @property
    def changed(self) -> Changes | None:
        """The keys that changed since the last run, with both values; None if the last run is not known."""
        return None if self.last is None else self.last.changes_to(self.raw)

    def require_readable(self) -> None:
        """Raise `ConfigError` if the files of the last run cannot be read again."""
        if self.lost:
            raise ConfigError(
                f"{self.lost}\nThat is the configuration of the last run: fix it, or name another: CONFIG="
            )

    @property
    def earlier(self) -> Config | None:
        """The configuration of the last run as it was then; None if it is not known or not valid now."""
        try:
            return None if self.last is None else parse_config(self.last.configuration, self.ticker)
        except ConfigError:
            return None


def find_configuration(
    results: Path, *, base: Path, overlays: Sequence[Path] = (), ticker: str | None = None
) -> FoundConfig:
    """Return the configuration to show for a folder of results.

    Args:
        results: the folder.
        base: the shipped configuration.
        overlays: the files merged over it; none for those of the last run.
        ticker: the one of several tickers to show; None if there is one.

    Raises:
        ConfigError: when a file that was named cannot be read, or is not a valid configuration.
        LedgerError: when the record of the last run must not be read.
    """
    last = last_run(results)
    if overlays or last is None:
        named = tuple(path for path in overlays if path != base)
        note = None
        if last is None and not named and ledger_in(results).is_dir():
            note = f"no run is recorded here; showing {base.name}, another one is named by CONFIG="
        if last is not None and (last.overlays, last.options) != (tuple(map(_absolute, named)), []):
            note = f"the last run used {last.words}; without CONFIG that is shown"
        raw = merged([read_mapping(path) for path in (base, *named)])
        return FoundConfig(
            config=parse_config(raw, ticker),
            raw=raw,
            overlays=named,
            last=last,
            note=note,
            base=base,
            ticker=ticker,
        )
    shown = overlays_of(last)
    note = f"the last run used {last.words}; showing that" if shown or last.options else None
    lost = None
    try:
        raw = merged(layers_of(last, base=base))
        config = parse_config(raw, ticker)
    except ConfigError as error:
        raw, lost = last.configuration, str(error)
        config = parse_config(raw, ticker)
        why = lost.splitlines()[0]
        note = f"showing the settings of the last run, because its files cannot be used now: {why}"
    return FoundConfig(
        config=config,
        raw=raw,
        overlays=shown,
        options=tuple(last.options),
        last=last,
        note=note,
        lost=lost,
        base=base,
        ticker=ticker,
    )


def tickers_in(results: Path, *, base: Path, overlays: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the tickers of a campaign over several; none if it has one. Arguments as `find_configuration`.

    Raises:
        ConfigError: when a file that was named cannot be read, or a pattern fits no ticker.
        LedgerError: when the record of the last run must not be read.
    """
    last = last_run(results)
    try:
        if overlays or last is None:
            layers = [read_mapping(path) for path in (base, *(path for path in overlays if path != base))]
        else:
            layers = layers_of(last, base=base)
        tickers = tickers_of(merged(layers))
    except ConfigError:
        if overlays or last is None:
            raise
        tickers = tickers_of(last.configuration)
    return tickers if len(tickers) > 1 else ()


def overlays_of(last: LastRun) -> tuple[Path, ...]:
    """Return the files of the last run besides the shipped one, relative to the working folder."""
    return tuple(Path(os.path.relpath(path)) for path in last.overlays)


def layers_of(last: LastRun, *, base: Path) -> list[Mapping[str, Any]]:
    """Return what was merged into the configuration of the last run, read again.

    Raises:
        ConfigError: when a file cannot be read.
    """
    shipped = [] if last.replaces_shipped else [base]
    return [*(read_mapping(path) for path in (*shipped, *map(Path, last.overlays))), last.given]


def _absolute(path: Path) -> str:
    return str(path.absolute())
