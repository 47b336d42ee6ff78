"""Figures as SVG, in one style."""
