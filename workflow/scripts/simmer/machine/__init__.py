"""This machine: facts, power, and whether it is fit for a scale."""
