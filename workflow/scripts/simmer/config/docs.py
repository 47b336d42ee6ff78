"""config/README.md, generated from the schema and the shipped defaults.

python -m simmer.config.docs SCHEMA CONFIG README
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from simmer.base.files import write_text


def reference(schema: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return the page: the schema's description, a row per key, and the schema's comment."""
    rows = ["", "| key | default | allowed | meaning |", "|---|---|---|---|"]
    for path, node, value in _walk(schema, schema, defaults, ()):
        cells = (f"`{'.'.join(path)}`", _default(node, value), _allowed(node), node.get("description", ""))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([f"# {schema['title']}", "", schema["description"], *rows, "", schema["$comment"]])


def main(schema: Path, config: Path, page: Path) -> None:
    """Write the page."""
    write_text(page, reference(yaml.safe_load(schema.read_text()), yaml.safe_load(config.read_text())))


def _walk(
    root: Mapping[str, Any], node: Mapping[str, Any], value: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], Any]]:
    if path:
        yield path, node, value
    for key, child in node.get("properties", {}).items():
        below = value.get(key) if isinstance(value, dict) else None
        yield from _walk(root, child, below, (*path, key))
    if path == ("search", "space"):  # elsewhere the same keys only replace these
        for key, child in root["$defs"]["space"]["properties"].items():
            yield (*path, key), child, value[key]
    if isinstance(node.get("additionalProperties"), dict):
        yield from _walk(root, node["additionalProperties"], None, (*path, "<name>"))
    items = node.get("items", {})
    for key, child in items.get("properties", {}).items():
        yield (*path, "[]", key), child, None


def _default(node: Mapping[str, Any], value: Any) -> str:
    return "" if value is None or node.get("type") == "object" else _as_yaml(value)


def _as_yaml(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6)
    return f"`{text.removesuffix('...' + chr(10)).strip()}`"


def _allowed(node: Mapping[str, Any]) -> str:
    if "$ref" in node:
        return node["$ref"].rsplit("/", 1)[1]
    if "enum" in node:
        return ", ".join(_as_yaml(value) for value in node["enum"])
    if "oneOf" in node:
        return " or ".join(_allowed(option) for option in node["oneOf"])
    if "const" in node:
        return f"`{node['const']}`"
    kinds = node.get("type", "")
    text = " or ".join(kinds) if isinstance(kinds, list) else kinds
    bounds = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
    return ", ".join([text, *(form.format(node[name]) for name, form in bounds.items() if name in node)])


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
