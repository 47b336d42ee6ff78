from pathlib import Path

import numpy as np
import pytest

from simmer.base.checks import CheckStatus
from simmer.commands import new_config as command
from simmer.commands.check_labels import check_labels
from simmer.config.campaign import parse
from simmer.config.layers import merged, replaced
from simmer.config.reading import read_mapping
from simmer.data.bars_csv import canonical_csv
from simmer.data.inspection import inspect_bars
from simmer.data.reading_store import ReadingStore
from simmer.features.of_bars import features_of_bars
from support.bars import session_bars
from support.configs import ROOT, raw_config


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "my bars").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(path, frame):
    path.write_bytes(canonical_csv(frame))
    return str(path)


def run(*arguments):
    command.main(["mine.yaml", "--config", str(ROOT / "config/config.yaml"), *arguments])


def checked(text=None):
    """Return the configuration in mine.yaml, or in a text, without any problem in its data."""
    if text is not None:
        (path := Path("other.yaml")).write_text(text)
    layers = [raw_config(), read_mapping(Path("mine.yaml") if text is None else path)]
    parsed = parse(merged(layers))
    assert parsed.problems == ()
    store = ReadingStore(Path("data/snapshots"))
    found = {spec.ticker: inspect_bars(parsed.data, spec, store) for spec in parsed.data.tickers}
    assert [bars.errors for bars in found.values()] == [()] * len(found)
    rows = check_labels(parsed.dataset, {ticker: bars.frame for ticker, bars in found.items()})
    assert {row.status for row in rows} == {CheckStatus.OK}
    return parsed.config


def test_a_file_of_another_layout_is_read_and_the_keys_are_written(folder):
    bars = session_bars(3000).rename(columns={"Close": "Last"})
    (folder / "SPY.csv").write_text(bars.iloc[::-1].to_csv(index=False))
    with pytest.raises(SystemExit, match=r"`columns: {Close: Last}`"):
        run("--file", "SPY.csv")
    run("--file", "SPY.csv", "--read", "columns: {Close: Last}")
    (spec,) = checked().data.tickers
    assert spec.columns == {"Close": "Last"}


def test_without_a_file_it_is_about_the_bundled_bars(folder, capsys):
    run("--begin", "begin --cores 1")
    config = checked()
    assert (config.campaign, config.data.source, config.dataset.ticker) == ("gspc", "bundled", "GSPC")
    assert (config.run_scales, config.scales["500k"].n_trials) == (("500k",), 10)
    assert config.dataset == parse(raw_config()).dataset
    first, *labels, following, then = capsys.readouterr().out.splitlines()
    assert first == "mine.yaml: GSPC, 5,031 days, 1999-01-04 to 2018-12-31"
    assert [line.split()[:3] for line in labels[1:]] == [
        ["labels", name, "OK"] for name in ("h1", "h3", "h5")
    ]
    assert following == "Next: make check CONFIG=mine.yaml"
    assert then == "Then: begin --cores 1 --configfile mine.yaml"
    assert not (folder / "data").exists()


def test_a_file_fills_it_in(folder):
    run("--file", save(folder / "my bars/^spy daily.csv", session_bars(3300)))
    config = checked()
    assert (config.data.folder, config.data.tickers[0].file) == (str(folder / "my bars"), "^spy daily.csv")
    assert (config.dataset.ticker, config.campaign) == ("SPY-DAILY", "spy-daily")
    text = (folder / "mine.yaml").read_text()
    assert "    # SPY-DAILY, 3,300 days, 2003-01-06 to 2016-02-12\n" in text
    assert "make check CONFIG=mine.yaml" in text


def test_dates_that_are_uncommented_are_the_same_split(folder):
    run("--file", save(folder / "my bars/SPY.csv", session_bars(3300)))
    text = (folder / "mine.yaml").read_text()
    dates = text.replace("# train_end", "train_end").replace("# validation_end", "validation_end")
    config = checked(dates)
    by_fractions, by_dates = checked().dataset, config.dataset
    assert by_dates.split.train_fraction is None
    assert replaced([read_mapping(Path("other.yaml"))]) == ("train_fraction", "validation_fraction")
    table = features_of_bars(session_bars(3300), volatility=True).frame
    assert by_fractions.build(table, 1).borders == by_dates.build(table, 1).borders


def test_the_other_comments_are_configuration_too(folder):
    vix, wave = session_bars(3300).assign(Volume=0), 20 + 8 * np.sin(np.arange(3300) / 30)
    save(folder / "my bars/VIX.csv", vix.assign(Open=wave, High=wave + 1, Low=wave - 1, Close=wave))
    run("--file", save(folder / "my bars/FUND.csv", session_bars(3300)))
    text = (folder / "mine.yaml").read_text()
    for comment in ("- {ticker: VIX", "space: {depth", "default: {depth"):
        assert f"# {comment}" in text
        text = text.replace(f"# {comment}", comment)
    config = checked(text.replace("dataset:\n", "features: {vix: true}\ndataset:\n"))
    assert config.dataset.vix
    assert config.scales["500k"].space.dimensions["depth"].high == 8


def test_a_short_series_gets_fractions_that_leave_enough_to_validation(folder):
    run("--file", save(folder / "my bars/SPY.csv", session_bars(2000)))
    split = checked().dataset.split
    assert (split.train_fraction, split.validation_fraction) == (0.6, 0.25)


@pytest.mark.parametrize("rows", [100, 250, 300])
def test_a_series_that_is_too_short_gets_the_default_which_the_check_explains(folder, rows):
    run("--file", save(folder / "my bars/SPY.csv", session_bars(rows)))
    parsed = parse(merged([raw_config(), read_mapping(Path("mine.yaml"))]))
    assert parsed.dataset.split == parse(raw_config()).dataset.split


@pytest.mark.parametrize(
    ("name", "ticker", "change", "kind"),
    [
        ("SPY.csv", None, {}, "etf"),
        ("DJI.csv", None, {}, "index"),
        ("dax.csv", None, {"Volume": 0}, "index"),
        ("any.csv", "ABC", {}, "etf"),
        ("any.csv", "ABC", dict.fromkeys(("Open", "High", "Low", "Close"), 100.0), "index"),
        ("x.csv", "ON", {}, "etf"),
    ],
)
def test_the_kind_is_that_of_the_ticker_or_of_its_bars(folder, name, ticker, change, kind):
    bars = session_bars(300)
    for column, value in change.items():
        bars.loc[7, column] = value
    run("--file", save(folder / "my bars" / name, bars), *(["--ticker", ticker] if ticker else []))
    [entry] = read_mapping(Path("mine.yaml"))["data"]["tickers"]
    ticker = ticker or name.removesuffix(".csv").upper()
    assert entry == {"ticker": ticker, "kind": kind, "file": name}


@pytest.mark.parametrize(
    ("name", "calendar", "has_volume", "entry"),
    [
        ("eurusd=x.csv", "XNYS", False, {"ticker": "EURUSD=X", "kind": "currency"}),
        ("TNX.csv", "XNYS", False, {"ticker": "TNX", "kind": "no_volume_index"}),
        ("BTC-USD.csv", "24/7", True, {"ticker": "BTC-USD", "kind": "crypto", "calendar": "24/7"}),
        ("7203.T.csv", "XNYS", True, {"ticker": "7203.T", "kind": "etf"}),
    ],
)
def test_bars_without_volume_or_of_every_day_get_their_kind_and_calendar(
    folder, name, calendar, has_volume, entry
):
    bars = session_bars(1500, calendar=calendar)
    bars["Volume"] *= has_volume
    run("--file", save(folder / "my bars" / name, bars))
    assert read_mapping(Path("mine.yaml"))["data"]["tickers"] == [{**entry, "file": name}]
    checked()


def test_an_existing_file_is_never_overwritten(folder):
    run()
    (folder / "mine.yaml").write_text("campaign: precious\n")
    with pytest.raises(SystemExit, match=r"found mine\.yaml, which is never overwritten; .*TO="):
        run()
    assert (folder / "mine.yaml").read_text() == "campaign: precious\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ticker", "SPY"], r"the bundled source has no SPY; .*FILE=/path/to/SPY\.csv"),
        (["--file", "my bars/SPI.csv"], r"found no file .*SPI\.csv; .* did you mean SPY\.csv\?"),
        (["--file", "my"], 'needs quotes around the whole setting: "FILE=...'),
        (["--file", "my bars/SPY.csv", "--ticker", "s y"], "ticker: found 'S Y', expected 1 to 16 capital"),
        (["--file", "my bars/BAD.csv"], r"BAD\.csv, line 1: this is a web page"),
    ],
)
def test_mistakes_are_one_message_and_nothing_is_written(folder, arguments, message):
    save(folder / "my bars/SPY.csv", session_bars(300))
    save(folder / "my bars/VIX.csv", session_bars(300).assign(Volume=0))
    (folder / "my bars/BAD.csv").write_text("<html>")
    with pytest.raises(SystemExit, match=message):
        run(*arguments)
    assert not (folder / "mine.yaml").exists()
