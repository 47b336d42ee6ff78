"""Content and order of the report, and its warnings."""

import copy
import re
from dataclasses import replace

from simmer.base.words import spoken
from simmer.evidence.results import Evidence
from simmer.ledger.race import Race, Standing
from simmer.report.answer_section import likeness
from simmer.report.blocks import Figure, Findings, Heading, Paragraph, Table
from simmer.report.content import LIMITS, content, title
from simmer.report.markdown import to_markdown
from simmer.report.provenance import provenance_of
from support.report_material import CHECK


def sections(material):
    return [block.text for block in content(material) if isinstance(block, Heading) and block.level <= 2]


def alarms(material):
    return [
        sentence
        for block in content(material)
        if isinstance(block, Findings) and block.alarm
        for sentence in block.sentences
    ]


def test_warnings_come_before_the_verdict(material):
    found = sections(material())
    assert found[:4] == [
        "Does scale help? Campaign small",
        "Read this first",
        "Does scale help?",
        "1 day ahead",
    ]
    first = alarms(material())[0]
    assert first.startswith("1 day ahead: 2M is worse than ")


def test_a_refit_that_diverged_is_named(material):
    assert any("refit 0 ended as diverged and is left out" in one for one in alarms(material()))


def test_the_standings_of_a_race_are_printed_the_winner_first(material):
    standings = (Standing(trial=0, losses=(0.40, 0.46)), Standing(trial=2, losses=(0.41, 0.43)))
    race = Race(campaign="small", fingerprint="f", scale="20M", horizon_days=1, standings=standings)
    text = to_markdown(content(material(races=[race])))
    assert "| 002 (winner) | 0.4200 | 0.4100, 0.4300 |\n| 000 | 0.4300 | 0.4000, 0.4600 |" in text
    assert text.count("(winner)") == 1 and "(winner)" not in to_markdown(content(material()))


def test_what_a_person_chose_for_the_bars_is_said(material):
    facts = {"path": "SPY.csv", "ticker": "SPY", "rows": 9, "date_min": "a", "date_max": "b", "sha256": "c"}
    said = "1 day vouched for: 2020-10-01 (no <b>bar</b>)"
    checked = [facts | {"choices": said}, facts | {"ticker": "DIA"}]
    problems = [{"severity": "warning", "file": "SPY.csv", "row": None, "message": "vouched"}]
    blocks = [*content(material(data_validation={"checked": checked, "problems": problems}))]
    chosen = [each.text for each in blocks if isinstance(each, Paragraph) and "by choice" in each.text]
    assert chosen == [f"SPY, by choice: {said}."]
    assert any(isinstance(each, Table) and each.note == "warning in SPY.csv: vouched" for each in blocks)


def test_too_few_trials_too_many_looks_and_a_warning_of_the_audit_are_alarms(material, evidence):
    looked = copy.deepcopy(evidence)
    looked["horizons"]["1"]["looks"] = 3
    looks = CHECK | {"id": "test reads h1", "verdict": "WARN", "measured": 3, "fix": "report it"}
    warned = CHECK | {"verdict": "WARN", "measured": 3, "fix": "fix it"}
    found = alarms(material(trials=4, evidence=looked, audit={"checks": [looks, warned]}))
    assert any("fewer than 10 trials per study (4 at 2M, 4 at 20M)" in one for one in found)
    assert sum("looked at 3 times" in one for one in found) == 1
    assert any("Leakage audit, labels h1: WARN, 3; fix it" in one for one in found)
    assert not any("test reads" in one for one in found), "the looks are reported once"


def test_a_second_look_is_an_alarm_and_a_first_one_is_not(material, evidence):
    for looks in (1, 2):
        looked = copy.deepcopy(evidence)
        looked["horizons"]["1"]["looks"] = looks
        found = [one for one in alarms(material(evidence=looked)) if "looked at" in one]
        assert len(found) == looks - 1


def test_the_limits_of_a_verdict_are_printed(material):
    found = [block.text for block in content(material()) if isinstance(block, Paragraph)]
    assert [text for text in found if text in LIMITS] == list(LIMITS)
    assert all(any(words in text for text in LIMITS) for words in ("no trading profit", "not extrapolate"))


def test_without_warnings_there_is_no_section_of_warnings(material, evidence):
    quiet = copy.deepcopy(evidence)
    quiet["horizons"]["1"]["headlines"]["against"] = []
    assert "Read this first" not in sections(material(evidence=quiet, refits=[]))


def test_verdict_reason_and_power_are_there_for_every_horizon(material, evidence):
    text = to_markdown(list(content(material())))
    scaling = evidence["horizons"]["1"]["scaling"]
    assert "1 day ahead: UNDETERMINED, these data do not decide." in text
    assert scaling["reason"].removeprefix("undetermined: ")[1:] in text
    assert f"{scaling['detectable']:.4f}" in text
    for model in evidence["horizons"]["1"]["models"]:
        assert f"{model['log_loss']['value']:.4f} ({model['log_loss']['low']:.4f} to" in text


def test_what_is_compared_with_what_is_printed(material, evidence):
    text = to_markdown(list(content(material())))
    assert (
        "Scales and baselines are compared by averages of 3 members on both sides; a baseline without" in text
    )
    assert "Tries of a baseline on validation: 50, as many as the largest search has trials." in text
    planned = [pair for pair in evidence["horizons"]["1"]["differences"] if pair["planned"]]
    for pair in planned:
        both = [f"{pair[key]['value']:.4f} (" for key in ("difference", "single_difference")]
        (row,) = [line for line in text.splitlines() if f"| {pair['a']} minus {spoken(pair['b'])} |" in line]
        assert all(value in row for value in both) and f"| {pair['p_adjusted']:.3f} |" in row
    lost = copy.deepcopy(evidence)
    lost["horizons"]["1"]["differences"][0]["members"] = 2
    assert "averages of 2 and 3 members" in to_markdown(list(content(material(evidence=lost))))
    lost["horizons"]["1"]["differences"] = []
    assert "averages of" not in likeness(Evidence.from_json(lost).horizons)


def test_figures_have_the_caption_of_their_kind_and_missing_ones_are_left_out(material):
    figures = {block.name: block for block in content(material()) if isinstance(block, Figure)}
    assert set(figures) == {"scaling.svg", "search_history_2M_h1.svg", "calibration_h1.svg"}
    assert figures["search_history_2M_h1.svg"].caption == "How it went."
    assert figures["search_history_2M_h1.svg"].wide
    assert not figures["scaling.svg"].wide


def test_every_paragraph_has_whole_sentences(material):
    texts = [block.text for block in content(material()) if isinstance(block, Paragraph)]
    texts += [block.note for block in content(material()) if isinstance(block, Table) and block.note]
    texts += [
        text for block in content(material()) if isinstance(block, Findings) for text in block.sentences
    ]
    for text in texts:
        assert re.fullmatch(r"[A-Z0-9].*[.:]", text, re.DOTALL), text
        assert len(text.split()) >= 4, text


def test_every_row_of_every_table_is_as_long_as_its_head(material):
    for block in content(material()):
        if isinstance(block, Table):
            assert {len(row) for row in block.rows} <= {len(block.head)}, block.head


def test_counted_parameters_are_shown_with_their_distance_from_the_budget(material):
    text = to_markdown(list(content(material())))
    assert "2,010,000 | +0.50 %" in text
    assert "12 (12 complete)" in text


def test_a_check_table_has_a_column_of_fixes_only_if_a_check_has_a_fix(material):
    heads = [
        block.head for block in content(material()) if isinstance(block, Table) and "status" in block.head
    ]
    assert heads and all("fix" not in head for head in heads)
    warned = {"2M": {"checks": [CHECK | {"verdict": "WARN", "fix": "free some disk"}]}}
    assert "free some disk" in to_markdown(list(content(material(preflights=warned))))


def test_a_study_without_any_loss_says_so(material):
    made = material()
    assert "no trial has a loss" not in to_markdown(list(content(made)))
    lost = [
        replace(trial, validation_log_loss=None, best=None, best_epoch=None, state="diverged")
        for trial in made.trials
    ]
    assert "no trial has a loss" in to_markdown(list(content(replace(made, trials=lost))))


def test_provenance_has_code_data_libraries_and_seeds(material, evidence):
    made = material()
    found = provenance_of(made.evidence, made.trials, made.refits, features_sha256="a" * 64, seed=7)
    assert found["content of the feature table, SHA-256"] == "a" * 64
    assert found["code of trials and refits"] == "c" * 12
    assert found["fingerprint of 2M, 1 d"] == "f" * 12
    assert (found["python"], found["scikit-learn"], found["seed of the search"]) == (
        "3.11.2",
        "1.9.1",
        "7",
    )


def test_pooled_tickers_are_listed_by_horizon_if_there_are_any(material):
    facts = {"n": 3338, "first_date": "2000-01-11", "last_date": "2013-04-22", "base_rate": 0.4194}
    dataset = material().dataset | {"pooled": {"h3": {"IXIC": facts | {"positives": 1400}}}}
    text = to_markdown(list(content(material(dataset=dataset))))
    assert "| 3 days ahead | IXIC | 3338 | 41.9 % | 2000-01-11 | 2013-04-22 |" in text
    assert "pooled" not in to_markdown(list(content(material())))


def test_the_title_names_the_campaign(material):
    assert title(material()) == "Does scale help? Campaign small"


def test_the_headings_of_a_figure_are_its_alternative_text(material):
    (scaling,) = [b for b in content(material()) if isinstance(b, Figure) and b.name == "scaling.svg"]
    assert scaling.alternative == "a < b c"


def test_a_caption_appears_once_per_section(material):
    figures = {**material().figures, "search_history_20M_h1": material().figures["scaling"]}
    shown = [b for b in content(material(figures=figures)) if isinstance(b, Figure) and "history" in b.name]
    assert [block.caption for block in shown] == ["How it went.", ""]


def test_the_search_effort_is_printed_and_a_difference_is_pointed_out(material, evidence):
    text = to_markdown(list(content(material())))
    assert "2M 50 trials of up to 30 epochs, 20M 50 trials of up to 30 epochs. A large model may need" in text
    unlike = copy.deepcopy(evidence)
    unlike["horizons"]["1"]["models"][0]["epochs_max"] = 10
    text = to_markdown(list(content(material(evidence=unlike))))
    assert "The effort differs, so a difference between scales may come from it." in text
