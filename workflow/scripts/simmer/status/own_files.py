"""Say which own files of a campaign differ from the snapshots in use, and what that means."""

from pathlib import Path

from simmer.config.campaign import Config


def news_of_files(config: Config, data: Path) -> list[str]:
    """Return a line for each own file that changed.

    Args:
        config: the configuration. A relative `data.folder` begins in the working folder.
        data: folder of snapshots and acquired bars.
    """
    if config.data.source != "csv":
        return []
    from simmer.data.changed_files import changed_files, in_words  # imports pandas

    return [in_words(change) for change in changed_files(config.data, data, searched=config.dataset.tickers)]
