"""How every script speaks: --help, --json, exit code 0 done, 1 part of the work failed, 2 refused."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, NoReturn

import turso_db
from column_choices import remembered_columns, remembered_words
from errors import HadesError, InputError
from named_columns import (
    FileKind,
    headers_of,
    same_header,
    same_reasons,
    shown_headers,
    shown_rows,
    understand,
)
from outcome_words import (
    LEAVE_OUT,
    not_understood,
    shown_word,
    told_words,
    usable_words,
    vocabulary,
    words_of,
)
from settings import Settings, read_settings
from sheets import MOST_BYTES

DONE, PARTLY, REFUSED = 0, 1, 2
_NOT_TEXT = re.compile("[\ud800-\udfff]")  # bytes of an argument that are not UTF-8


class Parser(argparse.ArgumentParser):
    """argparse that raises its complaint as an InputError, so that --json answers for wrong options too."""

    def error(self, message: str) -> NoReturn:
        """Never comes back: the complaint is an InputError."""
        raise InputError(f"{message[:1].upper()}{message[1:]}. See --help.")


def parser(module: str, description: str) -> Parser:
    """A parser for `python -m module` that knows --json."""
    made = Parser(prog=f"python -m {module}", description=description, allow_abbrev=False)
    made.add_argument("--json", action="store_true", help="print the result as one JSON object")
    return made


def run(
    main: Callable[[Sequence[str]], tuple[dict[str, Any], str, int]], argv: Sequence[str] | None = None
) -> int:
    """The exit code of `main(argv)`, which gives (result, text for people, exit code).

    The result goes to standard output, as JSON with --json. An error of the product becomes its sentence on
    standard error and, with --json, {"error": {kind, message}} on standard output; the exit code is 2.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows no arrows still gets its lines
            stream.reconfigure(errors="backslashreplace")
    try:
        if _NOT_TEXT.search(" ".join(arguments)):
            raise InputError(
                "The command line was expected to be UTF-8 text. Type it again, or rename the file."
            )
        result, text, code = main(arguments)
        _say(json.dumps(result, allow_nan=False) if as_json else text)
    except HadesError as error:
        print(str(error), file=sys.stderr)
        if as_json:
            _say(json.dumps({"error": {"kind": error.kind, "message": str(error)}}))
        return REFUSED
    except KeyboardInterrupt:
        print("Stopped by the keyboard.", file=sys.stderr)
        return PARTLY
    return code


def _say(text: str) -> None:
    """Nothing; the text is on standard output, unless its reader has left (`| head -1`), which is no
    error.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the flush at exit has no complaint either


@contextmanager
def opened() -> Iterator[tuple[turso_db.Database, Settings]]:
    """The database and the settings of this process; the database is closed afterwards."""
    settings = read_settings()
    db = turso_db.connect(
        settings.database_url, settings.auth_token, settings.data_dir, driver=settings.driver
    )
    try:
        yield db, settings
    finally:
        db.close()


def clock() -> datetime:
    """Now, in UTC, to the second: what every stored timestamp shows."""
    return datetime.now(UTC).replace(microsecond=0)


def as_date(text: str) -> date:
    """The day in YYYY-MM-DD, for an option's `type`."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a day as 2026-02-11, got '{text}'") from error
    if not 2000 <= day.year <= 2099:
        raise argparse.ArgumentTypeError(f"expected a day from 2000 to 2099, got '{text}'")
    return day


def as_number(text: str) -> int:
    """A whole number from 1 on, for the `type` of a run or a version."""
    return _whole(text, 1)


def as_seed(text: str) -> int:
    """A whole number from 0 on, for the `type` of a seed."""
    return _whole(text, 0)


def _whole(text: str, low: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) >= low):
        raise argparse.ArgumentTypeError(f"expected a whole number from {low} on, got '{text[:40]}'")
    return int(text)


def read_file(path: str) -> bytes:
    """The content of a file that was named on the command line; InputError when it cannot be read or is too
    large.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"The file {path} cannot be read: {error.strerror}. Check the path.") from error
    if len(content) > MOST_BYTES:
        raise InputError(
            f"The file {path} has more than {MOST_BYTES // 2**20} MB, the most that can be read. Split it."
        )
    return content


def column_options(options: Parser, *, days: bool = True) -> None:
    """Nothing; the parser also takes which column is read as which field, and how days are written."""
    options.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=HEADER",
        help="which column a field is read from, where its header is not recognised",
    )
    if days:
        day_options(options)


def day_options(options: Parser) -> None:
    """Nothing; the parser also takes which order the days of a file are in: day_first is True, False, or None where not said."""
    where = "where the days of the file do not tell, or contradict each other"
    either = options.add_mutually_exclusive_group()
    either.add_argument(
        "--day-first", action="store_true", default=None, help=f"2/10/2025 is October 2, {where}"
    )
    either.add_argument(
        "--month-first",
        dest="day_first",
        action="store_false",
        default=None,
        help=f"2/10/2025 is February 10, {where}",
    )


def own_mapping(said: Sequence[str]) -> dict[str, str]:
    """FIELD=HEADER pairs as a map; InputError for one that is none."""
    pairs = [pair.partition("=") for pair in said]
    if strange := [field for field, sign, header in pairs if not (field and sign and header)]:
        raise InputError(f"--column was expected as FIELD=HEADER, but is '{strange[0][:60]}'.")
    return {field.strip(): header.strip() for field, _, header in pairs}


def chosen_columns(
    db: turso_db.Database, content: bytes, name: str, kind: FileKind, said: argparse.Namespace
) -> dict[str, str]:
    """Field → header, as remembered for files with these headers and as said with --column, which wins. What was understood
    by another header than the field's own name, and what was not, is told on standard error before anything comes in;
    with --json not, it stands in the notes there.
    """
    headers = headers_of(content, name, kind)
    mapping = remembered_columns(db, kind=kind, headers=headers) | own_mapping(said.column)
    found = understand(headers, kind, mapping)
    if found.is_enough and not said.json:
        others = [
            f"{field} from '{shown_headers([headers[at] for at in some])}'"
            for field, some in found.places.items()
            if [same_header(headers[at]) for at in some] != [field]
        ]
        for what, names in (
            ("Read", ", ".join(others)),
            ("Not understood, and left out", shown_headers(found.unused, 40) if found.unused else ""),
        ):
            if names:
                print(f"{what}: {names}.", file=sys.stderr)
    return mapping


def told_rows(
    counts: Mapping[str, int], notes: Sequence[str], rejected: Sequence[tuple[int, str]]
) -> tuple[dict[str, Any], str, int]:
    """What a script says about a file that came in: its counts, its notes and the rows that could not be used."""
    result = {**counts, "notes": list(notes), "problems": [{"row": n, "problem": why} for n, why in rejected]}
    lines = [", ".join(f"{count:,} {name}" for name, count in counts.items()), *notes]
    for why, rows in same_reasons(rejected)[:20]:
        lines.append(f"Row {rows[0]}: {why}" if len(rows) == 1 else f"Rows {shown_rows(rows)}: {why}")
    return result, "\n".join(lines), DONE


def word_option(options: Parser) -> None:
    """Nothing; the parser also takes what a word of the file means."""
    options.add_argument(
        "--word",
        action="append",
        default=[],
        metavar="WORD=MEANING",
        help="what a word of yours for an outcome means: one of the outcomes, or 'leave out'",
    )


def chosen_words(
    db: turso_db.Database,
    content: bytes,
    name: str,
    kind: FileKind,
    mapping: Mapping[str, str],
    said: argparse.Namespace,
) -> dict[str, str]:
    """Word → meaning, as remembered for files with these headers and as said with --word, which wins. Words without a meaning
    are told with their rows, and how to give them one, on standard error before anything comes in. InputError for a meaning
    that is none.
    """
    pairs = [pair.rpartition("=") for pair in said.word]
    own = {word.strip(): meaning.strip() for word, _, meaning in pairs}
    words = vocabulary(kind)
    allowed = ", ".join((*(words.meanings if words else ()), LEAVE_OUT))
    usable = usable_words(own, kind)
    if len(usable) < len(said.word):
        raise InputError(
            f"--word was expected once per word as WORD=MEANING, the meaning one of: {allowed}; but it was '{', '.join(said.word)[:120]}'."
        )
    usable = remembered_words(db, kind=kind, headers=headers_of(content, name, kind)) | usable
    strange = not_understood(words_of(content, name, kind, mapping), kind, usable)
    if strange and not said.json:
        print(
            f"Words that are not understood, with their rows: {told_words(strange)}. Their rows stay out. Say what a word means, and "
            f"import again: --word '{shown_word(strange[0].shown)}=MEANING', MEANING being one of: {allowed}.",
            file=sys.stderr,
        )
    return usable


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """The rows as aligned text with a header line; missing values as a dash."""
    cells = [list(columns)] + [[_shown(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
