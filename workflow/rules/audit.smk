"""Leakage audit: checks on the data, and controls whose answer is known.

Reads: data/raw/<TICKER>.csv, data/processed/<TICKER>_dataset_*.parquet; the log of looks
(results/ledger/test_reads.jsonl), which is no declared input: it exists only after the first look at test days,
and the report counts the looks itself.
Writes: results/leakage_controls.json, results/leakage_audit.{json,txt}.

An audit is about the code, a trial is not: both rules run again when a module changes that one of them
imports, directly or through others.
"""

AUDITED_CODE = reached_digest("leakage_controls.py", "leakage_audit.py")


rule leakage_controls:
    """Train a small model on shuffled labels (no skill expected) and on a planted signal (skill expected)."""
    input:
        bars=raw_bars(),
        vix_bars=vix_bars(),
        tables=dataset_tables("parquet"),
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
        slots=slots,
    params:
        dataset=CAMPAIGN.dataset.meaning(),
        geometry=meaning(CAMPAIGN.geometry),
        training=meaning(CAMPAIGN.training),
        seed=CAMPAIGN.seed,
        code=AUDITED_CODE,
    message:
        "Train the controls of the leakage audit"
    script:
        "../scripts/leakage_controls.py"


rule leakage_audit:
    """Check prefixes, labels, borders, standardisation, controls and looks at test days; a FAIL stops the chain."""
    input:
        bars=raw_bars(),
        vix_bars=vix_bars(),
        tables=dataset_tables("parquet"),
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
        calendar=CAMPAIGN.data.calendars().get(VIX_TICKER, CAMPAIGN.data.calendar),
        seed=CAMPAIGN.seed,
        register=str(TEST_READS),
        code=AUDITED_CODE,
    message:
        f"Audit {CAMPAIGN.dataset.ticker} for leakage"
    script:
        "../scripts/leakage_audit.py"
