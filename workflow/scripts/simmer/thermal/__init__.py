"""Temperature sensors, monitor, governor and guard; independent of training."""
