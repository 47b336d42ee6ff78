"""The disk that kept weights need."""

import pytest

from simmer.model.budgets import expected_parameters
from simmer.runs.needs import kept_weights_bytes, needs_of_study
from simmer.training.settings import Execution
from support.configs import default_config

GIB = 1 << 30
EXECUTION = Execution(device="cpu", precision="fp32", threads=1)


def weights_bytes(tmp_path, scale, *, keep="auto", precision="fp32"):
    config = default_config({"evidence": {"keep_models": keep}})
    execution = Execution(device="cpu", precision=precision, threads=1)
    return kept_weights_bytes(config, config.study(scale, 1), execution, results=tmp_path)


def one_member(scale, *, itemsize=4):
    study = default_config().study(scale, 1)
    shape = study.solve(depth=study.default.depth, head_width=study.default.head_width, ff_ratio=4.0)
    return expected_parameters(shape) * itemsize


@pytest.mark.parametrize(
    ("scale", "keep", "members"),
    [
        ("20M", "auto", 5),
        ("200M", "auto", 5),
        ("2B", "auto", 1),
        ("2B", "all", 5),
        ("20M", 2, 2),
        ("2M", 9, 5),
    ],
)
def test_weights_of_three_horizons_are_stored_twice(tmp_path, scale, keep, members):
    # Once more while newer weights are written.
    files = 2 * 3 * members + 1
    assert weights_bytes(tmp_path, scale, keep=keep) == pytest.approx(files * one_member(scale), rel=0.04)


def test_weights_in_bfloat16_need_half_of_it(tmp_path):
    found = weights_bytes(tmp_path, "2B", keep=1, precision="bf16")
    assert found == pytest.approx(weights_bytes(tmp_path, "2B", keep=1) / 2)


def test_without_kept_weights_nothing_is_needed(tmp_path):
    assert weights_bytes(tmp_path, "2B", keep="none") == 0


def test_what_is_stored_already_is_not_counted_again(tmp_path):
    before = weights_bytes(tmp_path, "2M")
    folder = tmp_path / "models/2M/h1"
    folder.mkdir(parents=True)
    (folder / "member_0.safetensors").write_bytes(bytes(1_000_000))
    assert weights_bytes(tmp_path, "2M") == before - 2_000_000
    assert weights_bytes(tmp_path, "20M") == weights_bytes(tmp_path / "empty", "20M")


def test_the_disk_check_counts_them():
    study = default_config().study("2M", 1)
    needs = needs_of_study(study, EXECUTION, device="cpu", slots=1, weights_bytes=7 * GIB)
    assert needs.weights_bytes == 7 * GIB
