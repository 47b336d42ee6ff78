"""The JSON Schema of a settings class, for editors, for the reference page and for messages."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

Node = Mapping[str, Any]

# What pydantic calls a bound that it checks after a validator of ours.
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


@functools.cache
def schema_of(kind: Any) -> Node:
    """Return the JSON Schema of a type."""
    return _plain(TypeAdapter(kind).json_schema())


def resolved(root: Node, node: Node) -> Node:
    """Return a node with what it refers to; its own words win, and `null` is no alternative but `nullable`."""
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            inner = root["$defs"][node["$ref"].rsplit("/", 1)[1]]
            node = {**inner, **{key: value for key, value in node.items() if key != "$ref"}}
            continue
        options = [option for option in node["anyOf"] if option != {"type": "null"}]
        if len(options) != 1:
            break
        node = {
            **options[0],
            **{key: value for key, value in node.items() if key != "anyOf"},
            "nullable": True,
        }
    return node


def node_at(root: Node, path: Sequence[int | str]) -> Node:
    """Return what the schema says of the place `path`; nothing where it knows no such place."""
    node = resolved(root, root)
    for step in path:
        children = node.get("properties", {})
        child = node.get("items") if isinstance(step, int) else children.get(step)
        child = child or node.get("additionalProperties")
        if not isinstance(child, dict):
            return {}
        node = resolved(root, child)
    return node


def _plain(value: Any, *, names: bool = False) -> Any:
    # Generated titles repeat the names of the keys; a key may itself be named `title`.
    if isinstance(value, dict):
        kept = value if names else {key: one for key, one in value.items() if key != "title"}
        return {
            key if names else _BOUNDS.get(key, key): _plain(
                one, names=key in ("properties", "$defs") and not names
            )
            for key, one in kept.items()
        }
    return [_plain(one) for one in value] if isinstance(value, list) else value
