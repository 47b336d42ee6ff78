"""Messages for mistakes in a configuration: where, what was found, what was expected."""

import difflib
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from simmer.base.flow_yaml import as_yaml
from simmer.base.schema import Node, node_at, schema_of
from simmer.base.text import plain, shortened

_CONTRADICTION = "contradiction"
_MOST_SHOWN = 200  # characters of a found value
_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text in whole characters",
    "dataclass_type": "a block of keys",
    "dict_type": "a block of keys",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "finite_number": "a finite number",
}


def contradiction(text: str) -> PydanticCustomError:
    """Return an error for a validator to raise; its message is `text`."""
    return PydanticCustomError(_CONTRADICTION, "{text}", {"text": text})


def mistakes(error: ValidationError, kind: Any, *, top: str = "the top level") -> list[str]:
    """Return a line per mistake in values of `kind`, sorted, without duplicates.

    A line begins with the path of the key below these values; `top` names the values themselves.
    """
    root = schema_of(kind)
    return sorted({line for one in error.errors(include_url=False) for line in _explain(root, one, top)})


def _explain(root: Node, error: Mapping[str, Any], top: str) -> list[str]:
    path, found, kind = error["loc"], error["input"], error["type"]
    is_key = path[-1:] == ("[key]",)  # then the key is wrong, not its value
    above = _named(path[: -2 if is_key else -1]) or top
    where = above if is_key else _named(path) or top
    if kind == _CONTRADICTION:
        text = error["ctx"]["text"]
        # A contradiction that names its block was found where the block has another name, or none.
        return [text if not path or text.startswith(("config ", where)) else f"{where}: {text}"]
    if kind in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return [f"{above}: missing key `{path[-1]}`{_example(path[-1], node_at(root, path))}"]
    if kind == "invalid_key" or (kind == "string_type" and is_key):
        return [f"{above}: found the key {shown(found)}, expected text: write it in quotes"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        nearest = _nearest(path[-1], node_at(root, path[:-1]))
        return [f"{above}: unknown key `{plain(str(path[-1]))}`; {nearest}"]
    if kind == "tuple_type":
        return [f"{where}: found {shown(found)}; write a list: {_as_list(found)}"]
    if kind == "too_short" and len(found) >= error["ctx"]["min_length"]:
        return []  # caused by a mistake in one of its entries, which has its own line
    node = node_at(root, path)
    return [f"{where}: found {shown(found)}, expected {_expected(error, node)}{_hint(kind, found, node)}"]


def _expected(error: Mapping[str, Any], node: Node) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error":
        return f"one of {', '.join(f'`{value}`' for value in node.get('enum', [node.get('const')]))}"
    if kind == "string_pattern_mismatch":
        return node.get("words", "text of another form")
    if kind == "too_short":
        least = context["min_length"]
        return f"at least {'one entry' if least == 1 else f'{least} entries'}"
    if kind == "string_type" and node.get("format") == "date":
        return "a date such as 2014-12-31, or null"
    text = _EXPECTED[kind].format(**context) if kind in _EXPECTED else error["msg"]
    return f"{text} or null" if kind.endswith("_type") and "nullable" in node else text


def _example(key: Any, node: Node) -> str:
    examples = [*node.get("examples", ()), *node.get("enum", ())]
    return f"; write it, such as `{key}: {as_yaml(examples[0])}`" if examples else ""


def _as_list(found: Any) -> str:
    if found is None:
        return "[...]"
    # YAML reads `1, 3, 5` without brackets as text.
    return shortened(plain(f"[{found}]" if isinstance(found, str) else as_yaml([found])), _MOST_SHOWN)


def _nearest(key: Any, node: Node) -> str:
    known = list(node.get("properties", {}))
    near = difflib.get_close_matches(str(key), known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"expected one of {sorted(known)}"


def _hint(kind: str, found: Any, node: Node) -> str:
    percent = _percent(kind, found, node)
    if percent is not None:
        return f" ({percent:g} % is written as {percent / 100:g})"
    if kind == "string_type" and isinstance(found, bool | int | float) and node.get("format") != "date":
        return " (YAML reads it as something else: write it in quotes)"
    if kind not in ("float_type", "int_type") or not isinstance(found, str):
        return ""
    try:
        number = float(found)
    except ValueError:
        return ""
    if found.isdigit() or "e" not in found.lower():
        return " (a number in quotes is text: write it without quotes)"
    return f" (YAML reads 1e-4 as text: write {'1.0e-4' if kind == 'float_type' else f'{number:.0f}'})"


def _percent(kind: str, found: Any, node: Node) -> float | None:
    """Return a value that was meant in percent; None if it was not."""
    try:
        if isinstance(found, str) and kind == "float_type" and found.rstrip().endswith("%"):
            return float(found.rstrip().removesuffix("%"))
        is_share = 1 in (node.get("exclusiveMaximum"), node.get("maximum"))
        return float(found) if kind.startswith("less_than") and is_share and found <= 100 else None
    except ValueError:
        return None


def _named(path: tuple[int | str, ...]) -> str:
    return ".".join(plain(str(step)) for step in path)


def shown(value: Any) -> str:
    """Return a found value on one line of at most 200 characters."""
    in_yaml = value is None or isinstance(value, bool | date)
    return shortened(plain(as_yaml(value) if in_yaml else repr(value)), _MOST_SHOWN)
