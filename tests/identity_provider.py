"""A provider of sign-in on loopback, as OpenID Connect has it: whoever it is told to be signs in at once."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT = "hades"


class Provider:
    """`person` is the name and e-mail address of whoever signs in next."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.person = ("", "")
        self.key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})
        self.nonces: dict[str, str | None] = {}

    def secrets(self, app: str, roles: dict[str, str]) -> str:
        """The sections of a secrets file for the app at this address."""
        lines = [
            "[auth]", f'redirect_uri = "{app}/oauth2callback"', 'cookie_secret = "a secret of tests, long enough for its use"',
            f'client_id = "{CLIENT}"', 'client_secret = "known to both"',
            f'server_metadata_url = "{self.address}/.well-known/openid-configuration"', "[roles]",
            *(f'"{mail}" = "{role}"' for mail, role in roles.items()),
        ]  # fmt: skip
        return "\n".join(lines)

    def answer(self, path: str, said: dict[str, list[str]]) -> dict[str, object] | str:
        """The JSON of a path; text is where the browser is sent."""
        if path == "/authorize":
            code = secrets.token_hex(8)
            self.nonces[code] = said.get("nonce", [None])[0]
            return f"{said['redirect_uri'][0]}?{urlencode({'code': code, 'state': said['state'][0]})}"
        if path == "/token":
            now, (name, mail) = int(time.time()), self.person
            claims = {
                "iss": self.address, "aud": CLIENT, "sub": mail, "name": name, "email": mail, "iat": now, "exp": now + 3600,
                "nonce": self.nonces.pop(said["code"][0]),
            }  # fmt: skip
            token = jwt.encode({"alg": "ES256", "kid": "one"}, claims, self.key, algorithms=["ES256"])
            return {"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": token}
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        return {
            "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize", "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys", "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
        }  # fmt: skip


@contextmanager
def provider() -> Iterator[Provider]:
    """A running provider."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._tell(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._tell(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _tell(self, said: str) -> None:
            answer = running.answer(urlsplit(self.path).path, parse_qs(said))
            body = b"" if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(302 if isinstance(answer, str) else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if isinstance(answer, str):
                self.send_header("Location", answer)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Provider(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
