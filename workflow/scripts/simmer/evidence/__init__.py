"""Evaluate a campaign: metrics, baselines, intervals, the scaling fit and the verdicts."""
