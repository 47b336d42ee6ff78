"""Text into numbers, strictly: one sign for decimals in the whole file, thousands only in groups of three."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow
import pyarrow.compute

_OTHER = {".": ",", ",": "."}
# Digits at most, so that nothing is read for minutes.
_PLAIN = r"^[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?$"
_WHOLE = r"^[+-]?[0-9]{1,18}$"
_CURRENCY = r"^([+-]?)[$€£]([0-9])"
_FACTORS = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_SUFFIX = "[kKmMbB]$"


@dataclass(frozen=True, kw_only=True)
class Decimal:
    """The signs for decimals that a file may have.

    Attributes:
        possible: `.`, `,` or both if it cannot be told apart.
        mixed: True if some numbers have the one and some the other.
    """

    possible: tuple[str, ...]
    mixed: bool = False


def decimal_in(columns: Iterable[pyarrow.Array], separator: str) -> Decimal:
    """Return the sign for decimals of all numbers of a file.

    `1,5` and `1.234,5` decide for a comma; `1.5`, `1,234.5` and `1,234,567` for a point. `1,234` decides
    nothing, and in a file with semicolons neither does `1.234`.
    """
    columns = list(columns)
    point, comma = (_is_decimal(columns, sign) for sign in ".,")
    if point and comma:
        return Decimal(possible=(".",), mixed=True)
    if point or comma:
        return Decimal(possible=("." if point else ",",))
    three = r"^\D?[0-9]{1,3}%s[0-9]{3}$"
    if _any(columns, three % ","):
        return Decimal(possible=(".", ","))
    # Where commas separate fields, a point is one.
    if separator != "," and _any(columns, three % r"\."):
        return Decimal(possible=(".", ","))
    return Decimal(possible=(".",))


def _is_decimal(columns: Iterable[pyarrow.Array], sign: str) -> bool:
    """True if some number shows that `sign` is the one for decimals."""
    this, other = rf"\{sign}", rf"\{_OTHER[sign]}"
    shows = [
        rf"[0-9]{this}([0-9]{{1,2}}|[0-9]{{4,}})([eE].*)?$",  # other than three decimals
        rf"[0-9]{this}[0-9]+{_SUFFIX}",
        rf"^\D?(0|[0-9]{{4,}}){this}[0-9]",  # no group of thousands is before it
        rf"[0-9]{other}[0-9]{{3}}{this}",  # behind a group of thousands
        rf"[0-9]{other}[0-9]{{3}}{other}[0-9]{{3}}$",  # the other separates thousands
    ]
    return any(_any(columns, pattern) for pattern in shows)


def _any(columns: Iterable[pyarrow.Array], pattern: str) -> bool:
    return any(
        pyarrow.compute.any(pyarrow.compute.match_substring_regex(column, pattern)).as_py() or False
        for column in columns
    )


def read_numbers(texts: pyarrow.Array, decimal: str) -> np.ndarray:
    """Return finite numbers, [n] float64; NaN where a text is none."""
    plain = _plain(texts, decimal)
    values = pyarrow.compute.cast(plain, pyarrow.float64())
    numbers = pyarrow.compute.fill_null(values, np.nan).to_numpy(zero_copy_only=False).copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def read_volume(texts: pyarrow.Array, decimal: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return volumes, where a text is one, and if any is rounded, as 1.23M is.

    Returns:
        Volumes [n], int64 or, if any has decimals, float64; [n] bool; a bool.
    """
    has_suffix = pyarrow.compute.match_substring_regex(texts, f"[0-9,.]{_SUFFIX}")
    suffixed = has_suffix.to_numpy(zero_copy_only=False)
    bare = pyarrow.compute.replace_substring_regex(texts, _SUFFIX, "") if suffixed.any() else texts
    plain = _plain(pyarrow.compute.if_else(has_suffix, bare, texts), decimal)
    is_whole = pyarrow.compute.match_substring_regex(plain, _WHOLE)
    # Whole numbers above 2**53 would lose their last digits in a float.
    exact = pyarrow.compute.cast(pyarrow.compute.if_else(is_whole, plain, None), pyarrow.int64())
    numbers = read_numbers(texts, decimal)
    if suffixed.any():
        factors = np.array([_FACTORS.get(text[-1:].lower(), 1) for text in texts.to_pylist()])
        scaled = pyarrow.compute.fill_null(pyarrow.compute.cast(plain, pyarrow.float64()), np.nan)
        numbers = np.where(suffixed, np.round(scaled.to_numpy(zero_copy_only=False) * factors), numbers)
    in_range = np.isfinite(numbers) & (np.abs(np.nan_to_num(numbers, posinf=np.inf, neginf=np.inf)) < 2.0**63)
    if (numbers[in_range] != np.floor(numbers[in_range])).any():
        return np.where(in_range, numbers, 0.0), in_range, bool(suffixed.any())
    volume = np.where(in_range, numbers, 0).astype(np.int64)
    known = exact.is_valid().to_numpy(zero_copy_only=False) & ~suffixed
    whole = pyarrow.compute.fill_null(exact, 0).to_numpy(zero_copy_only=False)
    return np.where(known, whole, volume), in_range | known, bool(suffixed.any())


def _plain(texts: pyarrow.Array, decimal: str) -> pyarrow.Array:
    """Return numbers with a point and no thousands, null where a text is no number."""
    thousands = _OTHER[decimal]
    text = pyarrow.compute.replace_substring_regex(texts, _CURRENCY, r"\1\2")
    groups = rf"^[+-]?[0-9]{{1,3}}(\{thousands}[0-9]{{3}})+(\{decimal}[0-9]*)?$"
    grouped = pyarrow.compute.match_substring_regex(text, groups)
    text = pyarrow.compute.if_else(grouped, pyarrow.compute.replace_substring(text, thousands, ""), text)
    if decimal == ",":
        # A point that is left separates nothing.
        has_point = pyarrow.compute.match_substring(text, ".")
        text = pyarrow.compute.if_else(has_point, "", pyarrow.compute.replace_substring(text, ",", "."))
    return pyarrow.compute.if_else(pyarrow.compute.match_substring_regex(text, _PLAIN), text, None)
