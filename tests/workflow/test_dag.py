"""The jobs that Snakemake plans."""

import re
from collections import Counter

import pytest

from support.campaign import DONE, SMALL
from support.configs import ROOT

SHARED = {
    "acquire_data": 2,
    "write_manifest": 2,
    "validate_manifest": 1,
    "build_features": 2,
    "data_dictionary": 1,
    "describe_dataset": 1,
}
# Rules that a campaign runs only with other settings or on request.
AUDIT = {"leakage_controls", "leakage_audit"}
ON_REQUEST = {"fetch_data", "build_vix_features", "combine_features", "verify", *AUDIT}
# The report and its inputs; no search target includes them, because they open the test split.
EVIDENCE = {"refit", "baselines", "final_evaluation", "evidence", "evidence_figures", "models", "report"}
MISTAKEN = {"unknown_scale", "target_without_ending", "target_without_folder", "target_without_both"}
# The rules of a campaign over several tickers.
TICKERS = {
    "ticker_data",
    "ticker_search",
    "ticker_report",
    "tickers_done",
    "tickers_hardware",
    "tickers_report",
}
FIGURES = {"hardware_table", "hardware_timeline", "search_figures"}
SCALES = ("20k", "200k", "2M", "20M", "200M", "2B")
RULE_FILES = sorted((ROOT / "workflow/rules").glob("*.smk"))
RULE = re.compile(r"^(?P<indent> *)rule(?: (?P<name>\w+))?:\n(?P<body>(?:(?P=indent) +.*\n|\n)*)", re.M)


def rules():
    """Return {name: body} of all rules in the rule files; a name made in a loop keeps its braces."""
    found = {}
    for path in RULE_FILES:
        for match in RULE.finditer(path.read_text()):
            named = re.search(r'name:\s+f?"?([^"\n]+)"?', match["body"])
            found[match["name"] or named[1]] = match["body"]
    del found["mistake"]  # these only refuse a target
    return found


@pytest.fixture
def shipped(new_campaign):
    return new_campaign()


@pytest.mark.parametrize(
    "scale", [SCALES[0], *(pytest.param(scale, marks=pytest.mark.long) for scale in SCALES[1:])]
)
def test_a_scale_is_fifty_trials_at_each_of_three_horizons(shipped, scale):
    assert shipped.plan(f"results/hpo_{scale}.done") == SHARED | {
        "preflight": 1,
        f"hpo_{scale}": 150,
        "race": 3,
        "hardware_timeline": 3,
        "search_figures": 3,
        f"hpo_{scale}_done": 1,
    }


def test_all_scales_together_share_data_and_features(shipped):
    trials = {f"hpo_{scale}": 150 for scale in SCALES}
    tables = {f"hpo_{scale}_done": 1 for scale in SCALES}
    figures = {"race": 18, "hardware_timeline": 18, "hardware_table": 1, "search_figures": 18}
    assert shipped.plan("all") == SHARED | {"preflight": 6, "all": 1} | trials | tables | figures


def test_without_a_target_the_configured_scales_are_planned(new_campaign):
    assert new_campaign({"run_scales": ["debug"]}).plan() == SHARED | {
        "preflight": 1,
        "hpo_debug": 9,
        "race": 3,
        "hpo_debug_done": 1,
        "hardware_timeline": 3,
        "search_figures": 3,
        "hardware_table": 1,
        "all": 1,
    }


@pytest.mark.parametrize(("keep", "models"), [("auto", 3), (1, 3), ("none", 0)])
def test_a_report_publishes_the_model_of_each_study(new_campaign, keep, models):
    overlay = {"run_scales": ["debug"], "evidence": {"keep_models": keep}}
    assert new_campaign(overlay).plan("report")["models"] == models


def test_a_prepared_copy_plans_only_trials_and_their_tables(prepared, campaign_from):
    assert campaign_from(prepared).plan(DONE) == {
        "data_dictionary": 1,
        "hpo_debug": 3,
        "hpo_debug_done": 1,
        "hardware_timeline": 1,
        "search_figures": 1,
    }


def test_a_finished_campaign_plans_no_job(finished, campaign_from):
    assert campaign_from(finished).plan(DONE) == Counter()


def test_another_seed_plans_every_trial_again(finished, campaign_from):
    planned = campaign_from(finished, {"seed": 2}).plan(DONE)
    figures = {"hardware_timeline": 1, "search_figures": 1}
    assert planned == {"preflight": 1, "hpo_debug": 3, "hpo_debug_done": 1} | figures


def test_a_missing_table_is_made_without_a_check_of_the_machine(finished, campaign_from):
    campaign = campaign_from(finished, {"thermal": {"resume_c": 77}})
    (campaign.folder / DONE).unlink()
    planned = campaign.plan(DONE)
    assert (planned["preflight"], planned["hpo_debug"], planned["hpo_debug_done"]) == (0, 0, 1)


def test_a_new_trial_is_planned_with_a_repeated_preflight(finished, campaign_from):
    changes = {"thermal": {"resume_c": 77}, "scales": {"debug": {"n_trials": 4}}}
    planned = campaign_from(finished, changes).plan(DONE)
    assert planned["preflight"] == 1
    assert planned["hpo_debug"] >= 1
    assert planned["hpo_debug_done"] == 1


def test_rules_are_listed_by_name_with_a_description(shipped):
    listing = shipped.run("--list").succeeded().text
    described = dict(re.findall(r"^(\w+)(?: \((.+)\))?$", listing, re.M))
    expected = {*SHARED, *ON_REQUEST, "preflight", "race", "all", "fetch", *MISTAKEN, *FIGURES, *EVIDENCE}
    for scale in (*SCALES, "debug"):
        expected |= {f"hpo_{scale}", f"hpo_{scale}_done"}
    assert set(described) == expected
    undescribed = {name for name, text in described.items() if not text} - {"all"}
    assert not undescribed, "rules without a docstring"


def test_the_rule_files_hold_every_rule():
    expected = {*SHARED, *ON_REQUEST, *FIGURES, *EVIDENCE, *TICKERS}
    expected |= {"preflight", "race", "hpo_{scale}", "hpo_{scale}_done"}
    assert set(rules()) == expected


@pytest.mark.parametrize("name", rules())
def test_a_rule_has_message_log_benchmark_and_a_script_of_its_name(name):
    directives = set(re.findall(r"^ +(\w+):", rules()[name], re.M))
    assert {"message", "log", "benchmark", "script", "output"} <= directives
    script = re.search(r'script:\s+"\.\./scripts/(.+)"', rules()[name])[1]
    assert script == name.replace("_{scale}", "") + ".py"
    assert (ROOT / "workflow/scripts" / script).is_file()


def test_every_script_belongs_to_a_rule():
    scripts = {path.stem for path in (ROOT / "workflow/scripts").glob("*.py")}
    assert scripts == {name.replace("_{scale}", "") for name in rules()}


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_trial_waits_for_the_trials_it_learns_from(prepared, campaign_from, parallel):
    campaign = campaign_from(
        prepared, {"search": {"parallel_trials": parallel}, "scales": {"debug": {"n_trials": 5}}}
    )
    drawn = campaign.run("--dag", "--", DONE).succeeded().text
    numbers = {
        job: int(trial) for job, trial in re.findall(r'(\d+)\[label = "hpo_debug.*trial: (\d+)', drawn)
    }
    edges = re.findall(r"(\d+) -> (\d+)", drawn)
    waits = {(numbers[a], numbers[b]) for a, b in edges if a in numbers and b in numbers}
    assert sorted(numbers.values()) == [0, 1, 2, 3, 4]
    # Its direct and indirect dependencies must be exactly the trials it may use.
    for number in range(5):
        assert dependencies(waits, number) == set(range(number - parallel + 1))


def dependencies(waits, number):
    direct = {earlier for earlier, later in waits if later == number}
    return direct.union(*(dependencies(waits, earlier) for earlier in direct))


def test_a_study_waits_for_the_smaller_one_whose_trials_it_reuses(prepared, campaign_from):
    double = {"budget_parameters": 20_000, "n_trials": 3, "epochs_max": 2}
    double |= {key: SMALL["scales"]["debug"][key] for key in ("space", "default")}
    overlay = {"run_scales": ["debug", "double"], "scales": {"double": double}}
    alone = campaign_from(prepared, overlay)
    assert alone.plan("results/hpo_double.done")["hpo_debug"] == 0
    transferring = campaign_from(prepared, overlay, {"search": {"transfer": 2}})
    planned = transferring.plan("results/hpo_double.done")
    assert (planned["hpo_debug"], planned["hpo_double"]) == (3, 3)
    assert transferring.plan(DONE)["hpo_double"] == 0
