"""Figures of the machine: the timeline of a study."""
