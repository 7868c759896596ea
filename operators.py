"""Operators: added and edited by a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import lead_values
from actors import Actor, require
from errors import Conflict, InputError
from stores import operators as store
from stores.audit import audit_entry
from turso_db import Database


def save_operator(
    db: Database,
    *,
    values: Mapping[str, str | None],
    now: datetime,
    actor: Actor,
    operator_id: int | None = None,
) -> None:
    """Nothing; the operator is added, or with `operator_id` changed.

    `values` may have the fields of stores.operators.FIELDS as typed. InputError for a missing name, a ZIP, phone or
    e-mail of the wrong form, or an operator that is not there; Conflict when another operator has this name and ZIP.
    """
    require(actor, "ops", "change operators")
    if operator_id is not None and store.read_operator(db, operator_id=operator_id) is None:
        raise InputError(f"There is no operator {operator_id}. Pick one from the list.")
    cleaned: dict[str, Any] = {field: lead_values.text(values.get(field) or "") for field in store.FIELDS}
    if cleaned["name"] is None:
        raise InputError("An operator's name was expected, but it is empty.")
    for field, parse, form in (
        ("zip_code", lead_values.zip_code, "a ZIP code of five digits"),
        ("phone", lead_values.phone, "a phone number of ten digits"),
    ):
        if cleaned[field] is not None:
            meant = parse(cleaned[field])
            if meant is None:
                raise InputError(f"The {field.replace('_code', '')} was expected to be {form}.")
            cleaned[field] = meant
    if cleaned["email"] is not None and "@" not in cleaned["email"]:
        raise InputError("The e-mail address was expected to hold an @.")
    statement = (
        store.insert_operator(values=cleaned, now=now)
        if operator_id is None
        else store.update_operator(operator_id=operator_id, values=cleaned, now=now)
    )
    action = "add operator" if operator_id is None else "edit operator"
    try:
        db.write([statement, audit_entry(now=now, actor=actor, action=action, subject=cleaned["name"])])
    except Conflict as error:
        raise Conflict("There is already an operator with this name and ZIP. Edit that one.") from error
