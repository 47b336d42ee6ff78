"""The file layouts.json: how the trials of a study use the cores of a machine, measured once and reused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from simmer.base.errors import DamagedError
from simmer.base.typed_json import as_json, from_values
from simmer.ledger.copies import ADVICE, Read, Values, both, first_whole, reader, write_both
from simmer.ledger.results import Value
from simmer.ledger.study_file import keeps_digests

LAYOUTS = "layouts.json"


@dataclass(frozen=True, kw_only=True)
class MeasuredLayout:
    """A layout (see `simmer.training.layouts`) and the seconds of a step of a part of the model."""

    kernels: str
    replicas: int
    threads: int
    probed_step_s: float


@dataclass(frozen=True, kw_only=True)
class MeasuredLayouts:
    """What was measured for trials that are computed alike.

    Attributes:
        trials: what these trials have in common.
        quiet: False if other programs kept cores busy that were the trial's; the next one measures again.
        chosen: the layout they use.
        measured: all layouts.
    """

    trials: Mapping[str, Value | bool]
    quiet: bool
    chosen: MeasuredLayout
    measured: tuple[MeasuredLayout, ...]


@dataclass(frozen=True, kw_only=True)
class Layouts:
    """What was measured for a study, in order of time."""

    measured: tuple[MeasuredLayouts, ...] = ()

    def of(self, trials: Mapping[str, Value | bool]) -> MeasuredLayouts | None:
        """Return what was measured on a quiet machine for trials with this in common, or None."""
        return next((found for found in self.measured if found.quiet and found.trials == trials), None)

    def plus(self, found: MeasuredLayouts) -> "Layouts":
        """Return these and another one, which replaces one for the same trials."""
        others = (other for other in self.measured if other.trials != found.trials)
        return replace(self, measured=(*others, found))


def layout_copies(home: Path) -> dict[Path, Read]:
    """Return the paths of the two copies in `home`, with their reading functions."""
    digest = keeps_digests(home)
    return {
        path: reader(path, digest=digest, check=partial(_as_layouts, path)) for path in both(home / LAYOUTS)
    }


def read_layouts(home: Path) -> Layouts:
    """Return what was measured for the study in `home`; nothing if no copy is whole."""
    try:
        values = first_whole(list(layout_copies(home).values()))
    except DamagedError:
        return Layouts()
    return Layouts() if values is None else _as_layouts(home / LAYOUTS, values)


def write_layouts(home: Path, layouts: Layouts) -> None:
    """Record what was measured for the study in `home`."""
    write_both(home / LAYOUTS, as_json(layouts))


def _as_layouts(path: Path, values: Values) -> Layouts:
    return from_values(Layouts, values, where=path, advice=ADVICE)
