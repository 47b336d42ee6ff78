"""The search: one rule per scale, one job per trial.

Reads: data/processed/<TICKER>_dataset_*.parquet, results/preflight/<scale>.json, earlier trials, with
`search.transfer` all trials of the next smaller scale;
for the tables of a scale also its results/figures/hardware_* and search_*, so that they are drawn with them.
Writes: results/hpo/<scale>/<horizon>/trial_NNN.{json,jsonl}, results/races/<scale>/<horizon>/race.json,
results/hpo/<scale>/{trials.csv,best.json}, results/hpo_<scale>.done.

What a trial computes is kept in results/ledger, which Snakemake does not know and so never deletes; a
job publishes its outputs from there, so a rerun costs a moment, not a training. Only the feature table is
`ancient`: its content is watched through the small resource entry that the same job writes. Nothing else
may be: behind an `ancient` input whose own job is to run, Snakemake does not look at a trial's other
reasons to run (changed settings, missing outputs), and the trial would be left out.
"""

for scale in CAMPAIGN.scales:

    rule:
        """Train one trial under the thermal guard, or publish it again from the ledger."""
        name:
            f"hpo_{scale}"
        input:
            tables=ancient(dataset_tables("parquet")),
            resources=dataset_tables("resource.json"),
            preflight=before_training(scale, f"results/preflight/{scale}.json"),
            previous=before_training(scale, trials_before(scale)),
            transferred=before_training(scale, trials_to_transfer(scale)),
        output:
            result=f"results/hpo/{scale}/{{horizon}}/trial_{{trial}}.json",
            log=f"results/hpo/{scale}/{{horizon}}/trial_{{trial}}.jsonl",
        log:
            f"results/logs/hpo_{scale}/{{horizon}}/trial_{{trial}}.log",
        benchmark:
            f"results/benchmarks/hpo_{scale}/{{horizon}}/trial_{{trial}}.tsv"
        priority: order(scale)
        retries: CAMPAIGN.thermal.auto_resume
        conda:
            "../envs/simmer.yaml"
        resources:
            accelerator=accelerator_share(),
            slots=slots,
        params:
            scale=scale,
            settings=settings_digest(scale),
        message:
            "Train {params.scale}/{wildcards.horizon} trial {wildcards.trial}"
        script:
            "../scripts/hpo.py"

    rule:
        """Gather all trials of the scale into trials.csv, best.json and a line per study."""
        name:
            f"hpo_{scale}_done"
        input:
            trials=trials_of(scale),
            races=races_of(scale),
            timelines=timelines_of(scale),
            search_figures=search_figures_of(scale),
            resources=dataset_tables("resource.json"),
            dataset="results/dataset.json",
            dictionary="results/data_dictionary.md",
        output:
            done=f"results/hpo_{scale}.done",
            table=f"results/hpo/{scale}/trials.csv",
            best=f"results/hpo/{scale}/best.json",
        log:
            f"results/logs/hpo_{scale}_done.log",
        benchmark:
            f"results/benchmarks/hpo_{scale}_done.tsv"
        priority: BEFORE_TRIALS
        conda:
            "../envs/simmer.yaml"
        params:
            scale=scale,
            about=names_as_params(),
        message:
            "Write the tables of {params.scale}"
        script:
            "../scripts/hpo_done.py"


rule race:
    """Train the best trials of a study again from other seeds, to choose the winner by its mean loss."""
    input:
        tables=ancient(dataset_tables("parquet")),
        resources=dataset_tables("resource.json"),
        trials=results_of_study,
    output:
        outcome="results/races/{scale}/{horizon}/race.json",
    log:
        "results/logs/race/{scale}/{horizon}/race.log",
    benchmark:
        "results/benchmarks/race/{scale}/{horizon}/race.tsv"
    wildcard_constraints:
        scale="|".join(CAMPAIGN.scales),
        horizon="|".join(horizons()),
    priority: order_of_race
    retries: CAMPAIGN.thermal.auto_resume
    conda:
        "../envs/simmer.yaml"
    resources:
        accelerator=accelerator_share(),
        slots=slots,
    params:
        settings=settings_digest(),
        race=race_as_params(),
    message:
        "Race the best trials of {wildcards.scale}/{wildcards.horizon}"
    script:
        "../scripts/race.py"
