"""What the API answers: the shapes of its document, and one shape for every error."""

from __future__ import annotations

import json
import logging
import secrets
import traceback
from typing import Any

from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from errors import Conflict, HadesError, InputError, Refused, Unavailable
from feedback import UnknownLead

_log = logging.getLogger("hades")
_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_KINDS = {
    400: "BadRequest", 401: "NoKey", 403: "Refused", 404: "NotFound", 405: "NotAllowed", 413: "TooLarge",
    415: "UnsupportedMediaType", 422: "InputError", 429: "TooMany",
}  # fmt: skip
_STATUS = {InputError: 422, Conflict: 409, Refused: 403}  # of the product's errors; all others are 503
_SENTENCES = {
    404: "There is nothing at this address. GET /openapi.json lists what there is.",
    405: "This address takes other methods. GET /openapi.json lists them.",
}


class ErrorDetail(BaseModel):
    """Which kind of error, and a sentence: what was expected, what came, what to do."""

    kind: str
    message: str


class ErrorAnswer(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail


class ScoreAnswer(BaseModel):
    """A lead's score. risk_category says how likely it converts, not how risky it is."""

    lead_id: str
    conversion_score: float = Field(ge=0, le=1)
    risk_category: str = Field(json_schema_extra={"enum": ["High", "Medium", "Low"]})
    timestamp: str = Field(json_schema_extra={"format": "date-time"})
    model_version: str


class ReasonsAnswer(ScoreAnswer):
    """What the lead scores now, with the fields it was last sent with, and why: reasons are points that sum to 100 x the
    score; `base` is what the average lead has."""

    reasons: dict[str, float]


class RejectedLead(BaseModel):
    """A lead of a batch that was not scored: its place in the list (from 0) and why."""

    index: int
    lead_id: str | None
    message: str


class BatchAnswer(BaseModel):
    """received = scored + rejected, always."""

    received: int
    scored: int
    rejected: int
    results: list[ScoreAnswer]
    problems: list[RejectedLead]


class FeedbackAnswer(BaseModel):
    """How the lead stands now. total_feedback: leads with an outcome."""

    message: str
    lead_id: str
    outcome: bool | None
    total_feedback: int


class FeedbackEntry(BaseModel):
    """One thing that was said about a lead; outcome null: an earlier one was taken back."""

    outcome: bool | None
    given_at: str
    given_by: str
    came_from: str


class HistoryAnswer(BaseModel):
    """The outcome that stands, and all that was said, oldest first."""

    lead_id: str
    outcome: bool | None
    history: list[FeedbackEntry]


class RetrainingAnswer(BaseModel):
    """feedback_count: leads whose outcome came since the last retraining."""

    feedback_count: int
    retraining_threshold: int
    ready_for_retraining: bool


class LastRetraining(BaseModel):
    """status: running, done, failed or interrupted; said: what it found."""

    started_at: str
    started_by: str
    feedback_count: int
    status: str
    finished_at: str | None
    said: str | None


class ModelAnswer(BaseModel):
    """What scores one kind of lead. base_rate stands with its evidence: successes of leads, Wilson's 95 % ends."""

    model_version: str
    base_rate: float
    successes: int
    leads: int
    low: float | None
    high: float | None
    risk_thresholds: dict[str, float]
    metrics: dict[str, Any] | None


class InfoAnswer(BaseModel):
    """model_version: `prior` until a model is in force for any kind of lead."""

    model_version: str
    metrics: dict[str, Any] | None
    models: dict[str, ModelAnswer]
    total_leads_scored: int
    feedback_samples_collected: int
    retraining_status: RetrainingAnswer
    last_retraining: LastRetraining | None


class RetrainAnswer(BaseModel):
    """started: false while one is running already."""

    message: str
    started: bool
    retraining_status: RetrainingAnswer


class HealthAnswer(BaseModel):
    """ok: the database answers."""

    status: str
    version: str


class Problem(Exception):
    """An answer that is an error, with its HTTP status."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The content as JSON that no cache keeps."""
    return Response(_JSON.encode(content), status, {**_HEADERS, **(headers or {})}, "application/json")


def error_answer(error: BaseException) -> Response:
    """The error in its one shape. What nobody foresaw is logged under a reference, without its text: that can be data."""
    if isinstance(error, Problem):
        return _error(error.status, _KINDS.get(error.status, "BadRequest"), error.message, error.headers)
    if isinstance(error, HTTPException):
        kind = _KINDS.get(error.status_code, "BadRequest")
        message = _SENTENCES.get(error.status_code, "The request could not be read.")
        return _error(error.status_code, kind, message, dict(error.headers or {}))
    if isinstance(error, UnknownLead):
        return _error(404, "NotFound", str(error))
    if isinstance(error, HadesError):
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 503)
        later = {"Retry-After": "5"} if isinstance(error, Unavailable) else {}
        return _error(status, error.kind, str(error), later)
    reference = secrets.token_hex(4)
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("an answer failed with %s, reference %s\n%s", type(error).__name__, reference, frames)
    return _error(500, "Failure", f"Something went wrong here. The log has the details under {reference}.")


def _error(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return answer({"error": {"kind": kind, "message": message}}, status, headers)
