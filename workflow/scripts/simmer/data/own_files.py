"""Files of users: their folder, and what to write in the configuration if a file is not there."""

import difflib
import os
from pathlib import Path

from simmer.base.errors import DataError
from simmer.base.files import typed_path
from simmer.base.flow_yaml import as_yaml
from simmer.base.text import plain, shortened
from simmer.data.settings import DataSettings
from simmer.data.tickers import TickerSpec
from simmer.data.untrusted_files import is_own_path, read_own_file

_MOST_NAMES = 5
_LONGEST_NAME = 80


def own_folder(folder: str | None) -> Path:
    """Return the folder of a user's files with `~` expanded; None is the working folder."""
    return typed_path(folder or ".")


def file_of(spec: TickerSpec) -> str:
    """Return the path of a ticker's file in its folder."""
    if _is_at_home(spec):
        return spec.file.rpartition("/")[2]
    return spec.file or f"{spec.ticker}.csv"


def _is_at_home(spec: TickerSpec) -> bool:
    return (spec.file or "").startswith("~/")


def folder_of(settings: DataSettings, spec: TickerSpec) -> str | None:
    """Return the folder of a ticker's own file as configured: that in `file` if it begins with `~/`."""
    return spec.file.rpartition("/")[0] if _is_at_home(spec) else settings.folder


def own_file(settings: DataSettings, spec: TickerSpec) -> tuple[Path, str]:
    """Return the folder of a ticker's own file, and its path in there."""
    return own_folder(folder_of(settings, spec)), file_of(spec)


def read_own_bars(folder: str | None, name: str, *, ticker: str) -> bytes:
    """Return the content of a user's file.

    Args:
        folder: `data.folder`.
        name: its path in the folder.
        ticker: the ticker of its bars.

    Raises:
        DataError: naming the key to change when the folder or the file does not exist, and as
            `read_own_file`.
    """
    place = own_folder(folder)
    try:
        return read_own_file(place, name)
    except DataError as error:
        problem = _missing(folder, place, name) or f"{_short(name)} in {_shown(place)}: {error}"
        raise DataError(f"the bars of {ticker} cannot be read: {problem}") from error


def nearest_name(name: str, folder: Path) -> str | None:
    """Return the name of the CSV file in a folder that is most similar to a name; None if none is."""
    try:
        return _nearest(name, _csv_files(folder))
    except OSError:
        return None


def _missing(folder: str | None, place: Path, name: str) -> str | None:
    """Return what is missing and what to write instead; None if nothing is missing."""
    key = "data.folder" if folder else "the working folder (`data.folder` is null)"
    try:
        if not place.is_dir():
            return _missing_folder(key, place)
        if not is_own_path(name) or os.path.lexists(place / name):
            return None
        there = _csv_files(place)
    except (OSError, ValueError):
        return None
    near = _nearest(name, there)
    if near:
        advice = f"did you mean `file: {as_yaml(near)}`?"
    else:
        more = ", ..." if len(there) > _MOST_NAMES else ""
        listing = ", ".join(map(plain, there[:_MOST_NAMES])) + more
        advice = f"put it there, or write its name as `file` (CSV files there: {listing or 'none'})"
    return f"{key} {_shown(place)} has no {_short(name)}; {advice}"


def _missing_folder(key: str, place: Path) -> str:
    if place.exists():
        return f"{key} {_shown(place)} is a file; write the folder that it is in"
    begins = "" if place.is_absolute() else " (a relative folder begins where the campaign runs)"
    advice, beside = "write the folder of your files", place.absolute().parent
    if beside.is_dir():
        near = _nearest(place.name, [found.name for found in beside.iterdir() if found.is_dir()])
        advice = f"did you mean `folder: {as_yaml(str(beside / near))}`?" if near else advice
    return f"{key} {_shown(place)} does not exist{begins}; {advice}"


def _csv_files(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir() if found.suffix.lower() == ".csv")


def _nearest(name: str, known: list[str]) -> str | None:
    by_stem = {_stem(each): each for each in known}
    found = difflib.get_close_matches(_stem(name), by_stem, n=1, cutoff=0.5)
    return by_stem[found[0]] if found else None


def _stem(name: str) -> str:
    # Capitals and the caret of an index are mistaken most often.
    return name.lower().removesuffix(".csv").lstrip("^")


def _short(name: str) -> str:
    return shortened(plain(name), _LONGEST_NAME)


def _shown(place: Path) -> str:
    return plain(os.path.normpath(place.absolute()))
