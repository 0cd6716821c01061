"""A bare "expired" is never shown: on no page, in no message, file or answer, for nobody (R1.2).

The one place for the word is what an older program said of a contract, quoted as that. Here every
contract has been called so by one. All that the product can say is rendered and read.
"""

import ast
import dataclasses
import datetime as dt
import html
import json
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command

from cases.escalating import SUPERVISOR_NAMED
from cases.models import Duty, Promise
from cases.promise_breaks import BROKEN
from cases.promise_owners import HANDED
from cases.promise_reminders import REMINDER
from contracts import offer_letter
from contracts.life import life_of
from contracts.models import Contract, RenewalOffer
from contracts.notices import due_notices, plan_notices
from customers.links import hash_of, make_link
from customers.models import Contact, Customer, CustomerLink
from messaging import kinds
from messaging.keys import key_of
from messaging.models import Message
from messaging.previewing import TO_TRY
from recommendations.follow_ups import plan_follow_ups
from servicedesk import own_words, promise_letters, weekly_mail
from servicedesk.demo.building import build_desk
from servicedesk.demo.names import NORTHGATE
from tenancy.calendars import calendar_of
from tenancy.models import Role
from tenancy.scope import tenant
from tests.architecture.filling import fill_every_table
from tests.architecture.test_routes import OF_DESK, ids_of, people_of, say
from tests.imports.dealer import a_dealer, write
from tests.imports.dialects import GERMAN
from visits import follow_up_letter, praising, report_letter
from visits.letters import KINDS as VISIT_KINDS
from visits.models import Praise, Visit
from visits.nudges import plan_nudges

ROOT = Path(settings.BASE_DIR)
APPS = (
    *("tenancy", "customers", "messaging", "cases", "contracts"),
    *("recommendations", "visits", "portal", "imports", "servicedesk"),
)
WORD = re.compile(r"expired", re.IGNORECASE)
# The second: by which the import says how it understood each word of the old program.
QUOTED = re.compile(r"The old program said “[^”]*”|\w+ = runs\b")
LINK = re.compile(r'(?:href|hx-get|data-fit-url|data-since-url|action)="([^"#][^"]*)"')
# Pages of one kind that a role opens: links that differ in ids and cursors lead to more of the same.
EACH = 2
DAY = dt.timedelta(days=1)


@pytest.fixture
def desk(db, now, time_machine):
    """The demo desk with a row in every table; an older program has called each contract expired."""
    time_machine.move_to(now, tick=False)
    desk = build_desk(NORTHGATE, now=now)
    fill_every_table(desk, now=now)
    with tenant(desk):
        Contract.objects.update(imported_status="Expired", imported_at=now - 400 * DAY)
    return desk


def bare(text: str) -> list[str]:
    """Where the word stands without being quoted, with what is around it."""
    left = QUOTED.sub("", html.unescape(text))
    return [left[max(0, m.start() - 60) : m.end() + 40] for m in WORD.finditer(left)]


def test_the_word_is_found_where_it_stands_bare():
    assert bare("<s>The old program said “Expired”</s>") == []
    assert bare("The old program said &ldquo;expired&rdquo;") == []
    assert bare("The contract has expired.") == ["The contract has expired."]
    assert bare("The old program said “A”, so it is EXPIRED") != []


def test_no_page_says_it_to_anybody(desk, client, capsys):
    read, quoted = Counter(), 0
    for role, person in people_of(desk).items():
        client.force_login(person.user)
        for address, text in crawl(client, desk, starts(desk)):
            assert bare(text) == [], f"{role}: {address}"
            read[role] += 1
            quoted += len(QUOTED.findall(html.unescape(text)))
    # The word was there to be shown, and was shown as a quotation.
    assert quoted > 0
    assert min(read.values()) > 10
    say(capsys, f"words: {read.total()} answers to {len(read)} roles, {quoted} quotations, 0 bare")


def starts(desk):
    """Home, and every route of the desk for rows that are there."""
    own = ids_of(desk)
    yield f"/d/{desk.slug}/"
    for route in OF_DESK:
        yield route.at(desk, [own[word] for word, _ in route.parameters])


def crawl(client, desk, addresses):
    """Each address that answers a GET, and what its pages link to at this desk: its text."""
    waiting, seen, kinds_seen = list(addresses), set(), Counter()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        shape = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[\w-]{40,}|=[^&]*|\d+", "…", address)
        kinds_seen[shape] += 1
        if kinds_seen[shape] > EACH:
            continue
        answer = client.get(address, follow=True)
        if answer.streaming or answer.get("Content-Type", "").startswith(("image/", "application/pdf")):
            continue
        text = answer.content.decode()
        yield address, text
        if answer.status_code == 200:
            found = (urljoin(address, html.unescape(link)) for link in LINK.findall(text))
            waiting += [link for link in found if urlsplit(link).path.startswith(f"/d/{desk.slug}/")]


def test_no_page_of_a_customer_says_it(desk, client, now):
    with tenant(desk):
        offer = RenewalOffer.objects.select_related("contract__customer").first()
        visits = list(Visit.objects.select_related("customer")[:20])
        tokens = [
            make_link(customer, purpose, subject, now=now - 2 * DAY, expires_at=expires_at)
            for expires_at in (None, now - DAY)
            for customer, purpose, subject in [
                (offer.contract.customer, CustomerLink.Purpose.OFFER, offer.public_id),
                *((visit.customer, CustomerLink.Purpose.VISIT, visit.public_id) for visit in visits),
            ]
        ]
        revoked = tokens[1]
        CustomerLink.objects.filter(token_hash=hash_of(revoked)).update(revoked_at=now)
    stages = [
        {"sent_at": now - DAY, "valid_until": now.date() + 9 * DAY},
        {"valid_until": now.date() - DAY},
        {"declined_at": now},
        {"declined_at": None, "accepted_at": now, "accepted_name": "Margaret Ellison"},
        {"settled_at": now, "settled_because": "Withdrawn"},
    ]
    for stage in stages:
        with tenant(desk):
            RenewalOffer.objects.filter(pk=offer.pk).update(**stage)
        for token in tokens if stage is stages[0] else [tokens[0], revoked]:
            for page in ("", "change/", "cancel/", "accept/", "decline/"):
                answer = client.get(f"/v/{token}/{page}")
                assert bare(answer.content.decode(errors="replace")) == [], f"{page} {stage}"


def test_no_message_says_it(desk, now, capsys):
    with tenant(desk):
        plan_what_is_due(desk, now)
        messages = list(Message.objects.select_related("contact"))
        messages += [*about_visits(now), *about_promises(), report_letter.example(Message.Channel.MAIL, now)]
        messages += [follow_up_letter.example(Message.Channel.SMS, now), about_praise(), about_week(desk)]
        written = Counter()
        for message in messages:
            letter = kinds.kind_of(message).write(message, now=now)
            assert bare(f"{letter.title}\n{letter.text}") == [], message.kind
            written[message.kind] += 1
    # What a colleague wrote is theirs.
    assert set(written) == set(kinds.names()) - {own_words.KIND, TO_TRY}
    say(capsys, f"words: {written.total()} letters of {len(written)} kinds, 0 bare")


def plan_what_is_due(desk, now):
    """Renewal notices and open recommendations, to customers and owners; unused visits, an offer."""
    Contract.objects.update(owner=people_of(desk)[Role.SALES])
    Customer.objects.update(account_owner=people_of(desk)[Role.SALES])
    Contact.objects.update(is_main=True)
    type(desk).objects.update(messages_from=now - 800 * DAY)
    desk.refresh_from_db()
    for ahead in range(0, 400, 20):
        at = now + ahead * DAY
        plan_notices(due_notices(desk, at.date()), now=at)
        plan_nudges(desk, at.date(), now=at, calendar=calendar_of(desk))
        plan_follow_ups(desk, at.date(), now=at, calendar=calendar_of(desk))
    offer = RenewalOffer.objects.first()
    RenewalOffer.objects.filter(pk=offer.pk).update(sent_at=now, sent_to=Contact.objects.first())
    Message.objects.create(
        key=key_of("an offer"),
        kind=offer_letter.KIND,
        channel=Message.Channel.MAIL,
        customer_id=offer.contract.customer_id,
        contact=Contact.objects.first(),
        subject=offer.public_id,
        send_after=now,
        planned_at=now,
        useless_after=now + DAY,
    )


def about_visits(now):
    """Every kind of message about a visit, over both channels, unsaved."""
    visits = Visit.objects.select_related("contact")[:5]
    for visit in visits:
        for kind in VISIT_KINDS:
            for channel in (Message.Channel.MAIL, Message.Channel.SMS):
                yield Message(
                    kind=kind,
                    channel=channel,
                    contact=visit.contact,
                    customer_id=visit.customer_id,
                    subject=visit.public_id,
                    subject_start=visit.planned_start,
                    fields={"expected_at": now.isoformat(), "call_by": now.isoformat()},
                )


def about_promises():
    """Every kind of message about a promise, unsaved."""
    for promise in Promise.objects.exclude(owner=None).select_related("tenant")[:5]:
        for kind in (promise_letters.MADE, promise_letters.MOVED, REMINDER, HANDED, BROKEN):
            yield Message(
                kind=kind,
                channel=Message.Channel.MAIL,
                tenant=promise.tenant,
                customer_id=promise.customer_id,
                subject=promise.public_id,
                fields={"due_at": promise.due_at.isoformat()},
            )
    duty = Duty.objects.exclude(customer=None).select_related("tenant").first()
    yield Message(
        kind=SUPERVISOR_NAMED,
        channel=Message.Channel.MAIL,
        tenant=duty.tenant,
        customer_id=duty.customer_id,
        subject=duty.public_id,
        fields={"due_at": duty.due_at.isoformat()},
    )


def about_praise():
    """A mail to a lead, unsaved."""
    praise = Praise.objects.select_related("tenant").first()
    return Message(
        kind=praising.KIND, channel=Message.Channel.MAIL, tenant=praise.tenant, subject=praise.public_id
    )


def about_week(desk):
    """A manager's mail of the week's figures, unsaved."""
    manager = people_of(desk)[Role.MANAGER]
    return Message(
        kind=weekly_mail.KIND,
        channel=Message.Channel.MAIL,
        tenant=desk,
        colleague=manager,
        subject=manager.public_id,
        fields={"monday": "2026-03-02"},
    )


def test_no_command_says_it(desk, now, tmp_path, capsys):
    dialect = dataclasses.replace(GERMAN, words={**GERMAN.words, "expired": "Expired"})
    write(a_dealer(), tmp_path / "export", dialect)
    report = tmp_path / "report.json"
    call_command(
        "import_folder",
        str(tmp_path / "export"),
        desk="berlin",
        zone="Europe/Berlin",
        on="2026-11-20",
        report=report,
    )
    call_command("import_folder", str(tmp_path / "export"), desk="berlin", on="2026-11-21")
    for slug in (desk.slug, "berlin"):
        for day in ("2024-01-01", "2026-11-20", "2031-01-01"):
            call_command("cover", desk=slug, on=day)
            call_command("cover", desk=slug, on=day, json=True)
    out, err = capsys.readouterr()
    assert "no payment found" in out
    assert bare(out) == bare(err) == []
    assert bare(json.dumps(json.loads(report.read_text("utf-8")), ensure_ascii=False)) == []


def test_no_life_of_a_contract_says_it(desk, now):
    with tenant(desk):
        for contract in Contract.objects.select_related("tenant")[:20]:
            for change in life_of(contract, until=now + 900 * DAY).changes:
                assert bare(f"{change.sentence} {change.reason} {change.acts}") == []


def test_no_template_and_no_text_in_the_program_has_it():
    checked = Counter()
    for path in sources("*.html", "*.txt", "*.typ", "*.js"):
        assert bare(path.read_text("utf-8")) == [], path
        checked[path.suffix] += 1
    for path in sources("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        said = {id(node): node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        for node in ast.walk(tree):
            # A docstring, as any string that stands alone, is for those who read the program.
            if isinstance(node, ast.Expr):
                said.pop(id(node.value), None)
        assert [text for text in said.values() if isinstance(text, str) and bare(text)] == [], path
        checked[path.suffix] += 1
    assert checked[".py"] > 100
    assert checked[".html"] > 50


def sources(*patterns):
    """The product's own files of these kinds."""
    for folder in (*APPS, "templates"):
        for pattern in patterns:
            yield from sorted((ROOT / folder).rglob(pattern))
