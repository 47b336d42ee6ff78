"""Parse and validate the configuration into frozen dataclasses."""
