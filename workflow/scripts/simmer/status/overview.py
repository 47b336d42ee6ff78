"""Show the campaigns of several tickers, a row for each."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from simmer.base.text import plain, shortened
from simmer.config.tickers import folder_of
from simmer.status.campaign import Campaign, read_campaign
from simmer.status.configuration import find_configuration
from simmer.status.headline import headline
from simmer.status.last_run import last_run
from simmer.status.screen import NARROWEST, as_lines, as_text, command_lines
from simmer.status.trial_files import TrialReader

_COLUMNS = ("ticker", "trials", "state")
_LONGEST_STATE = 70


def results_of(results: Path, ticker: str) -> Path:
    """Return the folder of a ticker's results, beside those of the whole campaign."""
    return results.parent / folder_of(ticker) / results.name


def results_of_tickers(results: Path) -> list[Path]:
    """Return the folders of results of all tickers that were ever searched beside those of the campaign."""
    return sorted(results.parent.glob(f"{folder_of('*')}/{results.name}"))


def read_tickers(
    results: Path, tickers: Sequence[str], *, base: Path, now_s: float, read: TrialReader
) -> Iterator[tuple[str, Campaign | None]]:
    """Yield each ticker with the state of its campaign; None if it was not begun.

    Raises:
        SimmerError: when the files of a campaign cannot be read.
    """
    for ticker in tickers:
        own = results_of(results, ticker)
        if last_run(own) is None:
            yield ticker, None
            continue
        found = find_configuration(own, base=base)
        yield ticker, read_campaign(found, own, now_s=now_s, read=read)


def overview(
    campaigns: Iterator[tuple[str, Campaign | None]],
    *,
    width: int,
    begin: str | None,
    one: Callable[[str], str],
) -> list[str]:
    """Return the lines of the screen, none longer than the width.

    Args:
        campaigns: each ticker with the state of its campaign, as `read_tickers`.
        width: columns of the terminal.
        begin: the command that begins the whole campaign and goes on with it.
        one: returns the command that shows one ticker.
    """
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=False, header_style="")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name == "trials" else "left", no_wrap=name != "state")
    first, finished = None, True
    for ticker, campaign in campaigns:
        done, state = "-", "not begun"
        if campaign is not None:
            ended = sum(len(study.finished) for study in campaign.studies)
            done = f"{ended}/{sum(study.place.n_trials or 0 for study in campaign.studies)}"
            state = shortened(plain(headline(campaign, begin=None).state.partition(":")[0]), _LONGEST_STATE)
        is_finished = campaign is not None and campaign.finished
        if first is None or (finished and not is_finished):
            first = ticker
        finished = finished and is_finished
        table.add_row(ticker, done, as_text(state))
    width, parts = max(width, NARROWEST), [table]
    if begin and not finished:
        parts = [as_text("to begin or to continue:"), *_command(begin, width), "", *parts]
    if first is not None:
        parts += ["", as_text("one of them:"), *_command(one(first), width)]
    return as_lines(Group(*parts), width)


def _command(words: str, width: int) -> list[Text]:
    return [Text(line) for line in command_lines(plain(words), width)]
