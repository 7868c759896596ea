"""Changes single scores in the text of icp.yaml and leaves every other byte as it was.

The YAML parser says where a value stands; only those characters are replaced. A new value becomes one line at
the end of its map, in the map's own indentation, quotes and spacing. The result is read again, and nothing
but the scores asked for may differ.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from yaml.nodes import CollectionNode, Node, SequenceNode

from errors import ConfigError, InputError
from icp import FILE_NAME, Icp, component_of, in_filter, parse_icp, scores_in_force
from strict_yaml import compose, entries, node_at

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_SIC = re.compile(r"[0-9]{4}\Z")
_SAME = "Nothing was changed. Edit the value by hand, or restore an earlier version."


class ScoreChange(NamedTuple):
    """One score to set. `extend_filter`: a SIC code that is not in the hard filter is added to it as well."""

    dimension: str
    value: str
    score: int
    extend_filter: bool = False


def edit_scores(text: str, changes: Sequence[ScoreChange]) -> str:
    """`text` with the scores of `changes` and every other byte untouched; no change gives `text` itself.

    A value without a score is added where the dimension has a default (sic_code). ConfigError when `text`
    is no valid icp.yaml or cannot be changed safely. InputError for an unknown dimension, one that is only
    reported (state), an unknown band or value, a score that is no whole number from 0 to 100, a value twice.
    """
    icp = parse_icp(text)
    _check(icp, changes)
    edits = []
    root = compose(text, FILE_NAME)
    new = []
    for change in changes:
        place = _score_node(root, icp, change)
        if place is None:
            new.append(change)
        else:
            edits.append((place.start_mark.index, place.end_mark.index, str(change.score)))
    for start, end, digits in sorted(edits, reverse=True):
        text = text[:start] + digits + text[end:]
    for change in new:
        name = component_of(icp, change.dimension)
        text = _with_entry(text, ("components", str(name), "scores"), change.value, str(change.score))
    for change in changes:
        if change.extend_filter and not in_filter(icp, change.dimension, change.value):
            text = _with_entry(text, ("hard_filters", "sic_codes"), change.value, None)
    _prove(icp, changes, text)
    return text


def _check(icp: Icp, changes: Sequence[ScoreChange]) -> None:
    seen = set()
    for change in changes:
        name = component_of(icp, change.dimension)
        if name is None:
            raise InputError(
                f"The dimension {change.dimension} has no scores in {FILE_NAME}: it is only reported. "
                "Leave it out, or declare a component that scores it."
            )
        if (
            isinstance(change.score, bool)
            or not isinstance(change.score, int)
            or not 0 <= change.score <= 100
        ):
            raise InputError(
                f"The score for {change.dimension} {change.value} was expected to be a whole number "
                f"from 0 to 100, but is {change.score}."
            )
        if (change.dimension, change.value) in seen:
            raise InputError(f"{change.dimension} {change.value} was asked for twice. Name it once.")
        seen.add((change.dimension, change.value))
        known = scores_in_force(icp, change.dimension)
        if change.value in known:
            continue
        if icp.data["components"][name].get("default") is None:
            raise InputError(
                f"{change.dimension} has no value '{change.value}' in {FILE_NAME}; it has {', '.join(known)}."
            )
        if change.dimension == "sic_code" and not _SIC.match(change.value):
            raise InputError(f"A SIC code of four digits was expected, but '{change.value}' came.")
        if not change.value.isprintable() or not change.value.strip():
            raise InputError(f"A printable value was expected for {change.dimension}. Mend the value.")


def _score_node(root: Node, icp: Icp, change: ScoreChange) -> Node | None:
    """Where the score of a value stands; None for a value without one."""
    component = node_at(root, ("components", str(component_of(icp, change.dimension))))
    parts = {key.value: value for key, value in entries(component)}
    if "scores" in parts:
        return next((score for key, score in entries(parts["scores"]) if key.value == change.value), None)
    for band in parts["bands"].value:
        if node_at(band, ("label",)).value == change.value:
            return node_at(band, ("score",))
    return None


def _with_entry(text: str, path: tuple[str, ...], key: str, value: str | None) -> str:
    """`text` with one more entry at the end of the map (or, without `value`, the list) at `path`."""
    node = node_at(compose(text, FILE_NAME), path)
    assert isinstance(node, CollectionNode)  # the checked file has a map or a list there
    items: list[tuple[Node, Node]] = list(entries(node))
    if isinstance(node, SequenceNode):
        items = [(item, item) for item in node.value]
    first, last = items[-1]  # the last entry, from its first to its last node
    start, end = first.start_mark.index, last.end_mark.index
    entry = _quoted(key, text[start : first.end_mark.index])
    if value is not None:
        between = text[first.end_mark.index : last.start_mark.index]
        entry += (between if re.fullmatch(r" *: +", between) else ": ") + value
    line_start = max((m.end() for m in _BREAK.finditer(text, 0, start)), default=0)
    line_end = found.start() if (found := _BREAK.search(text, end)) else len(text)
    breaks = [m.group() for m in _BREAK.finditer(text)]
    newline = found.group() if found else (breaks[-1] if breaks else "\n")
    before, after = text[line_start:start], text[end:line_end]
    if not node.flow_style:
        dash = re.fullmatch(r"( *)-( +)", before)
        indent = re.match(" *", before).group()  # type: ignore[union-attr]
        if value is None:
            indent = dash.group() if dash else indent + "- "
        return text[:line_end] + newline + indent + entry + text[line_end:]
    if len(items) > 1 and before.strip():  # on one line with its neighbours: follow their spacing
        gap = text[items[-2][1].end_mark.index : start]
        return text[:end] + (gap if re.fullmatch(r"\s*,\s*", gap) else ", ") + entry + text[end:]
    if before.strip() or re.match(r"\s*[\]}]", after):
        return text[:end] + ("," + newline + before if not before.strip() else ", ") + entry + text[end:]
    comma = re.match(r"\s*,", after)
    tail = newline + before + entry + ("," if comma else "")
    return text[:end] + ("" if comma else ",") + text[end:line_end] + tail + text[line_end:]


def _quoted(key: str, like: str) -> str:
    """`key` as YAML text in its neighbour's quotes; without any only where it stays the same characters."""
    if like.startswith("'"):
        return "'" + key.replace("'", "''") + "'"
    if not like.startswith('"') and re.fullmatch(r"[1-9][0-9]*", key):
        return key
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _prove(icp: Icp, changes: Sequence[ScoreChange], text: str) -> None:
    """Nothing when `text` says what `icp` said with exactly the changes; otherwise ConfigError."""
    expected: dict[str, Any] = copy.deepcopy(dict(icp.data))
    for change in changes:
        component = expected["components"][component_of(icp, change.dimension)]
        if "scores" in component:
            component["scores"][change.value] = change.score
        for band in component.get("bands", ()):
            if band["label"] == change.value:
                band["score"] = change.score
        codes = expected["hard_filters"]["sic_codes"]
        if change.extend_filter and change.dimension == "sic_code" and change.value not in codes:
            codes.append(change.value)
    try:
        found = parse_icp(text).data
    except ConfigError as error:
        raise ConfigError(
            f"{FILE_NAME} is written in a way that cannot be changed safely. {_SAME}"
        ) from error
    if found != expected or list(found) != list(expected):
        raise ConfigError(f"Changing {FILE_NAME} would have changed more than the scores asked for. {_SAME}")
