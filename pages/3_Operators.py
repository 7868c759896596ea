"""The vending operators, and the connection to Zoho that outcomes and operators come through."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

import ui
from operators import save_operator
from stores import operators, syncs
from views.zoho_panel import show_zoho

_LABELS = {"name": "Name", "business_name": "Business", "phone": "Phone", "email": "E-mail", "zip_code": "ZIP",
           "website": "Website", "team": "Team"}  # fmt: skip


def save_now(frame: ui.Frame, operator_id: int | None) -> None:
    """Callback: keep what the form says."""
    with ui.act():
        keys = {field: f"operator_{operator_id or 'new'}_{field}" for field in _LABELS}
        values = {field: st.session_state.get(key, "") for field, key in keys.items()}
        save_operator(
            frame.db,
            values=values,
            now=datetime.now(UTC).replace(microsecond=0),
            actor=frame.actor,
            operator_id=operator_id,
        )
        ui.flash("success", f"{values['name'].strip()} is saved.")
        if operator_id is None:  # the form is empty for the next one; a popped key would leave what was typed
            st.session_state.update(dict.fromkeys(keys.values(), ""))


def form(frame: ui.Frame, operator: dict[str, Any] | None) -> None:
    """The fields of one operator, empty for a new one."""
    number = operator["id"] if operator else "new"
    with st.form(f"operator_form_{number}", border=False):
        for field, place in zip(_LABELS, st.columns(4) + st.columns(4), strict=False):
            place.text_input(_LABELS[field], key=f"operator_{number}_{field}", max_chars=200,
                             value=ui.blank((operator or {}).get(field)))  # fmt: skip
        st.form_submit_button(
            "Save", type="primary", on_click=save_now, args=(frame, operator and int(operator["id"]))
        )


def show_operators(frame: ui.Frame) -> None:
    """Who there is, and the form of the ticked one or of a new one."""
    head = st.container()
    search = st.text_input(
        "Find", key="search", placeholder="Name, business, e-mail or ZIP", bind="query-params"
    )
    number, found = ui.read_all(
        frame, operators.count_operators, partial(operators.read_operators, search=search or "", limit=500)
    )
    head.markdown(f"#### {ui.many(number, 'operator')}: the businesses that the sites are found for")
    chosen = None
    if found.empty:
        ui.empty(
            "No operator fits."
            if search
            else "There are no operators yet. Add one below, or bring them in from Zoho."
        )
    else:
        ids = found["id"].tolist()
        st.dataframe(
            found[list(_LABELS)], hide_index=True, height=min(460, 38 + 35 * len(found)), key="operator_table", selection_mode="single-row",
            on_select=partial(ui.open_row, "operator", "operator_table", ids),
            alt="Operators by name", column_config=_LABELS | {"name": st.column_config.TextColumn("Name", pinned=True)},
        )  # fmt: skip
        place = ui.named("operator", ids, "operator")
        chosen = None if place is None else {str(name): found[name].tolist()[place] for name in found}
    if not frame.may("ops"):
        return
    if chosen:
        st.subheader(ui.plain(f"Edit {chosen['name']}"), anchor=False)
        form(frame, chosen)
        return
    if not found.empty:
        st.caption("Tick an operator to edit it.")
    with st.popover("Add an operator", icon=":material/add:"):  # its boxes are drawn when it is opened
        form(frame, None)


with ui.page("Operators") as frame:
    listed, zoho = st.tabs(
        ["Operators", "Zoho"], default="Zoho" if "sync" in st.query_params else None, key="tab", on_change="rerun",
        bind="query-params",
    )  # fmt: skip
    with listed:
        if listed.open:
            show_operators(frame)
    with zoho:
        if zoho.open:
            show_zoho(frame, ui.read(frame, syncs.read_sync_runs, limit=20))
