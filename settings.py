"""Environment and secrets, read and kept in one place.

Every setting has one name, valid as an environment variable and as a key of `.streamlit/secrets.toml`; the
environment wins. Nothing else in the product reads the environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from errors import ConfigError

ROOT = Path(__file__).resolve().parent
VERSION = "0.1.0"
FACTOR_NAME = "HUNTER_SALES_ENGINE_OPPORTUNITY_FACTOR"

# What a result depends on: a stored result names the hash of these, so that "same code" can be checked.
_CALCULATING = (
    "leads.py", "lead_values.py", "lead_arrays.py", "strict_yaml.py", "icp_rules.py", "icp.py", "scoring.py",
    "geo.py", "calibration.py", "outcome_columns.py", "column_file.py", "stores/outcomes.py", "stores/outcome_rows.py", "stores/weights.py",
    "analytics/*.py",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Everything the outside world decides. Secrets never appear in the representation."""

    database_url: str | None = None
    auth_token: str | None = field(default=None, repr=False)
    driver: str | None = None
    config_dir: Path = ROOT / "config"
    data_dir: Path = ROOT / "data"
    zoho_client_id: str | None = field(default=None, repr=False)
    zoho_client_secret: str | None = field(default=None, repr=False)
    zoho_refresh_token: str | None = field(default=None, repr=False)
    zoho_accounts_url: str = "https://accounts.zoho.com"
    slack_webhook: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    public_url: str | None = None
    environment_factor: float = 1.0
    api_key: str | None = field(default=None, repr=False)
    server_host: str | None = None

    @property
    def zoho_ready(self) -> bool:
        """Whether all three Zoho credentials are present."""
        return bool(self.zoho_client_id and self.zoho_client_secret and self.zoho_refresh_token)


def read_settings(environ: Mapping[str, str] | None = None, secrets_file: Path | None = None) -> Settings:
    """The settings of this process.

    `environ` defaults to the process environment; `secrets_file` to the one that HADES_SECRETS_FILE names,
    else to `.streamlit/secrets.toml` beside the code. A missing file is no secrets, a blank value no value.
    ConfigError when the file is not TOML or a value has the wrong form.
    """
    environ = os.environ if environ is None else environ
    secrets = _read_secrets(secrets_file or secrets_path(environ))

    def setting(name: str) -> str | None:
        return environ.get(name, "").strip() or secrets.get(name, "").strip() or None

    return Settings(
        database_url=setting("TURSO_DATABASE_URL"),
        auth_token=setting("TURSO_AUTH_TOKEN"),
        driver=setting("TURSO_DRIVER"),
        config_dir=Path(setting("HADES_CONFIG_DIR") or ROOT / "config"),
        data_dir=Path(setting("HADES_DATA_DIR") or ROOT / "data"),
        zoho_client_id=setting("ZOHO_CLIENT_ID"),
        zoho_client_secret=setting("ZOHO_CLIENT_SECRET"),
        zoho_refresh_token=setting("ZOHO_REFRESH_TOKEN"),
        zoho_accounts_url=setting("ZOHO_ACCOUNTS_URL") or "https://accounts.zoho.com",
        slack_webhook=setting("HADES_SLACK_WEBHOOK"),
        smtp_url=setting("HADES_SMTP_URL"),
        mail_from=setting("HADES_MAIL_FROM"),
        public_url=(setting("HADES_PUBLIC_URL") or "").rstrip("/") or None,
        environment_factor=_factor(setting(FACTOR_NAME)),
        api_key=_key(setting("HADES_API_KEY")),
        server_host=setting("UVICORN_HOST"),
    )


def secrets_path(environ: Mapping[str, str] | None = None) -> Path:
    """The secrets file that HADES_SECRETS_FILE names, else `.streamlit/secrets.toml` beside the code."""
    elsewhere = (os.environ if environ is None else environ).get("HADES_SECRETS_FILE", "").strip()
    return Path(elsewhere or ROOT / ".streamlit" / "secrets.toml")


def keep_secrets(values: Mapping[str, str], path: Path | None = None) -> None:
    """Nothing; the values stand in the secrets file, each other line of it as it was; the file is ours alone (mode 0600).

    ConfigError when it cannot be written.
    """
    path = path or secrets_path()
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for name, value in values.items():
            line = f"{name} = {json.dumps(value)}"
            kept = [old for old in text.splitlines() if not re.match(rf"\s*{name}\s*=", old)]
            text = "\n".join([line, *kept]) + "\n"  # before any [section], where a name would belong to that
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The secrets file cannot be written ({type(error).__name__}). Check its permissions."
        ) from error


def code_version() -> str:
    """`0.1.0+1a2b3c4d`: the release and a hash over the files that calculate; the same code gives the same
    text.
    """
    digest = hashlib.sha256()
    for pattern in _CALCULATING:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode())
            digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return f"{VERSION}+{digest.hexdigest()[:8]}"


def _read_secrets(path: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"The secrets file {path.name} cannot be opened: {error.strerror}. Check its permissions."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The parser's message can quote the line, and the line can be a secret: only the place is passed on.
        raise ConfigError(
            f'The secrets file {path.name} was expected to be TOML (NAME = "value" on each line), '
            "but it cannot be read. Check its quotes and line breaks."
        ) from error
    return {name: str(value) for name, value in content.items() if not isinstance(value, dict | list)}


def _key(text: str | None) -> str | None:
    if text is not None and (len(text) < 24 or not text.isascii() or " " in text):
        raise ConfigError(
            f"HADES_API_KEY was expected to be at least 24 letters, digits and signs without blanks, but has {len(text)}. "
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return text


def _factor(text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        factor = float(text)
    except ValueError:
        factor = -1.0
    if not 0.0 <= factor <= 2.0:
        raise ConfigError(
            f"{FACTOR_NAME} was expected to be a number from 0 to 2, but is '{text}'. 1 changes nothing."
        )
    return factor


def worker_environment() -> dict[str, str]:
    """The environment of a process that calculates beside the pages: this one's, with one thread for linear algebra."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return os.environ | dict.fromkeys(threads, "1")
