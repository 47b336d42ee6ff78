"""What is run by hand beside the workflow: register, verify, dashboard."""
