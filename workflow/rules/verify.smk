"""Verify environment, machine and data: the checks of `make verify`, written to files.

Reads: data/, the environment, the machine.
Writes: results/verification.{json,txt}.
"""


rule verify:
    """Check versions, accelerator, sensors, every manifest entry and pending registrations; a FAIL stops the chain."""
    input:
        raw="data/raw/datapackage.json",
        processed="data/processed/datapackage.json",
    output:
        report="results/verification.json",
        table="results/verification.txt",
    log:
        "results/logs/verify.log",
    benchmark:
        "results/benchmarks/verify.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        project=str(REPOSITORY / "pyproject.toml"),
        constraints=str(REPOSITORY / "constraints.txt"),
        sysfs_root=CAMPAIGN.thermal.sysfs_root,
    message:
        "Verify environment, machine and data"
    script:
        "../scripts/verify.py"
