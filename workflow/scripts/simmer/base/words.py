"""Names and numbers as people read them, the same in texts, tables, figures and on the terminal."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

_SPELLINGS = {"mlp": "MLP"}
_UNITS = ((86_400.0, "days"), (3600.0, "h"), (60.0, "min"))


def spoken(name: str) -> str:
    """Return the name of a scale, a baseline or a hyperparameter without underscores."""
    return _SPELLINGS.get(name, name.replace("_", " "))


def listed(items: Sequence[str]) -> str:
    """Return items joined by commas and a last "and"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def horizons(days: Sequence[int]) -> str:
    """Return horizons in words, as "1 day" or "1, 3 and 5 days"."""
    return "1 day" if list(days) == [1] else f"{listed([str(one) for one in days])} days"


def count(number: int, what: str) -> str:
    """Return a number and its noun: singular for 1, else with an s."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in percent."""
    return f"{100 * share:.{digits}f} %"


def change(share: float) -> str:
    """Return a share in percent with its sign; a share that rounds to 0 has none."""
    return "0.0 %" if round(100 * share, 1) == 0 else f"{100 * share:+.1f} %".replace("-", "−")


def nats(loss: float) -> str:
    """Return a log-loss or a difference of two with a true minus, to a tenth of a thousandth."""
    return f"{loss:.4f}".replace("-", "−")


def short(parameters: int) -> str:
    """Return counted parameters to three digits, as 1.99M or 2.01B."""
    rounded = float(f"{parameters:.2e}")
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if rounded >= size:
            return f"{rounded / size:#.3g}".rstrip(".") + unit
    return f"{rounded:.0f}"


def first_upper(text: str) -> str:
    """Return a sentence with a capital first letter."""
    return text[:1].upper() + text[1:]


def unit_of(seconds: float) -> tuple[float, str]:
    """Return the largest unit of which a time has at least two: its seconds and its name."""
    return next((unit for unit in _UNITS if seconds >= 2.0 * unit[0]), (1.0, "s"))


def duration(seconds: float) -> str:
    """Return a time in its unit: `95 s`, `19 min`, `3.4 h`, `2.1 days`; a negative one is `0 s`."""
    unit_s, unit = unit_of(seconds)
    return f"{max(0.0, seconds) / unit_s:.{1 if unit_s >= 3600.0 else 0}f} {unit}"


def ago(then_s: float, now_s: float) -> str:
    """Return how long ago a moment was, both in seconds since 1970."""
    return f"{duration(now_s - then_s)} ago"


def clock(at_s: float, now_s: float, zone: tzinfo | None = None) -> str:
    """Return a moment as `16:42`, with the day where it is not the day of `now_s`: `Thu 26 Nov 16:42`.

    Args:
        at_s, now_s: seconds since 1970.
        zone: of the time returned; None: the machine's own.
    """
    at, now = (datetime.fromtimestamp(each, zone) for each in (at_s, now_s))
    day = "" if at.date() == now.date() else f"{at:%a} {at.day} {at:%b} "
    return f"{day}{at:%H:%M}"


def size(count: float) -> str:
    """Return bytes in the unit of which there are fewer than a thousand: `1.0 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000.0:
            return f"{count:.0f} {unit}" if unit in ("bytes", "kB") else f"{count:.1f} {unit}"
        count /= 1000.0
    return f"{count:.1f} TB"


def heat(*, celsius: float | None, margin_c: float | None, level: str | None, source: str | None) -> str:
    """Return what a sensor reported, with its name: `71.0 °C (hwmon:k10temp)`, or `no temperature`.

    Args:
        celsius: temperature in °C.
        margin_c: kelvins left until the hardware slows itself down.
        level: thermal pressure as macOS names it.
        source: name of the sensor.
    """
    known = [
        *([] if celsius is None else [f"{celsius:.1f} °C"]),
        *([] if margin_c is None else [f"{margin_c:g} K below slowdown"]),
        *([] if level is None else [f"pressure {level}"]),
    ]
    return ", ".join(known) + (f" ({source})" if source else "") if known else "no temperature"
