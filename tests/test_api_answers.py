"""Every error of the product has a status, one shape, and never its text where nobody foresaw it."""

from __future__ import annotations

import json
import logging

import pytest
from starlette.exceptions import HTTPException

from api_answers import Problem, answer, error_answer
from errors import ConfigError, Conflict, InputError, Refused, Unavailable
from feedback import UnknownLead


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (InputError("a"), 422, "InputError"), (Conflict("a"), 409, "Conflict"), (Refused("a"), 403, "Refused"),
        (Unavailable("a"), 503, "Unavailable"), (ConfigError("a"), 503, "ConfigError"), (UnknownLead("a"), 404, "NotFound"),
        (Problem(429, "a"), 429, "TooMany"), (Problem(418, "a"), 418, "BadRequest"),
    ],
)  # fmt: skip
def test_an_error_is_a_status_a_kind_and_its_sentence(error: Exception, status: int, kind: str) -> None:
    made = error_answer(error)
    assert made.status_code == status
    assert json.loads(bytes(made.body)) == {"error": {"kind": kind, "message": "a"}}
    assert made.headers["cache-control"] == "no-store"


def test_an_error_of_the_framework_keeps_its_headers_and_loses_its_words() -> None:
    made = error_answer(HTTPException(405, "Method Not Allowed", {"Allow": "GET"}))
    assert (made.status_code, made.headers["allow"]) == (405, "GET")
    assert json.loads(bytes(made.body))["error"]["kind"] == "NotAllowed"
    assert error_answer(Unavailable("a")).headers["retry-after"] == "5"


def test_what_nobody_foresaw_is_a_reference_here_and_the_place_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        try:
            raise KeyError("planted-personal-datum")
        except KeyError as error:
            made = error_answer(error)
    said = json.loads(bytes(made.body))["error"]
    assert (made.status_code, said["kind"]) == (500, "Failure")
    assert "planted" not in said["message"] + caplog.text.replace(
        'raise KeyError("planted-personal-datum")', ""
    )
    assert said["message"].split()[-1].rstrip(".") in caplog.text
    assert "test_api_answers.py" in caplog.text


def test_no_answer_holds_what_json_has_not() -> None:
    with pytest.raises(ValueError, match="JSON"):
        answer({"score": float("nan")})
