"""Commands run by hand: new_config, check, register, verify, dashboard."""
