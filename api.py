"""The feedback API: programs send leads to be scored and say what became of them. `uvicorn api:app`, or in serve.py.

Routes read the request, let one thread do the work, and answer; whatever goes wrong has one shape (api_answers).
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

import api_answers as answers
import api_work
from actors import Actor
from api_answers import Problem, answer, error_answer
from api_desk import Desk, Models, open_desk
from api_document import document, sent_as
from api_keys import needs_key
from api_limits import Gate, refuse_open_door, said_hosts
from api_models import models_in_force, train_models
from api_retraining import Train
from errors import InputError
from lead_schema import LEAD_ID
from settings import VERSION, Settings, read_settings

_ERRORS = (401, 403, 409, 413, 422, 429, 500, 503)
_OPEN = (
    "The API serves other machines only with a key. Make one with python -m scripts.api_key create NAME --actor NAME, or "
    "set HADES_API_KEY."
)
LeadId = Annotated[str, Path(pattern=f"^{LEAD_ID}$", description="The lead_id that POST /score answered.")]
Outcome = Annotated[str, Query(json_schema_extra={"enum": ["true", "false", "True", "False"]})]


def build_app(
    read: Callable[[], Settings] = read_settings,
    *,
    models: Models = models_in_force,
    train: Train = train_models,
    fresh_seconds: float = 30.0,
) -> FastAPI:
    """The API over the database that the settings name. Nothing is read or opened before it starts or first answers."""
    lock = threading.Lock()
    opened: list[Desk] = []

    def desk() -> Desk:
        with lock:
            if not opened:
                opened.append(
                    open_desk(read(), models=models, train=train, fresh_seconds=fresh_seconds)
                )  # fmt: skip
            return opened[0]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        made = await run_in_threadpool(desk)
        settings = made.settings
        has_key = await run_in_threadpool(needs_key, made.db, automation_key=settings.api_key)
        refuse_open_door(said_hosts(sys.argv, settings.server_host), is_shut=has_key, sentence=_OPEN)
        quiet_access_log()
        try:
            yield
        finally:
            with lock:
                opened.clear()
            made.retrainer.close()
            made.db.close()

    app = FastAPI(title="HADES", version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.desk = desk
    app.add_middleware(Gate, most_bytes=lambda path: _most_bytes(desk, path))
    for kind in (HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _handled)
    _routes(app)
    app.openapi = lambda: document(app, desk().rules)  # type: ignore[method-assign]
    return app


def quiet_access_log() -> None:
    """Nothing; from now on uvicorn's lines about requests carry neither callers nor what follows the first word."""
    log = logging.getLogger("uvicorn.access")
    if not any(isinstance(one, _WithoutIds) for one in log.filters):
        log.addFilter(_WithoutIds())


class _WithoutIds(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            _, method, path, version, status = record.args
            words = str(path).partition("?")[0].split("/")
            first = "/".join(words[:3] if words[1:2] == ["api"] else words[:2])
            record.args = ("-", method, first, version, status)
        return True


def _routes(app: FastAPI) -> None:
    docs: dict[str, Any] = {
        "responses": {status: {"model": answers.ErrorAnswer} for status in _ERRORS},
        "openapi_extra": {"security": [{"key": []}]},
    }
    lead = {"openapi_extra": docs["openapi_extra"] | sent_as(json="Lead", form="LeadForm")}
    batch = {"openapi_extra": docs["openapi_extra"] | sent_as(json="LeadBatch")}
    errors = {"responses": docs["responses"] | {s: {"model": answers.ErrorAnswer} for s in (400, 415)}}
    of_a_lead = {**docs, "responses": docs["responses"] | {404: {"model": answers.ErrorAnswer}}}

    @app.post("/score", response_model=answers.ScoreAnswer, **errors, **lead)
    async def score(request: Request) -> Response:
        """Score one lead and keep it. A known lead_id keeps its first features; actual_outcome null erases nothing."""
        sent, as_text = await _lead_body(request)
        return await _do(request, lambda desk, actor: api_work.scored(desk, actor, sent, as_text))

    @app.get("/score/{lead_id}", response_model=answers.ReasonsAnswer, **of_a_lead)
    async def reasons(request: Request, lead_id: LeadId) -> Response:
        """What a lead that programs sent scores now, and why. Nothing is kept."""
        return await _do(request, lambda desk, _: api_work.reasons(desk, lead_id))

    @app.post("/score/batch", response_model=answers.BatchAnswer, **errors, **batch)
    async def score_batch(request: Request) -> Response:
        """Score many leads. Every one is in results or in problems."""
        sent = await _json_body(request)
        return await _do(request, lambda desk, actor: api_work.scored_batch(desk, actor, sent))

    @app.put("/feedback/{lead_id}", response_model=answers.FeedbackAnswer, **of_a_lead)
    async def feedback(request: Request, lead_id: LeadId, outcome: Outcome) -> Response:
        """Say what became of a lead. The same again changes nothing; another outcome stands from now on, and both are kept."""
        if outcome not in ("true", "false", "True", "False"):
            raise InputError("outcome was expected to be true or false.")
        return await _do(
            request, lambda desk, actor: api_work.given(desk, actor, lead_id, outcome.lower() == "true")
        )

    @app.get("/feedback/{lead_id}", response_model=answers.HistoryAnswer, **of_a_lead)
    async def history(request: Request, lead_id: LeadId) -> Response:
        """What was said about a lead, by whom and when."""
        return await _do(request, lambda desk, _: api_work.history(desk, lead_id))

    @app.delete("/feedback/{lead_id}", response_model=answers.FeedbackAnswer, **of_a_lead)
    async def undo(request: Request, lead_id: LeadId) -> Response:
        """Take back the newest outcome of a lead; the one before it stands again."""
        return await _do(request, lambda desk, actor: api_work.undone(desk, actor, lead_id))

    @app.get("/info", response_model=answers.InfoAnswer, **docs)
    async def info(request: Request) -> Response:
        """What scores, on what evidence, and how many outcomes are new."""
        return await _do(request, lambda desk, _: desk.info())

    @app.post("/retrain", status_code=202, response_model=answers.RetrainAnswer, **docs)
    async def retrain(request: Request) -> Response:
        """Start a retraining beside the API. It proposes at most; a person approves."""
        return await _do(request, api_work.retrained, status=202)

    @app.get(
        "/health",
        response_model=answers.HealthAnswer,
        responses={s: docs["responses"][s] for s in (413, 500, 503)},
    )
    async def health(request: Request) -> Response:
        """Whether the API and its database answer. Needs no key."""
        return answer(await run_in_threadpool(api_work.healthy, request.app.state.desk))


async def _do(request: Request, work: Callable[[Desk, Actor], Any], status: int = 200) -> Response:
    """The answer of `work`, done in one thread after the caller was let in."""
    scope, headers = request.scope, dict(request.headers)

    def done() -> Response:
        desk: Desk = request.app.state.desk()
        return answer(work(desk, desk.actor(scope, headers)), status)

    return await run_in_threadpool(done)


async def _lead_body(request: Request) -> tuple[Any, bool]:
    """What was sent, and whether it is text from a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return await _json_body(request), False
    try:
        pairs = (await request.form(max_files=0, max_fields=100)).multi_items()
    except HTTPException as error:
        raise Problem(400, "A form was expected, but the body is none.") from error
    form = {name: value for name, value in pairs if isinstance(value, str)}
    if len(form) < len(pairs):
        raise Problem(400, "A form was expected to have each field once, and no files.")
    if any(name.lstrip().startswith("{") for name in form):
        raise Problem(
            415,
            "The body looks like JSON, but is sent as a form. Send the header Content-Type: application/json.",
        )
    return form, True


async def _json_body(request: Request) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "JSON was expected. Send the header Content-Type: application/json.")
    try:
        body = await request.body()
        return _JSON.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise Problem(
            400, "The body was expected to be JSON, but cannot be read as such. Check its quotes and commas."
        ) from error


def _no_constant(_: str) -> Any:
    raise ValueError("no JSON")


_JSON = json.JSONDecoder(parse_constant=_no_constant)


async def _handled(_: Request, error: Exception) -> Response:
    if isinstance(error, RequestValidationError):
        wrong = {(str(one["loc"][0]), str(one["loc"][-1])) for one in error.errors()}
        said = {
            (
                "path",
                "lead_id",
            ): "lead_id was expected to be 1 to 100 letters, digits or the signs . _ : - (a letter or digit first).",
            ("query", "outcome"): "outcome was expected once, as ?outcome=true or ?outcome=false.",
        }
        return error_answer(
            InputError(" ".join(sorted(said.get(one, "The request does not fit.") for one in wrong)))
        )
    return error_answer(error)


def _most_bytes(desk: Callable[[], Desk], path: str) -> int:
    rules = desk().rules
    return rules.batch_bytes if path.rstrip("/").endswith("/score/batch") else rules.body_bytes


app = build_app()
