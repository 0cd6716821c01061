"""Mail as it really comes: right customer and case or the tray, nothing lost, no loop, no error.

Each mail comes by the mailbox or by Postmark's hook, every fifth twice, by both ways. What it is, is
known beforehand. `PROOF=full` (make proof): 200 mails.
"""

import email
import json
import os
import sys
from collections import Counter

import pytest

from cases.escalating import SUPERVISOR_NAMED
from cases.models import Duty, Interaction
from customers.models import Contact, TimelineEntry
from messaging.inbox import read_desk
from messaging.models import DeliveryReport, Message, Reply
from tenancy.scope import tenant
from tests.messaging.fakes.imap_server import FakeMailbox
from tests.messaging.reporting import address
from tests.messaging.test_inbox import connect
from tests.proofs.real_mails import Maker, brings_a_huge_file, make_people

pytestmark = [pytest.mark.proof, pytest.mark.usefixtures("moment")]

MAILS = 200 if os.environ.get("PROOF") == "full" else 60
SHARED = "office@both.example"


@pytest.fixture
def world(cast, now, client):
    """Northgate with its people, its mailbox and Postmark's hook, and the maker of mails."""
    desk = cast.north
    with tenant(desk.tenant):
        people = make_people(desk, now=now, count=12)
        for person in people[:2]:
            Contact.objects.create(customer=person.customer, name="Office", email=SHARED)
        colleague = desk.people["dispatcher"].user.email
        maker = Maker(people, slug=desk.tenant.slug, shared=SHARED, colleague=colleague, seed=6)
    hook = address(desk, "postmark", now)
    with FakeMailbox() as mailbox:
        connect(desk, mailbox, now)
        read_desk(desk.tenant, now=now)
        yield desk, maker, mailbox, hook


def by_postmark(client, hook, made):
    """As Postmark posts it: the whole mail, or its parts."""
    text = made.raw.decode()
    parsed = email.message_from_string(text)
    told = {
        "FromFull": {"Email": parsed["From"], "Name": ""},
        "MessageID": f"postmark {made.mail_id}",
        "RawEmail": text,
    }
    return client.post(hook, json.dumps(told), content_type="application/json").status_code


def can_be_posted(made):
    try:
        return "\x00" not in made.raw.decode()
    except UnicodeDecodeError:
        return False


def test_each_mail_is_where_it_belongs_and_nothing_answers_by_itself(world, client, now, capsys):
    desk, maker, mailbox, hook = world
    errors, twice = Counter(), 0
    all_made = []
    for number in range(MAILS):
        with tenant(desk.tenant):
            made = (
                brings_a_huge_file(maker, maker.people[0], f"huge{number}@mail.example")
                if number in (40, 150)
                else maker.make()
            )
        all_made.append(made)
        ways = ["hook"] if number % 2 and can_be_posted(made) else ["mailbox"]
        if number % 5 == 0:
            ways.append("mailbox")
            twice += 1
        for way in ways:
            if way == "hook":
                errors[by_postmark(client, hook, made)] += 1
            else:
                mailbox.add(made.raw)
                read_desk(desk.tenant, now=now)
    with tenant(desk.tenant):
        wrong = [said for made in all_made for said in faults(made)]
        answers = Message.objects.exclude(kind__in=["test", SUPERVISOR_NAMED]).count()
        replies, reports = Reply.objects.count(), DeliveryReport.objects.count()
        duties = Duty.objects.filter(kind=Duty.Kind.ANSWER_REPLY).count()
    kinds = Counter(made.becomes for made in all_made)
    with capsys.disabled():
        sys.stdout.write(
            f"\nmail in: {MAILS} mails, {twice} of them twice, {len({made.name for made in all_made})} "
            f"kinds: {dict(sorted(kinds.items()))}; wrong {len(wrong)}, lost "
            f"{sum('is lost' in said for said in wrong)}, answered by itself {answers}, "
            f"errors {sum(count for status, count in errors.items() if status != 200)}\n"
        )
    assert wrong == []
    assert set(errors) == {200}
    assert (answers, replies, reports) == (0, MAILS - kinds["report"], kinds["report"])
    assert duties == kinds["contact"] + kinds["tray"]


def faults(made):
    """What is not as it should be with one mail, in words."""
    name = f"{made.name} ({made.mail_id})"
    if made.becomes == "report":
        found = DeliveryReport.objects.filter(report_id__contains=made.mail_id)
        whose = {report.message.customer for report in found.select_related("message__customer")}
        return [] if whose == {made.customer} else [f"{name} is lost: {whose}"]
    rows = Reply.objects.filter(mail_id=made.mail_id)
    if not made.mail_id:
        title = email.message_from_bytes(made.raw)["Subject"]
        rows = Reply.objects.filter(title=title)
    if len(rows) != 1:
        return [f"{name} is lost: {len(rows)} found"]
    reply = rows[0]
    return [f"{name}: {said}" for said in (*_whose(made, reply), *_words(made, reply))]


def _whose(made, reply):
    noted = Interaction.objects.filter(reply=reply).select_related("case")
    waits = Duty.objects.open().filter(subject=reply.public_id).count()
    told = TimelineEntry.objects.filter(subject=reply.public_id).count()
    if made.becomes in ("automatic", "own"):
        expected = (True, made.customer, 0, 0, int(made.customer is not None))
        if (reply.is_automatic, reply.customer, len(noted), waits, told) != expected:
            yield f"is not quietly there: {(reply.is_automatic, reply.customer, len(noted), waits, told)}"
        return
    if (reply.customer, reply.is_automatic, waits) != (made.customer, False, 1):
        yield f"is {reply.customer}’s and not {made.customer}’s, {waits} duties, {reply.outcome!r}"
    elif made.becomes == "contact":
        cases = [one.case for one in noted]
        if (cases, told) != ([made.case], 1):
            yield f"is on {cases} and not on {made.case}, told {told} times"
    elif noted or reply.customer is not None:
        yield "is no tray’s"


def _words(made, reply):
    if made.says and made.says not in reply.text:
        yield f"does not say {made.says!r} but {reply.text!r}"
    if made.not_says and made.not_says in reply.text:
        yield f"says {made.not_says!r}"
    if not reply.text:
        yield "says nothing"
    files = [(file.name, file.file is not None) for file in reply.files.order_by("number")]
    if made.files and files != list(made.files):
        yield f"has the files {files}"
    with reply.original.content.open("rb") as whole:
        if whole.read().replace(b"\r\n", b"\n") != made.raw.replace(b"\r\n", b"\n"):
            yield "is not kept whole"
