"""The rows or columns of one ticker in a file of several, and the ticker that a file says it is of."""

import re
from collections.abc import Sequence

from simmer.base.text import quote
from simmer.base.words import count
from simmer.data.layouts.declared import to_write
from simmer.data.tickers import TickerSpec

_MOST_SHOWN = 5
_SYMBOL = re.compile(r"\^?[A-Z0-9.=-]{1,20}")


def is_of(text: str, spec: TickerSpec) -> bool:
    """True if a text in a file names a ticker: without capitals, caret and the suffix of a country."""
    wanted = {_plain(name) for name in (spec.symbol or spec.ticker, spec.vendor_symbol)}
    return _plain(text) in wanted or re.sub(r"\.[a-z]{1,2}$", "", _plain(text)) in wanted


def chosen_ticker(texts: Sequence[str], spec: TickerSpec) -> tuple[str | None, str | None]:
    """Return the text in a file that names the ticker, or why there is none.

    Args:
        texts: the different tickers of the file.
        spec: the ticker of which bars are wanted.
    """
    named = [text for text in texts if is_of(text, spec)]
    exact = [text for text in named if text in (spec.symbol, spec.ticker)] or named
    if len(exact) == 1:
        return exact[0], None
    shown = ", ".join(map(quote, sorted(exact or texts)[:_MOST_SHOWN]))
    more = ", ..." if len(exact or texts) > _MOST_SHOWN else ""
    wanted = spec.symbol or spec.ticker
    if exact:
        return None, f"the file has several tickers like {wanted}: {shown}{more}; expected one"
    if len(texts) == 1 and not _SYMBOL.fullmatch(texts[0].upper()):
        return texts[0], None  # a company's name, which says nothing about the ticker
    if len(texts) == 1:
        return None, (
            f"the file is of the ticker {shown}, not of {wanted}; use the file of {wanted}, or if this "
            f"is it, " + to_write({"symbol": texts[0].upper()})
        )
    example = next((text.upper() for text in sorted(texts) if _SYMBOL.fullmatch(text.upper())), "NAME")
    return None, (
        f"the file holds {count(len(texts), 'ticker')} ({shown}{more}) and none is {wanted}; to choose one, "
        f"{to_write({'symbol': example})}"
    )


def _plain(text: str) -> str:
    return text.strip().casefold().lstrip("^")
