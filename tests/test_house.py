"""The plan of the house, held: what each room may import, know and do. docs/architecture.md shows the same table."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Row(NamedTuple):
    level: int
    rooms: str  # names and patterns; an exact name wins over a pattern
    may: str  # rows, or single rooms of other rows; "everything" for the faces


PLAN = {
    "ground": Row(0, "errors, actors, settings", "ground"),
    "database": Row(1, "sql_values, database, turso_*", "ground, database"),
    "zoho": Row(1, "zoho_answers, zoho_auth, zoho_tokens, zoho_sending, zoho_client", "ground, zoho"),
    "stores": Row(2, "stores/*", "ground, stores, turso_db"),
    "calculations": Row(
        2,
        "workbooks, sheets, lead_*, leads, strict_yaml, icp, icp_*, scoring, geo, vanillasoft, vanillasoft_*, "
        "preflight, suppression_keys, batch_ids, company_names, match_weights, matching, deals, deal_checks, zoho_profile, zoho_rules, zoho_deals, "
        "zoho_sites, zoho_custody, zoho_evidence, zoho_runs, named_columns, past_export_rows, demo_*, analytics/*",
        "ground, calculations",
    ),
    "steps": Row(
        3,
        "sync_run, zoho_rows, zoho_lists, zoho_reading, zoho_settling, configuration, score_changes, change_preview, column_file, outcome_columns, outcome_words, outcome_reading, deal_columns, model_choices, message_delivery",
        "ground, stores, calculations, steps, turso_db, zoho_client",
    ),
    "acts": Row(
        3,
        "export, past_exports, outcomes, outcome_work, calibration, models, sent_models, approvals, proposals, operators, suppression, column_choices, deal_import, pipeline, alerts, alert_senders, zoho_sync, zoho_history, zoho_operators, zoho_check, feedback, outcome_entry, api_keys, segment_factors, summary_views, schedule, digest, guide",
        "ground, stores, calculations, steps, turso_db, zoho_client",
    ),
    "demo": Row(3, "demo, demo_removal", "ground, stores, calculations, turso_db, export, outcomes"),
    "faces": Row(4, "Home, pages/*, views/*, ui, jobs, serve, api, api_*, scripts/*", "everything"),
}
STREAMLIT = ("Home", "pages/*", "views/*", "ui", "jobs", "serve")
SQL = ("stores/*", "turso_*", "database")
HTTP = ("turso_wire", "zoho_auth", "zoho_sending", "alert_senders")
ENVIRONMENT = ("settings",)
HEAVY = {  # each costs a page a noticeable part of a second, so it loads where it is needed
    "scipy", "sklearn", "statsmodels", "plotly", "openpyxl", "python_calamine", "rapidfuzz", "zipcodes", "matplotlib",
}  # fmt: skip
HEAVY_AT_THE_TOP = {"match_weights": {"rapidfuzz"}, "matching": {"rapidfuzz"}}  # the rooms are made of it
CHANCE_AND_CLOCK = {
    "time",
    "random",
    "secrets",
    "uuid",
    "socket",
    "threading",
    "sqlite3",
    "requests",
    "urllib",
}
_CLOCK = ("now", "today", "utcnow", "time", "monotonic", "perf_counter")
LONGEST = 450


@cache
def rooms() -> dict[str, Path]:
    """Every module of the product by its name in the plan: `export`, `stores/batches`, `pages/2_Batches`."""
    folders = [ROOT, *(ROOT / name for name in ("stores", "analytics", "pages", "views", "scripts", "api"))]
    found = {}
    for folder in filter(Path.is_dir, folders):
        for path in sorted(folder.glob("*.py")):
            if path.stem != "__init__":
                found[path.relative_to(ROOT).with_suffix("").as_posix()] = path
    return found


@cache
def tree(room: str) -> ast.Module:
    return ast.parse(rooms()[room].read_text(encoding="utf-8"))


def listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def is_among(room: str, patterns: list[str] | tuple[str, ...]) -> bool:
    return any(fnmatchcase(room, pattern) for pattern in patterns)


def row_of(room: str) -> str | None:
    exact = [name for name, row in PLAN.items() if room in listed(row.rooms)]
    wide = [name for name, row in PLAN.items() if is_among(room, listed(row.rooms))]
    assert len(exact) < 2, f"{room} stands in several rows: {exact}"
    assert exact or len(wide) < 2, f"{room} stands in several rows: {wide}"
    return next(iter(exact or wide), None)


@cache
def imports(room: str) -> list[tuple[str, bool]]:
    """(module, at the top) of every import: ours by the name in the plan, others by their first part."""
    found = []
    for node in ast.walk(tree(room)):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{room}: imports are absolute"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            named = [name for name in inside if name.replace(".", "/") in rooms()] or [str(node.module)]
        else:
            continue
        for name in named:
            ours = name.replace(".", "/")
            found.append((ours if ours in rooms() else name.partition(".")[0], node.col_offset == 0))
    return found


def calls(room: str) -> list[ast.Call]:
    return [node for node in ast.walk(tree(room)) if isinstance(node, ast.Call)]


# --- The table -------------------------------------------------------------------------------------------------


def test_the_table_of_the_architecture_is_this_one() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\| \d \| ", line)]
    shown = {}
    for line in lines:
        level, name, room_list, own, may = (cell.strip() for cell in line.strip("|").split("|"))
        assert own, name
        shown[name] = Row(int(level), room_list, may)
    assert shown == PLAN


def test_every_room_stands_in_one_row() -> None:
    homeless = [room for room in rooms() if row_of(room) is None]
    assert homeless == [], "Put them into the table of docs/architecture.md and into PLAN."


def test_the_arrows_point_down() -> None:
    wrong = []
    for room in rooms():
        may = listed(PLAN[row_of(room) or "ground"].may)
        for target, _ in imports(room):
            if (
                target in rooms()
                and "everything" not in may
                and target not in may
                and row_of(target) not in may
            ):
                wrong.append(f"{room} ({row_of(room)}) imports {target} ({row_of(target)})")
    assert wrong == []


def test_no_arrows_run_in_a_circle() -> None:
    open_rooms: list[str] = []
    done: set[str] = set()

    def walk(room: str) -> None:
        assert room not in open_rooms, " → ".join([*open_rooms[open_rooms.index(room) :], room])
        if room in done:
            return
        open_rooms.append(room)
        for target, _ in imports(room):
            if target in rooms():
                walk(target)
        done.add(open_rooms.pop())

    for room in rooms():
        walk(room)


def test_the_doors_of_the_database_are_opened_from_one_room() -> None:
    backends = {"turso_file", "turso_http", "turso_libsql_client"}
    assert {room for room in rooms() for target, _ in imports(room) if target in backends} <= {"turso_db"}


# --- Who may know what -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("libraries", "allowed"),
    [
        ({"streamlit"}, STREAMLIT),
        ({"requests"}, HTTP),
        ({"httpx", "aiohttp", "http", "urllib3", "websockets"}, HTTP),
        ({"sqlite3"}, ("turso_*",)),
        ({"pickle", "joblib", "sqlalchemy", "libsql", "libsql_client"}, ("turso_libsql_client",)),
    ],
)
def test_a_library_stays_in_its_rooms(libraries: set[str], allowed: tuple[str, ...]) -> None:
    outside = {
        (room, target)
        for room in rooms()
        for target, _ in imports(room)
        if target in libraries and not is_among(room, allowed)
    }
    assert outside == set()


def test_heavy_libraries_load_where_they_are_needed() -> None:
    early = {
        (room, target)
        for room in rooms()
        for target, at_top in imports(room)
        if at_top and target in HEAVY - HEAVY_AT_THE_TOP.get(room, set())
    }
    assert early == set()


_STATEMENT = re.compile(
    r"\s*(SELECT\s.*\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|PRAGMA\s|BEGIN\b"
    r"|CREATE\s+(UNIQUE\s+)?(TABLE|INDEX|VIEW|TRIGGER)\s|DROP\s+(TABLE|INDEX|VIEW|TRIGGER)\s)",
    re.DOTALL,
)


def texts(room: str) -> list[str]:
    """Every text in the code that is no docstring; an f-string without its values."""
    whole = tree(room)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(whole)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    pieces = {id(v) for node in ast.walk(whole) if isinstance(node, ast.JoinedStr) for v in node.values}
    found = []
    for node in ast.walk(whole):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(v.value if isinstance(v, ast.Constant) else "x" for v in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs | pieces:
            found.append(node.value)
    return found


def test_sql_stands_in_the_stores_and_in_the_database_s_own_rooms() -> None:
    outside = {
        room: text[:60]
        for room in rooms()
        if not is_among(room, SQL)
        for text in texts(room)
        if _STATEMENT.match(text)
    }
    outside = {
        room: text for room, text in outside.items() if room not in ("zoho_client", "zoho_reading")
    }  # COQL
    assert outside == {}


def test_the_pattern_for_sql_knows_sql() -> None:
    assert any(_STATEMENT.match(text) for text in texts("stores/batches"))
    for text in (
        "SELECT 1 AS x FROM t",
        "INSERT OR IGNORE INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        " PRAGMA x",
    ):
        assert _STATEMENT.match(text)
    for text in ("Select a file from the list.", "Update it.", "Begin with a file.", "SELECT from the menu"):
        assert not _STATEMENT.match(text)


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        room
        for room in rooms()
        for node in ast.walk(tree(room))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {a.name for a in node.names} & {"environ", "getenv"}
        )
    }
    assert readers <= set(ENVIRONMENT)


def test_calculations_and_stores_have_no_clock_and_no_chance() -> None:
    wrong = []
    for room in rooms():
        if PLAN[row_of(room) or "faces"].level != 2:
            continue
        wrong += [f"{room} imports {name}" for name, _ in imports(room) if name in CHANCE_AND_CLOCK]
        for call in calls(room):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in _CLOCK and isinstance(call.func, ast.Attribute):
                wrong.append(f"{room}, line {call.lineno}: {ast.unparse(call.func)}()")
            if name == "default_rng" and not (call.args or call.keywords):
                wrong.append(f"{room}, line {call.lineno}: a generator without a seed")
        wrong += [
            f"{room}, line {node.lineno}: {ast.unparse(node)} draws from the shared generator"
            for node in ast.walk(tree(room))
            if isinstance(node, ast.Attribute)
            and ast.unparse(node.value) in ("np.random", "numpy.random")
            and node.attr not in ("default_rng", "Generator", "SeedSequence", "PCG64")
        ]
    assert wrong == []


def test_acts_are_told_the_time() -> None:
    wrong = [
        f"{room}, line {call.lineno}: {ast.unparse(call.func)}()"
        for room in rooms()
        if PLAN[row_of(room) or "faces"].level == 3
        for call in calls(room)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("now", "today", "utcnow")
        and not call.args
    ]
    assert wrong == []


# --- How a room is built ---------------------------------------------------------------------------------------


def test_every_room_says_what_it_is_for() -> None:
    silent = [room for room in rooms() if not ast.get_docstring(tree(room))]
    packages = [
        p for p in ROOT.glob("*/__init__.py") if p.parent.name in ("stores", "analytics", "views", "scripts")
    ]
    silent += [
        p.parent.name for p in packages if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_everything_public_says_what_comes_back() -> None:
    silent = []
    for room in rooms():
        for node in tree(room).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                silent.append(f"{room}.{node.name}")
            silent += [
                f"{room}.{node.name}.{inner.name}"
                for inner in (node.body if isinstance(node, ast.ClassDef) else [])
                if isinstance(inner, ast.FunctionDef)
                and not inner.name.startswith("_")
                and not ast.get_docstring(inner)
            ]
    assert silent == []


def test_no_room_has_become_two() -> None:
    long = {
        room: n
        for room in rooms()
        if (n := len(rooms()[room].read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_no_room_is_a_drawer_for_everything() -> None:
    for room in rooms():
        assert not re.search(r"(^|_|/)(utils?|helpers?|common|constants|misc|base)($|_)", room), room
        for node in ast.walk(tree(room)):
            assert not (
                isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
            ), room


def is_tested(room: str, files: dict[str, str]) -> bool:
    """By a file of its name; a store, a script or one of a family by a file that imports it; a page by the pages' file;
    a step by the tests of every room that takes it.
    """
    folder, _, name = room.rpartition("/")
    module, family = room.replace("/", "."), name.partition("_")[0]
    if any(stem == f"test_{name}" or stem.startswith(f"test_{name}_") for stem in files):
        return True
    if folder in ("pages", "views") or room in ("Home", "ui"):
        return "test_pages" in files
    importing = re.compile(rf"\b(from|import) {module}\b|\bfrom {folder or '-'} import [^\n]*\b{name}\b")
    if any(
        importing.search(text)
        for stem, text in files.items()
        if folder in ("stores", "scripts") or stem.startswith(f"test_{family}")
    ):
        return True
    takers = [other for other in rooms() if any(target == room for target, _ in imports(other))]
    apart = row_of(room) != "steps" and any(not taker.startswith(family) for taker in takers)
    return bool(takers) and not apart and all(is_tested(taker, files) for taker in takers)


def test_every_room_has_its_tests() -> None:
    files = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py")}
    assert [room for room in rooms() if not is_tested(room, files)] == []


def test_every_page_begins_with_the_guard() -> None:
    for room in rooms():
        if room != "Home" and not room.startswith("pages/"):
            continue
        body = tree(room).body[1:]  # after the docstring
        kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
        place = next((i for i, node in enumerate(body) if not isinstance(node, kinds)), len(body))
        assert place == len(body) - 1, f"{room}: one `with ui.page(...)` and nothing after it"
        guard = body[place]
        assert isinstance(guard, ast.With), room
        assert ast.unparse(guard.items[0].context_expr.func) == "ui.page", room  # type: ignore[attr-defined]
        early = [
            ast.unparse(call.func)
            for node in body[:place]
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for call in ast.walk(node)
            if isinstance(call, ast.Call)
        ]
        assert early == [], f"{room}: {early} runs before the guard"


def test_importing_a_room_does_nothing() -> None:
    faces = (
        "Home",
        "turso_libsql_client",
    )  # a page runs when it is imported; the other needs a library of its own
    modules = [
        room.replace("/", ".") for room in rooms() if room not in faces and not room.startswith("pages/")
    ]
    modules.remove(
        "turso_libsql_client"
    ) if "turso_libsql_client" in modules else None  # its library is optional
    found = subprocess.run(
        [sys.executable, ROOT / "tests" / "import_all.py", ROOT, *modules],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == ""


def test_the_watch_sees_what_a_room_does(tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text(
        "import logging, os, sqlite3\n"
        "os.environ['HOME']\n"
        "open(__file__ + '.txt', 'w').close()\n"
        "sqlite3.connect(':memory:').close()\n"
        "logging.basicConfig()\n"
    )
    found = subprocess.run(
        [sys.executable, ROOT / "tests" / "import_all.py", tmp_path, "busy"],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert [line.split()[0] for line in found if "busy" in line] == [
        "the",
        str(tmp_path / "busy.py.txt"),
        "sqlite3.connect",
    ]
    assert "logging was set up" in found
