"""Format the studies of a ledger as a table."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from simmer.base.text import plain, shortened
from simmer.base.words import ago, count, listed, size
from simmer.status.catalogue import ListedStudy
from simmer.status.screen import NARROWEST, as_lines, as_text

_COLUMNS = (
    *("id", "study", "campaign", "ticker", "label", "train", "validation"),
    *("trials", "best", "base rate", "last used", "size"),
)
_AT_RIGHT = ("trials", "best", "base rate", "size")
# Left out on a narrow terminal, in this order.
_DISPENSABLE = ("train", "validation", "campaign", "size", "base rate", "last used", "label", "ticker")
_GAP = 2  # blanks between two columns
_LONGEST_NAME = 20
_UNKNOWN = "unknown"


def screen(studies: Sequence[ListedStudy], *, width: int | None, now_s: float) -> list[str]:
    """Return the lines of the table, none longer than the width.

    Args:
        studies: at least one, in the order in which they are shown.
        width: columns of the terminal; None to leave out nothing.
        now_s: seconds since 1970.
    """
    rows = [dict(zip(_COLUMNS, _cells(study, now_s), strict=True)) for study in studies]
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in _COLUMNS}
    whole = _length(widths, _COLUMNS)
    width = whole if width is None else max(width, NARROWEST)
    shown = list(_COLUMNS)
    for name in _DISPENSABLE:
        if _length(widths, shown) > width:
            shown.remove(name)
    table = Table(box=None, padding=(0, 0, 0, _GAP), pad_edge=False, header_style="")
    for name in shown:
        table.add_column(name, justify="right" if name in _AT_RIGHT else "left")
    for row in rows:
        table.add_row(*(as_text(row[name]) for name in shown))
    parts: list[RenderableType] = [table]
    left_out = [name for name in _COLUMNS if name not in shown]
    if left_out:
        parts += ["", as_text(f"{listed(left_out)}: in a terminal of {whole} columns")]
    return as_lines(Group(*parts), width)


def describe(study: ListedStudy) -> str:
    """Return a study in a line: `2M/h2 3f2a9c1 (ticker SPY, threshold 0.01, basis high), 9 trials, 81 kB`."""
    names = f" ({study.about.words})" if study.about.words else ""
    trials = count(len(study.progress.finished), "trial")
    return f"{study.name} {study.short}{names}, {trials}, {size(study.size_bytes)}"


def _length(widths: dict[str, int], names: Sequence[str]) -> int:
    return sum(widths[name] for name in names) + _GAP * (len(names) - 1)


def _cells(study: ListedStudy, now_s: float) -> Iterator[str]:
    about, best, base_rate = study.about, study.progress.best, study.progress.base_rate_loss
    yield study.short
    yield study.name
    yield shortened(plain(about.campaign or _UNKNOWN), _LONGEST_NAME)
    yield plain(about.ticker or _UNKNOWN)
    yield plain(about.label or _UNKNOWN)
    yield from _dates(study)
    yield f"{len(study.progress.finished)}" + (f" + {study.begun} begun" if study.begun else "")
    yield "-" if best is None or best.loss is None else f"{best.loss:.4f}"
    yield "-" if base_rate is None else f"{base_rate:.4f}"
    yield "-" if study.last_used_s is None else ago(study.last_used_s, now_s)
    yield size(study.size_bytes)


def _dates(study: ListedStudy) -> tuple[str, str]:
    if study.dataset is None:
        return _UNKNOWN, _UNKNOWN
    train, validation = study.dataset.train, study.dataset.validation
    return plain(f"{train.first_date} to {train.last_date}"), plain(f"to {validation.last_date}")
