"""Commands run by hand: new-config, check, plan, studies, report, register, verify, dashboard."""
