"""Times, sizes and heat as people read them, in few characters."""

from datetime import datetime, tzinfo

from simmer.ledger.trial_log import Event

# Between a number and its unit no line is broken; the screen shows it as a space.
NARROW = "\u00a0"

_UNITS = ((86_400.0, 2.0, "days"), (3600.0, 2.0, "h"), (60.0, 2.0, "min"), (1.0, 0.0, "s"))


def duration(seconds: float) -> str:
    """Return a time in the unit of which it has at least two: `95 s`, `19 min`, `3.4 h`, `2.1 days`."""
    unit_s, _, unit = next(each for each in _UNITS if seconds >= each[0] * each[1] or each[2] == "s")
    digits = 1 if unit_s >= 3600.0 else 0
    return f"{max(0.0, seconds) / unit_s:.{digits}f}{NARROW}{unit}"


def ago(then_s: float, now_s: float) -> str:
    """Return how long ago a moment was, both in seconds since 1970."""
    return f"{duration(now_s - then_s)}{NARROW}ago"


def clock(at_s: float, now_s: float, zone: tzinfo | None = None) -> str:
    """Return a moment as `16:42`, with the day where it is not the day of `now_s`: `Thu 26 Nov 16:42`."""
    at, now = (datetime.fromtimestamp(each, zone) for each in (at_s, now_s))
    day = "" if at.date() == now.date() else f"{at:%a} {at.day} {at:%b} "
    return f"{day}{at:%H:%M}"


def size(count: float) -> str:
    """Return bytes in the unit of which there are fewer than a thousand: `1.0 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000.0:
            return f"{count:.0f}{NARROW}{unit}" if unit in ("bytes", "kB") else f"{count:.1f}{NARROW}{unit}"
        count /= 1000.0
    return f"{count:.1f}{NARROW}TB"


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 trial`, `2 trials`."""
    return f"{number}{NARROW}{what}" if number == 1 else f"{number}{NARROW}{what}s"


def heat(look: Event) -> str:
    """Return what a sample or a thermal event tells of the heat, with its source."""
    degrees, margin, level = (look.get(name) for name in ("temperature_c", "margin_c", "pressure_level"))
    told = [
        None if degrees is None else f"{degrees:.1f}{NARROW}°C",
        None if margin is None else f"{margin:g} K below slowdown",
        None if level is None else f"pressure {level}",
    ]
    text = ", ".join(each for each in told if each)
    return f"{text} ({look['source']})" if text and look.get("source") else text or "no temperature"


def share(part: float) -> str:
    """Return a share of one in percent."""
    return f"{part:.0%}".replace("%", f"{NARROW}%")
