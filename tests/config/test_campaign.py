import subprocess
import sys
from datetime import date

import pytest
import yaml

from simmer.base.errors import ConfigError
from simmer.base.schema import resolved, schema_of
from simmer.config.blocks import Document
from simmer.config.campaign import parse, parse_config
from simmer.config.docs import reference
from simmer.features.columns import A25_COLUMNS, VIX_FEATURES, VOLATILITY_FEATURES, VOLUME_FEATURES
from support.bars import bundled_table
from support.configs import ROOT, default_config, raw_config


def overlay(name):
    return yaml.safe_load((ROOT / "config" / name).read_text())


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_the_shipped_configurations_fit_the_schema(path):
    names = {
        "config.yaml": "main",
        "demo.yaml": "demo",
        "smoke-2B.yaml": "smoke-2B",
        "mps.yaml": "main",
        "four-scales.yaml": "main",
        "yahoo.yaml": "main",
    }
    assert default_config(overlay(path.name)).campaign == names[path.name]


def test_the_smoke_run_of_2b_is_a_few_steps_of_one_trial_on_real_bars():
    config = default_config(overlay("smoke-2B.yaml"))
    table = bundled_table()
    dataset = config.dataset.build(table, 1)
    settings = config.scales["2B"]
    assert (config.run_scales, settings.n_trials, settings.epochs_max) == (("2B",), 1, 1)
    assert 2 <= len(dataset.train) / settings.default.batch_size <= 5


def test_the_campaign_is_six_scales_three_horizons_fifty_trials():
    config = default_config()
    assert config.run_scales == ("20k", "200k", "2M", "20M", "200M", "2B")
    assert [config.scales[scale].n_trials for scale in config.run_scales] == [50] * 6
    assert config.dataset.horizons_days == (1, 3, 5)
    assert config.geometry.channels == 33


def test_most_trials_are_those_of_the_largest_study_that_is_to_be_run():
    trials = {"scales": {"2M": {"n_trials": 7}, "20M": {"n_trials": 20}, "200M": {"n_trials": 90}}}
    assert default_config(trials, {"run_scales": ["2M", "20M"]}).most_trials == 20
    assert default_config(trials, {"run_scales": ["2M"]}).most_trials == 7
    assert default_config(trials, {"run_scales": []}).most_trials == 90


def test_nested_patches_are_cut_to_the_context():
    config = default_config({"dataset": {"context_days": 15}})
    assert config.geometry.nested_days == (1, 5, 15)


VIX = {
    "data": {"tickers": [{"ticker": "GSPC", "kind": "index"}, {"ticker": "VIX", "kind": "no_volume_index"}]}
}


@pytest.mark.parametrize(
    ("features", "table", "columns"),
    [
        ({"vix": False}, "a25", A25_COLUMNS),
        ({"vix": False, "volatility": True}, "a33", (*A25_COLUMNS, *VOLATILITY_FEATURES)),
        ({"vix": True}, "c", (*A25_COLUMNS, *VIX_FEATURES)),
        ({"vix": True, "volatility": True}, "c41", (*A25_COLUMNS, *VOLATILITY_FEATURES, *VIX_FEATURES)),
    ],
)
def test_the_features_choose_the_table_and_the_channels(features, table, columns):
    raw = raw_config(VIX)
    raw["features"] = features
    config = parse_config(raw)
    assert config.dataset.table == f"GSPC_dataset_{table}"
    assert config.dataset.feature_columns == columns
    assert config.geometry.channels == len(columns) == int(table[1:] or 33)


def test_tickers_that_the_search_does_not_learn_from_change_no_study():
    assert default_config(VIX).study("2M", 1).meaning() == default_config().study("2M", 1).meaning()


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"features": {"vix": True}}, r"features\.vix: found true, but data\.tickers has no VIX"),
        (
            {**VIX, "dataset": {"ticker": "SPX"}},
            r"dataset\.ticker: found `SPX`; expected one of data.*`ticker: GSPC` or `ticker: VIX`",
        ),
        ({"data": {"source": "yahoo"}}, r"data\.end is not set"),
        ({"data": {"source": "yahoo", "end": "soon"}}, r"data\.end is 'soon'"),
    ],
)
def test_data_that_contradict_each_other_are_explained(overlay, message):
    with pytest.raises(ConfigError, match=message):
        default_config(overlay)


def pool(*tickers, **overlay):
    return {"dataset": {"pool": list(tickers)}, **overlay}


def test_pooled_tickers_have_tables_of_the_same_columns():
    tickers = ["GSPC", "IXIC", "SPY"]
    entries = [{"ticker": ticker, "kind": "index"} for ticker in tickers]
    vix = {"ticker": "VIX", "kind": "no_volume_index"}
    data = {"data": {"tickers": [*entries, vix]}}
    config = default_config(pool("SPY", "IXIC", **data))
    assert config.dataset.window_tickers == config.dataset.tickers == ("GSPC", "SPY", "IXIC")
    assert config.dataset.tables == tuple(f"{name}_dataset_a33" for name in ("GSPC", "SPY", "IXIC"))
    with_vix = default_config(pool("IXIC", **data), {"features": {"vix": True}})
    assert with_vix.dataset.tickers == ("GSPC", "IXIC", "VIX")
    assert with_vix.dataset.tables == ("GSPC_dataset_c41", "IXIC_dataset_c41")


def test_an_older_configuration_has_the_settings_of_before_in_their_order():
    """A job whose parameters change, or only their order, is run again."""
    old = default_config({"features": {"volatility": False}}).dataset.meaning()
    names = ["context_days", "horizons_days", "threshold", "basis", "split", "min_validation_decisions"]
    assert list(old) == ["ticker", "vix", *names]
    assert default_config(pool("IXIC")).dataset.meaning() == old | {"volatility": True, "pool": ("IXIC",)}


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        (pool("SPY"), r"found `SPY`; expected tickers of data\.tickers other than .* \(here \[IXIC\]\)"),
        (pool("GSPC"), r"found `GSPC`; expected tickers of data\.tickers other than dataset\.ticker"),
        (pool("SPX", **VIX), r"found `SPX`; expected tickers .* \(here \[VIX\]\)"),
        (pool("IXIC", "IXIC"), r"found \['IXIC', 'IXIC'\], expected each value once"),
        ({"dataset": {"pool": "IXIC"}}, r"found 'IXIC'; write a list: \[IXIC\]"),
    ],
)
def test_a_pool_of_unknown_tickers_is_explained(overlay, message):
    with pytest.raises(ConfigError, match=rf"dataset\.pool: {message}"):
        default_config(overlay)


def test_the_demo_does_less_at_20m_than_at_2m_and_all_horizons_at_both():
    demo = default_config(overlay("demo.yaml"))
    small, large = demo.scales["2M"], demo.scales["20M"]
    assert large.n_trials < small.n_trials
    assert large.epochs_max < small.epochs_max
    assert demo.dataset.horizons_days == (1, 3, 5)


def test_the_reference_page_is_in_step_with_the_declared_keys():
    assert (ROOT / "config/README.md").read_text() == reference(raw_config()), "run `make config-docs`"


def test_every_key_has_a_description_and_every_block_refuses_unknown_keys():
    root, walked = schema_of(Document), []

    def walk(node, path):
        walked.append(path)
        node = resolved(root, node)
        assert "words" in node or "pattern" not in node, path  # a message shows no regular expression
        if node.get("type") == "object" and "properties" in node:
            assert node.get("additionalProperties") is False, path
        for key, child in node.get("properties", {}).items():
            assert resolved(root, child).get("description"), (*path, key)
            walk(child, (*path, key))
        if isinstance(node.get("additionalProperties"), dict):
            walk(node["additionalProperties"], (*path, "*"))

    walk(root, ())
    assert {("scales", "*", "space", "depth"), ("dataset", "split", "train_end")} <= set(walked)


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"thermal": {"warnign_c": 80}}, r"thermal: unknown key `warnign_c`; did you mean `warning_c`\?"),
        ({"banana": 1}, r"the top level: unknown key `banana`"),
        ({"seed": "one"}, r"seed: found 'one', expected a whole number"),
        ({"dataset": {"threshold": "1e-2"}}, r"dataset\.threshold.*write 1\.0e-4"),
        ({"dataset": {"horizons_days": [0]}}, r"dataset\.horizons_days\.0: found 0, expected at least 1"),
        ({"dataset": {"basis": "low"}}, r"dataset\.basis: found 'low', expected one of"),
        ({"training": {"threads": "many"}}, r"training\.threads: found 'many', expected `auto`"),
        ({"scales": {"2M": {"n_trials": 4.0}}}, r"scales\.2M\.n_trials: found 4\.0, expected a whole number"),
        ({"scales": {"2M": {"trials": 5}}}, r"scales\.2M: unknown key `trials`; did you mean `n_trials`"),
        ({"scales": {"3M": {"n_trials": 5}}}, r"scales\.3M: missing key `budget_parameters`"),
    ],
)
def test_a_wrong_key_or_value_is_explained(overlay, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(raw_config(overlay))


def test_all_problems_are_listed_at_once():
    with pytest.raises(ConfigError, match=r"2 problems:\n.*seed.*\n.*banana"):
        parse_config(raw_config({"banana": 1, "seed": -1}))


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"run_scales": ["2M", "3M"]}, r"run_scales: found \[3M\], expected names"),
        ({"run_scales": ["2m"]}, r"run_scales: found \[2m\], .*; did you mean \[2M\]\?"),
        ({"dataset": {"ticker": "SPY"}}, r"dataset\.ticker.*`SPY`"),
        ({"thermal": {"resume_c": 90}}, r"found resume_c 90, expected less than setpoint_c 82"),
        ({"thermal": {"critical_c": 80}}, r"expected ascending values"),
        ({"model": {"patch_days": 10, "stride_days": 7}}, r"patches that end on the decision row"),
        (
            {"model": {"patch_days": 10, "stride_days": None}},
            r"patch_days 10 and stride_days None; expected two",
        ),
        ({"model": {"nested_days": [5, 1]}}, r"nested_days: found \[5, 1\]; expected ascending lengths"),
        (
            {"model": {"patch_days": None, "stride_days": None, "nested_days": None}},
            r"found no patches; expected nested_days, or patch_days",
        ),
        (
            {"dataset": {"context_days": 5}, "model": {"patch_days": 10, "stride_days": 5}},
            r"patches that end on the decision row",
        ),
        ({"dataset": {"split": {"train_end": "2012-12-31"}}}, r"either train_fraction"),
    ],
)
def test_values_that_contradict_each_other_are_explained(overlay, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(raw_config(overlay))


def test_fp32_with_weights_in_bf16_is_a_contradiction():
    with pytest.raises(ConfigError, match="found precision fp32 with memory kahan"):
        default_config({"training": {"precision": "fp32", "memory": "kahan"}})


def test_contradictions_in_several_blocks_are_listed_at_once():
    training, thermal = {"precision": "fp32", "memory": "kahan"}, {"resume_c": 90}
    with pytest.raises(ConfigError, match=r"3 problems:\n.*kahan(.|\n)*seed: found -1(.|\n)*resume_c 90"):
        default_config({"training": training, "thermal": thermal, "seed": -1})
    with pytest.raises(ConfigError, match=r"2 problems:\n.*run_scales: found \[3M\].*\n.*dataset\.ticker"):
        default_config({"run_scales": ["3M"], "dataset": {"ticker": "SPY"}})


def test_valid_blocks_are_checked_for_contradictions_though_others_are_wrong():
    parsed = parse(raw_config({"seed": -1, "dataset": {"ticker": "SPY"}, "run_scales": ["3M"]}))
    assert [problem.partition(":")[0] for problem in parsed.problems] == [
        "seed",
        "run_scales",
        "dataset.ticker",
    ]
    assert parsed.config is None
    assert parsed.data == default_config().data
    assert parsed.dataset.ticker == "SPY"


def test_a_wrong_block_is_absent_and_contradicts_nothing():
    parsed = parse(raw_config({"data": {"calendar": 5}, "dataset": {"ticker": "SPY"}}))
    assert [problem.partition(":")[0] for problem in parsed.problems] == ["data.calendar"]
    assert (parsed.data, parsed.dataset.ticker) == (None, "SPY")


def test_a_scale_may_leave_out_space_and_default():
    own = {"budget_parameters": 500_000, "n_trials": 10, "epochs_max": 10}
    short = default_config({"scales": {"500k": own}})
    full = default_config({"scales": {"500k": own | {"space": {}, "default": {}}}})
    assert short.study("500k", 1).settings_digest() == full.study("500k", 1).settings_digest()
    assert short.scales["500k"].default == short.scales["2M"].default


def test_the_end_of_the_data_may_be_written_without_quotes():
    assert default_config({"data": {"end": date(2026, 1, 1)}}) == default_config(
        {"data": {"end": "2026-01-01"}}
    )


def test_a_date_without_quotes_is_the_same_study():
    def digest(train_end, validation_end):
        split = {"train_fraction": None, "validation_fraction": None}
        split |= {"train_end": train_end, "validation_end": validation_end}
        return default_config({"dataset": {"split": split}}).study("2M", 1).settings_digest()

    assert digest(date(2010, 12, 31), date(2014, 12, 31)) == digest("2010-12-31", "2014-12-31")


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"dataset": {"horizons_days": 2}}, r"horizons_days: found 2; write a list: \[2\]\n"),
        ({"dataset": {"horizons_days": "1, 3"}}, r"found '1, 3'; write a list: \[1, 3\]\n"),
        ({"run_scales": "2M"}, r"run_scales: found '2M'; write a list: \[2M\]\n"),
        ({"run_scales": None}, r"run_scales: found null; write a list: \[\.\.\.\]\n"),
        (
            {"data": {"tickers": {"ticker": "SPY", "kind": "etf"}}},
            r"data\.tickers: found .*; write a list: \[\{ticker: SPY, kind: etf\}\]\n",
        ),
        (
            {"search": {"space": {"dropout": {"low": None, "high": None, "values": 0.1}}}},
            r"values: found 0\.1; write a list: \[0\.1\]\n",
        ),
        (
            {"search": {"halving": {"rung_fractions": 0.5}}},
            r"rung_fractions: found 0\.5; write a list: \[0\.5\]\n",
        ),
        (
            {"data": {"tickers": [{"ticker": "SPY"}]}},
            r"tickers\.0: missing key `kind`; write it, such as `kind: etf`\n",
        ),
        (
            {"data": {"tickers": [{"ticker": True, "kind": "etf"}]}},
            r"ticker: found true, expected text .*write it in quotes",
        ),
        (
            {"dataset": {"split": {"train_end": 2014}}},
            r"train_end: found 2014, expected a date such as 2014-12-31, or null\n",
        ),
        (
            {"dataset": {"horizons_days": [1, 1]}},
            r"horizons_days: found \[1, 1\], expected each value once",
        ),
        ({"dataset": {"horizons_days": []}}, r"horizons_days: found \[\], expected at least one entry"),
        ({"dataset": {"split": 5}}, r"dataset\.split: found 5, expected a block of keys"),
        (
            {"campaign": "my campaign"},
            r"campaign: found 'my campaign', expected letters.*such as my-campaign",
        ),
        ({"campaign": "a\x1b[2J"}, r"campaign: found 'a\\x1b\[2J', expected letters"),
        ({"scales": {"2-M": {}}}, r"scales: found '2-M', expected letters and digits, such as 20M"),
        ({"scales": {3: {}}}, r"scales: found the key 3, expected text: write it in quotes"),
        ({"thermal": {3: 1}}, r"thermal: found the key 3, expected text"),
        ({"training": {"compile": 1}}, r"training\.compile: found 1, expected one of `auto`, true, false"),
        (
            {"training": {"time_limit_s": "60"}},
            r"time_limit_s: found '60', expected a number or null .*without",
        ),
        ({"training": {"gradient_clip_norm": float("inf")}}, r"found inf, expected a finite number"),
        ({"search": {"space": {"dropout": {"high": float("inf")}}}}, r"search\.space\.dropout.*found inf"),
        ({"search": {"space": {"dropout": {"high": float("nan")}}}}, r"search\.space\.dropout.*found nan"),
        ({"search": {"space": {"depth": {"high": float("inf")}}}}, r"search\.space\.depth.*found inf"),
        ({"seed": float("nan")}, "seed: found nan, expected a whole number"),
        (
            {"thermal": {"cooldown_timeout_s": float("inf")}},
            "cooldown_timeout_s: found inf, expected a finite",
        ),
        (
            {"thermal": {"critical_c": float("nan")}},
            r"thermal\.critical_c: found nan, expected a finite number",
        ),
        ({"evidence": {"seeds": float("inf")}}, "seeds: found inf, expected a whole number"),
        *(
            (
                {"evidence": {"keep_models": value}},
                "keep_models: found .*, expected one of `auto`, `all`, `none`, or a whole number",
            )
            for value in (0, True, "some", 1.5, None)
        ),
        ({"thermal": {"critical_c": 203}}, "critical_c: found 203, expected °C, at most 110; .* write 95"),
        ({"thermal": {"setpoint_c": 180.0}}, "setpoint_c: found 180, expected °C.* write 82"),
        ({"thermal": {"warning_c": 185}}, "warning_c: found 185, expected °C.* write 85"),
        ({"thermal": {"resume_c": 172}}, "resume_c: found 172, expected °C.* write 78"),
        ({"thermal": {"acceptable_c": 158}}, "acceptable_c: found 158, expected °C.* write 70"),
        (
            {"search": {"default": {"dropout": 2.0}}},
            r"search\.default\.dropout: found 2\.0, expected less than 1",
        ),
        ({"dataset": {"threshold": 1.5}}, r"threshold: found 1\.5, .* \(1\.5 % is written as 0\.015\)"),
        ({"dataset": {"threshold": "1.5 %"}}, r"expected a number \(1\.5 % is written as 0\.015\)"),
        ({"dataset": {"threshold": "a %"}}, "found 'a %', expected a number"),
        (
            {"data": {"tickers": [{"ticker": "spy", "kind": "etf"}]}},
            r"tickers\.0\.ticker: found 'spy', expected 1 to 16",
        ),
    ],
    ids=str,
)
def test_a_message_says_what_was_expected(overlay, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(raw_config(overlay))


@pytest.mark.parametrize("keep", ["auto", "all", "none", 3])
def test_kept_models_change_no_study_and_an_old_configuration_keeps_them(keep):
    old = raw_config()
    del old["evidence"]["keep_models"]
    changed = default_config({"evidence": {"keep_models": keep}})
    assert parse_config(old).evidence.keep_models == "auto"
    assert changed.study("2M", 1).meaning() == parse_config(old).study("2M", 1).meaning()


@pytest.mark.parametrize(
    ("keep", "small", "large"), [("auto", 5, 1), ("all", 5, 5), ("none", 0, 0), (3, 3, 3), (9, 5, 5)]
)
def test_all_members_are_kept_while_one_is_at_most_a_gibibyte(keep, small, large):
    settings = default_config({"evidence": {"keep_models": keep}}).evidence
    assert [settings.kept_members(size) for size in (1 << 30, (1 << 30) + 1)] == [small, large]


@pytest.mark.parametrize("raw", [None, [], "main", {3: 1}], ids=str)
def test_values_that_are_not_a_configuration_are_refused(raw):
    with pytest.raises(ConfigError, match="the top level: "):
        parse_config(raw)


def test_a_study_that_is_not_configured_is_refused():
    with pytest.raises(ConfigError, match="found no study 7M"):
        default_config().study("7M", 1)
    with pytest.raises(ConfigError, match="2 days"):
        default_config().study("2M", 2)


def test_a_scale_narrows_the_space_and_inherits_the_rest():
    large = default_config().scales["2B"]
    assert large.space.dimensions["depth"].high == 48
    assert large.space.dimensions["dropout"].high == 0.6


def test_only_settings_that_affect_results_are_in_the_fingerprint():
    def fingerprint(**overlay):
        return default_config(overlay).study("2M", 1).fingerprint("data")

    base = fingerprint()
    for meaning in (
        {"seed": 2},
        {"dataset": {"threshold": 0.02}},
        {"dataset": {"context_days": 80}},
        {"training": {"patience_epochs": 3}},
        {"search": {"startup_trials": 5}},
        {"search": {"space": {"dropout": {"high": 0.5}}}},
        {"scales": {"2M": {"epochs_max": 3}}},
    ):
        assert fingerprint(**meaning) != base, meaning
    for circumstance in (
        {"campaign": "other"},
        {"scales": {"2M": {"n_trials": 7}, "20M": {"epochs_max": 3}}},
        {"search": {"parallel_trials": 2}},
        {"training": {"checkpoint_interval_s": 7, "threads": 1}},
        {"thermal": {"setpoint_c": 79, "warning_c": 80, "govern": False}},
        {"hardware_log": {"interval_s": 7}},
    ):
        assert fingerprint(**circumstance) == base, circumstance
    assert default_config().study("2M", 1).fingerprint("other data") != base
    assert default_config().study("2M", 3).fingerprint("data") != base


def test_reading_the_configuration_imports_nothing_heavy():
    program = (
        "import sys; import simmer.config.campaign;"
        "print([name for name in ('torch', 'optuna', 'pandas', 'talib') if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "workflow/scripts",
    )
    assert printed.stdout.strip() == "[]"


def test_the_conda_environment_names_the_pinned_versions():
    pins = set((ROOT / "constraints.txt").read_text().split("\n"))
    environment = yaml.safe_load((ROOT / "workflow/envs/simmer.yaml").read_text())
    packages = environment["dependencies"][-1]["pip"]
    assert set(packages) <= pins


EURUSD = {"ticker": "EURUSD=X", "kind": "currency", "calendar": "24/5"}
SAP = {"ticker": "SAP.DE", "kind": "stock", "calendar": "XETR"}


@pytest.mark.parametrize(
    ("volatility", "vix", "table", "channels"),
    [(False, False, "a21", 21), (True, False, "a29", 29), (False, True, "c29", 29), (True, True, "c37", 37)],
)
def test_a_ticker_without_volume_has_a_table_without_its_features(volatility, vix, table, channels):
    entries = [{**EURUSD, "calendar": None}, VIX["data"]["tickers"][1]]
    config = default_config(
        {
            "data": {"tickers": entries},
            "dataset": {"ticker": "EURUSD=X"},
            "features": {"volatility": volatility, "vix": vix},
        }
    )
    assert config.dataset.table == f"EURUSD=X_dataset_{table}"
    assert config.geometry.channels == len(config.dataset.feature_columns) == channels
    assert set(config.dataset.feature_columns).isdisjoint(VOLUME_FEATURES)
    assert config.dataset.meaning()["volume"] is False
    assert not config.has_volume("EURUSD=X")


def test_a_pool_has_the_columns_that_all_of_its_tickers_have():
    data = {"data": {"tickers": [SAP, EURUSD, {"ticker": "SPY", "kind": "etf"}]}}
    alone = default_config({**data, "dataset": {"ticker": "SAP.DE"}})
    assert (alone.dataset.table, alone.own_table("EURUSD=X")) == (
        "SAP.DE_dataset_a33",
        "EURUSD=X_dataset_a29",
    )
    assert "volume" not in alone.dataset.meaning()
    mixed = default_config({**data, "dataset": {"ticker": "SAP.DE", "pool": ["EURUSD=X"]}})
    assert mixed.dataset.tables == ("SAP.DE_dataset_a29", "EURUSD=X_dataset_a29")
    assert mixed.own_table("SPY") == "SPY_dataset_a33"


def test_the_vix_needs_the_calendar_of_the_ticker():
    data = {"data": {"tickers": [SAP, VIX["data"]["tickers"][1]]}}
    with pytest.raises(
        ConfigError,
        match=r"features\.vix: .* SAP\.DE has the calendar XETR and VIX XNYS: .* may not be known",
    ):
        default_config({**data, "dataset": {"ticker": "SAP.DE"}, "features": {"vix": True}})
    assert default_config({**data, "dataset": {"ticker": "SAP.DE"}, "features": {"vix": False}})
