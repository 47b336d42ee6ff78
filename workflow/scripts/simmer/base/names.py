"""The published names of models as people read them."""

_SPELLINGS = {"mlp": "MLP"}


def spoken(name: str) -> str:
    """Return the name of a scale or a baseline as a reader sees it, the same in texts, tables and figures."""
    return _SPELLINGS.get(name, name.replace("_", " "))
