"""YAML without its surprises: what is written is what is read, and every mistake names its line.

YAML 1.1 turns 0174 into 124, 1:30 into 90 and NO into false, and lets a repeated key win silently. In a
file that decides scores all of these are mistakes, so they are refused with a sentence. `Findings` collects
what is wrong with the content, so that one reading lists every mistake.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import reduce
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from errors import ConfigError

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?([0-9]+\.[0-9]*|\.[0-9]+)\Z")
_TAG = "tag:yaml.org,2002:"


def read_yaml(text: str, name: str) -> tuple[Any, Node]:
    """The plain data in `text` (dict, list, str, int, float, bool, None) and its node tree with positions.

    `name` is the file's name for the sentences. ConfigError, listing every mistake: broken syntax (with its
    line), an empty document, a key that stands twice, an alias, numbers that are not what they look like
    (0174, 1_000, 1:30), yes/no for true/false, dates and other tags.
    """
    root = compose(text, name)
    mistakes: list[str] = []
    data = _plain(root, mistakes, set())
    raise_mistakes(name, mistakes)
    return data, root


def compose(text: str, name: str) -> Node:
    """The node tree of `text`, whose marks count characters; ConfigError when it is no YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(
            f"{name}{line}: expected YAML, but {error.problem or 'it cannot be read'}. "
            "Check indentation, colons and quotes there."
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{name}: expected YAML text, but it holds a character that YAML does not allow. "
            "Save it as plain UTF-8."
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{name}: expected a few levels of keys, but it is nested too deeply.") from error
    if root is None:
        raise ConfigError(
            f"{name}: expected keys and values, but the file is empty. Restore it from a version."
        )
    return root


def raise_mistakes(name: str, mistakes: Sequence[str]) -> None:
    """Nothing for no mistakes; otherwise one ConfigError that lists them all."""
    if len(mistakes) == 1:
        raise ConfigError(f"{name}: {mistakes[0]}")
    if mistakes:
        raise ConfigError(f"{name} has {len(mistakes)} mistakes:\n" + "\n".join(f"- {m}" for m in mistakes))


def entries(node: Node) -> Iterator[tuple[ScalarNode, Node]]:
    """Key and value nodes of a mapping with plain keys; nothing for any other node."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key, value


def node_at(node: Node, path: Sequence[str]) -> Node:
    """The node under the keys of `path`; KeyError when there is none."""
    for part in path:
        found = [value for key, value in entries(node) if key.value == part]
        if not found:
            raise KeyError(".".join(path))
        node = found[0]
    return node


def edit_numbers(text: str, name: str, numbers: Mapping[tuple[str, ...], float]) -> str:
    """`text` with other digits under these paths of keys and every other byte kept; a number that is there already
    keeps its spelling.

    ConfigError where a path leads to no number, or where anything else would change with it (an anchor that stands
    for two).
    """
    data, root = read_yaml(text, name)
    wanted, edits = copy.deepcopy(data), []
    for path, number in numbers.items():
        try:
            node, place = node_at(root, path), reduce(lambda inside, key: inside[key], path[:-1], wanted)
        except (KeyError, TypeError) as error:
            raise ConfigError(
                f"{name}: a number was expected under {'.'.join(path)}. Mend the name."
            ) from error
        found = place[path[-1]]
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise ConfigError(f"{name}: {'.'.join(path)} was expected to be a number, but is {shown(found)}.")
        if found != number:
            place[path[-1]] = number
            edits.append((node.start_mark.index, node.end_mark.index, repr(float(number))))
    for start, end, digits in sorted(edits, reverse=True):
        text = text[:start] + digits + text[end:]
    if read_yaml(text, name)[0] != wanted:
        raise ConfigError(
            f"{name} is written in a way that cannot be changed safely. Edit the number by hand."
        )
    return text


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _plain(node: Node, mistakes: list[str], seen: set[int]) -> Any:
    if id(node) in seen:  # the composer hands out the anchored node itself for each alias
        mistakes.append(
            f"line {_line(node)}: the value marked with & is used again through an alias (*). "
            "Write the value out in each place, so that a change in one place stays there."
        )
        return None
    seen.add(id(node))
    if isinstance(node, MappingNode):
        return _mapping(node, mistakes, seen)
    if isinstance(node, SequenceNode):
        return [_plain(item, mistakes, seen) for item in node.value]
    return _scalar(node, mistakes)


def _mapping(node: MappingNode, mistakes: list[str], seen: set[int]) -> dict[Any, Any]:
    data: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            mistakes.append(f"line {_line(key_node)}: expected a word as key, but it is a list or a map.")
            continue
        key = _scalar(key_node, mistakes)
        value = _plain(value_node, mistakes, seen)
        if key in data:
            mistakes.append(
                f"line {_line(key_node)}: the key '{key_node.value}' stands twice in one place. "
                "Remove one of the two."
            )
        data[key] = value
    return data


def _scalar(node: Node, mistakes: list[str]) -> Any:
    text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "int" and _WHOLE.match(text):
        return int(text)
    if kind == "float" and _DECIMAL.match(text):
        return float(text)
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    meant = {
        "int": "YAML reads it as another number (a leading zero means octal, a colon means base 60)",
        "bool": "YAML reads it as true or false",
        "timestamp": "YAML reads it as a date",
    }.get(kind, "YAML gives it a meaning of its own")
    mistakes.append(
        f"line {_line(node)}: {text} is not what it looks like: {meant}. "
        f'Put it in quotes, "{text}", if the characters themselves are meant.'
    )
    return text


@dataclass
class Findings:
    """The mistakes found so far, and the few questions that most rules ask; each answers a value or None."""

    mistakes: list[str] = field(default_factory=list)

    def say(self, path: str, expected: str, got: Any, remedy: str = "") -> None:
        """One mistake: where, what was expected, what is there, what to do."""
        sentence = f"{path}: expected {expected}, got {shown(got)}."
        self.mistakes.append(f"{sentence} {remedy}".rstrip())

    def section(
        self, data: Any, path: str, required: Sequence[str] | None = None, optional: Sequence[str] = ()
    ) -> dict[str, Any]:
        """The map at `path` with its known keys checked; without `required` any key may stand there."""
        where = path or "the file"
        if not isinstance(data, dict):
            self.say(where, "a map of keys and values", data)
            return {}
        if required is None:
            if not data:
                self.mistakes.append(f"{where}: expected at least one key, but it is empty. Add one.")
            return data
        known, meant = [*required, *optional], set()
        for key in data:
            if key not in known:
                close = get_close_matches(str(key), [k for k in known if k not in data], n=1)
                meant.update(close)
                guess = f"Did you mean '{close[0]}'?" if close else f"Known here: {', '.join(known)}."
                self.mistakes.append(f"{joined(path, key)}: this key is unknown. {guess}")
        for key in required:
            if key not in data and key not in meant:
                self.mistakes.append(f"{joined(path, key)}: this key is missing. Add it.")
        return data

    def number(
        self,
        data: dict[str, Any],
        key: str,
        path: str,
        low: float,
        high: float,
        *,
        whole: bool = False,
        null: bool = False,
    ) -> float | None:
        """The number under `key`, when it is one from `low` to `high`; a missing key is left to `section`."""
        value = data.get(key)
        if key not in data or (value is None and null):
            return None
        fits = isinstance(value, int) or (isinstance(value, float) and not whole)
        if isinstance(value, int | float) and fits and not isinstance(value, bool) and low <= value <= high:
            return value
        end = f"from {low:g} to {high:g}" if high < 1e9 else f"of {low:g} or more"
        self.say(joined(path, key), f"a {'whole ' * whole}number {end}{' or null' * null}", value)
        return None

    def score(self, data: dict[str, Any], key: str, path: str) -> None:
        """A component score: a whole number from 0 to 100."""
        self.number(data, key, path, 0, 100, whole=True)

    def word(
        self, data: dict[str, Any], key: str, path: str, choices: Iterable[str] | None = None
    ) -> str | None:
        """The text under `key`, one of `choices` where they are given."""
        if key not in data:
            return None
        value, known = data[key], list(choices) if choices is not None else None
        if known is not None and value not in known:
            close = get_close_matches(str(value), known, n=1)
            self.say(
                joined(path, key),
                f"one of {', '.join(known)}",
                value,
                f"Did you mean '{close[0]}'?" if close else "",
            )
        elif not isinstance(value, str) or not value.strip():
            self.say(joined(path, key), "a word", value)
        else:
            return value
        return None


def joined(path: str, key: Any) -> str:
    """`a.b` from `a` and `b`."""
    return f"{path}.{key}" if path else str(key)


def shown(value: Any) -> str:
    """A value as a sentence quotes it: text in quotes, a tuple of numbers in full, else nothing long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, tuple):
        return ", ".join(f"{number:g}" for number in value)
    text = str(value)
    text = text if len(text) <= 40 else text[:39] + "…"
    return text if isinstance(value, int | float) else f"the text '{text}'"
