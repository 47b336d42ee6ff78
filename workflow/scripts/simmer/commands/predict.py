"""Ask the saved models about the newest complete bar; nothing is written, and no snapshot is kept.

python -m simmer.commands.predict RESULTS [--file CSV] [--vix-file CSV] [--scale 2M] [--horizon 1]
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Group
from rich.table import Table

from simmer.base.errors import ModelError, SimmerError
from simmer.base.files import typed_path
from simmer.base.words import count, first_upper, horizons, listed, percent
from simmer.data.newest_bars import NewestBars, age_of, newest_bars
from simmer.data.tickers import VIX_TICKER
from simmer.ledger.address import MODELS
from simmer.ledger.model_card import NO_ADVICE
from simmer.ledger.published_models import cards_in
from simmer.runs.saved_model import Prediction, SavedModel
from simmer.status.command import add_overlays, screen_width
from simmer.status.configuration import FoundConfig, find_configuration
from simmer.status.next_features import built_features, table_entries
from simmer.status.screen import NARROWEST, as_lines, as_text

_COLUMNS = ("model", "horizon", "probability", "members", "base rate")


def main(arguments: Sequence[str] | None = None, *, clock: Callable[[], float] = time.time) -> None:
    """Print the predictions of the models named on the command line; exit with a message on errors."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.predict", description=__doc__)
    parser.add_argument("results", type=typed_path, help="folder of results; nothing in it is changed")
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    add_overlays(parser)
    parser.add_argument("--file", type=typed_path, help="bars of the ticker; default: the campaign's")
    parser.add_argument("--vix-file", type=typed_path, help="bars of the VIX; default: the campaign's")
    parser.add_argument("--scale", help="by default every scale that has a model")
    parser.add_argument("--horizon", help="in days; by default every horizon")
    given = parser.parse_args(arguments)
    try:
        found = find_configuration(given.results, base=given.config, overlays=given.overlay)
        models = _models(given.results, scale=given.scale, horizon=given.horizon)
        now = datetime.fromtimestamp(clock(), UTC)
        lines = _answers(models, found, given, now)
    except (SimmerError, OSError) as error:
        sys.exit(str(error))
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _models(results: Path, *, scale: str | None, horizon: str | None) -> list[SavedModel]:
    """Return the published models of a scale, if it is given, and a horizon.

    Raises:
        ModelError: if there is none, or one cannot be used.
    """
    cards = (path.parent for path in cards_in(results))
    folders = {folder.relative_to(results / MODELS).as_posix(): folder for folder in cards}
    wanted = (scale, horizon and f"h{horizon.removeprefix('h')}")
    chosen = [
        folder
        for name, folder in folders.items()
        if all(want in (None, part) for want, part in zip(wanted, name.split("/"), strict=True))
    ]
    if not chosen:
        asked = "/".join(part or "*" for part in wanted)
        there = f"a model of {listed(list(folders))}" if folders else "models, which `make report` publishes"
        raise ModelError(f"found no model {asked} in {results / MODELS}; expected {there}")
    return sorted(
        map(SavedModel.load, chosen), key=lambda model: (model.card.parameters, model.card.label.horizon_days)
    )


def _answers(
    models: Sequence[SavedModel], found: FoundConfig, given: argparse.Namespace, now: datetime
) -> list[str]:
    """Return the lines to print."""
    data = given.results.parent / "data"
    bars: dict[str, NewestBars] = {}
    predictions = []
    for model in models:
        calendar = model.card.bars.calendar
        for ticker, kind in model.kinds.items():
            if ticker not in bars:
                bars[ticker] = newest_bars(
                    given.vix_file if ticker == VIX_TICKER else given.file,
                    campaign=data / "raw" / f"{ticker}.csv",
                    ticker=ticker,
                    kind=kind,
                    calendar=calendar,
                    now=now,
                    settings=found.config.data,
                )
        choices = {ticker: bars[ticker].choices for ticker in model.kinds}
        predictions.append(model.predict(*(bars[ticker].frame for ticker in model.kinds), choices=choices))
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=False, header_style="")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in ("model", "horizon") else "right")
    both = list(zip(models, predictions, strict=True))
    for pair in both:
        table.add_row(*map(as_text, _cells(*pair)))
    above = dict.fromkeys(_age(model, prediction, bars, now) for model, prediction in both)
    notes = [note for one in bars.values() for note in one.notes]
    notes += _of_other_studies(models, found, data)
    said = [
        f"{model.card.name}: {sentence}"
        for model in models
        for sentence in (f"{first_upper(model.card.event)}.", *model.card.findings)
    ]
    texts = [*above, *notes, "", table, "", *said, "", NO_ADVICE]
    return as_lines(
        Group(*(as_text(one) if isinstance(one, str) else one for one in texts)),
        max(screen_width(), NARROWEST),
    )


def _age(model: SavedModel, prediction: Prediction, bars: Mapping[str, NewestBars], now: datetime) -> str:
    of = model.card.bars
    sessions, days = age_of(prediction.date, of.calendar, now)
    return (
        f"{of.ticker}, bar of {prediction.date:%a %Y-%m-%d} in {bars[of.ticker].source}: "
        f"{count(sessions, 'session')} old, {count(days, 'day')}"
    )


def _cells(model: SavedModel, prediction: Prediction) -> tuple[str, ...]:
    members = prediction.members
    spread = f"{percent(min(members))} to {percent(max(members))} ({len(members)})"
    return (
        model.card.name,
        horizons([model.card.label.horizon_days]),
        percent(prediction.probability),
        spread if len(members) > 1 else "1",
        percent(prediction.base_rate),
    )


def _of_other_studies(models: Sequence[SavedModel], found: FoundConfig, data: Path) -> Iterator[str]:
    """Yield a sentence for each model that does not belong to the configuration."""
    config = found.config
    features = built_features(table_entries(config.dataset, data))
    for card in (model.card for model in models):
        days = card.label.horizon_days
        known = card.scale in config.scales and days in config.dataset.horizons_days
        if features is None or (
            known and config.study(card.scale, days).fingerprint(features) == card.fingerprint
        ):
            continue
        yield (
            f"{card.name} is a model of study {card.fingerprint} (campaign {card.campaign}), which "
            f"{found.name} does not describe: `make report` publishes those that it describes"
        )


if __name__ == "__main__":
    main()
