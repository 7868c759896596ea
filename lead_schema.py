"""The declared schema of leads that programs send: which fields there are, of which type, and what fits them.

`config/api.yaml` declares kinds of leads (web, hades) with their fields. A lead belongs to the kind it names, else to the
first kind that knows all of its fields. Values are checked, never quoted: they can be personal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lead_values
from errors import ConfigError, InputError
from icp import WORKFLOWS
from strict_yaml import raise_mistakes, read_yaml

FILE_NAME = "api.yaml"
TYPES = ("whole", "number", "text", "choice")
SCORE, BASE_RATE = "score", "base rate"  # what the thresholds of a kind are counted in
OWN = ("lead_id", "lead_type", "actual_outcome")  # said about a lead, no features of it
LEAD_ID = r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,99}"  # no @: an e-mail address is no identifier here
_TEXT_LIMIT = 200
_MOST = 1e12  # beyond it no whole number of a lead makes sense
_SHIPPED = Path(__file__).resolve().parent / "config" / FILE_NAME
_UNSHOWN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_DIGITS = r"\s*-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?\s*"
_FIELD_KEYS = {"type", "low", "high", "longest", "shape", "choices", "about", "read_as"}
_READERS: Mapping[str, Callable[[str], Any]] = {
    "sic_code": lead_values.sic_code,
    "employees": lead_values.employees,
    "state": lead_values.state,
    "zip_code": lead_values.zip_code,
    "miles": lead_values.miles,
    "percentage": lead_values.percentage,
    "signal_strength": lead_values.signal_strength,
}


@dataclass(frozen=True)
class Field:
    """One declared field. low, high: of numbers; longest, shape (a whole regular expression): of text.
    read_as: how text from a form or a file is understood (Texas is TX); None: as it stands.
    """

    name: str
    type: str
    low: float = -_MOST
    high: float = _MOST
    longest: int = _TEXT_LIMIT
    shape: str | None = None
    choices: tuple[str, ...] = ()
    about: str = ""
    read_as: str | None = None

    @property
    def expected(self) -> str:
        """What a value should be, to complete "was expected to be ...": `a whole number from 0 to 120 (years)`."""
        more = f" ({self.about})" if self.about else ""
        if self.type == "choice":
            return f"one of {', '.join(self.choices)}{more}"
        if self.type == "text":
            return f"text of at most {self.longest} characters{more}"
        return f"a {'whole ' if self.type == 'whole' else ''}number from {self.low:,.10g} to {self.high:,.10g}{more}"


@dataclass(frozen=True)
class LeadKind:
    """One kind of lead: its fields by name, and from which score on its risk category is High or Medium.

    `thresholds`: SCORE, or BASE_RATE where high and medium are multiples of the base rate.
    """

    name: str
    fields: Mapping[str, Field]
    high: float
    medium: float
    thresholds: str = SCORE


@dataclass(frozen=True)
class ApiRules:
    """All of api.yaml: kinds by name, in the order of the file; prior_rate (0 to 1) with the weight of prior_leads."""

    kinds: Mapping[str, LeadKind]
    prior_rate: float
    prior_leads: float
    retrain_after: int
    settle_seconds: float
    body_bytes: int
    batch_bytes: int
    batch_leads: int
    per_second: float
    burst: int


@dataclass(frozen=True)
class SentLead:
    """A lead as a program sent it, checked: features by name, without those that are missing."""

    lead_id: str | None
    kind: str
    features: dict[str, Any]
    outcome: bool | None


def read_api_rules(config_dir: Path) -> ApiRules:
    """The rules in api.yaml, the shipped ones where the folder has none; ConfigError lists every mistake."""
    path = config_dir / FILE_NAME
    try:
        text = (path if path.exists() else _SHIPPED).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{FILE_NAME} cannot be read. Check its permissions, and save it as UTF-8."
        ) from error
    return parse_api_rules(text)


def parse_api_rules(text: str) -> ApiRules:
    """The rules in this text; ConfigError with a sentence per mistake."""
    data, _ = read_yaml(text, FILE_NAME)
    wrong: list[str] = []
    data = _part(data, ("leads", "prior", "retraining", "limits"), "the file", wrong)
    leads = data.get("leads")
    kinds = {str(n): _kind(str(n), k, wrong) for n, k in (leads if isinstance(leads, dict) else {}).items()}
    wrong += [
        f"leads: a kind cannot be called {name}, which is a workflow with models of its own. Give it another name."
        for name in kinds if name in WORKFLOWS
    ]  # fmt: skip
    if not kinds:
        wrong.append("leads: expected at least one kind of lead with its fields.")
    prior = _part(data.get("prior"), ("rate", "leads"), "prior", wrong)
    retraining = _part(data.get("retraining"), ("threshold", "settle_seconds"), "retraining", wrong)
    names = ("body_kilobytes", "batch_kilobytes", "batch_leads", "requests_per_second", "burst")
    limits = _part(data.get("limits"), names, "limits", wrong)
    rules = ApiRules(
        kinds=kinds,
        prior_rate=_number(prior, "prior", "rate", 0, 1, wrong),
        prior_leads=_number(prior, "prior", "leads", 1, 1e6, wrong),
        retrain_after=int(_number(retraining, "retraining", "threshold", 1, 1e6, wrong)),
        settle_seconds=_number(retraining, "retraining", "settle_seconds", 0, 3600, wrong),
        body_bytes=int(1024 * _number(limits, "limits", "body_kilobytes", 1, 1024, wrong)),
        batch_bytes=int(1024 * _number(limits, "limits", "batch_kilobytes", 1, 65536, wrong)),
        batch_leads=int(_number(limits, "limits", "batch_leads", 1, 10000, wrong)),
        per_second=_number(limits, "limits", "requests_per_second", 0.1, 1e6, wrong),
        burst=int(_number(limits, "limits", "burst", 1, 1e6, wrong)),
    )
    raise_mistakes(FILE_NAME, wrong)
    return rules


def check_lead(sent: Any, rules: ApiRules, *, as_text: bool = False) -> SentLead:
    """The lead in what a program sent; InputError with one sentence per field that does not fit.

    `as_text`: from a form or a file, where a number is written in digits and a blank is a missing value.
    """
    if not isinstance(sent, dict):
        raise InputError(
            'A lead was expected as one object of fields, such as {"lead_id": "L-1", "age": 35}.'
        )
    wrong: list[str] = []
    lead_id, outcome = _identifier(sent.get("lead_id"), wrong, as_text), None
    if "actual_outcome" in sent:
        outcome = _outcome(sent["actual_outcome"], wrong, as_text)
    named = [name for name in sent if name not in OWN]
    said = sent.get("lead_type")
    kind = _kind_of(None if as_text and said == "" else said, named, rules, wrong)
    features: dict[str, Any] = {}
    for name in named if kind else ():
        value = sent[name]
        if value is None or (as_text and isinstance(value, str) and not value.strip()):
            continue
        field = kind.fields[name]  # type: ignore[union-attr]
        fitting = _fitting(_from_text(field, value) if as_text else value, field)
        if fitting is None:
            wrong.append(f"{name} was expected to be {field.expected}.")
        else:
            features[name] = fitting
    if kind and not features and not wrong:
        wrong.append(
            "A lead was expected to have at least one field with a value; without any there is nothing to score."
        )
    if wrong:
        raise InputError(" ".join(wrong[:10]))
    assert kind is not None
    return SentLead(lead_id, kind.name, features, outcome)


def _kind_of(said: Any, named: Sequence[str], rules: ApiRules, wrong: list[str]) -> LeadKind | None:
    if said is not None:
        kind = rules.kinds.get(said) if isinstance(said, str) else None
        if kind is None:
            wrong.append(f"lead_type was expected to be one of {', '.join(rules.kinds)}, or left out.")
            return None
        candidates = [kind]
    else:
        candidates = list(rules.kinds.values())
    best = min(candidates, key=lambda kind: len([name for name in named if name not in kind.fields]))
    strange = [name for name in named if name not in best.fields]
    if strange:
        shown = ", ".join(repr(name[:40]) for name in strange[:5])
        wrong.append(
            f"A {best.name} lead has no field {shown}. It may have: {', '.join([*OWN, *best.fields])}."
        )
        return None
    return best


def _identifier(value: Any, wrong: list[str], as_text: bool) -> str | None:
    if value is None or (as_text and value == ""):
        return None
    if isinstance(value, str) and re.fullmatch(LEAD_ID, value, re.ASCII):
        return value
    wrong.append(
        "lead_id was expected to be 1 to 100 letters, digits or the signs . _ : - (a letter or digit first; no name or e-mail "
        "address), or left out."
    )
    return None


def _outcome(value: Any, wrong: list[str], as_text: bool) -> bool | None:
    if as_text and isinstance(value, str):
        value = {"true": True, "false": False, "": None, "null": None}.get(value.strip().lower(), value)
    if value is not None and not isinstance(value, bool):
        wrong.append("actual_outcome was expected to be true, false or null.")
        return None
    return value


def _from_text(field: Field, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    read = _READERS[field.read_as](value) if field.read_as else None
    if read is not None:
        return read
    if field.type in ("text", "choice"):
        return value.strip()
    return float(value) if re.fullmatch(_DIGITS, value, re.ASCII) else None


def _fitting(value: Any, field: Field) -> Any:
    """The value as it is kept; None where it does not fit."""
    if field.type in ("whole", "number"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not field.low <= value <= field.high or not math.isfinite(value):
            return None
        if field.type == "whole":
            return int(value) if value == int(value) else None
        return float(value)
    if not isinstance(value, str) or _UNSHOWN.search(value):
        return None
    if field.type == "choice":
        return value if value in field.choices else None
    fits = 1 <= len(value) <= field.longest and (
        not field.shape or re.fullmatch(field.shape, value, re.ASCII)
    )
    return value if fits else None


def _part(data: Any, keys: Sequence[str], where: str, wrong: list[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        wrong.append(f"{where}: expected the keys {', '.join(keys)}.")
        return {}
    wrong += [
        f"{where}: the key '{key}' is unknown. Use {', '.join(keys)}." for key in data if key not in keys
    ]
    return data


def _number(
    data: Mapping[str, Any], where: str, key: str, low: float, high: float, wrong: list[str]
) -> float:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        wrong.append(f"{where}.{key}: expected a number from {low:g} to {high:g}.")
        return low
    return float(value)


def _kind(name: str, data: Any, wrong: list[str]) -> LeadKind:
    where = f"leads.{name}"
    data = _part(data, ("high", "medium", "thresholds", "fields"), where, wrong)
    counted = data.get("thresholds", SCORE)
    if counted not in (SCORE, BASE_RATE):
        wrong.append(f"{where}.thresholds: expected '{SCORE}' or '{BASE_RATE}'.")
    most = 1.0 if counted == SCORE else 1000.0
    high, medium = (_number(data, where, key, 0, most, wrong) for key in ("high", "medium"))
    if medium > high:
        wrong.append(f"{where}: medium was expected to be at most high.")
    declared = data.get("fields")
    if not isinstance(declared, dict) or not declared:
        wrong.append(f"{where}.fields: expected at least one field, such as age: {{ type: whole }}.")
        declared = {}
    return LeadKind(
        name, {str(n): _field(str(n), f, f"{where}.fields.{n}", wrong) for n, f in declared.items()},
        high, medium, counted,
    )  # fmt: skip


def _field(name: str, data: Any, where: str, wrong: list[str]) -> Field:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name) or name in OWN:
        wrong.append(f"{where}: a field's name is small letters, digits and _, and none of {', '.join(OWN)}.")
    data = _part(data, sorted(_FIELD_KEYS), where, wrong)
    if data.get("type") not in TYPES:
        wrong.append(f"{where}.type: expected one of {', '.join(TYPES)}.")
    choices = data.get("choices", [])
    plain = isinstance(choices, list) and all(isinstance(choice, str) for choice in choices)
    if data.get("type") == "choice" and not (plain and choices):
        wrong.append(f"{where}.choices: expected a list of words.")
    low, high = (
        _number({key: data.get(key, side)}, where, key, -_MOST, _MOST, wrong)
        for key, side in (("low", -_MOST), ("high", _MOST))
    )
    if low > high:
        wrong.append(f"{where}: low was expected to be at most high.")
    longest = int(_number({"longest": data.get("longest", _TEXT_LIMIT)}, where, "longest", 1, 10000, wrong))
    shape = data.get("shape")
    try:
        re.compile(shape or "")
    except (re.error, TypeError):
        wrong.append(f"{where}.shape: expected a regular expression in quotes.")
        shape = None
    read_as = data.get("read_as")
    if read_as is not None and (not isinstance(read_as, str) or read_as not in _READERS):
        wrong.append(f"{where}.read_as: expected one of {', '.join(_READERS)}.")
        read_as = None
    words, about = tuple(choices) if plain else (), str(data.get("about", ""))
    return Field(name, str(data.get("type")), low, high, longest, shape, words, about, read_as)
