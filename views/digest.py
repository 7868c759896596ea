"""Alerts, tabs Digest and Schedule: what the week says and who gets it; when each step last went well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

import ui
from analytics.weekly_digest import digest_html, week_of
from analytics.win_report import win_report
from digest import add_reader, leave_digest, preview_digest
from icp import business_zone
from schedule import LEASE
from stores.digests import read_readers
from stores.schedule import read_steps
from stores.state import read_lease_holder

STALE_HOURS = 26


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def leave_by_link(frame: ui.Frame) -> None:
    """Nothing; who opened the link of a digest is unsubscribed, and told so."""
    token = st.query_params.get("leave", "")
    if token:
        with ui.act():
            done = leave_digest(frame.db, token=token, now=_now())
            ui.flash(
                "success" if done else "info",
                "You get no more digests." if done else "This link has been used, or is not whole.",
            )
        st.query_params.pop("leave", None)
        ui.show_flash()


def add_now(frame: ui.Frame) -> None:
    """Callback: one more reader."""
    with ui.act():
        add_reader(frame.db, email=st.session_state.get("reader_email", ""), now=_now(), actor=frame.actor)
        ui.flash("success", "The next digest goes to them too.")


def leave_now(frame: ui.Frame, reader_id: int) -> None:
    """Callback: one reader fewer."""
    with ui.act():
        leave_digest(frame.db, reader_id=reader_id, now=_now(), actor=frame.actor)
        ui.flash("success", "They get no more digests.")


def show_digest(frame: ui.Frame, deals: pd.DataFrame) -> None:
    """The digest of the last whole week as it would be written now, and its readers."""
    week = week_of(frame.today)
    report = win_report(deals, as_of=pd.Timestamp(frame.today)) if len(deals) else None
    win = report.answers if report else []
    body = preview_digest(frame.db, week=week, zone=business_zone(frame.icp), now=frame.now, win=win)
    st.markdown(f"#### {ui.plain(body['title'])}")
    for part in body["sections"]:
        st.markdown(f"**{part['heading']}**")
        st.markdown("\n".join(f"- {ui.plain(sentence)}" for sentence in part["sentences"]))
    st.download_button("Take it as a file", digest_html(body).encode(), f"sales_health_{week}.html", "text/html",
                       icon=":material/download:", on_click="ignore", key="take_digest")  # fmt: skip
    st.caption(
        f"The scheduled run writes it on Mondays and sends it once; the next one tells of the week of {week + timedelta(days=7):%-d %B}."
    )
    _show_readers(frame)


def show_schedule(frame: ui.Frame) -> None:
    """Each step of the schedule, with its last good run, and whether it runs now."""
    steps = ui.read(frame, read_steps)
    if read_lease_holder(frame.db, name=LEASE, now=frame.now):
        st.info("The schedule is running now. Each step stands here as it ends.", icon=":material/sync:")
    if steps.empty:
        ui.empty(
            "The schedule has not run here yet. Let a timer start `python -m scripts.run_scheduled` every hour (docs/deploy.md)."
        )
        return
    ages = [frame.now - pd.Timestamp(at).to_pydatetime() for at in steps["ran_at"]]
    failed = steps[steps["status"] == "failed"]
    if len(failed):
        st.markdown(f"#### {', '.join(failed['step'])} failed the last time")
    elif min(ages) > timedelta(hours=STALE_HOURS):
        st.markdown("#### The schedule has stopped: nothing ran for more than a day")
    else:
        st.markdown("#### Every step went well or had nothing to do")
    shown = steps.assign(
        ran=[ui.age(at, frame.now) for at in steps["ran_at"]],
        good=[ui.age(at, frame.now) for at in steps["last_good_at"]],
    )
    st.dataframe(
        shown[["step", "status", "ran", "good", "sentence"]], hide_index=True, alt="The steps of the schedule", key="steps",
        column_config={"step": "Step", "status": "Ended", "ran": "Ran", "good": "Last went well",
                       "sentence": st.column_config.TextColumn("What it says", width="large")},
    )  # fmt: skip


def _show_readers(frame: ui.Frame) -> None:
    st.subheader("Who gets it", anchor=False)
    readers = ui.read(frame, read_readers)
    for reader in readers.head(100).to_dict("records"):
        with st.container(horizontal=True, vertical_alignment="center"):
            gone = ui.blank(reader["unsubscribed_at"])
            told = f"unsubscribed {ui.day(gone)}" if gone else f"{reader['sent']} sent"
            if trouble := ui.blank(reader["trouble"]):
                told += f"; not delivered: {trouble}"
            st.markdown(f"{ui.plain(reader['email'])} · {ui.plain(told)}")
            if not gone and frame.may("manager"):
                st.button("Unsubscribe", key=f"leave_{reader['reader_id']}", on_click=leave_now, args=(frame, int(reader["reader_id"])),
                          type="tertiary")  # fmt: skip
    if readers.empty:
        st.caption("Nobody yet.")
    if ui.lets(frame, "manager", "Adding and removing readers"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("E-mail address", key="reader_email", max_chars=254, placeholder="ana@example.com")
            st.button("Add", key="add_reader", on_click=add_now, args=(frame,))
    if not (frame.settings.smtp_url and frame.settings.mail_from):
        st.caption("E-mail is not set up on this machine: HADES_SMTP_URL and HADES_MAIL_FROM are missing.")
