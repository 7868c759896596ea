"""A search for one exported company, for whoever says by hand which one an outcome belongs to."""

from __future__ import annotations

from typing import Any

import streamlit as st

import ui
from stores import milestones


def pick_company(frame: ui.Frame, key: str, *, in_address: bool = True) -> tuple[str, str] | None:
    """The company (batch_id, company_key) that is ticked in the list, None while none is; `in_address` keeps the search
    in the page's address.
    """
    bind: Any = "query-params" if in_address else None
    wanted = st.text_input(
        "Find the exported company", key=f"{key}_search", max_chars=100,
        placeholder="Name, city, ZIP or batch ID", icon=":material/search:", bind=bind,
    )  # fmt: skip
    if not (wanted or "").strip():
        return None
    found = ui.read(frame, milestones.find_companies, search=wanted.strip(), limit=50)
    if found.empty:
        st.caption("No exported company has this in its name, city, ZIP or batch ID. Try one word of it.")
        return None
    picked = st.dataframe(
        found.drop(columns="company_key"), hide_index=True, on_select="rerun", selection_mode="single-row", key=f"{key}_found",
        height=min(38 + 35 * len(found), 250), placeholder="", alt="Exported companies found", column_config={
            "batch_id": "Batch", "company_name": st.column_config.TextColumn("Company", pinned=True), "city": "City",
            "state": "State", "zip_code": "ZIP", "phone": "Phone", "exported_at": ui.time_column(frame, "Exported", hours=False),
            "outcome": "Outcome so far"},
    )  # fmt: skip
    rows = picked.selection.rows
    return (str(found["batch_id"].iloc[rows[0]]), str(found["company_key"].iloc[rows[0]])) if rows else None
