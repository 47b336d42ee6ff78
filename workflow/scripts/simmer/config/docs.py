"""Generate config/README.md from the declared keys and the shipped values.

python -m simmer.config.docs CONFIG README
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simmer.base.files import write_text
from simmer.base.flow_yaml import as_yaml
from simmer.base.schema import Node, resolved, schema_of
from simmer.config.blocks import Document
from simmer.config.reading import read_mapping

# The blocks whose keys are the hyperparameters; they are explained once, in `search.space`.
_SPACE, _VALUES = "space", "hyperparameters"
_KINDS = {"array": "list", "object": "block"}
_BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}


def reference(values: Mapping[str, Any]) -> str:
    """Return the page: use of a configuration, one row per key, and the reasons for the search space."""
    root = schema_of(Document)
    rows = ["| key | value | allowed | meaning |", "|---|---|---|---|"]
    for path, node, value in _walk(root, root, values, ()):
        cells = (f"`{'.'.join(path)}`", _value(node, value), _allowed(root, node), node["description"])
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    template = Path(__file__).with_name("reference.md").read_text(encoding="utf-8")
    return template.replace("{keys}", "\n".join(rows))


def main(config: Path, page: Path) -> None:
    """Write the page."""
    write_text(page, reference(read_mapping(config)))


def _walk(
    root: Node, node: Node, value: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Node, Any]]:
    block = _block(node)
    node = resolved(root, node)
    if path:
        yield path, node | {"block": block}, value
    if block in (_SPACE, _VALUES) and path != ("search", "space"):
        return
    children = {} if block.endswith("_dimension") else node.get("properties", {})
    for key, child in children.items():
        below = value.get(key) if isinstance(value, dict) else None
        yield from _walk(root, child, below, (*path, key))
    if isinstance(node.get("additionalProperties"), dict):
        yield from _walk(root, node["additionalProperties"], None, (*path, "<name>"))
    entry = resolved(root, node.get("items", {}))
    for key, child in entry.get("properties", {}).items():
        yield (*path, "[]", key), resolved(root, child) | {"block": _block(child)}, None


def _block(node: Node) -> str:
    return node.get("$ref", "").rsplit("/", 1)[-1]


def _value(node: Node, value: Any) -> str:
    explained_below = node.get("type") == "object" and not node["block"].endswith((_VALUES, "_dimension"))
    return "" if value is None or explained_below else _as_code(value)


def _as_code(value: Any) -> str:
    return f"`{as_yaml(value)}`"


def _allowed(root: Node, node: Node) -> str:
    if node.get("block", "").endswith("_dimension"):
        values = resolved(root, node["properties"]["values"])
        return f"range or values of {_allowed(root, values['items'])}"
    if "anyOf" in node:
        return " or ".join(_allowed(root, option) for option in node["anyOf"])
    if "enum" in node:
        return ", ".join(map(_as_code, node["enum"]))
    if "const" in node:
        return f"`{node['const']}`"
    kind = node.get("format", node.get("type", ""))
    kind = _KINDS.get(kind, kind) + (" or null" if "nullable" in node else "")
    return ", ".join([kind, *(form.format(node[name]) for name, form in _BOUNDS.items() if name in node)])


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
