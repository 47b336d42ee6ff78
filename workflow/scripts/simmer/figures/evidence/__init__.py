"""Figures of the evidence."""
