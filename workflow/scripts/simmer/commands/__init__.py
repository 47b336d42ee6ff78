"""Commands run by hand: register, verify, dashboard."""
