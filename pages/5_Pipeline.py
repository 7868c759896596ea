"""Open deals by what their account's history and their amount make them worth, and what became of earlier scores."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.pipeline_scores import ORDERS, in_order_of, read_pipeline_rules, rows_csv, score_bands
from pipeline import snapshot_pipeline
from stores import deals, pipeline
from views.light_table import show_table

STALE_DAYS = 7


COLUMNS = (
    "deal_id", "account", "score", "amount", "chance", "likely", "at_risk", "stage", "owner", "account_score", "amount_score",
    "wins", "confidence", "created_on",
)  # fmt: skip


def score_now(frame: ui.Frame) -> None:
    """Callback: take the snapshot of today."""
    with ui.act("Scoring the open deals"):
        done = snapshot_pipeline(
            frame.db, rules=read_pipeline_rules(frame.settings.config_dir), today=frame.today,
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
        )  # fmt: skip
        if done.kept:
            ui.flash(
                "success",
                f"{ui.many(done.scored, 'open deal')} scored; {done.left_out:,} have neither account nor amount.",
            )
        else:
            ui.flash("info", "The pipeline was scored today already; a snapshot never changes.")


def show_scores(frame: ui.Frame, newest: dict[str, Any] | None) -> None:
    """The newest snapshot, best deals first."""
    if newest is None:
        ui.empty("The open deals have not been scored yet.")
        offer_scoring(frame)
        return
    rows = ui.read(frame, pipeline.read_scores, snapshot_id=newest["snapshot_id"])
    if rows.empty:
        ui.empty(f"On {ui.day(newest['as_of'])} there was no open deal with an account or an amount.")
        offer_scoring(frame)
        return
    limit = newest["settings"]["high"]
    high = int((rows["score"] >= limit).sum())
    st.markdown(
        f"#### {high:,} of {ui.many(len(rows), 'open deal')} scored {limit:g} or more on {ui.day(newest['as_of'])}"
    )
    order = st.segmented_control("First", ORDERS, default=ORDERS[0], key="order", bind="query-params")
    rows = in_order_of(rows, order or ORDERS[0])
    if len(rows) > ui.MOST_ROWS:
        st.caption(f"The first {ui.MOST_ROWS:,} of {len(rows):,} are shown; the download has them all.")
    age = (frame.today - date.fromisoformat(newest["as_of"])).days
    if age > STALE_DAYS:
        st.info(f"These scores are {age} days old, and deals have moved since. Score the open deals again.", icon=":material/schedule:")  # fmt: skip
    ids = rows["deal_id"].tolist()
    first = rows.head(ui.MOST_ROWS)
    first = first.assign(
        chance=100 * first["chance"], at_risk=first["at_risk"].round(),
        likely=[ui.interval(low, high) for low, high in zip(first["chance_low"], first["chance_high"], strict=True)],
    )  # fmt: skip
    st.dataframe(
        first, hide_index=True, alt="Open deals, what matters first", height=min(460, 38 + 35 * len(first)), column_order=COLUMNS, key="scored_deals",
        selection_mode="single-row", on_select=partial(ui.open_row, "deal", "scored_deals", ids), column_config={
            "deal_id": st.column_config.TextColumn("Deal", pinned=True), "account": "Account", "owner": "Owner", "stage": "Stage",
            "amount": st.column_config.NumberColumn("Amount", format="localized"),
            "score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%.1f"),
            "account_score": st.column_config.NumberColumn("Account part", format="%.0f"),
            "amount_score": st.column_config.NumberColumn("Amount part", format="%.0f"), "wins": "Deals won before",
            "confidence": "Confidence", "chance": st.column_config.NumberColumn("Chance to win", format="%.1f %%"), "likely": "95 % interval",
            "at_risk": st.column_config.NumberColumn("At risk", format="localized"), "created_on": ui.day_column("Created")},
    )  # fmt: skip
    place = ui.named("deal", ids, "open deal")
    if place is not None:
        show_deal({str(name): value for name, value in rows.iloc[place].items()})
    st.caption(
        "The score ranks: 70 points from the account's won deals, 30 from the amount, each by its place among what was known on "
        "that day. It is no probability. The chance comes from the driver model and stands apart; where it is missing, fewer "
        "than 200 deals were closed. Confidence counts the account's won deals."
    )
    with st.container(horizontal=True):
        st.download_button(
            "Download all", lambda: rows_csv(rows), f"pipeline_{newest['as_of']}.csv", "text/csv", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip
        offer_scoring(frame)


def offer_scoring(frame: ui.Frame) -> None:
    """The button that takes today's snapshot."""
    if ui.lets(frame, "ops", "Scoring the open deals"):
        st.button("Score the open deals", icon=":material/monitoring:", on_click=score_now, args=(frame,), key="score_now")  # fmt: skip


def show_deal(deal: dict[str, Any]) -> None:
    """One open deal: what its score is made of."""
    with st.container(border=True):
        st.markdown(f"**{ui.plain(str(deal['deal_id']))}** {ui.plain(ui.blank(deal['account']))}")
        with st.container(horizontal=True):
            st.metric("Score", ui.decimal(deal["score"], 1))
            st.metric(
                "From the account",
                ui.decimal(deal["account_score"], 0),
                f"{int(deal['wins']):,} won before",
                delta_color="off",
                delta_arrow="off",
            )
            st.metric(
                "From the amount",
                ui.decimal(deal["amount_score"], 0),
                ui.count(deal["amount"]),
                delta_color="off",
                delta_arrow="off",
            )
        owner, stage = ui.blank(deal["owner"]) or "nobody", ui.blank(deal["stage"]) or "unknown"
        st.caption(
            ui.plain(
                f"Owner {owner}, stage {stage}, created {ui.day(deal['created_on'])}, confidence {deal['confidence']}."
            )
        )


def show_outcomes(done: pd.DataFrame) -> None:
    """What became of scored deals: by band of score, and one by one."""
    if done.empty:
        ui.empty("No scored deal has been closed yet, so the scores cannot be judged.")
        return
    bands = score_bands(done)
    st.markdown(f"#### {ui.many(len(done), 'scored deal')} closed since")
    show_table(
        pd.DataFrame({
            "Score at first": bands["band"], "Closed": bands["deals"].map(ui.count), "Won": bands["won"].map(ui.count),
            "Won of them (95 % interval)": [f"{ui.percent(rate)} ({ui.interval(low, high)})" if n else "–" for rate, low, high, n in
                                            zip(bands["rate"], bands["low"], bands["high"], bands["deals"], strict=True)],
            "Amount won": bands["amount"].map(ui.count), "Days to close": [ui.decimal(days, 0) for days in bands["days"]],
        }),
        title="Win rate by band of score at the first snapshot", numbers=("Closed", "Won", "Amount won", "Days to close"),
    )  # fmt: skip
    st.dataframe(
        done.head(ui.MOST_ROWS), hide_index=True, alt="Scored deals that were closed", column_config={
            "deal_id": "Deal", "outcome": "Outcome", "amount": st.column_config.NumberColumn("Final amount", format="localized"),
            "closed_on": ui.day_column("Closed"), "first_scored_on": ui.day_column("First scored"),
            "score": st.column_config.NumberColumn("Score then", format="%.0f"),
            "score_at_close": st.column_config.NumberColumn("Score before close", format="%.0f"), "days_to_close": "Days to close"},
    )  # fmt: skip


with ui.page("Pipeline") as frame:
    counts, newest, done = ui.read_all(
        frame, deals.count_deals, pipeline.read_newest_snapshot, pipeline.read_scored_outcomes
    )
    if counts["deals"]:
        scores, outcomes = st.tabs(
            ["Open deals", "What became of them"], key="tab", on_change="rerun", bind="query-params"
        )
        with scores:
            show_scores(frame, newest)
        if outcomes.open:
            with outcomes:
                show_outcomes(done)
    else:
        ui.empty(
            "No deals have come in yet. Import a file with your open and closed deals.",
            "pages/6_Insights.py",
            "Import deals",
        )
