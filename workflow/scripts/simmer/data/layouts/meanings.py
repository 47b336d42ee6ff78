"""Which column of a file is which column of bars, and what is wrong with its header."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simmer.base.text import quote
from simmer.base.words import listed
from simmer.data.bars_csv import COLUMNS, EXTRA_COLUMNS, PRICES
from simmer.data.layouts.declared import to_write
from simmer.data.layouts.form import Sheet
from simmer.data.layouts.names import GAINS, LEFT_OUT, PERIOD, TICKER, TICKS, TIME, key_of, meaning_of

_NEEDED = ("Date", *PRICES)
# Taken without being declared, also beside declared columns.
_ALWAYS = (*COLUMNS, TIME, PERIOD, TICKER, TICKS)
_YFINANCE = {"dividends", "stocksplits"}


@dataclass(frozen=True, kw_only=True)
class Meanings:
    """The columns in use.

    Attributes:
        places: by meaning, the index of a column among `Sheet.names`.
        unnamed: indices of columns without a name, which must be empty or count the rows.
        left_out: the names of the others.
        problems: what is wrong with the header, in the order in which one mends it.
        is_adjusted: True if the vendor has adjusted the prices for dividends, as the header shows.
    """

    places: Mapping[str, int]
    unnamed: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_adjusted: bool = False


@dataclass
class _Found:
    places: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def meanings_of(sheet: Sheet, declared: Mapping[str, str] | None) -> Meanings:
    """Return the meaning of each column; a name that is not known is a problem, unless some are declared.

    Args:
        sheet: the form of the file.
        declared: by column of the bars, the name in the file. The others are found by their names.
    """
    names, found = sheet.names, _Found()
    for ours, theirs in (declared or {}).items():
        _take_declared(found, names, ours, theirs)
    by_meaning = defaultdict(list)
    for place, name in enumerate(names):
        meaning = meaning_of(name)
        # One column may be several of the bars', as a close that is also Open, High and Low.
        if meaning and (place not in found.places.values() or meaning in COLUMNS):
            by_meaning[meaning].append(place)
    unnamed = [place for place, name in enumerate(names) if key_of(name) == ""]
    if "Date" not in by_meaning and by_meaning.get(TIME):
        by_meaning["Date"] = by_meaning.pop(TIME)
    elif "Date" not in by_meaning and unnamed[:1] == [0] and "Date" not in found.places:
        by_meaning["Date"] = [unnamed[0]]
    extra = () if declared else (*EXTRA_COLUMNS, GAINS)
    for meaning, places in by_meaning.items():
        if meaning == LEFT_OUT or meaning in found.places or meaning not in (*_ALWAYS, *extra):
            continue
        if len(places) > 1:
            both = listed([quote(names[place]) for place in places])
            choices = ({"columns": {meaning: names[place]}} for place in places)
            found.problems.append(f"{both} may each be {meaning}; {to_write(*choices)}")
        found.places[meaning] = places[0]
    used = set(found.places.values())
    _refuse_missing(found, names)
    unknown = [name for place, name in enumerate(names) if place not in used and _is_unknown(name)]
    if unknown and not declared and not found.problems:
        known = {meaning: names[place] for meaning, place in found.places.items() if meaning in COLUMNS}
        found.problems.append(
            f"the header has columns that are not known, {', '.join(map(quote, unknown[:5]))}; to leave "
            f"them out, {to_write({'columns': known})}"
        )
    is_adjusted = not declared and "Adj Close" not in found.places and _has_vendors_actions(names)
    if is_adjusted:
        for meaning in ("Dividends", "Stock Splits", GAINS):
            found.places.pop(meaning, None)
    used = set(found.places.values())
    return Meanings(
        places=found.places,
        unnamed=tuple(place for place in unnamed if place not in used),
        left_out=tuple(name for place, name in enumerate(names) if place not in used and key_of(name)),
        problems=tuple(found.problems),
        is_adjusted=is_adjusted,
    )


def _take_declared(found: _Found, names: Sequence[str], ours: str, theirs: str) -> None:
    places = [place for place, name in enumerate(names) if name == theirs.strip()]
    if len(places) == 1:
        found.places[ours] = places[0]
        return
    shown = ", ".join(map(quote, names[:12]))
    what = "has twice" if places else "does not have"
    found.problems.append(f"columns.{ours} is {quote(theirs)}, which the header {what}; its columns: {shown}")


def _is_unknown(name: str) -> bool:
    return key_of(name) != "" and meaning_of(name) is None


def _has_vendors_actions(names: Sequence[str]) -> bool:
    """True for dividends and splits beside prices as yfinance writes them, by default adjusted."""
    return {key_of(name) for name in names} >= _YFINANCE


def _refuse_missing(found: _Found, names: Sequence[str]) -> None:
    missing = [name for name in _NEEDED if name not in found.places]
    if not missing or found.problems:
        return
    of = {meaning: names[place] for meaning, place in found.places.items()}
    others = [name for place, name in enumerate(names) if place not in found.places.values() and key_of(name)]
    series = of.get("Close") or of.get("Adj Close") or (others[0] if len(others) == 1 else None)
    if "Date" in of and series and not {"Open", "High", "Low"} & of.keys() and len(others) <= 1:
        kind = "closing prices only"
        if "Close" not in of:
            kind = (
                "adjusted closing prices only" if "Adj Close" in of else f"one series only, {quote(series)}"
            )
        block = {"Date": of["Date"], **dict.fromkeys(PRICES, series)}
        found.problems.append(
            f"the file has {kind}; labels and indicators need Open, High and Low, too: use a file that has "
            "them. For a level whose bars may be without a range, such as the VIX, "
            + to_write({"columns": block})
        )
    elif missing == ["Close"] and "Adj Close" in of:
        found.problems.append(
            "the file has an adjusted close and no Close; Open, High and Low beside it are adjusted or not. "
            f"If they are, {to_write({'columns': {'Close': of['Adj Close']}})}; if not, use a file with Close"
        )
    else:
        unknown = [name for name in others if meaning_of(name) is None]
        named = {name: unknown[place] for place, name in enumerate(missing) if place < len(unknown)}
        advice = (
            f"if it is under another name, {to_write({'columns': named})}, with the right names"
            if named
            else "use a file that has a date, Open, High, Low and Close"
        )
        shown = ", ".join(map(quote, names[:12]))
        found.problems.append(f"the header lacks {listed(missing)}; it has {shown}: {advice}")
