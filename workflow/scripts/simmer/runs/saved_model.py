"""Predict with a saved model: from the bars of any days, or from the dataset it was trained on.

    model = SavedModel.load("results/models/2M/h1")
    prediction = model.predict(bars)

Everything comes from the model's folder. Its files may come from anywhere: nothing in them is run, and the
card and the header of each file are checked before a model is built.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch

from simmer.base.errors import DataError, ModelError
from simmer.base.words import count, listed
from simmer.data.bars import check_bars
from simmer.data.bars_csv import COLUMNS, dtypes_of
from simmer.data.choices import NO_CHOICES, Choices
from simmer.data.problems import refuse_errors
from simmer.data.tickers import VIX_TICKER
from simmer.data.untrusted_files import locate, read_at_most
from simmer.features.columns import VIX_FEATURES, VOLATILITY_FEATURES
from simmer.features.dataset import Dataset
from simmer.features.input_forms import VOLUME_DAYS, in_form, standardised
from simmer.features.of_bars import features_of_bars
from simmer.ledger.kept_weights import problem_of
from simmer.ledger.model_card import CARD, MAX_CARD_BYTES, PAGE, Card, Member
from simmer.model.budgets import expected_parameters
from simmer.model.shape import ModelShape
from simmer.runs.fitting import windows_of
from simmer.runs.model_inputs import inputs_of
from simmer.training.evaluation import predict
from simmer.training.replicas import Team
from simmer.training.saved_model import load_model, shape_of, usable_execution
from simmer.training.settings import Execution
from simmer.training.windows import Windows


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a model says after the session of a day.

    Attributes:
        date: day of the newest bar.
        probability: P(label = 1), the average of the members.
        members: of each member.
        base_rate: share of positive labels in train, which a model without skill would predict.
    """

    date: date
    probability: float
    members: tuple[float, ...]
    base_rate: float


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """The model in a folder; the weights are read, and their SHA-256 verified, at each prediction."""

    folder: Path
    card: Card
    shape: ModelShape

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Return the model in a folder such as `results/models/2M/h1`.

        Raises:
            ModelError: if there is no model, or its card is not as simmer writes it.
            DamagedError: if the card is damaged.
        """
        place = Path(folder)
        try:
            content = read_at_most(locate(place, CARD), MAX_CARD_BYTES)
        except DataError as error:
            raise ModelError(
                f"found no model in {place}: {CARD}: {error}. `make report` publishes models"
            ) from error
        card = Card.parse(content, where=place / CARD)
        shape = shape_of(card.shape)
        if expected_parameters(shape) != card.parameters:
            raise ModelError(
                f"found {card.parameters:,} parameters in {place / CARD}, expected "
                f"{expected_parameters(shape):,} for "
                "its shape: it was changed by hand; publish the model again with `make report`"
            )
        return cls(folder=place, card=card, shape=shape)

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each ticker whose bars it needs: its own, then the VIX if it has features of it."""
        of, columns = self.card.bars, self.card.inputs.columns
        vix = {} if set(VIX_FEATURES).isdisjoint(columns) else {VIX_TICKER: "no_volume_index"}
        return {of.ticker: of.kind} | vix

    def predict(
        self,
        bars: pd.DataFrame,
        vix_bars: pd.DataFrame | None = None,
        *,
        choices: Mapping[str, Choices] | None = None,
    ) -> Prediction:
        """Return the prediction after the newest bar.

        Args:
            bars: Date, Open, High, Low, Close, Volume of complete sessions, ascending. Indicators remember
                earlier days, so bars that begin where those of the campaign do give exactly its features.
            vix_bars: the same of the VIX; for a model with features of the VIX only.
            choices: by ticker, the days that are vouched for.

        Raises:
            DataError: if bars break a rule, or features cannot be computed.
            ModelError: if there are too few bars, they do not give the model's inputs, or a file of the
                model is not its own.
        """
        inputs = self.card.inputs
        table = self._features(bars, vix_bars, choices or {})
        needed = inputs.context_days + (VOLUME_DAYS if inputs.form == "price_relative" else 0)
        if len(table) < needed:
            raise ModelError(
                f"found {count(len(bars), 'bar')}, of which {len(table)} have all features; expected "
                f"{needed} of these, for a window of {inputs.context_days} days: give a longer series"
            )
        values = in_form(table, inputs.columns, inputs.form)
        features = standardised(values, np.array(inputs.mean), np.array(inputs.std))

        def newest(device: str) -> Windows:
            return Windows(
                features=torch.from_numpy(features),
                decision_rows=torch.tensor([len(features) - 1]),
                labels=None,
                context_days=inputs.context_days,
                device=device,
            )

        members = [float(found[0]) for found in self._of_members(newest)]
        return Prediction(
            date=table["Date"].iloc[-1].date(),
            probability=float(np.mean(members)),
            members=tuple(members),
            base_rate=self.card.base_rate,
        )

    def predict_split(self, dataset: Dataset, split: str) -> np.ndarray:
        """Return the predictions of each member for the decision rows of a split, [members, rows] float64.

        On the machine that trained a member, and with the same versions, they equal those of its refit bit
        for bit.

        Raises:
            ModelError: if the dataset's inputs are not the model's, or a file of the model is not its own.
        """
        form = self.card.inputs.form
        differences = self.card.inputs.differences(inputs_of(dataset, form))
        if differences:
            raise ModelError(
                f"found other inputs than those of {self.card.name}: {'; '.join(differences)}. Give the "
                "model the dataset of its own campaign"
            )
        return np.stack(list(self._of_members(lambda device: windows_of(dataset, split, form, device))))

    def _features(
        self, bars: pd.DataFrame, vix_bars: pd.DataFrame | None, choices: Mapping[str, Choices]
    ) -> pd.DataFrame:
        """Return the feature table of bars; raises as `predict`."""
        kinds, calendar = self.kinds, self.card.bars.calendar
        given = [bars] if vix_bars is None else [bars, vix_bars]
        if len(given) < len(kinds):
            raise ModelError(
                f"found no bars of the {VIX_TICKER}; expected them, because {self.card.name} has features of "
                "it: give them, too"
            )
        checked = [
            _checked(
                frame, kind=kind, ticker=ticker, calendar=calendar, choices=choices.get(ticker, NO_CHOICES)
            )
            for (ticker, kind), frame in zip(kinds.items(), given, strict=False)
        ]
        columns = self.card.inputs.columns
        volatility = not set(VOLATILITY_FEATURES).isdisjoint(columns)
        table = features_of_bars(*checked, volatility=volatility, volume="Volume" in columns).frame
        missing = [name for name in columns if name not in table.columns]
        if missing:
            raise ModelError(
                f"found no {listed(missing)} among the features that this version computes; expected the "
                f"columns of {self.card.name}: use the version of simmer that trained it"
            )
        return table

    def _of_members(self, windows_on: Callable[[str], Windows]) -> Iterator[np.ndarray]:
        """Yield the predictions of each member, [windows] float64; only one member is in memory at a time."""
        if not self.card.members:
            raise ModelError(f"found no weights in {self.folder}; {PAGE} there says how to get them")
        for member in self.card.members:
            execution = usable_execution(Execution(**asdict(member.execution)))
            with _own_threads():
                model = load_model(
                    self._verified(member),
                    shape=self.shape,
                    window_norm=self.card.inputs.form == "window_norm",
                    execution=execution,
                    inputs_sha256=self.card.inputs_sha256,
                )
                found = predict(
                    [model],
                    windows_on(execution.device),
                    team=Team(1, execution.threads),
                    between_batches=lambda: None,
                )
            yield found

    def _verified(self, member: Member) -> Path:
        """Return the path of a member's file, a regular one in the folder with its SHA-256."""
        try:
            path = locate(self.folder, member.file)
        except DataError as error:
            raise ModelError(
                f"{self.folder / member.file}: {error}; `make report` publishes it again"
            ) from error
        problem = problem_of(path, member.stored)
        if problem is not None:
            raise ModelError(
                f"found {self.folder / member.file} {problem}; expected the file with the SHA-256 in {CARD}: "
                "delete it and run `make report`, which publishes it again from the ledger"
            )
        return path


def _checked(bars: pd.DataFrame, *, kind: str, ticker: str, calendar: str, choices: Choices) -> pd.DataFrame:
    """Return the columns of bars in their dtypes, after checking them by the rules for their kind.

    Raises:
        DataError: naming every broken rule.
    """
    lacking = [name for name in COLUMNS if name not in bars.columns]
    if lacking:
        raise DataError(f"the bars of {ticker} lack {listed(lacking)}; expected {', '.join(COLUMNS)}")
    try:
        if not np.isfinite(bars["Volume"].to_numpy(dtype=np.float64)).all():
            raise ValueError("a Volume is missing")
        dtypes = dtypes_of(COLUMNS, bars)
        frame = pd.DataFrame({name: bars[name].to_numpy().astype(dtype) for name, dtype in dtypes.items()})
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"the bars of {ticker} are no numbers and days ({error}); read them with `read_bars`"
        ) from error
    problems = check_bars(
        frame, file_name="bars", kind=kind, calendar=calendar, ticker=ticker, choices=choices
    )
    refuse_errors(problems, what=f"the bars of {ticker}")
    return frame


@contextmanager
def _own_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
