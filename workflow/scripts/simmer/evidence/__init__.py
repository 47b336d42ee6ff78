"""What the results support: metrics, and nothing more than the data carries."""
