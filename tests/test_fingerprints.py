"""Fingerprints of studies as constants: if one changes, all existing trials of that study are lost."""

import pytest
import yaml

from simmer.base.files import read_json
from simmer.data.tables import content_sha256
from simmer.features.of_bars import features_of_bars
from support.bars import bundled_bars
from support.configs import FOUR_SCALES, ROOT, default_config

# Of data/processed/GSPC_dataset_*.parquet, computed from the bars in the `arch` package.
FEATURES_SHA256 = {
    "a25": "530b6379d2d1fa5f34720dc18ac0af01d37398656b2f3ee641626a5465612870",
    "a33": "667d0ff303ac1b911350242933aae49474492af5979fe0d700b34ba6f263b629",
}

# The folders that `make demo` made in demo/results/ledger.
DEMO = {
    ("2M", 1): "fe83b1c197ad",
    ("2M", 3): "d79b11b40aad",
    ("2M", 5): "38130e4144db",
    ("20M", 1): "d3d2cbb94497",
    ("20M", 3): "ca2a09c6492c",
    ("20M", 5): "9c87fe623df9",
}

# Of every scale of that campaign, at 1, 3 and 5 days.
SETTINGS = {
    "debug": ["25c874f6b3e3", "9495262d2da6", "388b382b702c"],
    "2M": ["9c6bb0e42d09", "e047a5b7697e", "62c5a6aef615"],
    "20M": ["7d0747970c19", "1dcc3fad596f", "2b1ed7a9bd23"],
    "200M": ["0a73f974b77e", "57a82f723976", "98f366c8b871"],
    "2B": ["d1e84e30bd8d", "c6e5c7d17ed4", "0be5457ebc38"],
}
# Of every scale of the shipped campaign.
SHIPPED = {
    "debug": ["086980831d5d", "cbde9b635661", "53f54744e217"],
    "20k": ["5bca013434a6", "5718af9bcaed", "f5e3f2478d6c"],
    "200k": ["81a2e299d3db", "35ac10c3b9ba", "ad48949fa272"],
    "2M": ["6f994685a550", "beab8dc37ee7", "d26c852d13fe"],
    "20M": ["c429bf5856dd", "11694dc54a84", "977c17476648"],
    "200M": ["7e9b8d887415", "278e693bf30f", "fa173053fd50"],
    "2B": ["5655742c01bb", "dd847f55df33", "043411ed5af7"],
}
# With `search.transfer: 3`, which has no effect if no smaller scale is run.
TRANSFERRED = SETTINGS | {
    "20M": ["17c15805a830", "28ce2a22a89f", "ea1708a6247d"],
    "200M": ["e5e28fa10fd7", "a95729e37332", "65615306bbf4"],
    "2B": ["a7d65a1b23c9", "fed7daa51ff5", "56a3244ea905"],
}


def test_fingerprints_of_the_demo_are_unchanged():
    of_demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text(encoding="utf-8"))
    demo = default_config(FOUR_SCALES, of_demo)
    found = {
        (scale, days): demo.study(scale, days).fingerprint(FEATURES_SHA256["a25"])
        for scale in demo.run_scales
        for days in demo.dataset.horizons_days
    }
    assert found == DEMO


@pytest.mark.parametrize(
    ("overlays", "expected"),
    [
        ([], SHIPPED),
        ([FOUR_SCALES], SETTINGS),
        ([FOUR_SCALES, {"search": {"transfer": 3}}], TRANSFERRED),
    ],
    ids=["shipped", "four scales", "transfer"],
)
def test_settings_digests_of_every_study_are_unchanged(overlays, expected):
    config = default_config(*overlays)
    assert config.dataset.horizons_days == (1, 3, 5)
    assert {
        scale: [config.study(scale, days).settings_digest() for days in config.dataset.horizons_days]
        for scale in ("debug", *config.run_scales)
    } == expected


@pytest.mark.parametrize(("name", "volatility"), [("a25", False), ("a33", True)])
def test_the_features_of_the_bundled_bars_are_unchanged(name, volatility):
    frame = features_of_bars(bundled_bars(), volatility=volatility).frame
    assert content_sha256(frame) == FEATURES_SHA256[name]


def test_the_features_match_the_tracked_manifest():
    resources = read_json(ROOT / "data/processed/datapackage.json")["resources"]
    if [entry["ticker"] for entry in resources] != ["GSPC", "IXIC"]:
        pytest.skip("this folder holds another campaign than the shipped one")
    table = f"{default_config().dataset.table}.parquet"
    assert [entry["content_sha256"] for entry in resources if entry["path"] == table] == [
        FEATURES_SHA256["a33"]
    ]
