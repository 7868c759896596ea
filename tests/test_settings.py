"""Environment and secrets: which wins, what a wrong one says, and what never shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import settings
from errors import ConfigError
from settings import FACTOR_NAME, ROOT, Settings, code_version, read_settings


def test_nothing_set_means_the_local_defaults(tmp_path: Path) -> None:
    assert read_settings({}, tmp_path / "none.toml") == Settings(
        database_url=None, auth_token=None, driver=None, config_dir=ROOT / "config", data_dir=ROOT / "data",
        zoho_client_id=None, zoho_client_secret=None, zoho_refresh_token=None,
        zoho_accounts_url="https://accounts.zoho.com", environment_factor=1.0,
    )  # fmt: skip


def test_the_environment_wins_over_the_secrets_file(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        'TURSO_DATABASE_URL = "file:from-secrets.db"\nTURSO_AUTH_TOKEN = "t"\n[auth]\ncookie_secret = "c"\n'
    )
    read = read_settings({"TURSO_DATABASE_URL": " file:from-env.db\n", "TURSO_AUTH_TOKEN": ""}, secrets)
    assert (read.database_url, read.auth_token) == ("file:from-env.db", "t")


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_in_the_environment_is_nothing_and_hides_nothing(blank: str, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('ZOHO_CLIENT_ID = "from secrets"\n')
    assert read_settings({"ZOHO_CLIENT_ID": blank}, secrets).zoho_client_id == "from secrets"
    assert read_settings({"TURSO_DATABASE_URL": blank}, secrets).database_url is None


def test_the_secrets_file_may_lie_elsewhere(tmp_path: Path) -> None:
    secrets = tmp_path / "mounted.toml"
    secrets.write_text(
        '\ufeffHADES_DATA_DIR = "/srv/hades"\n', encoding="utf-8"
    )  # as an editor on Windows saves it
    assert read_settings({"HADES_SECRETS_FILE": str(secrets)}).data_dir == Path("/srv/hades")


def test_zoho_is_ready_only_with_all_three_credentials() -> None:
    three = {"zoho_client_id": "a", "zoho_client_secret": "b", "zoho_refresh_token": "c"}
    assert Settings(**three).zoho_ready
    for missing in three:
        assert not Settings(**(three | {missing: None})).zoho_ready


def test_a_secret_never_shows() -> None:
    shown = repr(
        Settings(
            auth_token="geheim-1",
            zoho_client_id="geheim-2",
            zoho_client_secret="geheim-3",
            zoho_refresh_token="geheim-4",
        )
    )
    assert "geheim" not in shown


def test_a_broken_secrets_file_is_a_sentence_without_its_content(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('TURSO_AUTH_TOKEN = "geheim\n')
    with pytest.raises(ConfigError, match="expected to be TOML") as caught:
        read_settings({}, secrets)
    assert "geheim" not in str(caught.value)
    secrets.write_bytes(b'TURSO_AUTH_TOKEN = "\xff\xfe"\n')
    with pytest.raises(ConfigError, match="expected to be TOML"):
        read_settings({}, secrets)


def test_a_secrets_file_that_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        read_settings({}, tmp_path)  # a folder


@pytest.mark.parametrize(("written", "factor"), [("1", 1.0), ("0", 0.0), ("2", 2.0), (" 0.95 ", 0.95)])
def test_the_environment_factor_is_a_number_from_0_to_2(written: str, factor: float, tmp_path: Path) -> None:
    assert read_settings({FACTOR_NAME: written}, tmp_path / "none").environment_factor == factor


@pytest.mark.parametrize("written", ["-0.1", "2.01", "nan", "inf", "one", "1,1"])
def test_any_other_factor_is_refused(written: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"from 0 to 2, but is '{written}'")):
        read_settings({FACTOR_NAME: written}, tmp_path / "none")


def test_the_code_version_changes_with_every_file_that_calculates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert re.fullmatch(r"0\.1\.0\+[0-9a-f]{8}", code_version())
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    (tmp_path / "analytics").mkdir()
    (tmp_path / "analytics" / "rates.py").write_bytes(b"a\nb\n")
    (tmp_path / "Home.py").write_bytes(b"a page\n")
    first = code_version()
    (tmp_path / "Home.py").write_bytes(b"another page\n")
    (tmp_path / "analytics" / "rates.py").write_bytes(b"a\r\nb\r\n")  # as a checkout on Windows lays it
    assert code_version() == first
    (tmp_path / "analytics" / "rates.py").write_bytes(b"a\nc\n")
    assert code_version() != first


def test_the_code_version_covers_all_that_a_calibration_runs_through() -> None:
    """Whatever calibration.py imports of ours, directly or not, is part of the version; what only keeps rows
    is not.
    """
    keeps = {"errors", "actors", "turso_db", "stores/runs", "stores/state"}
    waiting, seen = ["calibration"], set()
    while waiting:
        room = waiting.pop()
        if room in seen | keeps:
            continue
        seen.add(room)
        for node in ast.walk(ast.parse((ROOT / f"{room}.py").read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            whole = node.module.replace(".", "/")
            parts = [f"{whole}/{alias.name}" for alias in node.names]
            waiting += [name for name in (whole, *parts) if (ROOT / f"{name}.py").exists()]
    covered = {path for pattern in settings._CALCULATING for path in ROOT.glob(pattern)}
    assert {"calibration", "icp", "stores/outcomes"} <= seen
    assert {room for room in seen if ROOT / f"{room}.py" not in covered} == set()
