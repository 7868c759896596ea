"""The front door: what happened, what needs attention, and where to go."""

from datetime import datetime
from functools import partial

import streamlit as st

import ui
from analytics.rates import wilson_interval
from stores import audit, demo_removal, guide, overview
from views.demo_leaves import offer_rollback
from views.first_steps import show_first_steps

STALE_DAYS = 14  # a call centre that phones every day reports within two weeks
SAID = {
    "export": "Exported", "void batch": "Made void:", "approve": "Approved", "roll back": "Rolled back:", "first": "Began with",
    "hand edit": "Edited by hand:", "import file": "Imported outcomes from", "import historical": "Imported history from",
    "import exports": "Imported batches from", "decide match": "Decided about", "undo match": "Undid a decision about",
    "take back milestone": "Took back a milestone of", "match by hand": "Matched by hand", "assign unmatched": "Assigned",
    "set aside unmatched": "Set aside", "put back unmatched": "Put back", "add operator": "Added operator", "edit operator": "Edited operator",
    "score pipeline": "Scored the open deals of", "import deals": "Imported deals from", "load demo": "Loaded the demo world of", "train model": "Trained model",
    "approve factor": "Approved factors:", "propose": "Proposed changes from", "refuse": "Refused", "record outcomes": "Recorded",
    "load suppression list": "Loaded the list", "retire suppression list": "Retired the list", "choose columns": "Chose columns:",
    "settle issues": "Settled issues", "change alert rule": "Changed the rule", "acknowledge alert": "Saw alert", "snooze alert": "Quieted alert",
    "remove demo": "Removed the",
}  # fmt: skip

with ui.page("Home") as frame:
    maturity_days = frame.icp.data["calibration"]["maturity_days"]
    seen, acts, progress, removal = ui.read_all(
        frame, partial(overview.read_overview, today=frame.today, maturity_days=maturity_days),
        partial(audit.read_audit, limit=8), partial(guide.read_progress, person=frame.actor.name),
        demo_removal.read_removal,
    )  # fmt: skip
    if not seen["leads"]:
        ui.empty("No lead has been exported and no history imported yet." + (" The first steps lead there." if frame.may("ops") else ""))  # fmt: skip
        offer_rollback(frame, removal)
        show_first_steps(frame, progress)
        st.stop()

    n, won = seen["matured"], seen["matured_deliveries"]
    low: float | None = None
    high: float | None = None
    if n:
        low, high = (float(end[0]) for end in wilson_interval([won], [n]))
        st.markdown(
            f"#### {won:,} of {n:,} companies old enough to judge were delivered: {ui.percent(won / n)}"
        )
    else:
        st.markdown("#### No company is old enough to judge yet")
    with st.container(horizontal=True):
        st.metric("Delivery rate", ui.percent(won / n if n else None), f"95 % interval {ui.interval(low, high)}",
                  delta_color="off", delta_arrow="off", border=True)  # fmt: skip
        st.metric("Companies judged", ui.count(n), f"{maturity_days} days and older",
                  delta_color="off", delta_arrow="off", border=True)  # fmt: skip
        st.metric("Too young to judge", ui.count(seen["too_young"]),
                  f"{ui.count(seen['young_deliveries'])} delivered, {ui.count(seen['young_lost'])} lost already",
                  delta_color="off", delta_arrow="off", border=True,
                  help=f"Each counts in the rate from its day {maturity_days} on, whatever became of it: what is delivered or lost "
                  "early says nothing of those still open. A delivery counts in the last 30 days at once.")  # fmt: skip
        st.metric("Deliveries, last 30 days", ui.count(seen["deliveries_30_days"]), f"{ui.many(seen['batches'], 'batch', 'batches')} so far" + (f", {ui.count(seen['void'])} void" if seen["void"] else ""),
                  delta_color="off", delta_arrow="off", border=True)  # fmt: skip

    if not progress["closed"]:
        show_first_steps(frame, progress)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("What needs attention", anchor=False)
        run, todo = seen["last_run"], int(offer_rollback(frame, removal))
        if run is None and n:
            todo += 1
            st.warning(
                f"**Recalibration available.** {n:,} companies can be judged and nothing has been calibrated."
            )
            st.page_link("pages/7_Score_Calibration.py", label="Calibrate", icon=":material/arrow_forward:")
        elif run is not None:
            fresh = n - run["leads"]
            if fresh >= 50:
                todo += 1
                st.warning(f"**Recalibration available.** {fresh:,} more companies are old enough to judge than in run "
                           f"{run['run_id']} of {ui.day(run['created_at'])}.")  # fmt: skip
                st.page_link(
                    "pages/7_Score_Calibration.py", label="Calibrate again", icon=":material/arrow_forward:"
                )
            if run["moves"] and not run["applied"]:
                todo += 1
                st.warning(f"**{run['moves']} scores are contradicted by outcomes** in run {run['run_id']} "
                           "and wait for a decision.")  # fmt: skip
                st.page_link(
                    "pages/7_Score_Calibration.py", label="Review them", icon=":material/arrow_forward:"
                )
        if seen["unmatched"]:
            todo += 1
            st.warning(
                f"**{ui.many(seen['unmatched'], 'outcome')} found no company**, so nobody's rate knows of it until someone looks."
            )
            st.page_link(
                "pages/4_Outcomes.py", label="Work on them", icon=":material/arrow_forward:", query_params={"tab": "Unmatched"}
            )  # fmt: skip
        if seen["reviews"]:
            todo += 1
            st.warning(
                f"**{ui.many(seen['reviews'], 'site')} in Zoho may be an exported company.** Somebody has to say which."
            )
            st.page_link(
                "pages/4_Outcomes.py",
                label="Decide",
                icon=":material/arrow_forward:",
                query_params={"tab": "Review"},
            )
        if seen["failed_syncs"]:
            todo += 1
            st.warning("**The last sync failed.** Outcomes are as old as the one before it.")
            st.page_link(
                "pages/3_Operators.py",
                label="See why",
                icon=":material/arrow_forward:",
                query_params={"tab": "Zoho"},
            )
        if seen["last_sync"] is not None and seen["too_young"]:
            quiet = (frame.now - datetime.fromisoformat(seen["last_sync"])).days
            if quiet > STALE_DAYS:
                todo += 1
                st.warning(f"**No outcome has come in for {quiet} days.** Rates fall behind what happened.")
                st.page_link("pages/4_Outcomes.py", label="Bring them in", icon=":material/arrow_forward:",
                             query_params={"tab": "Import files"})  # fmt: skip
        if not todo:
            st.success("Nothing waits for anybody.", icon=":material/check_circle:")
        came = (
            f"Outcomes last came in {ui.age(seen['last_sync'], frame.now)}"
            if seen["last_sync"]
            else "No outcome came in yet"
        )
        went = (
            f"the last batch went out {ui.age(seen['last_batch'], frame.now)}"
            if seen["last_batch"]
            else "no batch went out yet"
        )
        st.caption(f"{came}; {went}.")
    with right:
        st.subheader("What happened", anchor=False)
        entries = zip(acts["at"], acts["actor"], acts["action"], acts["subject"], strict=True)
        told = [
            f"**{ui.plain(f'{SAID.get(action, action.capitalize())} {subject}')}**  \n:gray[{ui.plain(f'{actor}, {ui.age(at, frame.now)}')}]"
            for at, actor, action, subject in entries
        ]
        st.markdown("\n\n".join(told))  # one element stands sooner than eight
    if progress["closed"]:
        show_first_steps(frame, progress)
