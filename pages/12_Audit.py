"""Who did what, when, and from which version to which; nothing here can be changed."""

import json
from functools import partial

import pandas as pd
import streamlit as st

import ui
from preflight import rejects_csv
from stores.audit import read_actions, read_audit

MOST = 500


def told(detail: str | None) -> str:
    """What an entry holds, for people: `sic_code 8361: 100 → 94; run id 3`."""
    if not ui.blank(detail):
        return ""
    parts = []
    for name, value in json.loads(str(detail)).items():
        if name == "changes" and isinstance(value, list):
            parts += [
                f"{c.get('dimension')} {c.get('value')}: {c.get('before')} → {c.get('after')}" for c in value
            ]
        else:
            if isinstance(value, dict):
                shown = ", ".join(f"{k} {v}" for k, v in value.items())
            else:
                shown = f"{value:,}" if isinstance(value, int) and value > 9999 else value
            parts.append(f"{name.replace('_', ' ')} {shown}")
    return "; ".join(parts)


with ui.page("Audit", need="manager") as frame:
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Person or subject", key="search", max_chars=80, bind="query-params")
        action = st.selectbox(
            "Action",
            ui.read(frame, read_actions),
            index=None,
            key="action",
            placeholder="Any",
            bind="query-params",
        )
    rows = ui.read_all(frame, partial(read_audit, search=search, action=action or "", limit=MOST))[0]
    if rows.empty:
        ui.empty("Nobody has done anything like that yet.")
    else:
        newest = rows.iloc[0]
        head.markdown(
            f"#### The newest: {ui.plain(newest['actor'])}, {ui.plain(newest['action'])}, {ui.age(newest['at'], frame.now)}"
        )
        zone = frame.icp.data["business_timezone"]
        shown = rows.assign(
            at=pd.to_datetime(rows["at"], format="ISO8601", utc=True)
            .dt.tz_convert(zone)
            .dt.tz_localize(None),
            detail=[told(detail) for detail in rows["detail"]],
        )
        st.dataframe(
            shown, hide_index=True, alt="Who did what, newest first", key="acts", height=min(620, 38 + 35 * len(shown)),
            column_config={"at": st.column_config.DatetimeColumn("When", format="D MMM YYYY, HH:mm"), "actor": "Who", "role": "As",
                           "action": st.column_config.TextColumn("Did", width="medium"), "subject": "To what", "detail": st.column_config.TextColumn("From what to what", width="large")},
        )  # fmt: skip
        st.caption(
            f"The newest {len(rows):,}; times of {zone}. Entries are written with the change they tell of and never changed."
        )
        st.download_button("Take these as CSV", rejects_csv(shown.assign(at=shown["at"].dt.strftime("%Y-%m-%d %H:%M"))), "audit.csv", "text/csv", icon=":material/download:",
                           on_click="ignore", key="take_audit")  # fmt: skip
