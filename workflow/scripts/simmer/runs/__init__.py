"""Trials and refits as their jobs run them."""
