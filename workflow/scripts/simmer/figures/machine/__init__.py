"""Figures of what the machine did."""
