"""Figures of each search, and the importances as JSON.

Reads: results/hpo/<scale>/<horizon>/trial_NNN.json, data/processed/<TICKER>_dataset_*.resource.json.
Writes: results/figures/search_{history,importances,coverage}_<scale>_<horizon>.svg,
results/figures/search_importances_<scale>_<horizon>.json.
"""


rule search_figures:
    """Draw the history, the hyperparameter importances and the coverage of one search."""
    input:
        results=results_of_study,
        resources=dataset_tables("resource.json"),
    output:
        history=report(
            "results/figures/search_history_{scale}_{horizon}.svg",
            caption="../report/search_history.rst",
            category="4 Search",
            labels={"study": "{scale} {horizon}", "figure": "history"},
        ),
        importances=report(
            "results/figures/search_importances_{scale}_{horizon}.svg",
            caption="../report/search_importances.rst",
            category="4 Search",
            labels={"study": "{scale} {horizon}", "figure": "importances"},
        ),
        importances_table="results/figures/search_importances_{scale}_{horizon}.json",
        coverage=report(
            "results/figures/search_coverage_{scale}_{horizon}.svg",
            caption="../report/search_coverage.rst",
            category="4 Search",
            labels={"study": "{scale} {horizon}", "figure": "coverage"},
        ),
    log:
        "results/logs/search_figures/{scale}_{horizon}.log",
    benchmark:
        "results/benchmarks/search_figures/{scale}_{horizon}.tsv"
    wildcard_constraints:
        scale="|".join(CAMPAIGN.scales),
        horizon="|".join(horizons()),
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    params:
        settings=settings_digest(),
        about=names_as_params(),
    message:
        "Draw the search of {wildcards.scale}/{wildcards.horizon}"
    script:
        "../scripts/search_figures.py"
