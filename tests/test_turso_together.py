"""read_together: the same answers as one by one, in the trips that the longest chain of questions needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from database import Database, Statement
from errors import Refused
from tests.real_server import RealServer, real_server_or_skip
from tests.turso_server import TursoServer
from turso_file import LocalFile
from turso_http import for_url
from turso_together import read_together


@pytest.fixture(params=["local", "strict", "real"])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A table of two people."""
    with ExitStack() as stack:
        db: Database = LocalFile(tmp_path / "hades.db")
        if request.param != "local":
            server: TursoServer | RealServer = (
                TursoServer(tmp_path / "s.db")
                if request.param == "strict"
                else real_server_or_skip(tmp_path / "real")
            )
            stack.enter_context(server)
            db = for_url(server.url, server.token)
        db.write(
            [
                Statement("CREATE TABLE people (name TEXT, age INTEGER, born TEXT)"),
                Statement("INSERT INTO people VALUES ('Ana', 9007199254740993, '2000-01-02'), ('Bo', NULL, NULL)"),
            ],
            bump=False,
        )  # fmt: skip
        yield db
        db.close()


def ages(db: Database) -> pd.DataFrame:
    return db.frame("SELECT name, age FROM people ORDER BY name")


def nobody(db: Database) -> pd.DataFrame:
    return db.frame("SELECT name, age FROM people WHERE name = ?", ("Cleo",))


def born(db: Database) -> list[dict[str, Any]]:
    return db.rows("SELECT name FROM people WHERE born = ?", (date(2000, 1, 2),))


def two(db: Database) -> list[Any]:
    return db.read([Statement("SELECT count(*) AS n FROM people"), Statement("SELECT name, age FROM people ORDER BY name")])  # fmt: skip


def oldest(db: Database) -> str:
    """A chain of two: the second question needs the first answer."""
    age = db.rows("SELECT max(age) AS age FROM people")[0]["age"]
    return str(db.rows("SELECT name FROM people WHERE age = ?", (age,))[0]["name"])


READERS: list[Callable[[Database], Any]] = [ages, nobody, born, two, oldest]


def test_the_answers_are_those_of_one_by_one_in_two_trips(people: Database) -> None:
    alone = [reader(people) for reader in READERS]
    before = people.round_trips
    together = read_together(people, READERS)
    assert people.round_trips - before == 2  # the longest chain has two links
    for one, other in zip(alone, together, strict=True):
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other)
        else:
            assert one == other
    assert together[4] == "Ana"
    assert list(together[1].columns) == ["name", "age"]  # the columns stay where no row is


def test_nothing_asks_nothing_and_one_asks_once(people: Database) -> None:
    before = people.round_trips
    assert read_together(people, []) == []
    assert people.round_trips == before
    assert len(read_together(people, [ages])[0]) == 2
    assert people.round_trips == before + 1


def test_arguments_that_sql_tells_apart_are_told_apart(people: Database) -> None:
    def kinds(value: Any) -> Callable[[Database], str]:
        return lambda db: str(db.rows("SELECT typeof(?) AS kind", (value,))[0]["kind"])

    values = [1, 1.0, True, "1", None, math.nan]
    before = people.round_trips
    assert read_together(people, [kinds(value) for value in values]) == [
        "integer", "real", "integer", "text", "null", "null",
    ]  # fmt: skip
    assert people.round_trips == before + 1


def test_a_reader_that_writes_is_refused_and_nothing_is_kept(people: Database) -> None:
    def writer(db: Database) -> None:
        db.rows("SELECT 1 AS one")
        db.write([Statement("DELETE FROM people")], bump=False)

    with pytest.raises(Refused, match="A reading was expected"):
        read_together(people, [ages, writer])
    assert len(ages(people)) == 2


def test_an_error_of_a_reader_is_its_own(people: Database) -> None:
    def wrong(db: Database) -> None:
        raise LookupError(db.rows("SELECT count(*) AS n FROM people")[0]["n"])

    with pytest.raises(LookupError, match="2"):
        read_together(people, [ages, wrong])
    with pytest.raises(Refused, match="did not accept"):
        read_together(people, [lambda db: db.rows("SELECT nothing FROM nowhere")])


def test_a_reader_that_never_asks_the_same_twice_still_gets_its_answer(people: Database) -> None:
    asked = iter(range(100))

    def restless(db: Database) -> int:
        return int(db.rows("SELECT ? AS n", (next(asked),))[0]["n"])

    assert read_together(people, [restless]) == [8]  # eight runs in vain, the ninth asks the database itself


def test_rows_that_stream_come_from_the_database_itself(people: Database) -> None:
    def streamed(db: Database) -> list[Any]:
        return [row for part in db.stream("SELECT name FROM people ORDER BY name") for row in part]

    assert read_together(people, [streamed]) == [[("Ana",), ("Bo",)]]
