"""Score Calibration: one dimension of a calibration run: its rows as a picture, and the boxes to tick."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.row_picture import row_picture
from analytics.verdicts import NO_EVIDENCE, OUTSIDE
from views.current_weights import called, label
from views.row_evidence import show_evidence

MOST_DRAWN = 25  # values in one picture; the table has them all
ORDERED = ("employee_range", "proximity", "signal_strength")  # values that have an order of their own
COLUMNS = {
    "verdict": st.column_config.TextColumn(
        "Verdict",
        pinned=True,
        width=80,
        help="move: the outcomes contradict the score. hold: enough leads, no contradiction. too "
        "little: too few leads to say. too young: too few are old enough.",
    ),
    "value": st.column_config.TextColumn("Value", pinned=True, width=76),
    "name": st.column_config.TextColumn("Name", width=200),
    "current": st.column_config.NumberColumn("In force", width=70),
    "suggested": st.column_config.NumberColumn("Suggested", width=82),
    "change": st.column_config.TextColumn("Change", width=66),
    "rate": st.column_config.TextColumn("Rate", width=60, alignment="right"),
    "interval": st.column_config.TextColumn("95 % interval", width=102),
    "leads": st.column_config.NumberColumn(
        "Judged", width=62, format="localized", help="Leads that are old enough to judge"
    ),
    "deliveries": st.column_config.NumberColumn("Delivered", width=76),
    "confidence": st.column_config.TextColumn(
        "Volume", width=68, help="By leads alone: High from 100, Medium from 30"
    ),
    "too_young": st.column_config.NumberColumn("Too young", width=82),
}
UNKNOWN_BEFORE = {  # why a lead that was called before HADES has no value
    "proximity": "A ZIP code of the history says where a site is, not how far it was from the centre it was called for.",
    "signal_strength": "The history does not know which buying signal a lead had when it was called.",
}
SCORES = ("verdict", "current", "suggested", "change")  # of no use where a dimension is only reported


def show_dimension(
    rows: pd.DataFrame,
    overall_rate: float | None,
    run_id: int,
    names: dict[str, str],
    *,
    ticked: set[str],
    locked: bool,
    counted: dict[str, Any] | None = None,
    delay: dict[str, Any] | None = None,
    turn: int = 0,
    in_force: dict[str, int] | None = None,
) -> set[str]:
    """The values that are ticked, under the picture of one dimension.

    `ticked`: those ticked when it was last looked at, or by a switch since (`turn` is another one then); `locked` shows no
    boxes; `counted` and `delay` are what the run kept of the dimension's leads and of the days to a delivery (None: an
    earlier run); `in_force` the scores by now, where the run was applied. A value without a single lead to judge suggests
    nothing: it stands in a sentence, without a box.
    """
    dimension = str(rows["dimension"].iloc[0])
    if counted:
        st.caption(resting_on(counted, dimension))
    if rows["verdict"].isin([NO_EVIDENCE, OUTSIDE]).all() and not rows["leads"].any():
        st.info(
            "The outcomes do not know this dimension yet: no lead that can be judged carries it.",
            icon=":material/info:",
        )
        show_unjudged(rows[rows["too_young"] > 0], dimension, names)
        return set()
    draw(rows, dimension, overall_rate, names, is_applied=in_force is not None)
    judged = rows[rows["leads"] > 0]
    if dimension not in ORDERED:
        judged = judged.sort_values("leads", ascending=False, kind="stable")
    judged = judged.sort_values("candidate", kind="stable")
    asked = judged[[is_asked(row) for row in judged.to_dict("records")]].head(MOST_DRAWN)
    key = f"{dimension}_{run_id}_{turn}"
    if locked:
        chosen: set[str] = set()
        show_whys(asked, dimension, names, in_force)
    else:
        chosen = tick_asked(asked, key, dimension, names, ticked)
    others = judged.drop(asked.index)
    if rows["current"].notna().any():
        others = others[others["current"].notna() & others["suggested"].notna()]
    chosen |= show_others(others, key, dimension, names, locked=locked, ticked=ticked)
    show_unjudged(rows[rows["leads"] == 0], dimension, names)
    for row in judged[judged["verdict"] == OUTSIDE].to_dict("records"):
        st.caption(ui.plain(f"{row['value']}: {row['why']}"))
    show_evidence(rows, run_id, names, delay)
    return chosen


def is_asked(row: dict[Any, Any]) -> bool:
    """Whether the outcomes ask for another score."""
    now, then = row["current"], row["suggested"]
    return bool(row["verdict"] == "move" and pd.notna(now) and pd.notna(then) and now != then)


def tick_asked(
    rows: pd.DataFrame, key: str, dimension: str, names: dict[str, str], ticked: set[str]
) -> set[str]:
    """A box per value that is told to move, with the change and why; gives back the ticked ones."""
    chosen = set()
    for row in rows.to_dict("records"):
        value = row["value"]
        if st.checkbox(told(row, dimension, names), value=value in ticked, key=f"tick_{key}_{value}"):
            chosen.add(value)
    return chosen


def show_whys(
    rows: pd.DataFrame, dimension: str, names: dict[str, str], in_force: dict[str, int] | None
) -> None:
    """The same without boxes, where nothing can be approved; of an applied run with what is in force by now."""
    if not rows.empty:
        st.markdown(
            "\n".join(
                f"- {told(row, dimension, names)}{became(row, in_force)}" for row in rows.to_dict("records")
            )
        )


def became(row: dict[Any, Any], in_force: dict[str, int] | None) -> str:
    """What became of a suggestion of an applied run: ` ✓ In force.`, or which score is; nothing for other runs."""
    if in_force is None:
        return ""
    now = in_force.get(row["value"])
    return (
        " **✓ In force.**"
        if now == row["suggested"]
        else f" **Not in force: {'no score' if now is None else now} is.**"
    )


def told(row: dict[Any, Any], dimension: str, names: dict[str, str]) -> str:
    """A value that is told to move: from which score to which, where it stands, and why."""
    outside = (
        " It is outside the filter, so the score is what it would get by default." if row["candidate"] else ""
    )
    return (
        f"**{ui.plain(called(dimension, row['value'], names))}: {row['current']:.0f} → {row['suggested']:.0f}.** "
        f"{ui.plain(row['why'])}{outside}"
    )


def show_others(
    rows: pd.DataFrame, key: str, dimension: str, names: dict[str, str], *, locked: bool, ticked: set[str]
) -> set[str]:
    """The values that outcomes ask nothing of, in a table that comes when somebody opens it: whoever knows better ticks
    there. Gives back the ticked ones, those of a closed table included.
    """
    kept = ticked & set(rows["value"])
    if rows.empty:
        return kept
    scored = bool(rows["current"].notna().any())
    title = (
        f"{ui.many(len(rows), 'value')} that outcomes do not ask to move"
        if scored
        else f"All {len(rows)} values"
    )
    also = f" ({len(kept)} ticked)" if kept else ""
    others = st.expander(f"{title}{also}", key=f"others_{dimension}", on_change="rerun")
    if not others.open:
        return kept
    with others:
        if scored and not locked:
            st.caption("Tick one if you know better, and say why in the reason.")
        return tick(
            rows.assign(name=[told_name(row, names) for row in rows.to_dict("records")]),
            f"edit_{key}", dimension, locked=locked, ticked=ticked,
        )  # fmt: skip


def told_name(row: dict[Any, Any], names: dict[str, str]) -> str:
    """The name of a SIC, with where it stands when it is outside the filter; nothing for other dimensions."""
    name = names.get(row["value"], "") if row["dimension"] == "sic_code" else ""
    return f"{name} (outside the filter)".strip() if row["candidate"] else name


def resting_on(counted: dict[str, Any], dimension: str) -> str:
    """Which leads the rows of a dimension rest on, how many are in none of them, and where the history cannot know, why."""
    told = f"Rests on {counted['deliveries']:,} deliveries of {ui.many(counted['leads'], 'lead')} judged."
    if not counted["without_value"]:
        return told
    missing = counted["without_value_of"]
    where = " and ".join(
        f"{missing[source]:,} {name}" for source, name in (("historical", "of the history"), ("hades", "of HADES batches")) if missing[source]
    )  # fmt: skip
    why = f" {UNKNOWN_BEFORE[dimension]}" if missing["historical"] and dimension in UNKNOWN_BEFORE else ""
    return f"{told} Without a value, and so in no row: {where}.{why}"


def draw(
    rows: pd.DataFrame,
    dimension: str,
    overall_rate: float | None,
    names: dict[str, str],
    *,
    is_applied: bool = False,
) -> None:
    """The rates with their intervals, and beside them the scores in force and suggested, line by line; nothing where no
    lead is old enough.
    """
    judged = rows[rows["leads"] > 0]
    drawn = judged.nlargest(MOST_DRAWN, "leads")
    drawn = (
        judged.loc[sorted(drawn.index)]
        if dimension in ORDERED
        else drawn.sort_values("rate", ascending=False)
    )
    drawn = drawn.assign(
        value=[
            called(dimension, row["value"], names) + (" (outside the filter)" if row["candidate"] else "")
            for row in drawn.to_dict("records")
        ]
    )
    title = (
        f"{label(dimension)}: delivery rate per value with its interval, score in force and suggested score"
    )
    picture = row_picture(drawn, overall_rate=overall_rate, title=title)
    if not picture:
        return
    st.html(picture)
    marks = (
        f"Ring: the score {'when the run was made' if is_applied else 'in force'}; dot beside it: the suggested one."
        if rows["current"].notna().any()
        else "Only reported: icp.yaml gives no score by this dimension, so there is nothing to approve."
    )
    more = (
        f" The {MOST_DRAWN} values with the most leads of {len(judged)} are drawn."
        if len(judged) > MOST_DRAWN
        else ""
    )
    st.caption(
        f"Lines: 95 % intervals. Dotted: the rate of all leads, {ui.percent(overall_rate)}. {marks}{more}"
    )


def tick(rows: pd.DataFrame, key: str, dimension: str, *, locked: bool, ticked: set[str]) -> set[str]:
    """The table of the judged values; gives back the ticked ones. What stood ticked when the table came up stays in its
    data until it goes, so that a tick sends nothing back.
    """
    scored = bool(rows["current"].notna().any())
    rows = rows.head(ui.MOST_ROWS)
    shown = rows.assign(
        interval=[ui.interval(lo, hi) for lo, hi in zip(rows["low"], rows["high"], strict=True)],
        rate=[ui.percent(rate) for rate in rows["rate"]],
        change=[change_text(now, then) for now, then in zip(rows["current"], rows["suggested"], strict=True)],
    )  # fmt: skip
    columns = [c for c in COLUMNS if (scored or c not in SCORES) and (c != "name" or shown["name"].any())]
    alt = f"{label(dimension)}: rates, suggestions and verdicts"
    if locked or not scored:
        st.dataframe(
            shown[columns], key=key, hide_index=True, height="content", column_config=COLUMNS, alt=alt
        )
        return set()
    if key not in st.session_state:
        st.session_state[f"came_up_{key}"] = frozenset(ticked)
    came_up = st.session_state.get(f"came_up_{key}", frozenset())
    edited = st.data_editor(
        shown.assign(apply=[value in came_up for value in shown["value"]])[["apply", *columns]],
        key=key,
        hide_index=True,
        height="content",
        num_rows="fixed",
        disabled=list(COLUMNS),
        column_config={"apply": st.column_config.CheckboxColumn("Apply", width=62, pinned=True), **COLUMNS},
        alt=alt,
    )
    return set(edited.loc[edited["apply"], "value"])


def show_unjudged(rows: pd.DataFrame, dimension: str, names: dict[str, str]) -> None:
    """The values that no lead speaks for yet, in a sentence; nothing where there are none."""
    if rows.empty:
        return
    told = [
        called(dimension, row["value"], names)
        + ("" if pd.isna(row["current"]) else f" (score {row['current']:.0f})")
        + (f", {row['too_young']:,} too young" if row["too_young"] else "")
        for row in rows.to_dict("records")
    ]
    st.caption(
        ui.plain(
            f"No lead old enough to judge yet, so nothing is suggested: {'; '.join(told[:MOST_DRAWN])}"
            + (f"; and {len(told) - MOST_DRAWN} more." if len(told) > MOST_DRAWN else ".")
        )
    )


def change_text(current: float | None, suggested: float | None) -> str:
    """`▲ +12`, `▼ −54`, `same`, or a dash: readable without colour."""
    if pd.isna(current) or pd.isna(suggested):
        return "–"
    change = int(suggested) - int(current)
    return "same" if change == 0 else f"▲ +{change}" if change > 0 else f"▼ −{-change}"
