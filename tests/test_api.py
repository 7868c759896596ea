"""The feedback API as programs use it: answers, errors in one shape, keys, limits, nothing personal in a log."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_server import api_client
from zoho_story import BATCH, export, lead_row

import turso_db
from actors import Actor
from api import build_app, quiet_access_log
from api_keys import create_key, revoke_key
from errors import ConfigError
from lead_conversion import Trained
from outcomes import import_historical
from settings import read_settings
from stores import feedback as store

WEB = {"lead_id": "L-1", "age": 35, "location": "Texas", "email_opens": 2, "lead_source": "Webinar"}
ADA = Actor("Ada", "admin")
PLANTED = "planted-personal-datum"


@pytest.fixture
def client(config_dir: Path, db: turso_db.Database) -> Iterator[httpx.Client]:
    with api_client(build_app()) as one:
        yield one


def changed(config_dir: Path, *changes: tuple[str, str]) -> None:
    path = config_dir / "api.yaml"
    text = path.read_text("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    path.write_text(text, "utf-8")


def until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + 20
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


# --- Scores and outcomes ---------------------------------------------------------------------------------------


def test_a_score_says_all_it_should(client: httpx.Client) -> None:
    said = client.post("/score", json=WEB)
    assert said.status_code == 200
    got = said.json()
    assert list(got) == ["lead_id", "conversion_score", "risk_category", "timestamp", "model_version"]
    assert (got["lead_id"], got["conversion_score"], got["risk_category"]) == ("L-1", 0.1, "Low")
    assert got["model_version"] == "prior"
    age = datetime.now(UTC) - datetime.fromisoformat(got["timestamp"])
    assert abs(age.total_seconds()) < 30


def test_hades_leads_are_scored_by_the_base_rate_of_the_loop(config_dir: Path, db: turso_db.Database) -> None:
    rows = "".join(
        f"Site {n},7011,75201,{'delivery' if n % 10 == 0 else 'no_delivery'},2025-01-10\n" for n in range(200)
    )
    content = f"company_name,sic_code,zip_code,outcome,deal_created_at\n{rows}".encode()
    import_historical(db, content=content, name="h.csv", now=datetime.now(UTC), actor=ADA)
    with api_client(build_app()) as client:
        got = client.post("/score", json={"sic_code": "7011", "employee_count": 120}).json()
        # 20 of 200 delivered, pulled toward 0.10 with the weight of 20: (20 + 2) / 220
        assert (got["conversion_score"], got["risk_category"]) == (0.1, "Medium")
        models = client.get("/info").json()["models"]
    assert (models["hades"]["successes"], models["hades"]["leads"]) == (20, 200)
    assert models["hades"]["risk_thresholds"] == {"high": 0.2, "medium": 0.1}  # twice and once the base rate
    assert models["web"]["risk_thresholds"] == {"high": 0.7, "medium": 0.4}
    assert models["web"]["leads"] == 0


def test_scoring_again_with_null_keeps_the_outcome_and_the_first_features(
    client: httpx.Client, db: turso_db.Database
) -> None:
    client.post("/score", json=WEB | {"actual_outcome": True})
    for again in (WEB | {"age": 60, "actual_outcome": None}, WEB | {"email_opens": 99}):
        assert client.post("/score", json=again).status_code == 200
    row = store.read_lead(db, lead_id="L-1") or {}
    assert (row["outcome"], row["times_scored"]) == (1, 3)
    assert json.loads(row["first_features"])["age"] == 35
    assert json.loads(row["first_features"])["email_opens"] == 2
    assert client.get("/info").json()["feedback_samples_collected"] == 1


def test_feedback_answers_counts_and_is_kept_once(client: httpx.Client) -> None:
    client.post("/score", json=WEB)
    client.post("/score", json=WEB | {"lead_id": "L-2"})
    first = client.put("/feedback/L-1?outcome=true").json()
    assert first == {
        "message": "The outcome is kept.",
        "lead_id": "L-1",
        "outcome": True,
        "total_feedback": 1,
    }
    again = client.put("/feedback/L-1", params={"outcome": True}).json()
    assert (again["message"], again["total_feedback"]) == ("This outcome stood already; nothing changed.", 1)
    assert client.put("/feedback/L-2?outcome=false").json()["total_feedback"] == 2
    info = client.get("/info").json()
    assert info["total_leads_scored"] == 2
    assert info["feedback_samples_collected"] == 2
    assert info["retraining_status"] == {
        "feedback_count": 2, "retraining_threshold": 50, "ready_for_retraining": False,
    }  # fmt: skip


def test_each_outcome_says_who_and_when_and_can_be_taken_back(client: httpx.Client) -> None:
    client.post("/score", json=WEB | {"actual_outcome": False})
    client.put("/feedback/L-1?outcome=true")
    undone = client.delete("/feedback/L-1").json()
    assert (undone["outcome"], undone["total_feedback"]) == (False, 1)
    told = client.get("/feedback/L-1").json()
    assert [(one["outcome"], one["came_from"]) for one in told["history"]] == [
        (False, "score"), (True, "feedback"), (None, "undo"),
    ]  # fmt: skip
    assert {one["given_by"] for one in told["history"]} == {"local program"}
    assert client.delete("/feedback/L-1").json()["outcome"] is None
    assert client.delete("/feedback/L-1").status_code == 409


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_an_unknown_lead_is_not_found(client: httpx.Client, method: str) -> None:
    said = client.request(method, "/feedback/L-9" + ("?outcome=true" if method == "PUT" else ""))
    assert said.status_code == 404
    assert said.json()["error"]["kind"] == "NotFound"


def test_in_a_batch_every_lead_is_scored_or_says_why_not(client: httpx.Client) -> None:
    client.post("/score", json=WEB)
    leads = [WEB | {"lead_id": "B-1", "actual_outcome": True}, {"lead_id": "B-2", "age": "x"}, {"sic_code": "8361"}, 7,
             {"lead_id": "L-1", "sic_code": "8361"}]  # fmt: skip
    got = client.post("/score/batch", json={"leads": leads}).json()
    assert (got["received"], got["scored"], got["rejected"]) == (5, 2, 3)
    assert [one["index"] for one in got["problems"]] == [1, 3, 4]
    assert "another kind" in got["problems"][2]["message"]
    assert client.get("/info").json()["feedback_samples_collected"] == 1


def test_a_form_is_read_like_json(client: httpx.Client, db: turso_db.Database) -> None:
    form = {
        "lead_id": "Z-1",
        "sic_code": "0174",
        "employee_count": "120",
        "state": "",
        "actual_outcome": "true",
    }
    assert client.post("/score", data=form).status_code == 200
    parts: Any = {name: (None, value) for name, value in form.items()}
    assert client.post("/score", files=parts).status_code == 200
    row = store.read_lead(db, lead_id="Z-1") or {}
    assert json.loads(row["first_features"]) == {"sic_code": "0174", "employee_count": 120}
    assert (row["outcome"], row["times_scored"]) == (1, 2)


# --- A model, and retraining -----------------------------------------------------------------------------------


def test_a_trained_model_answers_with_its_version_and_metrics(
    config_dir: Path, db: turso_db.Database
) -> None:
    model = Trained("web-7", lambda leads: leads["age"].to_numpy("float64") / 100, {"auc": 0.71})
    app = build_app(models=lambda _: {"web": model})
    with api_client(app) as client:
        got = [client.post("/score", json=WEB | {"age": n}).json() for n in (70, 40, 39)]
        info = client.get("/info").json()
    assert [one["risk_category"] for one in got] == ["High", "Medium", "Low"]
    assert (info["model_version"], info["metrics"]) == ("web-7", {"auc": 0.71})
    assert info["models"]["hades"]["model_version"] == "prior"


def test_the_api_never_waits_for_a_retraining(config_dir: Path, db: turso_db.Database) -> None:
    go, started = threading.Event(), threading.Event()

    def train(*_: Any) -> str:
        started.set()
        go.wait(20)
        return "No candidate: 1 outcome is too few."

    with api_client(build_app(train=train)) as client:
        first = client.post("/retrain")
        assert (first.status_code, first.json()["started"]) == (202, True)
        assert started.wait(10)
        assert client.post("/retrain").json()["started"] is False
        assert client.post("/score", json=WEB).status_code == 200
        assert client.get("/info").json()["last_retraining"]["status"] == "running"
        go.set()
        ended = until(
            lambda: (r := client.get("/info").json()["last_retraining"])["status"] != "running" and r
        )
    assert (ended["status"], ended["said"], ended["started_by"]) == ("done", "No candidate: 1 outcome is too few.", "local program")  # fmt: skip


def test_enough_outcomes_set_off_one_retraining(config_dir: Path, db: turso_db.Database) -> None:
    changed(config_dir, ("threshold: 50", "threshold: 3"), ("settle_seconds: 20", "settle_seconds: 0.2"))
    runs: list[str] = []

    def train(_: Any, __: Any, actor: Actor) -> str:
        runs.append(actor.name)
        return "Nothing better was found."

    with api_client(build_app(train=train)) as client:
        for n in range(7):
            client.post("/score", json=WEB | {"lead_id": f"L-{n}", "actual_outcome": n % 2 == 0})
        until(lambda: (client.get("/info").json()["last_retraining"] or {}).get("status") == "done")
        time.sleep(0.5)
        info = client.get("/info").json()
    assert runs == ["feedback"]
    assert info["last_retraining"]["feedback_count"] == 7
    assert info["retraining_status"]["feedback_count"] == 0


# --- Who gets in -----------------------------------------------------------------------------------------------


def test_from_the_first_key_on_nobody_gets_in_without(client: httpx.Client, db: turso_db.Database) -> None:
    assert client.get("/info").status_code == 200
    key = create_key(db, name="web shop", now=datetime.now(UTC), actor=ADA)
    for method, path in (
        ("GET", "/info"),
        ("POST", "/score"),
        ("PUT", "/feedback/L-1?outcome=true"),
        ("POST", "/retrain"),
    ):
        said = client.request(method, path, json=WEB if path == "/score" else None)
        assert said.status_code == 401, path
        assert said.headers["www-authenticate"] == "Bearer"
        assert said.json()["error"]["kind"] == "NoKey"
    assert client.get("/health").status_code == 200
    with_key = {"Authorization": f"Bearer {key}"}
    assert client.post("/score", json=WEB, headers=with_key).status_code == 200
    assert (store.read_lead(db, lead_id="L-1") or {})["first_scored_by"] == "web shop"
    revoke_key(db, key="web shop", now=datetime.now(UTC), actor=ADA)
    assert client.get("/info", headers=with_key).status_code == 401


def test_the_key_of_the_environment_opens(
    config_dir: Path, db: turso_db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HADES_API_KEY", "planted-key-for-automation-0123")
    with api_client(build_app()) as client:
        assert client.get("/info").status_code == 401
        key = {"Authorization": "Bearer planted-key-for-automation-0123"}
        assert client.get("/info", headers=key).status_code == 200
    monkeypatch.setenv("HADES_API_KEY", "short")
    with pytest.raises(ConfigError, match="at least 24"):
        read_settings()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "hades.example.com"},
        {"Origin": "https://evil.example.com"},
        {"Host": "127.0.0.1.example.com"},
    ],
)
def test_without_a_key_only_this_machine_is_served(client: httpx.Client, headers: dict[str, str]) -> None:
    said = client.get("/info", headers=headers)
    assert said.status_code == 403
    assert "only programs on this machine" in said.json()["error"]["message"]


def test_without_a_key_it_refuses_to_start_elsewhere(
    config_dir: Path, db: turso_db.Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.argv", ["uvicorn", "api:app", "--host", "0.0.0.0"])
    with pytest.raises(RuntimeError, match="did not start"), api_client(build_app()):
        pass
    assert "only with a key" in caplog.text
    create_key(db, name="web shop", now=datetime.now(UTC), actor=ADA)
    with api_client(build_app()) as client:
        assert client.get("/health").status_code == 200


# --- Errors and limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "sentence"),
    [
        ("POST", "/score", {"json": WEB | {"age": "35"}}, 422, "age was expected to be a whole number"),
        ("POST", "/score", {"json": []}, 422, "one object of fields"),
        ("POST", "/score", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "cannot be read"),
        ("POST", "/score", {"content": b"\xff", "headers": {"Content-Type": "application/json"}}, 400, "cannot be read"),
        ("POST", "/score", {"content": b'{"age": NaN}', "headers": {"Content-Type": "application/json"}}, 400, "cannot"),
        ("POST", "/score", {"content": b"[" * 30_000, "headers": {"Content-Type": "application/json"}}, 400, "cannot"),
        ("POST", "/score", {"content": b'{"age": 3}'}, 415, "Content-Type: application/json"),
        ("POST", "/score", {"content": b'{"age": 3}', "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415,
         "looks like JSON"),
        ("POST", "/score", {"json": WEB | {"location": "x" * 70_000}}, 413, "At most 64 kB"),
        ("POST", "/score/batch", {"json": {"leads": []}}, 422, "1 to 1,000 leads"),
        ("PUT", "/feedback/L-1", {}, 422, "?outcome=true or ?outcome=false"),
        ("PUT", "/feedback/L-1?outcome=maybe", {}, 422, "true or false"),
        ("PUT", "/feedback/pat@example.com?outcome=true", {}, 422, "lead_id was expected"),
        ("GET", "/nowhere", {}, 404, "nothing at this address"),
        ("PATCH", "/info", {}, 405, "other methods"),
    ],
)  # fmt: skip
def test_every_error_has_one_shape(
    client: httpx.Client, method: str, path: str, sent: dict[str, Any], status: int, sentence: str
) -> None:
    said = client.request(method, path, **sent)
    assert said.status_code == status, said.text
    assert set(said.json()) == {"error"}
    assert set(said.json()["error"]) == {"kind", "message"}
    assert sentence in said.json()["error"]["message"]


def test_a_body_that_does_not_say_how_long_it_is_is_stopped_too(client: httpx.Client) -> None:
    parts = (b"x" * 10_000 for _ in range(20))
    said = client.post("/score", content=parts, headers={"Content-Type": "application/json"})
    assert said.status_code == 413


def test_too_many_at_once_are_told_when_to_come_back(config_dir: Path, db: turso_db.Database) -> None:
    changed(config_dir, ("requests_per_second: 200", "requests_per_second: 1"), ("burst: 2000", "burst: 5"))
    with api_client(build_app()) as client:
        said = [client.get("/info") for _ in range(7)]
    assert [one.status_code for one in said[:5]] == [200] * 5
    assert said[-1].status_code == 429
    assert int(said[-1].headers["retry-after"]) >= 1


def test_nothing_personal_and_no_secret_reaches_a_log_or_an_error(
    config_dir: Path, db: turso_db.Database, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError(PLANTED)

    model = Trained("broken", broken, {})
    key = create_key(db, name="web shop", now=datetime.now(UTC), actor=ADA)
    app = build_app(models=lambda _: {"web": model}, train=broken)
    with caplog.at_level(logging.DEBUG), api_client(app) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        failed = client.post("/score", json=WEB | {"location": PLANTED})
        said = [
            failed,
            client.post("/score", json=WEB | {"age": PLANTED, "location": PLANTED}),
            client.post("/score", json={"lead_id": f"{PLANTED}@example.com"}),
            client.put(f"/feedback/{PLANTED}?outcome=true"),
            client.get("/info", headers={"Authorization": f"Bearer {PLANTED}"}),
        ]
        client.post("/retrain")
        until(lambda: client.get("/info").json()["last_retraining"]["status"] == "failed")
        said.append(client.get("/info"))
    assert [one.status_code for one in said] == [500, 422, 422, 404, 401, 200]
    reference = failed.json()["error"]["message"].split()[-1].rstrip(".")
    logged = "\n".join(
        record.getMessage() for record in caplog.records if record.name not in ("httpx", "httpcore")
    )
    assert reference in logged
    for text in (logged, *(one.text for one in said)):
        assert PLANTED not in text
        assert key not in text


def test_the_lines_about_requests_name_no_lead(caplog: pytest.LogCaptureFixture) -> None:
    quiet_access_log()
    quiet_access_log()
    log = logging.getLogger("uvicorn.access")
    assert len(log.filters) == 1
    with caplog.at_level(logging.INFO, logger="uvicorn.access"):
        for path in ("/feedback/2145550001?outcome=true", "/api/feedback/2145550001?outcome=true", "/score"):
            log.info('%s - "%s %s HTTP/%s" %d', "10.1.2.3:5000", "PUT", path, "1.1", 200)
    assert [record.getMessage() for record in caplog.records] == [
        '- - "PUT /feedback HTTP/1.1" 200', '- - "PUT /api/feedback HTTP/1.1" 200', '- - "PUT /score HTTP/1.1" 200',
    ]  # fmt: skip


def test_a_lead_of_another_kind_is_a_conflict(client: httpx.Client) -> None:
    client.post("/score", json=WEB)
    said = client.post("/score", json={"lead_id": "L-1", "sic_code": "8361", "actual_outcome": True})
    assert (said.status_code, said.json()["error"]["kind"]) == (409, "Conflict")
    assert client.get("/feedback/L-1").json()["history"] == []


def test_what_became_of_an_exported_lead_is_said_by_its_batch_and_row(
    client: httpx.Client, db: turso_db.Database
) -> None:
    export(db, BATCH, [lead_row(1)])
    row = db.rows("SELECT row_number FROM lead_outcomes")[0]["row_number"]
    address = f"/feedback/{BATCH}:{row}"
    assert client.get(address).json() == {"lead_id": f"{BATCH}:{row}", "outcome": None, "history": []}
    said = client.put(f"{address}?outcome=true").json()
    assert (said["outcome"], said["total_feedback"]) == (True, 1)
    assert db.rows("SELECT outcome FROM lead_outcomes") == [{"outcome": "delivery"}]
    assert client.delete(address).json()["outcome"] is None
    assert db.rows("SELECT outcome FROM lead_outcomes") == [{"outcome": None}]
    assert [one["came_from"] for one in client.get(address).json()["history"]] == ["feedback", "undo"]
    for method in (client.get, client.put):
        assert method(f"/feedback/{BATCH}:999", params={"outcome": "true"}).status_code == 404
    again = client.post("/score", json={"lead_id": f"{BATCH}:{row}", "state": "TX", "actual_outcome": True})
    assert (again.status_code, "scored at its export" in again.json()["error"]["message"]) == (409, True)
