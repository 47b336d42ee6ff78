"""Read a configuration file, YAML or JSON, and refuse what is lost or fails elsewhere without a place.

python -m simmer.config.reading FILE ...
"""

import difflib
import json
import re
import sys
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from simmer.base.errors import ConfigError
from simmer.base.mistakes import shown
from simmer.base.text import TICKER_PATTERN, plain, shortened

# Keys whose values are names of tickers or snapshots.
_NAMES = ("ticker", "pool", "snapshot")
_NAME = re.compile(rf"{TICKER_PATTERN}|[0-9a-f]{{16}}")
_LONGEST_LINE = 200


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a mapping has each key once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the value of a mapping."""
        lines: dict[Hashable, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # `<<`, whose keys the others override
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue
            if key in lines:
                raise _mistake(key_node, f"{_twice(key)} (first in line {lines[key]})")
            lines[key] = key_node.start_mark.line + 1
            if key in _NAMES:
                for one in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    self._refuse_unquoted(one)
        return super().construct_mapping(node, deep)

    def _refuse_unquoted(self, node: yaml.Node) -> None:
        """Refuse a name that YAML reads as something else, such as ON, 7203 and 0700."""
        if (
            isinstance(node, yaml.ScalarNode)
            and node.style is None
            and node.tag != "tag:yaml.org,2002:str"
            and _NAME.fullmatch(node.value)
        ):
            begin, end = node.start_mark, node.end_mark
            line = begin.buffer.split("\n")[begin.line]
            quoted = f'{line[: begin.column]}"{node.value}"{line[end.column :]}'.strip()
            raise _mistake(
                node,
                f"found {node.value}, which YAML reads as {shown(self.construct_object(node))}, expected a "
                f"name: quote it, `{shortened(plain(quoted), _LONGEST_LINE)}`",
            )

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:  # such as a date that does not exist
            raise _mistake(
                node, f"found {shown(node.value)}, expected a value that exists ({error})"
            ) from error


def read_mapping(path: Path) -> Mapping[str, Any]:
    """Return the keys and values of a configuration file; an empty file has none.

    Raises:
        ConfigError: naming the file and, if there is one, the line of the mistake.
    """
    try:
        content = path.read_bytes()
        found = _parse(content.decode())
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror or error}; expected a configuration file: {_advice(path)}"
        ) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n")
        raise _refusal(
            path, line, "found a byte that is not UTF-8, expected a text saved as UTF-8"
        ) from error
    except yaml.MarkedYAMLError as error:
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise _refusal(path, error.problem_mark.line if error.problem_mark else None, said) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refusal(path, None, " ".join(str(error).split())) from error
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise _refusal(
            path, None, f"found {type(found).__name__}, expected keys with values, as in `seed: 1`"
        )
    return found


def _advice(path: Path) -> str:
    try:
        there = [found.name for found in path.parent.iterdir() if found.suffix in (".yaml", ".yml", ".json")]
    except OSError:
        there = []
    near = difflib.get_close_matches(path.name, there, n=1)
    if near:
        return f"did you mean {path.parent / near[0]}?"
    return (
        "name one that exists, such as CONFIG=config/demo.yaml; a name with blanks needs quotes around the "
        'whole setting: "CONFIG=my own.yaml"'
    )


def _parse(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_each_once)
    except json.JSONDecodeError:
        return yaml.load(text, Loader=_StrictLoader)


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(_twice(key))
        found[key] = value
    return found


def _twice(key: Hashable) -> str:
    return f"found the key `{key}` twice, expected it once"


def _mistake(node: yaml.Node, text: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=node.start_mark)


def _refusal(path: Path, line: int | None, text: str) -> ConfigError:
    where = path if line is None else f"{path}, line {line + 1}"
    return ConfigError(f"the configuration file {where}: {text}; fix the file")


def main(paths: Sequence[Path]) -> None:
    """Read files, and exit with a message if one cannot be read."""
    try:
        for path in paths:
            read_mapping(path)
    except ConfigError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
