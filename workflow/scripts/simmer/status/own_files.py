"""Say which own files of a campaign differ from the snapshots in use, and what that means."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from simmer.config.campaign import Config


def news_of_files(config: Config, data: Path, searched: Sequence[str] | None = None) -> list[str]:
    """Return a line for each own file that changed, and one with the command that shows the changes.

    Args:
        config: the configuration. A relative `data.folder` begins in the folder that holds `data`.
        data: folder of snapshots and acquired bars.
        searched: the tickers that count as searched; None for those of the configuration.
    """
    data = data.absolute()
    if config.data.source != "csv" or not data.parent.is_dir():
        return []
    from simmer.data.changed_files import changed_files, in_words, way_on  # imports pandas

    with contextlib.chdir(data.parent):
        changes = changed_files(config.data, data, searched=tuple(searched or config.dataset.tickers))
    lines = (line for change in changes for line in (in_words(change), way_on(change)))
    return [line for line in lines if line is not None]
