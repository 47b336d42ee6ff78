import pytest
import yaml

from simmer.base.flow_yaml import as_yaml


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0.1, "0.1"),
        (1e-5, "1.0e-05"),
        ("SPY.csv", "SPY.csv"),
        ("ON", "'ON'"),
        ("7203", "'7203'"),
        ("/home/jörg/my bars", "/home/jörg/my bars"),
        ("a: b # c", "'a: b # c'"),
        ((1, 3), "[1, 3]"),
        ([], "[]"),
        ({"file": "a, b.csv", "kind": "etf"}, "{file: 'a, b.csv', kind: etf}"),
        (["x" * 200, 1], f"[{'x' * 200}, 1]"),
    ],
)
def test_a_value_is_one_line_that_reads_back(value, text):
    assert as_yaml(value) == text
    assert yaml.safe_load(f"key: {text}")["key"] == (list(value) if isinstance(value, tuple) else value)
