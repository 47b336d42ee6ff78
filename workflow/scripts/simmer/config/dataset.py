"""Config blocks `features` and `dataset`: what a search learns from."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from simmer.base.errors import DatasetError
from simmer.base.settings import EachOnce, Flag, Real, Whole, meaning, settings, since
from simmer.data.kinds import RULES
from simmer.data.tickers import VIX_TICKER
from simmer.features.columns import TABLES, table_columns
from simmer.features.labels import Basis, LabelSpec
from simmer.features.splits import SplitSpec

if TYPE_CHECKING:
    import pandas as pd

    from simmer.features.dataset import Dataset, Test


@settings
class FeatureBlock:
    """Features besides those of the ticker's bars and indicators."""

    vix: Annotated[
        Flag, Field(description="Add eight features of the VIX, which must be one of the tickers.")
    ]
    volatility: Annotated[
        Flag,
        Field(
            description="Add eight features of volatility: the absolute return of the day, and logarithms of "
            "its range, and of volatility and mean range over 5, 20 and 60 days."
        ),
    ] = since(False)


@settings
class DatasetBlock:
    """Ticker, windows, labels and splits."""

    ticker: Annotated[
        str,
        Field(
            description="Ticker whose rise is predicted from its own features. A list, or a pattern such as "
            "`*` or `[S*, DIA]`, searches several, each in a folder of its own, `tickers/<TICKER>`; patterns "
            "leave out the VIX."
        ),
    ]
    pool: Annotated[
        tuple[str, ...],
        Field(
            json_schema_extra={"uniqueItems": True},
            description="Other tickers whose windows are added to train, each scaled by itself and only if "
            "the label ends before validation begins. They are in no other split; none by default.",
        ),
        EachOnce,
    ] = since(())
    context_days: Annotated[Whole, Field(ge=1, description="Days in a window, the decision row included.")]
    horizons_days: Annotated[
        tuple[Annotated[Whole, Field(ge=1, le=60)], ...],
        Field(
            min_length=1,
            json_schema_extra={"uniqueItems": True},
            description="Horizons: days ahead that a label covers. One study per scale and horizon.",
        ),
        EachOnce,
    ]
    threshold: Annotated[
        Real,
        Field(
            ge=0,
            lt=1,
            description="Rise that makes a label positive (0.01: one per cent above the close of the "
            "decision row).",
        ),
    ]
    basis: Annotated[
        Basis,
        Field(
            description="Price that counts: a label is positive if the high (or close) of any of the next h "
            "days reaches the threshold."
        ),
    ]
    split: Annotated[
        SplitSpec,
        Field(
            description="Walk-forward split by date, either by fractions of the decision rows or by the "
            "last dates of train and validation; in a file merged over another one, either pair replaces the "
            "other, and of both pairs in one file the dates count. The rest is test, which the search never "
            "uses."
        ),
    ]
    min_validation_decisions: Annotated[
        Whole,
        Field(ge=1, description="Smallest accepted number of labelled decision rows in validation."),
    ]


@settings
class DatasetSettings(DatasetBlock, FeatureBlock):
    """Config blocks `dataset` and `features`; `volume` is False if a ticker of the windows has no volume."""

    volume: Flag = since(True)

    @classmethod
    def of(
        cls, dataset: DatasetBlock, features: FeatureBlock, kinds: Mapping[str, str] = MappingProxyType({})
    ) -> "DatasetSettings":
        """Return both blocks as one.

        Args:
            dataset, features: the blocks.
            kinds: the kind of each ticker.
        """
        known = [RULES[kinds[ticker]].volume for ticker in (dataset.ticker, *dataset.pool) if ticker in kinds]
        return cls(**vars(dataset), **vars(features), volume=all(known))

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """The channels of the model, in order."""
        return table_columns(volume=self.volume, volatility=self.volatility, vix=self.vix)

    def meaning(self) -> dict[str, Any]:
        """Return all settings that affect a dataset, as plain values."""
        # The order matters: a job whose parameters change their order is run again.
        return {"ticker": self.ticker, "vix": self.vix} | meaning(self)

    def label(self, horizon_days: int) -> LabelSpec:
        """Return the label of one horizon."""
        return LabelSpec(horizon_days=horizon_days, threshold=self.threshold, basis=self.basis)

    @property
    def tickers(self) -> tuple[str, ...]:
        """The tickers that the search learns from."""
        return (*self.window_tickers, VIX_TICKER) if self.vix else self.window_tickers

    @property
    def window_tickers(self) -> tuple[str, ...]:
        """The tickers whose windows the model is trained on, the study's own first."""
        return (self.ticker, *self.pool)

    @property
    def table(self) -> str:
        """Name of the feature table of the study's own ticker."""
        return self.tables[0]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the feature tables of `window_tickers`."""
        named = self.combined_table if self.vix else self.own_table
        return tuple(named(ticker) for ticker in self.window_tickers)

    def own_table(self, ticker: str, *, volume: bool | None = None) -> str:
        """Return the name of a ticker's feature table without those of the VIX.

        `volume` says whether a ticker that is not in the windows has volume.
        """
        volume = self.volume if volume is None else volume
        return f"{ticker}_dataset_{TABLES[volume, self.volatility, False]}"

    def combined_table(self, ticker: str) -> str:
        """Return the name of a ticker's feature table with those of the VIX."""
        return f"{ticker}_dataset_{TABLES[self.volume, self.volatility, True]}"

    def features(self, bars: Mapping[str, "pd.DataFrame"]) -> list["pd.DataFrame"]:
        """Return the feature tables of `window_tickers`, from bars by ticker.

        Raises:
            DataError: as `simmer.features.of_bars.features_of_bars`.
        """
        from simmer.features.of_bars import features_of_bars

        vix = bars[VIX_TICKER] if self.vix else None
        return [
            features_of_bars(bars[ticker], vix, volatility=self.volatility, volume=self.volume).frame
            for ticker in self.window_tickers
        ]

    def build(
        self,
        frame: "pd.DataFrame",
        horizon_days: int,
        test: "Test" = "sealed",
        *,
        pooled: Sequence["pd.DataFrame"] = (),
    ) -> "Dataset":
        """Return windows, labels and splits of one horizon.

        Args:
            frame: the feature table of the study's own ticker.
            horizon_days: of the labels.
            test: the part of the test split in the result.
            pooled: the feature tables of `pool`.

        Raises:
            DatasetError: as `build_dataset`, and when tables of pooled tickers are missing.
        """
        from simmer.features.dataset import build_dataset

        if len(pooled) != len(self.pool):
            raise DatasetError(
                f"found {len(pooled)} tables of pooled tickers; expected one of each in {list(self.pool)}"
            )
        return build_dataset(
            frame,
            label=self.label(horizon_days),
            split=self.split,
            context_days=self.context_days,
            feature_columns=self.feature_columns,
            min_validation_decisions=self.min_validation_decisions,
            test=test,
            pool=dict(zip(self.pool, pooled, strict=True)),
        )
