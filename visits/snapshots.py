"""How a visit stood before it was moved, and putting it back so: its place, promises, messages, duties."""

import datetime as dt

from cases.models import Duty, Promise
from cases.promising import make_promise, release_promise
from messaging import outbox
from messaging.models import Message
from tenancy.models import Membership
from visits.commitments import open_promises
from visits.models import Technician, Visit, VisitPromise
from visits.places import TooLateToUndo
from visits.relocating import WRITTEN
from visits.second_miss import name_backup

UNDONE = "The move was undone"
# What tells the customer where the visit stands now.
TELLING = ("booked", "moved", "delayed")
LEFT = (Message.State.SENDING, Message.State.SENT, Message.State.DELIVERED, Message.State.UNCERTAIN)


def snapshot(visit: Visit, crew: list[Technician]) -> dict:
    """What undoing needs of the visit, as JSON holds it; taken under its lock, before the change."""
    duties = Duty.objects.open().filter(subject=visit.public_id)
    waiting = Message.objects.filter(subject=visit.public_id, state=Message.State.PLANNED)
    return {
        "visit": {name: _written(getattr(visit, name)) for name in WRITTEN},
        "technicians": [who.pk for who in crew],
        "promises": [
            {
                "id": promise.pk,
                "due_at": _written(promise.due_at),
                "text": promise.text,
                "owner": promise.owner_id,
                "renegotiated_at": _written(promise.renegotiated_at),
            }
            for promise in open_promises(visit).order_by("pk")
        ],
        "messages": list(waiting.order_by("pk").values_list("pk", flat=True)),
        "duties": list(duties.order_by("pk").values_list("pk", flat=True)),
    }


def put_back(visit: Visit, before: dict, *, now: dt.datetime) -> None:
    """Write the visit as it stood, as a new version of it; its technicians are placed by the caller."""
    version = visit.version + 1
    for name in WRITTEN:
        setattr(visit, name, Visit._meta.get_field(name).to_python(before["visit"][name]))
    visit.version, visit.changed_at = version, now
    visit.save(update_fields=WRITTEN)


def follow_back(visit: Visit, before: dict, *, moved_at: dt.datetime, by: Membership, now: dt.datetime):
    """What followed from the move at `moved_at` is taken back, and what it ended goes on.

    Raises TooLateToUndo when a message about the move has left.
    """
    if visit.backup_id is not None or visit.approval_asked_at is not None:
        name_backup(visit, now=now)
    _take_back_messages(visit, before, moved_at, now)
    _take_back_promises(visit, before, by=by, now=now)
    opened = Duty.objects.open().filter(subject=visit.public_id, opened_at=moved_at)
    opened.update(closed_at=now, closed_by=by, outcome=UNDONE)
    closed = Duty.objects.filter(pk__in=before["duties"], closed_at=moved_at)
    closed.update(closed_at=None, closed_by=None, outcome="")


def _take_back_messages(visit, before, moved_at, now):
    """Reminders of the new time go with it; those of the old one wait again."""
    told = Message.objects.filter(subject=visit.public_id, kind__in=TELLING, planned_at__gte=moved_at)
    if told.exclude(pk__in=before["messages"]).filter(state__in=LEFT).exists():
        raise TooLateToUndo("The customer has been told already: move the visit again, so that they hear.")
    outbox.call_off(visit.public_id, because=f"{UNDONE}.", now=now)
    outbox.plan_again(before["messages"], now=now)


def _take_back_promises(visit, before, *, by, now):
    """What the move promised is needed no more; what it settled stays so, and is promised anew as it was."""
    known = {promise["id"]: promise for promise in before["promises"]}
    for promise in open_promises(visit).exclude(pk__in=known):
        release_promise(promise, now=now, evidence=UNDONE, by=by)
    for promise in Promise.objects.filter(pk__in=known).order_by("pk"):
        was = known[promise.pk]
        values = {
            name: Promise._meta.get_field(name).to_python(was[name]) for name in ("due_at", "renegotiated_at")
        } | {"text": was["text"], "owner_id": was["owner"]}
        if promise.state == Promise.State.OPEN:
            Promise.objects.filter(pk=promise.pk).update(**values)
        elif promise.state != Promise.State.BROKEN:
            # By this move, or by a later one whose undoing promised it anew: that one was released above.
            _promise_again(visit, promise, values, by=by, now=now)


def _promise_again(visit, promise, values, *, by, now):
    if values["due_at"] <= now:
        return
    again = make_promise(
        customer=visit.customer,
        kind=promise.kind,
        text=values["text"],
        due_at=values["due_at"],
        owner=None,
        by=by,
        now=now,
        case=visit.case,
        expects=promise.expects,
        subject=visit.public_id,
        tell_timeline=False,
    )
    Promise.objects.filter(pk=again.pk).update(**values)
    VisitPromise.objects.create(visit=visit, promise=again)


def _written(value):
    return value.isoformat() if isinstance(value, dt.datetime | dt.date | dt.time) else value
