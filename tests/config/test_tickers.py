"""The tickers of a campaign, and the configuration of one of them."""

import pytest
import yaml

from simmer.base.errors import ConfigError
from simmer.config.campaign import parse_config
from simmer.config.reading import read_mapping
from simmer.config.tickers import as_file, of_ticker, tickers_of
from support.configs import default_config, raw_config

NAMES = ("SPY", "SAP.DE", "7203.T", "DIA", "VIX")


def several(ticker, *overlays):
    entries = [{"ticker": name, "kind": "no_volume_index" if name == "VIX" else "etf"} for name in NAMES]
    data = {"source": "csv", "folder": "bars", "tickers": entries}
    return raw_config({"data": data, "dataset": {"ticker": ticker}}, *overlays)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("SPY", ("SPY",)),
        (["SPY"], ("SPY",)),
        (["DIA", "SPY"], ("DIA", "SPY")),
        ("*", ("SPY", "SAP.DE", "7203.T", "DIA")),
        (["S*", "7203.T", "SPY"], ("SPY", "SAP.DE", "7203.T")),
        (["*", "VIX"], NAMES),
        ("[SD]*", ("SPY", "SAP.DE", "DIA")),
        ("spy*", None),
        ([], None),
        (7, ()),
        ([7], ()),
        (None, ()),
    ],
)
def test_tickers_are_names_and_patterns_in_order_each_once(written, found):
    if found is None:
        with pytest.raises(ConfigError, match=r"dataset\.ticker: found .* expected"):
            tickers_of(several(written))
    else:
        assert tickers_of(several(written)) == found


@pytest.mark.parametrize(
    "broken", [{}, {"dataset": 3}, {"dataset": {"ticker": "*"}, "data": {"tickers": [1]}}]
)
def test_broken_configurations_are_left_to_the_parser(broken):
    try:
        assert tickers_of(broken) == ()
    except ConfigError as error:
        assert "fits no ticker" in str(error)


def test_one_ticker_in_a_list_is_the_study_it_is_alone():
    alone, listed = default_config(), parse_config(raw_config({"dataset": {"ticker": ["GSPC"]}}))
    assert listed == alone


@pytest.mark.parametrize(
    ("written", "seen"), [(None, "../.."), ("/bars", "/bars"), ("~/bars", "/home/me/bars")]
)
def test_folders_stay_where_they_are(written, seen, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    raw = several("*", {"data": {"folder": written}})
    assert of_ticker(raw, "SPY", tickers=tickers_of(raw))["data"]["folder"] == seen


def test_each_of_several_tickers_has_the_studies_it_has_alone():
    raw = raw_config({"dataset": {"ticker": ["GSPC", "IXIC"]}})
    for ticker in ("GSPC", "IXIC"):
        own = parse_config(raw, ticker)
        alone = default_config({"dataset": {"ticker": ticker}})
        assert own.dataset == alone.dataset
        assert own.study("2M", 1).settings_digest() == alone.study("2M", 1).settings_digest()
        assert [spec.ticker for spec in own.data.tickers] == [ticker]
        assert own.evidence.tickers == 2


def test_a_ticker_keeps_what_it_needs_of_the_others():
    raw = several(
        "*", {"dataset": {"pool": ["SPY", "DIA"]}, "features": {"vix": True}, "thermal": {"sysfs_root": "s"}}
    )
    own = of_ticker(raw, "SPY", tickers=tickers_of(raw))
    assert own["dataset"]["pool"] == ["DIA"]
    assert [entry["ticker"] for entry in own["data"]["tickers"]] == ["SPY", "DIA", "VIX"]
    assert own["data"]["folder"] == "../../bars"
    assert own["thermal"]["sysfs_root"] == "../../s"
    assert raw["dataset"]["ticker"] == "*", "the configuration of the whole campaign was changed"


def test_days_as_keys_are_written_as_text(tmp_path):
    raw = several(["SPY", "DIA"])
    raw["data"]["tickers"][0]["exceptions"] = yaml.safe_load("{2020-10-01: the vendor has no bar}")
    file = tmp_path / "config.yaml"
    file.write_text(as_file(of_ticker(raw, "SPY", tickers=("SPY", "DIA")), "SPY"))
    assert parse_config(read_mapping(file)) == parse_config(raw, "SPY")


def test_tickers_that_were_left_out_share_the_chance_of_a_wrong_claim():
    raw = several(["SPY", "DIA"])
    assert of_ticker(raw, "SPY", tickers=("SPY", "DIA"), together=20)["evidence"]["tickers"] == 20


def test_the_file_of_a_ticker_is_read_as_its_configuration(tmp_path):
    raw = several(["7203.T", "SPY"], {"dataset": {"split": {"train_end": yaml.safe_load("2012-12-31")}}})
    raw["dataset"]["split"] |= {
        "validation_end": "2015-12-31",
        "train_fraction": None,
        "validation_fraction": None,
    }
    file = tmp_path / "config.yaml"
    file.write_text(as_file(of_ticker(raw, "7203.T", tickers=tickers_of(raw)), "7203.T"))
    assert parse_config(read_mapping(file)) == parse_config(raw, "7203.T")


def test_a_command_for_one_ticker_names_the_folders_of_several():
    with pytest.raises(ConfigError, match=r"found 4 tickers .* FOLDER=tickers/SPY"):
        parse_config(several("*"))


@pytest.mark.parametrize("name", ["../out", "NEW"])
def test_a_name_that_is_no_ticker_is_refused_before_a_folder_is_made(name):
    raw = several(["SPY", name])
    with pytest.raises(ConfigError, match=r"expected one of data\.tickers"):
        parse_config(raw, name)
