"""The OpenAPI document: what the declared schema of leads says in the words of JSON Schema."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from lead_schema import LEAD_ID, ApiRules, Field, LeadKind

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
DESCRIPTION = (
    "Scores leads, takes what became of them, and says how well it knows. Every request but GET /health and this document "
    "carries `Authorization: Bearer KEY` once there is a key."
)
LEAD_ID_SCHEMA: dict[str, Any] = {"type": "string", "pattern": f"^{LEAD_ID}$"}


def body_schemas(rules: ApiRules) -> dict[str, Any]:
    """The component schemas of what is sent: one per kind of lead (WebLead) and as a form (WebForm), Lead and LeadForm (any
    of them), and LeadBatch.
    """
    kinds = {f"{name.capitalize()}Lead": _lead(kind, None) for name, kind in rules.kinds.items()}
    forms = {f"{name.capitalize()}Form": _lead(kind, "") for name, kind in rules.kinds.items()}
    return {
        **kinds,
        **forms,
        "Lead": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in kinds]},
        "LeadForm": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in forms]},
        "LeadBatch": {
            "type": "object",
            "required": ["leads"],
            "additionalProperties": False,
            "properties": {
                "leads": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": rules.batch_leads,
                    "items": {},
                    "description": "Each a Lead. One that does not fit is listed under problems; the others are scored.",
                }
            },
        },
    }


def sent_as(**schemas: str) -> dict[str, Any]:
    """What a route takes: the name of the component schema of its body, by kind (json, form)."""
    kinds = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
    content = {
        kinds[name]: {"schema": {"$ref": f"#/components/schemas/{schema}"}}
        for name, schema in schemas.items()
    }
    return {"requestBody": {"required": True, "content": content}}


def document(app: FastAPI, rules: ApiRules) -> dict[str, Any]:
    """The OpenAPI document of the app with the declared fields; made once."""
    if not app.openapi_schema:
        made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
        parts = made["components"]
        parts["schemas"] |= body_schemas(rules)
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = made
    return app.openapi_schema


def _lead(kind: LeadKind, missing: str | None) -> dict[str, Any]:
    """The schema of one kind; `missing` is what says that there is no value: null, or nothing in a form."""
    own = {
        "lead_id": (
            LEAD_ID_SCHEMA,
            "Yours, so that a repeated call is the same lead; without one a new one is given.",
        ),
        "lead_type": ({"enum": [kind.name]}, "Only needed where the fields fit several kinds."),
        "actual_outcome": ({"type": "boolean"}, "What became of it; no value erases nothing."),
    }
    fields = {name: (_field(field), field.about) for name, field in kind.fields.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"anyOf": [schema, {"enum": [missing]}], **({"description": about} if about else {})}
            for name, (schema, about) in (own | fields).items()
        },
        "anyOf": [
            {"required": [name], "properties": {name: {"not": {"enum": [missing]}}}} for name in fields
        ],  # at least one field with a value
    }


def _field(field: Field) -> dict[str, Any]:
    if field.type == "choice":
        return {"enum": list(field.choices)}
    if field.type == "text":
        shape = f"^(?:{field.shape})$" if field.shape else _PRINTABLE
        return {"type": "string", "minLength": 1, "maxLength": field.longest, "pattern": shape}
    kind = "integer" if field.type == "whole" else "number"
    return {"type": kind, "minimum": field.low, "maximum": field.high}
