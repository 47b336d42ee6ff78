"""One file per source of temperature."""
