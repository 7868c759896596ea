"""An accuracy report in sentences, as text, as JSON and as one HTML file; and its two halves, won and lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from analytics.accuracy import FEWEST_HITS, FEWEST_IN_PATTERN, Accuracy
from analytics.accuracy_targets import MISSED, OPEN, REACHED
from analytics.html_report import document, html_table, note, percent, plain_rows, section

MOST_ROWS = 100


class Words(NamedTuple):
    """How cases, hits and failures are called: leads, delivered, not delivered; or deals, won, lost."""

    cases: str
    hit: str
    miss: str


LEADS = Words("leads", "delivered", "not delivered")
DEALS = Words("deals", "won", "lost")
WON, LOST, ALL = "won", "lost", "all"
Answer = tuple[str, str, list[tuple[str, pd.DataFrame]]]


def answers(
    found: Accuracy, words: Words, traits: Mapping[str, str], targets: pd.DataFrame, *, side: str = ALL
) -> list[Answer]:
    """(question, sentence, tables) in order. side: `won` and `lost` leave out what belongs to the other alone."""
    told = [
        ("Does a higher score mean more?", ranking_sentence(found, words), _ranking_tables(found)),
        (
            f"Predicted against actual: {words.hit} by score",
            promise_sentence(found, words),
            _promise_tables(found),
        ),
    ]
    if side != WON:
        told += [
            (f"High-scored and {words.miss}", failed_sentence(found, words), _rows("The highest first", found.failed)),
            ("Which parts of the score misled?", parts_sentence(found, words), [(
                f"Among the high-scored: mean points of a part, {words.miss} against {words.hit}", _round(found.parts))]),
        ]  # fmt: skip
    if side != LOST:
        told.append(
            (f"Low-scored and {words.hit}", won_sentence(found, words), _rows("The lowest first", found.won))
        )
    sides = {WON: ("low scored",), LOST: ("high scored",)}.get(side, ("high scored", "low scored"))
    patterns = found.patterns[found.patterns["side"].isin(sides)]
    told += [
        ("Patterns", " ".join(pattern_sentences(patterns, words, traits)), [("Tested", _round(patterns))]),
        ("Are we on target?", target_sentence(targets), [("Targets", _round(targets))]),
        ("Did it get better?", version_sentence(found.versions, words), [
            (f"By weight version, {words.cases} of each judged apart", _round(found.versions)),
            ("By confidence", _round(found.confidences))]),
    ]  # fmt: skip
    return told


def ranking_sentence(found: Accuracy, words: Words) -> str:
    """Whether the score ranks, with AUC and interval; calm where the data cannot tell."""
    if pd.isna(found.auc):
        return (
            f"Too little data to tell: {found.hits:,} of {found.cases:,} judged {words.cases} were {words.hit}; "
            f"at least {FEWEST_HITS} of either are needed."
        )
    ends = f"AUC {found.auc:.2f}, 95 % from {found.auc_low:.2f} to {found.auc_high:.2f}; {found.cases:,} {words.cases}, {found.hits:,} {words.hit}"
    if found.auc_low > 0.5:
        return f"Yes: the higher the score, the more {words.cases} were {words.hit} ({ends})."
    if found.auc_high < 0.5:
        return f"No: {words.cases} with higher scores were {words.hit} less often ({ends}). Calibrate."
    return f"Whether a higher score means more cannot be told from chance ({ends})."


def promise_sentence(found: Accuracy, words: Words) -> str:
    """Precision and recall at the high score."""
    row = found.calls.iloc[0]
    if not row["called"]:
        return f"No judged {words.cases[:-1]} scored {found.high:g} or more."
    base = found.hits / found.cases
    text = (
        f"Of {row['called']:,} {words.cases} that scored {found.high:g} or more, {row['true_positives']:,} were {words.hit} "
        f"({_span(row['precision'], row['precision_low'], row['precision_high'])}; {100 * base:.1f} % of all)."
    )
    if found.hits:
        text += f" They hold {_span(row['recall'], row['recall_low'], row['recall_high'])} of all {words.hit} among the exported."
    return text


def failed_sentence(found: Accuracy, words: Words) -> str:
    """How many high-scored failed."""
    row = found.calls.iloc[0]
    return f"{row['false_positives']:,} of {row['called']:,} high-scored {words.cases} were {words.miss}."


def won_sentence(found: Accuracy, words: Words) -> str:
    """How many low-scored succeeded."""
    row = found.calls.iloc[0]
    low = row["false_negatives"] + row["true_negatives"]
    return f"{row['false_negatives']:,} of {low:,} {words.cases} below {found.high:g} were {words.hit} all the same."


def parts_sentence(found: Accuracy, words: Words) -> str:
    """The parts that stood higher on failed cases, or that none did."""
    bad = found.parts[found.parts["misleading"]]
    if bad.empty:
        return f"No part of the score stood higher on {words.cases} that were {words.miss}, beyond what chance makes."
    return " ".join(
        f"{_part(row['component'])} stood {row['difference']:.1f} points higher on {words.cases} that were {words.miss} "
        f"(95 % from {row['low']:.1f} to {row['high']:.1f}; {row['called']:,} {words.cases})."
        for row in bad.to_dict("records")
    )


def pattern_sentences(patterns: pd.DataFrame, words: Words, traits: Mapping[str, str]) -> list[str]:
    """One sentence per pattern found, with n and interval; one calm sentence for none."""
    told = [
        f"{row['side'].capitalize()} with {traits.get(row['trait'], row['trait'])} {row['value']}: {row['hits']:,} of {row['cases']:,} "
        f"{words.cases} {words.hit} ({_span(row['rate'], row['low'], row['high'])}), {100 * row['rest_rate']:.1f} % of the others."
        for row in patterns[patterns["found"]].to_dict("records")
    ]
    return told or [
        f"No trait stands out from chance: {len(patterns):,} were tested, each with at least {FEWEST_IN_PATTERN} {words.cases}."
    ]


def target_sentence(targets: pd.DataFrame) -> str:
    """How many targets are reached, missed, open."""
    if targets.empty:
        return "No target is set in config/accuracy.yaml."
    counted = targets["status"].value_counts()
    return f"{counted.get(REACHED, 0)} of {len(targets)} targets are reached, {counted.get(MISSED, 0)} missed, {counted.get(OPEN, 0)} cannot be told yet."


def version_sentence(versions: pd.DataFrame, words: Words) -> str:
    """The newest weight version that can be judged against the one before it; intervals that overlap are said to."""
    known = versions[versions["auc"].notna()]
    if len(known) < 2:
        return f"Fewer than two weight versions have enough judged {words.cases} to be compared."
    old, new = known.iloc[-2], known.iloc[-1]
    text = (
        f"Version {new['version']}: AUC {new['auc']:.2f} ({new['auc_low']:.2f} to {new['auc_high']:.2f}); "
        f"version {old['version']}: {old['auc']:.2f} ({old['auc_low']:.2f} to {old['auc_high']:.2f})."
    )
    if new["auc_low"] > old["auc_high"]:
        return f"Yes. {text}"
    if new["auc_high"] < old["auc_low"]:
        return f"No, it got worse. {text}"
    return f"The two cannot be told apart. {text}"


def notes(found: Accuracy, words: Words, too_young: int) -> list[str]:
    """What must be said with the figures."""
    waiting = "are still too young to judge" if words is LEADS else "are still open"
    rate = found.hits / found.cases
    flatters = f"With {rate:.0%} {words.hit}, plain accuracy flatters: calling none would be right {1 - rate:.0%} of the time."
    brier = (
        f"Brier score {found.brier:.4f} = reliability {found.reliability:.4f} − resolution {found.resolution:.4f} + uncertainty "
        f"{found.uncertainty:.4f}; chances come from the score alone, each from {words.cases} it was not fitted on."
    )
    return [
        f"{found.cases:,} {words.cases} are judged; {too_young:,} {waiting} and count nowhere.",
        f"Recall is over exported {words.cases}: what became of the others nobody knows.",
        flatters.replace("%", " %"),
        brier,
        "By observation: a trait or a part goes with an outcome; nothing here says that it causes it.",
    ]


def report_html(title: str, told: list[Answer], said: list[str]) -> str:
    """The answers, tables and notes as one HTML file."""
    body = []
    for question, sentence, tables in told:
        body.append(section(question, sentence))
        body += [html_table(caption, table) for caption, table in tables if len(table)]
    return document(title, [*body, *(note(text) for text in said)])


def report_text(told: list[Answer], said: list[str]) -> str:
    """The answers, tables (the first 20 rows of each) and notes as text."""
    parts = []
    for question, sentence, tables in told:
        parts += [question, f"  {sentence}", ""]
        for caption, table in tables:
            if len(table):
                parts += [f"[{caption}]", table.head(20).to_string(index=False, na_rep="-"), ""]
    return "\n".join([*parts, *said])


def report_json(told: list[Answer], said: list[str]) -> dict[str, Any]:
    """The answers, tables and notes as values that JSON can hold."""
    return {
        "answers": [
            {"question": question, "answer": sentence,
             "tables": [{"caption": caption, "rows": plain_rows(table)} for caption, table in tables]}
            for question, sentence, tables in told
        ],
        "notes": said,
    }  # fmt: skip


def figures(found: Accuracy, targets: pd.DataFrame) -> dict[str, Any]:
    """What the page shows beside the answers, as values that JSON can hold: cases, hits, high, auc and its ends, call (the
    threshold's row of calls), bands, table, reached and targets (how many).
    """
    ends = pd.DataFrame({"auc": [found.auc], "auc_low": [found.auc_low], "auc_high": [found.auc_high]})
    return {
        "cases": found.cases, "hits": found.hits, "high": found.high, **plain_rows(ends)[0],
        "call": plain_rows(found.calls)[0], "bands": plain_rows(found.bands), "table": plain_rows(found.table),
        "reached": int((targets["status"] == REACHED).sum()), "targets": len(targets),
    }  # fmt: skip


def report_of(result: Mapping[str, Any]) -> tuple[list[Answer], list[str]]:
    """The answers and notes of a report that was kept as JSON (report_json)."""
    told = [
        (one["question"], one["answer"], [(table["caption"], pd.DataFrame(table["rows"])) for table in one["tables"]])
        for one in result["answers"]
    ]  # fmt: skip
    return told, list(result["notes"])


def _ranking_tables(found: Accuracy) -> list[tuple[str, pd.DataFrame]]:
    return [("By band of score", _round(found.bands))]


def _promise_tables(found: Accuracy) -> list[tuple[str, pd.DataFrame]]:
    return [
        ("At the threshold and at the size of a batch", _round(found.calls)),
        (
            "Reliability: what the score says as a chance beside what came, by tenths of the scores",
            _round(found.table),
        ),
    ]


def _rows(caption: str, rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    more = f"; {len(rows) - MOST_ROWS:,} more" if len(rows) > MOST_ROWS else ""
    return [(caption + more, rows.head(MOST_ROWS))]


def _round(table: pd.DataFrame) -> pd.DataFrame:
    """Shares in percent, everything else at two decimals, for people."""
    shares = [
        name for name in table.columns
        if str(name).startswith(("rate", "low", "high", "precision", "recall", "fp_", "fn_", "chance", "share", "target", "rest_rate"))
        or name in ("f1", "accuracy")
        or (str(name).startswith("false_") and table[name].dtype.kind == "f")
    ]  # fmt: skip
    if "difference" in table.columns:  # points, not shares
        shares = []
    table = percent(table, shares)
    numbers = [name for name in table.columns if table[name].dtype.kind == "f" and name not in shares]
    return table.round(dict.fromkeys(numbers, 2)).rename(columns={name: f"{name}_%" for name in shares})


def _span(share: float, low: float, high: float) -> str:
    return f"{100 * share:.1f} %, 95 % from {100 * low:.1f} to {100 * high:.1f} %"


def _part(name: str) -> str:
    return name.removesuffix("_score").replace("_", " ").capitalize()
