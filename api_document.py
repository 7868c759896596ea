"""The OpenAPI document: what the declared schema of leads says in the words of JSON Schema."""

from __future__ import annotations

from typing import Any

from lead_schema import LEAD_ID, ApiRules, Field, LeadKind

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
DESCRIPTION = (
    "Scores leads, takes what became of them, and says how well it knows. Every request but GET /health and this document "
    "carries `Authorization: Bearer KEY` once there is a key."
)
LEAD_ID_SCHEMA: dict[str, Any] = {"type": "string", "pattern": f"^{LEAD_ID}$"}


def body_schemas(rules: ApiRules) -> dict[str, Any]:
    """The component schemas of what is sent: one per kind of lead (WebLead), Lead (any of them), and LeadBatch."""
    kinds = {f"{name.capitalize()}Lead": _lead(kind) for name, kind in rules.kinds.items()}
    return kinds | {
        "Lead": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in kinds]},
        "LeadBatch": {
            "type": "object",
            "required": ["leads"],
            "additionalProperties": False,
            "properties": {
                "leads": {
                    "type": "array", "minItems": 1, "maxItems": rules.batch_leads,
                    "items": {"type": "object"},
                    "description": "Each as in POST /score. One that does not fit is listed under problems; the others are scored.",
                }
            },
        },
    }  # fmt: skip


def _lead(kind: LeadKind) -> dict[str, Any]:
    own: dict[str, Any] = {
        "lead_id": {
            **LEAD_ID_SCHEMA, "type": ["string", "null"],
            "description": "Yours, so that a repeated call is the same lead; without one a new one is given.",
        },
        "lead_type": {"enum": [kind.name, None], "description": "Only needed where the fields fit several kinds."},
        "actual_outcome": {"type": ["boolean", "null"], "description": "What became of it; null erases nothing."},
    }  # fmt: skip
    fields = {name: _field(field) for name, field in kind.fields.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": own | fields,
        "anyOf": [
            {"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in fields
        ],  # at least one field with a value
    }


def _field(field: Field) -> dict[str, Any]:
    about = {"description": field.about} if field.about else {}
    if field.type == "choice":
        return {"enum": [*field.choices, None], **about}
    if field.type == "text":
        shape = f"^(?:{field.shape})$" if field.shape else _PRINTABLE
        return {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": field.longest,
            "pattern": shape,
            **about,
        }
    kind = "integer" if field.type == "whole" else "number"
    return {"type": [kind, "null"], "minimum": field.low, "maximum": field.high, **about}
