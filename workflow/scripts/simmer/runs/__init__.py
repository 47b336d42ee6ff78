"""Run trials and refits as jobs."""
