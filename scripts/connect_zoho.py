"""Connect to Zoho step by step, and check that everything the sync needs is there.

Make a Self Client in Zoho's API console (https://api-console.zoho.com, or that of your data centre), tab Generate
Code, with the scopes this command lists. Then run it with --code CODE within the code's lifetime. Client ID, client
secret and refresh token go into the secrets file and nowhere else; nothing secret is shown.
"""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Sequence
from typing import Any

from errors import ConfigError, InputError
from scripts.command import DONE, PARTLY, parser, run
from settings import Settings, keep_secrets, read_settings
from zoho_auth import DATA_CENTRES, SCOPES, Grant, exchange_grant_code
from zoho_check import GOOD, MEND, Finding, check_connection
from zoho_client import for_settings
from zoho_profile import read_profile


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """connected, findings: state (good, mend, note) and sentence."""
    options = parser("scripts.connect_zoho", __doc__ or "")
    options.add_argument("--code", metavar="CODE", help="the code that the API console generated, once")
    options.add_argument(
        "--data-centre", choices=sorted(DATA_CENTRES), help="where you sign in (default: as set, else US)"
    )
    said = options.parse_args(argv)
    settings = read_settings()
    accounts_url = DATA_CENTRES[said.data_centre] if said.data_centre else settings.zoho_accounts_url
    if said.code:
        fresh = _exchange(settings, said.code, accounts_url)
        settings = read_settings()
        if settings.zoho_refresh_token != fresh:
            raise ConfigError(
                "The new refresh token is in the secrets file, but ZOHO_REFRESH_TOKEN is also set in the environment, "
                "which wins. Remove it there, then run this again without --code."
            )
    missing = _missing(settings)
    if missing:
        raise ConfigError(missing)
    findings = [*_order(_check(settings))]
    mend = [finding for finding in findings if finding.state == MEND]
    result = {"connected": not mend, "findings": [finding._asdict() for finding in findings]}
    marks = {GOOD: "good", MEND: "MEND", "note": "note"}
    lines = [f"{marks[finding.state]}  {finding.sentence}" for finding in findings]
    last = "Zoho is connected." if not mend else "Mend what is marked, then run this again."
    return result, "\n".join([*lines, last]), PARTLY if mend else DONE


def _check(settings: Settings) -> list[Finding]:
    zoho = for_settings(settings)
    try:
        return check_connection(zoho, profile=read_profile(settings.config_dir))
    finally:
        zoho.close()


def _order(findings: Sequence[Finding]) -> list[Finding]:
    """What has to be mended first."""
    return sorted(findings, key=lambda finding: (MEND, "note", GOOD).index(finding.state))


def _missing(settings: Settings) -> str | None:
    """What to do next while credentials are missing, or None."""
    if settings.zoho_ready:
        return None
    return (
        "Zoho is not connected yet.\n"
        "1. Sign in at https://api-console.zoho.com (or the console of your data centre) and add a Self Client.\n"
        "2. In the tab Client Secret, copy the client ID and the client secret; this command asks for them.\n"
        f"3. In the tab Generate Code, enter the scope {','.join(SCOPES)} and 10 minutes, then create the code.\n"
        "4. Run python -m scripts.connect_zoho --code CODE [--data-centre EU] before the 10 minutes are over."
    )


def _exchange(settings: Settings, code: str, accounts_url: str) -> str:
    """The refresh token; the secrets file has what connects from now on."""
    client_id = settings.zoho_client_id or _asked("Client ID: ")
    client_secret = settings.zoho_client_secret or _asked("Client secret (not shown): ")
    grant = connect_with_code(
        client_id=client_id, client_secret=client_secret, code=code, accounts_url=accounts_url
    )
    if lacking := lacking_scopes(grant):
        print(f"The code was made without the scopes {', '.join(lacking)}.", file=sys.stderr)
    return grant.refresh_token


def connect_with_code(*, client_id: str, client_secret: str, code: str, accounts_url: str) -> Grant:
    """What Zoho gave for the code; the secrets file has what connects from now on.

    InputError when Zoho does not take the code, ConfigError when it does not take the client or the file cannot be
    written, Unavailable when it is not answering.
    """
    grant = exchange_grant_code(
        client_id=client_id, client_secret=client_secret, code=code, accounts_url=accounts_url
    )
    keep_secrets(
        {
            "ZOHO_CLIENT_ID": client_id,
            "ZOHO_CLIENT_SECRET": client_secret,
            "ZOHO_REFRESH_TOKEN": grant.refresh_token,
            "ZOHO_ACCOUNTS_URL": accounts_url,
        }
    )
    return grant


def lacking_scopes(grant: Grant) -> list[str]:
    """The scopes that the code was made without; none when it was made with an `.ALL`, of which the check finds out."""
    given = re.split(r"[\s,]+", grant.scope)
    return (
        []
        if any(scope.endswith(".ALL") for scope in given)
        else [scope for scope in SCOPES if scope not in given]
    )


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise InputError(
            "ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET were expected in the environment or in the secrets file."
        )
    said = getpass.getpass(question).strip()
    if not said:
        raise InputError("Nothing was entered, so nothing was changed.")
    return said


if __name__ == "__main__":
    sys.exit(run(main))
