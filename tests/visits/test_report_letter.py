"""The report reaches the customer once, by mail with its PDF or by text; a mail that is owed ends then."""

import datetime as dt

import pytest
from django.core import mail

from cases.models import Duty
from customers.links import find_link
from customers.models import Contact
from messaging.delivery import deliver_due
from messaging.kinds import kind_of, tell_sent
from messaging.models import Message
from messaging.outbox import send_again
from messaging.reports import Report as Said
from messaging.reports import take_report
from recommendations.models import Recommendation
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.reading import pdf_pages
from tests.visits.gate_scene import FIXED, SIGNED, answer, finish, on_site_visit
from visits.models import ServiceReport, Visit
from visits.report_letter import KIND, note_returned, plan_report

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def done(cast, now):
    """Northgate's visit is done, and what was recommended was signed for by nobody."""
    return completed(cast.north, now)


def completed(desk, now, report=FIXED, outcome="still valid", **fields):
    with tenant(desk.tenant):
        visit = on_site_visit(desk, now, **fields)
        return finish(visit, now, desk.technician, answer(desk.recommendation, outcome), report=report)


def deliver(now):
    return deliver_due(clock=lambda: now)


def mail_owed(desk):
    with tenant(desk.tenant):
        return list(Duty.objects.filter(kind="mail recommendation").values_list("outcome", flat=True))


def messages_of(desk):
    with tenant(desk.tenant):
        return list(Message.objects.filter(kind=KIND).values_list("channel", "state"))


def test_the_mail_brings_the_report_and_the_link(cast, done, now):
    deliver(now)
    (letter,) = mail.outbox
    address = letter.body.split("read the report again:\n")[1].split("\n")[0]
    assert letter.to == ["margaret@harbourletter.example"]
    assert letter.subject == f"Your visit {done.number}: the report"
    assert letter.body.startswith(
        "Dear Margaret Ellison,\n\n"
        "Lou was with you today. New fuser, bands gone.\n\n"
        "The report is attached; it says what was done, who signed and what we recommend.\n\n"
        "This is open on your equipment. Please tell us what you want done:\n\n"
        "- Replace the fuser unit (Corvane TC-240 copier)\n"
        "  If nothing is done: If it goes, printing stops for two to three days\n\n"
        f"To answer, and to read the report again:\n{address}\n\n"
        "Or ring 01632 960 118; a person answers.\n\n"
        "Northgate\n"
    )
    ((name, content, content_type),) = letter.attachments
    assert (name, content_type) == (f"Visit {done.number}.pdf", "application/pdf")
    assert "Not handed over" in pdf_pages(content)[0]
    with tenant(cast.north.tenant):
        kept = ServiceReport.objects.get().document
        assert kept.content.open("rb").read() == content
    found = find_link(address.rstrip("/").rsplit("/", 1)[1], now=now)
    assert (found.link.purpose, found.link.subject) == ("visit", done.public_id)
    assert found.link.expires_at == now + dt.timedelta(days=7)


def test_planned_again_it_is_one(cast, done, now):
    with tenant(cast.north.tenant):
        assert plan_report(done, now=now + MINUTE) == 0
    deliver(now)
    deliver(now + MINUTE)
    assert len(mail.outbox) == 1


def test_the_mail_that_was_owed_ends_when_it_has_left_and_not_before(cast, done, now):
    assert mail_owed(cast.north) == [""]
    deliver(now)
    assert mail_owed(cast.north) == ["Mailed to margaret@harbourletter.example with the report"]
    assert mail_owed(cast.south) == []


def test_a_mail_that_did_not_leave_hands_nothing_over(cast, done, now, monkeypatch):
    def refuse(*args, **more):
        raise OSError("No such server")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    deliver(now)
    assert mail_owed(cast.north) == [""]


def test_a_mail_that_arrived_after_all_hands_it_over(cast, done, now):
    with tenant(cast.north.tenant):
        Message.objects.filter(kind=KIND).update(
            state="uncertain", address="m@harbour.example", send_after=now, provider_id="p1"
        )
        said = Said(report_id="1", what="delivered", at=now, provider_id="p1")
        take_report(said, channel="mail", now=now + MINUTE)
    assert mail_owed(cast.north) == ["Mailed to m@harbour.example with the report"]


def test_a_mail_that_comes_back_is_owed_once_more(cast, done, now):
    deliver(now)
    with tenant(cast.north.tenant):
        Message.objects.filter(kind=KIND).update(provider_id="p1")
        said = Said(report_id="1", what="bounced", at=now + MINUTE, provider_id="p1")
        for _ in range(2):
            take_report(said, channel="mail", now=now + MINUTE)
        again = Duty.objects.filter(kind="mail recommendation", closed_at=None).get()
        assert again.title == "Mail Replace the fuser unit: Margaret Ellison"
    assert len(mail_owed(cast.north)) == 2


def test_each_mail_that_comes_back_is_owed_once_more_and_never_twice(cast, done, now):
    for turn in range(3):
        at = now + turn * 10 * MINUTE
        deliver(at)
        with tenant(cast.north.tenant):
            Message.objects.filter(kind=KIND).update(provider_id=f"p{turn}")
            said = Said(report_id=str(turn), what="bounced", at=at, provider_id=f"p{turn}")
            take_report(said, channel="mail", now=at)
            send_again(Message.objects.get(kind=KIND), by=cast.north.dispatcher, now=at + MINUTE)
    mailed = "Mailed to margaret@harbourletter.example with the report"
    assert mail_owed(cast.north) == [mailed, mailed, mailed, ""]


def test_what_is_still_owed_is_not_owed_beside_it(cast, done, now):
    with tenant(cast.north.tenant):
        note_returned(Message.objects.get(kind=KIND), now=now)
    assert mail_owed(cast.north) == [""]


def test_what_breaks_after_it_left_does_not_send_it_twice(cast, done, now, monkeypatch):
    def break_down(*args, **more):
        raise RuntimeError("broken")

    monkeypatch.setattr("visits.report_letter.close_duties_about", break_down)
    deliver(now)
    assert messages_of(cast.north) == [("mail", "sent")]
    monkeypatch.undo()
    with tenant(cast.north.tenant):
        tell_sent(Message.objects.get(kind=KIND), now=now)
    assert mail_owed(cast.north) == ["Mailed to margaret@harbourletter.example with the report"]


@pytest.mark.parametrize(
    ("contact", "visit", "expected"),
    [
        ({}, {}, "mail"),
        ({"email": ""}, {}, "sms"),
        ({"by_mail": False}, {}, "sms"),
        ({"mail_stopped_at": "now"}, {}, "sms"),
        ({}, {"tell_by_mail": False}, "sms"),
        ({"phone": ""}, {"tell_by_mail": False}, "mail"),
        ({"email": "", "phone": ""}, {}, ""),
        ({"email": "", "sms_stopped_at": "now"}, {}, ""),
        ({}, {"tell_by_mail": False, "tell_by_sms": False}, ""),
    ],
)
def test_one_way_is_chosen_and_where_there_is_none_a_person_has_it(
    cast, now, settings, contact, visit, expected
):
    settings.SMS_URL = "https://sms.example/send"
    values = {name: now if value == "now" else value for name, value in contact.items()}
    with tenant(cast.north.tenant):
        Contact.objects.update(**values)
        cast.north.contact.refresh_from_db()
    completed(cast.north, now, report=SIGNED, **visit)
    assert messages_of(cast.north) == ([(expected, "planned")] if expected else [])
    with tenant(cast.north.tenant):
        duties = list(Duty.objects.values_list("kind", "title"))
    told = ("tell customer", "Bring Margaret Ellison the report of visit V-1")
    assert duties == ([told] if not expected and not visit else [])


def test_a_text_brings_the_link_and_leaves_the_mail_owed(cast, now, settings):
    settings.SMS_URL = "https://sms.example/send"
    with tenant(cast.north.tenant):
        Contact.objects.update(email="")
    completed(cast.north, now)
    with tenant(cast.north.tenant):
        message = Message.objects.select_related("tenant", "customer", "contact").get(kind=KIND)
        letter = kind_of(message).write(message, now=now)
        assert letter.text == (
            "Northgate: Lou was with you today. New fuser, bands gone. "
            "Your report and 1 thing to decide: {link}"
        )
        tell_sent(message, now=now)
    assert mail_owed(cast.north) == [""]


def test_it_waits_for_the_morning(cast, now):
    late = now.replace(hour=21, minute=30)
    completed(cast.north, late)
    deliver(late)
    assert mail.outbox == []
    with tenant(cast.north.tenant):
        assert Message.objects.get(kind=KIND).send_after == now.replace(day=6, hour=8, minute=0)


def test_a_desk_whose_messages_are_off_sends_none_and_owes_the_mail(cast, now):
    Tenant.objects.update(messages_from=None)
    cast.north.tenant.messages_from = None
    completed(cast.north, now)
    assert messages_of(cast.north) == []
    assert mail_owed(cast.north) == [""]


def test_a_visit_that_is_not_done_brings_nothing(cast, done, now):
    with tenant(cast.north.tenant):
        message = Message.objects.get(kind=KIND)
        assert kind_of(message).why_not(message, now=now) == ""
        message.subject = cast.north.recommendation.public_id
        assert kind_of(message).why_not(message, now=now) == "There is no report of the visit."


@pytest.mark.parametrize(
    ("language", "title", "says"),
    [
        ("nl", "de werkbon", "Lou was vandaag bij u. New fuser, bands gone."),
        ("de", "der Bericht", "Lou war heute bei Ihnen. New fuser, bands gone."),
        ("fr", "le rapport", "Lou est venu chez vous aujourd'hui. New fuser, bands gone."),
    ],
)
def test_it_is_in_the_recipients_language(cast, now, language, title, says):
    with tenant(cast.north.tenant):
        Contact.objects.update(language=language)
    completed(cast.north, now)
    deliver(now)
    (letter,) = mail.outbox
    assert letter.subject.endswith(title)
    assert says in letter.body


def test_what_is_settled_is_not_listed(cast, now):
    completed(cast.north, now, report=SIGNED, outcome="done")
    with tenant(cast.north.tenant):
        assert not Recommendation.objects.open(now.date()).exists()
        assert Visit.objects.get().state == "done"
    deliver(now)
    (letter,) = mail.outbox
    assert "open on your equipment" not in letter.body
