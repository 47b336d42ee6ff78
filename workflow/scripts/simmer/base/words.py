"""Format names and numbers for people, the same way in texts, tables, figures and on the terminal."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

_SPELLINGS = {"mlp": "MLP"}
_UNITS = ((86_400.0, "days"), (3600.0, "h"), (60.0, "min"))


def spoken(name: str) -> str:
    """Return the display name of a scale, a baseline or a hyperparameter."""
    return _SPELLINGS.get(name, name.replace("_", " "))


def listed(items: Sequence[str]) -> str:
    """Join items by commas, with "and" before the last."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def horizons(days: Sequence[int]) -> str:
    """Return horizons in words, as "1 day" or "1, 3 and 5 days"."""
    return "1 day" if list(days) == [1] else f"{listed([str(one) for one in days])} days"


def count(number: int, what: str) -> str:
    """Return a number and its noun, which gets an s unless the number is 1."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def percent(share: float, digits: int = 1) -> str:
    """Format a fraction in percent."""
    return f"{100 * share:.{digits}f} %"


def change(share: float) -> str:
    """Format a fraction in percent with its sign; one that rounds to 0 has none."""
    return "0.0 %" if round(100 * share, 1) == 0 else f"{100 * share:+.1f} %".replace("-", "−")


def nats(loss: float) -> str:
    """Format a log-loss, or a difference of two, to four decimals with a true minus sign."""
    return f"{loss:.4f}".replace("-", "−")


def short(parameters: int) -> str:
    """Format a number of parameters to three digits: 1.99M, 2.01B."""
    rounded = float(f"{parameters:.2e}")
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if rounded >= size:
            return f"{rounded / size:#.3g}".rstrip(".") + unit
    return f"{rounded:.0f}"


def first_upper(text: str) -> str:
    """Capitalise the first letter of a sentence."""
    return text[:1].upper() + text[1:]


def unit_of(seconds: float) -> tuple[float, str]:
    """Return the largest unit of which `seconds` holds at least two: its length in seconds and its name."""
    return next((unit for unit in _UNITS if seconds >= 2.0 * unit[0]), (1.0, "s"))


def duration(seconds: float) -> str:
    """Format a duration: `95 s`, `19 min`, `3.4 h`, `2.1 days`; a negative one is `0 s`."""
    unit_s, unit = unit_of(seconds)
    return f"{max(0.0, seconds) / unit_s:.{1 if unit_s >= 3600.0 else 0}f} {unit}"


def ago(then_s: float, now_s: float) -> str:
    """Format how long ago `then_s` was; both times are in seconds since 1970."""
    return f"{duration(now_s - then_s)} ago"


def clock(at_s: float, now_s: float, zone: tzinfo | None = None) -> str:
    """Format a time as `16:42`, or as `Thu 26 Nov 16:42` if it is on another day than `now_s`.

    Args:
        at_s, now_s: seconds since 1970.
        zone: time zone of the result; None for the machine's own.
    """
    at, now = (datetime.fromtimestamp(each, zone) for each in (at_s, now_s))
    day = "" if at.date() == now.date() else f"{at:%a} {at.day} {at:%b} "
    return f"{day}{at:%H:%M}"


def size(count: float) -> str:
    """Format a number of bytes: `1.0 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000.0:
            return f"{count:.0f} {unit}" if unit in ("bytes", "kB") else f"{count:.1f} {unit}"
        count /= 1000.0
    return f"{count:.1f} TB"


def heat(*, celsius: float | None, margin_c: float | None, level: str | None, source: str | None) -> str:
    """Format a sensor's reading and its name: `71.0 °C (hwmon:k10temp)`, or `no temperature`.

    Args:
        celsius: temperature in °C.
        margin_c: kelvins below the temperature at which the hardware slows itself down.
        level: macOS's name of the thermal pressure.
        source: name of the sensor.
    """
    known = [
        *([] if celsius is None else [f"{celsius:.1f} °C"]),
        *([] if margin_c is None else [f"{margin_c:g} K below slowdown"]),
        *([] if level is None else [f"pressure {level}"]),
    ]
    return ", ".join(known) + (f" ({source})" if source else "") if known else "no temperature"
