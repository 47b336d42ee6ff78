"""Cards of saved models: what is refused, and what is said to differ."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from simmer.base.errors import DamagedError, ModelError
from simmer.base.records import with_digest
from simmer.base.typed_json import as_json
from simmer.ledger.model_card import FORMAT, Card, ModelInputs
from support.results import HYPERPARAMETERS, SHAPE

INPUTS = ModelInputs(
    columns=("Open", "Close"), form="train_scaled", context_days=60, mean=(1.5, 2.0), std=(0.5, 0.1)
)
MEMBER = {"file": "member_0.safetensors", "sha256": "a" * 64, "bytes": 100, "refit": 0, "seed": 5}
MEMBER |= {"best_epoch": 3, "validation_log_loss": 0.4}
EXECUTION = {"device": "cpu", "precision": "fp32", "threads": 2, "memory": "full"}
EXECUTION |= {"activation_checkpointing": False, "compiled": False, "kernels": "torch"}


def values(**changes):
    """The values of a card, with changes; a key that is changed to ... is left out."""
    made = {
        "format": FORMAT,
        "campaign": "main",
        "scale": "2M",
        "fingerprint": "0e1cc26a5fed",
        "winner": 7,
        "shape": SHAPE | {"channels": 2},
        "parameters": 60_441,
        "recipe": HYPERPARAMETERS,
        "inputs": as_json(INPUTS),
        "inputs_sha256": INPUTS.sha256,
        "label": {"threshold": 0.01, "basis": "high", "horizon_days": 3},
        "base_rate": 0.25,
        "bars": {"ticker": "SPY", "kind": "etf", "adjustment": "none", "calendar": "XNYS", "sources": []},
        "features_sha256": "f" * 64,
        "members": [MEMBER | {"execution": EXECUTION}],
        "findings": ["2M is better than the base rate."],
        "versions": {"torch": "2.13.0"},
        "code_digests": ["d1"],
    }
    return {key: value for key, value in (made | changes).items() if value is not ...}


def parse(known):
    return Card.parse(json.dumps(with_digest(known)).encode(), where=Path("models/2M/h3/card.json"))


def test_a_card_is_read_as_it_was_written():
    card = parse(values())
    assert card.inputs == INPUTS
    assert as_json(card) == values()
    assert card.name == "2M/h3"
    assert card.event == (
        "the high of SPY in one of the next 3 sessions is at least 1.0 % above the close of the newest bar"
    )


@pytest.mark.parametrize("key", sorted(values()))
def test_a_card_without_a_key_is_refused(key):
    with pytest.raises((DamagedError, ModelError), match=key if key != "format" else "in the format None"):
        parse(values(**{key: ...}))


@pytest.mark.parametrize("found", ["simmer-model-2", None, 1, "x" * 10_000])
def test_another_format_is_refused_with_what_to_do(found):
    with pytest.raises(ModelError, match=r"in the format .*; expected simmer-model-1: use the version"):
        parse(values(format=found))


def inputs(**changes):
    return as_json(INPUTS) | changes


def member(**changes):
    return [MEMBER | {"execution": EXECUTION} | changes]


WRONG = {
    "a path as a file": {"members": member(file="../member_0.safetensors")},
    "an absolute file": {"members": member(file="/etc/passwd")},
    "a hidden file": {"members": member(file=".member")},
    "a folder as a file": {"members": member(file="..")},
    "a NUL in a file": {"members": member(file="member\0")},
    "a line feed at the end of a file": {"members": member(file="member_0.safetensors\n")},
    "a file twice": {"members": 2 * member()},
    "a billion threads": {"members": member(execution=EXECUTION | {"threads": 10**9})},
    "no thread": {"members": member(execution=EXECUTION | {"threads": 0})},
    "an unknown device": {"members": member(execution=EXECUTION | {"device": "cuda:1; rm"})},
    "an unknown precision": {"members": member(execution=EXECUTION | {"precision": "fp8"})},
    "inputs that do not match their digest": {"inputs": inputs(mean=[1.5, 2.1])},
    "another number of means": {"inputs": inputs(mean=[1.5])},
    "a column twice": {"inputs": inputs(columns=["Open", "Open"])},
    "a deviation of 0": {"inputs": inputs(std=[0.5, 0.0])},
    "a negative deviation": {"inputs": inputs(std=[0.5, -1.0])},
    "an unknown form": {"inputs": inputs(form="raw")},
    "other channels": {"shape": SHAPE},
    "another context": {"shape": SHAPE | {"channels": 2, "context_days": 50}},
    "a ticker that is a path": {"bars": values()["bars"] | {"ticker": "../SPY"}},
    "bars of an unknown kind": {"bars": values()["bars"] | {"kind": "bond"}},
    "a base rate of 0": {"base_rate": 0.0},
    "a base rate of 2": {"base_rate": 2},
    "a scale with a slash": {"scale": "../2M"},
    "a fingerprint that is a path": {"fingerprint": "../../x"},
    "a horizon of ten thousand days": {"label": {"threshold": 0.01, "basis": "high", "horizon_days": 10**4}},
    "a threshold of 2": {"label": {"threshold": 2, "basis": "high", "horizon_days": 1}},
    "text as parameters": {"parameters": "many"},
    "a fraction as parameters": {"parameters": 1.5},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_card_with_wrong_values_is_refused(name):
    with pytest.raises(DamagedError, match=r"found models/2M/h3/card\.json damaged \(.*make report"):
        parse(values(**WRONG[name]))


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_numbers_that_are_not_finite_are_refused(number):
    text = json.dumps(values(base_rate=number))
    with pytest.raises(DamagedError):
        Card.parse(text.encode(), where=Path("card.json"))


def test_a_changed_value_is_found_by_the_digest():
    content = json.dumps(with_digest(values()) | {"base_rate": 0.26}).encode()
    with pytest.raises(DamagedError, match="its values do not match its sha256"):
        Card.parse(content, where=Path("card.json"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": ("Close", "Open")}, "columns and their order: expected 'Open', found 'Close'"),
        ({"columns": ("Open",), "mean": (1.5,), "std": (0.5,)}, "order: expected 2 columns, found 1 columns"),
        ({"form": "window_norm"}, "form: expected train_scaled, found window_norm"),
        ({"context_days": 20}, "context_days: expected 60, found 20"),
        ({"mean": (1.5, 2.5)}, "scaling of Close: expected mean 2.0 and standard deviation 0.1, found 2.5"),
    ],
)
def test_other_inputs_have_another_digest_and_a_sentence_says_why(changes, message):
    other = replace(INPUTS, **changes)
    assert other.sha256 != INPUTS.sha256
    (found,) = INPUTS.differences(other)
    assert message in found


def test_equal_inputs_do_not_differ():
    assert INPUTS.differences(replace(INPUTS)) == []
    # Pinned: the digest is in every file of weights.
    assert INPUTS.sha256 == "cdf14091042f5d88a1e845cf45cffbec406b724b3e60cf53d9038dc1484dae76"
