"""For each purpose of a customer's link a desk as it may stand then, its link, and all its answers.

A purpose without a scene fails every test that goes over the purposes: whoever adds one says here how
it is opened and what can be pressed on it.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from contracts.offers import draft_offer, send_offer, usual_offer
from customers.documents import add_document
from customers.links import make_link
from customers.models import CustomerLink
from portal.label_booking import attempt_for, times_for
from portal.times import free_times
from tenancy.scope import tenant
from tenancy.walls import has_tenant
from tests.cast import make_visit
from tests.contracts.offer_scene import TODAY, scene
from tests.customers.test_documents import PDF
from tests.visits.followed_scene import done_visit
from visits.models import Visit

Purpose = CustomerLink.Purpose
DAYS = dt.timedelta(days=1)


@dataclass
class Link:
    """A link of a desk: its token, what it opens, and what can be sent from its pages."""

    token: str
    subject: uuid.UUID
    # (path below the link, what its form sends), one for each button.
    answers: list[tuple[str, dict]]
    # Pages below it that are opened, with the front page.
    pages: list[str] = field(default_factory=lambda: [""])

    def at(self, path: str = "", token: str | None = None) -> str:
        """The address of a page of the link."""
        return f"/v/{self.token if token is None else token}/{path}"


def papers(desk, now) -> str:
    """The path of a paper of the copier that its customer may see."""
    upload = SimpleUploadedFile("manual.pdf", PDF)
    said = {"title": "The manual", "is_for_customer": True}
    paper = add_document(desk.copier, upload, by=desk.technician, now=now, **said)
    return f"papers/{paper.public_id}/"


def of_visit(desk, now) -> Link:
    start = now.replace(minute=0) + dt.timedelta(hours=49)
    visit = make_visit(desk, start=start, technician=desk.lou)
    slot = free_times(visit, now=now)[0].key
    advice = f"recommendation/{desk.recommendation.public_id}/"
    return Link(
        _token(desk, Purpose.VISIT, visit.public_id, now),
        visit.public_id,
        [
            ("call-me/", {}),
            ("tell/", {"words": "The side door"}),
            ("confirm/", {}),
            (f"{advice}answer/", {"answer": "ask", "words": "What does it cost?"}),
            (f"{advice}answer/", {"answer": "no", "words": "Not now"}),
            (f"{advice}answer/", {"answer": "yes"}),
            ("change/", {"slot": slot}),
            ("cancel/", {"because": "Away then"}),
        ],
        ["", "tell/", "change/", "cancel/", "nobody-came/", "visit.ics", advice, papers(desk, now)],
    )


def of_offer(desk, now) -> Link:
    scene(desk, now)
    offer = draft_offer(desk.contract, by=desk.sales, now=now, offered=usual_offer(desk.contract, day=TODAY))
    offer = send_offer(offer, by=desk.sales, now=now)
    return Link(
        _token(desk, Purpose.OFFER, offer.public_id, now),
        offer.public_id,
        [("call-me/", {}), ("accept/", {"name": "Margaret Ellison"}), ("decline/", {"because": "Too dear"})],
        ["", "offer.pdf"],
    )


def of_recommendation(desk, now) -> Link:
    subject = desk.recommendation.public_id
    answer = f"recommendation/{subject}/answer/"
    return Link(
        _token(desk, Purpose.RECOMMENDATION, subject, now),
        subject,
        [
            ("call-me/", {}),
            (answer, {"answer": "ask"}),
            (answer, {"answer": "no", "words": "Not now"}),
            (answer, {"answer": "yes"}),
        ],
        ["", f"recommendation/{subject}/", papers(desk, now)],
    )


def of_label(desk, now) -> Link:
    token = _token(desk, Purpose.LABEL, desk.copier.public_id, now)
    sent = booking(desk, token, "Grey bands", now, kind=Visit.Kind.FAULT)
    return Link(
        token,
        desk.copier.public_id,
        [("call-me/", {}), ("book/", {"problem": "Grey bands", **sent})],
        ["", "book/?problem=Grey+bands"],
    )


def of_follow_up(desk, now) -> Link:
    visit = done_visit(desk, now - DAYS)
    answer = ("how-it-was/", {"face": "1", "words": "Nobody rang", "needs": "More paper"})
    return Link(
        _token(desk, Purpose.FOLLOW_UP, visit.public_id, now), visit.public_id, [("call-me/", {}), answer]
    )


def of_contract(desk, now) -> Link:
    token = _token(desk, Purpose.CONTRACT, desk.contract.public_id, now)
    sent = booking(desk, token, "", now, kind=Visit.Kind.TUNE_UP)
    machine = str(desk.copier.public_id)
    return Link(
        token,
        desk.contract.public_id,
        [("call-me/", {}), ("book/", {"machine": machine, "problem": "", **sent})],
        ["", f"book/?machine={machine}"],
    )


SCENES: dict[str, Callable[..., Link]] = {
    Purpose.VISIT: of_visit,
    Purpose.OFFER: of_offer,
    Purpose.RECOMMENDATION: of_recommendation,
    Purpose.LABEL: of_label,
    Purpose.FOLLOW_UP: of_follow_up,
    Purpose.CONTRACT: of_contract,
}


def opened(purpose: str, desk, now) -> Link:
    """The scene of a purpose at a desk of the cast."""
    with tenant(desk.tenant):
        return SCENES[purpose](desk, now)


def booking(desk, token, problem, now, *, kind) -> dict:
    """What the last of the three steps sends for the first free time."""
    slot = times_for(desk.copier, now=now, kind=kind)[0].key
    return {"slot": slot, "attempt": str(attempt_for(desk.copier, token=token, slot=slot, problem=problem))}


def all_rows(*desks) -> list:
    """Every table of some desks as it stands: how many rows, and what is in them."""
    found = []
    for desk in desks:
        with tenant(desk.tenant), connection.cursor() as cursor:
            cursor.execute(_everything())
            found.append(cursor.fetchall())
    return found


@contextmanager
def undone():
    """What is done within is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@cache
def _everything() -> str:
    tables = [model._meta.db_table for model in apps.get_models() if has_tenant(model)]
    each = " UNION ALL ".join(
        f"SELECT '{table}', count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM \"{table}\" t"
        for table in tables
    )
    # Workers of the database hand tables in as they come.
    return f"{each} ORDER BY 1"


def _token(desk, purpose, subject, now) -> str:
    return make_link(desk.customer, purpose, subject, now=now, expires_at=now + 9 * DAYS)
