"""A fake that speaks Twilio's Messages resource: POST to send, GET to list."""

import base64
import itertools
import json

from tests.messaging.fakes.http_provider import Asked, FakeProvider

ACCOUNT = "AC" + "0" * 32
TOKEN = "the auth token of the account"
NUMBER = "+15550100000"
REFUSALS = {
    21211: "The 'To' number {to} is not a valid phone number.",
    21610: "Attempt to send to unsubscribed recipient",
}


class FakeTwilio(FakeProvider):
    """Takes texts into `took`; a number in `refuses` is answered with that of Twilio's codes."""

    def __post_init__(self):
        super().__post_init__()
        self.took: list[dict] = []
        self.refuses: dict[str, int] = {}
        self.created = "Thu, 05 Mar 2026 13:07:00 +0000"
        self._numbers = itertools.count(1)

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        """As Twilio would."""
        wanted = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if asked.headers.get("Authorization") != wanted:
            return 401, _said(20003, "Authenticate")
        if not asked.path.startswith(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"):
            return 404, _said(20404, "The requested resource was not found")
        if asked.method == "GET":
            rows = [row for row in reversed(self.took) if row["to"] == asked.query["To"]]
            return 200, json.dumps({"messages": rows[: int(asked.query["PageSize"])]}).encode()
        return self._taken(asked.form)

    def trouble(self, status: int) -> bytes:
        """Twilio's words for a status."""
        return _said(20429, "Too Many Requests") if status == 429 else _said(20500, "Internal Server Error")

    def _taken(self, form):
        if form["To"] in self.refuses:
            code = self.refuses[form["To"]]
            return 400, _said(code, REFUSALS[code].format(to=form["To"]))
        row = {
            "sid": f"SM{next(self._numbers):032x}",
            "to": form["To"],
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": form["Body"],
            "status": "queued",
            "direction": "outbound-api",
            "date_created": self.created,
        }
        self.took.append({**row, "callback": form.get("StatusCallback", "")})
        return 201, json.dumps(row).encode()


def _said(code, words):
    return json.dumps({"code": code, "message": words, "status": 400}).encode()
