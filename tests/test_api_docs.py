"""docs/api.md is run: every request in it is made in order, every answer in it is what comes; its Zoho recipe works."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_server import api_client

import turso_db
from actors import Actor
from api import build_app
from api_keys import create_key
from stores import feedback as store

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "api.md").read_text("utf-8")
BLOCK = re.compile(r"```http\n(.*?)```\n```json\n(.*?)```", re.DOTALL)
STAMPS = ("timestamp", "given_at")


def sent(client: httpx.Client, request: str) -> Any:
    head, _, body = request.partition("\n\n")
    first, *headers = head.strip().splitlines()
    method, path = first.split()
    said = dict(line.split(": ", 1) for line in headers)
    return client.request(method, path, content=body.encode() or None, headers=said).json()


def without_stamps(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "now" if name in STAMPS else without_stamps(part) for name, part in value.items()}
    return [without_stamps(one) for one in value] if isinstance(value, list) else value


def test_every_request_of_the_document_gets_the_answer_it_shows(
    config_dir: Path, db: turso_db.Database
) -> None:
    examples = BLOCK.findall(TEXT)
    assert len(examples) == TEXT.count("```http") == 10
    with api_client(build_app(train=lambda *_: "Nothing better was found.")) as client:
        for request, answer in examples:
            assert without_stamps(sent(client, request)) == without_stamps(json.loads(answer)), request


def test_the_addresses_and_limits_of_the_document_are_those_of_the_api(
    config_dir: Path, db: turso_db.Database
) -> None:
    with api_client(build_app()) as client:
        paths = client.get("/openapi.json").json()["paths"]
        schemas = client.get("/openapi.json").json()["components"]["schemas"]
    asked = {(m, p.partition("?")[0].replace("L-1001", "{lead_id}").replace("L-9999", "{lead_id}"))
             for m, p in re.findall(r"```http\n(\w+) (\S+)", TEXT)}  # fmt: skip
    assert asked == {(method.upper(), path) for path, methods in paths.items() for method in methods}
    for kind, name in (("web", "WebLead"), ("hades", "HadesLead")):
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| {kind} |"))
        for field in set(schemas[name]["properties"]) - {"lead_id", "lead_type", "actual_outcome"}:
            assert re.search(rf"\b{field}\b", row), field


ZOHO = {  # a lead as Zoho fills it into the parameters: everything is text, what is empty is blank
    "Lead Id": "5437018000000123456", "SIC Code": "8361", "No. of Employees": "120", "State": "Texas", "Zip Code": "",
}  # fmt: skip


def parameters(rule: int, lead: dict[str, str]) -> dict[str, str]:
    rows = re.findall(r"^\| (\w+) \| (.+?) \| (.+?) \|$", TEXT[TEXT.index("| parameter |") :], re.MULTILINE)
    said = {row[0]: row[rule].strip("`") for row in rows if row[0] != "parameter"}
    assert len(said) == 7
    filled = {
        name: re.sub(r"\$\{Leads\.([^}]+)\}", lambda m: lead[m[1]], value) for name, value in said.items()
    }
    return {name: value for name, value in filled.items() if value != "*(leave out)*"}


@pytest.mark.parametrize("as_parts", [False, True])
def test_the_zoho_recipe_works_against_the_api(
    config_dir: Path, db: turso_db.Database, as_parts: bool
) -> None:
    key = create_key(db, name="Zoho", now=datetime.now(UTC), actor=Actor("Ada", "admin"))
    moved = ZOHO | {"No. of Employees": "4000", "Zip Code": "75201-1234"}  # by the time of the delivery
    with api_client(build_app()) as client:
        for rule, lead in (
            (1, ZOHO),
            (2, moved),
            (2, moved),
            (1, ZOHO),
        ):  # Zoho may send a webhook twice, or late
            form = parameters(rule, lead)
            body: Any = {"files": {n: (None, v) for n, v in form.items()}} if as_parts else {"data": form}
            said = client.post("/score", headers={"Authorization": f"Bearer {key}"}, **body)
            assert said.status_code == 200, said.text
            assert said.json()["lead_id"] == ZOHO["Lead Id"]
    row = store.read_lead(db, lead_id=ZOHO["Lead Id"]) or {}
    assert json.loads(row["first_features"]) == {"sic_code": "8361", "employee_count": 120, "state": "TX"}
    assert row["outcome"] == 1
    (told,) = store.read_history(db, lead_id=ZOHO["Lead Id"])
    assert (told["given_by"], told["came_from"]) == ("Zoho", "score")


def test_the_commands_of_the_document_are_there() -> None:
    root = Path(__file__).resolve().parents[1]
    for module in re.findall(r"python -m ([\w.]+)", TEXT):
        assert (root / f"{module.replace('.', os.sep)}.py").exists(), module
