"""A configuration held against its JSON Schema, in plain words."""

import difflib
from collections.abc import Mapping
from typing import Any

from simmer.base.errors import ConfigError


def check_schema(raw: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Hold a configuration against its JSON Schema and report every problem at once, in plain words.

    Raises:
        ConfigError: naming each key, what was found and what was expected.
    """
    from jsonschema import Draft202012Validator, validators

    # JSON Schema takes 4.0 for a whole number; `range` does not.
    whole = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    errors = validators.extend(Draft202012Validator, type_checker=whole)(schema).iter_errors(raw)
    problems = sorted({line for error in errors for line in _explain(error)})
    if problems:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        listing = "\n".join(f"  - {problem}" for problem in problems)
        raise ConfigError(
            f"the configuration has {count}:\n{listing}\nEvery key is explained in config/README.md."
        )


def _explain(error: Any) -> list[str]:
    where = ".".join(str(part) for part in error.absolute_path) or "the top level"
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        lines = []
        for key in sorted(set(error.instance) - set(known)):
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"expected one of {sorted(known)}"
            lines.append(f"{where}: unknown key `{key}`; {hint}")
        return lines
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return [f"{where}: missing key `{key}`" for key in missing]
    found = f"{where}: found {error.instance!r}"
    if error.validator == "type" and isinstance(error.instance, str):
        hint = " (YAML reads 1e-4 as text: write 1.0e-4)" if _looks_like_number(error.instance) else ""
        return [f"{found}, expected {error.validator_value}{hint}"]
    expectations = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "enum": "one of {}",
        "type": "{}",
        "pattern": "text that matches {}",
        "minItems": "at least {} entries",
        "oneOf": "`auto` or a whole number of at least 1",
    }
    expected = expectations.get(error.validator, error.validator + " {}").format(error.validator_value)
    return [f"{found}, expected {expected}"]


def _looks_like_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
