"""The record of how a file was read: kept with its snapshot, and said to the user in one line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simmer.base.errors import DataError
from simmer.base.text import plain, quote
from simmer.base.words import count
from simmer.data.layouts.dates import written_like
from simmer.data.layouts.days import AS_WRITTEN
from simmer.data.layouts.names import PERIOD, TICKER, key_of
from simmer.data.tickers import READING_KEYS, TickerSpec, is_date_form, is_zone

_VOLUMES = {"none": "no volume", "rounded": "volume rounded", "ticks": "volume in ticks"}
_ORDERS = {"newest_first": "newest first", "oldest_first": "oldest first"}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file was read.

    Attributes:
        layout: the name of its layout.
        columns: by column of the bars, the name of the file's column.
        date_format: see `simmer.data.layouts.dates`.
        decimal: the sign for decimals.
        separator: what separates fields.
        order: `oldest_first` or `newest_first`.
        timezone: in which the bars' days are days; None for plain dates.
        ticker: the text in the file that names the ticker; None if the file names none.
        volume: `rounded` for values such as 1.23M, `ticks` for numbers of price changes, `none` if there is
            none; None if it is as it is.
        left_out: what was not used: names of `columns`, numbers of `rows_of_other_tickers` and `empty_rows`.
        adjustment: how the prices are adjusted, in words; None if unknown.
        notes: what else was done, or what a person should know, a sentence each.
        declared: the keys of the ticker's entry that decided.
    """

    layout: str
    columns: Mapping[str, str]
    date_format: str
    decimal: str
    separator: str
    order: str
    timezone: str | None = None
    ticker: str | None = None
    volume: str | None = None
    left_out: Mapping[str, Any] = field(default_factory=dict)
    adjustment: str | None = None
    notes: tuple[str, ...] = ()
    declared: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the record as plain values, without what is empty."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain_values = {
            name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
        }
        return {name: value for name, value in plain_values.items() if value not in (None, {}, [])}

    def __str__(self) -> str:
        renamed = [
            f"{name} from {plain(theirs)!r}"
            for name, theirs in self.columns.items()
            if key_of(name) != key_of(theirs) and name not in (TICKER, PERIOD)
        ]
        parts = [*renamed, f"dates like {written_like(self.date_format)}"]
        parts += [f"days of {self.timezone}"] if self.timezone not in (None, AS_WRITTEN) else []
        parts += [_ORDERS[self.order]] if self.order == "newest_first" else []
        parts += ["decimal commas"] if self.decimal == "," else []
        parts += [f"rows of {plain(self.ticker)!r}"] if self.ticker else []
        parts += [_VOLUMES[self.volume]] if self.volume else []
        if self.left_out.get("columns"):
            parts.append("left out " + ", ".join(repr(plain(name)) for name in self.left_out["columns"]))
        if self.left_out.get("rows_of_other_tickers"):
            parts.append(f"{count(self.left_out['rows_of_other_tickers'], 'row')} of other tickers left out")
        if self.left_out.get("empty_rows"):
            parts.append(
                f"{count(self.left_out['empty_rows'], 'row')} without values on closed days left out"
            )
        return f"read as {self.layout}: " + ", ".join([*parts, *self.notes])


def declared_in(spec: TickerSpec) -> dict[str, Any]:
    """Return the keys of a ticker's entry that say how its file is read."""
    found = {key: getattr(spec, key) for key in READING_KEYS}
    return {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in found.items() if value
    }


def reading_in(entry: Mapping[str, Any]) -> Reading | None:
    """Return the record in the manifest entry of a snapshot; None if the file is the workflow's own layout.

    Raises:
        DataError: when it is damaged.
    """
    found = entry.get("reading")
    if found is None:
        return None
    sound = (
        isinstance(found, Mapping)
        and found.keys() <= Reading.__dataclass_fields__.keys()
        and isinstance(found.get("layout"), str)
        and isinstance(form := found.get("date_format"), str)
        and is_date_form(form)
        and found.get("decimal") in (".", ",")
        and found.get("separator") in (",", ";", "\t")
        and found.get("order") in _ORDERS
        and found.get("volume") in (None, *_VOLUMES)
        and all(isinstance(found.get(key, ""), str) for key in ("timezone", "ticker", "adjustment"))
        and (found.get("timezone", AS_WRITTEN) == AS_WRITTEN or is_zone(found["timezone"]))
        and _is_texts(found.get("columns"))
        and all(isinstance(found.get(key, {}), Mapping) for key in ("left_out", "declared"))
        and _is_list_of_texts(found.get("notes", []))
    )
    if not sound:
        raise DataError(
            f"the manifest entry has the reading {quote(found)}; expected how the file was read: delete the "
            "snapshot and its entry, and register the file again"
        )
    return Reading(**{**found, "notes": tuple(found.get("notes", ()))})


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(each, str) for pair in value.items() for each in pair
    )
