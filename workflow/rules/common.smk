"""Functions and constants of the rules. This file has no rules."""

from dataclasses import asdict
from pathlib import Path

from simmer.base.files import sha256_of_bytes, to_json, write_bytes
from simmer.base.provenance import reached_digest
from simmer.base.settings import meaning
from simmer.base.text import TICKER_PATTERN
from simmer.config.tickers import folder_of
from simmer.data.requests import request_of
from simmer.data.tickers import VIX_TICKER
from simmer.evidence.looks import read_looks
from simmer.ledger.address import RESULTS, StudyAddress, horizon_days_of, horizon_name, looks_in
from simmer.ledger.model_card import CARD

REQUESTS = Path(".snakemake") / "requests"
SNAPSHOTS = "data/snapshots"
TEST_READS = looks_in(RESULTS)

# A ready job of low priority waits for all trials of higher priority, and these take days.
BEFORE_TRIALS = 1_000_000


def horizons():
    """Return the names of all horizons."""
    return [horizon_name(days) for days in CAMPAIGN.dataset.horizons_days]


def horizons_ascending():
    """Return the names of all horizons, the shortest first."""
    return [horizon_name(days) for days in sorted(CAMPAIGN.dataset.horizons_days)]


def horizon_days(wildcards):
    """Return the days of a horizon wildcard."""
    return horizon_days_of(wildcards.horizon)


def dataset_tables(ending):
    """Return the paths of the tables the trials learn from, the ticker's own first, or of their resource entries."""
    return [f"data/processed/{name}.{ending}" for name in CAMPAIGN.dataset.tables]


def raw_bars():
    """Return the paths of the raw bars behind these tables, without those of the VIX."""
    return [f"data/raw/{ticker}.csv" for ticker in CAMPAIGN.dataset.window_tickers]


def vix_bars():
    """Return the path of the VIX's raw bars in a list; empty where its features are off."""
    return [f"data/raw/{VIX_TICKER}.csv"] if CAMPAIGN.dataset.vix else []


def tickers():
    """Return the names of all configured tickers."""
    return [spec.ticker for spec in CAMPAIGN.data.tickers]


def tickers_together():
    """Return the tickers whose claims share the chance of a wrong one: the configured, and those scored before."""
    scored = [
        folder.name for folder in Path().glob(str(folder_of("*"))) if read_looks(looks_in(folder / RESULTS))
    ]
    return {*(TICKERS or [CAMPAIGN.dataset.ticker]), *scored}


def ticker_settings(wildcards):
    """Return the configured entry of a ticker."""
    return meaning(CAMPAIGN.data.ticker(wildcards.ticker))


def own_tables():
    """Return the tickers with a table of own features, those with features of volume first."""
    kinds, learned = CAMPAIGN.data.kinds(), CAMPAIGN.dataset.window_tickers
    named = [name for name in tickers() if name in learned or kinds[name] != "no_volume_index"]
    return [
        (volume, [name for name in named if CAMPAIGN.has_volume(name) == volume]) for volume in (True, False)
    ]


def calendar_of_ticker(wildcards):
    """Return the calendar of a ticker."""
    return CAMPAIGN.data.calendars()[wildcards.ticker]


def tables_of_stage(stage, ending):
    """Return the tables of a stage, or their resource entries."""
    names = tickers()
    if stage == "processed":
        own = [name for _, with_own in own_tables() for name in with_own]
        names = [CAMPAIGN.own_table(name) if name in own else f"{name}_features" for name in names]
        names += CAMPAIGN.dataset.tables if CAMPAIGN.dataset.vix else []
    return [f"data/{stage}/{name}.{ending}" for name in names]


def write_requests():
    """Write the request of each ticker; a file with the same content keeps its time.

    Jobs leave the requests as they are, because an own file may have grown since the run started.
    """
    for ticker in tickers():
        path = REQUESTS / f"{ticker}.json"
        if path.exists() and workflow.exec_mode.name != "DEFAULT":
            continue
        with shown_by_snakemake():
            content = request_of(CAMPAIGN.data, ticker, Path(SNAPSHOTS)).encode()
            if not path.exists() or path.read_bytes() != content:
                write_bytes(path, content)


def requests_of_stage(wildcards):
    """Return the requests of the raw bars, so that a changed request makes their manifest again."""
    return [str(REQUESTS / f"{ticker}.json") for ticker in tickers() if wildcards.stage == "raw"]


def resources_of_stage(wildcards):
    """Return the resource entries that a manifest gathers."""
    return tables_of_stage(wildcards.stage, "resource.json")


def trials_of(scale):
    """Return the published results of all trials of a scale."""
    return [path for horizon in horizons() for path in published(scale, horizon, "json")]


def published(scale, horizon, suffix):
    """Return what all trials of one study publish: results (`json`) or logs (`jsonl`)."""
    return published_trials(scale, horizon, range(CAMPAIGN.scales[scale].n_trials), suffix)


def study_of(scale, horizon):
    """Return the address of a study."""
    return StudyAddress(scale=scale, horizon_days=horizon_days_of(horizon))


def published_trials(scale, horizon, numbers, suffix="json"):
    """Return what the trials of one study with these numbers publish."""
    study = study_of(scale, horizon)
    return [str(RESULTS / study.trial(number).published(suffix)) for number in numbers]


def results_of_study(wildcards):
    """Return the published results of the study that a figure shows."""
    return published(wildcards.scale, wildcards.horizon, "json")


def race_of(scale, horizon):
    """Return the outcome of a study's race in a list; empty without a race."""
    return [str(RESULTS / study_of(scale, horizon).standings)] if CAMPAIGN.search.race else []


def race_of_study(wildcards):
    """Return the outcome of the race that decides which trial is refitted; see `race_of`."""
    return race_of(wildcards.scale, wildcards.horizon)


def races_of(scale):
    """Return the outcomes of the races of all studies of a scale."""
    return [path for horizon in horizons() for path in race_of(scale, horizon)]


def race_as_params():
    """Return the settings of the race as plain values for `params`."""
    return CAMPAIGN.search.race and asdict(CAMPAIGN.search.race)


def logs_of_study(wildcards):
    """Return the published logs of the study that a figure shows."""
    return published(wildcards.scale, wildcards.horizon, "jsonl")


def limits_as_params():
    """Return the thermal limits as plain values for `params`."""
    limits = CAMPAIGN.thermal.limits()
    return asdict(limits) | {"profile": str(limits.profile)}


def names_as_params():
    """Return campaign, ticker and label, which tables and figures name."""
    return asdict(CAMPAIGN.about)


def timelines_of(scale):
    """Return the timelines of all studies of a scale."""
    return [f"results/figures/hardware_{scale}_{horizon}.svg" for horizon in horizons()]


def search_figures_of(scale):
    """Return the figures of the searches of all studies of a scale, and the importances as a table."""
    names = ["history_{}.svg", "importances_{}.svg", "importances_{}.json", "coverage_{}.svg"]
    studies = [f"{scale}_{horizon}" for horizon in horizons()]
    return [f"results/figures/search_{name.format(study)}" for study in studies for name in names]


def before_training(scale, paths):
    """Return the function that lists what a trial needs before it trains.

    A published trial needs none of it, if all that it waits for is published, too: trials after it wait through it.
    """

    def needed(wildcards):
        found = paths(wildcards) if callable(paths) else [paths]
        if workflow.exec_mode.name != "DEFAULT":  # in the process of a job, whose run may have left some out
            return [path for path in found if Path(path).exists()]
        if IS_MAIN_RUN:
            started(wildcards)  # else what it publishes would count as missing
        is_done = may_leave_out_inputs() and are_published(
            scale, horizon_days(wildcards), int(wildcards.trial) + 1
        )
        return [] if is_done else found

    return needed


def trials_before(scale):
    """Return the function that lists the trials a trial waits for; through them it waits for all it sees.

    With k trials side by side these are k: trial n-k alone is too few, as it does not wait for trial n-k-1.
    """

    def paths(wildcards):
        seen = CAMPAIGN.search.seen_by(int(wildcards.trial))
        newest = slice(max(0, seen - CAMPAIGN.search.parallel_trials), seen)
        return published_trials(scale, wildcards.horizon, range(seen)[newest])

    return paths


def trials_to_transfer(scale):
    """Return the function that lists the trials of the next smaller scale that a study starts from.

    Only trials that wait for no other trial of their study list them; the others wait through those.
    """

    def paths(wildcards):
        smaller = CAMPAIGN.next_smaller_scale(scale)
        if smaller is None or int(wildcards.trial) >= CAMPAIGN.search.parallel_trials:
            return []
        return published(smaller, wildcards.horizon, "json")

    return paths


def settings_digest(scale=None):
    """Return the function that computes a study's settings digest; `scale` replaces the wildcard."""

    def digest(wildcards):
        return CAMPAIGN.study(scale or wildcards.scale, horizon_days(wildcards)).settings_digest()

    return digest


def dataset_digest():
    """Return the digest of the dataset's settings."""
    return sha256_of_bytes(to_json(CAMPAIGN.dataset.meaning()).encode())


def settings_digests_of_horizon(wildcards):
    """Return the settings digests of all studies of a horizon."""
    return [CAMPAIGN.study(scale, horizon_days(wildcards)).settings_digest() for scale in CAMPAIGN.run_scales]


def trials_of_horizon(wildcards):
    """Return the published results of all trials of all scales that are to be run, at one horizon."""
    return [path for scale in CAMPAIGN.run_scales for path in published(scale, wildcards.horizon, "json")]


def refits_of_horizon(wildcards):
    """Return the published refits of all scales that are to be run, at one horizon."""
    return [path for scale in CAMPAIGN.run_scales for path in refits_of_study(scale, wildcards.horizon)]


def studies_to_run():
    """Return scale and horizon of all studies that are to be run."""
    return [(scale, horizon) for scale in CAMPAIGN.run_scales for horizon in horizons()]


def published_of_campaign(suffix):
    """Return what all trials of the scales that are to be run publish: results or logs."""
    return [path for study in studies_to_run() for path in published(*study, suffix)]


def refits_of_campaign():
    """Return the published refits of all winners."""
    return [path for study in studies_to_run() for path in refits_of_study(*study)]


def races_of_campaign():
    """Return the outcomes of all races."""
    return [path for study in studies_to_run() for path in race_of(*study)]


def refits_of_study(scale, horizon):
    """Return the published refits of the winner of one study."""
    study = study_of(scale, horizon)
    numbers = range(CAMPAIGN.evidence.seeds)
    return [str(RESULTS / study.refit(number).published("json")) for number in numbers]


def models_of_campaign():
    """Return the cards of the models of all studies that are to be run; none if no weights are kept."""
    studies = [] if CAMPAIGN.evidence.keep_models == "none" else studies_to_run()
    return [str(RESULTS / study_of(*study).model / CARD) for study in studies]


def refits_of_model(wildcards):
    """Return the published refits that a model consists of."""
    return refits_of_study(wildcards.scale, wildcards.horizon)


def figures_of_report():
    """Return all figures that the report shows."""
    names = ["scaling", "opponents", "base_rates", "costs"]
    names += [f"{kind}_{horizon}" for horizon in horizons() for kind in ("calibration", "learning_curves")]
    kinds = ("hardware", "search_history", "search_importances", "search_coverage")
    names += [f"{kind}_{scale}_{horizon}" for scale, horizon in studies_to_run() for kind in kinds]
    return [f"results/figures/{name}.svg" for name in names]


def settings_of_scale(wildcards):
    """Return the digest of a scale's settings; an unknown scale is explained by the job itself."""
    if wildcards.scale not in CAMPAIGN.scales:
        return None
    return CAMPAIGN.study(wildcards.scale, CAMPAIGN.dataset.horizons_days[0]).settings_digest()


def order(scale):
    """Return the function that ranks scales as configured, and earlier trials before later ones."""
    return lambda wildcards: priority_of(scale) - int(wildcards.trial)


def order_of_race(wildcards):
    """Return the rank of a race: after the trials of its scale, before those of the next."""
    return priority_of(wildcards.scale) - 999


def priority_of(scale):
    """Return the rank of the first trial of a scale."""
    return BEFORE_TRIALS // 2 - 1_000 * list(CAMPAIGN.scales).index(scale)
