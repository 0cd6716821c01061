"""A program with a key at Northgate, and how it calls."""

import json
from dataclasses import dataclass

from django.test import Client

from tenancy.api_keys import SCOPES, make_key
from tenancy.scope import tenant

ROOT = "/api/v1/"


@dataclass(frozen=True)
class Program:
    """Calls the API with a key, or as a signed-in browser (`headers` say which)."""

    client: Client
    headers: dict[str, str]

    def __call__(self, method: str, path: str, sent=None, **headers):
        """Call an address below /api/v1/; header names are written with `_` for `-`."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {} if sent is None else {"data": json.dumps(sent), "content_type": "application/json"}
        return self.client.generic(method, ROOT + path, headers=self.headers | said, **body)


def program(desk, *, now, scopes=SCOPES, acts_as=None, expires_at=None) -> Program:
    """One whose key may all, unless said otherwise, acting as the desk's manager."""
    with tenant(desk.tenant):
        _, words = make_key(
            name="Web shop",
            scopes=scopes,
            acts_as=acts_as or desk.manager,
            expires_at=expires_at,
            by=desk.manager,
            now=now,
        )
    return Program(Client(), {"Authorization": f"Bearer {words}"})


def first_error(response):
    """Status, code and field of what was refused."""
    error = response.json()["errors"][0]
    return response.status_code, error["code"], error["attr"]
