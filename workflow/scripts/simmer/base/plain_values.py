"""Values of a configuration as JSON has them."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any


def as_plain_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a configuration as JSON has them: YAML also has dates."""
    return json.loads(json.dumps(_with_text_keys(values), default=str))


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(key) if isinstance(key, date) else key: _with_text_keys(one) for key, one in value.items()
        }
    return [_with_text_keys(one) for one in value] if isinstance(value, list | tuple) else value
