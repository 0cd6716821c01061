"""A technician's phone as the server meets it: actions with ids of its own, sent in a batch."""

import datetime as dt
import itertools
import json
import uuid

from django.test import Client

from servicedesk.phone_pages import plan_in_json
from visits.seen_plans import plan_of


class Phone:
    """Makes actions and sends them; its clock is off by `wrong_by`."""

    def __init__(self, desk, *, now: dt.datetime, client=None, person=None, wrong_by=dt.timedelta()):
        self.desk, self.now, self.wrong_by = desk, now, wrong_by
        self.client = client or Client()
        self.person = person or desk.technician
        self.device = uuid.uuid4()
        self.orders = itertools.count(1)

    def action(self, visit, kind: str, *, ago=dt.timedelta(), seen=None, **typed) -> dict:
        """One action, done that long ago; `typed` are the form's fields."""
        plan = seen or plan_of(visit, now=self.now - dt.timedelta(hours=3))
        pairs = [
            [name, value]
            for name, values in typed.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        return {
            "id": str(uuid.uuid4()),
            "device": str(self.device),
            "order": next(self.orders),
            "kind": kind,
            "visit": str(visit.public_id),
            "device_at": (self.now + self.wrong_by - ago).isoformat(),
            "seen": plan_in_json(plan),
            "typed": pairs,
        }

    def send(self, *actions, person=None, **photos):
        """The server's answer to a batch; `photos` are lists of uploads by the action's id."""
        batch = {
            "person": str((person or self.person).public_id),
            "sent_at": (self.now + self.wrong_by).isoformat(),
            "actions": list(actions),
        }
        files = {f"photo-{id.removeprefix('of_')}": uploads for id, uploads in photos.items()}
        return self.client.post(self.desk.url("today/actions/"), {"batch": json.dumps(batch), **files})

    def outcomes(self, *actions, **photos) -> list[str]:
        """What became of each, in the order of the answers."""
        answer = self.send(*actions, **photos)
        assert answer.status_code == 200, answer.content
        return [one["outcome"] for one in answer.json()["answers"]]
