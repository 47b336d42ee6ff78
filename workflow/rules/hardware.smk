"""Hardware samples of all trials, as a table and as figures.

Reads: results/hpo/<scale>/<horizon>/trial_NNN.jsonl.
Writes: results/hardware.parquet, results/figures/hardware_<scale>_<horizon>.svg.
"""


rule hardware_table:
    """Gather every hardware sample of the scales that are to be run into one table."""
    input:
        logs=published_of_campaign("jsonl"),
    output:
        table="results/hardware.parquet",
    log:
        "results/logs/hardware_table.log",
    benchmark:
        "results/benchmarks/hardware_table.tsv"
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    message:
        "Gather the hardware samples of all trials"
    script:
        "../scripts/hardware_table.py"


rule hardware_timeline:
    """Draw temperature, state, duty and load of one study over time, with its thermal aborts."""
    input:
        logs=logs_of_study,
    output:
        figure=report(
            "results/figures/hardware_{scale}_{horizon}.svg",
            caption="../report/hardware.rst",
            category="5 Machine",
            labels={"study": "{scale} {horizon}", "figure": "hardware"},
        ),
    log:
        "results/logs/hardware_timeline/{scale}_{horizon}.log",
    benchmark:
        "results/benchmarks/hardware_timeline/{scale}_{horizon}.tsv"
    wildcard_constraints:
        scale="|".join(CAMPAIGN.scales),
        horizon="|".join(horizons()),
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    params:
        limits=limits_as_params(),
        interval_s=CAMPAIGN.hardware_interval_s,
        about=names_as_params(),
    message:
        "Draw the hardware timeline of {wildcards.scale}/{wildcards.horizon}"
    script:
        "../scripts/hardware_timeline.py"
