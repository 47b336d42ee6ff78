"""Check whether this machine can run a scale.

Reads: results/data_validation.json, results/dataset.json, the processed manifest, the machine itself.
Writes: results/preflight/<scale>.{json,txt}.
"""


rule preflight:
    """Check accelerator, sensors, memory, disk, data and limits for one scale; a FAIL stops the chain."""
    input:
        validation="results/data_validation.json",
        dataset="results/dataset.json",
        manifest="data/processed/datapackage.json",
    output:
        report="results/preflight/{scale}.json",
        table=report("results/preflight/{scale}.txt", caption="../report/preflight.rst", category="5 Machine"),
    log:
        "results/logs/preflight/{scale}.log",
    benchmark:
        "results/benchmarks/preflight/{scale}.tsv"
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    resources:
        slots=slots_of_preflight,
    params:
        limits=limits_as_params(),
        govern=CAMPAIGN.thermal.govern,
        require_sensor=CAMPAIGN.thermal.require_sensor,
        sysfs_root=CAMPAIGN.thermal.sysfs_root,
        allow_sudo_powermetrics=CAMPAIGN.thermal.allow_sudo_powermetrics,
        device=CAMPAIGN.execution.device,
        settings=settings_of_scale,
    message:
        "Check this machine for scale {wildcards.scale}"
    script:
        "../scripts/preflight.py"
