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
from simmer.status.last_run import LastRun, last_run


@dataclass(frozen=True, kw_only=True)
class FoundConfig:
    """A configuration, and what to say about it.

    Attributes:
        config: the configuration.
        raw: its keys and values as written.
        overlays: its files besides the shipped one, to be named in commands.
        last: the last run of the folder; None if it is not known.
        note: how the configuration was chosen; None if that goes without saying.
    """

    config: Config
    raw: Mapping[str, Any] = field(default_factory=dict)
    overlays: tuple[Path, ...] = ()
    last: LastRun | None = None
    note: str | None = None

    @property
    def name(self) -> str:
        """The file that a person knows it by."""
        return self.overlays[-1].name if self.overlays else "config.yaml"

    @property
    def earlier(self) -> Config | None:
        """The configuration of the last run as it was then; None if it is not known or not valid now."""
        try:
            return None if self.last is None else parse_config(self.last.configuration)
        except ConfigError:
            return None


def find_configuration(results: Path, *, base: Path, overlays: Sequence[Path] = ()) -> FoundConfig:
    """Return the configuration to show for a folder of results.

    Args:
        results: the folder.
        base: the shipped configuration.
        overlays: the files merged over it; none for those of the last run.

    Raises:
        ConfigError: when a file that was named cannot be read, or is not a valid configuration.
        LedgerError: when the record of the last run must not be read.
    """
    last = last_run(results)
    if overlays or last is None:
        named = tuple(path for path in overlays if path != base)
        note = None
        if last is not None and list(last.files) != [str(path.absolute()) for path in (base, *named)]:
            note = f"the last run used {last.name}; without CONFIG that is shown"
        raw = _read([base, *named])
        return FoundConfig(config=parse_config(raw), raw=raw, overlays=named, last=last, note=note)
    shown = tuple(Path(os.path.relpath(path)) for path in last.overlays)
    note = f"the last run used {last.name}; showing that" if shown else None
    try:
        raw = _read(list(map(Path, last.files)), last.given)
        config = parse_config(raw)
    except ConfigError as error:
        raw, config = last.configuration, parse_config(last.configuration)
        note = f"showing the settings of the last run, because they cannot be read again: {error}"
    return FoundConfig(config=config, raw=raw, overlays=shown, last=last, note=note)


def _read(paths: Sequence[Path], *given: Mapping[str, Any]) -> Mapping[str, Any]:
    return merged([*map(read_mapping, paths), *given])
