"""What `make predict` prints: the models' probabilities for the newest complete bar."""

import re
import subprocess
from datetime import UTC, datetime

import pytest
import yaml

from simmer.base.records import read_record, write_record
from simmer.commands.predict import main
from simmer.data.bars_csv import canonical_csv
from support.configs import ROOT
from support.saved_models import BARS, OVERLAY, SAVED

NOW_S = datetime(2026, 11, 24, 22, tzinfo=UTC).timestamp()


@pytest.fixture
def mine(saved):
    (saved / "mine.yaml").write_text(yaml.safe_dump(OVERLAY))
    return saved


def predicted(folder, capsys, *arguments, overlay="mine.yaml", now_s=NOW_S):
    config = ("--config", str(ROOT / "config/config.yaml"), "--overlay", str(folder / overlay))
    main([str(folder / "results"), *config, *map(str, arguments)], clock=lambda: now_s)
    return capsys.readouterr().out


def refused(folder, capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        predicted(folder, capsys, *arguments)
    return str(ended.value)


def test_the_campaign_s_own_bars_are_the_default(mine, capsys):
    before = {path: path.stat().st_mtime_ns for path in mine.rglob("*")}
    text = predicted(mine, capsys)
    lines = text.splitlines()
    day = BARS["Date"].iloc[-1]
    assert lines[0].startswith(f"GSPC, bar of {day:%a %Y-%m-%d} in")
    assert re.search(r"raw/GSPC\.csv: [\d,]+ sessions old, [\d,]+ days", " ".join(text.split()))
    assert re.search(r"^debug/h1 +1 day +\d+\.\d % +\d+\.\d % to \d+\.\d % \(2\) +\d+\.\d %$", text, re.M)
    assert "debug/h1: The high of GSPC in the next session is at least 1.0 % above" in " ".join(text.split())
    assert "debug/h1: debug's loss is" in text
    assert lines[-1] == "This is the output of a statistical model, not investment advice."
    assert {path: path.stat().st_mtime_ns for path in mine.rglob("*")} == before


def test_newer_bars_of_a_file_are_asked_about(mine, capsys):
    own = mine / "data/raw/GSPC.csv"
    newer = mine / "my newer.csv"
    own.rename(newer)
    own.write_bytes(canonical_csv(BARS[:600]))
    text = " ".join(predicted(mine, capsys, "--file", newer).split())
    assert f"{BARS['Date'].iloc[-1]:%Y-%m-%d} in {newer}" in text
    assert "DIFFERS" not in text
    other = BARS.copy()
    other["Volume"] *= 2
    newer.write_bytes(canonical_csv(other))
    assert "DIFFERS from the campaign's bars on 600 of 600" in " ".join(
        predicted(mine, capsys, "--file", newer).split()
    )


def test_the_newest_complete_bar_counts(mine, capsys):
    day = BARS["Date"].iloc[-1]
    in_the_morning = datetime(day.year, day.month, day.day, 15, tzinfo=UTC).timestamp()
    text = " ".join(predicted(mine, capsys, now_s=in_the_morning).split())
    assert f"bar of {BARS['Date'].iloc[-2]:%a %Y-%m-%d}" in text
    assert "1 bar after" in text
    assert "0 sessions old, 1 day" in text


def test_a_model_is_chosen_by_scale_and_horizon(mine, capsys):
    for chosen in (["--scale", "debug"], ["--horizon", "1"], ["--horizon", "h1", "--scale", "debug"]):
        assert "debug/h1" in predicted(mine, capsys, *chosen)
    assert "found no model 2M/* in" in refused(mine, capsys, "--scale", "2M")
    said = refused(mine, capsys, "--horizon", "5")
    assert "found no model */h5 in" in said
    assert "expected a model of debug/h1" in said


def test_without_models_the_command_that_publishes_them_is_named(mine, capsys):
    (mine / SAVED / "card.json").unlink()
    assert "expected models, which `make report` publishes" in refused(mine, capsys)


def test_a_model_that_cannot_be_used_ends_with_its_message(mine, capsys):
    (mine / SAVED / "member_0.safetensors").write_bytes(b"")
    assert "member_0.safetensors damaged" in refused(mine, capsys)
    (mine / SAVED / "card.json").write_text("{")
    assert "damaged" in refused(mine, capsys)


def test_hostile_text_of_a_card_is_shown_as_text(mine, capsys):
    path = mine / SAVED / "card.json"
    text = "\x1b[2J[bold red]x[/]\u202egpj"
    write_record(path, read_record(path, advice="") | {"findings": [text], "campaign": text})
    (mine / "other.yaml").write_text(yaml.safe_dump(OVERLAY | {"seed": 2}))
    shown = predicted(mine, capsys, overlay="other.yaml")
    assert shown.count("\\x1b[2J[bold red]x[/]\\u202egpj") == 2
    assert shown.replace("\n", "").isprintable()


def test_a_model_of_another_configuration_is_named(mine, capsys):
    assert "does not describe" not in predicted(mine, capsys)
    (mine / "other.yaml").write_text(yaml.safe_dump(OVERLAY | {"seed": 2}))
    text = " ".join(predicted(mine, capsys, overlay="other.yaml").split())
    assert "debug/h1 is a model of study" in text
    assert "which other.yaml does not describe" in text


def test_the_target_of_the_makefile_takes_names_with_blanks(mine):
    newer = mine / "my newer.csv"
    newer.write_bytes(canonical_csv(BARS))
    words = ["make", "--no-print-directory", "predict", f"FOLDER={mine}", f"CONFIG={mine}/mine.yaml"]
    words += [f"FILE={newer}", "SCALE=debug", "HORIZON=1"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "debug/h1" in ended.stdout
