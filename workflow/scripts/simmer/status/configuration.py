"""Read a campaign's configuration from its files, merged as in a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from simmer.base.errors import ConfigError
from simmer.config.campaign import Config, parse_config


def read_config(base: Path, overlays: Sequence[Path]) -> Config:
    """Return the configuration of `base` with the overlays merged over it in order.

    Raises:
        ConfigError: if a file cannot be read, or the result is not a valid configuration.
    """
    raw: dict[str, Any] = {}
    for path in (base, *overlays):
        _merge(raw, _read(path))
    return parse_config(raw)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror or error}; expected a configuration file; name the one the "
            "campaign was begun with, such as CONFIG=config/demo.yaml"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise ConfigError(f"found {path} damaged ({said}); expected YAML; fix the file") from error
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise ConfigError(
            f"found {path} to be {type(found).__name__}, expected keys with values; fix the file"
        )
    return found


def _merge(into: dict[str, Any], overlay: Mapping[str, Any]) -> None:
    for key, value in overlay.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif isinstance(value, Mapping):
            into[key] = {}
            _merge(into[key], value)
        else:
            into[key] = value
