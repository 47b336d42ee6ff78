"""JSON Schema of a settings class, for the generated reference page and for messages."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

Node = Mapping[str, Any]

# Pydantic's names of a bound on a type with a custom validator.
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


@functools.cache
def schema_of(kind: Any) -> Node:
    """Return the JSON Schema of a type."""
    return _plain(TypeAdapter(kind).json_schema())


def resolved(root: Node, node: Node) -> Node:
    """Return a node with its `$ref` replaced; its own keys win. An alternative `null` becomes `nullable`."""
    while True:
        options = [option for option in node.get("anyOf", ()) if option != {"type": "null"}]
        if "$ref" in node:
            inner, hidden = root["$defs"][node["$ref"].rsplit("/", 1)[1]], "$ref"
        elif len(options) == 1:
            inner, hidden = options[0] | {"nullable": True}, "anyOf"
        else:
            return node
        node = inner | {key: value for key, value in node.items() if key != hidden}


def node_at(root: Node, path: Sequence[int | str]) -> Node:
    """Return the schema node at `path`, an empty one if the schema has no such path."""
    node = resolved(root, root)
    for step in path:
        children = node.get("properties", {})
        child = node.get("items") if isinstance(step, int) else children.get(step)
        child = child or node.get("additionalProperties")
        if not isinstance(child, dict):
            return {}
        node = resolved(root, child)
    return node


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    # Generated titles repeat the key names. A generated title is text; a key named `title` holds a node.
    kept = {key: one for key, one in value.items() if key != "title" or isinstance(one, dict)}
    return {_BOUNDS.get(key, key): _plain(one) for key, one in kept.items()}
