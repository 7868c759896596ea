"""One dimension of a calibration run, all figures: what stands behind the verdicts, one click away."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from views.current_weights import called, label

RATES = {
    "rate": ("low", "high", "As counted", "Deliveries of leads old enough to judge, with Wilson's 95 % interval"),
    "shrunk_rate": ("shrunk_low", "shrunk_high", "Shrunk", "Pulled toward the rate of all as far as leads are few"),
    "adjusted_rate": ("adjusted_low", "adjusted_high", "Adjusted", "With the other dimensions held the same"),
    "delay_rate": ("delay_low", "delay_high", "Young allowed for", "Within the maturity, by the delay model, young leads included"),
    "km_rate": ("km_low", "km_high", "Kaplan–Meier", "The same without assuming how long deliveries take"),
}  # fmt: skip


def show_evidence(
    rows: pd.DataFrame, run_id: int, names: dict[str, str], delay: dict[str, object] | None
) -> None:
    """The figures of each value behind a switch: five rates with intervals, lift, tail, and how long settling takes."""
    dimension = str(rows["dimension"].iloc[0])
    if not st.toggle(
        "All the figures",
        key=f"evidence_{dimension}_{run_id}",
        help="Every rate with its interval, for the analyst",
    ):
        return
    if "adjusted_rate" not in rows:
        st.info(
            "This run was made before these figures were kept. Calibrate again to see them.",
            icon=":material/info:",
        )
        return
    shown = pd.DataFrame(
        {"verdict": rows["verdict"], "value": [called(dimension, value, names) for value in rows["value"]]}
    )
    shown["look"] = ["look twice" if odd else "" for odd in rows["disagrees"].fillna(False).astype(bool)]
    for name, (low, high, _, _) in RATES.items():
        shown[name] = [
            "–" if rate is None or pd.isna(rate) else f"{100 * rate:.1f} ({100 * lo:.1f}–{100 * hi:.1f})"
            for rate, lo, hi in zip(rows[name], rows[low], rows[high], strict=True)
        ]
    shown["lift"] = rows["lift"].astype("float64")
    shown["tail"] = rows["adjusted_tail"].astype("float64")
    shown["more"] = rows["more_leads"].astype("Int64")
    shown["pace"] = rows["pace"].astype("float64")
    shown["months"] = rows["months_to_settle"].astype("float64")
    st.dataframe(
        shown, hide_index=True, height="content", key=f"figures_{dimension}_{run_id}", alt=f"{label(dimension)}: all figures",
        column_config={
            "verdict": st.column_config.TextColumn("Verdict", width=80), "value": st.column_config.TextColumn("Value", width=150, pinned=True),
            "look": st.column_config.TextColumn("Adjusted says", width=92, help="Above the rate of all as counted and below it adjusted, or the other way round"),
            **{name: st.column_config.TextColumn(f"{title}, %", width=136, help=about) for name, (_, _, title, about) in RATES.items()},
            "lift": st.column_config.NumberColumn("Lift", format="%.2f", width=54, help="Rate / rate of all: 1.5 is half as much again"),
            "tail": st.column_config.NumberColumn("Tail (BH)", format="%.3f", width=76, help="Tail probability: how likely outcomes so far from the score in force would be, were it right; allowing for the number of values tested (Benjamini–Hochberg)"),
            "more": st.column_config.NumberColumn("More leads", width=82, help="Further leads old enough that would settle it"),
            "pace": st.column_config.NumberColumn("A month", format="%.1f", width=70, help="Leads of this value begun per 30 days in the last year"),
            "months": st.column_config.NumberColumn("Months", format="%.0f", width=66, help="Until it is settled at this pace"),
        },
    )  # fmt: skip
    told = (
        f"Half of the deliveries come within {delay['median_days']:.0f} days ({delay['family']}, from {delay['deliveries']:,} known delays)."
        if delay
        else "Fewer than 20 deliveries have a known delay, so young leads are not allowed for."
    )
    st.caption(f"{told} In brackets: 95 % intervals.")
