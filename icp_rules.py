"""What config/icp.yaml must say: every rule as a sentence with the key it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from strict_yaml import Findings

WORKFLOWS = ("intent", "geography")
CONTACT_PARTS = ("company", "accuracy", "phone")
DIMENSIONS = ("sic_code", "employee_range", "state", "proximity", "signal_strength")
_SIC = re.compile(r"[0-9]{4}\Z")


def icp_mistakes(data: Any) -> list[str]:
    """Every mistake in the plain data of icp.yaml as a sentence, in the order of the sections; [] for none.

    `data` comes from `with_text_codes`, so that SIC codes are text already.
    """
    found = Findings()
    top = found.section(
        data,
        "",
        (
            "business_timezone",
            "hard_filters",
            "scoring",
            "components",
            "contact",
            "call_priority",
            "export",
            "calibration",
        ),
        ("report_only",),
    )
    _timezone(found, top)
    _filters(found, top)
    components = found.section(top["components"], "components") if "components" in top else {}
    for name, component in components.items():
        _component(found, component, f"components.{name}")
    _scoring(found, top, components)
    _dimensions(found, top, components)
    _contact(found, top)
    _priority(found, top)
    _export(found, top)
    _calibration(found, top)
    return found.mistakes


def with_text_codes(data: Any) -> tuple[Any, list[str]]:
    """`data` with whole numbers that stand for SIC codes as text, and a sentence per code that stands twice.

    SIC codes may be written 8361 or "8361": in the filter list and as keys of a component's scores.
    """
    mistakes: list[str] = []
    if not isinstance(data, dict):
        return data, mistakes
    filters, components = data.get("hard_filters"), data.get("components")
    if isinstance(filters, dict) and isinstance(filters.get("sic_codes"), list):
        filters = filters | {"sic_codes": [_text(code) for code in filters["sic_codes"]]}
        data = data | {"hard_filters": filters}
    if isinstance(components, dict):
        components = dict(components)
        for name, component in components.items():
            scores = component.get("scores") if isinstance(component, dict) else None
            if not isinstance(scores, dict):
                continue
            mistakes += [
                f"components.{name}.scores: the value {key} stands twice, with and without quotes. "
                "Remove one of the two."
                for key in scores
                if isinstance(key, int) and not isinstance(key, bool) and str(key) in scores
            ]
            components[name] = component | {"scores": {_text(key): score for key, score in scores.items()}}
        data = data | {"components": components}
    return data, mistakes


def _text(code: Any) -> Any:
    return str(code) if isinstance(code, int) and not isinstance(code, bool) else code


def _sic(found: Findings, path: str, code: Any) -> None:
    if not isinstance(code, str) or not _SIC.match(code):
        found.say(path, 'an SIC code of four digits, such as "8361" or "0174"', code, "Write it in quotes.")


def _timezone(found: Findings, top: dict[str, Any]) -> None:
    zone = found.word(top, "business_timezone", "")
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        found.say("business_timezone", "the name of a time zone such as America/Chicago", zone)


def _filters(found: Findings, top: dict[str, Any]) -> None:
    if "hard_filters" not in top:
        return
    path = "hard_filters"
    filters = found.section(top[path], path, ("employees", "sic_codes", "allow_unknown_sic"))
    if "employees" in filters:
        ends = found.section(filters["employees"], f"{path}.employees", ("min", "max"))
        low, high = (
            found.number(ends, end, f"{path}.employees", 0, 1e9, null=True) for end in ("min", "max")
        )
        if low is not None and high is not None and low > high:
            found.say(f"{path}.employees", "min to be no more than max", (low, high), "Swap or mend them.")
    codes = filters.get("sic_codes", [""])
    if not isinstance(codes, list) or not codes:
        found.say(f"{path}.sic_codes", "a list of at least one SIC code", codes)
    elif "sic_codes" in filters:
        for place, code in enumerate(codes, 1):
            _sic(found, f"{path}.sic_codes, entry {place}", code)
        for code in sorted({str(code) for code in codes if codes.count(code) > 1}):
            found.mistakes.append(f"{path}.sic_codes: {code} stands twice. Remove one of the two.")
    if not isinstance(filters.get("allow_unknown_sic", False), bool):
        found.say(f"{path}.allow_unknown_sic", "true or false", filters["allow_unknown_sic"])


def _component(found: Findings, component: Any, path: str) -> None:
    table = found.section(
        component,
        path,
        ("column",),
        ("dimension", "scores", "bands", "default", "unknown", "beyond"),
    )
    found.word(table, "column", path)
    found.word(table, "dimension", path)
    if ("scores" in table) == ("bands" in table):
        found.mistakes.append(
            f"{path}: expected either scores (one per value) or bands (one per range). Keep one."
        )
        return
    labels = _bands(found, table, path) if "bands" in table else _scores(found, table, path)
    unknown = table.get("unknown")
    if isinstance(unknown, str):
        found.word(table, "unknown", path, [*labels, "exclude"])
    else:
        found.score(table, "unknown", path)
    if "unknown" not in table and "default" not in table:
        found.mistakes.append(
            f"{path}.unknown: this key is missing. Say what a lead without a value scores: "
            "a score from 0 to 100, the label of a band, or exclude."
        )


def _scores(found: Findings, table: dict[str, Any], path: str) -> list[str]:
    scores = found.section(table["scores"], f"{path}.scores")
    if "beyond" in table:
        found.mistakes.append(f"{path}.beyond: this key belongs to bands; values take default. Remove it.")
    for value in scores:
        if table.get("dimension") == "sic_code":
            _sic(found, f"{path}.scores.{value}", value)
        elif not isinstance(value, str) or not value:
            found.say(f"{path}.scores.{value}", "a value in quotes", value)
        found.score(scores, value, f"{path}.scores")
    found.score(table, "default", path)
    return [str(value) for value in scores]


def _falling(found: Findings, limits: list[Any], path: str) -> None:
    numbers = [limit for limit in limits if isinstance(limit, int | float)]
    if numbers != sorted(set(numbers), reverse=True):
        found.say(path, "limits that fall from the first to the last", tuple(numbers), "Put them in order.")


def _bands(found: Findings, table: dict[str, Any], path: str) -> list[str]:
    bands, labels, ends = table["bands"], [], []
    if "default" in table:
        found.mistakes.append(f"{path}.default: this key belongs to scores, not to bands. Remove it.")
    if not isinstance(bands, list) or not bands:
        found.say(f"{path}.bands", "a list of at least one band", bands)
        return []
    for place, entry in enumerate(bands, 1):
        where = f"{path}.bands, band {place}"
        last = place == len(bands)
        band = found.section(entry, where, ("label", "score"), ("max",) if place > 1 else ("min", "max"))
        found.word(band, "label", where)
        found.score(band, "score", where)
        low, high = (found.number(band, end, where, 0, 1e9) for end in ("min", "max"))
        if low is not None:
            ends.append(low)
        if high is not None:
            ends.append(high)
        elif "max" not in band and not last:
            found.mistakes.append(
                f"{where}.max: this key is missing. Only the last band may go without an upper end."
            )
        labels.append(str(band.get("label")))
    if ends != sorted(set(ends)):
        found.say(f"{path}.bands", "upper ends that rise from band to band", tuple(ends))
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        found.mistakes.append(f"{path}.bands: the label '{label}' stands twice. Rename one of the two.")
    open_end = isinstance(bands[-1], dict) and "max" not in bands[-1]
    if "beyond" in table:
        found.word(table, "beyond", path, ["exclude"])
        if open_end:
            found.mistakes.append(
                f"{path}.beyond: nothing lies beyond a last band without max. Remove one of the two."
            )
    elif not open_end:
        found.mistakes.append(
            f"{path}.bands: nothing says what a value beyond the last max scores. "
            "Remove max from the last band, or add beyond: exclude."
        )
    return labels


def _weights(
    found: Findings, parent: dict[str, Any], path: str, names: Iterable[str], *, all_of: bool
) -> None:
    if "weights" not in parent:
        return
    where, known = f"{path}.weights", list(names)
    weights = found.section(parent["weights"], where, known if all_of else None)
    for name in [] if all_of else weights:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            guess = f" Did you mean '{close[0]}'?" if close else f" Known: {', '.join(known)}."
            found.mistakes.append(f"{where}.{name}: no component has this name.{guess}")
    numbers = [found.number(weights, name, where, 0, 1) for name in weights]
    if numbers and None not in numbers:
        values = [number for number in numbers if number is not None]
        if abs(sum(values) - 1) > 1e-9:
            parts = " + ".join(f"{v:.2f}" if round(v, 2) == v else f"{v:g}" for v in values)
            found.mistakes.append(
                f"{where}: expected weights that sum to 1, got {sum(values):.10g} ({parts}). "
                "Change one of them."
            )


def _scoring(found: Findings, top: dict[str, Any], components: dict[str, Any]) -> None:
    if "scoring" not in top:
        return
    scoring = found.section(top["scoring"], "scoring", (*WORKFLOWS, "segments", "default_segment"))
    for workflow in WORKFLOWS:
        if workflow in scoring:
            path = f"scoring.{workflow}"
            _weights(
                found, found.section(scoring[workflow], path, ("weights",)), path, components, all_of=False
            )
    if "segments" in scoring:
        segments = found.section(scoring["segments"], "scoring.segments")
        for name in segments:
            found.number(segments, name, "scoring.segments", 0, 2)
        found.word(scoring, "default_segment", "scoring", [str(name) for name in segments])


def _dimensions(found: Findings, top: dict[str, Any], components: dict[str, Any]) -> None:
    report_only = found.section(top.get("report_only") or {"": ""}, "report_only")
    names = [c["dimension"] for c in components.values() if isinstance(c, dict) and "dimension" in c]
    names += [name for name in report_only if name]
    for name in report_only:
        if name:
            found.word(report_only, name, "report_only")
    for name in dict.fromkeys(str(name) for name in names if names.count(name) > 1):
        found.mistakes.append(
            f"components: the dimension {name} is declared more than once. Keep one of them."
        )
    for name in DIMENSIONS:
        if name not in names and "components" in top:
            found.mistakes.append(
                f"components: no component has dimension: {name}. Give it to the component that scores it, "
                "or name it under report_only."
            )


def _contact(found: Findings, top: dict[str, Any]) -> None:
    if "contact" not in top:
        return
    contact = found.section(top["contact"], "contact", ("weights", "accuracy", "phone"))
    _weights(found, contact, "contact", CONTACT_PARTS, all_of=True)
    steps = contact.get("accuracy", [{"score": 0}])
    if not isinstance(steps, list) or not steps:
        found.say("contact.accuracy", "a list of steps such as {min: 95, score: 100}", steps)
        steps = []
    for place, entry in enumerate(steps, 1):
        where = f"contact.accuracy, step {place}"
        step = found.section(entry, where, ("score",) if place == len(steps) else ("min", "score"))
        found.number(step, "min", where, 0, 100)
        found.score(step, "score", where)
    _falling(found, [step.get("min") for step in steps if isinstance(step, dict)], "contact.accuracy")
    if "phone" in contact:
        phone = found.section(contact["phone"], "contact.phone", ("mobile", "other", "none"))
        for kind in phone:
            found.score(phone, kind, "contact.phone")


def _priority(found: Findings, top: dict[str, Any]) -> None:
    if "call_priority" not in top:
        return
    limits = found.section(top["call_priority"], "call_priority")
    for name in limits:
        found.number(limits, name, "call_priority", 0, 100)
    _falling(found, list(limits.values()), "call_priority")
    if limits and list(limits.values())[-1] != 0:
        found.say(
            "call_priority",
            "the last limit to be 0, so that every score has a word",
            list(limits.values())[-1],
        )


def _export(found: Findings, top: dict[str, Any]) -> None:
    if "export" not in top:
        return
    path = "export"
    export = found.section(
        top[path],
        path,
        ("min_score", "max_rows", "radius_miles", "exported_within_days", "agents"),
        ("contacts_per_company", "exploration_percent"),
    )
    found.number(export, "contacts_per_company", path, 1, 1000, whole=True, null=True)
    found.number(export, "exploration_percent", path, 0, 5)
    found.number(export, "min_score", path, 0, 100)
    found.number(export, "max_rows", path, 1, 1e9, whole=True, null=True)
    found.number(export, "radius_miles", path, 0.1, 5000)
    found.number(export, "exported_within_days", path, 0, 1e9, whole=True)
    agents = export.get("agents", [])
    if not isinstance(agents, list):
        found.say(f"{path}.agents", "a list of names or addresses, or []", agents)
        return
    for place, agent in enumerate(agents, 1):
        if not isinstance(agent, str) or not agent.strip():
            found.mistakes.append(f"{path}.agents, entry {place}: expected a name or an address as text.")


def _calibration(found: Findings, top: dict[str, Any]) -> None:
    if "calibration" not in top:
        return
    path = "calibration"
    settings = found.section(
        top[path], path, ("estimator", "maturity_days"), ("recency_half_life_days", "second_approver")
    )
    found.word(settings, "estimator", path, ("shrunk", "raw"))
    found.number(settings, "maturity_days", path, 0, 3650, whole=True)
    found.number(settings, "recency_half_life_days", path, 30, 36500, whole=True, null=True)
    if not isinstance(settings.get("second_approver", False), bool):
        found.say(f"{path}.second_approver", "true or false", settings["second_approver"])
