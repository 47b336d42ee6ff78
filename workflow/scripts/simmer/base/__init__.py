"""Shared tools: errors, files, locks, logs, seeds, texts, checks."""
