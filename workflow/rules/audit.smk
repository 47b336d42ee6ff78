"""Does anything that decides know its future? Checks on the data at hand, and controls with a known answer.

Reads: data/raw/<TICKER>.csv, data/processed/<TICKER>_dataset_{a25,c}.parquet; results/ledger/test_reads.jsonl,
which Snakemake does not know: it is there only once the test split was read, and the report counts the looks
itself.
Writes: results/leakage_controls.json, results/leakage_audit.{json,txt}.

Unlike a trial, which keeps its worth when the code is edited, an audit is about the code: both rules are repeated
when any module changes that one of them imports, directly or through others.
"""

AUDITED_CODE = reached_digest("leakage_controls.py", "leakage_audit.py")


rule leakage_controls:
    """Train a small model on shuffled labels, which must know nothing, and on a planted signal, which must know it."""
    input:
        bars=f"data/raw/{CAMPAIGN.dataset.ticker}.csv",
        vix_bars=vix_bars(),
        table=dataset_table("parquet"),
    output:
        controls="results/leakage_controls.json",
    log:
        "results/logs/leakage_controls.log",
    benchmark:
        "results/benchmarks/leakage_controls.tsv"
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    resources:
        accelerator=accelerator_share(),
        slots=slots(),
    params:
        dataset=CAMPAIGN.dataset.meaning(),
        geometry=meaning(CAMPAIGN.geometry),
        training=meaning(CAMPAIGN.training),
        seed=CAMPAIGN.seed,
        code=AUDITED_CODE,
    message:
        "Training the controls of the leakage audit"
    script:
        "../scripts/leakage_controls.py"


rule leakage_audit:
    """Check prefixes, labels, borders, standardisation, controls and reads of the test split; a FAIL stops the chain."""
    input:
        bars=f"data/raw/{CAMPAIGN.dataset.ticker}.csv",
        vix_bars=vix_bars(),
        table=dataset_table("parquet"),
        controls="results/leakage_controls.json",
    output:
        report="results/leakage_audit.json",
        table=report("results/leakage_audit.txt", caption="../report/leakage_audit.rst", category="3 Data"),
    log:
        "results/logs/leakage_audit.log",
    benchmark:
        "results/benchmarks/leakage_audit.tsv"
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    params:
        dataset=CAMPAIGN.dataset.meaning(),
        calendar=CAMPAIGN.data.calendar,
        seed=CAMPAIGN.seed,
        register=str(TEST_READS),
        code=AUDITED_CODE,
    message:
        f"Auditing {CAMPAIGN.dataset.ticker} for leakage"
    script:
        "../scripts/leakage_audit.py"
