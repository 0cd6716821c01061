"""Every address, probed: each route of the resolver × method × id × whose it is × who asks.

The list is made from the resolver. An id in a path is known by the word before it; a word that
`OWNERS` does not know fails the test, so no route goes unprobed.
"""

import re
import sys
import uuid
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.urls import get_resolver

from cases.models import Case, Duty, Goodwill, GoodwillItem, Leave, Promise
from contracts.models import (
    Contract,
    Entitlement,
    MoneyOut,
    Payment,
    RenewalEvidence,
    RenewalOffer,
    Statement,
)
from customers.links import make_link
from customers.models import (
    Contact,
    Customer,
    CustomerLink,
    CustomerMerge,
    DuplicateProposal,
    Equipment,
    EquipmentDocument,
    MeterReading,
    Site,
)
from messaging.models import Message, Reply, ReplyFile, Webhook, WebhookDelivery
from recommendations.models import Recommendation, RecommendationPhoto
from servicedesk.demo.building import build_desk
from servicedesk.demo.names import NORTHGATE, SOUTHGATE
from tenancy.models import ApiKey, Closure, Membership, Role, StoredFile
from tenancy.scope import tenant
from tests.architecture.filling import fill_every_table
from visits.models import (
    Absence,
    MaintenancePlan,
    Part,
    PlannedService,
    Praise,
    Rearrangement,
    Review,
    Technician,
    TechnicianPreference,
    Visit,
    VisitSeries,
    WorkType,
)

# Whose public id stands after a word in a path.
OWNERS = {
    "api-keys": ApiKey,
    "customers": Customer,
    "calls": Customer,
    "contacts": Contact,
    "sites": Site,
    "series": VisitSeries,
    "equipment": Equipment,
    "goodwill": Goodwill,
    "items": GoodwillItem,
    "documents": EquipmentDocument,
    "papers": EquipmentDocument,
    "readings": MeterReading,
    "booked": Visit,
    "duplicates": DuplicateProposal,
    "merges": CustomerMerge,
    "visits": Visit,
    "today": Visit,
    "contracts": Contract,
    "evidence": RenewalEvidence,
    "duties": Duty,
    "offers": RenewalOffer,
    "plans": MaintenancePlan,
    "services": PlannedService,
    "unused": Entitlement,
    "promises": Promise,
    "leaves": Leave,
    "cases": Case,
    "messages": Message,
    "praise": Praise,
    "moves": Rearrangement,
    "replies": Reply,
    "reply-files": ReplyFile,
    "files": StoredFile,
    "photos": RecommendationPhoto,
    "webhooks": Webhook,
    "told": WebhookDelivery,
    "payments": Payment,
    "returns": Payment,
    "money-out": MoneyOut,
    "statements": Statement,
    "technicians": Technician,
    "absences": Absence,
    "wishes": TechnicianPreference,
    "closures": Closure,
    "work-types": WorkType,
    "stock": Part,
    "recommendation": Recommendation,
    "recommendations": Recommendation,
    "reviews": Review,
    "links": CustomerLink,
    "v": CustomerLink,
}
# Ids that are no row's of a desk: what stands for a right one, another desk's and one that never was.
TEXTS = {
    "mailbox": ("0" * 8, "1" * 8, "2" * 8),
    "attachments": ("0" * 7, "1" * 7, "2" * 7),
    # Below no desk: tested with what they open, in tests/messaging and tests/servicedesk.
    "calendar": ("0" * 43, "1" * 43, "2" * 43),
    "hooks": ("0" * 43, "1" * 43, "2" * 43),
    "no-more": ("a.0:x", "a.1:x", "a.2:x"),
}
FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 403, 404, 405
PARAMETER = re.compile(r"(?P<word>[\w-]+)/<(?P<kind>\w+):(?P<name>\w+)>")


@dataclass(frozen=True)
class Route:
    """One address of the product as the resolver knows it."""

    path: str
    roles: tuple | None
    is_of_desk: bool

    @property
    def parameters(self):
        """(word before it, name) of each id, in order; the desk itself is none."""
        return [(m["word"], m["name"]) for m in PARAMETER.finditer(self.path) if m["name"] != "desk"]

    def at(self, desk, ids) -> str:
        """The address at a desk with these ids."""
        path = self.path.replace("<slug:desk>", desk.slug)
        for (_, name), value in zip(self.parameters, ids, strict=True):
            path = re.sub(rf"<\w+:{name}>", str(value), path)
        return f"/{path}"


def routes(resolver=None, prefix="", is_of_desk=False):
    """Every route below a resolver."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, path, is_of_desk or "<slug:desk>" in path)
        else:
            yield Route(path, getattr(pattern.callback, "roles", "ungated"), is_of_desk)


ROUTES = list(routes())
OF_DESK = [route for route in ROUTES if route.is_of_desk]
WITH_IDS = [route for route in OF_DESK if route.parameters]


@pytest.fixture
def desks(db, now, time_machine):
    """Two whole desks at the tests' own moment."""
    time_machine.move_to(now, tick=False)
    pair = build_desk(NORTHGATE, now=now), build_desk(SOUTHGATE, now=now)
    for desk in pair:
        fill_every_table(desk, now=now)
    return pair


def test_every_id_of_every_route_has_an_owner():
    words = {word for route in ROUTES for word, _ in route.parameters}
    assert words - set(OWNERS) - set(TEXTS) == set()


def test_every_page_of_a_desk_says_who_may_open_it():
    assert [route.path for route in OF_DESK if route.roles == "ungated"] == []


def test_strangers_ids_answer_exactly_as_ids_that_never_were(desks, client, capsys):
    north, south = desks
    people = people_of(north)
    own, theirs = ids_of(north), ids_of(south)
    probes = leaks = 0
    for role, person in people.items():
        client.force_login(person.user)
        for route in WITH_IDS:
            right = [own[word] for word, _ in route.parameters]
            for place, (word, _) in enumerate(route.parameters):
                # No route answers PUT or DELETE; for one role that is worth asking too.
                for method in ("get", "post", *(("put", "delete") if role == Role.MANAGER else ())):
                    stranger = ask(
                        client, method, route, north, [*right[:place], theirs[word], *right[place + 1 :]]
                    )
                    random = ask(
                        client, method, route, north, [*right[:place], never(word), *right[place + 1 :]]
                    )
                    malformed = ask(
                        client, method, route, north, [*right[:place], "not-an-id", *right[place + 1 :]]
                    )
                    probes += 3
                    expected = expected_for(route, role, method)
                    leaks += stranger != random
                    assert stranger == random, f"{role} {method} {route.path}"
                    assert stranger[0] in expected, f"{role} {method} {route.path}: {stranger[0]}"
                    assert malformed[0] in (NOT_FOUND, *expected), f"{role} {method} {route.path}"
    say(
        capsys,
        f"routes: {probes} probes with ids that are not theirs on {len(WITH_IDS)} routes, {leaks} leaks",
    )


def test_another_desk_answers_exactly_as_one_that_never_was(desks, client):
    north, south = desks
    client.force_login(people_of(north)[Role.MANAGER].user)
    theirs = ids_of(south)
    for route in OF_DESK:
        ids = [theirs[word] for word, _ in route.parameters]
        nowhere = type(south)(slug="nowhere")
        for method in ("get", "post"):
            there = ask(client, method, route, south, ids)
            assert there == ask(client, method, route, nowhere, ids), f"{method} {route.path}"
            assert there[0] == NOT_FOUND, f"{method} {route.path}"


def test_the_signed_out_are_sent_to_sign_in(desks, client):
    north, _ = desks
    own = ids_of(north)
    for route in OF_DESK:
        address = route.at(north, [own[word] for word, _ in route.parameters])
        for method in ("get", "post", "put", "delete"):
            answer = getattr(client, method)(address)
            assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in/"), address


def test_every_route_answers_every_role_and_method_without_a_fault(desks, client, capsys):
    north, _ = desks
    client.raise_request_exception = False
    own = ids_of(north)
    asked = 0
    for role, person in people_of(north).items():
        client.force_login(person.user)
        for route in OF_DESK:
            for method in ("get", "post", *(("put", "patch", "delete") if role == Role.MANAGER else ())):
                status, _ = ask(client, method, route, north, [own[word] for word, _ in route.parameters])
                asked += 1
                assert status < 500, f"{role} {method} {route.path}: {status}"
                if route.roles is not None and not person.has_role(*route.roles):
                    assert status in (FORBIDDEN, NOT_ALLOWED), f"{role} {method} {route.path}: {status}"
                else:
                    assert status != FORBIDDEN, f"{role} {method} {route.path}: {status}"
                if method in ("put", "patch", "delete"):
                    assert status in (NOT_ALLOWED, FORBIDDEN), f"{role} {method} {route.path}: {status}"
    say(capsys, f"routes: {asked} requests on {len(OF_DESK)} routes, 0 faults")


def test_customers_links_of_another_purpose_or_that_never_were_are_not_found(desks, client, now):
    north, _ = desks
    own = ids_of(north)
    with tenant(north):
        visit = Visit.objects.select_related("customer").first()
        label = make_link(
            visit.customer, CustomerLink.Purpose.LABEL, visit.public_id, now=now, expires_at=None
        )
    for route in ROUTES:
        if route.path.startswith("v/"):
            for method in ("get", "post"):
                rest = [own[word] for word, _ in route.parameters[1:]]
                answers = {ask(client, method, route, north, [token, *rest]) for token in (label, "A" * 22)}
                assert {status for status, _ in answers} <= {NOT_FOUND, NOT_ALLOWED}
                assert len(answers) == 1


def ask(client, method, route, desk, ids):
    """Status and body of an answer, without what differs in any two answers; nothing of it is kept."""
    address = route.at(desk, ids)
    with transaction.atomic():
        answer = getattr(client, method)(address)
        body = b"" if answer.streaming else answer.content
        transaction.set_rollback(True)
    text = body.decode(errors="replace")
    for value in (*map(str, ids), f"/d/{desk.slug}/"):
        text = text.replace(value, "…")
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": ?"\w+"', "", text)
    location = answer.get("Location", "").replace(desk.slug, "…")
    for value in map(str, ids):
        location = location.replace(value, "…")
    return answer.status_code, text + location


def expected_for(route, role, method):
    """What an id that is not theirs may answer."""
    if route.roles is not None and role != Role.MANAGER and role not in route.roles:
        return (FORBIDDEN, NOT_ALLOWED)
    return (NOT_FOUND, NOT_ALLOWED)


def people_of(desk):
    with tenant(desk):
        return {person.role: person for person in Membership.objects.select_related("user")}


def ids_of(desk):
    """One public id of each kind of row, of rows that belong together where they can."""
    with tenant(desk):
        found = {word: model.objects.order_by("pk").first() for word, model in OWNERS.items() if word != "v"}
        found["contracts"] = found["evidence"].contract
        # A technician's own day.
        found["today"] = (
            Visit.objects.waiting().filter(assignments__technician__membership__isnull=False).first()
        )
        return {word: row.public_id for word, row in found.items()} | {
            word: ids[0] for word, ids in TEXTS.items()
        }


def never(word):
    return TEXTS[word][2] if word in TEXTS else uuid.UUID("0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")


def say(capsys, line):
    with capsys.disabled():
        sys.stdout.write(f"\n{line}\n")
