"""Who may come, how often, and from where."""

from __future__ import annotations

from typing import Any

import pytest

from api_answers import Problem
from api_limits import RateLimit, is_from_here, is_loopback, refuse_open_door, said_hosts
from errors import ConfigError


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("localhost", True), ("LOCALHOST", True),
     ("0.0.0.0", False), ("::", False), ("192.0.2.7", False), ("localhost.example.com", False), ("", False), (None, False)],
)  # fmt: skip
def test_which_addresses_are_this_machine(host: str | None, here: bool) -> None:
    assert is_loopback(host) is here


@pytest.mark.parametrize(
    ("argv", "server_host", "hosts"),
    [
        (["uvicorn", "api:app"], None, []),
        (["uvicorn", "api:app", "--host", "0.0.0.0", "--port", "80"], None, ["0.0.0.0"]),
        (["uvicorn", "--host=192.0.2.7", "api:app"], None, ["192.0.2.7"]),
        (["uvicorn", "api:app", "--uds", "/tmp/x"], "127.0.0.1", ["127.0.0.1", "/tmp/x"]),
        (["uvicorn", "--host"], None, [""]),
    ],
)
def test_the_addresses_that_a_start_names(argv: list[str], server_host: str | None, hosts: list[str]) -> None:
    assert said_hosts(argv, server_host) == hosts


def test_an_open_door_is_refused_for_other_machines_alone() -> None:
    refuse_open_door(["127.0.0.1", "::1"], is_shut=False, sentence="No.")
    refuse_open_door(["0.0.0.0"], is_shut=True, sentence="No.")
    with pytest.raises(ConfigError, match=r"Make a key\. Or serve 127"):
        refuse_open_door(["127.0.0.1", "0.0.0.0"], is_shut=False, sentence="Make a key.")


@pytest.mark.parametrize(
    ("server", "headers", "here"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8502"}, True),
        ("127.0.0.1", {"host": "localhost", "origin": "http://localhost:8501"}, True),
        ("::1", {"host": "[::1]:8502"}, True),
        ("127.0.0.1", {"host": "hades.example.com"}, False),  # a name that somebody made to lead here
        ("127.0.0.1", {"host": "localhost", "origin": "https://evil.example.com"}, False),
        ("127.0.0.1", {"host": "localhost", "origin": "null"}, False),
        ("127.0.0.1", {}, False),
        ("192.0.2.7", {"host": "localhost"}, False),
    ],
)
def test_without_a_key_a_request_comes_from_here_by_name_and_page(
    server: str, headers: dict[str, str], here: bool
) -> None:
    scope: Any = {"server": (server, 8502)}
    assert is_from_here(scope, headers) is here


def test_a_caller_has_a_burst_then_so_many_a_second_and_others_are_not_held_up() -> None:
    now = [100.0]
    limit = RateLimit(2, 3, clock=lambda: now[0])
    for _ in range(3):
        limit.take("shop")
    with pytest.raises(Problem) as stopped:
        limit.take("shop")
    assert stopped.value.status == 429
    assert stopped.value.headers["Retry-After"] == "1"
    limit.take("crm")
    now[0] += 0.5  # 2 a second: one more after half a second
    limit.take("shop")
    with pytest.raises(Problem):
        limit.take("shop")
    now[0] += 3600
    for _ in range(3):
        limit.take("shop")
    with pytest.raises(Problem):
        limit.take("shop")
