"""Names and numbers as people read them, the same in texts, tables, figures and on the terminal."""

from collections.abc import Sequence

_SPELLINGS = {"mlp": "MLP"}


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
