"""A fake that speaks Postmark's API: POST /email, GET /messages/outbound."""

import json
import uuid

from tests.messaging.fakes.http_provider import Asked, FakeProvider

TOKEN = "11111111-2222-3333-4444-555555555555"
# What Postmark says with its own numbers.
REFUSALS = {
    406: "You tried to send to a recipient that has been marked as inactive. Found inactive addresses: {to}. "
    "Inactive recipients are ones that have generated a hard bounce, a spam complaint, "
    "or a manual suppression.",
    300: "Invalid 'To' address: '{to}'.",
    400: "The 'From' address you supplied ({sender}) is not a Sender Signature on your account.",
    405: "You ran out of credits.",
}


class FakePostmark(FakeProvider):
    """Takes mail into `took`; an address in `refuses` is answered with that of Postmark's numbers."""

    def __post_init__(self):
        super().__post_init__()
        self.took: list[dict] = []
        self.refuses: dict[str, int] = {}

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        """As Postmark would."""
        if asked.headers.get("X-Postmark-Server-Token") != TOKEN:
            return 401, _said(10, "No Account or Server API tokens were supplied in the HTTP headers.")
        if asked.method == "GET":
            return 200, self._found(asked)
        return self._taken(json.loads(asked.body))

    def trouble(self, status: int) -> bytes:
        """Postmark's words for a status."""
        return _said(429 if status == 429 else 100, "Rate limit exceeded" if status == 429 else "Maintenance")

    def _taken(self, mail):
        to = mail["To"].rsplit("<", 1)[-1].strip("<>")
        if to in self.refuses:
            number = self.refuses[to]
            return 422, _said(number, REFUSALS[number].format(to=to, sender=mail["From"]))
        mail["MessageID"] = str(uuid.uuid4())
        self.took.append(mail)
        answer = {"To": to, "SubmittedAt": "2026-03-05T08:07:00.1234567-05:00", "ErrorCode": 0}
        return 200, json.dumps({**answer, "MessageID": mail["MessageID"], "Message": "OK"}).encode()

    def _found(self, asked):
        key = asked.query["metadata_key"]
        found = [mail for mail in self.took if mail["Metadata"]["key"] == key]
        rows = [{"MessageID": mail["MessageID"], "Metadata": mail["Metadata"]} for mail in found]
        return json.dumps({"TotalCount": len(rows), "Messages": rows}).encode()


def _said(number, words):
    return json.dumps({"ErrorCode": number, "Message": words}).encode()
