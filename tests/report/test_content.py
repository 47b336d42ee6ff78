"""What a reader finds, in which order, and what the report does not hide."""

import copy
import re
from dataclasses import replace

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


def test_what_speaks_against_the_result_comes_before_the_verdict(material):
    found = sections(material())
    assert found[:4] == [
        "Does scale help? Campaign small",
        "Read this first",
        "Does scale help?",
        "1 day ahead",
    ]
    first = alarms(material())[0]
    assert first.startswith("1 day ahead: 2M loses to ")


def test_a_refit_that_diverged_is_named(material):
    assert any("refit 0 ended as diverged and is left out" in one for one in alarms(material()))


def test_too_few_trials_too_many_looks_and_a_warning_of_the_audit_are_alarms(material, evidence):
    looked = copy.deepcopy(evidence)
    looked["horizons"]["1"]["looks"] = 3
    reads = CHECK | {"id": "test reads h1", "verdict": "WARN", "measured": 3, "fix": "name it"}
    warned = CHECK | {"verdict": "WARN", "measured": 3, "fix": "mend it"}
    found = alarms(material(trials=4, evidence=looked, audit={"checks": [reads, warned]}))
    assert any("fewer than 10 trials a study (4 at 2M, 4 at 20M)" in one for one in found)
    assert sum("looked at 3 times" in one for one in found) == 1
    assert any("Leakage audit, labels h1: WARN, 3; mend it" in one for one in found)
    assert not any("test reads" in one for one in found), "said once is enough"


def test_a_second_look_is_an_alarm_and_a_first_one_is_not(material, evidence):
    for looks in (1, 2):
        looked = copy.deepcopy(evidence)
        looked["horizons"]["1"]["looks"] = looks
        found = [one for one in alarms(material(evidence=looked)) if "looked at" in one]
        assert len(found) == looks - 1


def test_what_a_verdict_does_not_say_is_printed(material):
    found = [block.text for block in content(material()) if isinstance(block, Paragraph)]
    assert [text for text in found if text in LIMITS] == list(LIMITS)
    assert all(
        any(words in text for text in LIMITS) for words in ("no trading profit", "nothing beyond them")
    )


def test_nothing_to_warn_of_is_no_section(material, evidence):
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


def test_figures_carry_the_caption_of_their_kind_and_absent_ones_are_left_out(material):
    figures = {block.name: block for block in content(material()) if isinstance(block, Figure)}
    assert set(figures) == {"scaling.svg", "search_history_2M_h1.svg", "calibration_h1.svg"}
    assert figures["search_history_2M_h1.svg"].caption == "How it went."
    assert figures["search_history_2M_h1.svg"].wide
    assert not figures["scaling.svg"].wide


def test_every_paragraph_is_made_of_whole_sentences(material):
    said = [block.text for block in content(material()) if isinstance(block, Paragraph)]
    said += [block.note for block in content(material()) if isinstance(block, Table) and block.note]
    said += [text for block in content(material()) if isinstance(block, Findings) for text in block.sentences]
    for text in said:
        assert re.fullmatch(r"[A-Z0-9].*[.:]", text, re.DOTALL), text
        assert len(text.split()) >= 4, text


def test_every_row_of_every_table_is_as_long_as_its_head(material):
    for block in content(material()):
        if isinstance(block, Table):
            assert {len(row) for row in block.rows} <= {len(block.head)}, block.head


def test_counted_parameters_stand_beside_their_distance_from_the_budget(material):
    text = to_markdown(list(content(material())))
    assert "2,010,000 | +0.50 %" in text
    assert "12 (12 complete)" in text


def test_how_to_mend_it_is_a_column_only_where_something_is_to_be_mended(material):
    heads = [
        block.head for block in content(material()) if isinstance(block, Table) and "verdict" in block.head
    ]
    assert all("how to mend it" not in head for head in heads)
    warned = {"2M": {"checks": [CHECK | {"verdict": "WARN", "fix": "free some disk"}]}}
    assert "free some disk" in to_markdown(list(content(material(preflights=warned))))


def test_a_study_without_any_loss_says_so(material):
    made = material()
    assert "none has a loss" not in to_markdown(list(content(made)))
    lost = [replace(trial, validation_log_loss=None, state="diverged") for trial in made.trials]
    assert "none has a loss" in to_markdown(list(content(replace(made, trials=lost))))


def test_provenance_pins_code_data_libraries_and_seeds(material, evidence):
    made = material()
    pinned = provenance_of(made.evidence, made.trials, made.refits, features_sha256="a" * 64, seed=7)
    assert pinned["content of the feature table, SHA-256"] == "a" * 64
    assert pinned["code of trials and refits"] == "c" * 12
    assert pinned["fingerprint of 2M, 1 d"] == "f" * 12
    assert (pinned["python"], pinned["scikit-learn"], pinned["seed of the search"]) == (
        "3.11.2",
        "1.9.1",
        "7",
    )


def test_the_title_names_the_campaign(material):
    assert title(material()) == "Does scale help? Campaign small"


def test_what_a_figure_says_in_large_letters_is_its_alternative_text(material):
    (scaling,) = [b for b in content(material()) if isinstance(b, Figure) and b.name == "scaling.svg"]
    assert scaling.says == "a < b c"


def test_a_caption_stands_once_a_section(material):
    figures = {**material().figures, "search_history_20M_h1": material().figures["scaling"]}
    shown = [b for b in content(material(figures=figures)) if isinstance(b, Figure) and "history" in b.name]
    assert [block.caption for block in shown] == ["How it went.", ""]


def test_what_was_searched_is_told_and_that_it_differs(material, evidence):
    text = to_markdown(list(content(material())))
    assert "2M 50 trials of up to 30 epochs, 20M 50 trials of up to 30 epochs. A large model may need" in text
    unlike = copy.deepcopy(evidence)
    unlike["horizons"]["1"]["models"][0]["epochs_max"] = 10
    text = to_markdown(list(content(material(evidence=unlike))))
    assert "These differ, so a difference between scales may be one of effort." in text
