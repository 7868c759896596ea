"""Clients of the test server that never pause, and two ways to read all leads with them."""

from __future__ import annotations

from zoho_auth import ZohoCredentials
from zoho_client import ZohoClient
from zoho_tokens import TokenSource

FIELDS = ["Company", "HADES_Batch_ID"]


class Sleeps(list):
    """The pauses that were asked for, without pausing."""

    def __call__(self, seconds):
        self.append(seconds)


def open_client(zoho, folder, **more):
    known = ZohoCredentials(zoho.client_id, zoho.client_secret, zoho.refresh_token, zoho.url)
    pauses = Sleeps()
    tokens = TokenSource(known, folder, sleep=pauses)
    client = ZohoClient(tokens, sleep=pauses, **({"timeout": (2, 2)} | more))
    client.pauses = pauses
    return client


def add_leads(zoho, number):
    return [zoho.world.add("Leads", Company=f"Company {place}") for place in range(number)]


def ids(pages):
    return [row["id"] for page in pages for row in page]


def recorded(client, **more):
    return ids(client.records("Leads", FIELDS, page_rows=10, **more))


def queried(client, **more):
    return ids(client.coql("Leads", FIELDS, page_rows=10, **more))


def credentials(zoho, **changes):
    values = {
        "client_id": zoho.client_id,
        "client_secret": zoho.client_secret,
        "refresh_token": zoho.refresh_token,
    }
    return ZohoCredentials(**(values | {"accounts_url": zoho.url} | changes))


class Clock:
    def __init__(self):
        self.now = 1_770_000_000.0

    def __call__(self):
        return self.now


def source(zoho, folder, clock=None, **changes):
    more = {"clock": clock} if clock else {}
    return TokenSource(credentials(zoho, **changes), folder, sleep=lambda _: None, timeout=(2, 2), **more)
