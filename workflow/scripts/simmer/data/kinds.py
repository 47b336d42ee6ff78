"""The kinds of tickers, and what each means for its bars and features."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["etf", "stock", "index", "no_volume_index", "crypto", "currency"]
KINDS = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class KindRules:
    """What is expected of the bars of a kind.

    Attributes:
        volume: whether trading volume is known; without it there are no features of volume.
        fractional: whether a volume may have decimals.
        idle_share: largest accepted share of days without a range, and of days without volume. With 0 each
            such day is an error, otherwise one warning names all.
        gap_share: largest accepted share of sessions without a bar.
        large_return: a larger relative move of the close in a day is a warning.
        jump: a Close that is multiplied or divided by this in a day needs consent.
        splits: whether such a move may be a split.
    """

    volume: bool = True
    fractional: bool = False
    idle_share: float
    gap_share: float = 0.0
    large_return: float = 0.25
    jump: float = 2.0
    splits: bool = True


# The largest real moves in a day: 22.6 % of an index, 115.6 % of the VIX. An illiquid stock has days without
# a trade or with a single price. On which holidays a currency has a rate differs by vendor.
RULES = {
    "etf": KindRules(idle_share=0),
    "stock": KindRules(idle_share=0.25),
    "index": KindRules(idle_share=1),
    "no_volume_index": KindRules(volume=False, idle_share=1, large_return=1.5, jump=4.0),
    "crypto": KindRules(fractional=True, idle_share=0.05, large_return=0.5, jump=4.0, splits=False),
    "currency": KindRules(volume=False, idle_share=0.05, gap_share=0.02, large_return=0.1, splits=False),
}
