"""Operators page: the way to a connection with Zoho, step by step, and what of it is right or missing."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

import ui
from actors import require
from scripts.connect_zoho import connect_with_code, lacking_scopes
from settings import Settings, read_settings
from stores.audit import audit_entry
from zoho_auth import DATA_CENTRES, SCOPES
from zoho_check import GOOD, MEND, Finding, check_connection
from zoho_client import for_settings
from zoho_profile import read_profile

_PLACES = {
    "US": "United States", "EU": "Europe", "IN": "India", "AU": "Australia", "JP": "Japan", "CA": "Canada",
    "SA": "Saudi Arabia", "UK": "United Kingdom", "CN": "China",
}  # fmt: skip
_TYPED = ("zoho_id", "zoho_secret", "zoho_code")


def connect_now(frame: ui.Frame, accounts_url: str) -> None:
    """Callback: the code becomes a refresh token in the secrets file, and the connection is checked."""
    client_id, secret, code = (str(st.session_state.get(key) or "").strip() for key in _TYPED)
    if not (client_id and secret and code):
        ui.flash("info", "Client ID, client secret and code are needed, all three of the same Self Client.")
        return
    with ui.act():
        require(frame.actor, "manager", "connect Zoho")
        st.session_state["zoho_code"] = ""  # it works once, whatever comes of it
        grant = connect_with_code(
            client_id=client_id, client_secret=secret, code=code, accounts_url=accounts_url
        )
        now = datetime.now(UTC).replace(microsecond=0)
        frame.db.write([audit_entry(now=now, actor=frame.actor, action="connect zoho", subject="Zoho CRM")])
        for key in _TYPED:
            st.session_state[key] = ""
        if read_settings().zoho_refresh_token != grant.refresh_token:
            ui.flash("warning", "The new refresh token is in the secrets file, but ZOHO_REFRESH_TOKEN is also set in the "
                     "environment, which wins. Remove it there and start HADES again.")  # fmt: skip
            return
        lacking = lacking_scopes(grant)
        ui.flash(
            "warning" if lacking else "success",
            f"Zoho took the code, but it was made without {', '.join(lacking)}. Make another one with all scopes."
            if lacking
            else "Zoho is connected; the connection was checked, see below.",
        )
        _check()


def check_now() -> None:
    """Callback: look at everything a sync needs."""
    with ui.act("Asking Zoho"):
        _check()


def _check() -> None:
    settings = read_settings()
    zoho = for_settings(settings)
    try:
        st.session_state["zoho_findings"] = check_connection(zoho, profile=read_profile(settings.config_dir))
    finally:
        zoho.close()


def show_findings() -> None:
    """What the last check in this tab found: what to mend first, then what is worth a note, then what is right."""
    findings: list[Finding] | None = st.session_state.get("zoho_findings")
    if findings is None:
        return
    mend = [finding for finding in findings if finding.state == MEND]
    good = [finding for finding in findings if finding.state == GOOD]
    notes = [finding for finding in findings if finding.state not in (MEND, GOOD)]
    if mend:
        st.markdown(f"**{ui.many(len(mend), 'thing')} to mend before a sync can work**")
    else:
        st.success("Zoho is connected, and everything a sync needs is there.", icon=":material/check_circle:")
    for finding in mend:
        st.error(ui.plain(finding.sentence), icon=":material/build:")
    if notes:
        with st.expander(f"Worth knowing ({len(notes)})", icon=":material/info:", expanded=not mend):
            for finding in notes:
                st.markdown(f"- {ui.plain(finding.sentence)}")
    if good:
        with st.expander(f"What is right ({len(good)})", icon=":material/check:"):
            for finding in good:
                st.markdown(f"- {ui.plain(finding.sentence)}")


def show_guide(frame: ui.Frame, *, connected: bool) -> None:
    """The steps from a Zoho account to a connection; open while there is none, or none that Zoho accepts."""
    findings: list[Finding] = st.session_state.get("zoho_findings") or []
    refused = connected and bool(findings) and all(finding.state == MEND for finding in findings)
    if refused and frame.may("manager"):
        st.caption("The steps below connect anew.")
    with st.expander(
        "Connect another Zoho, or renew the connection" if connected else "Connect Zoho, step by step",
        expanded=not connected or refused, icon=":material/link:",
    ):  # fmt: skip
        if not frame.may("manager"):
            st.write("A manager can connect Zoho here. Until then outcomes come in as files on the Outcomes page.")  # fmt: skip
            return
        url = _data_centre(read_settings())
        with st.form(
            "zoho_form", border=False
        ):  # what is typed stays in the browser until it is sent at once
            _show_steps(frame, url)
        st.caption(
            "Four lines go into the secrets file of this machine (.streamlit/secrets.toml, or the file that HADES_SECRETS_FILE "
            "names), readable by its owner alone, and nowhere else: ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN, "
            "ZOHO_ACCOUNTS_URL. Nothing of it is shown again. At a terminal, python -m scripts.connect_zoho does the same; where "
            "the host keeps secrets for you, run it on your machine and copy the four lines there."
        )


def _show_steps(frame: ui.Frame, accounts_url: str) -> None:
    """Steps 2 to 4."""
    console = accounts_url.replace("accounts.", "api-console.", 1)
    st.markdown(
        f"**2. Make a Self Client.** Open {console} and sign in as a user who may read all leads, deals and accounts. "
        "*Add client* → *Self Client* → *Create*. In its tab *Client Secret* copy both values."
    )
    left, right = st.columns(2)
    left.text_input("Client ID", key="zoho_id", max_chars=200, autocomplete="off", placeholder="1000.…")
    right.text_input("Client secret", key="zoho_secret", type="password", max_chars=200, autocomplete="off")
    st.markdown(
        "**3. Make a code.** In the tab *Generate Code* paste this scope, choose 10 minutes, write HADES as description, "
        "*Create*, choose your CRM, and copy the code."
    )
    st.code(",".join(SCOPES), language=None, wrap_lines=True)
    st.text_input(
        "Code", key="zoho_code", type="password", max_chars=300, autocomplete="off", placeholder="Works once, for 10 minutes"
    )  # fmt: skip
    st.markdown(
        "**4. Connect.** HADES exchanges the code for a refresh token, which lasts until somebody revokes it."
    )
    st.form_submit_button(
        "Connect", key="connect_zoho", type="primary", on_click=connect_now, args=(frame, accounts_url), icon=":material/link:"
    )  # fmt: skip


def _data_centre(settings: Settings) -> str:
    """Step 1: the accounts server of the data centre that is chosen; one that is set to none of Zoho's is offered, too."""
    urls = {f"{_PLACES[key]} ({url.removeprefix('https://')})": url for key, url in DATA_CENTRES.items()}
    if settings.zoho_accounts_url.rstrip("/") not in urls.values():
        urls = {f"As set ({settings.zoho_accounts_url})": settings.zoho_accounts_url} | urls
    names = list(urls)
    at = next((i for i, url in enumerate(urls.values()) if url == settings.zoho_accounts_url.rstrip("/")), 0)
    st.markdown(
        "**1. Where do you sign in to Zoho?** The address bar shows it: accounts.zoho.com, .eu, .in, …"
    )
    chosen = st.selectbox("Data centre", names, index=at, key="zoho_centre", label_visibility="collapsed")
    return urls[chosen or names[at]]
