"""The search: one rule per scale, one job per trial.

Reads: data/processed/<TICKER>_dataset_a25.parquet, results/preflight/<scale>.json, earlier trials.
Writes: results/hpo/<scale>/<horizon>/trial_NNN.{json,jsonl}, results/hpo/<scale>/{trials.csv,best.json},
results/hpo_<scale>.done.

What a trial computes is kept in results/ledger, which Snakemake does not know and so never deletes; a
job publishes its outputs from there. Features and preflight are `ancient`: the content of the features
is watched through the small resource entry, and a repeated preflight reruns nothing.
"""

for scale in CAMPAIGN.scales:

    rule:
        name:
            f"hpo_{scale}"
        input:
            table=ancient(dataset_table("parquet")),
            resource=dataset_table("resource.json"),
            preflight=ancient(f"results/preflight/{scale}.json"),
            previous=trial_before(scale),
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
            slots=slots(),
        params:
            scale=scale,
            settings=settings_digest(scale),
        message:
            "Trial {wildcards.trial} of {params.scale} at {wildcards.horizon}"
        script:
            "../scripts/hpo.py"

    rule:
        name:
            f"hpo_{scale}_done"
        input:
            trials=trials_of(scale),
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
        message:
            "All trials of {params.scale} are finished: writing tables"
        script:
            "../scripts/hpo_done.py"
