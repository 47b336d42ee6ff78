"""The configuration of the last run, which is kept in its folder of results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simmer.base.errors import DamagedError
from simmer.base.plain_values import as_plain_json
from simmer.base.records import read_record, write_record
from simmer.base.typed_json import as_json, from_values
from simmer.status.changes import Changes, changes

FILE = "last_run.json"


@dataclass(frozen=True, kw_only=True)
class LastRun:
    """The configuration of a run.

    Attributes:
        overlays: the files merged over the shipped one, in order, as absolute paths.
        replaces_shipped: True if the files replace the shipped one.
        given: keys and values given on the command line, which are merged last.
        configuration: all of them merged, as plain JSON values.
    """

    overlays: tuple[str, ...]
    given: Mapping[str, Any]
    configuration: Mapping[str, Any]
    replaces_shipped: bool = False

    @property
    def name(self) -> str:
        """The file that a person knows it by."""
        return Path(self.overlays[-1]).name if self.overlays else "config.yaml"

    def changes_to(self, configuration: Mapping[str, Any]) -> Changes:
        """Return the keys whose values differ in another configuration, with the old and the new value."""
        return changes(self.configuration, as_plain_json(configuration))

    @property
    def words(self) -> str:
        """The file and the options."""
        return " ".join([self.name, *self.options])

    @property
    def options(self) -> list[str]:
        """The options of a run with this configuration, besides its files."""
        given = [
            f"{key}={value if isinstance(value, str) else json.dumps(value)}"
            for key, value in self.given.items()
        ]
        return ["--replace-workflow-config"] * self.replaces_shipped + (["--config", *given] if given else [])


def remember_run(results: Path, run: LastRun) -> None:
    """Write the configuration of the run that starts now.

    Raises:
        LedgerError: when it cannot be written.
    """
    write_record(results / FILE, as_plain_json(as_json(run)))


def last_run(results: Path) -> LastRun | None:
    """Return the configuration of the last run in a folder of results; None if it is not known.

    Raises:
        LedgerError: when it must not be read.
    """
    path, advice = results / FILE, "the next run writes it again"
    try:
        values = read_record(path, advice=advice)
        return None if values is None else from_values(LastRun, values, where=path, advice=advice)
    except DamagedError:
        return None
