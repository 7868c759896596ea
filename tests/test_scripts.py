"""What programs call: exit codes, JSON on standard output, sentences on standard error."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest
from lead_rows import ZOOMINFO_HEADERS, csv_file, lead_row
from outcome_rows import HISTORY, MILESTONES, real_history, table
from script_words import export, json_said, refused

import scripts.approve
import scripts.calibrate
import scripts.export_batch
import scripts.import_historical
import scripts.import_outcomes
import scripts.rollback
import turso_db
from scripts.command import run
from stores import batches
from vanillasoft import read_back

ROOT = Path(__file__).resolve().parents[1]
NAMES = sorted(
    path.stem
    for path in (ROOT / "scripts").glob("*.py")
    if path.stem not in ("__init__", "command", "judged")
)  # fmt: skip


def start(script, *arguments, **changes):
    """A real process of the script in the environment of the test."""
    return subprocess.Popen(
        [sys.executable, "-m", f"scripts.{script}", *map(os.fspath, arguments)],
        cwd=ROOT, env=os.environ | changes, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process):
    """Exit code, standard output and standard error of a process that must come to its end."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def leads(tmp_path, config_dir):
    path = tmp_path / "leads.csv"
    path.write_bytes(csv_file([lead_row(n) for n in range(1, 4)] + [lead_row(4, Employees="9")]))
    return path


# --- The whole loop, each step a process of its own ------------------------------------------------------------


def test_the_loop_from_history_to_a_changed_score_and_back(tmp_path, config_dir, db_path):
    """Import, export, import outcomes, calibrate, approve, score differently, roll back."""

    def json_of(script, *arguments):
        code, out, err = ended(start(script, *arguments))
        assert (code, err, out.count("\n")) == (0, "", 1), (script, out, err)
        return json.loads(out)

    history, first, second = tmp_path / "history.csv", tmp_path / "first.csv", tmp_path / "second.csv"
    history.write_bytes(table(HISTORY, real_history()))
    hospital = {"SIC_Code_1": "8062", "SIC_Codes": "80;806;8062"}
    for path, number in ((first, 1), (second, 2)):
        path.write_bytes(csv_file([lead_row(number, **hospital), lead_row(number + 50, Employees="9")]))
    told = json_of("import_historical", "--csv", history, "--json")
    assert {name: told[name] for name in ("read", "imported", "rejected")} == {
        "read": 2198,
        "imported": 2198,
        "rejected": 0,
    }

    done = json_of("export_batch", *export(first, tmp_path / "a.csv"))
    assert set(done) == {
        "batch_id", "rows_in", "exported", "duplicates", "suppressed", "excluded", "rejected", "sha256",
    }  # fmt: skip
    assert (done["batch_id"], done["rows_in"], done["exported"], done["excluded"]) == (
        "HADES-20260211-001",
        2,
        1,
        1,
    )
    assert "Score: 100 |" in read_back((tmp_path / "a.csv").read_bytes())["Import Notes"][0]

    outcomes = tmp_path / "outcomes.csv"
    outcomes.write_bytes(table(MILESTONES, [(done["batch_id"], "Oak Inn 1", "contacted", "2026-02-12")]))
    told = json_of("import_outcomes", outcomes, "--json")
    assert (told["read"], told["matched"], told["updated"]) == (1, 1, 1)

    run = json_of("calibrate", "--population", "historical", "--json")
    assert {"leads": 2198, "deliveries": 197}.items() <= run["overall"].items()
    fields = {"dimension", "value", "leads", "deliveries", "rate", "low", "high", "current", "suggested", "confidence",
              "verdict", "candidate"}  # fmt: skip
    assert all(fields <= set(row) for row in run["rows"])
    assert {row["verdict"] for row in run["rows"]} <= {
        "move",
        "hold",
        "too little",
        "too young",
        "no evidence",
    }
    assert {row["confidence"] for row in run["rows"]} <= {"High", "Medium", "Low"}

    row = ("--row", "sic_code=8062", "--actor", "Ana Ruiz", "--reason", "They do not sell.")
    applied = json_of("approve", str(run["run_id"]), *row, "--json")
    assert (applied["version"], applied["changes"][0]["after"]) == (2, 40)
    done = json_of("export_batch", *export(second, tmp_path / "b.csv"))
    assert done["batch_id"] == "HADES-20260211-002"
    # 0.5 x 100 + 0.25 x 40 + 0.25 x 100 = 85
    assert "Score: 85 |" in read_back((tmp_path / "b.csv").read_bytes())["Import Notes"][0]
    back = json_of("rollback", "1", "--actor", "Ana Ruiz", "--reason", "Look again.", "--json")
    assert (back["version"], back["rolled_back_to"]) == (3, 1)
    assert (config_dir / "icp.yaml").read_bytes() == (ROOT / "config" / "icp.yaml").read_bytes()
    assert db_path.exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_script_explains_itself_and_answers_wrong_options_in_json(name, said, capsys, config_dir, db_path):
    module = import_module(f"scripts.{name}")
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert f"usage: python -m scripts.{name}" in out
    assert "--json" in out
    assert refused(said, module, "--no-such-option")[0] == "InputError"
    assert not db_path.exists()  # neither helping nor refusing opens the database
    last = ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body[-1]
    assert ast.unparse(last) == "if __name__ == '__main__':\n    sys.exit(run(main))"  # as every process ends


def test_a_reader_who_leaves_early_and_a_terminal_without_arrows_are_no_errors(config_dir, leads, tmp_path):
    gone = start("calibrate")
    gone.stdout.close()
    out = export(leads, tmp_path / "out.csv")
    out.remove("--json")
    plain = start("export_batch", *out, PYTHONIOENCODING="ascii")
    not_text = start("export_batch", b"caf\xe9.csv", *out[1:], PYTHONUTF8="1")
    assert (gone.wait(timeout=120), gone.stderr.read()) == (0, b"")
    gone.stderr.close()
    code, text, err = ended(plain)
    assert (code, err) == (0, "")
    assert "HADES-20260211-001 \\u2192" in text
    code, _, err = ended(not_text)
    assert (code, err) == (
        2,
        "The command line was expected to be UTF-8 text. Type it again, or rename the file.\n",
    )


# --- Exporting -------------------------------------------------------------------------------------------------


def test_people_read_text_and_programs_json(said, leads, tmp_path):
    words = export(leads, tmp_path / "out.csv")
    words.remove("--json")
    code, out, err = said(scripts.export_batch, *words)
    assert (code, err) == (0, "")
    assert out == (
        f"HADES-20260211-001 → {tmp_path / 'out.csv'}\n"
        "4 rows in: 3 exported, 1 filtered out\n"
        "  filtered out: 1  Fewer than 50 employees.\n"
        "No operator is named, so the operator's name, phone and e-mail stay empty (--operator).\n"
        "No agents are named, so Contact Owner stays empty (--agent).\n"
    )


def test_the_counts_add_up_to_the_rows_in_the_file(said, config_dir, tmp_path):
    rows = [
        lead_row(1), lead_row(2), lead_row(3, Company_Name=""), lead_row(4, ZoomInfo_Contact_ID="-1001"),
        lead_row(5, Employees="9"), lead_row(6, Intent_Signal_Date="2025-01-01"),
        lead_row(7, Direct_Phone_Do_Not_Call="Yes", Mobile_Phone_Do_Not_Call="Yes", Company_HQ_Phone=""),
    ]  # fmt: skip
    path = tmp_path / "leads.csv"
    path.write_bytes(csv_file(rows) + b"\r\n,,\r\n")  # blank rows are no rows
    done = json_said(said, scripts.export_batch, *export(path, tmp_path / "out.csv"))
    counts = {"rows_in": 7, "exported": 2, "duplicates": 1, "suppressed": 1, "excluded": 2, "rejected": 1}
    assert {name: done[name] for name in counts} == counts


def test_the_same_file_twice_exports_nobody_and_leaves_the_old_file_alone(said, leads, tmp_path, db):
    out = tmp_path / "out.csv"
    first = json_said(said, scripts.export_batch, *export(leads, out))
    content = out.read_bytes()
    again = json_said(said, scripts.export_batch, *export(leads, out))
    assert (again["batch_id"], again["sha256"]) == (None, None)
    assert (again["rows_in"], again["exported"], again["duplicates"], again["excluded"]) == (4, 0, 3, 1)
    assert out.read_bytes() == content
    assert batches.read_batch_csv(db, batch_id=first["batch_id"]) == content
    assert len(batches.read_batches(db)) == 1


def test_no_lead_left_is_done_without_a_batch_and_without_a_file(said, config_dir, tmp_path):
    path, out = tmp_path / "leads.csv", tmp_path / "out.csv"
    path.write_bytes(csv_file([lead_row(1, Employees="9")]))
    words = export(path, out)
    words.remove("--json")
    code, text, _ = said(scripts.export_batch, *words)
    assert code == 0
    assert text.startswith("No lead was left to export, so no batch was made.")
    assert not out.exists()


def test_geography_measures_from_the_centre_or_from_the_operator(said, leads, tmp_path, db, now):
    from racing import ANA

    from operators import save_operator

    save_operator(db, values={"name": "Kim Lee", "zip_code": "75201"}, now=now, actor=ANA)
    near = export(leads, tmp_path / "a.csv", workflow="geography")
    kind, message = refused(said, scripts.export_batch, *near)
    assert (kind, "--center-zip" in message) == ("InputError", True)
    done = json_said(said, scripts.export_batch, *near, "--operator", " kim lee ", "--radius", "5")
    assert done["exported"] == 3
    rows = read_back((tmp_path / "a.csv").read_bytes())
    assert set(rows["Lead Source"]) == {"ZoomInfo Geo - 75201 - 5mi"}
    assert set(rows["Operator Name"]) == {"Kim Lee"}
    far = json_said(said, scripts.export_batch, *near, "--center-zip", "10001")
    assert (far["batch_id"], far["excluded"]) == (None, 4)


def test_intent_may_come_in_a_sheet_beside_the_leads(said, config_dir, tmp_path):
    headers = [name for name in ZOOMINFO_HEADERS if not name.startswith("Intent")]
    path, sheet, out = tmp_path / "leads.csv", tmp_path / "intent.csv", tmp_path / "out.csv"
    path.write_bytes(csv_file([lead_row(1), lead_row(2)], headers))
    kind, message = refused(said, scripts.export_batch, *export(path, out))
    assert (kind, "company intent sheet" in message) == ("InputError", True)
    columns = (
        "ZoomInfo Company ID",
        "Company Name",
        "Intent Topic",
        "Intent Signal Score",
        "Intent Signal Date",
    )
    sheet.write_bytes(table(columns, [("350001", "Oak Inn 1", "Snacks", "80", "2026-02-10")]))
    done = json_said(said, scripts.export_batch, *export(path, out), "--intent", sheet)
    assert (done["exported"], done["excluded"]) == (1, 1)
    assert read_back(out.read_bytes())["Lead Source"][0] == "ZoomInfo Intent - Snacks - 80 - 1d"


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        (["--workflow", "both"], "InputError", "invalid choice: 'both'"),
        (["--radius", "0"], "InputError", "--radius was expected to be miles above 0"),
        (["--radius", "nan"], "InputError", "--radius was expected"),
        (["--radius", "wide"], "InputError", "--radius"),
        (["--explore", "5", "--seed", "-3"], "InputError", "--seed"),
        (["--explore", "nan"], "InputError", "a share in percent"),
        (["--as-of", "2026-02-30"], "InputError", "expected a day as 2026-02-11, got '2026-02-30'"),
        (["--as-of", "0001-01-01"], "InputError", "from 2000 to 2099"),
        (["--actor", " "], "InputError", "actor's name was expected"),
        (["--operator", "Nobody"], "InputError", "no operator named 'Nobody'"),
        (["--segment", "Frozen"], "InputError", "segment 'Frozen' is unknown"),
        (["--intent", "/no/such/file"], "InputError", "/no/such/file cannot be read"),
        (["--act", "Ana"], "InputError", "nrecognized arguments: --act"),
    ],
)
def test_a_wrong_option_is_a_sentence(changes, kind, sentence, said, leads, tmp_path, db):
    arguments = export(leads, tmp_path / "out.csv") + changes
    found = refused(said, scripts.export_batch, *arguments)
    assert found[0] == kind
    assert sentence in found[1]
    assert db.rows("SELECT * FROM batch_numbers") == []
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("where", ["no/such/folder/out.csv", ".", "leads.csv", "x" * 300])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_recorded(
    where, said, leads, tmp_path, db_path
):
    before = leads.read_bytes()
    kind, message = refused(said, scripts.export_batch, *export(leads, tmp_path / where))
    assert kind == "InputError"
    assert ("cannot be written" in message) or ("is the same" in message)
    assert not db_path.exists()
    assert leads.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "leads.csv"]


def test_a_file_that_fails_after_the_batch_was_recorded_ends_with_1_and_names_the_batch(said, leads, db):
    code, out, err = said(scripts.export_batch, *export(leads, "/dev/full"))
    assert code == 1
    told = json.loads(out)
    assert (told["batch_id"], told["exported"]) == ("HADES-20260211-001", 3)
    assert told["problem"] + "\n" == err
    assert "HADES-20260211-001 is recorded, but /dev/full cannot be written: No space left" in err
    assert batches.read_batch(db, batch_id="HADES-20260211-001")["sha256"] == told["sha256"]


def test_a_pipe_is_written_to_and_never_replaced(said, leads, tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    done = json_said(said, scripts.export_batch, *export(leads, pipe))
    reader.join(timeout=60)
    assert pipe.is_fifo()
    assert len(read_back(read[0])) == done["exported"] == 3


def test_an_existing_file_is_replaced_whole_and_a_new_one_obeys_the_mask(said, leads, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("old")
    before = os.umask(0o027)
    try:
        json_said(said, scripts.export_batch, *export(leads, out))
    finally:
        os.umask(before)
    assert len(read_back(out.read_bytes())) == 3
    assert out.stat().st_mode & 0o777 == 0o640  # contacts are not for everyone
    assert not list(tmp_path.glob(".hades-*"))


# --- Outcomes, calibration, approval ---------------------------------------------------------------------------


def test_rejected_rows_are_listed_and_the_import_is_done(said, config_dir, tmp_path):
    path = tmp_path / "history.csv"
    path.write_bytes(
        table(HISTORY, [("Oak", "", "", "", "", "delivery", "", ""), ("Elm", "", "", "", "", "won", "", "")])
    )
    told = json_said(said, scripts.import_historical, "--csv", path, "--json")
    assert (told["imported"], told["rejected"]) == (1, 1)
    assert told["problems"][0]["row"] == 3
    code, out, _ = said(scripts.import_historical, "--csv", path)
    assert code == 0
    assert out.splitlines()[0] == "2 read, 0 imported, 0 updated, 1 unchanged, 0 merged, 1 rejected"
    assert "Row 3: The outcome was expected" in out


def test_calibration_answers_in_json_also_where_there_is_nothing(said, config_dir):
    told = json_said(said, scripts.calibrate, "--json")
    assert (told["overall"]["leads"], told["overall"]["rate"]) == (0, None)
    code, out, _ = said(scripts.calibrate)
    assert code == 0
    assert "0 deliveries of 0 leads (no rate yet)" in out
    assert "sic_code" in out


@pytest.mark.parametrize(
    ("module", "arguments", "sentence"),
    [
        (
            scripts.approve,
            ["1", "--all", "--actor", "A", "--reason", "R"],
            "no calibration run with this number",
        ),
        (
            scripts.approve,
            ["one", "--all", "--actor", "A", "--reason", "R"],
            "a whole number from 1 on, got 'one'",
        ),
        (scripts.approve, ["9" * 40, "--all", "--actor", "A", "--reason", "R"], "a whole number from 1 on"),
        (
            scripts.approve,
            ["0", "--all", "--actor", "A", "--reason", "R"],
            "a whole number from 1 on, got '0'",
        ),
        (
            scripts.approve,
            ["1", "--row", "8361", "--actor", "A", "--reason", "R"],
            "--row was expected as DIMENSION=VALUE",
        ),
        (
            scripts.approve,
            ["1", "--actor", "A", "--reason", "R"],
            "ne of the arguments --all --row is required",
        ),
        (
            scripts.approve,
            ["1", "--all", "--row", "a=b", "--actor", "A", "--reason", "R"],
            "not allowed with",
        ),
        (scripts.approve, ["1", "--all", "--actor", "A"], "--reason"),
        (
            scripts.rollback,
            ["7", "--actor", "A", "--reason", "R"],
            "There is no version 7; versions 1 to 1 exist.",
        ),
        (scripts.rollback, ["-1", "--actor", "A", "--reason", "R"], ""),
        (scripts.calibrate, ["--estimator", "best"], "invalid choice: 'best'"),
        (scripts.calibrate, ["--as-of", "soon"], "expected a day as 2026-02-11, got 'soon'"),
        (scripts.import_historical, [], ""),
    ],
)
def test_what_is_refused_is_a_sentence_in_both_forms(module, arguments, sentence, said, config_dir):
    _, message = refused(said, module, *arguments)
    assert sentence in message
    code, out, err = said(module, *arguments)
    assert (code, out, err) == (2, "", message + "\n")


def test_a_wrong_setting_is_a_sentence_for_an_administrator(said, config_dir, monkeypatch, tmp_path):
    monkeypatch.setenv("TURSO_DATABASE_URL", "mysql://example.com/hades")
    kind, message = refused(said, scripts.calibrate)
    assert kind == "ConfigError"
    assert "TURSO_DATABASE_URL" in message
    monkeypatch.setenv("TURSO_DATABASE_URL", f"file:{tmp_path / 'config' / 'icp.yaml'}")
    kind, message = refused(said, scripts.calibrate)
    assert (kind, "icp.yaml" in message) == ("ConfigError", True)  # a file that is no database
    monkeypatch.delenv("TURSO_DATABASE_URL")
    monkeypatch.setenv("HADES_CONFIG_DIR", str(tmp_path / "nowhere"))
    assert refused(said, scripts.calibrate)[0] == "ConfigError"


def test_a_path_of_its_own_names_the_database(said, leads, tmp_path, monkeypatch):
    monkeypatch.setenv("TURSO_DATABASE_URL", f"file:{tmp_path / 'other' / 'mine.db'}")
    json_said(said, scripts.export_batch, *export(leads, tmp_path / "out.csv"))
    db = turso_db.connect(f"file:{tmp_path / 'other' / 'mine.db'}")
    assert len(batches.read_batches(db)) == 1
    db.close()


def test_the_keyboard_stops_a_script_with_a_sentence(capsys):
    def stopped(_):
        raise KeyboardInterrupt

    assert run(stopped, []) == 1
    assert capsys.readouterr().err == "Stopped by the keyboard.\n"
