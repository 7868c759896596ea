"""Changes single numbers in the text of icp.yaml (factors of segments, weights of components), every other byte kept."""

from __future__ import annotations

from collections.abc import Mapping

from errors import InputError
from icp import FILE_NAME, parse_icp
from strict_yaml import edit_numbers

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
    edited = edit_numbers(text, FILE_NAME, numbers)
    parse_icp(edited)
    return edited
