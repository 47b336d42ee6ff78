"""Values as YAML on one line, as a person writes them in a configuration."""

from typing import Any

import yaml


def as_yaml(value: Any) -> str:
    """Return a value of a configuration as YAML in flow style: `{values: [16, 32]}`."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text.removesuffix("...\n").strip()
