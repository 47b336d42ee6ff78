"""Evidence: refits of the winners, scored once on the untouched test split with baselines on the same rows.

Reads: results/hpo/<scale>/<horizon>/trial_NNN.json, data/processed/<TICKER>_dataset_*.parquet.
Writes: results/refits/<scale>/<horizon>/refit_N.{json,jsonl}, results/baselines/<horizon>.json,
results/final/<horizon>.{parquet,json}, results/evidence.json, results/figures/*, results/summary.{html,md,csv},
results/models/<scale>/<horizon>/{card.json,README.md,calibration.svg,member_N.safetensors}.

Refits and baselines predict the test rows from inputs alone. The labels of test are opened by one rule,
final_evaluation, which notes each look in the log of looks, results/ledger/test_reads.jsonl.

A refit keeps its weights in the ledger, and the rule models publishes them. They are no declared output: how many there
are depends on the configuration, and refits of older versions have none. Where they are missing, the card counts as
outdated.

The baselines of a horizon take some five minutes of one core for fifty tries; a job that is stopped begins again.
"""


rule refit:
    """Train the winner of a study again with another random seed, under the thermal guard."""
    input:
        tables=ancient(dataset_tables("parquet")),
        resources=dataset_tables("resource.json"),
        trials=results_of_study,
        race=race_of_study,
    output:
        result="results/refits/{scale}/{horizon}/refit_{refit}.json",
        log="results/refits/{scale}/{horizon}/refit_{refit}.jsonl",
    log:
        "results/logs/refit/{scale}/{horizon}/refit_{refit}.log",
    benchmark:
        "results/benchmarks/refit/{scale}/{horizon}/refit_{refit}.tsv"
    wildcard_constraints:
        scale="|".join(CAMPAIGN.scales),
        horizon="|".join(horizons()),
        refit=r"\d+",
    retries: CAMPAIGN.thermal.auto_resume
    conda:
        "../envs/simmer.yaml"
    resources:
        accelerator=accelerator_share(),
        slots=slots_of_refits,
    params:
        settings=settings_digest(),
    message:
        "Train {wildcards.scale}/{wildcards.horizon} refit {wildcards.refit}"
    script:
        "../scripts/refit.py"


rule baselines:
    """Search the baselines of a horizon on the transformer's train rows, and predict validation and test."""
    input:
        tables=ancient(dataset_tables("parquet")),
        resources=dataset_tables("resource.json"),
    output:
        fitted="results/baselines/{horizon}.json",
    log:
        "results/logs/baselines/{horizon}.log",
    benchmark:
        "results/benchmarks/baselines/{horizon}.tsv"
    wildcard_constraints:
        horizon="|".join(horizons()),
    conda:
        "../envs/simmer.yaml"
    params:
        settings=dataset_digest(),
        seed=CAMPAIGN.seed,
        tries=CAMPAIGN.most_trials,
        members=CAMPAIGN.evidence.seeds,
    message:
        "Fit the baselines at {wildcards.horizon}"
    script:
        "../scripts/baselines.py"


rule final_evaluation:
    """Join the labels of test with predictions made without them; no other rule reads these labels."""
    input:
        tables=ancient(dataset_tables("parquet")),
        resources=dataset_tables("resource.json"),
        trials=trials_of_horizon,
        refits=refits_of_horizon,
        # The audit must pass before the test split is opened.
        audit="results/leakage_audit.json",
        baselines="results/baselines/{horizon}.json",
    output:
        predictions="results/final/{horizon}.parquet",
        facts="results/final/{horizon}.json",
    log:
        "results/logs/final_evaluation/{horizon}.log",
    benchmark:
        "results/benchmarks/final_evaluation/{horizon}.tsv"
    wildcard_constraints:
        horizon="|".join(horizons()),
    conda:
        "../envs/simmer.yaml"
    params:
        settings=settings_digests_of_horizon,
    message:
        "Score the test split at {wildcards.horizon}"
    script:
        "../scripts/final_evaluation.py"


rule evidence:
    """Compute scores with intervals, differences, power, and a verdict on scaling for each horizon."""
    input:
        predictions=expand("results/final/{horizon}.parquet", horizon=horizons()),
        facts=expand("results/final/{horizon}.json", horizon=horizons()),
    output:
        evidence="results/evidence.json",
    log:
        "results/logs/evidence.log",
    benchmark:
        "results/benchmarks/evidence.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        campaign=CAMPAIGN.campaign,
        tickers=max(CAMPAIGN.evidence.tickers, len(tickers_together())),
        code=reached_digest("evidence.py"),
    message:
        "Compute the evidence of all horizons"
    script:
        "../scripts/evidence.py"


rule evidence_figures:
    """Draw the scaling curve, opponents, calibration, learning curves, base rates and costs."""
    input:
        evidence="results/evidence.json",
        trials=published_of_campaign("json"),
        refits=refits_of_campaign(),
        races=races_of_campaign(),
    output:
        scaling=report(
            "results/figures/scaling.svg",
            caption="../report/scaling.rst",
            category="1 Answer",
            labels={"what": "scaling curve"},
        ),
        opponents=report(
            "results/figures/opponents.svg",
            caption="../report/opponents.rst",
            category="1 Answer",
            labels={"what": "scales and baselines"},
        ),
        calibration=report(
            expand("results/figures/calibration_{horizon}.svg", horizon=horizons_ascending()),
            caption="../report/calibration.rst",
            category="2 Predictions",
        ),
        learning_curves=report(
            expand("results/figures/learning_curves_{horizon}.svg", horizon=horizons_ascending()),
            caption="../report/learning_curves.rst",
            category="2 Predictions",
        ),
        base_rates=report(
            "results/figures/base_rates.svg", caption="../report/base_rates.rst", category="3 Data"
        ),
        costs=report("results/figures/costs.svg", caption="../report/costs.rst", category="5 Machine"),
    log:
        "results/logs/evidence_figures.log",
    benchmark:
        "results/benchmarks/evidence_figures.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        about=names_as_params(),
    message:
        "Draw the figures of the evidence"
    script:
        "../scripts/evidence_figures.py"


rule models:
    """Publish the refits of a winner as a model that predicts: their weights, its card, and a page about it."""
    input:
        tables=ancient(dataset_tables("parquet")),
        resources=dataset_tables("resource.json"),
        refits=refits_of_model,
        evidence="results/evidence.json",
    output:
        card="results/models/{scale}/{horizon}/card.json",
        page="results/models/{scale}/{horizon}/README.md",
        picture="results/models/{scale}/{horizon}/calibration.svg",
    log:
        "results/logs/models/{scale}/{horizon}.log",
    benchmark:
        "results/benchmarks/models/{scale}/{horizon}.tsv"
    wildcard_constraints:
        scale="|".join(CAMPAIGN.scales),
        horizon="|".join(horizons()),
    conda:
        "../envs/simmer.yaml"
    params:
        settings=settings_digest(),
        keep_models=CAMPAIGN.evidence.keep_models,
        about=names_as_params(),
    message:
        "Publish the model of {wildcards.scale}/{wildcards.horizon}"
    script:
        "../scripts/models.py"


rule report:
    """Write the report: results/summary.{html,md,csv}."""
    input:
        evidence="results/evidence.json",
        audit="results/leakage_audit.json",
        data_validation="results/data_validation.json",
        dataset="results/dataset.json",
        resources=dataset_tables("resource.json"),
        trials=published_of_campaign("json"),
        refits=refits_of_campaign(),
        races=races_of_campaign(),
        preflights=expand("results/preflight/{scale}.json", scale=CAMPAIGN.run_scales),
        tables=expand("results/hpo_{scale}.done", scale=CAMPAIGN.run_scales),
        models=models_of_campaign(),
        figures=figures_of_report(),
    output:
        page=report(
            "results/summary.html",
            caption="../report/summary.rst",
            category="1 Answer",
            labels={"what": "THE WHOLE REPORT"},
        ),
        markdown="results/summary.md",
        table=report(
            "results/summary.csv",
            caption="../report/summary.rst",
            category="1 Answer",
            labels={"what": "all scores, a table"},
        ),
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        captions=str(REPOSITORY / "workflow" / "report"),
        register=str(TEST_READS),
    message:
        "Write the report"
    script:
        "../scripts/report.py"
