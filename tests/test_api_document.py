"""The OpenAPI document says what the API does: fuzzed by it, nothing fails and nothing undocumented is answered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from api_server import served_api
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import negative_data_rejection

import turso_db
from api import build_app
from api_document import body_schemas
from lead_schema import parse_api_rules, read_api_rules
from settings import read_settings

CONFIG = Path(__file__).resolve().parents[1] / "config"
EXAMPLES = 10
KEY = "planted-key-of-the-fuzzer-0123456789"
AUTH = {"Authorization": f"Bearer {KEY}"}


def test_the_fields_of_the_document_are_those_of_the_file() -> None:
    text = (CONFIG / "api.yaml").read_text("utf-8")
    schemas = body_schemas(parse_api_rules(text.replace("content_downloads:", "downloads_of_content:")))
    assert set(schemas) == {"WebLead", "HadesLead", "Lead", "WebForm", "HadesForm", "LeadForm", "LeadBatch"}
    web = schemas["WebLead"]["properties"]
    years = {"type": "integer", "minimum": 0, "maximum": 120}
    assert web["age"] == {"anyOf": [years, {"enum": [None]}], "description": "years"}
    assert "downloads_of_content" in web
    assert "content_downloads" not in web
    assert web["lead_source"]["anyOf"][0]["enum"][:2] == ["Webinar", "Referral"]
    rules = read_api_rules(CONFIG)
    for name, kind in rules.kinds.items():
        assert set(kind.fields) < set(body_schemas(rules)[f"{name.capitalize()}Lead"]["properties"])


def with_key() -> Any:
    return read_settings({"HADES_API_KEY": KEY} | dict(os.environ))


@pytest.fixture
def served(config_dir: Path, db: turso_db.Database) -> Iterator[str]:
    """The address of an API with a key, whose database knows the lead L-1."""
    path = config_dir / "api.yaml"
    path.write_text(path.read_text("utf-8").replace("burst: 2000", "burst: 1000000"), "utf-8")
    with served_api(build_app(read=with_key, train=lambda *_: "Nothing better was found.")) as address:
        httpx.post(
            f"{address}/score", json={"lead_id": "L-1", "age": 35, "actual_outcome": True}, headers=AUTH
        )
        yield address


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_nothing_fails_and_nothing_undocumented_is_answered(served: str, mode: Any) -> None:
    fuzz(served, mode, EXAMPLES)


@pytest.mark.prove
def test_nothing_fails_in_thousands_of_requests(served: str) -> None:
    asked = [fuzz(served, mode, 200) for mode in schemathesis.GenerationMode]
    print(f"requests per operation, fitting and unfitting: {asked}")  # noqa: T201


def asking(name: str, asked: dict[str, int]) -> Any:
    def one(case: schemathesis.Case) -> None:
        asked[name] = asked.get(name, 0) + 1
        in_words = (
            case.media_type == "application/x-www-form-urlencoded"
        )  # where no value and the text null are the same
        case.call_and_validate(headers=AUTH, excluded_checks=[negative_data_rejection] if in_words else [])

    return one


def fuzz(address: str, mode: Any, examples: int) -> dict[str, int]:
    """How many requests each operation was asked; every answer was one that the document allows, and none a 5xx."""
    asked: dict[str, int] = {}
    for found in schemathesis.openapi.from_url(f"{address}/openapi.json").get_all_operations():
        operation = found.ok()

        bounded = settings(
            max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        with suppress(Unsatisfiable):  # nothing of an operation without parameters can be unfitting
            given(operation.as_strategy(generation_mode=mode))(bounded(asking(operation.label, asked)))()
    assert len(asked) == (9 if mode == schemathesis.GenerationMode.POSITIVE else 8), asked
    return asked
