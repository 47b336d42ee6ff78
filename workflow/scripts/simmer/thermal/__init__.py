"""Heat: sensors, monitor, guard. Knows nothing of training."""
