import pytest

from simmer.base.errors import ConfigError
from simmer.config.reading import main, read_mapping


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "mine.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "seed: 1\ndata: {}\nseed: 2\n",
            r"line 3: found the key `seed` twice, expected it once \(first in line 1\)",
        ),
        ("scales: {2M: {n_trials: 1, n_trials: 2}}\n", r"line 1: found the key `n_trials` twice"),
        ("1: a\ntrue: b\n", r"line 2: found the key `True` twice"),
        ('{"seed": 1,\n\t"seed": 2}', "found the key `seed` twice"),
        ("seed: 1\nend: 2012-02-30\n", r"line 2: found '2012-02-30', expected a value that exists"),
        ("seed: 1\ncampaign: [\n", "line 3: .*while parsing"),
        ("seed: 1\n\tcampaign: x\n", "line 2: "),
        (b"# na\xefve\nseed: 1\n", r"line 1: found a byte that is not UTF-8"),
        (b"seed: 1\ncampaign: caf\xe9\n", r"line 2: found a byte that is not UTF-8"),
        ("seed: 1\x00\n", "special characters are not allowed"),
        ("- seed\n", "found list, expected keys with values"),
        ("seed\n", "found str, expected keys with values"),
        ("[" * 5000, "mine.yaml"),
        ("seed: !!python/object:os.system x\n", "line 1: could not determine a constructor"),
        ("{[1]: 2}\n", "line 1: .*unhashable key"),
    ],
)
def test_a_damaged_file_is_refused_with_its_name_and_line(written, content, message):
    path = written(content)
    with pytest.raises(ConfigError, match=message) as raised:
        read_mapping(path)
    assert str(raised.value).startswith(f"the configuration file {path}")
    assert str(raised.value).endswith("; fix the file")


def test_keys_may_occur_again_in_other_blocks_and_override_merged_ones(written):
    text = "a: &a {seed: 1}\nb: {<<: *a, seed: 2}\n"
    assert read_mapping(written(text)) == {"a": {"seed": 1}, "b": {"seed": 2}}


def test_json_is_read_as_json(written):
    assert read_mapping(written('{\n\t"seed": 1e-4}')) == {"seed": 1e-4}


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*gone\.yaml: No such file"):
        read_mapping(tmp_path / "gone.yaml")


def test_the_command_ends_with_the_message(written):
    main([written("seed: 1")])
    with pytest.raises(SystemExit, match="found the key `seed` twice"):
        main([written("seed: 1\nseed: 1")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "data:\n  tickers:\n    - {ticker: ON, kind: stock}\n",
            r'line 3: .*ON, .*reads as true, .* `- {ticker: "ON", kind: stock}`',
        ),
        ("a:\n  ticker: 7203  # Toyota\n", r'line 2: .*7203, .*reads as 7203, .*`ticker: "7203"  # Toyota`'),
        ("a: {ticker: 0700}\n", r'line 1: .*0700, .*reads as 448, .*`a: {ticker: "0700"}`'),
        ("a:\n  pool: [SPY, NO]\n", r'line 2: .*NO, .*reads as false, .*`pool: \[SPY, "NO"\]`'),
        ("a: {snapshot: 1234567890123456}\n", r'line 1: .*`a: {snapshot: "1234567890123456"}`'),
    ],
)
def test_a_name_that_yaml_reads_as_something_else_is_quoted(written, text, message):
    with pytest.raises(ConfigError, match=message):
        read_mapping(written(text))


def test_quoted_names_and_other_keys_are_left_alone(written):
    text = "a: {ticker: \"ON\", pool: ['7203'], seed: 0700, ticker_2: ON, snapshot: latest}\n"
    found = {"ticker": "ON", "pool": ["7203"], "seed": 448, "ticker_2": True, "snapshot": "latest"}
    assert read_mapping(written(text)) == {"a": found}
