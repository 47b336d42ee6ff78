"""Validation rules for daily bars, by the kind of their ticker."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.errors import ConfigError
from simmer.base.text import quote
from simmer.data.bars_csv import COLUMNS, FIRST_LINE, PRICES, dtypes_of
from simmer.data.choices import NO_CHOICES, Choices
from simmer.data.kinds import KINDS, RULES, KindRules
from simmer.data.problems import Finding, Problem, Severity, shorten
from simmer.data.session_rules import session_findings, weekend_findings
from simmer.data.tables import DATE_DTYPE
from simmer.data.tickers import KNOWN_TICKERS
from simmer.data.vouching import vouched_for

# Adjusted prices have rounding errors of about 1e-7, so High and Low cannot be compared strictly.
PRICE_RELATIVE_TOLERANCE = 1e-6
SPLIT_RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 10.0)
SPLIT_TOLERANCE = 0.02
VOLUME_JUMP = 1.5
EQUAL_BARS = 5
# Close below Low on this share and number of rows means an adjusted Close with unadjusted prices.
MIXED_SHARE, MIXED_ROWS = 0.05, 20
EARLIEST_DATE = np.datetime64("1900-01-01")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the rules say of bars: problems, and by day (ISO) the reasons of exceptions that were needed."""

    problems: list[Problem]
    vouched: dict[str, str]


def check_bars(frame: pd.DataFrame, **rules: Any) -> list[Problem]:
    """Check a frame from `parse_bars` or `acquire` against every rule and return all problems.

    Args and errors: as of `judge_bars`.
    """
    return judge_bars(frame, **rules).problems


def judge_bars(
    frame: pd.DataFrame,
    *,
    file_name: str,
    kind: str,
    calendar: str | None,
    now: datetime | None = None,
    ticker: str | None = None,
    choices: Choices = NO_CHOICES,
) -> Judgement:
    """Check a frame from `parse_bars` or `acquire` against every rule.

    Args:
        frame: `COLUMNS`; row i is line i + 2 of the file.
        file_name: name of the file in the problems.
        kind: one of `KINDS`, which decides what is expected of volumes, ranges and moves.
        calendar: exchange_calendars name such as "XNYS"; `None` skips the session rules.
        now: with a time zone, by default the current time. A day is refused that has not begun in any time
            zone then, and a bar whose session is not over is a warning.
        ticker: ticker of the bars; funds in `KNOWN_TICKERS` cannot have bars before their listing.
        choices: with the days that are vouched for. The span is that of the frame already.

    Raises:
        ConfigError: for an unknown kind or calendar.
    """
    if kind not in KINDS:
        raise ConfigError(f"kind is {quote(kind)}; expected one of {', '.join(KINDS)}")
    now, expected = now or datetime.now(UTC), RULES[kind]
    latest = np.datetime64((now.astimezone(UTC) + timedelta(hours=14)).date())
    findings = list(_layout_findings(frame))
    if not findings:
        findings = [*_date_findings(frame, latest), *_listing_findings(frame, ticker)]
        # Prices near the largest float64 overflow; the rules report them, so numpy need not warn.
        with np.errstate(over="ignore"):
            findings += [*_price_findings(frame), *_containment_findings(frame)]
            excepted = choices.excepted(frame["Date"].to_numpy().astype("datetime64[D]"))
            findings += [
                *_volume_findings(frame, kind, excepted),
                *_range_findings(frame, expected, excepted),
            ]
            findings += [*_return_findings(frame, expected), *_stale_findings(frame, kind)]
        if calendar is None:
            findings += weekend_findings(frame)
        elif not any(finding.rule == "date_range" for finding in findings):
            findings += session_findings(frame, calendar, kind, now, choices)
    findings, vouched = vouched_for(findings, choices, bars=len(frame))
    problems = shorten(
        Problem(file_name, None if row is None else row + FIRST_LINE, rule, message, severity)
        for row, rule, message, severity, _ in findings
    )
    return Judgement(problems=problems, vouched=vouched)


def _layout_findings(frame: pd.DataFrame) -> Iterator[Finding]:
    expected = dtypes_of(COLUMNS, frame)
    found = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    if list(found.items()) != list(expected.items()):
        yield Finding(None, "layout", f"columns and dtypes are {found}; expected {expected}", "error")
    elif frame.empty:
        yield Finding(None, "empty", "there are no rows; expected one bar a day", "error")
    elif frame["Date"].isna().any():
        yield Finding(int(frame["Date"].isna().argmax()), "date_format", "the date is missing", "error")


def _date_findings(frame: pd.DataFrame, latest: np.datetime64) -> Iterator[Finding]:
    dates = frame["Date"].to_numpy()
    days = dates.astype("datetime64[D]")
    for row in np.flatnonzero(days.astype(DATE_DTYPE) != dates):
        yield Finding(
            int(row), "date_format", f"{dates[row]} has a time of day; expected a plain date", "error"
        )
    for row in np.flatnonzero(np.diff(days) <= np.timedelta64(0)) + 1:
        if days[row] == days[row - 1]:
            yield Finding(
                int(row), "duplicate", f"{days[row]} appears twice; expected one bar a day", "error"
            )
        else:
            message = f"{days[row]} comes after {days[row - 1]}; expected ascending dates"
            yield Finding(int(row), "order", message, "error")
    for row in np.flatnonzero((days > latest) | (days < EARLIEST_DATE)):
        message = f"{days[row]} is outside {EARLIEST_DATE}..{latest}; expected a day that has been traded"
        yield Finding(int(row), "date_range", message, "error")


def _listing_findings(frame: pd.DataFrame, ticker: str | None) -> Iterator[Finding]:
    known = KNOWN_TICKERS.get(ticker or "")
    if known is not None and known.kind == "etf":
        days = frame["Date"].to_numpy().astype("datetime64[D]")
        for row in np.flatnonzero(days < np.datetime64(known.first_date)):
            message = (
                f"{days[row]} is before {ticker} was listed ({known.first_date}); expected no bar so early, "
                f"so these are another ticker's bars: use the file of {ticker}"
            )
            yield Finding(int(row), "listing", message, "error")


def _price_findings(frame: pd.DataFrame) -> Iterator[Finding]:
    for name in PRICES:
        values = frame[name].to_numpy()
        for row in np.flatnonzero(~np.isfinite(values)):
            yield Finding(int(row), "finite", f"{name} is {values[row]}; expected a finite price", "error")
        for row in np.flatnonzero(values <= 0):
            yield Finding(int(row), "positive", f"{name} is {values[row]}; expected a price above 0", "error")


def _containment_findings(frame: pd.DataFrame) -> Iterator[Finding]:
    open_, high, low, close = (frame[name].to_numpy() for name in PRICES)
    below = np.flatnonzero(close < low * (1 - PRICE_RELATIVE_TOLERANCE))
    if len(below) >= MIXED_ROWS and len(below) > MIXED_SHARE * len(frame):
        message = (
            f"Close is below Low on {len(below)} of {len(frame)} rows, first here; Close seems to be "
            "adjusted and Open, High and Low not: use all four adjusted, or all four as traded"
        )
        yield Finding(int(below[0]), "mixed_adjustment", message, "error")
        return
    for row in np.flatnonzero(high * (1 + PRICE_RELATIVE_TOLERANCE) < np.maximum.reduce([open_, low, close])):
        message = f"High {high[row]} is below Open, Low or Close; expected the day's highest price"
        yield Finding(int(row), "containment", message, "error")
    for row in np.flatnonzero(low * (1 - PRICE_RELATIVE_TOLERANCE) > np.minimum.reduce([open_, high, close])):
        message = f"Low {low[row]} is above Open, High or Close; expected the day's lowest price"
        yield Finding(int(row), "containment", message, "error")


def _volume_findings(frame: pd.DataFrame, kind: str, excepted: np.ndarray) -> Iterator[Finding]:
    volume, expected = frame["Volume"].to_numpy(), RULES[kind]
    for row in np.flatnonzero(volume < 0):
        yield Finding(int(row), "volume", f"Volume is {volume[row]}; expected 0 or more", "error")
    if not expected.volume:
        traded = int((volume > 0).sum())
        if traded:
            message = f"Volume is above 0 on {traded} rows; expected none for a {kind}: check the kind"
            yield Finding(None, "volume", message, "warning")
        return
    allowed = np.isfinite(volume) if expected.fractional else volume == np.trunc(volume)
    for row in np.flatnonzero(~allowed):
        wanted = "a number" if expected.fractional else "a whole number of shares"
        yield Finding(int(row), "decimals", f"Volume is {volume[row]}; expected {wanted}", "error")
    empty = np.flatnonzero(volume == 0)
    if kind == "index" and len(empty):
        begin = int(np.argmax(volume > 0)) if (volume > 0).any() else len(volume)
        if begin == len(volume):
            message = "there is no volume, which indicators need; if this is right, set kind: no_volume_index"
            yield Finding(None, "no_volume", message, "warning")
        elif begin > 0:
            day = frame["Date"].iat[begin]
            message = f"volume begins on {day:%Y-%m-%d}, after {begin} rows; features begin after that day"
            yield Finding(begin, "late_volume", message, "warning")
        empty = empty[empty >= begin]
    elif 0 < expected.idle_share < 1:
        yield from _idle(frame, empty, "no_volume", "Volume is 0", "trades", expected.idle_share, excepted)
        return
    for row in empty:
        severity: Severity = "warning" if expected.idle_share else "error"
        message = "Volume is 0; expected trades on a trading day"
        yield Finding(int(row), "no_volume", message, severity, _day(frame, row))


def _range_findings(frame: pd.DataFrame, expected: KindRules, excepted: np.ndarray) -> Iterator[Finding]:
    flat = np.flatnonzero(frame["High"].to_numpy() == frame["Low"].to_numpy())
    if expected.idle_share:
        yield from _idle(frame, flat, "flat", "High equals Low", "a range", expected.idle_share, excepted)
        return
    for row in flat:
        message = f"High equals Low ({frame['High'].iat[row]}); expected a range"
        yield Finding(int(row), "flat", message, "error", _day(frame, row))


def _day(frame: pd.DataFrame, row: int) -> np.datetime64:
    return frame["Date"].to_numpy()[row].astype("datetime64[D]")


def _idle(
    frame: pd.DataFrame,
    rows: np.ndarray,
    rule: str,
    what: str,
    wanted: str,
    share: float,
    excepted: np.ndarray,
) -> Iterator[Finding]:
    """Yield one finding for all days without trading, an error if there are too many.

    A day in `excepted` has a finding of its own.
    """
    for row in rows[excepted[rows]]:
        yield Finding(int(row), rule, f"{what}; expected {wanted}", "warning", _day(frame, row))
    rows = rows[~excepted[rows]]
    if len(rows):
        first, last = (frame["Date"].iat[row] for row in (rows[0], rows[-1]))
        message = f"{what} on {len(rows)} rows, {first:%Y-%m-%d} to {last:%Y-%m-%d}; expected {wanted}"
        too_many = len(rows) > share * len(frame)
        if too_many:
            message += f" on all but {share:.0%} of the {len(frame)} rows"
        yield Finding(int(rows[0]), rule, message, "error" if too_many else "warning")


def _return_findings(frame: pd.DataFrame, expected: KindRules) -> Iterator[Finding]:
    close, volume = frame["Close"].to_numpy(), frame["Volume"].to_numpy().astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, volume_ratio = close[1:] / close[:-1], volume[1:] / volume[:-1]
        # A split divides the price and multiplies the number of shares by the same factor.
        opposite = np.where(ratio < 1, volume_ratio, 1 / volume_ratio)
    jumps = np.isfinite(opposite) & (opposite >= VOLUME_JUMP)
    for row in np.flatnonzero(np.isfinite(ratio) & (np.abs(ratio - 1) > expected.large_return)):
        moved = f"Close moves by {ratio[row] - 1:+.1%} in a day"
        larger = max(ratio[row], 1 / ratio[row]) if ratio[row] else np.inf
        if expected.splits and any(abs(larger / split - 1) <= SPLIT_TOLERANCE for split in SPLIT_RATIOS):
            jump = f", volume by a factor of {volume_ratio[row]:.1f}" if jumps[row] else ""
            message = f"{moved}{jump}, like a split without adjustment; adjust the rows before it"
            rule = "split"
        else:
            message = f"{moved}; check for a split or a wrong row"
            rule = "jump" if larger >= expected.jump else "large_return"
        yield Finding(int(row) + 1, rule, message, "warning", _day(frame, row + 1))


def _stale_findings(frame: pd.DataFrame, kind: str) -> Iterator[Finding]:
    values = frame[list(COLUMNS[1:])].to_numpy(dtype=np.float64)
    for row in np.flatnonzero((values[1:] == values[:-1]).all(axis=1)) + 1:
        message = "prices and volume equal those of the row before"
        yield Finding(int(row), "stale", message, "warning", _day(frame, row))
    for row in _ends_of_runs(values[:, 3:4]):
        yield Finding(row, "stale", f"{EQUAL_BARS} equal closes in a row", "warning", _day(frame, row))
    # A share without a trade keeps its last price.
    is_idle = (values[:, 4] == 0) & (RULES[kind].volume and 0 < RULES[kind].idle_share < 1)
    for row in _ends_of_runs(values):
        if not is_idle[row]:
            message = f"{EQUAL_BARS} bars in a row with the same prices and volume; check the file"
            yield Finding(row, "frozen", message, "warning", _day(frame, row))


def _ends_of_runs(values: np.ndarray) -> Iterator[int]:
    """Yield the row at which `EQUAL_BARS` rows are equal, once for each run."""
    run = 1
    for row, is_equal in enumerate((values[1:] == values[:-1]).all(axis=1), start=1):
        run = run + 1 if is_equal else 1
        if run == EQUAL_BARS:
            yield row
