"""Name a study for people: campaign, ticker and label, which its fingerprint and scale do not show."""

from dataclasses import dataclass
from typing import Any

from simmer.base.words import first_upper
from simmer.ledger.results import Number


@dataclass(frozen=True, kw_only=True)
class About:
    """What a study is about; None where that is not known.

    Attributes:
        campaign: name of the campaign that began it, or first ran it with a version that records the name.
        ticker: whose bars it learns from.
        threshold: fraction of the close that the price must rise by.
        basis: the price that must reach it, `high` or `close`.
    """

    campaign: str | None = None
    ticker: str | None = None
    threshold: Number | None = None
    basis: str | None = None

    @property
    def recorded(self) -> dict[str, str]:
        """The known values that are recorded beside the settings of a study, which have the others."""
        return {name: value for name, value in self.known.items() if name in ("campaign", "ticker")}

    @property
    def known(self) -> dict[str, Any]:
        """The known values by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def label(self) -> str | None:
        """The label in short: `high 0.01`."""
        return None if self.threshold is None else f"{self.basis} {self.threshold}"

    @property
    def words(self) -> str:
        """The known values in one line: `campaign main, ticker SPY, threshold 0.01, basis high`."""
        return ", ".join(f"{name} {value}" for name, value in self.known.items())

    @property
    def sentence(self) -> str:
        """The same as a sentence; empty if nothing is known."""
        return f"{first_upper(self.words)}." if self.words else ""

    @property
    def beside_campaign(self) -> dict[str, Any]:
        """The values that complete a result, which has its campaign, by name."""
        return {name: value for name, value in vars(self).items() if name != "campaign"}


UNKNOWN = About()
