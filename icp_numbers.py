"""Changes single numbers in the text of icp.yaml (factors of segments, weights of components), every other byte kept."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from yaml.nodes import ScalarNode

from errors import ConfigError, InputError
from icp import FILE_NAME, parse_icp
from strict_yaml import compose, node_at

SEGMENTS = ("scoring", "segments")


def edit_factors(text: str, factors: Mapping[str, float]) -> str:
    """`text` with these factors of segments (0 to 2); InputError for an unknown segment or a factor outside."""
    known = parse_icp(text).data["scoring"]["segments"]
    for segment, factor in factors.items():
        if segment not in known:
            raise InputError(f"The segment '{segment}' is unknown. {FILE_NAME} has: {', '.join(known)}.")
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor <= 2:
            raise InputError(
                f"The factor of {segment} was expected to be a number from 0 to 2, got {factor!r}."
            )
    return _edit(text, {(*SEGMENTS, segment): factor for segment, factor in factors.items()})


def edit_weights(text: str, workflow: str, weights: Mapping[str, float]) -> str:
    """`text` with these weights of a workflow's components; InputError where they do not sum to 1 or name others."""
    known = parse_icp(text).data["scoring"].get(workflow, {}).get("weights")
    if known is None:
        raise InputError(f"The workflow '{workflow}' is unknown in {FILE_NAME}.")
    if set(weights) != set(known):
        raise InputError(f"A weight was expected for each component of {workflow}: {', '.join(known)}.")
    if any(not 0 <= weight <= 1 for weight in weights.values()) or abs(sum(weights.values()) - 1) > 1e-9:
        raise InputError(
            f"The weights of {workflow} were expected to sum to 1, got {sum(weights.values()):g}."
        )
    return _edit(text, {("scoring", workflow, "weights", name): weight for name, weight in weights.items()})


def _edit(text: str, numbers: Mapping[tuple[str, ...], float]) -> str:
    """`text` with other digits at these places; ConfigError where anything else would change with them."""
    root, edits = compose(text, FILE_NAME), []
    wanted: dict[str, Any] = copy.deepcopy(dict(parse_icp(text).data))
    for path, number in numbers.items():
        node, place = node_at(root, path), wanted
        for part in path[:-1]:
            place = place[part]
        if place[path[-1]] == number:
            continue  # keep its spelling: 1.0 stays 1.0
        place[path[-1]] = number
        if not isinstance(node, ScalarNode):
            raise ConfigError(
                f"{'.'.join(path)} of {FILE_NAME} was expected to be a number. Mend it by hand."
            )
        edits.append((node.start_mark.index, node.end_mark.index, repr(float(number))))
    for start, end, digits in sorted(edits, reverse=True):
        text = text[:start] + digits + text[end:]
    if parse_icp(text).data != wanted:
        raise ConfigError(
            f"{FILE_NAME} is written in a way that cannot be changed safely. Edit the number by hand."
        )
    return text
