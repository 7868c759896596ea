"""The commands that speak with Zoho: what they print, how they end, and what they keep."""

from __future__ import annotations

import json
import stat

import pytest
from zoho_faults import Fault
from zoho_server import ZohoServer
from zoho_story import EXPORTED, lead_in_zoho, tell_story

from scripts import connect_zoho, import_historical, track_outcomes
from scripts.command import run


@pytest.fixture
def zoho(config_dir, db, monkeypatch):
    with ZohoServer() as server:
        server.world.now = EXPORTED
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def called(main, capsys, *argv):
    """(exit code, the JSON on standard output, standard error) of a command."""
    code = run(main, [*argv, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


def test_outcomes_are_tracked_and_counted(db, zoho, capsys):
    tell_story(db, zoho.world)
    code, said, _ = called(track_outcomes.main, capsys)
    assert code == 0
    assert said["mode"] == "full"
    assert said["read"] == said["matched"] + said["review"] + said["unmatched"] + said["other"]
    assert said["updated"] > 10
    code, said, _ = called(track_outcomes.main, capsys)
    assert (code, said["mode"], said["updated"]) == (0, "incremental", 0)
    assert called(track_outcomes.main, capsys, "--full")[1]["mode"] == "full"


def test_a_sentence_for_people(db, zoho, capsys):
    tell_story(db, zoho.world)
    assert run(track_outcomes.main, []) == 0
    assert (
        "101 records read: 91 matched, 0 to review, 0 unmatched, 10 others. 31 companies updated"
        in capsys.readouterr().out
    )


def test_deals_come_with_the_outcomes_and_meet_their_scores(db, zoho, capsys, config_dir):
    from datetime import date

    from zoho_story import OPS

    from analytics.pipeline_scores import read_pipeline_rules
    from pipeline import snapshot_pipeline

    tell_story(db, zoho.world)
    for number in range(4):
        zoho.world.add("Deals", Deal_Name="D", Account_Name={"name": f"A {number}", "id": "9"}, Stage="Qualification",
                       Amount=100.0 * number)  # fmt: skip
    code, said, _ = called(track_outcomes.main, capsys)
    assert (code, said["scored"]) == (0, {})
    assert said["deals"]["new"] == said["deals"]["read"] == len(zoho.world.rows["Deals"])
    snapshot_pipeline(
        db, rules=read_pipeline_rules(config_dir), today=date(2026, 2, 12), now=EXPORTED, actor=OPS
    )
    newest = max(zoho.world.rows["Deals"], key=int)
    zoho.world.change("Deals", newest, Stage="Closed Won", Closing_Date="2026-02-26", Amount=350.0)
    code, said, _ = called(track_outcomes.main, capsys)
    assert (said["deals"]["mode"], said["deals"]["changed"]) == ("incremental", 1)
    won = said["scored"]["won"]
    assert (won["deals"], won["amount"], won["days_to_close"]) == (1, 350.0, 14)
    assert won["score"] == won["score_at_close"]
    run(track_outcomes.main, [])
    assert "Scored while open and won since: 1 deals worth 350, 14 days to close" in capsys.readouterr().out


def test_trouble_with_deals_takes_nothing_from_the_outcomes(db, zoho, capsys, config_dir):
    path = config_dir / "zoho.yaml"
    path.write_text(path.read_text().replace("deals:\n  module: Deals\n  fields:\n    account", "deals:\n  module: Chances\n  fields:\n    account"))  # fmt: skip
    tell_story(db, zoho.world)
    code, said, _ = called(track_outcomes.main, capsys)
    assert (code, said["deals"]) == (1, None)
    assert said["updated"] > 10
    assert "no module Chances" in said["errors"][0]


def test_a_bad_record_is_listed_and_the_rest_is_done(db, zoho, capsys):
    tell_story(db, zoho.world)
    zoho.faults.append(Fault("bad row", "from Leads where"))
    code, said, _ = called(track_outcomes.main, capsys)
    assert code == 1
    assert "without an id" in said["errors"][0]
    assert said["updated"] > 10


def test_trouble_is_a_sentence_and_the_exit_code_says_so(db, zoho, capsys):
    zoho.forbidden.add("Deals")
    tell_story(db, zoho.world)
    code, said, err = called(track_outcomes.main, capsys)
    assert code == 2
    assert said["error"]["kind"] == "Refused"
    assert "may not read this for the module Deals" in err
    assert "Traceback" not in err


def test_without_credentials_the_next_step_is_told(db, zoho, capsys, monkeypatch):
    monkeypatch.delenv("ZOHO_REFRESH_TOKEN")
    for main in (track_outcomes.main, import_historical.main):
        code, said, err = called(main, capsys)
        assert (code, said["error"]["kind"]) == (2, "ConfigError")
        assert "ZOHO_REFRESH_TOKEN is not set" in err
        assert "scripts.connect_zoho" in err
    code, _, err = called(connect_zoho.main, capsys)
    assert code == 2
    assert "api-console.zoho.com" in err
    assert "ZohoCRM.coql.READ" in err


def test_history_comes_from_zoho_without_a_file(db, zoho, capsys):
    for number in range(3):
        lead_in_zoho(zoho.world, number, None)
    code, said, _ = called(import_historical.main, capsys)
    assert (code, said["read"], said["imported"]) == (0, 3, 3)
    assert called(import_historical.main, capsys)[1]["unchanged"] == 3


def test_a_connection_that_works_is_told(zoho, capsys):
    tell_story(None, zoho.world)
    code, said, _ = called(connect_zoho.main, capsys)
    assert (code, said["connected"]) == (0, True)
    assert said["findings"][-1]["state"] == "good"


def test_what_is_missing_comes_first(zoho, capsys):
    del zoho.world.fields["Leads"]["HADES_Batch_ID"]
    code, said, _ = called(connect_zoho.main, capsys)
    assert (code, said["connected"]) == (1, False)
    assert "Leads has no field HADES_Batch_ID" in said["findings"][0]["sentence"]


def test_a_grant_code_is_exchanged_into_the_secrets_file_alone(zoho, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("ZOHO_REFRESH_TOKEN")
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('# mine\nTURSO_AUTH_TOKEN = "t"\nZOHO_REFRESH_TOKEN = "old"\n[other]\nx = 1\n')
    code, said, err = called(connect_zoho.main, capsys, "--code", "1000.grant.code")
    assert (code, said["connected"]) == (0, True)
    text = secrets.read_text()
    assert f'ZOHO_REFRESH_TOKEN = "{zoho.refresh_token}"' in text
    assert '"old"' not in text
    assert '# mine\nTURSO_AUTH_TOKEN = "t"\n[other]\nx = 1\n' in text
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    for secret in (zoho.refresh_token, zoho.client_secret):
        assert secret not in json.dumps(said) + err
    code, _, err = called(connect_zoho.main, capsys, "--code", "1000.grant.code")
    assert code == 2
    assert "works once" in err


def test_a_token_in_the_environment_that_hides_the_new_one_is_told(zoho, capsys, monkeypatch):
    monkeypatch.setenv("ZOHO_REFRESH_TOKEN", "1000.old")
    code, _, err = called(connect_zoho.main, capsys, "--code", "1000.grant.code")
    assert code == 2
    assert "also set in the environment" in err
